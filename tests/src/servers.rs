//! Private PostgreSQL and Redis children on free ports, shared by the tests of this process and gone with it.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use liufang_platform::testing::temporary;
use tempfile::TempDir;

use crate::secured::{self, ServerTls, give_to_nobody};

/// Running servers.
pub struct Servers {
    pub postgres_port: u16,
    pub redis_port: u16,
    /// The same PostgreSQL inside TLS, and a second Redis that speaks nothing else.
    tls: ServerTls,
    redis_tls_port: u16,
    _folder: TempDir,
}

/// Whether commits reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// For tests: durability is not what they look at, and a crash of the machine ends them anyway.
    Fast,
    /// What was committed outlives the server, not the machine.
    Restartable,
    /// For measurements: PostgreSQL's own defaults.
    Durable,
}

static SERVERS: LazyLock<Servers> = LazyLock::new(|| Servers::start(Durability::Fast));

/// The servers of this process; started by the first test that asks.
pub fn shared() -> &'static Servers {
    &SERVERS
}

/// A folder of this run, [where tests write](temporary). Whatever ends the process, a watcher removes them all afterwards: what
/// lives until the end of a test program is never dropped.
pub fn folder(prefix: &str) -> TempDir {
    static RUN: LazyLock<TempDir> = LazyLock::new(|| run_in(temporary()));
    tempfile::Builder::new().prefix(prefix).tempdir_in(RUN.path()).expect("temporary folder")
}

/// As [`folder`], on a disk.
fn folder_on_disk(prefix: &str) -> TempDir {
    static RUN: LazyLock<TempDir> = LazyLock::new(|| run_in(&std::env::temp_dir()));
    tempfile::Builder::new().prefix(prefix).tempdir_in(RUN.path()).expect("temporary folder")
}

fn run_in(folder: &Path) -> TempDir {
    let run = tempfile::Builder::new().prefix("liufang-run-").tempdir_in(folder).expect("temporary folder");
    // servers run as another user
    std::fs::set_permissions(run.path(), std::fs::Permissions::from_mode(0o755)).expect("permissions");
    // its input ends with us; the servers die at the same time
    let watcher = Command::new("sh")
        .args(["-c", "trap '' INT TERM HUP; read -r _; sleep 2; rm -rf \"$0\""])
        .arg(run.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    std::mem::forget(watcher.expect("sh starts"));
    run
}

/// A port for a server that must know it beforehand, and keep it when it is started again.
///
/// From below the range the system takes for outgoing connections: a port of that range may be gone a moment later. The
/// process id spreads test programs that run side by side.
pub fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (std::process::id().wrapping_mul(997).wrapping_add(step)) % COUNT;
        let port = u16::try_from(port).expect("below 32 768");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}

impl Servers {
    /// Starts both servers.
    pub fn start(durability: Durability) -> Servers {
        let folder = match durability {
            Durability::Durable => folder_on_disk("liufang-servers-"),
            Durability::Fast | Durability::Restartable => folder("liufang-servers-"),
        };
        let (postgres_port, redis_port, redis_tls_port) = (free_port(), free_port(), free_port());
        let tls = ServerTls::make(folder.path());
        let postgres = postgres(folder.path(), postgres_port, durability, &tls);
        let redis = redis(folder.path(), redis_port, None);
        let redis_tls = redis_in(&folder.path().join("redis-tls"), redis_tls_port, Some(&tls));
        // they end with this process
        [postgres, redis, redis_tls].into_iter().map(spawn).for_each(std::mem::forget);
        wait_for(postgres_port, "PostgreSQL", folder.path());
        wait_for(redis_port, "Redis", folder.path());
        wait_for(redis_tls_port, "Redis", &folder.path().join("redis-tls"));
        wait_until_answering(postgres_port);
        create_login(postgres_port);
        Servers { postgres_port, redis_port, tls, redis_tls_port, _folder: folder }
    }

