//! Recomputes a chain from its first transfer and collects everything that does not hold.

use std::collections::BTreeMap;
use std::fmt;

use liufang_kernel::Fen;

use super::account::Account;
use super::transfer::{Transfer, sum};

/// The hash before the first transfer.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What does not hold at one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Something was taken out, or put in between.
    Sequence { found: i64, expected: i64 },
    /// Its entries sum to this, or there are none.
    Unbalanced { sequence: i64, fen: i128 },
    /// The transfer, one of its entries or its predecessor was changed after it was written.
    Hash { sequence: i64 },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Sequence { found, expected } => {
                write!(f, "sequence {found} stands where {expected} should")
            }
            Flaw::Unbalanced { sequence, .. } => write!(f, "transfer {sequence} does not sum to zero"),
            Flaw::Hash { sequence } => write!(f, "transfer {sequence} does not match its hash"),
        }
    }
}

/// The links of the chain alone, one after the other; needs no memory of what lies behind.
#[derive(Debug)]
pub struct Chain {
    hash: fn(&str) -> String,
    pub checked: i64,
    /// Sequence of the last transfer that was linked.
    pub last: i64,
    pub head: String,
}

impl Chain {
    pub fn new(hash: fn(&str) -> String) -> Chain {
        Chain { hash, checked: 0, last: 0, head: GENESIS.to_owned() }
    }

    /// Checks one transfer against its predecessor. A changed one is named once: its successor is checked against the hash
    /// it was linked to.
    pub fn link(&mut self, transfer: &Transfer) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let (sequence, fen) = (transfer.sequence, sum(&transfer.entries));
        if sequence != self.last + 1 {
            flaws.push(Flaw::Sequence { found: sequence, expected: self.last + 1 });
        }
        if fen != 0 || transfer.entries.is_empty() {
            flaws.push(Flaw::Unbalanced { sequence, fen });
        }
        if (self.hash)(&transfer.canonical(&self.head)) != transfer.hash {
            flaws.push(Flaw::Hash { sequence });
        }
        self.checked += 1;
        self.last = sequence;
        self.head.clone_from(&transfer.hash);
        flaws
    }
}

/// A running audit; feed transfers in order of posting.
#[derive(Debug)]
pub struct ChainAudit {
    pub chain: Chain,
    pub balances: BTreeMap<Account, i128>,
    pub problems: Vec<String>,
}

/// More are not listed: a broken chain breaks everywhere.
const MOST_PROBLEMS: usize = 100;

impl ChainAudit {
    pub fn new(hash: fn(&str) -> String) -> ChainAudit {
        ChainAudit { chain: Chain::new(hash), balances: BTreeMap::new(), problems: Vec::new() }
    }

    pub fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(text);
        }
    }

    /// Checks one transfer against its predecessor.
    pub fn feed(&mut self, transfer: &Transfer) {
        let sequence = transfer.sequence;
        for flaw in self.chain.link(transfer) {
            self.problem(flaw.to_string());
        }
        for entry in &transfer.entries {
            let balance = self.balances.entry(entry.account.clone()).or_default();
            *balance += i128::from(entry.amount.0);
            if *balance < 0 && entry.account.person_id().is_some() {
                self.problem(format!("a personal account fell below zero at transfer {sequence}"));
            }
        }
    }

    /// Compares the recomputed balances with the stored ones.
    pub fn compare(&mut self, stored: &[(Account, Fen)]) {
        let mut stored: BTreeMap<&Account, i128> =
            stored.iter().map(|(account, fen)| (account, i128::from(fen.0))).collect();
        let mut different = 0;
        for (account, balance) in &self.balances {
            if stored.remove(account).unwrap_or_default() != *balance {
                different += 1;
            }
        }
        different += stored.values().filter(|balance| **balance != 0).count();
        if different > 0 {
            self.problem(format!("{different} stored balances differ from the sum of their entries"));
        }
    }
}
