//! A small book in memory that plays random holds, captures, voids, refunds and claims against the real postings.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::domain::benefit::{Leg, LegKind};

/// Not SHA-256, but it moves with every byte; the chain only needs a function.
fn weak_hash(text: &str) -> String {
    let fold = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{fold:016x}")
}

#[derive(Default)]
struct Purse {
    balance: i64,
    held: i64,
}

#[derive(Default)]
struct Book {
    region: String,
    transfers: Vec<Transfer>,
    purses: BTreeMap<String, Purse>,
    held: Vec<(String, Vec<Leg>)>,
    captured: Vec<(String, Vec<Leg>)>,
    owed: i64,
}

fn facts(payment_id: &str) -> CaptureFacts<'_> {
    CaptureFacts {
        payment_id,
        region: "130300",
        insutype: "310",
        institution: "P13030200001",
        channel: "wechat",
        at: Timestamp(1),
    }
}

fn leg(kind: LegKind, amount: i64, payer: &str) -> Leg {
    Leg {
        kind,
        amount: Fen(amount),
        payer_person_id: payer.into(),
        debtor: String::new(),
        explanations: Vec::new(),
    }
}

impl Book {
    fn append(&mut self, draft: Draft) {
        let hash = self.transfers.last().map_or(GENESIS, |last| &last.hash).to_owned();
        let end = ChainEnd { region: self.region.clone(), sequence: self.transfers.len() as i64, hash };
        self.transfers.push(draft.place(&end, format!("trf_{}", end.sequence + 1), weak_hash));
    }

    fn credit(&mut self, person: &str, amount: i64) {
        self.purses.entry(person.into()).or_default().balance += amount;
        let key = format!("row{}", self.transfers.len());
        self.append(credit(&key, "130300", person, Fen(amount), Timestamp(1)).unwrap());
    }

    /// Holds like the store does: all or nothing, guarded by what is free.
    fn authorise(&mut self, legs: Vec<Leg>) -> bool {
        let mut needs: BTreeMap<&str, i64> = BTreeMap::new();
        for leg in legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
            *needs.entry(leg.payer_person_id.as_str()).or_default() += leg.amount.0;
        }
        let free = |person: &str| self.purses.get(person).map_or(0, |purse| purse.balance - purse.held);
        if needs.iter().any(|(person, amount)| free(person) < *amount) {
            return false;
        }
        for (person, amount) in needs {
            self.purses.entry(person.into()).or_default().held += amount;
        }
        let id = format!("pay{}", self.held.len() + self.captured.len() + self.transfers.len());
        self.held.push((id, legs));
        true
    }

    fn release(&mut self, legs: &[Leg], spend: bool) {
        for leg in legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
            let purse = self.purses.entry(leg.payer_person_id.clone()).or_default();
            purse.held -= leg.amount.0;
            purse.balance -= if spend { leg.amount.0 } else { 0 };
        }
    }

    fn capture(&mut self) {
        let Some((id, legs)) = self.held.pop() else { return };
        self.release(&legs, true);
        self.owed += legs.iter().filter(|leg| leg.kind.is_insured()).map(|leg| leg.amount.0).sum::<i64>();
        self.append(capture(&facts(&id), &legs).unwrap());
        self.captured.push((id, legs));
    }

    fn void(&mut self) {
        if let Some((_, legs)) = self.held.pop() {
            self.release(&legs, false);
        }
    }

    fn refund(&mut self) {
        let Some((id, legs)) = self.captured.pop() else { return };
        for leg in legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
            self.purses.entry(leg.payer_person_id.clone()).or_default().balance += leg.amount.0;
        }
        self.owed -= legs.iter().filter(|leg| leg.kind.is_insured()).map(|leg| leg.amount.0).sum::<i64>();
        self.append(refund(&facts(&id), &legs).unwrap());
    }

    fn pay_claim(&mut self) {
        let claimed = Fen(std::mem::take(&mut self.owed));
        let id = format!("clm{}", self.transfers.len());
        if !claimed.is_zero() {
            let cut = Fen(claimed.0.max(0) / 10);
            self.append(claim_payment(&id, "P13030200001", claimed, cut, Timestamp(1)).unwrap());
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Credit(u8, i64),
    Authorise(u8, i64, i64, i64, i64),
    Capture,
    Void,
    Refund,
    PayClaim,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0_u8..3, 1_i64..50_000).prop_map(|(person, amount)| Act::Credit(person, amount)),
        (0_u8..3, 0_i64..9_000, 0_i64..30_000, 0_i64..9_000, 0_i64..9_000)
            .prop_map(|(p, fund, own, relative, cash)| Act::Authorise(p, fund, own, relative, cash)),
        Just(Act::Capture),
        Just(Act::Void),
        Just(Act::Refund),
        Just(Act::PayClaim),
    ]
}

