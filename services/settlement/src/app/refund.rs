//! Partial returns: what the caller starts, the journal finishes, as with a capture.

mod book;
pub(super) mod steps;

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::capture::Lookup;
use crate::boundary::Boundary;
use crate::domain::benefit::{Leg, LegKind};
use crate::domain::payment::{Journal, Payment, PaymentState, Shape, TILL};
use crate::domain::quote::Quote;
use crate::domain::refund::{Moved, NotReturned, Returned, Terms, difference};
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::refund::{Body, Refund as Row};

/// Lines and fees of a payment that come back.
#[derive(Clone, Debug)]
pub struct RefundPart {
    pub payment_id: String,
    pub reason: String,
    pub returned: Returned,
}

/// A return as its readers see it.
#[derive(Clone, Debug)]
pub struct Part {
    pub refund_id: String,
    pub part_no: i32,
    pub booked: bool,
    pub amount: Fen,
    /// What goes back, leg by leg.
    pub legs: Vec<Leg>,
    pub returned: Returned,
    pub setl_id: String,
    pub at: Timestamp,
}

/// Kept under the caller's key; a repeat answers how the return stands now.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Started {
    part_no: i64,
}

impl App {
    /// Returns a part of a captured payment. What would leave nothing is the return of the whole.
    pub async fn refund_part(&self, call: Call<RefundPart>) -> Result<(Payment, Part), SettlementError> {
        let Call { meta, body } = call;
        let (part_no, payment) = match self.db.begin::<Started>(&meta).await? {
            Begun::Fresh(work) => {
                let (journal, part_no) = self.start_part(&work, &body, meta.now).await?;
                work.commit(Started { part_no }).await?;
                Boundary::Returning.pass();
                (part_no, self.run(journal).await?)
            }
            Begun::Replay(started) => (started.part_no, self.journal(&body.payment_id).await?.view()),
        };
        let parts = store::refund::of_payment(self.db.read(), &self.cipher, &body.payment_id).await?;
        let part = parts.into_iter().find(|part| part.part_no == part_no);
        Ok((payment, view(part.ok_or(SettlementError::Stored("refund"))?)))
    }

    /// One payment with its returns; a patient sees own ones.
    pub async fn payment_and_parts(
        &self,
        call: Call<Lookup>,
    ) -> Result<(Payment, Vec<Part>), SettlementError> {
        let payment = self.get_payment(call).await?;
        if payment.refunded.is_zero() && payment.state != PaymentState::Refunding {
            return Ok((payment, Vec::new()));
        }
        let parts = store::refund::of_payment(self.db.read(), &self.cipher, &payment.payment_id).await?;
        Ok((payment, parts.into_iter().map(view).collect()))
    }

    /// Writes the return with every number the outside will know it by.
    async fn start_part(
        &self,
        work: &Work,
        body: &RefundPart,
        now: Timestamp,
    ) -> Result<(Journal, i64), SettlementError> {
        let found = store::payment::find(work.tx(), &body.payment_id).await?;
        let journal = found.ok_or(Refusal::PaymentNotFound)?;
        match journal.state {
            PaymentState::Captured => {}
            // another return is under way: its rest decides what is left
            PaymentState::Refunding => return Err(SettlementError::LostRace),
            other => return Err(SettlementError::in_state(Refusal::PaymentNotCaptured, other.as_str())),
        }
        let (quote, before, part_no) = self.standing(work, &journal).await?;
        let inputs = quote.inputs.as_ref().ok_or(Refusal::RefundWholeOnly)?;
        let pack = self.pack_of(&quote).await?.ok_or(Refusal::RefundWholeOnly)?;
        let rest = before.less(&pack, inputs, &body.returned).map_err(refused)?;
        let stored = Body { returned: body.returned.clone(), before, rest };
        self.write_part(work, journal, stored, part_no, &body.reason, now).await
    }

    /// Everything that earlier returns have left.
    pub(super) async fn start_last_part(
        &self,
        work: &Work,
        journal: Journal,
        reason: &str,
        now: Timestamp,
    ) -> Result<Journal, SettlementError> {
        let (_, before, part_no) = self.standing(work, &journal).await?;
        let lines = before.charged.iter().map(|line| (line.line_no, line.quantity)).collect();
        let returned = Returned { lines, outside: before.outside.iter().cloned().collect() };
        let body = Body { returned, before, rest: Terms::default() };
        Ok(self.write_part(work, journal, body, part_no, reason, now).await?.0)
    }

    /// The quote, the payment as it stands now, and the number of its next return.
    async fn standing(&self, work: &Work, journal: &Journal) -> Result<(Quote, Terms, i64), SettlementError> {
        let found = store::quote::find(work.tx(), &self.cipher, &journal.quote_id).await?;
        let quote = found.ok_or(SettlementError::Stored("quote of a payment"))?;
        let mut parts = store::refund::of_payment(work.tx(), &self.cipher, &journal.payment_id).await?;
        let Some(last) = parts.pop() else {
            let terms = terms_of(&quote, journal);
            return Ok((quote, terms, 1));
        };
        Ok((quote, last.body.rest, last.part_no + 1))
    }

