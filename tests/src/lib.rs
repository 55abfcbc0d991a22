//! The harness: real PostgreSQL and Redis children, whole installations in three shapes, captured logs.
//!
//! Test code, so it may panic: a failed set-up is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod logs;
pub mod processes;
pub mod servers;
pub mod world;

pub use world::{Shape, World};

/// One behaviour, tested in both single-process shapes: embedded SQLite, and PostgreSQL with Redis.
///
/// `behaviour!(everywhere name, ...)` adds the third shape, every role a process of its own.
#[macro_export]
macro_rules! behaviour {
    ($name:ident, $body:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::world::run($crate::Shape::Sqlite, $body).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::world::run($crate::Shape::Postgres, $body).await;
            }
        }
    };
    (everywhere $name:ident, $body:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::world::run($crate::Shape::Sqlite, $body).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::world::run($crate::Shape::Postgres, $body).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn as_processes() {
                $crate::world::run($crate::Shape::Processes, $body).await;
            }
        }
    };
}
