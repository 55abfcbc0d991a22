//! What a payment's own row demands of the rows booked for it.
//!
//! Pure: the auditor reads both sides and hands them in. Invariant of settlement: holds, transfers, receivables and the
//! rows of 3201 follow from state and legs alone.

use std::collections::BTreeMap;

use liufang_kernel::Fen;

use super::benefit::{Leg, LegKind};
use super::payment::{Journal, PaymentState, TILL, cash_of};

/// A hold of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub person_id: String,
    pub amount: Fen,
    /// `held`, `settled`, `released`, or `reduced` to nothing by a capture of less.
    pub state: String,
}

/// What was booked for a payment, by capture (`false`) and refund (`true`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    pub holds: Vec<Hold>,
    /// What the ledger's transfer moved.
    pub transfers: BTreeMap<bool, Fen>,
    /// Signed, by refund and kind of debtor.
    pub receivables: BTreeMap<(bool, String), Fen>,
    /// Signed, fund and accounts of the row of 3201.
    pub settlements: BTreeMap<bool, (Fen, Fen)>,
    /// Partial returns, by number.
    pub parts: BTreeMap<i64, BookedPart>,
}

/// What a partial return says it moved, and what was booked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookedPart {
    /// Fund, accounts and cash that were undone, and made again.
    pub back: [Fen; 3],
    pub again: [Fen; 3],
    pub transfers: BTreeMap<bool, Fen>,
    pub receivables: BTreeMap<(bool, String), Fen>,
    pub settlements: BTreeMap<bool, (Fen, Fen)>,
}

impl BookedPart {
    fn amount(&self) -> Fen {
        self.back.iter().sum::<Fen>() - self.again.iter().sum::<Fen>()
    }
}

/// One thing that is not as the payment demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub kind: &'static str,
    /// What state and legs demand.
    pub expected: Fen,
    /// What is there.
    pub found: Fen,
}

/// Everything that is not as `journal` demands.
pub fn flaws(journal: &Journal, booked: &Booked) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let mut compare = |kind, expected: Fen, found: Fen| {
        if expected != found {
            flaws.push(Flaw { kind, expected, found });
        }
    };
    let total: Fen = journal.legs.iter().map(|leg| leg.amount).sum();
    compare("PAYMENT_CASH", cash_of(&journal.legs), journal.cash);
    // what went back in parts is not mirrored once more as a whole
    let whole = is_refunded(journal) && booked.parts.is_empty();
    let returned: Fen = booked.parts.values().map(BookedPart::amount).sum();
    compare("PAYMENT_REFUNDED", if whole { total } else { returned }, journal.refunded);
    if is_refunded(journal) {
        compare("PAYMENT_REFUNDED", total, journal.refunded);
    }
    for refund in [false, true] {
        let stands = if refund { whole } else { was_captured(journal) };
        let of = |amount: Fen| match (stands, refund) {
            (false, _) => Fen::ZERO,
            (true, false) => amount,
            (true, true) => -amount,
        };
        let moved = booked.transfers.get(&refund).copied().unwrap_or_default();
        let transfer = if refund { "PAYMENT_REFUND_TRANSFER" } else { "PAYMENT_TRANSFER" };
        compare(transfer, if stands { total } else { Fen::ZERO }, moved);
        for (debtor, insured) in [("agency", true), ("channel", false)] {
            let legs = journal.legs.iter().filter(|leg| leg.kind.is_insured() == insured);
            let owed = booked.receivables.get(&(refund, debtor.to_owned())).copied().unwrap_or_default();
            let due: Fen = legs.map(|leg| leg.amount).sum();
            // what the pharmacy's own till took is owed by nobody
            let due = if !insured && journal.channel == TILL { Fen::ZERO } else { due };
            compare("PAYMENT_RECEIVABLE", of(due), owed);
        }
        let (fund, accounts) = booked.settlements.get(&refund).copied().unwrap_or_default();
        compare("PAYMENT_SETTLEMENT_ROW", of(sum(&journal.legs, &[LegKind::Fund])), fund);
        let own = [LegKind::Account, LegKind::RelativeAccount];
        compare("PAYMENT_SETTLEMENT_ROW", of(sum(&journal.legs, &own)), accounts);
    }
    for part in booked.parts.values() {
        flaws.extend(part_flaws(journal, part));
    }
    flaws.extend(holds(journal, &booked.holds));
    flaws
}

