//! Resumable server streams over a table with growing sequence numbers.

use std::time::Duration;

use futures::Stream;
use liufang_kernel::Fault;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::status::to_status;

/// A response stream of `M`.
pub type ResponseStream<M> = std::pin::Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// How many messages wait for a slow reader before the table is no longer read for it. Each reader has a task of its own,
/// so a slow one holds up nobody else.
const BUFFER: usize = 64;

/// Sends the rows after `after`, then new ones as they come, in order, without gaps or duplicates.
///
/// `read(after)` answers the next rows with their sequence, oldest first. With `stop_at_end` the stream ends when no row
/// is left; otherwise it looks again every `interval` until the reader goes away.
pub fn tail<M, R, F, E>(stop_at_end: bool, interval: Duration, read: R, after: i64) -> ResponseStream<M>
where
    M: Send + 'static,
    R: Fn(i64) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<(i64, M)>, E>> + Send,
    E: Fault,
{
    let (sender, receiver) = mpsc::channel(BUFFER);
    tokio::spawn(async move {
        let mut after = after;
        loop {
            let rows = match read(after).await {
                Ok(rows) => rows,
                Err(fault) => {
                    let _ = sender.send(Err(to_status(&fault, None))).await;
                    return;
                }
            };
            if rows.is_empty() {
                if stop_at_end {
                    return;
                }
                tokio::select! { () = tokio::time::sleep(interval) => {} () = sender.closed() => return }
            }
            for (sequence, message) in rows {
                after = sequence;
                if sender.send(Ok(message)).await.is_err() {
                    return;
                }
            }
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use futures::StreamExt as _;

    use super::*;
    use crate::AuthFault;

    const LAST: i64 = 1_000;

    /// A reader of a table of [`LAST`] rows, and how many times the table was read for it.
    fn reader() -> (ResponseStream<i64>, Arc<AtomicI64>) {
        let reads = Arc::new(AtomicI64::new(0));
        let counted = reads.clone();
        let read = move |after: i64| {
            counted.fetch_add(1, Ordering::SeqCst);
            let rows = (after + 1..=LAST.min(after + 200)).map(|row| (row, row));
            let rows: Vec<(i64, i64)> = rows.collect();
            async move { Ok::<_, AuthFault>(rows) }
        };
        (tail(true, Duration::from_millis(1), read, 0), reads)
    }

    #[tokio::test]
    async fn a_slow_reader_holds_up_nobody_else_and_misses_nothing() {
        let all: Vec<i64> = (1..=LAST).collect();
        let (mut slow, looked) = reader();
        assert_eq!(slow.next().await.and_then(Result::ok), Some(1));
        // it reads no further, and others come and go
        for _ in 0..20 {
            let (quick, _) = reader();
            let rows: Vec<i64> = quick.filter_map(|row| async move { row.ok() }).collect().await;
            assert_eq!(rows, all);
        }
        assert_eq!(looked.load(Ordering::SeqCst), 1, "the table is not read for a reader that does not read");
        let rest: Vec<i64> = slow.filter_map(|row| async move { row.ok() }).collect().await;
        assert_eq!(rest, all[1..]);
    }
}
