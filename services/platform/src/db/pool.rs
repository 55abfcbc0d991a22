//! The pool of a database, and its replacement when every connection has gone silent.
//!
//! A host that vanishes without a word leaves connections on which nothing fails: statements wait, and so does the pool
//! itself when a connection is given back. So
//!
//! * a statement has a limit ([`super::bounded`]); after one that reached it, connections given back must answer within
//!   [`ANSWER`], or are closed;
//! * a connection that rested must answer within [`ANSWER`] before it is given out, or another is opened;
//! * when a look beside the pool finds silence, and the pool heard nothing meanwhile either, the pool is retired as a
//!   whole: what waits in it ends at once, and what comes next opens connections of its own.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::{PgConnection, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Connection as _};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend};
use tokio_util::sync::CancellationToken;

use super::{DbFault, DbOptions};

/// How long a connection may take for a round trip without a statement.
const ANSWER: Duration = Duration::from_secs(2);
/// A connection in steady use is found broken by its statement, one that rested by a round trip before the next.
const RESTED: Duration = Duration::from_secs(1);
/// A connection whose statement was given up comes back within this time.
const DOUBTFUL: Duration = Duration::from_secs(10);
/// The server ends its own statements first.
const GRACE: Duration = Duration::from_secs(5);
/// For those who asked for no limit.
const NEVER: Duration = Duration::from_secs(365 * 86_400);
const CLOSE: Duration = Duration::from_secs(5);

/// The present pool; cheap to clone.
#[derive(Clone)]
pub(super) struct Pools(Arc<Inner>);

struct Inner {
    options: DbOptions,
    backend: DbBackend,
    current: RwLock<Arc<Pool>>,
}

/// One generation of connections.
pub(super) struct Pool {
    pub connection: DatabaseConnection,
    /// None where there is no host that could vanish.
    limit: Option<Duration>,
    retired: CancellationToken,
    heard: Mutex<Instant>,
    doubtful: Doubt,
}

/// Until when connections that are given back must answer.
type Doubt = Arc<Mutex<Option<Instant>>>;

impl Pools {
    pub async fn open(options: &DbOptions) -> Result<Pools, DbFault> {
        let first = Pool::open(options).await?;
        let backend = first.connection.get_database_backend();
        Ok(Pools(Arc::new(Inner {
            options: options.clone(),
            backend,
            current: RwLock::new(Arc::new(first)),
        })))
    }

    pub fn current(&self) -> Arc<Pool> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn backend(&self) -> DbBackend {
        self.0.backend
    }

    /// Told by a look that found silence and began at `since`: retires the pool when it is stuck as well. A pool that was
    /// answered meanwhile is only slow, one without a connection in use has nothing that could hang.
    pub async fn found_silence(&self, since: Instant) -> Result<(), DbFault> {
        let old = self.current();
        if old.limit.is_none() || old.counts().1 == 0 || since <= old.heard_at() {
            return Ok(());
        }
        let fresh = Arc::new(Pool::open(&self.0.options).await?);
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        old.retired.cancel();
        tracing::info!("the database is silent: connections given up");
        // those that still wait for a word end with TCP's patience; nobody waits for them
        drop(tokio::spawn(async move { old.connection.close_by_ref().await }));
        Ok(())
    }

    /// Closes every connection that can be closed.
    pub async fn close(&self) {
        // an error here is a connection that is gone already, silence one whose host is
        let _ = tokio::time::timeout(CLOSE, self.current().connection.close_by_ref()).await;
    }
}

impl Pool {
    async fn open(options: &DbOptions) -> Result<Pool, DbFault> {
        let sqlite = options.url.starts_with("sqlite:");
        let doubtful = Doubt::default();
        let connection = Database::connect(match sqlite {
            true => sqlite_pool(options),
            false => postgres_pool(options, doubtful.clone()),
        })
        .await?;
        let limit = match options.statement_timeout {
            Duration::ZERO => NEVER,
            timeout => timeout + GRACE,
        };
        Ok(Pool {
            connection,
            limit: (!sqlite).then_some(limit),
            retired: CancellationToken::new(),
            heard: Mutex::new(Instant::now()),
            doubtful,
        })
    }

    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Returns when the pool is retired.
    pub async fn retired(&self) {
        self.retired.cancelled().await;
    }

    /// The server has answered.
    pub fn heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn heard_at(&self) -> Instant {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A statement was given up: its connection is about to come back.
    pub fn doubt(&self) {
        let until = Instant::now() + DOUBTFUL;
        *self.doubtful.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Connections: idle ones, and those in use.
    pub fn counts(&self) -> (u32, u32) {
        let (open, idle) = match self.connection.get_database_backend() {
            DbBackend::Postgres => {
                let pool = self.connection.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            DbBackend::Sqlite => {
                let pool = self.connection.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
            _ => (0, 0),
        };
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        (idle, open.saturating_sub(idle))
    }
}

/// One connection that is there before anything is asked, with the settings of the pool's.
pub fn single(options: &DbOptions) -> ConnectOptions {
    let mut connect = match options.url.starts_with("sqlite:") {
        true => sqlite_pool(options),
        false => postgres_pool(options, Doubt::default()),
    };
    connect.connect_lazy(false).max_connections(1);
    connect
}

fn common(options: &DbOptions) -> ConnectOptions {
    let mut connect = ConnectOptions::new(&options.url);
    connect
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .sqlx_logging(false)
        .test_before_acquire(false);
    connect
}

fn sqlite_pool(options: &DbOptions) -> ConnectOptions {
    let mut connect = common(options);
    connect.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
    });
    connect
}

fn postgres_pool(options: &DbOptions, doubtful: Doubt) -> ConnectOptions {
    let mut connect = common(options);
    connect.connect_lazy(true);
    let timeout = options.statement_timeout.as_millis();
    connect.map_sqlx_postgres_opts(move |postgres| {
        postgres.options([
            ("statement_timeout", timeout.to_string()),
            // what a replica that was cut off had locked is free again
            ("idle_in_transaction_session_timeout", (timeout * 2).to_string()),
        ])
    });
    connect.map_sqlx_postgres_pool_opts(move |pool: PgPoolOptions| {
        let doubtful = doubtful.clone();
        pool.before_acquire(|connection, meta| {
            Box::pin(async move { Ok(meta.idle_for < RESTED || answers(connection).await) })
        })
        .after_release(move |connection, _| {
            let until = *doubtful.lock().unwrap_or_else(PoisonError::into_inner);
            let doubted = until.is_some_and(|until| Instant::now() < until);
            Box::pin(async move { Ok(!doubted || answers(connection).await) })
        })
    });
    connect
}

async fn answers(connection: &mut PgConnection) -> bool {
    let answered: Result<Result<(), sqlx::Error>, _> = tokio::time::timeout(ANSWER, connection.ping()).await;
    matches!(answered, Ok(Ok(())))
}
