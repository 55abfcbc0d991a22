//! Any sequence of returns ends with the sums of one whole refund; every rest keeps the identities, as a settlement that breaks
//! one does not exist ([`crate::domain::benefit::check`]).

use liufang_kernel::{Fen, Quantity, UnitPrice};
use proptest::prelude::*;

use super::*;
use crate::domain::benefit::{Approval, ChargeClass, OutsideKind, Purse, Wallets};
use crate::domain::entitlement::YearSoFar;

const ONE: i64 = 10_000;

fn pack(beijing: bool) -> RegionPack {
    let text = match beijing {
        true => include_str!("../../../../../deploy/regions/beijing.toml"),
        false => include_str!("../../../../../deploy/regions/qinhuangdao.toml"),
    };
    RegionPack::parse(text).unwrap()
}

fn inputs(beijing: bool, used: (i64, i64, i64), lines: Vec<ChargeLine>) -> Inputs {
    let all = Addition { deductible: Fen(used.0), expense: Fen(used.1), fund_paid: Fen(used.2) };
    let disease = if beijing { "" } else { "M03900" };
    Inputs {
        kind: if beijing { QuoteKind::OtcAccount } else { QuoteKind::ChronicRenewal },
        date: "2026-11-22".into(),
        insutype: "310".into(),
        psn_type: "1101".into(),
        age: 50,
        disease: disease.into(),
        registered: vec![disease.to_owned()],
        institution_kind: "pharmacy".into(),
        level: String::new(),
        year: YearSoFar { all, disease: all },
        lines,
    }
}

fn line() -> impl Strategy<Value = ChargeLine> {
    let class = prop_oneof![Just(ChargeClass::A), Just(ChargeClass::B), Just(ChargeClass::SelfPaid)];
    let standard = proptest::option::of(1_i64..40_000);
    (1_i64..40_000, 1_i64..6, class, standard, any::<bool>()).prop_map(
        |(fen, packs, class, standard, hi_mark)| ChargeLine {
            line_no: 0,
            med_list_codg: "XC08CAB037A001020180517".into(),
            quantity: Quantity(packs * ONE),
            price: UnitPrice(fen * 10_000),
            class,
            first_selfpay: None,
            pay_standard: standard.map(|fen| UnitPrice(fen * 10_000)),
            restricted: false,
            approval: Approval::NotNeeded,
            hi_mark,
        },
    )
}

fn captured(pack: &RegionPack, inputs: &Inputs, outside: OutsideFees, purses: (i64, i64)) -> Terms {
    let purse = |person: &str, fen| Purse { person_id: person.into(), available: Fen(fen) };
    let wallets = Wallets { own: Some(purse("own", purses.0)), relatives: vec![purse("rel", purses.1)] };
    let settled = inputs.decide(pack, &inputs.lines, &outside, wallets).unwrap();
    let disease = Some(inputs.disease.as_str()).filter(|code| !code.is_empty());
    Terms {
        additions: additions(&settled.totals, disease, false),
        charged: inputs.lines.clone(),
        outside,
        lines: settled.lines,
        totals: settled.totals,
        legs: settled.legs,
    }
}

/// Everything that is still there.
fn all_of(terms: &Terms) -> Returned {
    Returned {
        lines: terms.charged.iter().map(|line| (line.line_no, line.quantity)).collect(),
        outside: terms.outside.iter().cloned().collect(),
    }
}

type Sums = BTreeMap<(LegKind, String), Fen>;

fn add(sums: &mut Sums, more: Sums) {
    for (key, amount) in more {
        *sums.entry(key).or_default() += amount;
    }
}

