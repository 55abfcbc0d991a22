//! Recomputes the chains from their first transfers and collects everything that does not hold.

use std::collections::BTreeMap;

use liufang_kernel::Fen;

use super::account::Account;
use super::transfer::{ChainEnd, Transfer, sum};

/// The hash before the first transfer.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What was recomputed of one chain.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Of the last transfer that was fed.
    pub end: ChainEnd,
    pub checked: i64,
    pub balances: BTreeMap<Account, i128>,
}

impl Chain {
    fn new(region: &str, sequence: i64, hash: &str) -> Chain {
        let end = ChainEnd { region: region.to_owned(), sequence, hash: hash.to_owned() };
        Chain { end, checked: 0, balances: BTreeMap::new() }
    }

    fn name(&self) -> String {
        match self.end.region.as_str() {
            "" => String::new(),
            region => format!("region {region}: "),
        }
    }
}

/// A running audit; feed the transfers of a chain in order of posting, those of the whole installation before any region's.
#[derive(Debug)]
pub struct ChainAudit {
    hash: fn(&str) -> String,
    /// By region; the empty one is the chain of the whole installation.
    chains: BTreeMap<String, Chain>,
    /// Personal accounts over all chains: what was credited before the division is spent after it.
    persons: BTreeMap<Account, i128>,
    pub problems: Vec<String>,
}

/// More are not listed: a broken chain breaks everywhere.
const MOST_PROBLEMS: usize = 100;

impl ChainAudit {
    pub fn new(hash: fn(&str) -> String) -> ChainAudit {
        let whole = Chain::new("", 0, GENESIS);
        ChainAudit {
            hash,
            chains: BTreeMap::from([(String::new(), whole)]),
            persons: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    pub fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(text);
        }
    }

    /// The chain of a region as far as it was fed. A new one begins where that of the whole installation ends.
    pub fn chain(&mut self, region: &str) -> &mut Chain {
        let whole = self.chains.get("").map(|chain| chain.end.clone());
        let whole = whole.expect("the chain of the whole installation is there from the beginning");
        let branch = || Chain::new(region, whole.sequence, &whole.hash);
        self.chains.entry(region.to_owned()).or_insert_with(branch)
    }

    pub fn chains(&self) -> impl Iterator<Item = &Chain> {
        self.chains.values()
    }

    /// Checks one transfer against its predecessor in the chain of `transfer.region`.
    pub fn feed(&mut self, transfer: &Transfer) {
        let hash = self.hash;
        let mut found = Vec::new();
        let chain = self.chain(&transfer.region);
        let (name, sequence, due) = (chain.name(), transfer.sequence, chain.end.sequence + 1);
        chain.checked += 1;
        if sequence != due {
            found.push(format!("{name}sequence {sequence} stands where {due} should"));
        }
        if sum(&transfer.entries) != 0 || transfer.entries.is_empty() {
            found.push(format!("{name}transfer {sequence} does not sum to zero"));
        }
        if hash(&transfer.canonical(&chain.end.hash)) != transfer.hash {
            found.push(format!("{name}transfer {sequence} does not match its hash"));
        }
        chain.end.sequence = sequence;
        chain.end.hash.clone_from(&transfer.hash);
        for entry in &transfer.entries {
            *chain.balances.entry(entry.account.clone()).or_default() += i128::from(entry.amount.0);
            let foreign = entry.account.region().is_some_and(|region| region != transfer.region);
            if foreign && !transfer.region.is_empty() {
                found.push(format!("{name}transfer {sequence} moves a fund of another region"));
            }
        }
        for entry in transfer.entries.iter().filter(|entry| entry.account.person_id().is_some()) {
            let balance = self.persons.entry(entry.account.clone()).or_default();
            *balance += i128::from(entry.amount.0);
            if *balance < 0 {
                found.push(format!("{name}a personal account fell below zero at transfer {sequence}"));
            }
        }
        found.into_iter().for_each(|text| self.problem(text));
    }

    /// Compares a chain's recomputed balances with the stored ones.
    pub fn compare(&mut self, region: &str, stored: &[(Account, Fen)]) {
        let mut stored: BTreeMap<&Account, i128> =
            stored.iter().map(|(account, fen)| (account, i128::from(fen.0))).collect();
        let chain = self.chain(region);
        let mut different = 0;
        for (account, balance) in &chain.balances {
            if stored.remove(account).unwrap_or_default() != *balance {
                different += 1;
            }
        }
        different += stored.values().filter(|balance| **balance != 0).count();
        if different > 0 {
            let name = chain.name();
            self.problem(format!("{name}{different} stored balances differ from the sum of their entries"));
        }
    }
}
