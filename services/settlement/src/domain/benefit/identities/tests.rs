//! A sound settlement, bent in one place: the identity that no longer holds is named.

use liufang_kernel::region::{Fund, SchemeKind, Tier};

use super::super::case_table::{TODAY, blank_row, qinhuangdao};
use super::super::{
    Approval, ChargeClass, ChargeLine, FundTerms, LineRules, OutsideFee, OutsideFees, OutsideKind, Purse,
    Used, Wallets, settle,
};
use super::*;

/// 2 × 150 yuan of class 甲 and 200 yuan of class 乙 with a tenth of one's own, 80 % after 100 yuan, 30 yuan on the own account and
/// 6 yuan of delivery.
fn bent(bend: impl Fn(&mut Settlement)) -> Result<(), BrokenIdentity> {
    let pack = qinhuangdao();
    let mut row = blank_row(&pack);
    row.annual_deductible_fen = Fen(10_000);
    row.tiers = vec![Tier { above_fen: Fen(0), fund_ratio: "0.8".parse().unwrap(), fund: Fund::Basic }];
    let line = |line_no, price: &str, quantity: &str, class, own: &str| ChargeLine {
        line_no,
        med_list_codg: "XC08CAB037A001020180517".into(),
        quantity: quantity.parse().unwrap(),
        price: price.parse().unwrap(),
        class,
        first_selfpay: own.parse().ok(),
        pay_standard: None,
        restricted: false,
        approval: Approval::NotNeeded,
        hi_mark: true,
    };
    let lines = [line(1, "150", "2", ChargeClass::A, "0"), line(2, "200", "1", ChargeClass::B, "0.1")];
    let purse = |person: &str, fen| Purse { person_id: person.into(), available: Fen(fen) };
    let delivery = OutsideFee { kind: OutsideKind::Delivery, amount: Fen(600), name: String::new() };
    let case = Case {
        lines: &lines,
        consultation: false,
        outside: OutsideFees::new(vec![delivery]),
        rules: LineRules { class_b_first_selfpay: row.class_b_first_selfpay, needs_mark: false, row: None },
        scheme: pack.scheme(SchemeKind::ChronicRenewal, TODAY),
        fund: FundRule::Tiered(FundTerms { row: &row, cap: None, used: Used::default() }),
        wallets: Wallets { own: Some(purse("own", 3_000)), relatives: vec![] },
        convention: MutualAidConvention::Inside,
        agency: "130300",
    };
    let mut settlement = settle(&case).unwrap();
    let share = super::super::fund::share(
        &FundTerms { row: &row, cap: None, used: Used::default() },
        settlement.totals.in_scope,
    );
    bend(&mut settlement);
    check(&case, &settlement, &share)
}

#[track_caller]
fn breaks(name: &'static str, bend: impl Fn(&mut Settlement)) {
    assert_eq!(bent(bend), Err(BrokenIdentity(name)));
}

fn leg(settlement: &mut Settlement, kind: LegKind) -> &mut super::super::Leg {
    settlement.legs.iter_mut().find(|leg| leg.kind == kind).unwrap()
}

#[test]
fn unbent_it_is_sound() {
    assert_eq!(
        bent(|it| {
            let t = &it.totals;
            let told =
                [t.medical, t.first_selfpay, t.in_scope, t.deductible, t.fund, t.account, t.cash, t.outside];
            assert_eq!(told.map(|fen| fen.0), [50_000, 2_000, 48_000, 10_000, 30_400, 3_000, 16_600, 600]);
        }),
        Ok(())
    );
}

#[test]
fn lines_make_the_total_and_themselves() {
    breaks("I1", |it| it.totals.medical += Fen(1));
    breaks("I2", |it| {
        let mut nothing = it.lines[0].clone();
        for part in [&mut nothing.amount, &mut nothing.in_scope] {
            *part = Fen::ZERO;
        }
        it.lines.push(nothing);
    });
    breaks("I2", |it| {
        it.lines[0].amount += Fen(1);
        it.lines[0].in_scope += Fen(1);
        it.lines[1].amount -= Fen(1);
        it.lines[1].in_scope -= Fen(1);
    });
    breaks("I3", |it| it.lines[0].in_scope += Fen(1));
    breaks("I10", |it| {
        it.lines[0].in_scope -= Fen(30_001);
        it.lines[0].full_selfpay += Fen(30_001);
    });
}

