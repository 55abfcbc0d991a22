//! What a database can answer instead of rows.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, INTERNAL, ReasonDoc};
use sea_orm::{DbErr, RuntimeErr, SqlErr};

use crate::causes;
use crate::cipher::CipherError;

/// A database fault, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum DbFault {
    /// Serialisation failure or deadlock: the whole use case may be retried.
    #[error("lost a race in the database")]
    LostRace,
    #[error("database does not answer")]
    Unavailable(#[source] DbErr),
    #[error("database does not answer")]
    Silent,
    #[error("pool is closed")]
    Closed,
    #[error("idempotency key was used with another request")]
    KeyReused,
    #[error("stored reply cannot be read")]
    Reply,
    #[error("stored reply cannot be read: {0}")]
    Sealed(CipherError),
    #[error("database error")]
    Internal(#[source] DbErr),
}

static LOST_RACE: ReasonDoc = ReasonDoc::new(
    "LOST_RACE",
    Class::Aborted,
    "并发冲突，请以同一幂等键重试",
    "lost a race; retry under the same key",
);
static UNAVAILABLE: ReasonDoc = ReasonDoc::new(
    "DATABASE_UNAVAILABLE",
    Class::Unavailable,
    "数据库暂时不可用，请稍后以同一幂等键重试",
    "the database does not answer; retry later under the same key",
);
static KEY_REUSED: ReasonDoc = ReasonDoc::new(
    "IDEMPOTENCY_KEY_REUSED",
    Class::AlreadyExists,
    "幂等键已用于另一请求",
    "the idempotency key was used with another request body",
);

impl DbFault {
    pub const REASONS: [&'static ReasonDoc; 4] = [&LOST_RACE, &UNAVAILABLE, &KEY_REUSED, &INTERNAL];

    /// What lies under the fault, for a log or a person; no statement, no value.
    pub fn cause(&self) -> String {
        causes::root(self)
    }

    /// Whether an error is a unique-index violation.
    pub fn is_unique(error: &DbErr) -> bool {
        matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
    }
}

impl From<DbErr> for DbFault {
    fn from(error: DbErr) -> DbFault {
        match (&error, sql_state(&error).as_deref()) {
            // PostgreSQL: serialization_failure, deadlock_detected, lock_not_available; SQLite: BUSY and its variants
            (_, Some("40001" | "40P01" | "55P03" | "5" | "261" | "517")) => DbFault::LostRace,
            // PostgreSQL: statement timeout, admin shutdown, crash shutdown, cannot connect now, too many connections,
            // idle in transaction for too long, a standby that was the primary, connection exceptions
            (_, Some("57014" | "57P01" | "57P02" | "57P03" | "53300" | "25P03" | "25006")) => {
                DbFault::Unavailable(error)
            }
            (_, Some(state)) if state.len() == 5 && state.starts_with("08") => DbFault::Unavailable(error),
            (DbErr::Conn(_) | DbErr::ConnectionAcquire(_), _) => DbFault::Unavailable(error),
            (DbErr::Exec(cause) | DbErr::Query(cause), None) if is_io(cause) => DbFault::Unavailable(error),
            _ => DbFault::Internal(error),
        }
    }
}

/// The server's own word for an error; none when it is not the server's.
pub(super) fn sql_state(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(cause) | DbErr::Query(cause) | DbErr::Conn(cause)) = error else { return None };
    let RuntimeErr::SqlxError(error) = cause else { return None };
    error.as_database_error()?.code().map(Cow::into_owned)
}

fn is_io(cause: &RuntimeErr) -> bool {
    use sea_orm::sqlx::Error;
    matches!(cause, RuntimeErr::SqlxError(error)
        if matches!(**error, Error::Io(_) | Error::PoolTimedOut | Error::PoolClosed | Error::Protocol(_)))
}

impl Fault for DbFault {
    fn doc(&self) -> &ReasonDoc {
        match self {
            DbFault::LostRace => &LOST_RACE,
            DbFault::Unavailable(_) | DbFault::Silent | DbFault::Closed => &UNAVAILABLE,
            DbFault::KeyReused => &KEY_REUSED,
            DbFault::Reply | DbFault::Sealed(_) | DbFault::Internal(_) => &INTERNAL,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            DbFault::Unavailable(_) | DbFault::Silent | DbFault::Closed => 1_000,
            _ => 100,
        }
    }
}
