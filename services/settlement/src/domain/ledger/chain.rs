//! Recomputes the chains from their first transfers and collects everything that does not hold.

use std::collections::BTreeMap;
use std::fmt;

use liufang_kernel::Fen;

use super::account::Account;
use super::transfer::{ChainEnd, Transfer, sum};

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
    /// Regions have no common books.
    Foreign { sequence: i64 },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Sequence { found, expected } => {
                write!(f, "sequence {found} stands where {expected} should")
            }
            Flaw::Unbalanced { sequence, .. } => write!(f, "transfer {sequence} does not sum to zero"),
            Flaw::Hash { sequence } => write!(f, "transfer {sequence} does not match its hash"),
            Flaw::Foreign { sequence } => write!(f, "transfer {sequence} moves a fund of another region"),
        }
    }
}

/// The links of one chain, one after the other; needs no memory of what lies behind.
#[derive(Clone, Debug)]
pub struct Links {
    hash: fn(&str) -> String,
    /// The last transfer that was linked.
    pub end: ChainEnd,
    pub checked: i64,
}

impl Links {
    /// A chain that begins at its first transfer.
    pub fn new(hash: fn(&str) -> String) -> Links {
        let end = ChainEnd { region: String::new(), sequence: 0, hash: GENESIS.to_owned() };
        Links { hash, end, checked: 0 }
    }

    /// The chain of a region: it begins where this one ends.
    #[must_use]
    pub fn branch(&self, region: &str) -> Links {
        let end = ChainEnd { region: region.to_owned(), ..self.end.clone() };
        Links { hash: self.hash, end, checked: 0 }
    }

    /// Checks one transfer against its predecessor. A changed one is named once: its successor is checked against the hash
    /// it was linked to.
    pub fn link(&mut self, transfer: &Transfer) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let (sequence, fen) = (transfer.sequence, sum(&transfer.entries));
        let expected = self.end.sequence + 1;
        if sequence != expected {
            flaws.push(Flaw::Sequence { found: sequence, expected });
        }
        if fen != 0 || transfer.entries.is_empty() {
            flaws.push(Flaw::Unbalanced { sequence, fen });
        }
        if (self.hash)(&transfer.canonical(&self.end.hash)) != transfer.hash {
            flaws.push(Flaw::Hash { sequence });
        }
        let mut named = transfer.entries.iter().filter_map(|entry| entry.account.region());
        if !self.end.region.is_empty() && named.any(|region| region != self.end.region) {
            flaws.push(Flaw::Foreign { sequence });
        }
        self.checked += 1;
        self.end.sequence = sequence;
        self.end.hash.clone_from(&transfer.hash);
        flaws
    }
}

/// What was recomputed of one chain.
#[derive(Clone, Debug)]
pub struct Chain {
    pub links: Links,
    pub balances: BTreeMap<Account, i128>,
}

impl Chain {
    fn new(links: Links) -> Chain {
        Chain { links, balances: BTreeMap::new() }
    }

    fn name(&self) -> String {
        match self.links.end.region.as_str() {
            "" => String::new(),
            region => format!("region {region}: "),
        }
    }
}

