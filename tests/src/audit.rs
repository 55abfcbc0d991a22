//! `liufang audit` as tests ask it: in this process, or as the program.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use liufang::audit::{Request, run};
use liufang_platform::config::Config;
use serde_json::Value;

use crate::clock::{self, StoryClock};
use crate::{processes, servers};

/// What an audit said.
#[derive(Debug)]
pub struct Said {
    /// A line for each difference.
    pub differences: Vec<Value>,
    pub summary: String,
}

impl Said {
    /// The kinds of difference, each once, in order.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> =
            self.differences.iter().map(|difference| difference["kind"].as_str().expect("a kind")).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// The only difference of a kind.
    pub fn only(&self, kind: &str) -> &Value {
        let mut of = self.differences.iter().filter(|difference| difference["kind"] == kind);
        match (of.next(), of.next()) {
            (Some(only), None) => only,
            _ => panic!("not one {kind} in {:?}", self.differences),
        }
    }
}

/// Asks in this process. `grace` passes between the two looks at what may have been on its way.
pub async fn ask(config: &Config, grace: impl Future<Output = ()>) -> Said {
    let request = Request { json: true, ..Request::default() };
    let (mut out, mut summary) = (Vec::new(), Vec::new());
    let agrees = run(config, &request, grace, &mut out, &mut summary).await.expect("it can look");
    let out = String::from_utf8(out).expect("text");
    let differences: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    assert_eq!(agrees, differences.is_empty());
    Said { differences, summary: String::from_utf8(summary).expect("text") }
}

/// Waits until everything agrees: news may be on its way.
pub async fn agrees(config: &Config) -> Said {
    let started = std::time::Instant::now();
    loop {
        let said = ask(config, async {}).await;
        if said.differences.is_empty() {
            return said;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "the books do not agree: {said:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A run of the program.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs `liufang` with the databases and the bus of `config`.
pub fn program(config: &Config, arguments: &[&str]) -> Ran {
    program_of(&processes::binary(), config, arguments)
}

/// The same with another program, e.g. the release before, by the clock of the data folder.
pub fn program_of(program: &Path, config: &Config, arguments: &[&str]) -> Ran {
    let mut command: Command = servers::dies_with_us(program);
    command.args(arguments);
    let clock = StoryClock::file_in(&config.data_dir);
    if clock.is_file() {
        command.env(clock::VARIABLE, clock);
    }
    let text = |text: &str| format!("{text:?}");
    let settings: Vec<String> = [
        ("data_dir", text(&config.data_dir.display().to_string())),
        ("database.url", text(&config.database.url)),
        ("bus.kind", text(&config.bus.kind)),
        ("bus.url", text(&config.bus.url)),
        ("bus.ca_file", text(&config.bus.ca_file)),
        ("bus.prefix", text(&config.bus.prefix)),
        ("bus.cluster", config.bus.cluster.to_string()),
    ]
    .map(|(key, value)| format!("{key}={value}"))
    .into();
    let unknown = match program == processes::binary() {
        true => Vec::new(),
        false => unknown(program, &settings),
    };
    for setting in settings.iter().filter(|setting| !unknown.contains(setting)) {
        command.args(["--set", setting]);
    }
    let output = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The settings that a program does not have.
pub fn unknown(program: &Path, settings: &[String]) -> Vec<String> {
    let is_unknown = |setting: &&String| {
        let output = Command::new(program).args(["config", "--set", setting]).output().expect("it runs");
        !output.status.success()
    };
    settings.iter().filter(is_unknown).cloned().collect()
}
