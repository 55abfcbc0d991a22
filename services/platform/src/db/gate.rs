//! Whether a database can be used, as the last look found it ([`crate::health`]).

use tokio::sync::watch;

/// What the last look at a database found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbState {
    /// Nobody has looked yet.
    Unknown,
    /// It does not answer.
    Away(String),
    /// It answers and lacks this many migrations.
    Pending(usize),
    /// It answers, and what it answers is a mistake.
    Broken(String),
    Ready,
}

/// Open while the database can be used; cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate(watch::Receiver<DbState>);

impl Gate {
    pub(super) fn new(state: &watch::Sender<DbState>) -> Gate {
        Gate(state.subscribe())
    }

    /// A gate that is always open, for what has no database.
    pub fn opened() -> Gate {
        Gate(watch::channel(DbState::Ready).1)
    }

    pub fn is_open(&self) -> bool {
        *self.0.borrow() == DbState::Ready
    }

    /// Waits until the database can be used.
    pub async fn wait(&self) {
        let mut state = self.0.clone();
        if state.wait_for(|state| *state == DbState::Ready).await.is_err() {
            // the database was dropped: it never will be
            std::future::pending::<()>().await;
        }
    }
}
