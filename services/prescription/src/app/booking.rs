//! Booking, cancelling, paying and releasing a visit.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Begun, Call, CallMeta, DbFault, PrincipalKind, Work};

use super::commands::{BookVisit, VisitOrder};
use super::replies::Visits;
use super::{App, Outcome, limits};
use crate::domain::booking::{self, Patient, Wish};
use crate::domain::refusal::Refusal;
use crate::domain::retention;
use crate::domain::slot::Slot;
use crate::domain::state::VisitState;
use crate::domain::visit::{Visit, VisitMove, VisitOperation, decide};
use crate::error::{Missing, PrescriptionError};
use crate::rpc::identity;
use crate::store::{self, StoreError};

/// What a booking is made on.
struct Terms {
    fee: Fen,
    pay_seconds: i64,
    /// Until when its record is kept.
    keep_until: Timestamp,
}

impl App {
    /// Books a slot for a follow-up visit and quotes the consultation fee.
    pub async fn book_visit(&self, call: Call<BookVisit>) -> Outcome<Visit> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, &call.body);
        let person_id = call.meta.principal.person()?;
        let slot = self.slot(&body.hospital, &body.slot_id).await?;
        let Terms { fee, pay_seconds, keep_until } = self.admitted(person_id, body, &slot, now).await?;
        let work = match self.deps.db.begin::<Visit>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        if store::visit::has_open(work.tx(), person_id, &slot.hospital, &slot.slot_id).await? {
            return Err(PrescriptionError::AlreadyBooked);
        }
        if !store::slot::take_place(work.tx(), &slot.hospital, &slot.slot_id).await? {
            return Err(Refusal::SlotFull.into());
        }
        let visit = Visit {
            visit_id: self.deps.ids.next("vis"),
            person_id: person_id.to_owned(),
            hospital: slot.hospital,
            department: slot.department,
            doctor: slot.doctor,
            slot_id: slot.slot_id,
            starts_at: slot.starts_at,
            state: VisitState::Booked,
            fee,
            pay_by: now.plus_seconds(pay_seconds),
            disease: body.disease.clone(),
            first_rx_ref: body.first_rx_ref.clone(),
            condition: body.condition.reveal().clone(),
            order_id: String::new(),
            diagnosis: String::new(),
            version: 1,
        };
        match store::visit::insert(work.tx(), &self.deps.cipher, &visit, keep_until, now).await {
            Err(StoreError::Exists) => return Err(PrescriptionError::AlreadyBooked),
            inserted => inserted?,
        }
        Ok(work.commit(visit).await?)
    }

    /// The terms of a booking, when the person may book.
    async fn admitted(
        &self,
        person_id: &str,
        wish: &BookVisit,
        slot: &Slot,
        now: Timestamp,
    ) -> Outcome<Terms> {
        let date = slot.starts_at.china_date();
        let person =
            identity::person(&self.deps.peers, person_id, identity::Purpose::BookVisit, false).await?;
        let institution = identity::institution(&self.deps.peers, &slot.hospital, date).await?;
        let patient = Patient { verified: person.verified, registrations: person.registrations };
        if !patient.verified {
            return Err(Refusal::IdentityNotVerified.into());
        }
        booking::check_designated(&institution.hospital)?;
        let pack = self.pack(&institution.region)?;
        let wish = Wish { disease: &wish.disease, first_rx_ref: &wish.first_rx_ref };
        let fee = booking::check(&wish, slot, &patient, &institution.hospital, pack, now)?;
        let deadlines = pack.deadlines(now.china_date()).ok_or(Refusal::NotDesignated("REGION"))?;
        let keep_until = retention::keep_record(limits(pack, date)?, date);
        Ok(Terms { fee, pay_seconds: i64::from(deadlines.payment_seconds), keep_until })
    }

    async fn slot(&self, hospital: &str, slot_id: &str) -> Outcome<Slot> {
        let slot = store::slot::get(self.deps.db.read(), hospital, slot_id).await?;
        slot.ok_or(PrescriptionError::Missing(Missing::Slot))
    }

    /// The patient cancels an unpaid visit.
    pub async fn cancel_visit(&self, call: Call<String>) -> Outcome<Visit> {
        let person = call.meta.principal.person()?.to_owned();
        self.settle_visit(&call.meta, &call.body, &VisitOperation::Cancel, Some(&person)).await
    }

    /// The order tells that the fee is paid.
    pub async fn mark_visit_paid(&self, call: Call<VisitOrder>) -> Outcome<Visit> {
        let operation = VisitOperation::MarkPaid { order_id: call.body.order_id };
        self.settle_visit(&call.meta, &call.body.visit_id, &operation, None).await
    }

    /// The order gives the visit up.
    pub async fn release_visit(&self, call: Call<VisitOrder>) -> Outcome<Visit> {
        let operation = VisitOperation::Release { order_id: call.body.order_id };
        self.settle_visit(&call.meta, &call.body.visit_id, &operation, None).await
    }

    async fn settle_visit(
        &self,
        meta: &CallMeta,
        visit_id: &str,
        operation: &VisitOperation,
        owner: Option<&str>,
    ) -> Outcome<Visit> {
        let work = match self.deps.db.begin::<Visit>(meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let found = store::visit::get(work.tx(), &self.deps.cipher, visit_id).await?;
        let visit = found
            .filter(|visit| owner.is_none_or(|person| visit.person_id == person))
            .ok_or(PrescriptionError::Missing(Missing::Visit))?;
        let mut visit = self.move_visit(&work, visit, operation, meta.now).await?;
        if meta.principal.is_service() {
            visit.condition.clear();
        }
        Ok(work.commit(visit).await?)
    }

    /// Decides and writes one operation of a visit; frees the slot when it ends unused.
    pub(super) async fn move_visit(
        &self,
        work: &Work,
        mut visit: Visit,
        operation: &VisitOperation,
        now: Timestamp,
    ) -> Outcome<Visit> {
        let decided = decide(&visit, operation, now)?;
        let VisitMove::To(next) = decided else { return Ok(visit) };
        visit.state = next;
        visit.version += 1;
        if let VisitOperation::MarkPaid { order_id } = operation {
            visit.order_id.clone_from(order_id);
        }
        if !store::visit::advance(work.tx(), &visit).await? {
            return Err(DbFault::LostRace.into());
        }
        if decided.frees_slot() {
            store::slot::free_place(work.tx(), &visit.hospital, &visit.slot_id).await?;
        }
        Ok(visit)
    }

    /// The patient's own visits, newest first.
    pub async fn list_my_visits(&self, call: Call<()>) -> Outcome<Visits> {
        let person = call.meta.principal.person()?;
        Ok(Visits(store::visit::of_person(self.deps.db.read(), &self.deps.cipher, person).await?))
    }

    /// A visit, as its reader may see it.
    pub async fn get_visit(&self, call: Call<String>) -> Outcome<Visit> {
        let found = store::visit::get(self.deps.db.read(), &self.deps.cipher, &call.body).await?;
        let principal = &call.meta.principal;
        let visible = |visit: &Visit| match principal.kind {
            PrincipalKind::Patient => visit.person_id == principal.subject,
            PrincipalKind::His => visit.hospital == principal.subject,
            kind => kind == PrincipalKind::Service,
        };
        let visit = found.filter(visible).ok_or(PrescriptionError::Missing(Missing::Visit))?;
        Ok(if principal.is(PrincipalKind::Patient) { visit } else { for_staff(visit) })
    }

    /// The doctor's queue: paid visits, and those being seen, by slot time.
    pub async fn list_queue(&self, call: Call<String>) -> Outcome<Visits> {
        let hospital = call.meta.principal.institution()?;
        let visits =
            store::visit::queue(self.deps.db.read(), &self.deps.cipher, hospital, &call.body).await?;
        Ok(Visits(visits.into_iter().map(for_staff).collect()))
    }
}

/// Without the patient's words: the doctor reads them by taking the visit.
fn for_staff(visit: Visit) -> Visit {
    Visit { condition: String::new(), ..visit }
}
