//! Measures the benefit engine: from the region pack to the settlement of a ten-line basket, on one core. Argument: seconds (3).
//! `scripts/bench.sh` runs it from a release build.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::float_arithmetic)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use liufang_kernel::region::{HospitalLevel, InstitutionKind, RegionPack, Scheme, SchemeKind};
use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Date, Fen};
use liufang_settlement::domain::accumulate::Addition;
use liufang_settlement::domain::benefit::{
    Approval, Case, ChargeClass, ChargeLine, LineRules, OutsideFee, OutsideFees, OutsideKind, Purse,
    Settlement, Wallets, settle,
};
use liufang_settlement::domain::entitlement::{Entitlement, Standing, YearSoFar};
use liufang_settlement::domain::quote::{Cover, QuoteKind, age, choose_cover};

/// Baskets a second on one core that are asked for.
const ASKED_PER_SECOND: f64 = 200_000.0;
/// Baskets between two looks at the clock.
const ROUND: u32 = 1_000;

/// A person as identity tells of one.
struct Person {
    covers: Vec<Cover>,
    birth: Date,
    registered: [&'static str; 2],
    wallets: Wallets,
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let pack = RegionPack::parse(include_str!("../../../deploy/regions/qinhuangdao.toml")).unwrap();
    let date = parse_date("2026-11-22").unwrap();
    let scheme = pack.scheme(SchemeKind::ChronicRenewal, date).unwrap();
    let person = person();
    let lines: Vec<ChargeLine> = (1..=10).map(line).collect();
    let fees = OutsideFees::new(vec![OutsideFee {
        kind: OutsideKind::Delivery,
        amount: Fen(600),
        name: "配送".to_owned(),
    }]);
    let one = || basket(&pack, scheme, &person, &lines, &fees, date);
    let (started, mut done) = (Instant::now(), 0_u32);
    while started.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..ROUND {
            black_box(one());
        }
        done += ROUND;
    }
    let rate = f64::from(done) / started.elapsed().as_secs_f64();
    let totals = one().totals;
    println!("# benefits of ten lines, from the region pack to the legs, every number explained, one core");
    println!(
        "# (total {}, fund {}, account {}, cash {})",
        totals.medical, totals.fund, totals.account, totals.cash
    );
    println!("baskets/s {rate:>8.0}  to {ASKED_PER_SECOND:.0} asked {:.2}", rate / ASKED_PER_SECOND);
}

fn basket(
    pack: &RegionPack,
    scheme: &Scheme,
    person: &Person,
    lines: &[ChargeLine],
    fees: &OutsideFees,
    date: Date,
) -> Settlement {
    let cover = choose_cover(pack, &person.covers, "", &scheme.insutypes, date).unwrap();
    let standing = Standing {
        kind: QuoteKind::ChronicRenewal,
        scheme: Some(scheme),
        cover: Some(cover),
        age: age(person.birth, date),
        disease: "M03900",
        registered: &person.registered,
        institution_kind: InstitutionKind::Hospital,
        level: Some(HospitalLevel::Three),
        date,
    };
    let entitlement = Entitlement::of(pack, black_box(&standing));
    let used = Addition { deductible: Fen(10_000), expense: Fen(90_000), fund_paid: Fen(60_000) };
    settle(&Case {
        lines: black_box(lines),
        consultation: false,
        outside: fees.clone(),
        rules: LineRules {
            class_b_first_selfpay: entitlement.class_b_first_selfpay(),
            needs_mark: false,
            row: entitlement.row(),
        },
        scheme: Some(scheme),
        fund: entitlement.rule(YearSoFar { all: used, disease: used }),
        wallets: person.wallets.clone(),
        convention: pack.region.mutual_aid_convention,
        agency: &pack.region.code,
    })
    .unwrap()
}

fn person() -> Person {
    let cover = |insutype: &str| Cover {
        insutype: insutype.to_owned(),
        psn_type: "1101".to_owned(),
        place: "130302".to_owned(),
        normal: true,
        begin: parse_date("2020-01-01").unwrap(),
        end: None,
    };
    Person {
        covers: vec![cover("390"), cover("310")],
        birth: parse_date("1966-03-05").unwrap(),
        registered: ["M03900", "M01600"],
        wallets: Wallets {
            own: Some(Purse { person_id: "per_0001".to_owned(), available: Fen(5_000) }),
            relatives: vec![Purse { person_id: "per_0002".to_owned(), available: Fen(3_000) }],
        },
    }
}

/// Every kind of line: 甲, 乙 by its own ratio and by the region's, 丙, above the pay standard, restricted.
fn line(line_no: i32) -> ChargeLine {
    let class = match line_no % 5 {
        0 => ChargeClass::SelfPaid,
        1 | 2 => ChargeClass::B,
        _ => ChargeClass::A,
    };
    ChargeLine {
        line_no,
        med_list_codg: "XC08CAA456A001010100100".to_owned(),
        quantity: format!("{}.5", line_no % 4 + 1).parse().unwrap(),
        price: format!("{}.283719", 7 + line_no).parse().unwrap(),
        class,
        first_selfpay: (line_no % 2 == 0).then(|| "0.05".parse().unwrap()),
        pay_standard: (line_no % 3 == 0).then(|| "9.5".parse().unwrap()),
        restricted: line_no == 4,
        approval: if line_no == 4 { Approval::Approved } else { Approval::NotNeeded },
        hi_mark: true,
    }
}
