//! One database per service: SQLite in one process, PostgreSQL in production, the same statements on both.
//!
//! Invariant: the idempotency row, the business rows and the outbox rows of a use case commit in one transaction, the
//! [`Work`]. Nothing else opens transactions.

mod bounded;
mod fault;
mod gate;
mod group;
pub mod inbox;
pub mod outbox;
mod pool;
mod probe;
pub mod relay;
#[cfg(test)]
mod relay_tests;
mod snapshot;
pub mod sql;
#[cfg(test)]
mod tests;
pub mod together;
pub mod wide;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::sync::{Notify, Semaphore, watch};

use crate::bus::Event;
use crate::call::CallMeta;
use crate::cipher::Cipher;
use crate::clock::SharedClock;
use crate::ids::Ids;
use crate::migrate::{self, Migration};
use crate::sealed::SealedTable;
use crate::sealed::proof::{self, KeyFault};
use pool::Pools;
use probe::Probe;

pub use bounded::{Reader, Tx};
pub use fault::DbFault;
pub use gate::{DbState, Gate};
pub use group::{Known, Reply, Told, key_of};
pub use snapshot::Snapshot;
pub(crate) use work::REPLY;
pub use work::{Begun, Work};

/// How to reach a database.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// `sqlite:///path/file.db` or `postgres://…`.
    pub url: String,
    pub max_connections: u32,
    pub acquire_timeout: Duration,
    /// PostgreSQL ends a statement that takes longer, and a transaction that does nothing for twice as long; five seconds
    /// later it is given up here, answered or not. Zero: never.
    pub statement_timeout: Duration,
}

impl DbOptions {
    pub fn new(url: impl Into<String>) -> DbOptions {
        DbOptions {
            url: url.into(),
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::ZERO,
        }
    }
}

/// Connections of one process to one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    pub idle: u32,
    pub used: u32,
}

/// The database of one service; cheap to clone.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    reader: Arc<Reader>,
    // for looks at the health of PostgreSQL: a busy pool is not a database that is away
    probe: Option<Arc<Probe>>,
    // SQLite has one writer: waiting here is fair, waiting in its busy handler is not
    writer: Option<Arc<Semaphore>>,
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub cipher: Cipher,
    pub clock: SharedClock,
    pub ids: Ids,
    /// Rung after a commit that wrote to the outbox.
    pub outbox_bell: Notify,
    pub state: watch::Sender<DbState>,
    /// The last look had no answer.
    pub silent: AtomicBool,
    /// The data keys were found to be those of this database.
    pub proven: AtomicBool,
}

impl Db {
    /// Prepares the pool. A SQLite file is opened at once; PostgreSQL may be away, and is connected to when it is needed.
    /// A URL that cannot be read is an error either way.
    pub async fn connect(options: &DbOptions, cipher: Cipher, clock: SharedClock) -> Result<Db, DbFault> {
        let sqlite = options.url.starts_with("sqlite:");
        let pools = Pools::open(options).await?;
        let reader = Arc::new(Reader::new(pools.clone()));
        let probe = match sqlite {
            true => None,
            false => Some(Arc::new(Probe::connect(options).await?)),
        };
        let writer = sqlite.then(|| Arc::new(Semaphore::new(1)));
        let (state, _) = watch::channel(DbState::Unknown);
        let shared = Shared {
            cipher,
            clock,
            ids: Ids,
            outbox_bell: Notify::new(),
            state,
            silent: false.into(),
            proven: false.into(),
        };
        Ok(Db { pools, reader, probe, writer, shared: Arc::new(shared) })
    }