/// Both transfers of a return stand, and every row says what they say.
fn part_flaws(journal: &Journal, part: &BookedPart) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (refund, sums) in [(true, part.back), (false, part.again)] {
        let mut compare = |kind, expected: Fen, found: Fen| {
            if expected != found {
                flaws.push(Flaw { kind, expected, found });
            }
        };
        let sign = |amount: Fen| if refund { -amount } else { amount };
        let [fund, accounts, cash] = sums;
        let moved = part.transfers.get(&refund).copied().unwrap_or_default();
        compare("PAYMENT_PART_TRANSFER", sums.iter().sum(), moved);
        let owed =
            |debtor: &str| part.receivables.get(&(refund, debtor.to_owned())).copied().unwrap_or_default();
        compare("PAYMENT_PART_RECEIVABLE", sign(fund + accounts), owed("agency"));
        let due = if journal.channel == TILL { Fen::ZERO } else { sign(cash) };
        compare("PAYMENT_PART_RECEIVABLE", due, owed("channel"));
        let (row_fund, row_accounts) = part.settlements.get(&refund).copied().unwrap_or_default();
        compare("PAYMENT_PART_SETTLEMENT_ROW", sign(fund), row_fund);
        compare("PAYMENT_PART_SETTLEMENT_ROW", sign(accounts), row_accounts);
    }
    flaws
}

/// Every account leg was held, and its hold has ended as the payment did.
fn holds(journal: &Journal, holds: &[Hold]) -> Vec<Flaw> {
    let mut people: BTreeMap<&str, (Fen, Fen)> = BTreeMap::new();
    for leg in journal.legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
        people.entry(&leg.payer_person_id).or_default().0 += leg.amount;
    }
    let wanted = hold_states(journal);
    for hold in holds.iter().filter(|hold| wanted.contains(&hold.state.as_str())) {
        people.entry(&hold.person_id).or_default().1 += hold.amount;
    }
    let differ = people.values().filter(|(expected, found)| expected != found);
    let flaw =
        |(expected, found): &(Fen, Fen)| Flaw { kind: "PAYMENT_HOLD", expected: *expected, found: *found };
    let mut flaws: Vec<Flaw> = differ.map(flaw).collect();
    let astray =
        holds.iter().filter(|hold| !wanted.contains(&hold.state.as_str()) && hold.state != "reduced");
    if flaws.is_empty() {
        flaws.extend(astray.map(|hold| Flaw {
            kind: "PAYMENT_HOLD",
            expected: Fen::ZERO,
            found: hold.amount,
        }));
    }
    flaws
}

fn hold_states(journal: &Journal) -> &'static [&'static str] {
    match journal.state {
        PaymentState::Authorised => &["held"],
        // cash that came too late is on its way back; the holds went before
        PaymentState::Pending if !journal.failure_reason.is_empty() => &["held", "released"],
        PaymentState::Pending => &["held"],
        PaymentState::Captured | PaymentState::Refunding | PaymentState::Refunded => &["settled"],
        PaymentState::Voided | PaymentState::Expired | PaymentState::Failed => &["released"],
    }
}

fn was_captured(journal: &Journal) -> bool {
    matches!(journal.state, PaymentState::Captured | PaymentState::Refunding | PaymentState::Refunded)
}

fn is_refunded(journal: &Journal) -> bool {
    journal.state == PaymentState::Refunded
}

fn sum(legs: &[Leg], kinds: &[LegKind]) -> Fen {
    legs.iter().filter(|leg| kinds.contains(&leg.kind)).map(|leg| leg.amount).sum()
}
