//! Publishing and listing slots.

use std::collections::BTreeMap;

use liufang_kernel::{ReasonDoc, Timestamp};
use liufang_platform::{Begun, Call, PrincipalKind, Work};

use super::commands::{ListSlots, PublishSlots};
use super::replies::{Published, RowRefusal, Slots};
use super::{App, Outcome};
use crate::domain::practitioner::{Practitioner, check_doctor, check_practice};
use crate::domain::slot::{Slot, problem, resized};
use crate::error::reasons;
use crate::rpc::identity;
use crate::store;

type Doctors = BTreeMap<String, Option<Practitioner>>;
type Row = Result<(), (&'static ReasonDoc, String)>;

impl App {
    /// Takes the good rows and names the others. A slot needs an insured doctor of its hospital.
    pub async fn publish_slots(&self, call: Call<PublishSlots>) -> Outcome<Published> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let own = match call.meta.principal.kind {
            PrincipalKind::Operator => None,
            _ => Some(call.meta.principal.institution()?.to_owned()),
        };
        let doctors = self.doctors_of(&call.body.rows).await?;
        let work = match self.deps.db.begin::<Published>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let mut refused = Vec::new();
        for (row, slot) in (0_i32..).zip(&call.body.rows) {
            let taken = match slot {
                Ok(slot) => self.publish_one(&work, slot, own.as_deref(), &doctors).await?,
                Err(problem) => Err((&reasons::INVALID_ROW, problem.clone())),
            };
            if let Err((doc, message)) = taken {
                refused.push(RowRefusal { row, reason: doc.reason.to_string(), message });
            }
        }
        Ok(work.commit(Published(refused)).await?)
    }

    async fn doctors_of(&self, rows: &[Result<Slot, String>]) -> Outcome<Doctors> {
        let mut doctors = Doctors::new();
        for slot in rows.iter().flatten() {
            if !doctors.contains_key(&slot.doctor) {
                let doctor = identity::practitioner(&self.deps.peers, &slot.doctor).await?;
                doctors.insert(slot.doctor.clone(), doctor);
            }
        }
        Ok(doctors)
    }

    async fn publish_one(
        &self,
        work: &Work,
        slot: &Slot,
        own: Option<&str>,
        doctors: &Doctors,
    ) -> Outcome<Row> {
        let refuse = |doc: &'static ReasonDoc, message: &str| Ok(Err((doc, message.to_owned())));
        if own.is_some_and(|own| own != slot.hospital) {
            return refuse(&reasons::NOT_OWN_INSTITUTION, "fixmedins_code is another institution");
        }
        if let Some(problem) = problem(slot) {
            return refuse(&reasons::INVALID_ROW, problem);
        }
        let Some(Some(doctor)) = doctors.get(&slot.doctor) else {
            return refuse(&reasons::DOCTOR_NOT_INSURED, "doctor_code is not registered");
        };
        if check_doctor(doctor, &slot.hospital).is_err() {
            return refuse(&reasons::DOCTOR_NOT_INSURED, "not an active insured doctor of the hospital");
        }
        if check_practice(doctor, slot.starts_at.china_date()).is_err() {
            return refuse(&reasons::PRACTICE_TOO_SHORT, "the doctor has not practised for three years then");
        }
        let mut slot = slot.clone();
        if slot.doctor_name.is_empty() {
            slot.doctor_name.clone_from(&doctor.name);
        }
        let Some(known) = store::slot::get(work.tx(), &slot.hospital, &slot.slot_id).await? else {
            store::slot::insert(work.tx(), &slot).await?;
            return Ok(Ok(()));
        };
        let Some(available) = resized(&known, slot.capacity) else {
            return refuse(&reasons::SLOT_BELOW_BOOKED, "capacity is below what is booked");
        };
        slot.available = available;
        if !store::slot::replace(work.tx(), &known, &slot).await? {
            return refuse(&reasons::SLOT_BELOW_BOOKED, "booked meanwhile; publish again");
        }
        Ok(Ok(()))
    }

    /// Slots with room left, by time.
    pub async fn list_slots(&self, call: Call<ListSlots>) -> Outcome<Slots> {
        let body = call.body;
        let day = |date| (Timestamp::start_of(date), Timestamp::start_of(date).plus_days(1));
        let filter = store::slot::Filter {
            hospital: body.hospital,
            department: body.department,
            doctor: body.doctor,
            ends_after: call.meta.now,
            starts: body.date.map(day),
        };
        Ok(Slots(store::slot::vacant(self.deps.db.read(), &filter).await?))
    }
}
