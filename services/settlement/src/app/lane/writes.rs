//! What a group writes, in one statement.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::Work;
use liufang_platform::db::together::Together;
use liufang_platform::db::{Reply, Told};

use super::group::Facts;
use crate::app::App;
use crate::app::account::StatementRow;
use crate::app::booking::claimed;
use crate::app::capture::msgid;
use crate::app::messages::Heard;
use crate::domain::accumulate::Addition;
use crate::domain::benefit::Totals;
use crate::domain::claim::{Amounts, TotalKey};
use crate::domain::lane::{Need, YearKey};
use crate::domain::payment::{Journal, Payer};
use crate::error::SettlementError;
use crate::store;
use crate::store::hold::{Ended, Placed};
use crate::store::ledger::Head;
use crate::store::message::Sending;
use crate::store::receivable::{Booked, Owed};

/// A capture to book.
pub(super) struct Booking {
    /// Its place among the saved payments.
    pub n: usize,
    pub totals: Totals,
    pub stmt_date: String,
    pub at: Timestamp,
}

#[derive(Default)]
pub(super) struct Writes {
    pub inserted: Vec<Journal>,
    /// Holds by the place of their payment among the inserted.
    pub placed: Vec<(usize, String, Need)>,
    pub saved: Vec<Journal>,
    /// Places of saved payments that need a number at the insurer.
    pub numbered: Vec<(usize, Timestamp)>,
    pub released: Vec<(String, Vec<Need>)>,
    pub settled: Vec<(String, Vec<Need>)>,
    pub lines: Vec<(String, StatementRow)>,
    pub years: BTreeMap<YearKey, Addition>,
    pub booked: Vec<Booking>,
    pub told: Vec<Told>,
    /// Who pays the cash part, by the place of the payment among the inserted.
    pub payers: Vec<(usize, Payer)>,
    /// Places of saved payments whose step may send a message to the insurer next.
    pub sending: Vec<(usize, Timestamp)>,
    pub heard: Vec<Heard>,
}

impl Writes {
    pub(super) fn is_empty(&self) -> bool {
        self.inserted.is_empty() && self.saved.is_empty()
    }

    /// A key stands in one row of a statement.
    pub(super) fn add_to_years(&mut self, additions: Vec<(YearKey, Addition)>) {
        for (key, addition) in additions {
            let sum = self.years.entry(key).or_default();
            sum.deductible += addition.deductible;
            sum.expense += addition.expense;
            sum.fund_paid += addition.fund_paid;
        }
    }

    /// Gives the payments that start their numbers at the insurer, in the order of arrival.
    pub(super) fn number(&mut self, first: &BTreeMap<String, i64>) -> Result<(), SettlementError> {
        let mut next = first.clone();
        for (n, now) in &self.numbered {
            let Some(journal) = self.saved.get_mut(*n) else { continue };
            let number = next.get_mut(&journal.fixmedins_code);
            let number = number.ok_or(SettlementError::Stored("message counter"))?;
            journal.msgid = msgid(&journal.fixmedins_code, *now, number.rem_euclid(10_000));
            *number += 1;
        }
        Ok(())
    }
}

