//! Hand-over codes: sealed at rest, every guess counted in a transaction of its own before it is compared.

use liufang_kernel::Timestamp;
use liufang_platform::{DbFault, Work, hash};

use super::App;
use crate::domain::code::{self, Guesses, Kind};
use crate::error::DispatchError;
use crate::store::deliveries::Delivery;
use crate::store::{self, sealed};

const fn context(kind: Kind) -> &'static str {
    match kind {
        Kind::HandOver => sealed::HAND_OVER_CODE,
        Kind::Recipient => sealed::RECIPIENT_CODE,
    }
}

impl App {
    /// A new code, sealed.
    pub(super) fn new_code(&self, kind: Kind) -> String {
        self.cipher.seal(context(kind), &self.ids.digits(code::DIGITS))
    }

    /// Empty once it was forgotten.
    pub(super) fn code(&self, delivery: &Delivery, kind: Kind) -> Result<String, DispatchError> {
        let text = match kind {
            Kind::HandOver => &delivery.hand_over_code_sealed,
            Kind::Recipient => &delivery.recipient_code_sealed,
        };
        if text.is_empty() {
            return Ok(String::new());
        }
        Ok(self.cipher.open(context(kind), text)?)
    }

    /// Compares a given code. The count stays when the caller's own transaction is never opened.
    pub(super) async fn prove(
        &self,
        delivery: &Delivery,
        kind: Kind,
        given: &str,
        now: Timestamp,
    ) -> Result<(), DispatchError> {
        let taken = self.take_guess(&delivery.delivery_id, kind, now).await?;
        let right = self.code(delivery, kind)?;
        if !right.is_empty() && hash::same_secret(given, &right) {
            return Ok(());
        }
        Err(DispatchError::WrongCode { left: code::left(taken) })
    }

    /// Forgets the guesses after the right code.
    pub(super) async fn forget_guesses(
        &self,
        work: &Work,
        delivery_id: &str,
        kind: Kind,
    ) -> Result<(), DispatchError> {
        let before = store::logs::guesses(work.tx(), delivery_id, kind).await?;
        store::logs::replace_guesses(work.tx(), delivery_id, kind, before, Guesses::default()).await?;
        Ok(())
    }

    async fn take_guess(
        &self,
        delivery_id: &str,
        kind: Kind,
        now: Timestamp,
    ) -> Result<Guesses, DispatchError> {
        let work = self.db.begin_step().await?;
        let before = store::logs::guesses(work.tx(), delivery_id, kind).await?;
        let taken =
            code::take(before, now).map_err(|closed| DispatchError::Guessing { until: closed.until, now })?;
        if !store::logs::replace_guesses(work.tx(), delivery_id, kind, before, taken).await? {
            return Err(DbFault::LostRace.into());
        }
        work.done().await?;
        Ok(taken)
    }
}
