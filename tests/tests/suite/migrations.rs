//! Migrations: two runners at once, a runner killed in the middle, roles that wait for theirs, marks of a newer version.
//!
//! Runners are processes where it matters; the roles that wait are in one, whose health is read from inside.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use liufang::compose;
use liufang_platform::db::{DbOptions, DbState};
use liufang_platform::{Cipher, Db, DbFault, Migration, SystemClock};
use liufang_tests::{World, eventually, processes, servers};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use super::cast::*;

const TWO: &[Migration] = &[
    Migration { name: "0001_first", sql: "CREATE TABLE first (id BIGINT PRIMARY KEY);\n" },
    Migration { name: "0002_second", sql: "INSERT INTO first (id) VALUES (1);\n" },
];

async fn database() -> (String, DatabaseConnection) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("migrate{}", NEXT.fetch_add(1, Ordering::SeqCst));
    let admin = Database::connect(servers::shared().postgres_url("postgres")).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let url = servers::shared().postgres_url(&name);
    let connection = Database::connect(&url).await.unwrap();
    (url, connection)
}

async fn number(connection: &DatabaseConnection, sql: &str) -> i64 {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    row.unwrap().try_get("", "n").unwrap()
}

async fn connect(url: &str) -> Db {
    let cipher = Cipher::new("a secret for tests only, long enough");
    Db::connect(&DbOptions::new(url), cipher, Arc::new(SystemClock)).await.unwrap()
}

fn runner(url: &str) -> Child {
    let program = processes::binary().with_file_name("migrate-under-test");
    let mut command = servers::dies_with_us(&program);
    command.arg(url).stdout(Stdio::piped());
    servers::spawn(command)
}

fn ran(runner: Child) -> Vec<String> {
    let output = runner.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_runners_one_waits_for_the_other() {
    let (url, connection) = database().await;
    let runners = [runner(&url), runner(&url)];
    let mut all: Vec<String> = runners.into_iter().flat_map(ran).collect();
    all.sort();
    assert_eq!(
        all,
        ["0000_platform", "0000_platform_published", "0000_platform_sealed", "0001_quick", "0002_slow"],
        "each once"
    );
    assert_eq!(number(&connection, "SELECT COUNT(*) AS n FROM slow").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_runner_leaves_nothing_half_done() {
    let (url, connection) = database().await;
    let mut first = runner(&url);
    let sleeping = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() \
                    AND state = 'active' AND query LIKE 'SELECT pg_sleep%'";
    eventually("the slow one runs", || async { (number(&connection, sleeping).await == 1).then_some(()) })
        .await;
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(
        number(&connection, "SELECT COUNT(to_regclass('quick')) AS n").await,
        1,
        "what was done stays"
    );
    assert_eq!(
        number(&connection, "SELECT COUNT(to_regclass('slow')) AS n").await,
        0,
        "nothing of the other"
    );
    // again: it goes on where the first one ended
    assert_eq!(ran(runner(&url)), ["0002_slow"]);
    assert_eq!(number(&connection, "SELECT COUNT(*) AS n FROM slow").await, 2);
    assert_eq!(ran(runner(&url)), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_runners_on_one_file() {
    let folder = servers::folder("liufang-migrate-");
    let url = format!("sqlite://{}/one.db", folder.path().display());
    let runs = (0..6).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { connect(&url).await.migrate(TWO).await.unwrap().len() })
    });
    let counts = futures::future::join_all(runs.collect::<Vec<_>>()).await;
    assert_eq!(counts.into_iter().map(Result::unwrap).sum::<usize>(), 5, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_migration_changes_nothing_and_a_newer_mark_is_left_alone() {
    const WRONG: &[Migration] = &[Migration {
        name: "0001_wrong",
        sql: "CREATE TABLE half (id TEXT);\nINSERT INTO nowhere VALUES (1);\n",
    }];
    let (url, connection) = database().await;
    let db = connect(&url).await;
    assert!(matches!(db.migrate(WRONG).await, Err(DbFault::Internal(_))));
    assert_eq!(number(&connection, "SELECT COUNT(to_regclass('half')) AS n").await, 0);
    db.migrate(TWO).await.unwrap();
    // the next version was migrated already, and replicas of this one still run
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('0009_newer', 0)";
    connection.execute_unprepared(newer).await.unwrap();
    assert_eq!(db.look(TWO, &[]).await, DbState::Ready);
    assert!(db.migrate(TWO).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_waits_for_its_migrations_and_needs_no_restart() {
    let _announced = liufang_tests::logs::announce("migrations pending");
    servers::shared().create_databases("pending");
    let settings = [
        format!("database.url={:?}", servers::shared().postgres_url("pending_{role}")),
        "database.migrate_at_start=false".to_owned(),
        "admin.listen=\"127.0.0.1:0\"".to_owned(),
    ];
    let world = World::bare(&settings).await;
    let running = world.running.as_ref().unwrap();
    let report = running.health().report();
    assert!(!report.ready && report.reasons.len() == 9, "{report:?}");
    assert!(
        report.reasons.iter().all(|reason| reason.to_string().contains("migrations pending")),
        "{report:?}"
    );
    let cast = Cast::of(&world).await;
    let book = async || cast.public().list_channel_book(Default::default()).await;
    let refusal = refused_as(book().await, "DATABASE_UNAVAILABLE");
    assert_eq!(refusal.code, tonic::Code::Unavailable);
    let clock = Arc::new(world.clock.clone());
    let done = compose::migrate(&world.config, clock.clone(), Duration::ZERO).await.unwrap();
    assert!(done.len() == 9 && done.iter().all(|(_, ran)| !ran.is_empty()));
    eventually("it is ready", || async { running.health().is_ready().then_some(()) }).await;
    assert!(book().await.unwrap().rows.is_empty(), "it has its tables, and nothing in them");
    let again = compose::migrate(&world.config, clock, Duration::ZERO).await.unwrap();
    assert!(again.iter().all(|(_, ran)| ran.is_empty()));
    world.stop().await;
}
