//! Random groups against a second bookkeeping: nothing is made or lost, no account is held or spent twice, a refusal changes
//! nothing.

use std::collections::BTreeMap;

use liufang_kernel::Fen;
use proptest::prelude::*;

use super::*;

const REGION: &str = "130300";

fn books(balances: &[i64]) -> Books {
    let purse = |(n, balance): (usize, &i64)| {
        let region = if n % 3 == 0 { "" } else { REGION }.to_owned();
        (format!("p{n}"), Purse { balance: Fen(*balance), held: Fen::ZERO, region, last: 0 })
    };
    Books {
        region: REGION.to_owned(),
        purses: balances.iter().enumerate().map(purse).collect(),
        ..Books::default()
    }
}

/// Who pays how much, each account once.
fn asked(parts: &BTreeMap<usize, i64>) -> Vec<Need> {
    let need = |(n, amount): (&usize, &i64)| Need {
        person_id: format!("p{n}"),
        amount: Fen(*amount),
        kind: LegKind::Account,
    };
    parts.iter().map(need).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Hold(BTreeMap<usize, i64>),
    /// Of the n-th open payment.
    Release(usize),
    Spend(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let hold = prop::collection::btree_map(0_usize..5, 1_i64..400, 1..4).prop_map(Step::Hold);
    let step = prop_oneof![3 => hold, 1 => (0_usize..9).prop_map(Step::Release), 2 => (0_usize..9).prop_map(Step::Spend)];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn a_group_is_what_its_members_are_one_by_one(balances in prop::collection::vec(0_i64..1_000, 4), steps in steps()) {
        let mut books = books(&balances);
        let (mut open, mut spent): (Vec<Vec<Need>>, BTreeMap<String, i64>) = Default::default();
        let mut sequence = 0;
        for step in steps {
            let before = books.clone();
            match step {
                Step::Hold(parts) => {
                    let needs = asked(&parts);
                    // counted apart from the code under test
                    let free = |need: &Need| {
                        let held: i64 = open.iter().flatten().filter(|other| other.person_id == need.person_id)
                            .map(|other| other.amount.0).sum();
                        let gone = spent.get(&need.person_id).copied().unwrap_or(0);
                        let start = need.person_id[1..].parse().ok().and_then(|n: usize| balances.get(n)).copied();
                        start.is_some_and(|start| start - gone - held >= need.amount.0)
                    };
                    let expected = needs.iter().all(free);
                    prop_assert_eq!(books.hold(&needs).is_ok(), expected);
                    if expected { open.push(needs) } else { prop_assert_eq!(&books, &before) }
                }
                Step::Release(n) if n < open.len() => {
                    let needs = open.remove(n);
                    prop_assert_eq!(books.release(&needs), Ok(()));
                }
                Step::Spend(n) if n < open.len() => {
                    let needs = open.remove(n);
                    sequence += 1;
                    let lines = books.spend(&needs, sequence);
                    let lines = lines.map_err(|_| TestCaseError::fail("held money cannot be spent"))?;
                    for (line, need) in lines.iter().zip(&needs) {
                        *spent.entry(need.person_id.clone()).or_default() += need.amount.0;
                        prop_assert!(line.line >= sequence);
                        prop_assert!(line.line > before.purses[&line.person_id].last);
                    }
                }
                Step::Release(_) | Step::Spend(_) => {}
            }
            for (n, start) in balances.iter().enumerate() {
                let purse = &books.purses[&format!("p{n}")];
                let gone = spent.get(&format!("p{n}")).copied().unwrap_or(0);
                let held: i64 = open.iter().flatten().filter(|need| need.person_id == format!("p{n}"))
                    .map(|need| need.amount.0).sum();
                prop_assert_eq!((purse.balance.0, purse.held.0), (start - gone, held));
                prop_assert!(purse.balance >= purse.held && purse.held >= Fen::ZERO);
            }
        }
    }

    #[test]
    fn a_year_stands_until_somebody_adds(fen in 1_i64..10_000) {
        let mut books = books(&[]);
        let key = YearKey { person_id: "p".into(), year: 2026, insutype: "310".into(), scope: "s".into() };
        let basis = [(key.clone(), Addition::default())];
        prop_assert!(books.stands(&basis));
        let addition = Addition { fund_paid: Fen(fen), expense: Fen(fen * 2), deductible: Fen(fen * 3) };
        books.add(&[(key.clone(), addition)]);
        prop_assert!(!books.stands(&basis));
        prop_assert!(books.stands(&[(key.clone(), addition)]));
        books.add(&[(key, addition.mirrored())]);
        prop_assert!(books.stands(&basis));
    }
}

#[test]
fn what_is_another_regions_is_not_free() {
    let mut books = books(&[100, 100]);
    let needs = asked(&BTreeMap::from([(0, 50), (1, 50)]));
    if let Some(purse) = books.purses.get_mut("p1") {
        purse.region = "110000".to_owned();
    }
    let before = books.clone();
    assert_eq!(books.hold(&needs), Err(NotFree(LegKind::Account)));
    assert_eq!(books, before, "nor is the other account held");
    assert_eq!(books.spend(&needs, 1), Err(BelowHolds));
    assert_eq!(books.release(&needs), Err(BelowHolds));
    assert_eq!(books, before);
}

#[test]
fn an_account_is_needed_once_for_all_its_legs() {
    let leg = |kind, payer: &str, fen| Leg {
        kind,
        amount: Fen(fen),
        payer_person_id: payer.to_owned(),
        debtor: String::new(),
        explanations: Vec::new(),
    };
    let legs = [
        leg(LegKind::Fund, "", 900),
        leg(LegKind::RelativeAccount, "p2", 30),
        leg(LegKind::Account, "p1", 20),
        leg(LegKind::RelativeAccount, "p2", 5),
        leg(LegKind::Channel, "", 7),
    ];
    let need = |person: &str, fen, kind| Need { person_id: person.to_owned(), amount: Fen(fen), kind };
    let expected = [need("p1", 20, LegKind::Account), need("p2", 35, LegKind::RelativeAccount)];
    assert_eq!(needs(&legs), expected);
}

#[test]
fn a_line_stands_under_its_transfer_or_behind_the_last() {
    let mut books = books(&[100, 100]);
    let needs = asked(&BTreeMap::from([(1, 10)]));
    for (sequence, line) in [(7, 7), (3, 8), (9, 9), (9, 10)] {
        assert_eq!(books.hold(&needs), Ok(()));
        let spent = books.spend(&needs, sequence).unwrap();
        assert_eq!(spent.iter().map(|spent| spent.line).collect::<Vec<_>>(), [line]);
    }
    assert_eq!(books.purses["p1"].balance, Fen(60));
}

#[test]
fn a_line_that_moves_nothing_has_its_place_and_the_balance_that_stays() {
    let mut books = books(&[100, 70]);
    assert_eq!((books.tell("p1", 5), books.tell("p1", 2)), ((5, Fen(70)), (6, Fen(70))));
    // who has no account has lines all the same
    assert_eq!((books.tell("p9", 3), books.tell("p9", 3)), ((3, Fen::ZERO), (4, Fen::ZERO)));
    assert_eq!(books.purses["p1"].balance, Fen(70));
}