impl App {
    /// # Errors
    /// [`SettlementError::LostRace`] when somebody has written a payment or an account since it was read, or a twin kept its
    /// reply: nothing of the transaction may stay.
    pub(super) async fn write_group(
        &self,
        work: &Work,
        facts: &Facts,
        writes: &mut Writes,
        head: Head,
        replies: &[Reply<'_>],
    ) -> Result<(), SettlementError> {
        let (tx, mut all) = (work.tx(), Together::default());
        all.add(store::payment::inserting(tx, &writes.inserted)?);
        all.add(store::hold::placing(tx, &placed(writes))?);
        all.add(store::payer::noting(tx, &self.cipher, &payers(writes))?);
        let saved = all.add(store::payment::saving(tx, &writes.saved)?);
        all.add(store::message::answered_all(tx, &answers(&writes.heard), self.clock.now())?);
        all.add(store::message::sending_all(tx, &messages(writes))?);
        all.add(store::payer::forgetting(tx, &ended(writes)));
        let released = all.add(store::hold::ending(tx, &ids(&writes.released), "released"));
        let settled = all.add(store::hold::ending(tx, &ids(&writes.settled), "settled"));
        let (accounts, to_move) = store::account::moving(tx, &facts.before, &facts.books.purses)?;
        let accounts = all.add(accounts);
        all.add(store::account::stating(tx, &writes.lines)?);
        all.add(store::accumulator::adding(tx, &writes.years)?);
        let mut storing = None;
        if !writes.booked.is_empty() {
            let (settlements, owed) = claims(writes);
            all.add(store::receivable::settling(tx, &settlements)?);
            all.add(store::receivable::owing(tx, &owed)?);
            storing = Some(head.storing(tx, &mut all)?);
        }
        all.add(work.pushed(std::mem::take(&mut writes.told))?);
        let (replies, to_remember) = work.remember(replies)?;
        let replies = all.add(replies);
        let told = all.run(tx).await?;
        let to_save = writes.saved.len() as u64;
        for (place, wanted) in [(saved, to_save), (accounts, to_move), (replies, to_remember)] {
            if told.touched(place) != wanted {
                return Err(SettlementError::LostRace);
            }
        }
        holds_were(&writes.released, told.rows(released)?)?;
        holds_were(&writes.settled, told.rows(settled)?)?;
        writes.saved.iter_mut().for_each(|journal| journal.version += 1);
        match storing {
            Some(storing) => storing.check(tx, &told).await,
            None => Ok(()),
        }
    }
}

fn placed(writes: &Writes) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    for (n, hold_id, need) in &writes.placed {
        let Some(journal) = writes.inserted.get(*n) else { continue };
        placed.push(Placed {
            hold_id: hold_id.clone(),
            payment_id: &journal.payment_id,
            person_id: &need.person_id,
            amount: need.amount,
            expires_at: journal.hold_expires_at,
        });
    }
    placed
}

fn payers(writes: &Writes) -> Vec<(&str, &Payer)> {
    let mut payers = Vec::new();
    for (n, payer) in &writes.payers {
        payers.extend(writes.inserted.get(*n).map(|journal| (journal.payment_id.as_str(), payer)));
    }
    payers
}

/// A message stands in one row of a statement; the newest word about it counts.
pub(super) fn answers(heard: &[Heard]) -> BTreeMap<&str, &'static str> {
    heard.iter().map(|heard| (heard.msgid.as_str(), heard.outcome)).collect()
}

fn messages(writes: &Writes) -> Vec<Sending<'_>> {
    let next = writes.sending.iter().filter_map(|(n, at)| Some((writes.saved.get(*n)?, *at)));
    next.filter_map(|(journal, at)| Sending::of(journal, at)).collect()
}

/// Payments that need their payer no longer.
fn ended(writes: &Writes) -> Vec<&str> {
    let ended = writes.released.iter().chain(&writes.settled);
    ended.map(|(payment_id, _)| payment_id.as_str()).collect()
}

type Claims<'a> = (Vec<(Booked<'a>, TotalKey, Amounts)>, Vec<Owed<'a>>);

fn claims(writes: &Writes) -> Claims<'_> {
    let (mut settlements, mut owed) = (Vec::new(), Vec::new());
    for booking in &writes.booked {
        let Some(journal) = writes.saved.get(booking.n) else { continue };
        let of = claimed(journal, &booking.totals, false, &booking.stmt_date, booking.at);
        settlements.extend(of.settlement);
        owed.extend(of.owed);
    }
    (settlements, owed)
}

fn ids(of: &[(String, Vec<Need>)]) -> Vec<&str> {
    of.iter().map(|(payment_id, _)| payment_id.as_str()).collect()
}

/// The holds of payments that ended must be what their legs took.
fn holds_were(of: &[(String, Vec<Need>)], ended: Vec<Ended>) -> Result<(), SettlementError> {
    let (mut held, mut expected): (BTreeMap<_, Fen>, BTreeMap<_, Fen>) = (BTreeMap::new(), BTreeMap::new());
    for Ended { payment_id, person_id, amount_fen } in ended {
        *held.entry((payment_id, person_id)).or_default() += Fen(amount_fen);
    }
    for (payment_id, needs) in of {
        expected.extend(needs.iter().map(|need| ((payment_id.clone(), need.person_id.clone()), need.amount)));
    }
    if held == expected { Ok(()) } else { Err(SettlementError::Stored("held amount below its holds")) }
}
