//! `liufang migrate`: the pending migrations of the roles.

use std::time::Duration;

use anyhow::{Context as _, Result};
use liufang_platform::config::Config;
use liufang_platform::retry::Retry;
use liufang_platform::{Cipher, Db, DbFault, SharedClock};
use tokio::time::Instant;

use super::roles::{self, Role};

/// Runs the pending migrations of the roles that `config` names; answers their names by role. A database that does not
/// answer is waited for.
pub async fn migrate(
    config: &Config,
    clock: SharedClock,
    patience: Duration,
) -> Result<Vec<(&'static str, Vec<&'static str>)>> {
    std::fs::create_dir_all(&config.data_dir)?;
    let cipher = Cipher::with_keys(&config.crypto.keys());
    let over = Instant::now() + patience;
    let mut done = Vec::new();
    for role in roles::of(config) {
        let db = Db::connect(&config.database_of(role.name), cipher.clone(), clock.clone()).await?;
        let ran = patiently(&db, role, over).await.with_context(|| format!("migrating {}", role.name))?;
        db.close().await;
        done.push((role.name, ran));
    }
    Ok(done)
}

async fn patiently(db: &Db, role: &Role, over: Instant) -> Result<Vec<&'static str>> {
    let mut retry = Retry::new(Duration::from_millis(500), Duration::from_secs(5));
    loop {
        match db.migrate(role.migrations).await {
            Err(fault @ (DbFault::Unavailable(_) | DbFault::Silent)) if Instant::now() < over => {
                let (pause, speak) = retry.failed();
                if speak {
                    tracing::warn!(role = role.name, "database does not answer yet: {}", fault.cause());
                }
                tokio::time::sleep(pause).await;
            }
            other => return Ok(other?),
        }
    }
}
