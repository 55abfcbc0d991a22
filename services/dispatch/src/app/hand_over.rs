//! The assigned courier's scans: pick-up, hand-over, failed attempts, return. Late and repeated scans are harmless.

use liufang_kernel::{Sensitive, Timestamp};
use liufang_platform::{Begun, Call, CallMeta, Work};

use super::App;
use super::change::Happening;
use super::deliveries::decide;
use super::view::{View, Viewer};
use crate::domain::clock;
use crate::domain::code::Kind;
use crate::domain::delivery::{FailedAttempt, Operation, State, Step};
use crate::error::DispatchError;
use crate::store;
use crate::store::deliveries::Delivery;

/// Takes the goods with the pharmacy's code.
#[derive(Clone, Debug)]
pub struct ConfirmPickUp {
    pub delivery_id: String,
    pub hand_over_code: Sensitive<String>,
    pub at: Timestamp,
}

/// Hands over against the recipient's code.
#[derive(Clone, Debug)]
pub struct ConfirmDelivery {
    pub delivery_id: String,
    pub recipient_code: Sensitive<String>,
    pub at: Timestamp,
}

/// Nobody took the goods.
#[derive(Clone, Debug)]
pub struct ReportFailedAttempt {
    pub delivery_id: String,
    pub reason: FailedAttempt,
    pub at: Timestamp,
}

/// Goods are back at the pharmacy.
#[derive(Clone, Debug)]
pub struct ConfirmReturn {
    pub delivery_id: String,
    pub at: Timestamp,
}

/// A scan with a code.
struct Proof<'a> {
    delivery_id: &'a str,
    operation: Operation,
    kind: Kind,
    code: &'a str,
    at: Timestamp,
}

impl App {
    pub async fn confirm_pick_up(&self, call: Call<ConfirmPickUp>) -> Result<View, DispatchError> {
        let ConfirmPickUp { delivery_id, hand_over_code, at } = &call.body;
        let code = hand_over_code.reveal();
        let operation = Operation::PickUp;
        self.with_code(&call.meta, Proof { delivery_id, operation, kind: Kind::HandOver, code, at: *at })
            .await
    }

    pub async fn confirm_delivery(&self, call: Call<ConfirmDelivery>) -> Result<View, DispatchError> {
        let ConfirmDelivery { delivery_id, recipient_code, at } = &call.body;
        let code = recipient_code.reveal();
        let operation = Operation::Deliver;
        self.with_code(&call.meta, Proof { delivery_id, operation, kind: Kind::Recipient, code, at: *at })
            .await
    }

    /// State first, then the code: a scan that comes again costs no guess.
    async fn with_code(&self, meta: &CallMeta, proof: Proof<'_>) -> Result<View, DispatchError> {
        let row = self.own(meta, store::deliveries::find(self.db.read(), proof.delivery_id).await?)?;
        if decide(&row, proof.operation)? == Step::Already {
            return self.courier_view(&row);
        }
        self.prove(&row, proof.kind, proof.code, meta.now).await?;
        let work = match self.db.begin::<View>(meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(view) => return Ok(view),
        };
        let mut row = self.own(meta, store::deliveries::find(work.tx(), proof.delivery_id).await?)?;
        if let Step::To(state) = decide(&row, proof.operation)? {
            row = self.scanned(&work, meta, &row, state, proof.at, state.word().to_owned()).await?;
            self.forget_guesses(&work, &row.delivery_id, proof.kind).await?;
        }
        let view = self.courier_view(&row)?;
        Ok(work.commit(view).await?)
    }

    /// Counts a failed attempt; the last allowed one sends the goods back.
    pub async fn report_failed_attempt(
        &self,
        call: Call<ReportFailedAttempt>,
    ) -> Result<View, DispatchError> {
        let Call { meta, body } = call;
        let work = match self.db.begin::<View>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(view) => return Ok(view),
        };
        let mut row = self.own(&meta, store::deliveries::find(work.tx(), &body.delivery_id).await?)?;
        let operation = Operation::FailAttempt { failed_attempts: row.failed_attempts };
        if let Step::To(state) = decide(&row, operation)? {
            let at = clock::trusted(body.at, meta.now);
            let courier = &meta.principal.subject;
            if store::logs::failed_attempt(work.tx(), &row.delivery_id, at, body.reason, courier).await? {
                let counted = Delivery { failed_attempts: row.failed_attempts + 1, ..row.clone() };
                let note = format!("attempt_failed:{}", body.reason.word());
                row = self.scanned(&work, &meta, &counted, state, body.at, note).await?;
            }
        }
        let view = self.courier_view(&row)?;
        Ok(work.commit(view).await?)
    }

    pub async fn confirm_return(&self, call: Call<ConfirmReturn>) -> Result<View, DispatchError> {
        let Call { meta, body } = call;
        let work = match self.db.begin::<View>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(view) => return Ok(view),
        };
        let mut row = self.own(&meta, store::deliveries::find(work.tx(), &body.delivery_id).await?)?;
        if let Step::To(state) = decide(&row, Operation::Return)? {
            row = self.scanned(&work, &meta, &row, state, body.at, state.word().to_owned()).await?;
        }
        let view = self.courier_view(&row)?;
        Ok(work.commit(view).await?)
    }

    /// Writes a scan; `row` may differ from the stored row in its counters only.
    async fn scanned(
        &self,
        work: &Work,
        meta: &CallMeta,
        row: &Delivery,
        state: State,
        at: Timestamp,
        note: String,
    ) -> Result<Delivery, DispatchError> {
        let shift = store::couriers::find(work.tx(), &meta.principal.subject).await?;
        // hand-overs and failed attempts are made at the recipient's home: its position stays out of the tracking
        let at_pharmacy = row.state == State::Assigned || state == State::Returned;
        let position = shift.map(|shift| shift.position).filter(|_| at_pharmacy);
        let happening = Happening { at: clock::trusted(at, meta.now), position, note };
        let before = row.clone();
        self.change(work, &before, Delivery { state, ..row.clone() }, happening).await
    }

    /// The delivery when it is the caller's; others do not learn that it exists.
    pub(super) fn own(&self, meta: &CallMeta, row: Option<Delivery>) -> Result<Delivery, DispatchError> {
        row.filter(|row| row.courier_code == meta.principal.subject).ok_or(DispatchError::NotFound)
    }

    pub(super) fn courier_view(&self, row: &Delivery) -> Result<View, DispatchError> {
        let viewer = if row.state.has_ended() { Viewer::Other } else { Viewer::AssignedCourier };
        self.view(row, viewer)
    }
}
