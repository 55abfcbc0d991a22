//! Every role as a process of its own, over TCP, on one PostgreSQL and one Redis.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use liufang_platform::config::Config;

use crate::servers::free_port;

/// Every role, the gateway last: it is ready when it listens.
pub const ROLES: [&str; 9] = [
    "identity",
    "prescription",
    "inventory",
    "settlement",
    "order",
    "dispatch",
    "supervision",
    "sandbox",
    "gateway",
];

/// Running role processes. Dropping kills them.
pub struct Processes {
    children: BTreeMap<&'static str, Child>,
    ports: BTreeMap<&'static str, u16>,
    settings: Vec<String>,
    folder: PathBuf,
}

impl Processes {
    /// Starts every role with the settings of `config`.
    pub fn start(config: &Config, folder: &Path) -> Processes {
        let ports = ROLES.into_iter().map(|role| (role, free_port())).collect();
        let settings = vec![
            format!("data_dir={:?}", config.data_dir.display().to_string()),
            format!("database.url={:?}", config.database.url),
            format!("database.max_connections={}", config.database.max_connections),
            "database.migrate_at_start=false".to_owned(),
            format!("bus.kind={:?}", config.bus.kind),
            format!("bus.url={:?}", config.bus.url),
            format!("bus.prefix={:?}", config.bus.prefix),
            "admin.listen=\"127.0.0.1:0\"".to_owned(),
            format!("telemetry.log={:?}", config.telemetry.log),
            format!("telemetry.format={:?}", config.telemetry.format),
            format!("telemetry.otlp_endpoint={:?}", config.telemetry.otlp_endpoint),
            format!("telemetry.otlp_metrics={}", config.telemetry.otlp_metrics),
            format!("telemetry.gauges_seconds={}", config.telemetry.gauges_seconds),
        ];
        let mut processes =
            Processes { children: BTreeMap::new(), ports, settings, folder: folder.to_owned() };
        for role in ROLES {
            processes.spawn(role);
        }
        for role in ROLES {
            processes.wait_ready(role);
        }
        processes
    }

    /// The gateway's address.
    pub fn gateway(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports["gateway"])
    }

    /// Kills a role without warning.
    pub fn kill(&mut self, role: &'static str) {
        let child = self.children.get_mut(role).expect("running role");
        child.kill().expect("kill -9");
        child.wait().expect("reaped");
    }

    /// Asks a role to stop (SIGTERM) and waits for its end.
    pub fn terminate(&mut self, role: &'static str) -> std::process::ExitStatus {
        let child = self.children.get_mut(role).expect("running role");
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        child.wait().expect("reaped")
    }

    /// Starts a stopped role again, on its old port.
    pub fn restart(&mut self, role: &'static str) {
        self.spawn(role);
        self.wait_ready(role);
    }

    /// What a role has logged.
    pub fn log(&self, role: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{role}.log"))).unwrap_or_default()
    }

    /// Where a role's admin port is, as `host:port`.
    pub fn admin(&self, role: &str) -> String {
        let text = std::fs::read_to_string(self.ready_file(role)).expect("ready file");
        let ready: serde_json::Value = serde_json::from_str(&text).expect("ready file is JSON");
        ready["admin"].as_str().expect("admin port").to_owned()
    }

    fn ready_file(&self, role: &str) -> PathBuf {
        self.folder.join(format!("{role}.ready"))
    }

    fn spawn(&mut self, role: &'static str) {
        let _ = std::fs::remove_file(self.ready_file(role));
        let path = self.folder.join(format!("{role}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("log file");
        let mut command = Command::new(binary());
        command.args(["serve", "--role", role, "--ready-file"]).arg(self.ready_file(role));
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        for (peer, port) in &self.ports {
            match (*peer == role, *peer) {
                (true, "gateway") => command.args(["--set", &format!("gateway.listen=\"127.0.0.1:{port}\"")]),
                (true, _) => command.args(["--set", &format!("mesh.listen.{peer}=\"127.0.0.1:{port}\"")]),
                (false, "gateway") => continue,
                (false, _) => {
                    command.args(["--set", &format!("mesh.peers.{peer}=\"http://127.0.0.1:{port}\"")])
                }
            };
        }
        command.env("LIUFANG_TEST_CLOCK_OFFSET", crate::world::story_offset_seconds().to_string());
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("log")).stderr(log);
        self.children.insert(role, command.spawn().expect("role starts"));
    }

    fn wait_ready(&mut self, role: &'static str) {
        let started = Instant::now();
        while !self.ready_file(role).exists() {
            let ended = self.children.get_mut(role).expect("spawned").try_wait().expect("status");
            assert!(ended.is_none(), "{role} ended: {}", self.log(role));
            assert!(started.elapsed() < Duration::from_secs(60), "{role} is not ready: {}", self.log(role));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
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
            let _ = child.wait();
        }
    }
}
