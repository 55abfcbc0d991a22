//! What the gauges show.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use tokio::sync::Mutex;

use crate::app::App;
use crate::error::SettlementError;
use crate::store;

/// The postings are added up from the first one this often; in between only the new ones are.
const ANEW_SECONDS: i64 = 3_600;
/// How much of the books one look reads at most.
const LOOK: Look = Look { postings: 20_000, slices: 50 };

/// Postings of a statement, statements of a look.
#[derive(Clone, Copy)]
pub struct Look {
    pub postings: i64,
    pub slices: usize,
}

/// How far the postings were added up. A chain only grows, and in order, so that new ones are enough.
#[derive(Default)]
pub struct Sum(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// What is shown, kept up with what is booked; partial only until the books were read for the first time.
    shown: Chains,
    /// The books from the first posting, look by look; shown once it has come to their end.
    anew: Option<Chains>,
    begun: Timestamp,
}

/// Last sequence and sum, by region.
type Chains = BTreeMap<String, (i64, Fen)>;

fn miss(sum: Fen) -> i64 {
    sum.0.saturating_abs()
}

impl App {
    /// Age of the oldest payment whose outcome is not known; 0 for none.
    pub async fn pending_oldest_seconds(&self) -> Result<i64, SettlementError> {
        let oldest = store::payment::oldest_pending(self.db.read()).await?;
        let now = self.clock.now();
        Ok(oldest.map_or(0, |since| now.seconds().saturating_sub(since.seconds()).max(0)))
    }

    /// By how much all postings, or all balances, miss zero: what each region misses, added up. Of books that are too long for
    /// one look, the first looks know a part; a transfer is read whole, so that a part of good books is zero too.
    pub async fn ledger_imbalance_fen(&self, sum: &Sum) -> Result<i64, SettlementError> {
        self.imbalance_fen(sum, LOOK).await
    }

    pub(crate) async fn imbalance_fen(&self, sum: &Sum, look: Look) -> Result<i64, SettlementError> {
        let now = self.clock.now();
        let mut known = sum.0.lock().await;
        let Known { shown, anew, begun } = &mut *known;
        if shown.is_empty() {
            *begun = now;
        }
        let mut left = look.slices;
        let caught_up = self.add_up(shown, look.postings, &mut left).await?;
        if caught_up && anew.is_none() && now.seconds() - begun.seconds() >= ANEW_SECONDS {
            *begun = now;
            *anew = Some(Chains::new());
        }
        if let Some(again) = anew
            && self.add_up(again, look.postings, &mut left).await?
        {
            *shown = std::mem::take(again);
            *anew = None;
        }
        let postings = shown.values().map(|(_, sum)| miss(*sum)).fold(0, i64::saturating_add);
        let balances = store::ledger::sums(self.db.read()).await?;
        let balances = balances.into_iter().map(|(_, sum)| miss(sum)).fold(0, i64::saturating_add);
        Ok(postings.max(balances))
    }

    /// Goes on adding up, for as many full slices as are left; answers whether it came to the end of every chain.
    async fn add_up(
        &self,
        chains: &mut Chains,
        postings: i64,
        left: &mut usize,
    ) -> Result<bool, SettlementError> {
        for head in store::ledger::heads(self.db.read()).await? {
            let (sequence, sum) = chains.entry(head.region.clone()).or_default();
            loop {
                if *left == 0 {
                    return Ok(false);
                }
                let slice =
                    store::ledger::postings_after(self.db.read(), &head.region, *sequence, postings).await?;
                *sum += slice.sum;
                *sequence = slice.last;
                if slice.postings < postings {
                    break;
                }
                *left -= 1;
            }
        }
        Ok(true)
    }
}
