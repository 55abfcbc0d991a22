//! The one installation of processes that all tests of that shape use in turn.
//!
//! Starting seventeen processes takes longer than most tests. Between tests the databases get their seeded rows back and
//! the streams are emptied while the processes run on; an installation that a test failed in is thrown away. Where a test
//! turned the clock, the processes end with it and others are started: what their workers began by the late clock must not
//! meet the rows of the next story.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use liufang_platform::config::Config;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::processes::{Processes, ROLES};
use crate::{eventually, servers, streams};

/// Everything but the world around it.
pub struct Installation {
    /// None when they have to be started.
    pub processes: Option<Processes>,
    pub config: Config,
    pub folder: TempDir,
}

/// The place of the installation; whoever holds it is alone with it.
pub type Place = OwnedMutexGuard<Option<Installation>>;

/// Waits for one's turn.
pub async fn turn() -> Place {
    static SHELF: LazyLock<Arc<Mutex<Option<Installation>>>> = LazyLock::new(Arc::default);
    SHELF.clone().lock_owned().await
}

const COPY: &str = "seed_copy";

/// Sets the present rows of every database aside.
pub async fn set_aside(config: &Config) {
    for_each(config, async |database| {
        let mut sql = format!("CREATE SCHEMA {COPY};");
        for table in tables(database).await {
            sql.push_str(&format!("CREATE TABLE {COPY}.{table} AS TABLE public.{table};"));
        }
        run(database, &sql).await;
    })
    .await;
}

/// Takes every database back to the rows that were set aside.
pub async fn reset(config: &Config) {
    empty_streams(config).await;
    for_each(config, async |database| {
        let tables = tables(database).await;
        let listed: Vec<String> = tables.iter().map(|table| format!("public.{table}")).collect();
        // rows of one table may name rows of another: no checks while they come back
        let mut sql = format!(
            "BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL lock_timeout = '5s'; TRUNCATE {};",
            listed.join(",")
        );
        for table in &tables {
            sql.push_str(&format!("INSERT INTO public.{table} SELECT * FROM {COPY}.{table};"));
        }
        sql.push_str("COMMIT;");
        // a worker may hold the tables in another order
        for attempt in 1.. {
            match database.execute_unprepared(&sql).await {
                Ok(_) => break,
                Err(error) if attempt < 10 => {
                    let _ = database.execute_unprepared("ROLLBACK").await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    let _ = error;
                }
                Err(error) => panic!("the rows do not come back: {error}"),
            }
        }
    })
    .await;
    empty_streams(config).await;
}

/// Waits until the news of a test has been published and read, and nobody works on it any more.
pub async fn calm(config: &Config) {
    for_each(config, async |database| {
        eventually("every event is published", || async {
            (waiting(database, "outbox WHERE published_at_us = 0").await == 0).then_some(())
        })
        .await;
    })
    .await;
    let (mut connection, streams) = streams::of(config).await;
    for stream in streams {
        let started = Instant::now();
        while !streams::is_finished(&mut connection, &stream).await {
            assert!(started.elapsed() < Duration::from_secs(60), "somebody still works on what {stream} had");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn waiting(database: &DatabaseConnection, of: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS waiting FROM {of}");
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
    row.expect("outbox").expect("row").try_get("", "waiting").expect("count")
}

/// Streams keep their groups: their readers wait in them.
async fn empty_streams(config: &Config) {
    let mut connection = servers::redis_of(&config.redis()).await;
    for stream in streams::keys(config, &mut connection).await {
        let mut trim = redis::cmd("XTRIM");
        trim.arg(&stream).arg("MAXLEN").arg(0);
        // keys of another kind are none of ours to empty
        let _: Result<i64, _> = trim.query_async(&mut connection).await;
    }
}

async fn for_each(config: &Config, task: impl AsyncFn(&DatabaseConnection)) {
    for role in ROLES.into_iter().filter(|role| *role != "gateway") {
        let mut options = sea_orm::ConnectOptions::new(config.database_of(role).url);
        options.max_connections(1).sqlx_logging(false);
        let database = Database::connect(options).await.expect("database");
        task(&database).await;
        database.close().await.expect("closed");
    }
}

async fn tables(database: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename";
    let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await;
    rows.expect("tables").iter().map(|row| row.try_get("", "name").expect("name")).collect()
}

async fn run(database: &DatabaseConnection, sql: &str) {
    database.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