proptest! {
    #[test]
    fn any_sequence_of_returns_ends_as_one_whole_refund(
        beijing in any::<bool>(),
        lines in prop::collection::vec(line(), 1..5),
        purses in (0_i64..300_000, 0_i64..100_000),
        used in (0_i64..80_000, 0_i64..3_000_000, 0_i64..400_000),
        goods in 0_i64..3_000,
        picks in prop::collection::vec((any::<prop::sample::Index>(), 1_i64..4, any::<bool>()), 0..8),
    ) {
        let pack = pack(beijing);
        let lines: Vec<ChargeLine> =
            lines.into_iter().zip(1..).map(|(line, line_no)| ChargeLine { line_no, ..line }).collect();
        let inputs = inputs(beijing, used, lines);
        let fee = |kind, fen, name: &str| OutsideFee { kind, amount: Fen(fen), name: name.into() };
        let outside = OutsideFees::new(vec![
            fee(OutsideKind::Delivery, 600, ""), fee(OutsideKind::Goods, goods, "vitamins"),
        ]);
        let whole = captured(&pack, &inputs, outside, purses);
        let whole_sums = difference(&whole.legs, &[]);
        let (mut now, mut sums, mut year) = (whole.clone(), Sums::new(), BTreeMap::new());
        let mut steps: Vec<Returned> = Vec::new();
        for (which, packs, goods_too) in &picks {
            let mut returned = Returned::default();
            if let Some(line) = now.charged.get(which.index(now.charged.len().max(1))) {
                let packs = (packs * ONE).min(line.quantity.0);
                returned.lines.push((line.line_no, Quantity(packs)));
            }
            if *goods_too {
                returned.outside.extend(now.outside.iter().find(|fee| fee.kind == OutsideKind::Goods).cloned());
            }
            steps.push(returned.clone());
            let rest = now.less(&pack, &inputs, &returned).unwrap();
            let given = difference(&now.legs, &rest.legs);
            prop_assert!(given.values().all(|amount| *amount >= Fen::ZERO), "{given:?}");
            let given_sum: Fen = given.values().copied().sum();
            prop_assert_eq!(given_sum, now.total() - rest.total());
            prop_assert_eq!(rest.total(), rest.totals.medical + rest.totals.outside);
            let moved = Moved::between(&now, &rest);
            prop_assert_eq!(difference(&moved.back, &moved.again).values().copied().sum::<Fen>(), given_sum);
            add(&mut sums, given);
            year.extend(year_difference(&now, &rest).into_iter().map(|entry| (steps.len(), entry)).map(
                |(step, (scope, addition))| ((step, scope), addition),
            ));
            now = rest;
        }
        let nothing = now.less(&pack, &inputs, &all_of(&now)).unwrap();
        prop_assert!(nothing.is_nothing() && nothing.legs.is_empty());
        add(&mut sums, difference(&now.legs, &nothing.legs));
        sums.retain(|_, amount| !amount.is_zero());
        prop_assert_eq!(sums, whole_sums);
        year.extend(year_difference(&now, &nothing).into_iter().map(|(scope, addition)| ((99, scope), addition)));
        for (scope, addition) in &whole.additions {
            let of = year.iter().filter(|((_, own), _)| own == scope).map(|(_, addition)| addition);
            let fund: Fen = of.clone().map(|addition| addition.fund_paid).sum();
            let expense: Fen = of.clone().map(|addition| addition.expense).sum();
            let deductible: Fen = of.map(|addition| addition.deductible).sum();
            let mirror = addition.mirrored();
            prop_assert_eq!((deductible, expense, fund), (mirror.deductible, mirror.expense, mirror.fund_paid));
        }
    }
}

/// Two packs of a class 甲 drug, in line 1.
fn two_packs(price: UnitPrice) -> ChargeLine {
    ChargeLine {
        line_no: 1,
        med_list_codg: "XC08CAB037A001020180517".into(),
        quantity: Quantity(2 * ONE),
        price,
        class: ChargeClass::A,
        first_selfpay: None,
        pay_standard: None,
        restricted: false,
        approval: Approval::NotNeeded,
        hi_mark: true,
    }
}

#[test]
fn only_what_is_there_comes_back() {
    let pack = pack(false);
    let inputs = inputs(false, (0, 0, 0), vec![two_packs(UnitPrice(100_000_000))]);
    let whole = captured(&pack, &inputs, OutsideFees::default(), (0, 0));
    let less = |lines: Vec<(i32, Quantity)>, outside: Vec<OutsideFee>| {
        whole.less(&pack, &inputs, &Returned { lines, outside }).map(|rest| rest.total())
    };
    assert_eq!(less(vec![(1, Quantity(ONE))], vec![]), Ok(Fen(10_000)));
    assert_eq!(less(vec![(2, Quantity(ONE))], vec![]), Err(NotReturned::UnknownLine(2)));
    assert_eq!(less(vec![(1, Quantity(3 * ONE))], vec![]), Err(NotReturned::TooMuch(1)));
    let delivery = OutsideFee { kind: OutsideKind::Delivery, amount: Fen(1), name: String::new() };
    assert_eq!(less(vec![], vec![delivery]), Err(NotReturned::UnknownFee));
}

