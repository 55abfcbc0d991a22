//! Which accounts each business fact moves.

use liufang_kernel::{Fen, Timestamp};

use super::account::Account;
use super::transfer::{Draft, Entry, TransferKind, Unbalanced};
use crate::domain::benefit::{Leg, LegKind};
use crate::domain::payment::TILL;

fn entry(account: Account, amount: Fen) -> Entry {
    Entry { account, amount }
}

/// Money the fund of `region` puts into a personal account.
///
/// # Errors
/// Never for a real amount; the sum is asserted all the same.
pub fn credit(
    row_key: &str,
    region: &str,
    person_id: &str,
    amount: Fen,
    at: Timestamp,
) -> Result<Draft, Unbalanced> {
    let entries = vec![
        entry(Account::person(person_id), amount),
        // personal accounts exist in the employee scheme alone
        entry(Account::fund(region, "310"), -amount),
    ];
    Draft::new(TransferKind::Credit, row_key, entries, at)
}

/// What a capture needs beside its legs.
#[derive(Clone, Copy, Debug)]
pub struct CaptureFacts<'a> {
    pub payment_id: &'a str,
    pub region: &'a str,
    pub insutype: &'a str,
    pub institution: &'a str,
    /// Name of the channel; unused without a cash leg.
    pub channel: &'a str,
    pub at: Timestamp,
}

/// A captured payment: insured legs become the agency's debt, the cash leg the channel's.
///
/// # Errors
/// [`Unbalanced`] never for legs of a settlement; asserted all the same.
pub fn capture(facts: &CaptureFacts<'_>, legs: &[Leg]) -> Result<Draft, Unbalanced> {
    Draft::new(TransferKind::Capture, facts.payment_id, capture_entries(facts, legs), facts.at)
}

/// The exact mirror of [`capture`].
///
/// # Errors
/// As [`capture`].
pub fn refund(facts: &CaptureFacts<'_>, legs: &[Leg]) -> Result<Draft, Unbalanced> {
    let mut entries = capture_entries(facts, legs);
    for entry in &mut entries {
        entry.amount = -entry.amount;
    }
    Draft::new(TransferKind::Refund, facts.payment_id, entries, facts.at)
}

fn capture_entries(facts: &CaptureFacts<'_>, legs: &[Leg]) -> Vec<Entry> {
    let of = |insured: bool| legs.iter().filter(move |leg| leg.kind.is_insured() == insured);
    let owed = |insured| of(insured).map(|leg| leg.amount).sum::<Fen>();
    let mut entries = vec![
        entry(Account::agency_receivable(facts.institution), owed(true)),
        entry(taken_by(facts), owed(false)),
    ];
    for leg in legs {
        let from = match leg.kind {
            LegKind::Fund => Account::fund(facts.region, facts.insutype),
            LegKind::Account | LegKind::RelativeAccount => Account::person(&leg.payer_person_id),
            LegKind::Channel => Account::channel(facts.channel),
        };
        entries.push(entry(from, -leg.amount));
    }
    entries
}

/// Where the cash is: with the channel, which owes it, or in the pharmacy's own till.
fn taken_by(facts: &CaptureFacts<'_>) -> Account {
    if facts.channel == TILL {
        Account::till(facts.institution)
    } else {
        Account::channel_receivable(facts.channel, facts.institution)
    }
}

/// The agency pays a claim: what it cut stays with it, the receivable closes whole.
///
/// # Errors
/// Never; asserted all the same.
pub fn claim_payment(
    claim_id: &str,
    institution: &str,
    claimed: Fen,
    deducted: Fen,
    at: Timestamp,
) -> Result<Draft, Unbalanced> {
    let entries = vec![
        entry(Account::bank(institution), claimed - deducted),
        entry(Account::deduction(institution), deducted),
        entry(Account::agency_receivable(institution), -claimed),
    ];
    Draft::new(TransferKind::ClaimPayment, claim_id, entries, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_owes_and_who_pays() {
        let leg = |kind, fen, payer: &str| Leg {
            kind,
            amount: Fen(fen),
            payer_person_id: payer.into(),
            debtor: String::new(),
            explanations: Vec::new(),
        };
        let legs = [
            leg(LegKind::Fund, 700, ""),
            leg(LegKind::Account, 200, "p1"),
            leg(LegKind::RelativeAccount, 50, "p2"),
            leg(LegKind::Channel, 60, ""),
        ];
        let paid = |draft: Draft| -> Vec<(String, i64)> {
            draft.entries().iter().map(|entry| (entry.account.to_string(), entry.amount.0)).collect()
        };
        for (channel, cash) in [("wechat", "receivable:channel:wechat:P1"), (TILL, "till:P1")] {
            let facts = CaptureFacts {
                payment_id: "pay",
                region: "130300",
                insutype: "310",
                institution: "P1",
                channel,
                at: Timestamp(1),
            };
            let expected = [
                ("receivable:agency:P1".to_owned(), 950),
                (cash.to_owned(), 60),
                ("fund:130300:310".to_owned(), -700),
                ("person:p1".to_owned(), -200),
                ("person:p2".to_owned(), -50),
                (format!("channel:{channel}"), -60),
            ];
            assert_eq!(paid(capture(&facts, &legs).unwrap()), expected);
            let mirror = expected.map(|(account, fen)| (account, -fen));
            assert_eq!(paid(refund(&facts, &legs).unwrap()), mirror);
        }
    }
}
