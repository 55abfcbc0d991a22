//! Lines handed out (7207) and freed again (7208), called by the order.

use liufang_kernel::{Quantity, Sensitive};
use liufang_platform::{Begun, Call};

use super::commands::{CheckDispense, RecordDispense, RxOrder};
use super::transition::Edit;
use super::{App, Outcome};
use crate::domain::dispense::{LineUse, hand_out, use_of};
use crate::domain::lifecycle::decide;
use crate::domain::operation::Operation;
use crate::domain::prescription::Prescription;
use crate::domain::repeat;
use crate::error::{Missing, PrescriptionError};
use crate::events;
use crate::store::hand_out::Place;
use crate::store::{self, prescription::Record};

impl App {
    /// Whether the order may hand out now, lines aside: the order asks before it sells anything.
    pub async fn check_dispense(&self, call: Call<CheckDispense>) -> Outcome<()> {
        let body = &call.body;
        let found = store::prescription::get(self.deps.db.read(), &self.deps.cipher, &body.hi_rxno).await?;
        let record = found.ok_or(PrescriptionError::Missing(Missing::Prescription))?;
        decide(&record.status(), &self.dispense(&record, &body.order_id, &body.secret), call.meta.now)?;
        Ok(())
    }

    /// Marks what was handed out: in part or in full, never more than prescribed.
    pub async fn record_dispense(&self, call: Call<RecordDispense>) -> Outcome<Prescription> {
        let (now, body) = (call.meta.now, &call.body);
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let plan = |record: &Record| Ok(self.dispense(record, &body.order_id, &body.secret));
        let edit = |record: &mut Record| {
            let lines = hand_out(&uses(record), &body.parts)?;
            put_uses(record, &lines);
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        let parts: Vec<_> = body.parts.iter().map(|part| (self.deps.ids.next("out"), part.clone())).collect();
        let place =
            Place { hi_rxno: &body.hi_rxno, order_id: &body.order_id, pharmacy: &record.rx.holder, at: now };
        store::hand_out::insert_all(work.tx(), &place, &parts).await?;
        let series = &record.rx.series;
        if !series.first.is_empty() {
            store::prescription::postpone(work.tx(), series, repeat::next_opening(series, now)).await?;
        }
        events::push_dispensed(&work, &record.rx, &body.parts, now).await?;
        Ok(work.commit(record.rx).await?)
    }

    fn dispense(&self, record: &Record, order_id: &str, secret: &Sensitive<String>) -> Operation {
        let secret_matches = self.is_secret(record, secret.reveal());
        Operation::Dispense { order_id: order_id.to_owned(), secret_matches }
    }

    /// Frees what the order was handed. Harmless twice; never revives an expired or revoked prescription.
    pub async fn reverse_dispense(&self, call: Call<RxOrder>) -> Outcome<Prescription> {
        let (now, body) = (call.meta.now, &call.body);
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let back = store::hand_out::reverse(work.tx(), &body.hi_rxno, &body.order_id, now).await?;
        let plan = |_: &Record| Ok(Operation::ReverseDispense { order_id: body.order_id.clone() });
        let edit = |record: &mut Record| {
            let mut lines = uses(record);
            for (line_no, quantity) in &back {
                for line in lines.iter_mut().filter(|line| line.line_no == *line_no) {
                    line.dispensed = (line.dispensed - *quantity).max(Quantity::ZERO);
                }
            }
            put_uses(record, &lines);
            Ok(if back.is_empty() { Edit::Nothing } else { Edit::Changed })
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        if !back.is_empty() && !record.rx.series.first.is_empty() {
            store::prescription::restore(work.tx(), &record.rx.series).await?;
        }
        Ok(work.commit(record.rx).await?)
    }
}

fn uses(record: &Record) -> Vec<LineUse> {
    record.rx.lines.iter().map(|line| line.as_use()).collect()
}

fn put_uses(record: &mut Record, lines: &[LineUse]) {
    for (line, new) in record.rx.lines.iter_mut().zip(lines) {
        line.dispensed = new.dispensed;
    }
    record.rx.used = use_of(lines);
}
