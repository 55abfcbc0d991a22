use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Quantity, UnitPrice};
use proptest::prelude::*;

use super::*;

const AMLODIPINE: &str = "XC08CAA001A001010100001";
const VALSARTAN: &str = "XC09CAX001A001010100001";
const INSULIN: &str = "XA10AEG001B001010100001";

fn pack() -> RegionPack {
    RegionPack::parse(include_str!("../../../../../deploy/regions/qinhuangdao.toml")).unwrap()
}

fn drug(code: &str, generic_name: &str, strength: &str, units_per_pack: i64) -> Drug {
    Drug {
        code: code.into(),
        generic_name: generic_name.into(),
        dosage_form: "片剂".into(),
        strength: strength.into(),
        maker: "测试制药".into(),
        units_per_pack,
        billing_unit: "盒".into(),
        controlled: "none".into(),
        storage: "normal".into(),
        online_forbidden: String::new(),
        restricted: false,
        diseases: vec![],
    }
}

fn line(line_no: i32, drug: &Drug, dose: &str, frequency: &str, days: &str, packs: &str) -> Line {
    Line {
        line_no,
        drug: drug.code.clone(),
        generic_name: drug.generic_name.clone(),
        dosage_form: drug.dosage_form.clone(),
        strength: drug.strength.clone(),
        maker: drug.maker.clone(),
        route: "1".into(),
        dose: dose.parse().unwrap(),
        dose_unit: "mg".into(),
        frequency: frequency.into(),
        days: days.parse().unwrap(),
        quantity: packs.parse().unwrap(),
        billing_unit: "盒".into(),
        price: UnitPrice(20_000_000),
        approval: "0".into(),
        dispensed: Quantity::ZERO,
    }
}

struct Sheet {
    drugs: Vec<Drug>,
    lines: Vec<Line>,
    others: Vec<OtherLine>,
    allergies: Vec<String>,
    age: i32,
    long_rx: bool,
    validity_days: i32,
    disease: &'static str,
}

fn sheet() -> Sheet {
    let drugs = vec![
        drug(AMLODIPINE, "苯磺酸氨氯地平片", "5mg", 7),
        drug(VALSARTAN, "缬沙坦胶囊", "80mg", 7),
        drug(INSULIN, "甘精胰岛素注射液", "3ml:300单位", 1),
    ];
    let lines = vec![line(1, &drugs[0], "5", "11", "28", "4"), line(2, &drugs[1], "80", "11", "28", "4")];
    Sheet {
        drugs,
        lines,
        others: vec![],
        allergies: vec![],
        age: 60,
        long_rx: false,
        validity_days: 1,
        disease: "M03900",
    }
}

fn run(sheet: &Sheet) -> Vec<Finding> {
    let (pack, date) = (pack(), parse_date("2026-11-22").unwrap());
    check(&Case {
        pack: &pack,
        limits: pack.prescription_limits(date).unwrap(),
        date,
        age: sheet.age,
        allergies: &sheet.allergies,
        disease: sheet.disease,
        long_rx: sheet.long_rx,
        validity_days: sheet.validity_days,
        lines: &sheet.lines,
        drugs: &sheet.drugs,
        other_lines: &sheet.others,
    })
}

#[track_caller]
fn finds(edit: impl FnOnce(&mut Sheet), rule: &str, severity: Severity) {
    let mut sheet = sheet();
    edit(&mut sheet);
    let findings = run(&sheet);
    let found = findings.iter().any(|finding| finding.rule == rule && finding.severity == severity);
    assert!(found, "{rule} {severity:?} not among {findings:?}");
}

#[test]
fn a_plain_renewal_is_clean() {
    assert_eq!(run(&sheet()), []);
}

#[test]
fn every_rule_fires_on_its_own_case() {
    use Severity::{Block, Note, Warn};
    finds(
        |s| s.lines = (1..=6).map(|n| line(n, &s.drugs[0], "5", "11", "7", "1")).collect(),
        "RX_MAX_KINDS",
        Block,
    );
    finds(|s| s.validity_days = 4, "RX_VALIDITY_DAYS", Block);
    finds(|s| s.validity_days = 0, "RX_VALIDITY_DAYS", Block);
    finds(|s| s.validity_days = 3, "RX_VALIDITY_DAYS", Note);
    finds(|s| s.lines[0].drug = "XC08CAA009A001010100001".into(), "RX_UNKNOWN_DRUG", Block);
    finds(|s| s.lines[0].maker = "另一家".into(), "RX_CATALOGUE_MISMATCH", Block);
    finds(|s| s.drugs[0].controlled = "psych2".into(), "RX_CONTROLLED", Block);
    finds(|s| s.drugs[0].online_forbidden = "vaccine".into(), "RX_NEVER_ONLINE", Block);
    finds(|s| s.drugs[0].online_forbidden = "negative_list".into(), "RX_NEGATIVE_LIST", Warn);
    finds(|s| s.drugs[0].generic_name = "华法林钠片".into(), "RX_NEGATIVE_LIST", Warn);
    finds(|s| s.drugs[0].restricted = true, "RX_RESTRICTED_USE", Warn);
    finds(|s| s.lines[0].approval = "2".into(), "RX_RESTRICTED_USE", Note);
    finds(|s| s.lines[1] = line(2, &s.drugs[0], "5", "11", "28", "4"), "RX_DUPLICATE_THERAPY", Block);
    finds(|s| s.drugs[0].diseases = vec!["M01600".into()], "RX_DISEASE_UNUSUAL", Note);
    finds(|s| s.allergies = vec!["缬沙坦".into()], "RX_ALLERGY", Block);
    finds(|s| s.age = 5, "RX_UNDER_SIX", Block);
    finds(|s| s.lines[0].dose = Quantity::whole(20), "RX_MAX_DOSE", Warn);
    finds(|s| s.lines[0].generic_name = "辛伐他汀片".into(), "RX_CATALOGUE_MISMATCH", Block);
}

