//! The harness: real PostgreSQL and Redis children, whole installations in three shapes, captured logs.
//!
//! Test code, so it may panic: a failed set-up is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod audit;
pub mod certificates;
pub mod clock;
pub mod door;
pub mod front;
pub mod fuzz;
pub mod logs;
pub mod points;
pub mod processes;
pub mod secured;
pub mod servers;
mod shelf;
pub mod streams;
pub mod world;

pub use world::{Shape, World};

/// One behaviour, tested in both single-process shapes: embedded SQLite, and PostgreSQL with Redis.
///
/// `behaviour!(everywhere name)` adds the third shape: two processes of every role inside mutual TLS. `servers` means the
/// two shapes with PostgreSQL and Redis, `own` the single-process ones in worlds that the file's `run` makes. Whatever leaves
/// the processes out says why in the line above it. `name` is an `async fn name(world: &mut World)` beside it.
#[macro_export]
macro_rules! behaviour {
    ($name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::world::run($crate::Shape::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::world::run($crate::Shape::Postgres, super::$name).await;
            }
        }
    };
    (everywhere $name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::world::run($crate::Shape::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::world::run($crate::Shape::Postgres, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn as_processes() {
                $crate::world::run($crate::Shape::Processes, super::$name).await;
            }
        }
    };
    (own $name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::run($crate::Shape::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::run($crate::Shape::Postgres, super::$name).await;
            }
        }
    };
    (servers $name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::world::run($crate::Shape::Postgres, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn as_processes() {
                $crate::world::run($crate::Shape::Processes, super::$name).await;
            }
        }
    };
    (sqlite $name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::world::run($crate::Shape::Sqlite, super::$name).await;
            }
        }
    };
    (postgres $name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::world::run($crate::Shape::Postgres, super::$name).await;
            }
        }
    };
    (processes $name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn as_processes() {
                $crate::world::run($crate::Shape::Processes, super::$name).await;
            }
        }
    };
}

/// A test in both shapes with PostgreSQL and Redis that starts its world itself, on servers of its own: an
/// `async fn name(shape: Shape)` beside it.
#[macro_export]
macro_rules! on_own_servers {
    ($name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$name($crate::Shape::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn as_processes() {
                super::$name($crate::Shape::Processes).await;
            }
        }
    };
}

/// Looks until `look` finds something; fails after a minute. For what workers and events do in their own time.
#[track_caller]
pub fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = T> {
    eventually_or(what, move || {
        let found = look();
        async move { found.await.ok_or("nothing") }
    })
}

/// [`eventually`] for those who can tell what they saw instead.
#[track_caller]
pub fn eventually_or<T, E: std::fmt::Debug, F: Future<Output = Result<T, E>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = T> {
    let at = std::panic::Location::caller();
    async move {
        let started = std::time::Instant::now();
        loop {
            let instead = match look().await {
                Ok(found) => return found,
                Err(instead) => instead,
            };
            assert!(started.elapsed() < DEADLINE, "{at}: it never happened that {what}, but {instead:?}");
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        }
    }
}

/// Patience of [`eventually`]; far above what anything takes on a busy machine.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
