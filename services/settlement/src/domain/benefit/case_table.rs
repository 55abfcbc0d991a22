//! Plays `cases.txt`: the engine alone, rules given word by word.

use liufang_kernel::region::{
    Benefit, Fund, MutualAidConvention, RegionPack, Scheme, SchemeKind, Tier, TierReading,
};
use liufang_kernel::{Fen, Quantity, Ratio, UnitPrice};
use time::macros::date;

use super::*;

pub(super) const TODAY: time::Date = date!(2026 - 11 - 22);

pub(super) fn beijing() -> RegionPack {
    RegionPack::parse(include_str!("../../../../../deploy/regions/beijing.toml")).unwrap()
}

pub(super) fn qinhuangdao() -> RegionPack {
    RegionPack::parse(include_str!("../../../../../deploy/regions/qinhuangdao.toml")).unwrap()
}

/// A row without deductible, cap or tiers to start from.
pub(super) fn blank_row(pack: &RegionPack) -> Benefit {
    let mut row = pack.benefits[0].clone();
    row.annual_deductible_fen = Fen::ZERO;
    row.annual_cap_fen = None;
    row.tiers = Vec::new();
    row.tier_reading = TierReading::Expense;
    row.class_b_first_selfpay = Ratio::ZERO;
    row
}

pub(super) fn yuan(text: &str) -> Fen {
    Fen::from_yuan(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn tiers(text: &str) -> Vec<Tier> {
    let tier = |part: &str| {
        let (above, rest) = part.split_once('@').unwrap();
        let (ratio, fund) = rest.split_once(':').unwrap_or((rest, "hifp"));
        let fund = Fund::from_word(fund).unwrap();
        Tier { above_fen: yuan(above), fund_ratio: ratio.parse().unwrap(), fund }
    };
    text.split(',').map(tier).collect()
}

struct Given {
    scheme: Option<Scheme>,
    otc: bool,
    visit: Option<Fen>,
    row: Benefit,
    cap: Option<Fen>,
    used: Used,
    wallets: Wallets,
    convention: MutualAidConvention,
}

fn given(text: &str) -> Given {
    let (beijing, qinhuangdao) = (beijing(), qinhuangdao());
    let mut given = Given {
        scheme: qinhuangdao.scheme(SchemeKind::ChronicRenewal, TODAY).cloned(),
        otc: false,
        visit: None,
        row: blank_row(&qinhuangdao),
        cap: None,
        used: Used::default(),
        wallets: Wallets::default(),
        convention: MutualAidConvention::Separate,
    };
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "chronic" => {}
            "otc" => {
                given.otc = true;
                given.scheme = beijing.scheme(SchemeKind::OtcAccount, TODAY).cloned();
            }
            "cash" => given.scheme = None,
            "visit" => given.visit = Some(yuan(value)),
            "inside" => given.convention = MutualAidConvention::Inside,
            "ded" => given.row.annual_deductible_fen = yuan(value),
            "tiers" => given.row.tiers = tiers(value),
            "reading" if value == "fund" => given.row.tier_reading = TierReading::PaidByFund,
            "reading" => given.row.tier_reading = TierReading::Expense,
            "cap" => given.cap = Some(yuan(value)),
            "class_b" => given.row.class_b_first_selfpay = value.parse().unwrap(),
            "used_ded" => given.used.deductible = yuan(value),
            "used_exp" => given.used.expense = yuan(value),
            "used_fund" => given.used.fund_paid = yuan(value),
            "used_cap" => given.used.cap_used = yuan(value),
            "own" => given.wallets.own = Some(Purse { person_id: "own".into(), available: yuan(value) }),
            "rel" => {
                let person_id = format!("rel{}", given.wallets.relatives.len());
                given.wallets.relatives.push(Purse { person_id, available: yuan(value) });
            }
            other => panic!("unknown key {other}"),
        }
    }
    given
}

pub(super) fn line(line_no: i32, text: &str) -> ChargeLine {
    let mut words = text.split_whitespace();
    let class_word = words.next().unwrap();
    let (class, ratio) = class_word.split_at('甲'.len_utf8());
    let price = words.next().unwrap().parse::<UnitPrice>().unwrap();
    assert_eq!(words.next(), Some("x"));
    let mut line = ChargeLine {
        line_no,
        med_list_codg: "XC08CAB037A001020180517".into(),
        quantity: words.next().unwrap().parse::<Quantity>().unwrap(),
        price,
        class: match class {
            "甲" => ChargeClass::A,
            "乙" => ChargeClass::B,
            _ => ChargeClass::SelfPaid,
        },
        first_selfpay: (!ratio.is_empty()).then(|| ratio.parse().unwrap()),
        pay_standard: None,
        restricted: false,
        approval: Approval::NotNeeded,
        hi_mark: true,
    };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("limit", value) => line.pay_standard = Some(value.parse().unwrap()),
            ("restricted", _) => line.restricted = true,
            ("approved", _) => line.approval = Approval::Approved,
            ("refused", _) => line.approval = Approval::Refused,
            ("unmarked", _) => line.hi_mark = false,
            other => panic!("unknown word {other:?}"),
        }
    }
    line
}

pub(super) fn fee(text: &str) -> OutsideFee {
    let (kind, amount) = text.split_once(' ').unwrap();
    OutsideFee { kind: OutsideKind::parse(kind).unwrap(), amount: yuan(amount), name: String::new() }
}