#[test]
fn days_of_supply_by_kind_of_prescription() {
    use Severity::{Block, Warn};
    let rule = "RX_DAYS_OF_SUPPLY";
    finds(|s| s.lines[0] = line(1, &s.drugs[0], "5", "11", "29", "5"), rule, Block);
    finds(|s| (s.disease, s.lines[0].days) = ("", Quantity::whole(8)), rule, Block);
    finds(|s| (s.long_rx, s.lines[0]) = (true, line(1, &s.drugs[0], "5", "11", "84", "12")), rule, Warn);
    finds(|s| (s.long_rx, s.lines[0]) = (true, line(1, &s.drugs[0], "5", "11", "85", "13")), rule, Block);
    // 28 days written, but the packs last 56
    finds(|s| s.lines[0].quantity = Quantity::whole(8), rule, Block);
    finds(|s| s.lines[0].quantity = Quantity::whole(3), "RX_QUANTITY", Warn);
    finds(|s| s.lines[0].frequency = "62".into(), "RX_QUANTITY", Severity::Note);
}

#[test]
fn cold_goods_stay_out_of_long_prescriptions() {
    let cold = |s: &mut Sheet, long| {
        s.long_rx = long;
        s.drugs[2].storage = "cold_2_8".into();
        s.lines = vec![line(1, &s.drugs[2], "10", "11", "28", "1")];
        s.lines[0].dose_unit = "单位".into();
    };
    finds(|s| cold(s, true), "RX_LONG_COLD_STORAGE", Severity::Block);
    let mut short = sheet();
    cold(&mut short, false);
    assert!(!blocked(&run(&short)));
}

#[test]
fn other_prescriptions_count_too() {
    let other = |drug: &str, name: &str| OtherLine { drug: drug.into(), generic_name: name.into() };
    finds(|s| s.others = vec![other(AMLODIPINE, "苯磺酸氨氯地平片")], "RX_DUPLICATE_ACTIVE", Severity::Warn);
    finds(
        |s| s.others = vec![other("XC09AAD001A001010100001", "马来酸依那普利片")],
        "RX_INTERACTION",
        Severity::Warn,
    );
}

#[test]
fn reasons_clear_warnings_and_never_blocks() {
    let mut sheet = sheet();
    sheet.drugs[0].restricted = true;
    sheet.age = 5;
    let mut findings = run(&sheet);
    assert_eq!(missing_overrides(&findings).len(), 1);
    let reason = |rule: &str, line| Override { rule: rule.into(), line, reason: "病情需要".into() };
    apply(&mut findings, &[reason("RX_RESTRICTED_USE", 1), reason("RX_UNDER_SIX", 0)], "D1");
    assert!(missing_overrides(&findings).is_empty());
    assert!(blocked(&findings));
    assert!(findings.iter().all(|f| f.severity != Severity::Block || f.override_reason.is_empty()));
}

#[test]
fn ids_and_sources_are_there_and_unique() {
    let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len());
    assert!(RULES.iter().all(|rule| !rule.source.is_empty()));
}

proptest! {
    /// A sheet is never cleaner with more of a drug or more days on it.
    #[test]
    fn more_supply_never_lifts_a_block(days in 1_i64..120, packs in 1_i64..30, more in 0_i64..30) {
        let supply_blocks = |days: i64, packs: i64| {
            let mut sheet = sheet();
            sheet.lines[0].days = Quantity::whole(days);
            sheet.lines[0].quantity = Quantity::whole(packs);
            run(&sheet).iter().any(|f| f.rule == "RX_DAYS_OF_SUPPLY" && f.severity == Severity::Block)
        };
        prop_assert!(!supply_blocks(days, packs) || supply_blocks(days + more, packs + more));
    }

    /// Every finding names an existing rule and line.
    #[test]
    fn findings_point_somewhere(dose in 1_i64..1_000_000, frequency in 0_i64..80, days in 1_i64..2_000_000, packs in 1_i64..2_000_000) {
        let mut sheet = sheet();
        sheet.lines[0].dose = Quantity(dose);
        sheet.lines[0].frequency = frequency.to_string();
        sheet.lines[0].days = Quantity(days);
        sheet.lines[0].quantity = Quantity(packs);
        for finding in run(&sheet) {
            prop_assert!(RULES.iter().any(|rule| rule.id == finding.rule));
            prop_assert!((0..=2).contains(&finding.line));
        }
    }
}