#[test]
fn totals_add_up() {
    breaks("I4", |it| it.totals.full_selfpay += Fen(1));
    breaks("I4", |it| it.totals.in_scope -= Fen(1));
    breaks("I5", |it| it.totals.fund += Fen(1));
    breaks("I5", |it| it.totals.basic_fund += Fen(1));
    breaks("I5", |it| it.totals.funds[0].paid += Fen(1));
    breaks("I6", |it| it.totals.personal += Fen(1));
    breaks("I6", |it| it.totals.institution += Fen(1));
    breaks("I7b", |it| it.totals.cash += Fen(1));
    breaks("I7b", |it| it.totals.mutual_aid = it.totals.account + Fen(1));
    breaks("I8", |it| it.totals.deductible += Fen(100));
}

#[test]
fn nothing_is_negative_or_above_its_bound() {
    breaks("I10", |it| it.totals.deductible = it.totals.in_scope + Fen(1));
    breaks("I10", |it| {
        let t = &mut it.totals;
        (t.fund, t.basic_fund, t.funds[0].paid) = (Fen(48_001), Fen(48_001), Fen(48_001));
        (t.personal, t.account, t.cash) = (Fen(1_999), Fen(0), Fen(1_999));
    });
    breaks("I10", |it| {
        it.totals.basic_fund += Fen(1);
        it.totals.large_amount_fund -= Fen(1);
    });
    breaks("I10", |it| it.totals.funds[0].limit = Some(it.totals.fund - Fen(1)));
    assert_eq!(bent(|it| it.totals.funds[0].limit = Some(it.totals.fund)), Ok(()));
    breaks("I10", |it| {
        let t = &mut it.totals;
        t.institution -= Fen(1);
        t.personal += Fen(1);
        t.cash += Fen(1);
    });
}

#[test]
fn legs_pay_everything_once_and_nobody_more_than_is_free() {
    breaks("I9", |it| it.totals.balance = Some(Fen(1)));
    breaks("I9", |it| it.totals.balance = None);
    breaks("I9", |it| {
        leg(it, LegKind::Account).amount += Fen(1);
        leg(it, LegKind::Channel).amount -= Fen(1);
        it.totals.balance = Some(Fen(-1));
    });
    breaks("LEGS", |it| leg(it, LegKind::Channel).amount += Fen(1));
    breaks("LEGS", |it| {
        let mut twin = leg(it, LegKind::Channel).clone();
        twin.amount = Fen(1);
        leg(it, LegKind::Channel).amount -= Fen(1);
        it.legs.push(twin);
    });
    breaks("LEGS", |it| {
        // what is outside the insurance on an insured leg
        leg(it, LegKind::Channel).amount -= Fen(17_200);
        leg(it, LegKind::Fund).amount += Fen(17_200);
    });
}

#[test]
fn relatives_stand_inside_or_apart() {
    let totals = Totals {
        medical: Fen(1_000),
        full_selfpay: Fen(1_000),
        personal: Fen(1_000),
        account: Fen(300),
        mutual_aid: Fen(200),
        cash: Fen(700),
        ..Totals::default()
    };
    assert_eq!(sums(&totals, MutualAidConvention::Inside), Ok(()));
    assert_eq!(sums(&totals, MutualAidConvention::Separate), Err(BrokenIdentity("I7a")));
    let institution = Totals { institution: Fen(100), personal: Fen(900), cash: Fen(600), ..totals.clone() };
    assert_eq!(sums(&institution, MutualAidConvention::Inside), Ok(()));
    let apart = Totals { cash: Fen(500), ..totals };
    assert_eq!(sums(&apart, MutualAidConvention::Inside), Err(BrokenIdentity("I7b")));
    assert_eq!(sums(&apart, MutualAidConvention::Separate), Ok(()));
}