pub(super) fn expected(text: &str) -> Totals {
    let mut totals = Totals::default();
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').unwrap();
        let field = match key {
            "medical" => &mut totals.medical,
            "full" => &mut totals.full_selfpay,
            "over" => &mut totals.over_limit,
            "first" => &mut totals.first_selfpay,
            "scope" => &mut totals.in_scope,
            "dedc" => &mut totals.deductible,
            "hifp" => &mut totals.basic_fund,
            "hifob" => &mut totals.large_amount_fund,
            "hifmi" => &mut totals.serious_illness_fund,
            "cvlserv" => &mut totals.civil_servant_fund,
            "maf" => &mut totals.assistance_fund,
            "acct" => &mut totals.account,
            "mulaid" => &mut totals.mutual_aid,
            "cash" => &mut totals.cash,
            "outside" => &mut totals.outside,
            other => panic!("unknown total {other}"),
        };
        *field = yuan(value);
    }
    totals.fund = totals.amounts().total();
    totals.personal = totals.medical - totals.fund;
    totals
}

#[derive(Default)]
struct Row<'t> {
    name: &'t str,
    given: &'t str,
    lines: Vec<ChargeLine>,
    fees: Vec<OutsideFee>,
}

fn play(row: &Row<'_>) -> Settlement {
    let given = given(row.given);
    let fund = match given.visit {
        Some(share) if share.is_zero() => FundRule::None,
        Some(share) => FundRule::Consultation(share, None),
        None if given.otc || given.row.tiers.is_empty() => FundRule::None,
        None => FundRule::Tiered(FundTerms { row: &given.row, cap: given.cap, used: given.used }),
    };
    let case = Case {
        lines: &row.lines,
        consultation: given.visit.is_some(),
        outside: OutsideFees::new(row.fees.clone()),
        rules: LineRules {
            class_b_first_selfpay: given.row.class_b_first_selfpay,
            needs_mark: given.otc,
            row: None,
        },
        scheme: given.scheme.as_ref(),
        fund,
        wallets: given.wallets,
        convention: given.convention,
        agency: "130300",
    };
    settle(&case).unwrap_or_else(|error| panic!("{}: {error}", row.name))
}

#[test]
fn every_worked_case() {
    let mut row = Row::default();
    let mut played = 0;
    for text in include_str!("cases.txt").lines() {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "case" => row = Row { name: rest, ..Row::default() },
            "given" => row.given = rest,
            "line" => row.lines.push(line(row.lines.len() as i32 + 1, rest)),
            "fee" => row.fees.push(fee(rest)),
            "gives" => {
                let mut totals = play(&row).totals;
                totals.fund_ratio.clear();
                let rows: Fen = std::mem::take(&mut totals.funds).iter().map(|row| row.paid).sum();
                assert_eq!(rows, totals.fund, "{}", row.name);
                totals.balance = None;
                assert_eq!(totals, expected(rest), "{}", row.name);
                played += 1;
            }
            _ => assert!(text.is_empty() || word == "#", "{text}"),
        }
    }
    assert_eq!(played, 52, "a case was added or lost");
}

#[test]
fn every_number_is_explained() {
    let row = Row {
        name: "explained",
        given: "chronic ded=300 tiers=0@0.80 used_ded=280 cap=50 own=5",
        lines: vec![line(1, "乙0.10 120 x 1 limit=100")],
        fees: vec![fee("delivery 6")],
    };
    let settlement = play(&row);
    let rules: Vec<String> = settlement.lines[0]
        .explanations
        .iter()
        .map(|e| format!("{} {} {} ({})", e.field, e.amount, e.rule, e.detail))
        .collect();
    expect_test::expect![[r#"
        det_item_fee_sumamt 120.00 PRICE_TIMES_QUANTITY (120 × 1)
        overlmt_amt 20.00 PAY_STANDARD (120.00 − 100 × 1)
        preselfpay_amt 10.00 CLASS_B_FIRST_SELFPAY (100.00 × 0.1)
        inscp_scp_amt 90.00 IN_SCOPE (100.00 − 10.00)"#]]
    .assert_eq(&rules.join("\n"));
    let rules: Vec<String> = settlement.legs[0]
        .explanations
        .iter()
        .map(|e| format!("{} {} {} ({})", e.field, e.amount, e.rule, e.detail))
        .collect();
    expect_test::expect![[r#"
        fund_pay_sumamt 50.00 FUND_ADVANCED (50.00)
        act_pay_dedc 20.00 DEDUCTIBLE (300.00 − 280.00 used)
        hifp_pay 50.00 TIER_1 (70.00 × 0.8)
        fund_pay_sumamt 50.00 CAP (50.00 − 0.00 used)"#]]
    .assert_eq(&rules.join("\n"));
    let legs: Vec<String> = settlement
        .legs
        .iter()
        .map(|leg| format!("{:?} {} {} by {}", leg.kind, leg.amount, leg.explanations[0].rule, leg.debtor))
        .collect();
    expect_test::expect![[r#"
        Fund 50.00 FUND_ADVANCED by 130300
        Account 5.00 ACCOUNT_FIRST by 130300
        Channel 71.00 CASH_REST by channel"#]]
    .assert_eq(&legs.join("\n"));
}