    /// A PostgreSQL URL; `{role}` stays for the configuration to fill.
    pub fn postgres_url(&self, database: &str) -> String {
        plain_postgres_url(self.postgres_port, database)
    }

    /// The same database for the login that must use TLS.
    pub fn secured_postgres_url(&self, database: &str) -> String {
        secured_postgres_url(self.postgres_port, database, &self.tls)
    }

    /// The Redis that speaks TLS only.
    pub fn secured_redis_url(&self) -> String {
        format!("rediss://127.0.0.1:{}/", self.redis_tls_port)
    }

    /// The authority of both.
    pub fn ca_file(&self) -> PathBuf {
        self.tls.ca()
    }

    /// One database per role, named `<name>_<role>`.
    pub fn create_databases(&self, name: &str) {
        create_databases(self.postgres_port, name);
    }

    /// Transactions per second of pgbench's TPC-B on this server.
    pub fn pgbench(&self, clients: usize, seconds: u64) -> anyhow::Result<f64> {
        static PREPARED: std::sync::Once = std::sync::Once::new();
        PREPARED.call_once(|| {
            self.client("createdb", &["tpcb"]);
            self.client("pgbench", &["--initialize", "--quiet", "--scale=20", "tpcb"]);
        });
        let (clients, seconds) = (clients.to_string(), seconds.to_string());
        let jobs = if clients == "1" { "1" } else { "2" };
        let text = self.client("pgbench", &["-c", &clients, "-j", jobs, "-T", &seconds, "tpcb"]);
        let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let tps = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
        tps.ok_or_else(|| anyhow::anyhow!("pgbench printed no tps"))
    }

    fn client(&self, name: &str, arguments: &[&str]) -> String {
        client(self.postgres_port, name, arguments)
    }

    pub fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.redis_port)
    }
}

// unasked, the client would take TLS where it is offered, and measurements with it
fn plain_postgres_url(port: u16, database: &str) -> String {
    format!("postgres://liufang@127.0.0.1:{port}/{database}?sslmode=disable")
}

fn secured_postgres_url(port: u16, database: &str, tls: &ServerTls) -> String {
    format!("postgres://{}@127.0.0.1:{port}/{database}{}", secured::LOGIN, tls.query())
}

/// A connection to the Redis of a configuration.
pub async fn redis_of(bus: &liufang_platform::bus::RedisOptions) -> redis::aio::MultiplexedConnection {
    let client = match bus.ca_file.as_str() {
        "" => redis::Client::open(bus.url.as_str()),
        file => {
            let root_cert = Some(std::fs::read(file).expect("authorities"));
            let certificates = redis::TlsCertificates { client_tls: None, root_cert };
            redis::Client::build_with_tls(bus.url.as_str(), certificates)
        }
    };
    client.expect("Redis' address").get_multiplexed_async_connection().await.expect("Redis answers")
}

/// PostgreSQL listens a moment before it lets anybody in.
fn wait_until_answering(port: u16) {
    let started = Instant::now();
    let port = port.to_string();
    let asks = || Command::new(program("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
    while !asks().expect("pg_isready starts").success() {
        assert!(started.elapsed() < Duration::from_secs(60), "PostgreSQL does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn create_databases(port: u16, name: &str) {
    for role in crate::processes::ROLES {
        client(port, "createdb", &[&format!("{name}_{role}")]);
    }
}

fn client(port: u16, name: &str, arguments: &[&str]) -> String {
    let output = Command::new(program(name))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "liufang"])
        .env("PGSSLMODE", "disable")
        .args(arguments)
        .output()
        .expect("client program starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn wait_for(port: u16, name: &str, folder: &Path) {
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = folder.join(format!("{name}.log"));
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{name} did not start: {}",
            std::fs::read_to_string(log).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `program` from PATH or Debian's versioned folder.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("`{name}` is not installed; scripts/test.sh installs what the tests need"))
}

/// Starts a command from a thread that never ends: it is told to die with the thread that started it, and test threads end
/// early.
pub fn spawn(command: Command) -> Child {
    type Order = (Command, mpsc::Sender<Child>);
    static STARTER: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
        let (orders, taken) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in taken {
                let child = command.spawn().expect("program starts");
                answer.send(child).expect("the caller waits");
            }
        });
        Mutex::new(orders)
    });
    let (answer, started) = mpsc::channel();
    let orders = STARTER.lock().unwrap_or_else(PoisonError::into_inner).clone();
    orders.send((command, answer)).expect("the starter runs");
    started.recv().expect("program started")
}

