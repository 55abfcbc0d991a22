//! A private PostgreSQL for tests of one service: started once by the test program that asks, reached by a socket in its folder,
//! gone with the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, Database};
use tokio::sync::OnceCell;

use crate::ids::Ids;

static SERVER: OnceCell<PathBuf> = OnceCell::const_new();

/// The URL of a new, empty database. For tests only: it panics where PostgreSQL is not installed.
pub async fn database() -> String {
    let folder = SERVER.get_or_init(start).await;
    let name = format!("t{}", Ids.digits(18));
    let admin = Database::connect(url(folder, "postgres")).await.expect("PostgreSQL");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
    admin.close().await.expect("closed");
    url(folder, &name)
}

fn url(folder: &Path, database: &str) -> String {
    format!("postgres:///{database}?host={}&user=liufang", folder.display())
}

/// `program` of the newest PostgreSQL in Debian's versioned folders, or from PATH.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

/// Ends with the thread that starts it, and runs as an ordinary user where we are root: PostgreSQL refuses root.
fn command(root: bool, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if root {
        command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
    }
    command.arg("--").arg(program(name)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

async fn start() -> PathBuf {
    let folder = super::temporary().join(Ids.next("liufang-pg"));
    std::fs::create_dir_all(&folder).expect("temporary folder");
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if root {
        let given = Command::new("chown").arg("nobody:nogroup").arg(&folder).status();
        assert!(given.is_ok_and(|status| status.success()), "chown");
    }
    let data = folder.join("data");
    let made = command(root, "initdb")
        .arg("-D")
        .arg(&data)
        .args(["--username=liufang", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "initdb: scripts/test.sh installs what the tests need"
    );
    let mut server = command(root, "postgres");
    server.arg("-D").arg(&data);
    for setting in ["listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off"] {
        server.arg("-c").arg(setting);
    }
    server.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
    // a thread that lasts as long as the program; a watcher tidies up behind both
    std::thread::spawn(move || server.status());
    let tidy = "trap '' INT TERM HUP; read -r _; sleep 2; rm -rf \"$0\"";
    let watcher = Command::new("sh").args(["-c", tidy]).arg(&folder).stdin(Stdio::piped()).spawn();
    std::mem::forget(watcher.expect("sh starts"));
    let started = Instant::now();
    while Database::connect(url(&folder, "postgres")).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(60), "PostgreSQL did not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    folder
}