/// A running audit; feed the transfers of a chain in order of posting, those of the whole installation before any region's.
#[derive(Debug)]
pub struct ChainAudit {
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
        let chains = BTreeMap::from([(String::new(), Chain::new(Links::new(hash)))]);
        ChainAudit { chains, persons: BTreeMap::new(), problems: Vec::new() }
    }

    pub fn problem(&mut self, text: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(text);
        }
    }

    /// The chain of a region as far as it was fed. A new one begins where that of the whole installation ends.
    pub fn chain(&mut self, region: &str) -> &mut Chain {
        let whole = self.chains.get("").map(|chain| chain.links.branch(region));
        let whole = whole.expect("the chain of the whole installation is there from the beginning");
        self.chains.entry(region.to_owned()).or_insert_with(|| Chain::new(whole))
    }

    pub fn chains(&self) -> impl Iterator<Item = &Chain> {
        self.chains.values()
    }

    /// Checks one transfer against its predecessor in the chain of `transfer.region`.
    pub fn feed(&mut self, transfer: &Transfer) {
        let sequence = transfer.sequence;
        let chain = self.chain(&transfer.region);
        let name = chain.name();
        let flaws = chain.links.link(transfer).into_iter();
        let mut found: Vec<String> = flaws.map(|flaw| format!("{name}{flaw}")).collect();
        for entry in &transfer.entries {
            *chain.balances.entry(entry.account.clone()).or_default() += i128::from(entry.amount.0);
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

#[cfg(test)]
mod tests {
    use liufang_kernel::Timestamp;

    use super::super::{Draft, Entry, TransferKind};
    use super::*;

    /// No digest, and different for different texts all the same.
    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn entry(account: Account, fen: i64) -> Entry {
        Entry { account, amount: Fen(fen) }
    }

    fn credit(fen: i64) -> [Entry; 2] {
        [entry(Account::person("p"), fen), entry(Account::fund("110000", "310"), -fen)]
    }

    /// The next transfer of a region, whatever its entries are.
    fn next(audit: &mut ChainAudit, region: &str, entries: &[Entry]) -> Transfer {
        let end = audit.chain(region).links.end.clone();
        let none = Draft::new(TransferKind::Credit, "r", Vec::new(), Timestamp(1)).unwrap();
        let mut transfer = none.place(&end, format!("trf_{}", end.sequence), text);
        transfer.entries = entries.to_vec();
        transfer.hash = text(&transfer.canonical(&end.hash));
        transfer
    }

    fn feed(audit: &mut ChainAudit, region: &str, entries: &[Entry]) {
        let transfer = next(audit, region, entries);
        audit.feed(&transfer);
    }

    #[test]
    fn a_sound_chain_is_counted_and_summed() {
        let mut audit = ChainAudit::new(text);
        feed(&mut audit, "", &credit(500));
        feed(&mut audit, "110000", &credit(300));
        feed(&mut audit, "110000", &credit(-700));
        assert_eq!(
            audit.problems,
            Vec::<String>::new(),
            "what was credited before the division is spent after it"
        );
        let ends = audit.chains().map(|chain| (chain.links.end.region.as_str(), chain.links.end.sequence));
        assert_eq!(ends.collect::<Vec<_>>(), [("", 1), ("110000", 3)]);
        assert_eq!(audit.chain("110000").links.checked, 2);
        let (person, fund) = (Account::person("p"), Account::fund("110000", "310"));
        assert_eq!(
            audit.chain("110000").balances,
            BTreeMap::from([(person.clone(), -400), (fund.clone(), 400)])
        );
        audit.compare(
            "110000",
            &[(person.clone(), Fen(-400)), (fund.clone(), Fen(400)), (Account::bank("P"), Fen(0))],
        );
        assert_eq!(audit.problems, Vec::<String>::new());
        audit.compare("110000", &[(person, Fen(-399)), (Account::bank("P"), Fen(1))]);
        audit.compare("", &[(fund, Fen(-500))]);
        let told = "stored balances differ from the sum of their entries";
        assert_eq!(audit.problems, [format!("region 110000: 3 {told}"), format!("1 {told}")]);
    }

    #[test]
    fn an_account_may_be_spent_to_the_last_fen() {
        let mut audit = ChainAudit::new(text);
        feed(&mut audit, "", &credit(500));
        feed(&mut audit, "110000", &credit(-500));
        assert_eq!(audit.problems, Vec::<String>::new());
    }

    #[test]
    fn every_flaw_is_named_where_it_stands() {
        let mut audit = ChainAudit::new(text);
        feed(&mut audit, "110000", &[]);
        feed(&mut audit, "110000", &[entry(Account::bank("P"), 1)]);
        feed(
            &mut audit,
            "110000",
            &[entry(Account::fund("130300", "310"), -1), entry(Account::bank("P"), 1)],
        );
        feed(&mut audit, "", &credit(100));
        feed(&mut audit, "", &credit(-101));
        let mut late = next(&mut audit, "110000", &credit(2));
        late.sequence += 1;
        audit.feed(&late);
        let expected = [
            "region 110000: transfer 1 does not sum to zero",
            "region 110000: transfer 2 does not sum to zero",
            "region 110000: transfer 3 moves a fund of another region",
            "a personal account fell below zero at transfer 2",
            "region 110000: sequence 5 stands where 4 should",
            "region 110000: transfer 5 does not match its hash",
        ];
        assert_eq!(audit.problems, expected);
    }

    #[test]
    fn no_more_than_a_hundred_are_listed() {
        let mut audit = ChainAudit::new(text);
        (0..105).for_each(|n| audit.problem(n.to_string()));
        assert_eq!((audit.problems.len(), audit.problems.last().map(String::as_str)), (100, Some("99")));
    }
}
