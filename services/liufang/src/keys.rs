//! `liufang keys`: which data keys the rows of each role may need, and whether the configuration has them.

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use liufang_platform::config::Config;
use liufang_platform::db::Snapshot;
use liufang_platform::sealed::{self, KeyUse};

use crate::compose::{self, Role};

/// Writes a line for every key of every role; answers whether every key that is needed is configured.
///
/// # Errors
/// A database is away or has another schema.
pub async fn run(config: &Config, out: &mut impl Write) -> Result<bool> {
    let cipher = Cipher::with_keys(&config.crypto.keys());
    let mut complete = true;
    for role in compose::roles_of(config) {
        for key in look(config, role).await.with_context(|| format!("role {}", role.name))? {
            // the key of the indexes has no version
            let Some(version) = u32::try_from(key.version).ok().filter(|version| *version != 0) else {
                continue;
            };
            let known = cipher.knows(version);
            complete &= known || key.unused_since_us != 0;
            writeln!(out, "{}", line(role.name, version, &key, known, cipher.present()))?;
        }
    }
    Ok(complete)
}

fn line(role: &str, version: u32, key: &KeyUse, known: bool, present: u32) -> String {
    let what = match (key.unused_since_us, known) {
        (0, true) if version == present => "seals".to_owned(),
        (0, true) => "in use".to_owned(),
        (0, false) => "in use, NOT CONFIGURED".to_owned(),
        (since, _) => format!("unused since {}", Timestamp(since)),
    };
    format!("{role} version {version}: {what}")
}

async fn look(config: &Config, role: &Role) -> Result<Vec<KeyUse>> {
    let look = Snapshot::open(&config.database_of(role.name)).await?;
    if look.pending_migrations(role.migrations).await? != 0 {
        bail!("migrations are pending");
    }
    let keys = sealed::keys(&look).await?;
    look.close().await;
    Ok(keys)
}
