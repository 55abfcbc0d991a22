//! Circulation by the patient's order: nomination and its release, and the pharmacy's queue (7201, 7202).

use liufang_platform::{Begun, Call};

use super::commands::{Nominate, RxOrder};
use super::replies::{PharmacyQueue, QueueItem};
use super::transition::{Edit, no_edit};
use super::{App, Outcome};
use crate::domain::operation::Operation;
use crate::domain::prescription::Prescription;
use crate::error::{Missing, PrescriptionError};
use crate::store::{self, prescription::Record, sealed};

impl App {
    /// Circulates a prescription to one pharmacy. A fresh token replaces the one before.
    pub async fn nominate(&self, call: Call<Nominate>) -> Outcome<Prescription> {
        let (now, body) = (call.meta.now, &call.body);
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let token = self.deps.ids.secret();
        let plan = |record: &Record| {
            if record.rx.person_id != body.person_id {
                return Err(PrescriptionError::Missing(Missing::Prescription));
            }
            let (pharmacy, order_id) = (body.pharmacy.clone(), body.order_id.clone());
            Ok(Operation::Nominate { pharmacy, order_id })
        };
        let edit = |record: &mut Record| {
            record.token_hash = self.deps.cipher.blind(sealed::TOKEN_HASH, &token);
            record.token.clone_from(&token);
            record.nominated_at = now;
            record.rx.review_opinion.clear();
            record.rx.second_pharmacist.clear();
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        Ok(work.commit(record.rx).await?)
    }

    /// Takes a nomination or claim back for an order that ended; harmless when it has none.
    pub async fn release_nomination(&self, call: Call<RxOrder>) -> Outcome<Prescription> {
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let body = &call.body;
        let plan = |_: &Record| Ok(Operation::ReleaseNomination { order_id: body.order_id.clone() });
        let record = self.step(&work, &body.hi_rxno, call.meta.now, plan, no_edit).await?;
        Ok(work.commit(record.rx).await?)
    }

    /// What is nominated to or held by the calling pharmacy and not finished, oldest first.
    pub async fn list_pharmacy_queue(&self, call: Call<()>) -> Outcome<PharmacyQueue> {
        let pharmacy = call.meta.principal.institution()?;
        let (conn, cipher, now) = (self.deps.db.read(), &self.deps.cipher, call.meta.now);
        let records = store::prescription::at_pharmacy(conn, cipher, pharmacy, now).await?;
        Ok(PharmacyQueue(records.into_iter().map(item).collect()))
    }
}

fn item(record: Record) -> QueueItem {
    QueueItem {
        claimed: !record.rx.holder.is_empty(),
        hi_rxno: record.rx.hi_rxno,
        order_id: record.rx.order_id,
        token: record.token,
        nominated_at_us: record.nominated_at.0,
    }
}
