//! What several payments decided together may do to the same accounts and years. Each decision sees what those before it left;
//! one that is refused leaves everything as it was.

use std::collections::BTreeMap;

use liufang_kernel::Fen;

use super::accumulate::Addition;
use super::benefit::{Leg, LegKind};

#[cfg(test)]
mod properties;

/// A personal account within a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purse {
    pub balance: Fen,
    pub held: Fen,
    /// Whose it is; empty for an account of before accounts had regions.
    pub region: String,
    /// The newest number of its statement.
    pub last: i64,
}

/// One scope of a person's year. The scope is its keyed index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct YearKey {
    pub person_id: String,
    pub year: i32,
    pub insutype: String,
    pub scope: String,
}

/// What a payment takes from one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub person_id: String,
    pub amount: Fen,
    pub kind: LegKind,
}

/// What the legs take from accounts: one need an account, in the order of accounts.
pub fn needs(legs: &[Leg]) -> Vec<Need> {
    let mut needs: BTreeMap<&str, (Fen, LegKind)> = BTreeMap::new();
    for leg in legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
        needs.entry(&leg.payer_person_id).or_insert((Fen::ZERO, leg.kind)).0 += leg.amount;
    }
    let need = |(person, (amount, kind)): (&str, (Fen, LegKind))| Need {
        person_id: person.to_owned(),
        amount,
        kind,
    };
    needs.into_iter().map(need).collect()
}

/// An account that has not enough free money, or is another region's: whose leg it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFree(pub LegKind);

/// An account holds less than its holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BelowHolds;

/// A line of an account's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub person_id: String,
    pub amount: Fen,
    /// After it.
    pub balance: Fen,
    /// Its number in the statement.
    pub line: i64,
}

/// Accounts and years of a region as a group finds them, and as its decisions leave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub region: String,
    pub purses: BTreeMap<String, Purse>,
    /// The newest numbers of statements of persons without an account; nobody is in it whose statement is empty.
    pub lines: BTreeMap<String, i64>,
    pub years: BTreeMap<YearKey, Addition>,
}

impl Books {
    /// Holds every need, or nothing. An account of before the accounts had regions becomes this region's.
    ///
    /// # Errors
    /// [`NotFree`] for the first account that cannot.
    pub fn hold(&mut self, needs: &[Need]) -> Result<(), NotFree> {
        let can = |need: &&Need| {
            self.purses.contains_key(&need.person_id) && self.free(&need.person_id) >= need.amount
        };
        if let Some(need) = needs.iter().find(|need| !can(need)) {
            return Err(NotFree(need.kind));
        }
        for need in needs {
            if let Some(purse) = self.purses.get_mut(&need.person_id) {
                purse.held += need.amount;
                purse.region.clone_from(&self.region);
            }
        }
        Ok(())
    }

    /// Gives what was held back.
    ///
    /// # Errors
    /// [`BelowHolds`]; nothing has changed then.
    pub fn release(&mut self, needs: &[Need]) -> Result<(), BelowHolds> {
        self.all_held(needs)?;
        for need in needs {
            if let Some(purse) = self.purses.get_mut(&need.person_id) {
                purse.held -= need.amount;
            }
        }
        Ok(())
    }

    /// Spends what was held. The line stands in the statement under the number of its transfer, or under the next one where the
    /// statement has gone on already.
    ///
    /// # Errors
    /// [`BelowHolds`]; nothing has changed then.
    pub fn spend(&mut self, needs: &[Need], sequence: i64) -> Result<Vec<Spent>, BelowHolds> {
        self.all_held(needs)?;
        let mut spent = Vec::new();
        for need in needs {
            let Some(purse) = self.purses.get_mut(&need.person_id) else { continue };
            purse.held -= need.amount;
            purse.balance -= need.amount;
            purse.last = sequence.max(purse.last + 1);
            spent.push(Spent {
                person_id: need.person_id.clone(),
                amount: need.amount,
                balance: purse.balance,
                line: purse.last,
            });
        }
        Ok(spent)
    }

    /// A line that moves nothing, for a transfer of somebody else's account: its number, and the balance that stays.
    pub fn tell(&mut self, person_id: &str, sequence: i64) -> (i64, Fen) {
        let (last, balance) = match self.purses.get_mut(person_id) {
            Some(purse) => (&mut purse.last, purse.balance),
            None => (self.lines.entry(person_id.to_owned()).or_default(), Fen::ZERO),
        };
        *last = sequence.max(*last + 1);
        (*last, balance)
    }

    fn all_held(&self, needs: &[Need]) -> Result<(), BelowHolds> {
        let holds = |need: &Need| {
            let purse = self.purses.get(&need.person_id);
            purse.is_some_and(|purse| purse.held >= need.amount && purse.balance >= need.amount)
        };
        if needs.iter().all(holds) { Ok(()) } else { Err(BelowHolds) }
    }

    /// What an account can pay: an account pays in its own region alone, and one that is not there pays nothing.
    pub fn free(&self, person_id: &str) -> Fen {
        let own = |purse: &&Purse| purse.region.is_empty() || purse.region == self.region;
        self.purses.get(person_id).filter(own).map_or(Fen::ZERO, |purse| purse.balance - purse.held)
    }

    /// Whether the year still is what a quote was calculated on.
    pub fn stands(&self, basis: &[(YearKey, Addition)]) -> bool {
        basis.iter().all(|(key, addition)| self.years.get(key).copied().unwrap_or_default() == *addition)
    }

    /// Adds to the year.
    pub fn add(&mut self, additions: &[(YearKey, Addition)]) {
        for (key, addition) in additions {
            let so_far = self.years.entry(key.clone()).or_default();
            so_far.deductible += addition.deductible;
            so_far.expense += addition.expense;
            so_far.fund_paid += addition.fund_paid;
        }
    }
}