#[test]
fn terms_say_what_they_are() {
    let leg = |kind, fen| Leg {
        kind,
        amount: Fen(fen),
        payer_person_id: String::new(),
        debtor: format!("of {kind:?}"),
        explanations: Vec::new(),
    };
    let legs = vec![leg(LegKind::Account, 5), leg(LegKind::RelativeAccount, 7), leg(LegKind::Channel, 9)];
    let terms = Terms { legs, ..Terms::default() };
    assert_eq!((terms.total(), terms.accounts(), terms.of(LegKind::Channel)), (Fen(21), Fen(12), Fen(9)));
    assert!(terms.insured());
    assert!(!Terms { legs: vec![leg(LegKind::Channel, 9)], ..Terms::default() }.insured());
    assert!(Terms::default().is_nothing());
    let fee = OutsideFee { kind: OutsideKind::Delivery, amount: Fen(1), name: String::new() };
    assert!(
        !Terms { outside: OutsideFees::new(vec![fee]), ..Terms::default() }.is_nothing(),
        "a fee is left"
    );

    // the rest is owed by whoever owed the whole
    let pack = pack(false);
    let inputs = inputs(false, (0, 0, 0), vec![two_packs(UnitPrice(300_000_000))]);
    let mut whole = captured(&pack, &inputs, OutsideFees::default(), (3_000, 0));
    assert!(!whole.is_nothing());
    for leg in &mut whole.legs {
        leg.debtor = format!("of {:?}", leg.kind);
    }
    let back = Returned { lines: vec![(1, Quantity(ONE))], outside: Vec::new() };
    let rest = whole.less(&pack, &inputs, &back).unwrap();
    assert!(1 < rest.legs.len());
    let scopes: Vec<&Scope> = rest.additions.iter().map(|(scope, _)| scope).collect();
    assert_eq!(scopes, [&Scope::All, &Scope::Disease("M03900".to_owned())]);
    assert!(rest.legs.iter().all(|leg| leg.debtor == format!("of {:?}", leg.kind)), "{:?}", rest.legs);
}

#[test]
fn a_fee_comes_back_by_kind_and_name_and_no_more_of_it_than_there_is() {
    let fee = |kind, fen, name: &str| OutsideFee { kind, amount: Fen(fen), name: name.into() };
    let (delivery, goods) = (OutsideKind::Delivery, OutsideKind::Goods);
    let fees = OutsideFees::new(vec![fee(delivery, 600, ""), fee(goods, 100, "vitamins")]);
    let left = |back: OutsideFee| {
        let left = fewer_fees(&fees, &[back])?;
        Ok(left.iter().map(|fee| (fee.kind, fee.amount.0)).collect::<Vec<_>>())
    };
    assert_eq!(left(fee(delivery, 200, "")), Ok(vec![(delivery, 400), (goods, 100)]));
    assert_eq!(left(fee(delivery, 600, "")), Ok(vec![(goods, 100)]), "a fee of nothing is none");
    assert_eq!(left(fee(goods, 100, "vitamins")), Ok(vec![(delivery, 600)]));
    for wrong in [
        fee(goods, 50, "tea"),
        fee(delivery, 50, "vitamins"),
        fee(goods, 50, ""),
        fee(goods, 101, "vitamins"),
        fee(delivery, 601, ""),
    ] {
        assert_eq!(left(wrong), Err(NotReturned::UnknownFee));
    }
}

#[test]
fn a_fee_alone_moves_cash_alone() {
    let pack = pack(false);
    let fee = OutsideFee { kind: OutsideKind::Delivery, amount: Fen(600), name: String::new() };
    let line = ChargeLine {
        line_no: 1,
        med_list_codg: "XC08CAB037A001020180517".into(),
        quantity: Quantity(ONE),
        price: UnitPrice(100_000_000),
        class: ChargeClass::A,
        first_selfpay: None,
        pay_standard: None,
        restricted: false,
        approval: Approval::NotNeeded,
        hi_mark: true,
    };
    let inputs = inputs(false, (0, 0, 0), vec![line]);
    let whole = captured(&pack, &inputs, OutsideFees::new(vec![fee.clone()]), (3_000, 0));
    let rest = whole.less(&pack, &inputs, &Returned { lines: vec![], outside: vec![fee] }).unwrap();
    let moved = Moved::between(&whole, &rest);
    let back: Vec<(LegKind, i64)> = moved.back.iter().map(|leg| (leg.kind, leg.amount.0)).collect();
    assert_eq!((back, moved.again.len(), moved.insurer), (vec![(LegKind::Channel, 600)], 0, false));
    // goods that come back, or everything: undone and made again
    let nothing = whole.less(&pack, &inputs, &all_of(&whole)).unwrap();
    let moved = Moved::between(&whole, &nothing);
    assert_eq!((moved.back.len(), moved.again.len(), moved.insurer), (whole.legs.len(), 0, true));
    let fees_alone = Terms { charged: vec![], ..rest };
    assert_eq!(Moved::between(&fees_alone, &Terms::default()).back, fees_alone.legs);
}
