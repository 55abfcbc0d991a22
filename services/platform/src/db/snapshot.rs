//! A look at a database as it stood at one moment: read only, consistent with itself while others write.
//!
//! For operators' commands. Nothing that serves calls uses it.

use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, IsolationLevel,
    QueryResult, Statement, TransactionOptions, TransactionTrait as _, Value,
};

use super::{DbFault, DbOptions, pool};
use crate::migrate::{self, Migration};

/// A sum over a big table takes longer than a call may.
const STATEMENT: Duration = Duration::from_secs(3_600);

/// The open look. Dropping it ends it; nothing was changed.
pub struct Snapshot {
    tx: DatabaseTransaction,
    connection: DatabaseConnection,
}

impl Snapshot {
    /// Opens a read-only transaction on a connection of its own. A SQLite file that is not there stays so.
    ///
    /// # Errors
    /// The database does not answer, or the file cannot be opened.
    pub async fn open(options: &DbOptions) -> Result<Snapshot, DbFault> {
        let sqlite = options.url.starts_with("sqlite:");
        let options = DbOptions { statement_timeout: STATEMENT, ..options.clone() };
        let mut connect = pool::single(&options);
        if sqlite {
            connect.map_sqlx_sqlite_opts(|sqlite| {
                sqlite.read_only(true).create_if_missing(false).busy_timeout(Duration::from_secs(10))
            });
        }
        let connection = Database::connect(connect).await?;
        // one moment for all statements; a deferred SQLite transaction has it by itself
        let options = TransactionOptions {
            isolation_level: (!sqlite).then_some(IsolationLevel::RepeatableRead),
            access_mode: (!sqlite).then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        let tx = connection.begin_with_options(options).await?;
        Ok(Snapshot { tx, connection })
    }

    /// How many migrations this version knows and the database does not have.
    pub async fn pending_migrations(&self, migrations: &'static [Migration]) -> Result<usize, DbFault> {
        migrate::pending(&self.tx, migrations).await
    }

    /// The connection that sees that moment.
    pub fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Runs a query.
    pub async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbFault> {
        let statement = Statement::from_sql_and_values(self.tx.get_database_backend(), sql, values);
        Ok(self.tx.query_all_raw(statement).await?)
    }

    /// Ends the look.
    pub async fn close(self) {
        // it changed nothing; an error here is a connection that is gone already
        let _ = self.tx.rollback().await;
        let _ = self.connection.close().await;
    }
}
