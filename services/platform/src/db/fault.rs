//! What a database can answer instead of rows.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, ReasonDoc};
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// A database fault, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum DbFault {
    /// Serialisation failure or deadlock: the whole use case may be retried.
    #[error("lost a race in the database")]
    LostRace,
    #[error("database does not answer")]
    Unavailable(#[source] DbErr),
    #[error("pool is closed")]
    Closed,
    #[error("idempotency key was used with another request")]
    KeyReused,
    #[error("stored reply cannot be read")]
    Reply,
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
static INTERNAL: ReasonDoc =
    ReasonDoc::new("INTERNAL", Class::Internal, "系统内部错误", "an internal error; quote the request id");

impl DbFault {
    pub const REASONS: [&'static ReasonDoc; 4] = [&LOST_RACE, &UNAVAILABLE, &KEY_REUSED, &INTERNAL];

    /// Whether an error is a unique-index violation.
    pub fn is_unique(error: &DbErr) -> bool {
        matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
    }
}

impl From<DbErr> for DbFault {
    fn from(error: DbErr) -> DbFault {
        match (&error, sql_state(&error).as_deref()) {
            // PostgreSQL: serialization_failure, deadlock_detected; SQLite: BUSY and its variants
            (_, Some("40001" | "40P01" | "5" | "261" | "517")) => DbFault::LostRace,
            // PostgreSQL: admin shutdown, crash shutdown, cannot connect now, too many connections
            (_, Some("57P01" | "57P02" | "57P03" | "53300")) => DbFault::Unavailable(error),
            (DbErr::Conn(_) | DbErr::ConnectionAcquire(_), _) => DbFault::Unavailable(error),
            (DbErr::Exec(cause) | DbErr::Query(cause), None) if is_io(cause) => DbFault::Unavailable(error),
            _ => DbFault::Internal(error),
        }
    }
}

fn sql_state(error: &DbErr) -> Option<String> {
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
            DbFault::Unavailable(_) | DbFault::Closed => &UNAVAILABLE,
            DbFault::KeyReused => &KEY_REUSED,
            DbFault::Reply | DbFault::Internal(_) => &INTERNAL,
        }
    }
}
