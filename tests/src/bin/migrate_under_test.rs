//! Runs made-up migrations, the last of them slow, as a process that tests can kill. Argument: the database URL.

use std::io::Write as _;
use std::sync::Arc;

use liufang_platform::db::DbOptions;
use liufang_platform::{Cipher, Db, Migration, SystemClock};

const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_quick", sql: "CREATE TABLE quick (id TEXT PRIMARY KEY);\n" },
    Migration {
        name: "0002_slow",
        sql: "CREATE TABLE slow (id BIGINT PRIMARY KEY);\nINSERT INTO slow (id) VALUES (1);\n\
              SELECT pg_sleep(2);\nINSERT INTO slow (id) VALUES (2);\n",
    },
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::args().nth(1).ok_or_else(|| anyhow::anyhow!("argument: the database URL"))?;
    let cipher = Cipher::new("a secret for tests only, long enough");
    let db = Db::connect(&DbOptions::new(url), cipher, Arc::new(SystemClock)).await?;
    let ran = db.migrate(MIGRATIONS).await?;
    writeln!(std::io::stdout(), "{}", ran.join(" "))?;
    Ok(())
}
