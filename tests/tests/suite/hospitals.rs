//! The kits that makers of hospitals' own systems run, against the sandbox of one process.

use std::process::Command;

use liufang_tests::processes::binary;
use liufang_tests::servers;

use super::otlp::Program;

/// What the page of the sandbox tells a maker to do, word for word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kit_runs_against_the_sandbox_of_one_process() {
    let folder = servers::folder("liufang-kit-");
    let program = Program::start(folder.path(), &["mesh.listen.sandbox=\"127.0.0.1:0\"".to_owned()]).await;
    let target = format!("http://{}", program.ports["sandbox"].as_str().expect("the sandbox listens"));
    let kit = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.arg("conformance").args(arguments).args(["--target", &target]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), format!("{said}{}", String::from_utf8_lossy(&output.stderr)))
    };
    let (code, said) = kit(&["hospital", "--sandbox"]);
    assert!(code == Some(0) && said.contains("13 kept, 0 broken"), "{said}");
    let (code, said) = kit(&["verification", "--sandbox"]);
    assert!(code == Some(0) && said.contains(" 0 broken"), "{said}");
    // a stranger is nobody's role: the sandbox answers none of it
    let (code, said) = kit(&["hospital"]);
    assert!(code == Some(1) && said.contains("WRONG"), "{said}");
    program.stop();
}
