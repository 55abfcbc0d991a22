//! The chart of accounts. The ledger follows value to whoever holds it; **debit is positive**, so a positive balance is
//! money held or owed to the holder. Every region 统筹区 keeps these accounts for itself: the same code in two regions is
//! two accounts.
//!
//! | account | balance means |
//! |---|---|
//! | `fund:<region>:<insutype>` | negative: what the pooled fund has given (shares of treatment, credits to accounts) |
//! | `person:<person_id>` | the personal account 个人账户; never below zero |
//! | `receivable:agency:<institution>` | what the clearing agency still owes the institution (`domain.md` §9.5) |
//! | `receivable:channel:<institution>` | what the payment channel owes the institution: cash and outside fees |
//! | `channel:<name>` | negative: what a channel collected from payers for institutions |
//! | `till:<institution>` | what the institution's own till took at its counter; `channel:till` stands against it |
//! | `bank:<institution>` | what the agency has paid out to the institution |
//! | `deduction:<institution>` | what the agency cut from claims and kept |
//! | `suspense` | differences under investigation; zero in good order |

use std::fmt;

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

    pub fn channel_receivable(institution: &str) -> Account {
        Account(format!("receivable:channel:{institution}"))
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

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
