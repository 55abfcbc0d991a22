//! Lines handed out (7207) and freed again (7208), called by the order.

use liufang_kernel::{Quantity, Sensitive, Timestamp};
use liufang_platform::{Begun, Call, Work};

use super::commands::{CheckDispense, RecordDispense, RxOrder};
use super::notify::Sale;
use super::transition::Edit;
use super::{App, Outcome};
use crate::domain::dispense::{HandOut, LineUse, hand_out, use_of};
use crate::domain::lifecycle::{close, decide};
use crate::domain::operation::Operation;
use crate::domain::prescription::Prescription;
use crate::domain::repeat;
use crate::domain::state::Use;
use crate::error::{Missing, PrescriptionError};
use crate::events;
use crate::store::hand_out::Place;
use crate::store::{self, prescription::Record};

/// What is handed out, and whether that was all.
pub(super) struct Handing<'a> {
    pub hi_rxno: &'a str,
    pub parts: &'a [HandOut],
    pub last: bool,
    pub now: Timestamp,
}

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
        let handing = Handing { hi_rxno: &body.hi_rxno, parts: &body.parts, last: body.last, now };
        let plan = |record: &Record| Ok(self.dispense(record, &body.order_id, &body.secret));
        let rx = self.hand_out(&work, &handing, plan).await?;
        Ok(work.commit(rx).await?)
    }

    /// Hands out in the unit of work of a caller whose `plan` checks who it is.
    pub(super) async fn hand_out(
        &self,
        work: &Work,
        handing: &Handing<'_>,
        plan: impl Fn(&Record) -> Outcome<Operation> + Send + Sync,
    ) -> Outcome<Prescription> {
        let Handing { hi_rxno, parts, last, now } = *handing;
        // whose hand-out it is: the step frees a rest, and with it forgets holder and order
        let owner = std::sync::Mutex::new((String::new(), String::new()));
        let edit = |record: &mut Record| {
            let lines = hand_out(&uses(record), parts)?;
            put_uses(record, &lines);
            if let Ok(mut owner) = owner.lock() {
                *owner = (record.rx.order_id.clone(), record.rx.holder.clone());
            }
            if last && record.rx.used == Use::PartlyUsed {
                let freed = close(&record.status());
                record.put(freed);
            }
            Ok(Edit::Changed)
        };
        let record = self.step(work, hi_rxno, now, plan, edit).await?;
        let (order_id, pharmacy) = owner.into_inner().unwrap_or_default();
        let rows: Vec<_> = parts.iter().map(|part| (self.deps.ids.next("out"), part.clone())).collect();
        let place = Place { hi_rxno, order_id: &order_id, pharmacy: &pharmacy, at: now };
        store::hand_out::insert_all(work.tx(), &place, &rows).await?;
        self.tell_settled(
            work,
            &record,
            Sale { sale_id: &order_id, pharmacy: &pharmacy, reversed: false, parts },
            now,
        )
        .await?;
        let series = &record.rx.series;
        if !series.first.is_empty() {
            store::prescription::postpone(work.tx(), series, repeat::next_opening(series, now)).await?;
        }
        let rx = Prescription { order_id, holder: pharmacy, ..record.rx.clone() };
        events::push_dispensed(work, &rx, parts, now).await?;
        Ok(record.rx)
    }

    pub(super) fn dispense(&self, record: &Record, order_id: &str, secret: &Sensitive<String>) -> Operation {
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
        let rx = self.take_back(&work, &body.hi_rxno, &body.order_id, now).await?;
        Ok(work.commit(rx).await?)
    }

    pub(super) async fn take_back(
        &self,
        work: &Work,
        hi_rxno: &str,
        order_id: &str,
        now: Timestamp,
    ) -> Outcome<Prescription> {
        let back = store::hand_out::reverse(work.tx(), hi_rxno, order_id, now).await?;
        let plan = |_: &Record| Ok(Operation::ReverseDispense { order_id: order_id.to_owned() });
        let edit = |record: &mut Record| {
            let mut lines = uses(record);
            for (_, part) in &back {
                for line in lines.iter_mut().filter(|line| line.line_no == part.line_no) {
                    line.dispensed = (line.dispensed - part.quantity).max(Quantity::ZERO);
                }
            }
            put_uses(record, &lines);
            Ok(if back.is_empty() { Edit::Nothing } else { Edit::Changed })
        };
        let record = self.step(work, hi_rxno, now, plan, edit).await?;
        let Some((pharmacy, _)) = back.first() else { return Ok(record.rx) };
        if !record.rx.series.first.is_empty() {
            store::prescription::restore(work.tx(), &record.rx.series).await?;
        }
        let parts: Vec<HandOut> = back.iter().map(|(_, part)| part.clone()).collect();
        let sale = Sale { sale_id: order_id, pharmacy, reversed: true, parts: &parts };
        self.tell_settled(work, &record, sale, now).await?;
        Ok(record.rx)
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
