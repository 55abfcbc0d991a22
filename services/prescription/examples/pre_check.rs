//! Measures the rules: a ten-line sheet of a person with five drugs from elsewhere, on one core. Argument: seconds (3).
//! `scripts/bench.sh` runs it from a release build.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::float_arithmetic)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use liufang_kernel::region::RegionPack;
use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Quantity, UnitPrice};
use liufang_prescription::domain::prescription::Line;
use liufang_prescription::domain::rules::{Case, Drug, Facts, OtherLine, Stated, check};

/// Checks a second that are asked for, and the longest the slowest hundredth may take.
const ASKED_PER_SECOND: f64 = 2_000.0;
const ASKED_P99: Duration = Duration::from_millis(5);

const SHEET: [(&str, &str, &str); 10] = [
    ("XC08CAA456A001010100100", "苯磺酸氨氯地平片", "5mg"),
    ("XC09CAX178E001010100170", "缬沙坦胶囊", "80mg"),
    ("XC03DAL642A001010100296", "螺内酯片", "20mg"),
    ("XC07ABB677A001010100282", "富马酸比索洛尔片", "5mg"),
    ("XB01ACA741A012010100142", "阿司匹林肠溶片", "100mg"),
    ("XB01ACL643A001010100191", "硫酸氢氯吡格雷片", "75mg"),
    ("XC10AAX595A001010100212", "辛伐他汀片", "20mg"),
    ("XA10BAE117A001010100268", "盐酸二甲双胍片", "0.5g"),
    ("XA10BBG283A001010100352", "格列美脲片", "2mg"),
    ("XH03AAZ647A001010100282", "左甲状腺素钠片", "50μg"),
];

const ELSEWHERE: [(&str, &str); 5] = [
    ("XB01AAH486A001010100422", "华法林钠片"),
    ("XA02BCA495E003010100135", "奥美拉唑肠溶胶囊"),
    ("XM01AEB112A001010100135", "布洛芬片"),
    ("XC01AAD350A001010100296", "地高辛片"),
    ("XC10AAX595A001010100212", "辛伐他汀片"),
];

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let pack = RegionPack::parse(include_str!("../../../deploy/regions/qinhuangdao.toml")).unwrap();
    let date = parse_date("2026-11-22").unwrap();
    let drugs: Vec<Drug> = SHEET.iter().map(|row| drug(*row)).collect();
    let lines: Vec<Line> = (1..).zip(&drugs).map(|(line_no, drug)| line(line_no, drug)).collect();
    let other_lines: Vec<OtherLine> = ELSEWHERE
        .iter()
        .map(|(code, name)| OtherLine {
            drug: (*code).to_owned(),
            generic_name: (*name).to_owned(),
            dosage_form: "片剂".to_owned(),
            in_hand_until: parse_date("2026-12-20"),
        })
        .collect();
    let facts = Facts { egfr: Some(55), ..Facts::default() };
    let stated = Stated { facts: Some(facts), ..Stated::default() };
    let case = Case {
        pack: &pack,
        limits: pack.prescription_limits(date).unwrap(),
        date,
        age: 67,
        allergies: &["青霉素".to_owned(), "磺胺类".to_owned()],
        disease: "M03900",
        conditions: &["M01600".to_owned(), "I10".to_owned(), "E11".to_owned()],
        long_rx: false,
        validity_days: 3,
        renews: "MZ-1",
        renewed_long: None,
        stated: &stated,
        lines: &lines,
        drugs: &drugs,
        other_lines: &other_lines,
    };
    let mut took = Vec::with_capacity(1 << 20);
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut last = started;
    while last < until {
        black_box(check(black_box(&case)));
        let now = Instant::now();
        took.push(now - last);
        last = now;
    }
    took.sort_unstable();
    let rate = took.len() as f64 / started.elapsed().as_secs_f64();
    let p99 = took[took.len() * 99 / 100];
    println!("# pre-check of ten lines, the rules alone, one core ({} findings)", check(&case).len());
    println!(
        "checks/s {rate:>8.0}  to {ASKED_PER_SECOND:.0} asked {:.1}  p50 {} µs  p99 {} µs  to {} µs allowed {:.3}",
        rate / ASKED_PER_SECOND,
        took[took.len() / 2].as_micros(),
        p99.as_micros(),
        ASKED_P99.as_micros(),
        p99.as_secs_f64() / ASKED_P99.as_secs_f64(),
    );
}

fn drug((code, name, strength): (&str, &str, &str)) -> Drug {
    Drug {
        code: code.to_owned(),
        generic_name: name.to_owned(),
        dosage_form: "片剂".to_owned(),
        strength: strength.to_owned(),
        maker: "示例制药".to_owned(),
        units_per_pack: 28,
        billing_unit: "盒".to_owned(),
        controlled: "none".to_owned(),
        storage: "normal".to_owned(),
        online_forbidden: String::new(),
        approval_no: "国药准字H20000001".to_owned(),
        restricted: false,
        diseases: vec!["M03900".to_owned()],
    }
}

fn line(line_no: i32, drug: &Drug) -> Line {
    Line {
        line_no,
        drug: drug.code.clone(),
        generic_name: drug.generic_name.clone(),
        dosage_form: drug.dosage_form.clone(),
        strength: drug.strength.clone(),
        maker: drug.maker.clone(),
        route: "1".to_owned(),
        dose: Quantity::whole(1),
        dose_unit: "片".to_owned(),
        frequency: "11".to_owned(),
        days: Quantity::whole(28),
        quantity: Quantity::whole(1),
        billing_unit: "盒".to_owned(),
        price: UnitPrice(20_000_000),
        approval: "0".to_owned(),
        dispensed: Quantity::ZERO,
    }
}
