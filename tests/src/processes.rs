//! Every role as processes of its own inside mutual TLS, two replicas each, on one PostgreSQL and one Redis inside TLS.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use liufang_platform::config::Config;

use crate::audit;
use crate::certificates::{Authority, Files};
use crate::clock::{self, StoryClock};
use crate::door::Door;
use crate::logs;
use crate::points;
use crate::servers::{self, free_port};

/// Every role, the gateway last.
pub const ROLES: [&str; 10] = [
    "identity",
    "prescription",
    "inventory",
    "settlement",
    "order",
    "dispatch",
    "supervision",
    "sandbox",
    "channels",
    "gateway",
];

/// Replicas of a role: two, or what `LIUFANG_TEST_REPLICAS` says. The sandbox plays the outside world, which there is once; the
/// release before, where one takes part, does not know the channels.
pub fn replicas(role: &str) -> usize {
    static REPLICAS: LazyLock<usize> = LazyLock::new(|| {
        std::env::var("LIUFANG_TEST_REPLICAS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
    });
    match role {
        "channels" if std::env::var_os("LIUFANG_TEST_PROGRAM_BEFORE").is_some() => 0,
        "sandbox" => 1,
        _ => (*REPLICAS).max(1),
    }
}

/// Every process, as role and replica.
pub fn all() -> impl Iterator<Item = Process> {
    ROLES.into_iter().flat_map(|role| (0..replicas(role)).map(move |replica| (role, replica)))
}

/// A role and which of its replicas.
pub type Process = (&'static str, usize);

/// Running processes. Dropping kills them.
pub struct Processes {
    pub authority: Authority,
    children: BTreeMap<Process, Child>,
    ports: BTreeMap<Process, u16>,
    admin: BTreeMap<Process, u16>,
    settings: Vec<String>,
    folder: PathBuf,
    door: Door,
    /// How much each had logged when the present test began.
    before: BTreeMap<Process, usize>,
    program: PathBuf,
    /// Settings that an older program does not have.
    unknown: Vec<String>,
}

impl Processes {
    /// Starts every role with the settings of `config`, and `more`, on the clock of `folder`.
    pub fn start(config: &Config, folder: &Path, more: &[String]) -> Processes {
        Processes::start_program(binary(), config, folder, more)
    }

    /// The same with another program, e.g. the release before.
    pub fn start_program(program: PathBuf, config: &Config, folder: &Path, more: &[String]) -> Processes {
        let ports: BTreeMap<Process, u16> = all().map(|process| (process, free_port())).collect();
        let admin = all().map(|process| (process, free_port())).collect();
        let mut settings = vec![
            format!("data_dir={:?}", config.data_dir.display().to_string()),
            format!("database.url={:?}", config.database.url),
            "database.max_connections=8".to_owned(),
            "database.migrate_at_start=false".to_owned(),
            format!("bus.kind={:?}", config.bus.kind),
            format!("bus.url={:?}", config.bus.url),
            format!("bus.ca_file={:?}", config.bus.ca_file),
            format!("bus.cluster={}", config.bus.cluster),
            format!("bus.prefix={:?}", config.bus.prefix),
            "drain_ms=300".to_owned(),
            "gateway.per_caller_per_second=0".to_owned(),
            "shutdown_ms=10000".to_owned(),
            // seventeen unoptimised processes on a small machine, and races of many callers
            "mesh.client.call_budget_ms=20000".to_owned(),
            "mesh.client.connect_timeout_ms=10000".to_owned(),
            format!("telemetry.log={:?}", config.telemetry.log),
            // the whole suite runs while connections and addresses come and go
            "mesh.secret=\"\"".to_owned(),
            "mesh.resolve_seconds=1".to_owned(),
            "mesh.max_connection_age_seconds=5".to_owned(),
            "mesh.tls.reload_seconds=1".to_owned(),
            format!("telemetry.format={:?}", config.telemetry.format),
            format!("telemetry.otlp_endpoint={:?}", config.telemetry.otlp_endpoint),
            format!("telemetry.otlp_metrics={}", config.telemetry.otlp_metrics),
            format!("telemetry.gauges_seconds={}", config.telemetry.gauges_seconds),
        ];
        // a key stands once
        let key = |setting: &str| setting.split_once('=').map(|(key, _)| key.to_owned());
        settings.retain(|setting| !more.iter().any(|other| key(other) == key(setting)));
        settings.extend_from_slice(more);
        let authority = Authority::new();
        for role in ROLES {
            certificate(folder, role).write(&authority.pem(), &authority.role(&[role]));
        }
        let gateways = (0..replicas("gateway")).map(|replica| ports[&("gateway", replica)]).collect();
        let mut processes = Processes {
            authority,
            children: BTreeMap::new(),
            ports,
            admin,
            settings,
            folder: folder.to_owned(),
            door: Door::start(gateways),
            before: BTreeMap::new(),
            unknown: Vec::new(),
            program: binary(),
        };
        if program != processes.program {
            processes.unknown = audit::unknown(&program, &processes.settings);
            processes.program = program;
        }
        processes.begin_test();
        let started = Instant::now();
        all().for_each(|process| processes.spawn(process));
        all().for_each(|process| processes.wait_ready(process));
        let count = processes.children.len();
        logs::note(&format!("{count} processes ready after {} ms", started.elapsed().as_millis()));
        processes
    }

    /// One address in front of all gateways.
    pub fn gateway(&self) -> String {
        self.door.url()
    }

    /// Where a process's probes ask.
    pub fn admin(&self, role: &'static str, replica: usize) -> String {
        format!("127.0.0.1:{}", self.admin[&(role, replica)])
    }

    /// Where a process listens for its peers, or the outside.
    pub fn port(&self, role: &'static str, replica: usize) -> u16 {
        self.ports[&(role, replica)]
    }

    /// The certificate files of a role; its replicas share them, and read them again when they change.
    pub fn certificate(&self, role: &str) -> Files {
        certificate(&self.folder, role)
    }

    /// Asks a process to stop (SIGTERM) without waiting for its end.
    pub fn signal(&self, role: &'static str, replica: usize) {
        self.send("-TERM", (role, replica));
    }

    fn send(&self, signal: &str, process: Process) {
        let id = self.children[&process].id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    /// Waits for the end of a process.
    pub fn ended(&mut self, role: &'static str, replica: usize) -> ExitStatus {
        self.children.get_mut(&(role, replica)).expect("running process").wait().expect("reaped")
    }

    /// Kills a process without warning.
    pub fn kill(&mut self, role: &'static str, replica: usize) {
        let child = self.children.get_mut(&(role, replica)).expect("running process");
        child.kill().expect("kill -9");
        child.wait().expect("reaped");
    }

    /// Holds a process as it stands (SIGSTOP): whoever calls it waits.
    pub fn freeze(&self, role: &'static str, replica: usize) {
        self.send("-STOP", (role, replica));
    }

    /// Lets a frozen process go on.
    pub fn thaw(&self, role: &'static str, replica: usize) {
        self.send("-CONT", (role, replica));
    }

    /// The process that next passes `point` ends there; none: nobody ends.
    pub fn ends_at(&self, point: Option<&str>) {
        points::arm(&self.folder, point);
    }

    /// Whether a process has come to the point of [`Processes::ends_at`].
    pub fn came_there(&self) -> bool {
        points::is_passed(&self.folder)
    }

    /// Whether a process is gone.
    pub fn is_gone(&mut self, role: &'static str, replica: usize) -> bool {
        let child = self.children.get_mut(&(role, replica)).expect("process");
        matches!(child.try_wait(), Ok(Some(_)))
    }

    /// Kills every replica of a role.
    pub fn kill_all(&mut self, role: &'static str) {
        (0..replicas(role)).for_each(|replica| self.kill(role, replica));
    }

    /// Asks a process to stop (SIGTERM) and waits for its end.
    pub fn terminate(&mut self, role: &'static str, replica: usize) -> ExitStatus {
        self.signal(role, replica);
        self.ended(role, replica)
    }

    /// Starts a stopped process again, on its old port.
    pub fn restart(&mut self, role: &'static str, replica: usize) {
        self.spawn((role, replica));
        self.wait_ready((role, replica));
    }

    /// From its next start on a process runs the program under test, not the one before.
    pub fn upgrade(&mut self) {
        self.program = binary();
        self.unknown.clear();
        // the program before cannot open what is packed
        self.settings.push("crypto.pack=false".to_owned());
    }

    /// Starts every replica of a role again.
    pub fn restart_all(&mut self, role: &'static str) {
        (0..replicas(role)).for_each(|replica| self.spawn((role, replica)));
        (0..replicas(role)).for_each(|replica| self.wait_ready((role, replica)));
    }

    /// Whether every process runs.
    pub fn are_well(&mut self) -> bool {
        self.children.values_mut().all(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// A test begins: what was logged before is none of its business.
    pub fn begin_test(&mut self) {
        let length =
            |process| std::fs::metadata(self.log_file(process)).map_or(0, |file| file.len() as usize);
        self.before = all().map(|process| (process, length(process))).collect();
    }

    /// What a process has logged since the test began.
    pub fn log(&self, role: &'static str, replica: usize) -> String {
        let all = std::fs::read(self.log_file((role, replica))).unwrap_or_default();
        let before = self.before.get(&(role, replica)).copied().unwrap_or_default();
        String::from_utf8_lossy(all.get(before..).unwrap_or_default()).into_owned()
    }

    /// WARN and ERROR lines of ours since the test began that nobody announced, and every panic.
    pub fn unannounced(&self) -> Vec<String> {
        let loud = |line: &String| is_loud(line) && !line.contains(BUSY) && !logs::is_announced(line);
        self.logged(&["WARN", "ERROR", "panicked at"]).into_iter().filter(loud).collect()
    }

    /// What the replicas of a role have logged since the test began.
    pub fn log_of(&self, role: &'static str) -> String {
        (0..replicas(role)).map(|replica| self.log(role, replica)).collect()
    }

    /// Lines of every log since the test began that contain one of `parts`, with the process's name.
    pub fn logged(&self, parts: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for (role, replica) in all() {
            let log = self.log(role, replica);
            let lines = log.lines().filter(|line| parts.iter().any(|part| line.contains(part)));
            found.extend(lines.map(|line| format!("{role}-{replica}: {line}")));
        }
        found
    }

    fn log_file(&self, (role, replica): (&str, usize)) -> PathBuf {
        self.folder.join(format!("{role}-{replica}.log"))
    }

    fn ready_file(&self, (role, replica): (&str, usize)) -> PathBuf {
        self.folder.join(format!("{role}-{replica}.ready"))
    }

    fn spawn(&mut self, process: Process) {
        let (role, replica) = process;
        let _ = std::fs::remove_file(self.ready_file(process));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file(process));
        let log = log.expect("log file");
        let mut settings = self.settings.clone();
        settings.retain(|setting| !self.unknown.contains(setting));
        settings.extend(self.certificate(role).settings());
        let own = self.port(role, replica);
        match role {
            "gateway" => settings.push(format!("gateway.listen=\"127.0.0.1:{own}\"")),
            _ => settings.push(format!("mesh.listen.{role}=\"127.0.0.1:{own}\"")),
        }
        let others = |peer: &&str| *peer != role && *peer != "gateway" && replicas(peer) > 0;
        for peer in ROLES.into_iter().filter(others) {
            let urls =
                (0..replicas(peer)).map(|other| format!("https://127.0.0.1:{}", self.port(peer, other)));
            settings.push(format!("mesh.peers.{peer}={:?}", urls.collect::<Vec<_>>().join(",")));
        }
        let mut command = servers::dies_with_us(&self.program);
        command.args(["serve", "--role", role, "--ready-file"]).arg(self.ready_file(process));
        for setting in &settings {
            command.args(["--set", setting]);
        }
        command.args(["--set", &format!("admin.listen={:?}", self.admin(role, replica))]);
        command.env(clock::VARIABLE, StoryClock::file_in(&self.folder));
        command.env(points::VARIABLE, points::file_in(&self.folder));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("log")).stderr(log);
        self.children.insert(process, servers::spawn(command));
    }

    fn wait_ready(&mut self, process: Process) {
        let (role, replica) = process;
        let started = Instant::now();
        while !self.ready_file(process).exists() {
            let ended = self.children.get_mut(&process).expect("spawned").try_wait().expect("status");
            let log = || self.log(role, replica);
            if let Some(ended) = ended {
                panic!("{role}-{replica} ended by {:?}, {:?}: {}", ended.code(), ended.signal(), log());
            }
            assert!(started.elapsed() < Duration::from_secs(120), "{role}-{replica} is not ready: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Seventeen processes that start at once on a small machine: a probe waits too long for its connection.
const BUSY: &str = "does not answer: Connection pool timed out";

/// Whether a line, as text or as JSON, is a WARN or ERROR of ours or a panic. Libraries complain of slowness too.
fn is_loud(line: &str) -> bool {
    let levels = [" WARN ", " ERROR ", "\"level\":\"WARN\"", "\"level\":\"ERROR\""];
    let ours = ["WARN liufang", "ERROR liufang", "}: liufang", "\"target\":\"liufang"];
    let any = |parts: &[&str]| parts.iter().any(|part| line.contains(part));
    line.contains("panicked at") || any(&levels) && any(&ours)
}

fn certificate(folder: &Path, role: &str) -> Files {
    Files::of(&folder.join("tls").join(role), "tls")
}

/// The program under test: beside the test binary, in the same target folder.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("own path");
    let folder = own.parent().and_then(Path::parent).expect("target folder");
    let path = folder.join("liufang-under-test");
    assert!(path.is_file(), "{} is missing: run the tests with cargo test", path.display());
    path
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            let _ = child.kill();
        }
        for child in self.children.values_mut() {
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_loud;

    #[test]
    fn complaints_of_ours_are_loud() {
        let text = "order-0: 2026-11-22T11:36:48.4Z  WARN liufang_platform::health: not ready";
        let inside = "order-0: 2026-11-22T11:36:48.4Z ERROR rpc{role=\"order\"}: liufang_platform::status: internal error";
        let json = "order-0: {\"level\":\"WARN\",\"message\":\"m\",\"target\":\"liufang_platform::health\"}";
        assert!(
            [text, inside, json, "order-0: thread 'main' panicked at src/lib.rs"].into_iter().all(is_loud)
        );
        let library = "order-0: 2026-11-22T11:36:48.4Z  WARN sqlx::pool::acquire: slow";
        let quiet = "order-0: 2026-11-22T11:36:48.4Z  INFO liufang_platform::status: refused";
        assert!(![library, quiet].into_iter().any(is_loud));
    }
}
