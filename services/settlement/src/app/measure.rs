//! What the gauges show.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use tokio::sync::Mutex;

use crate::app::App;
use crate::error::SettlementError;
use crate::store;

/// The postings are added up from the first one this often; in between only the new ones are.
const ANEW_SECONDS: i64 = 3_600;

/// The sum of each chain's postings up to a sequence. A chain only grows, and in order, so that new ones are enough.
#[derive(Default)]
pub struct Sum(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Last sequence and sum, by region.
    chains: BTreeMap<String, (i64, Fen)>,
    begun: Timestamp,
}

impl App {
    /// Age of the oldest payment whose outcome is not known; 0 for none.
    pub async fn pending_oldest_seconds(&self) -> Result<i64, SettlementError> {
        let oldest = store::payment::oldest_pending(self.db.read()).await?;
        let now = self.clock.now();
        Ok(oldest.map_or(0, |since| now.seconds().saturating_sub(since.seconds()).max(0)))
    }

    /// By how much all postings, or all balances, miss zero: what each region misses, added up.
    pub async fn ledger_imbalance_fen(&self, sum: &Sum) -> Result<i64, SettlementError> {
        let now = self.clock.now();
        let mut known = sum.0.lock().await;
        if now.seconds() - known.begun.seconds() >= ANEW_SECONDS {
            *known = Known { begun: now, ..Known::default() };
        }
        for head in store::ledger::heads(self.db.read()).await? {
            let (sequence, sum) = known.chains.entry(head.region.clone()).or_default();
            let (last, added) =
                store::ledger::postings_after(self.db.read(), &head.region, *sequence).await?;
            *sequence = last;
            *sum += added;
        }
        let miss = |sum: Fen| sum.0.saturating_abs();
        let postings = known.chains.values().map(|(_, sum)| miss(*sum)).fold(0, i64::saturating_add);
        let balances = store::ledger::sums(self.db.read()).await?;
        let balances = balances.into_iter().map(|(_, sum)| miss(sum)).fold(0, i64::saturating_add);
        Ok(postings.max(balances))
    }
}
