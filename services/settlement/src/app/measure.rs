//! What the gauges show.

use liufang_kernel::{Fen, Timestamp};
use tokio::sync::Mutex;

use crate::app::App;
use crate::error::SettlementError;
use crate::store;

/// The postings are added up from the first one this often; in between only the new ones are.
const ANEW_SECONDS: i64 = 3_600;

/// The sum of the postings up to a sequence. The ledger only grows, and in order, so that new ones are enough.
#[derive(Default)]
pub struct Sum(Mutex<Known>);

#[derive(Default)]
struct Known {
    sequence: i64,
    sum: Fen,
    begun: Timestamp,
}

impl App {
    /// Age of the oldest payment whose outcome is not known; 0 for none.
    pub async fn pending_oldest_seconds(&self) -> Result<i64, SettlementError> {
        let oldest = store::payment::oldest_pending(self.db.read()).await?;
        let now = self.clock.now();
        Ok(oldest.map_or(0, |since| now.seconds().saturating_sub(since.seconds()).max(0)))
    }

    /// By how much all postings, or all balances, miss zero.
    pub async fn ledger_imbalance_fen(&self, sum: &Sum) -> Result<i64, SettlementError> {
        let now = self.clock.now();
        let mut known = sum.0.lock().await;
        if now.seconds() - known.begun.seconds() >= ANEW_SECONDS {
            *known = Known { begun: now, ..Known::default() };
        }
        let (sequence, added) = store::ledger::postings_after(self.db.read(), known.sequence).await?;
        known.sequence = sequence;
        known.sum += added;
        let balances = store::ledger::balances_sum(self.db.read()).await?;
        Ok(known.sum.0.saturating_abs().max(balances.0.saturating_abs()))
    }
}