    async fn write_part(
        &self,
        work: &Work,
        mut journal: Journal,
        body: Body,
        part_no: i64,
        reason: &str,
        now: Timestamp,
    ) -> Result<(Journal, i64), SettlementError> {
        let moved = Moved::between(&body.before, &body.rest);
        let cash = body.before.of(LegKind::Channel) - body.rest.of(LegKind::Channel);
        let shape = Shape {
            reverse: moved.insurer,
            settle: moved.insurer && body.rest.insured(),
            cash: !cash.is_zero() && journal.channel != TILL,
        };
        let refund_no = if shape.cash { format!("RF{}", self.ids.digits(24)) } else { String::new() };
        if shape.reverse {
            journal.reverse_msgid = self.msgid(work, &journal.fixmedins_code, now).await?;
        }
        let rest_msgid = match shape.settle {
            true => self.msgid(work, &journal.fixmedins_code, now).await?,
            false => String::new(),
        };
        let row = Row {
            refund_id: self.ids.next("ref"),
            payment_id: journal.payment_id.clone(),
            part_no,
            booked: false,
            refund_no: refund_no.clone(),
            reverse_msgid: if shape.reverse { journal.reverse_msgid.clone() } else { String::new() },
            reversed_msgid: if shape.reverse { journal.msgid.clone() } else { String::new() },
            reversed_setl_id: if shape.reverse { journal.setl_id.clone() } else { String::new() },
            rest_msgid,
            setl_id: String::new(),
            amount: body.before.total() - body.rest.total(),
            cash,
            reason: reason.to_owned(),
            started_at: now,
            booked_at: Timestamp(0),
            body,
        };
        if shape.cash {
            journal.refund_no = refund_no;
        }
        reason.clone_into(&mut journal.refund_reason);
        journal.state = PaymentState::Refunding;
        journal.step = shape.first();
        self.sending(work, &journal, now).await?;
        // first the payment: who comes second finds it moved, and has written nothing
        self.lease(work, &mut journal, now).await?;
        store::refund::insert(work.tx(), &self.cipher, &row, sums(&moved)).await?;
        Ok((journal, part_no))
    }
}

/// The payment as it was captured.
pub(super) fn terms_of(quote: &Quote, journal: &Journal) -> Terms {
    Terms {
        charged: quote.inputs.as_ref().map(|inputs| inputs.lines.clone()).unwrap_or_default(),
        outside: quote.outside.clone(),
        lines: quote.lines.clone(),
        totals: quote.totals.clone(),
        legs: journal.legs.clone(),
        additions: quote.additions.clone(),
    }
}

fn sums(moved: &Moved) -> store::refund::Sums {
    let of = |legs: &[Leg], kinds: &[LegKind]| -> Fen {
        legs.iter().filter(|leg| kinds.contains(&leg.kind)).map(|leg| leg.amount).sum()
    };
    let three = |legs: &[Leg]| {
        let accounts = of(legs, &[LegKind::Account, LegKind::RelativeAccount]);
        [of(legs, &[LegKind::Fund]), accounts, of(legs, &[LegKind::Channel])]
    };
    let ([a, b, c], [d, e, f]) = (three(&moved.back), three(&moved.again));
    [a, b, c, d, e, f]
}

fn refused(error: NotReturned) -> SettlementError {
    let line = |refusal, line_no: i32| {
        SettlementError::Refused(refusal, vec![("line_no".into(), line_no.to_string())])
    };
    match error {
        NotReturned::UnknownLine(line_no) => line(Refusal::RefundLineUnknown, line_no),
        NotReturned::TooMuch(line_no) => line(Refusal::RefundTooMuch, line_no),
        NotReturned::UnknownFee => Refusal::RefundLineUnknown.into(),
        NotReturned::Dearer => Refusal::RefundWholeOnly.into(),
        NotReturned::Undecided(error) => error.into(),
    }
}

fn view(row: Row) -> Part {
    let given = difference(&row.body.before.legs, &row.body.rest.legs);
    let leg = |((kind, payer), amount): ((LegKind, String), Fen)| {
        let known = row.body.before.legs.iter().find(|leg| leg.kind == kind);
        let debtor = known.map(|leg| leg.debtor.clone()).unwrap_or_default();
        Leg { kind, amount, payer_person_id: payer, debtor, explanations: Vec::new() }
    };
    Part {
        refund_id: row.refund_id,
        part_no: i32::try_from(row.part_no).unwrap_or(i32::MAX),
        booked: row.booked,
        amount: row.amount,
        legs: given.into_iter().map(leg).filter(|leg| !leg.amount.is_zero()).collect(),
        returned: row.body.returned,
        setl_id: row.setl_id,
        at: row.booked_at,
    }
}
