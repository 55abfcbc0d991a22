//! Hospitals' own systems over real sockets: a dead one, two replicas that would both tell one, and the kit that their makers run.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use liufang::client::Patient;
use liufang_proto::prescription::v1::{Prescription, ReviewDraftRequest};
use liufang_proto::sandbox::v1::Dial;
use liufang_tests::processes::binary;
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, eventually, servers};
use tokio::net::TcpListener;

use super::cast::*;
use super::notices::{REVIEW, book, waiting};
use super::otlp::Program;
use super::rules::seen_elsewhere;

const OTHER_HOSPITALS_PHARMACIST: &str = "HY130302000003";

mod a_dead_hospital_holds_up_no_other {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn as_processes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = [
            "hooks.hospital=\"sandbox\"".to_owned(),
            format!("hooks.dead=\"http://{}\"", listener.local_addr().unwrap()),
            format!("role.prescription.hospitals=[\"{HOSPITAL}=dead\", \"{OTHER_HOSPITAL}=hospital\"]"),
        ];
        let asked = silent(listener);
        let world = World::start_with(Shape::Processes, &settings).await;
        run_in(world, async |world: &mut World| dead_hospital(world, &asked).await).await;
    }
}

/// Takes every connection and never says a word; answers how many came.
fn silent(listener: TcpListener) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
            count.store(open.len(), Ordering::SeqCst);
        }
    });
    asked
}

/// An active prescription of the other hospital.
async fn prescribed_elsewhere(cast: &Cast, patient: &Patient) -> Prescription {
    let visit = seen_elsewhere(cast, patient).await;
    let his = cast.his(OTHER_HOSPITAL);
    let doctor = cast.practitioner(OTHER_HOSPITALS_DOCTOR);
    let pharmacist = cast.practitioner(OTHER_HOSPITALS_PHARMACIST);
    let body = liufang_proto::prescription::v1::PreVerifyRequest {
        visit_id: visit.visit_id.clone(),
        doctor_token: his.token_of(&doctor).await.unwrap(),
        hosp_rxno: "MZ-ELSEWHERE-1".to_owned(),
        vali_days: 3,
        long_rx: true,
        lines: vec![AMLODIPINE.line(1, 4)],
        ..Default::default()
    };
    let draft = his.pre_verify(body).await.unwrap().prescription.unwrap();
    let body = ReviewDraftRequest {
        hi_rxno: draft.hi_rxno.clone(),
        pharmacist_token: his.token_of(&pharmacist).await.unwrap(),
        pass: true,
        opinion: "用法用量适宜".to_owned(),
    };
    let draft = his.review_draft(body).await.unwrap().prescription.unwrap();
    his.sign_and_upload(&draft, &doctor, &pharmacist).await.unwrap()
}

async fn dead_hospital(world: &mut World, asked: &AtomicUsize) {
    let cast = Cast::of(world).await;
    let (patient, other) = (cast.patient(1).await, cast.patient(3).await);
    let elsewhere = prescribed_elsewhere(&cast, &other).await;
    let waits = other.place(cast.filling(&elsewhere, SHOP, None)).await.unwrap();
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    eventually("the dead hospital is asked", || async { (0 < asked.load(Ordering::SeqCst)).then_some(()) })
        .await;
    cast.passed(&other, &waits, SHOP_PHARMACIST).await;
    eventually("the other one is told", || async {
        book(&cast, &elsewhere).await.first().filter(|row| row.taken).map(|_| ())
    })
    .await;
    let still = waiting(&cast.his(HOSPITAL)).await;
    assert_eq!(still.len(), 1, "what nobody took waits");
    assert!(waiting(&cast.his(OTHER_HOSPITAL)).await.is_empty());
}

mod two_replicas_tell_a_hospital_once {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn as_processes() {
        let settings = [
            "hooks.hospital=\"sandbox\"".to_owned(),
            format!("role.prescription.hospitals=[\"{HOSPITAL}=hospital\"]"),
        ];
        run_in(World::start_with(Shape::Processes, &settings).await, told_once).await;
    }
}

/// The hospital takes the notice and answers later than anybody waits: until then the other replica keeps its hands off.
async fn told_once(world: &mut World) {
    let cast = Cast::of(world).await;
    let his = cast.his(HOSPITAL);
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    cast.public().dial(REVIEW, Dial::Late, 0, &rx.hi_rxno).await.unwrap();
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    let tries = eventually("the sender has waited long enough", || async {
        waiting(&his).await.first().map(|notice| notice.attempts).filter(|attempts| 0 < *attempts)
    })
    .await;
    let rows = book(&cast, &rx).await;
    assert_eq!((tries, rows.len(), rows[0].times), (1, 1, 1), "two replicas looked, one sent");
    cast.public().dial(REVIEW, Dial::Unspecified, 0, &rx.hi_rxno).await.unwrap();
    world.clock.advance_seconds(11);
    eventually("it is taken", || async { waiting(&his).await.is_empty().then_some(()) }).await;
    let again = book(&cast, &rx).await;
    assert_eq!((again.len(), again[0].times, &again[0].notice_id), (1, 2, &rows[0].notice_id));
}

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
