//! Tables of the identity database. The only place that names them, and the only place that seals and opens columns.
//!
//! Every function works on a connection the caller holds: a unit of work to write, the pool to read.

pub mod access;
pub mod certificate;
pub mod code;
pub mod erasure;
pub mod face_proof;
pub mod guardian;
pub mod institution;
pub mod machine;
pub mod mutual_aid;
pub mod open_check;
pub mod person;
pub mod practitioner;
pub mod revocation_list;
pub mod step_event;
pub mod throttle;
pub mod token;
pub mod vault;
pub mod verification;

use liufang_kernel::Date;
use liufang_kernel::timestamp::parse_date;
use liufang_platform::DbFault;
use sea_orm::{DbErr, Statement, Value};

use crate::error::IdentityError;

/// What every function here works on: the pool or a transaction.
pub use sea_orm::ConnectionTrait as Connection;

/// Of rows of which one can stand, whoever comes second loses the race.
fn once<T>(inserted: Result<T, DbErr>) -> Result<(), IdentityError> {
    match inserted {
        Err(error) if DbFault::is_unique(&error) => Err(DbFault::LostRace.into()),
        other => Ok(other.map(drop)?),
    }
}

/// Runs one statement and says how many rows it touched; for guarded updates and claims.
async fn run<C: Connection>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

impl From<DbErr> for IdentityError {
    fn from(error: DbErr) -> IdentityError {
        IdentityError::Db(error.into())
    }
}

/// A stored date; one that cannot be read is a bug, not a refusal.
fn stored_date(text: &str) -> Result<Date, IdentityError> {
    parse_date(text).ok_or(IdentityError::Stored("date"))
}

fn stored_end(text: Option<&str>) -> Result<Option<Date>, IdentityError> {
    text.map(stored_date).transpose()
}

/// A value of a closed list.
fn stored<T>(value: Option<T>) -> Result<T, IdentityError> {
    value.ok_or(IdentityError::Stored("code"))
}
