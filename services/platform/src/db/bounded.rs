//! Statements that end: a host that vanishes says nothing, and TCP waits a quarter of an hour for it.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
};

use super::fault::sql_state;
use super::pool::{Pool, Pools};
use crate::deadline;

/// The connection for reading outside a transaction. A statement takes a connection of its own, and ends before the
/// deadline of the running call does: what only reads can be read again.
pub struct Reader(Pools);

impl Reader {
    pub(super) fn new(pools: Pools) -> Reader {
        Reader(pools)
    }

    /// `run` on the present pool.
    async fn bounded<T>(
        &self,
        run: impl AsyncFnOnce(&sea_orm::DatabaseConnection) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let pool = self.0.current();
        let limit = within_the_call(pool.limit());
        bounded(&pool, limit, run(&pool.connection)).await
    }
}

/// A transaction. Its statements may outlive the deadline of the running call, as the use case does; not the limit.
pub struct Tx {
    inner: DatabaseTransaction,
    pool: std::sync::Arc<Pool>,
}

impl Tx {
    pub(super) fn new(inner: DatabaseTransaction, pool: std::sync::Arc<Pool>) -> Tx {
        Tx { inner, pool }
    }

    pub(super) async fn commit(self) -> Result<(), DbErr> {
        let Tx { inner, pool } = self;
        bounded(&pool, pool.limit(), inner.commit()).await
    }

    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        let Tx { inner, pool } = self;
        bounded(&pool, pool.limit(), inner.rollback()).await
    }
}

/// The limit of what can be done again without harm: also a little less than what is left of the running call.
pub(super) fn within_the_call(limit: Option<Duration>) -> Option<Duration> {
    let limit = limit?;
    match deadline::left() {
        // the caller has its answer already: what runs on for its own sake has the ordinary limit
        None | Some(Duration::ZERO) => Some(limit),
        Some(left) => Some(limit.min(left - left / 10)),
    }
}

/// Waits for an answer: at most `limit`, and not longer than the pool is believed to lead somewhere.
pub(super) async fn bounded<T>(
    pool: &Pool,
    limit: Option<Duration>,
    statement: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    let Some(limit) = limit else { return statement.await };
    tokio::select! {
        biased;
        answer = statement => {
            if answer.as_ref().err().is_none_or(|error| sql_state(error).is_some()) {
                pool.heard();
            }
            answer
        }
        () = pool.retired() => Err(silent("given up: the server is silent")),
        () = tokio::time::sleep(limit) => {
            // dropped in the middle: the pool must not take it back before it has said something
            pool.doubt();
            Err(silent("no answer in time"))
        }
    }
}

fn silent(text: &str) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(text.to_owned()))
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.0.backend()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.bounded(async |connection| connection.execute_raw(stmt).await).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.bounded(async |connection| connection.execute_unprepared(sql).await).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.bounded(async |connection| connection.query_one_raw(stmt).await).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.bounded(async |connection| connection.query_all_raw(stmt).await).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        bounded(&self.pool, self.pool.limit(), self.inner.execute_raw(stmt)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        bounded(&self.pool, self.pool.limit(), self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        bounded(&self.pool, self.pool.limit(), self.inner.query_one_raw(stmt)).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        bounded(&self.pool, self.pool.limit(), self.inner.query_all_raw(stmt)).await
    }
}