/// A command that dies with the thread that starts it; see [`spawn`].
pub fn dies_with_us(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A command that dies with us and, started by root, runs as an ordinary user: `initdb` refuses root.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if is_root() {
        command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
    }
    command.arg("--").arg(program).stdin(Stdio::null());
    command
}

pub(crate) fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id -u");
    output.stdout.trim_ascii() == b"0"
}

fn log(folder: &Path, name: &str) -> std::fs::File {
    std::fs::File::create(folder.join(format!("{name}.log"))).expect("log file")
}

fn postgres(folder: &Path, port: u16, durability: Durability, tls: &ServerTls) -> Command {
    init_postgres(folder);
    postgres_server(folder, port, durability, tls)
}

fn create_login(port: u16) {
    client(port, "createuser", &["--superuser", secured::LOGIN]);
}

fn init_postgres(folder: &Path) {
    let data = folder.join("postgres");
    std::fs::create_dir(&data).expect("data folder");
    give_to_nobody(folder);
    let initdb = unprivileged(&program("initdb"))
        .arg("-D")
        .arg(&data)
        .args(["--username=liufang", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .output()
        .expect("initdb");
    assert!(initdb.status.success(), "initdb: {}", String::from_utf8_lossy(&initdb.stderr));
    std::fs::write(data.join("pg_hba.conf"), secured::access_rules()).expect("access rules");
}

fn postgres_server(folder: &Path, port: u16, durability: Durability, tls: &ServerTls) -> Command {
    let mut command = unprivileged(&program("postgres"));
    command.arg("-D").arg(folder.join("postgres"));
    for setting in [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", folder.display()),
        "max_connections=600".to_owned(),
        "shared_buffers=256MB".to_owned(),
    ]
    .into_iter()
    .chain(tls.postgres_settings())
    {
        command.arg("-c").arg(setting);
    }
    let quick: &[&str] = match durability {
        Durability::Fast => &["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
        Durability::Restartable => &["fsync=off"],
        Durability::Durable => &[],
    };
    for setting in quick {
        command.arg("-c").arg(setting);
    }
    let log = log(folder, "PostgreSQL");
    command.stdout(log.try_clone().expect("log")).stderr(log);
    command
}

/// In a folder of its own.
fn redis_in(folder: &Path, port: u16, tls: Option<&ServerTls>) -> Command {
    make_folder(folder);
    redis(folder, port, tls)
}

fn make_folder(folder: &Path) {
    std::fs::create_dir(folder).expect("folder");
    give_to_nobody(folder);
}

fn redis(folder: &Path, port: u16, tls: Option<&ServerTls>) -> Command {
    let mut command = unprivileged(&program("redis-server"));
    match tls {
        Some(tls) => command.args(tls.redis_arguments(port)),
        None => command.args(["--port", &port.to_string()]),
    };
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(folder);
    let log = log(folder, "Redis");
    command.stdout(log.try_clone().expect("log")).stderr(log);
    command
}

/// A Redis of one test, which may die and come back without a memory.
pub struct PrivateRedis {
    port: u16,
    child: Child,
    tls: Option<ServerTls>,
    folder: TempDir,
}

impl PrivateRedis {
    pub fn start() -> PrivateRedis {
        PrivateRedis::start_with(false)
    }

    /// One that speaks TLS only.
    pub fn secured() -> PrivateRedis {
        PrivateRedis::start_with(true)
    }

    fn start_with(secured: bool) -> PrivateRedis {
        let folder = folder("liufang-redis-");
        let port = free_port();
        let tls = secured.then(|| ServerTls::make(folder.path()));
        give_to_nobody(folder.path());
        let child = spawn(redis(folder.path(), port, tls.as_ref()));
        let redis = PrivateRedis { port, child, tls, folder };
        redis.wait();
        redis
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What makes an installation use it instead of the shared one.
    pub fn settings(&self) -> [String; 2] {
        [format!("bus.url={:?}", self.url()), "bus.ca_file=\"\"".to_owned()]
    }

    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}/", self.port)
    }

    /// Its certificate; none without TLS.
    pub fn tls(&self) -> &ServerTls {
        self.tls.as_ref().expect("a Redis with TLS")
    }

    /// Goes on without TLS on the same port, or with it again.
    pub fn start_again_secured(&mut self, secured: bool) {
        self.kill();
        let tls = self.tls.as_ref().filter(|_| secured);
        self.child = spawn(redis(self.folder.path(), self.port, tls));
        self.wait();
    }

    /// Ends it at once; nothing is kept.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("reaped");
    }

    /// An empty one on the same port.
    pub fn start_again(&mut self) {
        self.child = spawn(redis(self.folder.path(), self.port, self.tls.as_ref()));
        self.wait();
    }

    fn wait(&self) {
        wait_for(self.port, "Redis", self.folder.path());
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A PostgreSQL of one test, which may stop and come back. What was committed is kept.
pub struct PrivatePostgres {
    port: u16,
    child: Child,
    tls: ServerTls,
    folder: TempDir,
}

impl PrivatePostgres {
    pub fn start() -> PrivatePostgres {
        let folder = folder("liufang-postgres-");
        let port = free_port();
        let tls = ServerTls::make(folder.path());
        init_postgres(folder.path());
        let child = spawn(postgres_server(folder.path(), port, Durability::Restartable, &tls));
        wait_until_answering(port);
        create_login(port);
        PrivatePostgres { port, child, tls, folder }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its certificate, shown to those who ask for TLS.
    pub fn tls(&self) -> &ServerTls {
        &self.tls
    }

    /// For the login that must use TLS.
    pub fn secured_url(&self, database: &str) -> String {
        secured_postgres_url(self.port, database, &self.tls)
    }

    /// Reads its certificate and who is let in again, and ends every connection.
    pub fn reload(&self) {
        let sent = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        client(self.port, "psql", &["-q", "-c", end, "postgres"]);
    }

    /// Lets every login in without TLS from the next [`PrivatePostgres::reload`] on.
    pub fn allow_plain_text(&self) {
        let path = self.folder.path().join("postgres/pg_hba.conf");
        std::fs::write(path, "local all all trust\nhost all all all trust\n").expect("access rules");
    }

    /// One database per role, named `<name>_<role>`.
    pub fn create_databases(&self, name: &str) {
        create_databases(self.port, name);
    }

    pub fn url(&self, database: &str) -> String {
        plain_postgres_url(self.port, database)
    }

    /// Ends it without waiting for anybody ("immediate": every connection breaks, recovery at the next start).
    pub fn stop(&mut self) {
        let sent = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        self.child.wait().expect("reaped");
    }

    /// The same data on the same port.
    pub fn start_again(&mut self) {
        self.child =
            spawn(postgres_server(self.folder.path(), self.port, Durability::Restartable, &self.tls));
        wait_until_answering(self.port);
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// A Redis Cluster of three servers inside TLS, of one test.
pub struct PrivateCluster {
    ports: Vec<u16>,
    /// Where its servers talk to each other.
    bus_ports: Vec<u16>,
    children: Vec<Child>,
    tls: ServerTls,
    folder: TempDir,
}

impl PrivateCluster {
    pub fn start() -> PrivateCluster {
        let folder = folder("liufang-cluster-");
        let ports: Vec<u16> = (0..3).map(|_| free_port()).collect();
        // the given one plus 10000, which it would take itself, may be too high
        let bus_ports: Vec<u16> = ports.iter().map(|_| free_port()).collect();
        let tls = ServerTls::make(folder.path());
        give_to_nobody(folder.path());
        let server = |(port, bus_port): (&u16, &u16)| {
            make_folder(&folder.path().join(port.to_string()));
            spawn(cluster_command(folder.path(), *port, *bus_port, &tls))
        };
        let children = ports.iter().zip(&bus_ports).map(server).collect();
        for port in &ports {
            wait_for(*port, "Redis", folder.path());
        }
        let addresses = ports.iter().map(|port| format!("127.0.0.1:{port}"));
        let created = Command::new(program("redis-cli"))
            .args(["--tls", "--cacert"])
            .arg(tls.ca())
            .args(["--cluster", "create"])
            .args(addresses)
            .arg("--cluster-yes")
            .output()
            .expect("redis-cli");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
        let cluster = PrivateCluster { ports, bus_ports, children, tls, folder };
        cluster.wait_until_whole();
        cluster
    }

    /// Every server agrees that every slot is served.
    fn wait_until_whole(&self) {
        let started = Instant::now();
        let whole = |port: &u16| self.ask(*port, &["cluster", "info"]).contains("cluster_state:ok");
        while !self.ports.iter().all(whole) {
            assert!(started.elapsed() < Duration::from_secs(60), "the cluster is not whole");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn ask(&self, port: u16, command: &[&str]) -> String {
        let output = Command::new(program("redis-cli"))
            .args(["-p", &port.to_string(), "--tls", "--cacert"])
            .arg(self.tls.ca())
            .args(command)
            .output()
            .expect("redis-cli");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The servers as seeds, separated by commas.
    pub fn urls(&self) -> String {
        let urls: Vec<String> = self.ports.iter().map(|port| format!("rediss://127.0.0.1:{port}")).collect();
        urls.join(",")
    }

    pub fn ca_file(&self) -> PathBuf {
        self.tls.ca()
    }

    /// How many keys each server has.
    pub fn keys(&self) -> Vec<usize> {
        self.ports.iter().map(|port| self.ask(*port, &["dbsize"]).trim().parse().expect("a number")).collect()
    }

    /// How many events all streams have; one that was published twice is one.
    pub fn events(&self) -> usize {
        let mut ids = BTreeSet::new();
        for port in &self.ports {
            for key in self.ask(*port, &["keys", "*"]).lines().filter(|key| !key.ends_with(":epoch")) {
                let entries = self.ask(*port, &["xrange", key, "-", "+"]);
                let lines: Vec<&str> = entries.lines().collect();
                ids.extend(lines.windows(2).filter(|pair| pair[0] == "id").map(|pair| pair[1].to_owned()));
            }
        }
        ids.len()
    }

    /// What one server says to a command.
    pub fn ask_one(&self, server: usize, command: &[&str]) -> String {
        self.ask(self.ports[server], command)
    }

    /// Every server forgets everything, one after the other.
    pub fn flush(&self) {
        for port in &self.ports {
            self.ask(*port, &["flushall"]);
        }
    }

    /// Ends one server at once; another takes its place and its slots, without a memory.
    pub fn replace(&mut self, server: usize) {
        let child = &mut self.children[server];
        child.kill().expect("kill -9");
        child.wait().expect("reaped");
        let command =
            cluster_command(self.folder.path(), self.ports[server], self.bus_ports[server], &self.tls);
        self.children[server] = spawn(command);
        wait_for(self.ports[server], "Redis", self.folder.path());
        self.wait_until_whole();
    }
}

fn cluster_command(folder: &Path, port: u16, bus_port: u16, tls: &ServerTls) -> Command {
    let mut command = redis(&folder.join(port.to_string()), port, Some(tls));
    command.args(["--tls-cluster", "yes", "--tls-replication", "yes"]);
    command.args(["--cluster-enabled", "yes", "--cluster-port", &bus_port.to_string()]);
    command.args(["--cluster-node-timeout", "2000"]);
    command
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
