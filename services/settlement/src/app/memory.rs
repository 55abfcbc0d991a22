//! What this process need not read twice: a quote does not change before a payment uses it nor while its capture runs, and a
//! payment stays in its region.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::App;
use crate::domain::payment::Payer;
use crate::domain::quote::Quote;
use crate::error::SettlementError;
use crate::store;

/// Quotes and payments kept; older ones are read again.
const KEPT: usize = 2_048;

/// A map that forgets its oldest entries.
struct Kept<T> {
    found: HashMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept { found: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T: Clone> Kept<T> {
    fn keep(&mut self, key: &str, value: T) {
        if self.found.insert(key.to_owned(), value).is_none() {
            self.order.push_back(key.to_owned());
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.found.remove(&oldest);
        }
    }
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Memory {
    quotes: Arc<Mutex<Kept<Arc<Quote>>>>,
    regions: Arc<Mutex<Kept<String>>>,
    running: Arc<Mutex<Kept<Arc<Quote>>>>,
    payers: Arc<Mutex<Kept<Payer>>>,
}

impl Memory {
    pub fn keep_quote(&self, quote: Arc<Quote>) {
        let id = quote.quote_id.clone();
        self.quotes.lock().unwrap_or_else(PoisonError::into_inner).keep(&id, quote);
    }

    pub fn quote(&self, quote_id: &str) -> Option<Arc<Quote>> {
        self.quotes.lock().unwrap_or_else(PoisonError::into_inner).found.get(quote_id).cloned()
    }

    /// The quote of a payment whose capture has begun.
    pub fn keep_running(&self, payment_id: &str, quote: Arc<Quote>) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).keep(payment_id, quote);
    }

    pub fn running(&self, payment_id: &str) -> Option<Arc<Quote>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).found.get(payment_id).cloned()
    }

    pub fn keep_payer(&self, payment_id: &str, payer: Payer) {
        self.payers.lock().unwrap_or_else(PoisonError::into_inner).keep(payment_id, payer);
    }

    /// Given out once, to the capture or to the end of a payment that has none: whoever needs the payer again reads it.
    pub fn take_payer(&self, payment_id: &str) -> Option<Payer> {
        self.payers.lock().unwrap_or_else(PoisonError::into_inner).found.remove(payment_id)
    }

    pub fn keep_region(&self, payment_id: &str, region: &str) {
        let region = region.to_owned();
        self.regions.lock().unwrap_or_else(PoisonError::into_inner).keep(payment_id, region);
    }

    fn region(&self, payment_id: &str) -> Option<String> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner).found.get(payment_id).cloned()
    }
}

impl App {
    /// A quote as it was offered; which payment used it is in the database alone.
    pub(super) async fn quote(&self, quote_id: &str) -> Result<Option<Arc<Quote>>, SettlementError> {
        if let Some(known) = self.memory.quote(quote_id) {
            return Ok(Some(known));
        }
        let Some(stored) = store::quote::find(self.db.read(), &self.cipher, quote_id).await? else {
            return Ok(None);
        };
        let quote = Arc::new(stored);
        self.memory.keep_quote(quote.clone());
        Ok(Some(quote))
    }

    /// The region a payment is booked in.
    pub(super) async fn region_of(&self, payment_id: &str) -> Result<Option<String>, SettlementError> {
        if let Some(known) = self.memory.region(payment_id) {
            return Ok(Some(known));
        }
        let region = store::payment::region_of(self.db.read(), payment_id).await?;
        if let Some(region) = &region {
            self.memory.keep_region(payment_id, region);
        }
        Ok(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let memory = Memory::default();
        for n in 0..=KEPT {
            memory.keep_region(&format!("pay{n}"), "110000");
            memory.keep_region("pay1", "110000");
        }
        assert_eq!(memory.region("pay0"), None);
        assert_eq!(memory.region(&format!("pay{KEPT}")).as_deref(), Some("110000"));
        let kept = memory.regions.lock().unwrap();
        assert_eq!((kept.found.len(), kept.order.len()), (KEPT, KEPT));
    }
}
