//! The chart of accounts. The ledger follows value to whoever holds it; **debit is positive**, so a positive balance is
//! money held or owed to the holder. Every region 统筹区 keeps these accounts for itself: the same code in two regions is
//! two accounts.
//!
//! | account | balance means |
//! |---|---|
//! | `fund:<region>:<insutype>` | negative: what the pooled fund has given (shares of treatment, credits to accounts) |
//! | `person:<person_id>` | the personal account 个人账户; never below zero |
//! | `receivable:agency:<institution>` | what the clearing agency of the region still owes the institution (`domain.md` §9.5) |
//! | `receivable:channel:<channel>:<institution>` | what a payment channel owes the institution: cash and outside fees |
//! | `receivable:channel:<institution>` | the same of all channels together, booked before each had its own; read with them |
//! | `channel:<name>` | negative: what a channel collected from payers for institutions |
//! | `till:<institution>` | what the institution's own till took at its counter; `channel:till` stands against it |
//! | `bank:<institution>` | what agency and channels have paid out to the institution |
//! | `fee:<channel>:<institution>` | what a channel kept of its payouts for its service |
//! | `deduction:<institution>` | what the agency cut from claims and kept |
//! | `suspense:<channel>:<institution>` | what a channel paid out or took back and nobody can name yet; zero in good order |
//!
//! Some balances have a [`Limit`], whatever is booked: who has put nothing in takes nothing out.

use std::fmt;

use liufang_kernel::Fen;
use serde::{Deserialize, Serialize};

/// An account code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account(String);

impl Account {
    pub fn fund(region: &str, insutype: &str) -> Account {
        Account(format!("fund:{region}:{insutype}"))
    }

    pub fn person(person_id: &str) -> Account {
        Account(format!("person:{person_id}"))
    }

    pub fn agency_receivable(institution: &str) -> Account {
        Account(format!("receivable:agency:{institution}"))
    }

    pub fn channel_receivable(channel: &str, institution: &str) -> Account {
        Account(format!("receivable:channel:{channel}:{institution}"))
    }

    pub fn fee(channel: &str, institution: &str) -> Account {
        Account(format!("fee:{channel}:{institution}"))
    }

    pub fn suspense(channel: &str, institution: &str) -> Account {
        Account(format!("suspense:{channel}:{institution}"))
    }

    pub fn channel(name: &str) -> Account {
        Account(format!("channel:{name}"))
    }

    pub fn till(institution: &str) -> Account {
        Account(format!("till:{institution}"))
    }

    pub fn bank(institution: &str) -> Account {
        Account(format!("bank:{institution}"))
    }

    pub fn deduction(institution: &str) -> Account {
        Account(format!("deduction:{institution}"))
    }

    /// An account read back from storage.
    pub fn stored(code: String) -> Account {
        Account(code)
    }

    /// The holder, when this is a personal account.
    pub fn person_id(&self) -> Option<&str> {
        self.0.strip_prefix("person:")
    }

    /// The region that the code itself names; such an account moves in the books of that region alone.
    pub fn region(&self) -> Option<&str> {
        self.0.strip_prefix("fund:")?.split(':').next()
    }

    /// What the balance may never become. An account whose money was booked before its region had books of its own is
    /// taken together with that part.
    pub fn limit(&self) -> Option<Limit> {
        match self.0.split(':').next() {
            Some("person" | "till" | "deduction") => Some(Limit::NotBelowZero),
            Some("fund" | "channel") => Some(Limit::NotAboveZero),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A bound of a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It holds money: what is not there cannot go.
    NotBelowZero,
    /// It gave money: no more comes back than it gave.
    NotAboveZero,
}

impl Limit {
    pub fn allows(self, balance: Fen) -> bool {
        match self {
            Limit::NotBelowZero => balance >= Fen::ZERO,
            Limit::NotAboveZero => balance <= Fen::ZERO,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_has_its_code_its_bound_and_its_holder() {
        let below = Some(Limit::NotBelowZero);
        let above = Some(Limit::NotAboveZero);
        let rows = [
            (Account::person("p1"), "person:p1", below, Some("p1")),
            (Account::till("P1"), "till:P1", below, None),
            (Account::deduction("P1"), "deduction:P1", below, None),
            (Account::fund("130300", "310"), "fund:130300:310", above, None),
            (Account::channel("wechat"), "channel:wechat", above, None),
            (Account::bank("P1"), "bank:P1", None, None),
            (Account::suspense("wechat", "P1"), "suspense:wechat:P1", None, None),
        ];
        for (account, code, limit, person) in rows {
            assert_eq!((account.as_str(), account.to_string().as_str()), (code, code));
            assert_eq!((account.limit(), account.person_id()), (limit, person), "{code}");
        }
    }

    #[test]
    fn a_bound_is_kept_by_what_stands_on_it() {
        let allowed = |limit: Limit| [-1, 0, 1].map(|fen| limit.allows(Fen(fen)));
        assert_eq!(allowed(Limit::NotBelowZero), [false, true, true]);
        assert_eq!(allowed(Limit::NotAboveZero), [true, true, false]);
    }
}