    /// Runs the platform's and the service's pending migrations, one runner at a time; answers the names of those it ran.
    pub async fn migrate(&self, migrations: &'static [Migration]) -> Result<Vec<&'static str>, DbFault> {
        migrate::run(self, migrations).await
    }

    /// How many migrations are pending; a service with any is not ready. Asked beside the pool.
    pub async fn pending_migrations(&self, migrations: &'static [Migration]) -> Result<usize, DbFault> {
        match &self.probe {
            Some(probe) => probe.pending(migrations).await,
            None => migrate::pending(&self.pools.current().connection, migrations).await,
        }
    }

    /// Looks whether the database can be used, and tells those who wait for that. One look without an answer is not yet an
    /// outage: a moment of load must not empty every endpoint at once. Before the first use the data keys are held against
    /// those that sealed what is in `sealed`.
    pub async fn look(&self, migrations: &'static [Migration], sealed: &'static [SealedTable]) -> DbState {
        let began = Instant::now();
        let state = match self.pending_migrations(migrations).await {
            Ok(0) => self.keys(sealed).await,
            Ok(pending) => DbState::Pending(pending),
            Err(fault @ (DbFault::Unavailable(_) | DbFault::Silent)) => DbState::Away(fault.cause()),
            Err(fault) => DbState::Broken(fault.cause()),
        };
        if matches!(state, DbState::Away(_))
            && let Err(fault) = self.pools.found_silence(began).await
        {
            tracing::debug!("no new pool: {}", fault.cause());
        }
        let was_silent = self.shared.silent.swap(matches!(state, DbState::Away(_)), Ordering::SeqCst);
        if matches!(state, DbState::Away(_)) && !was_silent && self.state() == DbState::Ready {
            return DbState::Ready;
        }
        self.shared.state.send_replace(state.clone());
        state
    }

    async fn keys(&self, sealed: &'static [SealedTable]) -> DbState {
        if self.shared.proven.load(Ordering::SeqCst) {
            return DbState::Ready;
        }
        match proof::prove(self, sealed).await {
            Ok(()) => {
                self.shared.proven.store(true, Ordering::SeqCst);
                DbState::Ready
            }
            Err(KeyFault::Db(fault @ (DbFault::Internal(_) | DbFault::Reply))) => {
                DbState::Broken(fault.cause())
            }
            Err(KeyFault::Db(fault)) => DbState::Away(fault.cause()),
            Err(fault) => DbState::Broken(fault.to_string()),
        }
    }

    /// What the last look found.
    pub fn state(&self) -> DbState {
        self.shared.state.borrow().clone()
    }

    /// Open while the database can be used.
    pub fn gate(&self) -> Gate {
        Gate::new(&self.shared.state)
    }

    /// For reading outside a transaction.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    pub fn backend(&self) -> DbBackend {
        self.pools.backend()
    }

    /// How many connections are open, without asking the database.
    pub fn pool(&self) -> Pool {
        let (idle, used) = self.pools.current().counts();
        Pool { idle, used }
    }

    /// Closes every connection; all clones of this database are of no use afterwards.
    pub async fn close(&self) {
        self.pools.close().await;
        if let Some(probe) = &self.probe {
            probe.close().await;
        }
    }

    /// Claims the call's idempotency key and opens a unit of work, or hands back the stored reply of the same call.
    ///
    /// A concurrent twin waits on the key's unique index. The same key with another body is `IDEMPOTENCY_KEY_REUSED`.
    pub async fn begin<R: serde::de::DeserializeOwned>(&self, meta: &CallMeta) -> Result<Begun<R>, DbFault> {
        let work = self.begin_step().await?;
        work.claim(meta).await
    }

    /// Opens a unit of work for a worker's step: no idempotency key, the step's own guards make it happen once.
    pub async fn begin_step(&self) -> Result<Work, DbFault> {
        let permit = match &self.writer {
            // the semaphore is never closed
            Some(writer) => Some(writer.clone().acquire_owned().await.map_err(|_| DbFault::Closed)?),
            None => None,
        };
        Ok(Work::new(self.bounded_transaction().await?, permit, self.shared.clone()))
    }

    /// Opens a unit of work for an event, or `None` when this consumer has handled the event before.
    pub async fn begin_event(&self, consumer: &str, event: &Event) -> Result<Option<Work>, DbFault> {
        let work = self.begin_step().await?;
        let fresh = inbox::claim(work.tx(), consumer, &event.id, self.shared.clock.now()).await?;
        if !fresh {
            crate::bus::note_repeated();
        }
        Ok(fresh.then_some(work))
    }

    /// Nothing is done before it has begun, so it need not wait longer than its call.
    async fn bounded_transaction(&self) -> Result<Tx, DbFault> {
        let pool = self.pools.current();
        let begun = pool.connection.begin_with_options(self.transaction_options());
        let tx = bounded::bounded(&pool, bounded::within_the_call(pool.limit()), begun).await?;
        Ok(Tx::new(tx, pool))
    }

    /// Without a limit, for migrations.
    pub(crate) async fn transaction(&self) -> Result<DatabaseTransaction, DbFault> {
        Ok(self.pools.current().connection.begin_with_options(self.transaction_options()).await?)
    }

    fn transaction_options(&self) -> TransactionOptions {
        // a deferred SQLite transaction fails at its first write when another one wrote meanwhile
        let mode = self.writer.is_some().then_some(SqliteTransactionMode::Immediate);
        TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() }
    }
}
