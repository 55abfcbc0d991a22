//! One connection to PostgreSQL beside the pool, for looks at its health.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::{DbFault, DbOptions};
use crate::migrate::{self, Migration};

/// A look waits this long for a connection.
const TIMEOUT: Duration = Duration::from_secs(2);
/// And this long altogether: calls that wait for a silent server shall hear of it before their deadline.
const LOOK: Duration = Duration::from_secs(3);

pub(super) struct Probe {
    options: ConnectOptions,
    connection: Mutex<DatabaseConnection>,
}

impl Probe {
    /// Does not connect yet.
    pub async fn connect(options: &DbOptions) -> Result<Probe, DbFault> {
        let mut connect = ConnectOptions::new(&options.url);
        connect
            .max_connections(1)
            .acquire_timeout(TIMEOUT)
            .sqlx_logging(false)
            .test_before_acquire(false)
            .connect_lazy(true);
        let connection = Mutex::new(Database::connect(connect.clone()).await?);
        Ok(Probe { options: connect, connection })
    }

    /// Closes the connection, when it can be closed.
    pub async fn close(&self) {
        let connection = self.connection();
        let _ = tokio::time::timeout(TIMEOUT, connection.close_by_ref()).await;
    }

    fn connection(&self) -> DatabaseConnection {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn pending(&self, migrations: &'static [Migration]) -> Result<usize, DbFault> {
        let connection = self.connection();
        let looked = tokio::time::timeout(LOOK, migrate::pending(&connection, migrations)).await;
        let looked = looked.unwrap_or(Err(DbFault::Silent));
        if looked.is_err() {
            // a connection to a host that is gone may hang for a quarter of an hour; the next look has another
            let fresh = Database::connect(self.options.clone()).await?;
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
            drop(tokio::spawn(async move { connection.close_by_ref().await }));
        }
        looked
    }
}
