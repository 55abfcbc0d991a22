//! Recomputes a chain from its first transfer and collects everything that does not hold.

use std::collections::BTreeMap;

use liufang_kernel::Fen;

use super::account::Account;
use super::transfer::{Transfer, sum};

/// The hash before the first transfer.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A running audit; feed transfers in order of posting.
#[derive(Debug)]
pub struct ChainAudit {
    hash: fn(&str) -> String,
    pub checked: i64,
    /// Sequence of the last transfer that was fed.
    pub last: i64,
    pub head: String,
    pub balances: BTreeMap<Account, i128>,
    pub problems: Vec<String>,
}

/// More are not listed: a broken chain breaks everywhere.
const MOST_PROBLEMS: usize = 100;

impl ChainAudit {
    pub fn new(hash: fn(&str) -> String) -> ChainAudit {
        ChainAudit {
            hash,
            checked: 0,
            last: 0,
            head: GENESIS.to_owned(),
            balances: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    pub fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(text);
        }
    }

    /// Checks one transfer against its predecessor.
    pub fn feed(&mut self, transfer: &Transfer) {
        self.checked += 1;
        let sequence = transfer.sequence;
        if sequence != self.last + 1 {
            self.problem(format!("sequence {sequence} stands where {} should", self.last + 1));
        }
        self.last = sequence;
        if sum(&transfer.entries) != 0 || transfer.entries.is_empty() {
            self.problem(format!("transfer {sequence} does not sum to zero"));
        }
        if (self.hash)(&transfer.canonical(&self.head)) != transfer.hash {
            self.problem(format!("transfer {sequence} does not match its hash"));
        }
        self.head.clone_from(&transfer.hash);
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
