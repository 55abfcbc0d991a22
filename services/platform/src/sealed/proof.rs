//! Whether the configured keys are those of the database: asked before its first use, since a wrong key is found out by rows
//! that cannot be read, and a wrong key of the indexes by nothing at all.

use sea_orm::{ConnectionTrait, QueryResult, Statement};

use super::{PLATFORM, SealedTable};
use crate::cipher::{Cipher, KeyVersion, version_of};
use crate::db::{Db, DbFault};

/// What is sealed and indexed as a proof.
const TEXT: &str = "liufang";
const CONTEXT: &str = "data_key.proof";
/// Rows of a table of before that are asked which key sealed them.
const LOOKED_AT: usize = 100;
/// The row of the key of the indexes.
const BLIND: i64 = 0;

/// Why the configured keys cannot be used with this database.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(
        "data key version {0} is not configured and rows may still need it: put it back until `liufang keys` calls it unused"
    )]
    Missing(i64),
    #[error("data key version {0} is another secret than the one that sealed what is here")]
    OtherSecret(i64),
    #[error(
        "the key of the indexes is another secret than before: nobody would be found (crypto.blind_secret)"
    )]
    OtherBlind,
}

impl From<sea_orm::DbErr> for KeyFault {
    fn from(error: sea_orm::DbErr) -> KeyFault {
        KeyFault::Db(error.into())
    }
}

struct Known {
    version: i64,
    proof: String,
    in_use: bool,
}

/// Holds the configured keys against those of the database, and notes the present one before anything is sealed with it.
pub(crate) async fn prove(db: &Db, sealed: &'static [SealedTable]) -> Result<(), KeyFault> {
    let cipher = &db.shared.cipher;
    let known = known(db).await?;
    for own in &known {
        check(cipher, own)?;
    }
    if known.is_empty() {
        // a database of before: what stands in it is the proof
        for version in met(db, sealed).await? {
            note(db, version).await?;
        }
    }
    if known.iter().all(|own| own.version != BLIND) {
        insert(db, BLIND, cipher.blind(CONTEXT, TEXT)).await?;
    }
    note(db, cipher.present()).await
}

fn check(cipher: &Cipher, own: &Known) -> Result<(), KeyFault> {
    if own.version == BLIND {
        let same = own.proof == cipher.blind(CONTEXT, TEXT);
        return if same { Ok(()) } else { Err(KeyFault::OtherBlind) };
    }
    let known = KeyVersion::try_from(own.version).is_ok_and(|version| cipher.knows(version));
    match (known, own.in_use) {
        (false, true) => Err(KeyFault::Missing(own.version)),
        (false, false) => Ok(()),
        (true, _) if own.proof.is_empty() => Ok(()),
        (true, _) => match cipher.open(CONTEXT, &own.proof) {
            Ok(_) => Ok(()),
            Err(_) => Err(KeyFault::OtherSecret(own.version)),
        },
    }
}

/// Versions of some of the texts in the database, each opened once. The newest rows tell: a column that is hardly ever filled is
/// not looked for through a whole table.
async fn met(db: &Db, sealed: &'static [SealedTable]) -> Result<Vec<KeyVersion>, KeyFault> {
    let cipher = &db.shared.cipher;
    let mut versions = Vec::new();
    for (own, column, context) in columns(sealed) {
        let (table, key) = (own.table, own.key);
        let newest = format!("SELECT {column} AS text FROM {table} ORDER BY {key} DESC LIMIT {LOOKED_AT}");
        let sql = format!("SELECT text FROM ({newest}) AS newest WHERE text <> '' LIMIT 1");
        let row = db.read().query_one_raw(Statement::from_string(db.backend(), sql)).await?;
        let Some(row) = row else { continue };
        let text: String = row.try_get("", "text")?;
        let Some(version) = version_of(&text) else { continue };
        match cipher.open(context, &text) {
            Ok(_) => versions.push(version),
            Err(_) if cipher.knows(version) => return Err(KeyFault::OtherSecret(version.into())),
            Err(_) => return Err(KeyFault::Missing(version.into())),
        }
    }
    versions.sort_unstable();
    versions.dedup();
    Ok(versions)
}

fn columns(
    sealed: &'static [SealedTable],
) -> impl Iterator<Item = (&'static SealedTable, &'static str, &'static str)> {
    let tables = PLATFORM.iter().chain(sealed);
    tables.flat_map(|own| own.columns.iter().map(move |(column, context)| (own, *column, *context)))
}

/// From now on rows may need this version.
pub(super) async fn note(db: &Db, version: KeyVersion) -> Result<(), KeyFault> {
    let proof = db.shared.cipher.seal_as(version, CONTEXT, TEXT).unwrap_or_default();
    insert(db, version.into(), proof).await
}

async fn insert(db: &Db, version: i64, proof: String) -> Result<(), KeyFault> {
    let work = db.begin_step().await?;
    let sql = "INSERT INTO data_key (version, proof, used_at_us, unused_since_us) VALUES ($1, $2, $3, 0) \
               ON CONFLICT (version) DO UPDATE SET used_at_us = excluded.used_at_us, unused_since_us = 0";
    let values = [version.into(), proof.into(), db.shared.clock.now().0.into()];
    work.tx().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    Ok(work.done().await?)
}

async fn known(db: &Db) -> Result<Vec<Known>, KeyFault> {
    let sql = "SELECT version, proof, unused_since_us FROM data_key ORDER BY version";
    let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await?;
    let read = |row: &QueryResult| -> Result<Known, KeyFault> {
        Ok(Known {
            version: row.try_get("", "version")?,
            proof: row.try_get("", "proof")?,
            in_use: row.try_get::<i64>("", "unused_since_us")? == 0,
        })
    };
    rows.iter().map(read).collect()
}