proptest! {
    #[test]
    fn no_history_breaks_the_ledger(acts in prop::collection::vec(act(), 1..60)) {
        let mut book = Book::default();
        for act in acts {
            match act {
                Act::Credit(person, amount) => book.credit(&format!("p{person}"), amount),
                Act::Authorise(p, fund, own, relative, cash) => {
                    book.authorise(vec![
                        leg(LegKind::Fund, fund, ""),
                        leg(LegKind::Account, own, &format!("p{p}")),
                        leg(LegKind::RelativeAccount, relative, &format!("p{}", (p + 1) % 3)),
                        leg(LegKind::Channel, cash, ""),
                    ]);
                }
                Act::Capture => book.capture(),
                Act::Void => book.void(),
                Act::Refund => book.refund(),
                Act::PayClaim => book.pay_claim(),
            }
        }
        let mut balances: BTreeMap<Account, i128> = BTreeMap::new();
        for entry in book.transfers.iter().flat_map(|transfer| &transfer.entries) {
            *balances.entry(entry.account.clone()).or_default() += i128::from(entry.amount.0);
        }
        prop_assert_eq!(balances.values().sum::<i128>(), 0);
        for (person, purse) in &book.purses {
            prop_assert!(0 <= purse.held && purse.held <= purse.balance, "held within the balance");
            let booked = balances.get(&Account::person(person)).copied().unwrap_or_default();
            prop_assert_eq!(booked, i128::from(purse.balance), "purse and ledger agree");
        }
    }

    #[test]
    fn any_change_breaks_the_chain(amounts in prop::collection::vec(1_i64..1_000, 2..12), pick in any::<prop::sample::Index>()) {
        let mut book = Book::default();
        for amount in &amounts {
            book.credit("p0", *amount);
        }
        let audit = |transfers: &[Transfer]| {
            let mut audit = ChainAudit::new(weak_hash);
            transfers.iter().for_each(|transfer| audit.feed(transfer));
            audit.problems
        };
        prop_assert!(audit(&book.transfers).is_empty());
        let mut forged = book.transfers.clone();
        let at = pick.index(forged.len());
        forged[at].entries[0].amount += Fen(1);
        forged[at].entries[1].amount -= Fen(1);
        prop_assert!(!audit(&forged).is_empty(), "a balanced forgery is found");
        let mut shorter = book.transfers.clone();
        shorter.remove(at);
        prop_assert!(at + 1 == amounts.len() || !audit(&shorter).is_empty(), "a missing transfer is found");
    }
}

#[test]
fn unbalanced_entries_are_refused() {
    let entries = vec![Entry { account: Account::person("p"), amount: Fen(5) }];
    assert_eq!(Draft::new(TransferKind::Credit, "r", entries, Timestamp(0)), Err(Unbalanced(5)));
}

#[test]
fn a_regions_chain_goes_on_where_that_of_the_installation_ends() {
    let mut whole = Book::default();
    whole.credit("p0", 5);
    whole.credit("p1", 7);
    let end = whole.transfers[1].clone();
    let branch = |region: &str, person: &str, fen: i64| {
        let end = ChainEnd { region: region.into(), sequence: end.sequence, hash: end.hash.clone() };
        let draft = credit("row", region, person, Fen(fen), Timestamp(2)).unwrap();
        draft.place(&end, "trf_3".into(), weak_hash)
    };
    let (here, there) = (branch("130300", "p0", 1), branch("110000", "p2", 2));
    let audit = |transfers: &[&Transfer]| {
        let mut audit = ChainAudit::new(weak_hash);
        transfers.iter().for_each(|transfer| audit.feed(transfer));
        audit.problems
    };
    let [first, second] = [&whole.transfers[0], &whole.transfers[1]];
    assert_eq!(audit(&[first, second, &there, &here]), Vec::<String>::new());
    assert_eq!(audit(&[first, &there, &here]).len(), 4, "what they follow is part of what they say");
    let moved = Transfer { region: "110000".into(), ..here.clone() };
    let found = audit(&[first, second, &moved]);
    assert!(found.iter().any(|problem| problem.contains("hash")), "{found:?}");
    assert!(found.iter().any(|problem| problem.contains("another region")), "{found:?}");
}
