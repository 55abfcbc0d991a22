//! Forward-only migrations in portable SQL.
//!
//! Each runs in one transaction together with its mark, under a lock: of two runners one waits and then finds it done, and
//! a runner that is killed leaves nothing behind. Marks of migrations that this version does not know are left alone: the
//! replicas of the old version go on while a newer one is rolled out.

use std::collections::HashSet;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::db::{Db, DbFault};

/// One migration of a service. Names sort by number; a landed one never changes.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub name: &'static str,
    /// Statements separated by `;` at line ends. `BYTEA` becomes `BLOB` on SQLite.
    pub sql: &'static str,
}

/// Tables every service database has.
const PLATFORM: &[Migration] = &[
    Migration { name: "0000_platform", sql: include_str!("migrate/0000_platform.sql") },
    Migration { name: "0000_platform_published", sql: include_str!("migrate/0000_platform_published.sql") },
    Migration { name: "0000_platform_sealed", sql: include_str!("migrate/0000_platform_sealed.sql") },
];

/// Marks of what was run. The name is that of a known tool, whose installations it can take over.
const MARKS: &str = "seaql_migrations";
/// Of PostgreSQL's advisory locks, which are per database: "liufang" in ASCII.
const LOCK: i64 = 0x6c_6975_6661_6e67;
/// A change of a table waits this long for those who use it; meanwhile they all wait behind it, so not longer.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '5s'";
const TRIES: usize = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// Runs what is pending; answers the names.
pub(crate) async fn run(db: &Db, migrations: &'static [Migration]) -> Result<Vec<&'static str>, DbFault> {
    let applied = applied_patiently(db).await?;
    let mut done = Vec::new();
    for migration in all(migrations).filter(|migration| !applied.contains(migration.name)) {
        if apply_patiently(db, migration).await? {
            done.push(migration.name);
        }
    }
    Ok(done)
}

/// How many are pending.
pub(crate) async fn pending(
    connection: &impl ConnectionTrait,
    migrations: &'static [Migration],
) -> Result<usize, DbFault> {
    let applied = applied(connection).await?;
    Ok(all(migrations).filter(|migration| !applied.contains(migration.name)).count())
}

fn all(migrations: &'static [Migration]) -> impl Iterator<Item = &'static Migration> {
    PLATFORM.iter().chain(migrations)
}

/// A table in steady use gives its lock between two transactions, not always at the first try.
async fn apply_patiently(db: &Db, migration: &'static Migration) -> Result<bool, DbFault> {
    for _ in 1..TRIES {
        match apply(db, migration).await {
            Err(DbFault::LostRace) => tokio::time::sleep(PAUSE).await,
            other => return other,
        }
    }
    apply(db, migration).await
}

/// SQLite refuses to read a file that another runner is just making.
async fn applied_patiently(db: &Db) -> Result<HashSet<String>, DbFault> {
    for _ in 1..TRIES {
        match applied(db.read()).await.map_err(DbFault::from) {
            Err(DbFault::LostRace) => tokio::time::sleep(PAUSE).await,
            other => return other,
        }
    }
    Ok(applied(db.read()).await?)
}

/// False when another runner was faster.
async fn apply(db: &Db, migration: &'static Migration) -> Result<bool, DbFault> {
    // on SQLite the transaction itself is the lock
    let tx = db.transaction().await?;
    let sqlite = db.backend() == DbBackend::Sqlite;
    if !sqlite {
        tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        tx.execute_unprepared(LOCK_TIMEOUT).await?;
    }
    let table = format!(
        "CREATE TABLE IF NOT EXISTS {MARKS} (version VARCHAR NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)"
    );
    tx.execute_unprepared(&table).await?;
    if applied(&tx).await?.contains(migration.name) {
        return Ok(false);
    }
    for statement in statements(migration.sql) {
        let text = if sqlite { statement.replace(" BYTEA", " BLOB") } else { statement };
        tx.execute_unprepared(&text).await?;
    }
    let mark = Statement::from_sql_and_values(
        db.backend(),
        format!("INSERT INTO {MARKS} (version, applied_at) VALUES ($1, $2)"),
        [migration.name.into(), db.shared.clock.now().seconds().into()],
    );
    tx.execute_raw(mark).await?;
    tx.commit().await?;
    Ok(true)
}

async fn applied(connection: &impl ConnectionTrait) -> Result<HashSet<String>, DbErr> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DbBackend::Sqlite => format!("SELECT COUNT(*) AS n FROM sqlite_master WHERE name = '{MARKS}'"),
        _ => format!("SELECT COUNT(to_regclass('{MARKS}')) AS n"),
    };
    let row = connection.query_one_raw(Statement::from_string(backend, exists)).await?;
    let exists: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    if exists == 0 {
        return Ok(HashSet::new());
    }
    let select = Statement::from_string(backend, format!("SELECT version FROM {MARKS}"));
    let rows = connection.query_all_raw(select).await?;
    rows.into_iter().map(|row| row.try_get("", "version")).collect()
}

/// Statements without comment lines.
fn statements(sql: &str) -> Vec<String> {
    let code: Vec<&str> = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let code = code.join("\n");
    code.split(";\n")
        .map(|part| part.trim().trim_end_matches(';').to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}
