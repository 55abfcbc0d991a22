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
        approval_no: "国药准字H20000001".into(),
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
    conditions: Vec<String>,
    renews: &'static str,
    renewed_long: Option<bool>,
    stated: Stated,
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
        conditions: vec!["I10".into()],
        renews: "MZ-1",
        renewed_long: None,
        stated: Stated { facts: Some(Facts { egfr: Some(90), ..Facts::default() }), ..Stated::default() },
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
        conditions: &sheet.conditions,
        long_rx: sheet.long_rx,
        validity_days: sheet.validity_days,
        renews: sheet.renews,
        renewed_long: sheet.renewed_long,
        stated: &sheet.stated,
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
    let rule_said =
        RULES.iter().find(|known| known.id == rule).is_some_and(|rule| rule.severities.contains(&severity));
    assert!(rule_said, "{rule} does not say that it finds {severity:?}");
    let found = findings.iter().any(|finding| finding.rule == rule && finding.severity == severity);
    assert!(found, "{rule} {severity:?} not among {findings:?}");
}

/// One drug alone on the sheet, two tablets of it a day for four weeks.
fn alone(sheet: &mut Sheet, code: &str, name: &str) {
    let mut drug = drug(code, name, "复方", 14);
    drug.dosage_form = "片剂".into();
    let mut only = line(1, &drug, "1", "12", "28", "4");
    only.dose_unit = "片".into();
    (sheet.drugs, sheet.lines) = (vec![drug], vec![only]);
}

fn fact(sheet: &mut Sheet, edit: impl FnOnce(&mut Facts)) {
    edit(sheet.stated.facts.get_or_insert_default());
}

fn in_force(drug: &str, name: &str) -> OtherLine {
    OtherLine {
        drug: drug.into(),
        generic_name: name.into(),
        dosage_form: "片剂".into(),
        in_hand_until: None,
    }
}

fn in_hand_until(drug: &str, name: &str, until: &str) -> OtherLine {
    OtherLine { in_hand_until: parse_date(until), ..in_force(drug, name) }
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
    let ordinary = |s: &mut Sheet, days: &str, packs: &str| {
        (s.disease, s.lines) = ("", vec![line(1, &s.drugs[0], "5", "11", days, packs)]);
    };
    finds(|s| ordinary(s, "8", "2"), rule, Warn);
    finds(|s| ordinary(s, "29", "5"), rule, Block);
    let emergency = |s: &mut Sheet, days: &str, packs: &str| {
        ordinary(s, days, packs);
        s.stated.emergency = true;
    };
    finds(|s| emergency(s, "7", "1"), rule, Warn);
    finds(|s| emergency(s, "8", "2"), rule, Block);
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
    use Severity::{Block, Warn};
    finds(|s| s.others = vec![in_force(AMLODIPINE, "苯磺酸氨氯地平片")], "RX_DUPLICATE_ACTIVE", Warn);
    let other_form = "XC08CAA001E001010100001";
    finds(|s| s.others = vec![in_force(other_form, "苯磺酸氨氯地平胶囊")], "RX_DUPLICATE_ACTIVE", Warn);
    let losartan = ("XC09CAL001A001010100001", "氯沙坦钾片");
    finds(|s| s.others = vec![in_force(losartan.0, losartan.1)], "RX_DUPLICATE_ACTIVE", Warn);
    finds(
        |s| s.others = vec![in_hand_until(losartan.0, losartan.1, "2026-11-23")],
        "RX_DUPLICATE_ACTIVE",
        Warn,
    );
    let enalapril = ("XC09AAD001A001010100001", "马来酸依那普利片");
    finds(|s| s.others = vec![in_force(enalapril.0, enalapril.1)], "RX_INTERACTION", Warn);
    finds(|s| s.others = vec![in_hand_until(enalapril.0, enalapril.1, "2026-12-01")], "RX_INTERACTION", Warn);
    let aliskiren = "XC09XAA001A001010100001";
    finds(
        |s| {
            (s.others, s.drugs[1].code, s.lines[1].drug) =
                (vec![in_force("", "沙库巴曲缬沙坦钠片")], enalapril.0.into(), enalapril.0.into())
        },
        "RX_INTERACTION",
        Block,
    );
    finds(|s| s.others = vec![in_force(aliskiren, "阿利吉仑片")], "RX_INTERACTION", Warn);
}

#[test]
fn a_refill_waits_until_little_is_left() {
    let held = |until: &str| vec![in_hand_until(AMLODIPINE, "苯磺酸氨氯地平片", until)];
    finds(|s| s.others = held("2026-11-30"), "RX_REFILL_TOO_SOON", Severity::Warn);
    let mut enough = sheet();
    enough.others = held("2026-11-29");
    assert_eq!(run(&enough), [], "seven days left are no reason");
}

#[test]
fn long_prescriptions_have_rules_of_their_own() {
    use Severity::{Block, Note};
    let long = |s: &mut Sheet| (s.long_rx, s.lines[0]) = (true, line(1, &s.drugs[0], "5", "11", "84", "12"));
    finds(long, "RX_LONG_CONSENT", Block);
    let confirmed = |s: &mut Sheet| {
        long(s);
        s.stated.consent = "RECORD-1".into();
    };
    finds(confirmed, "RX_LONG_CONSENT", Note);
    let mut sheet_ = sheet();
    confirmed(&mut sheet_);
    let findings = run(&sheet_);
    assert!(!blocked(&findings));
    // at the claim the record is found again in the findings, and nothing blocks
    sheet_.stated = Stated::in_findings(&findings);
    assert!(!blocked(&run(&sheet_)) && with_new(&findings, run(&sheet_)) == findings);
    let four_weeks = |s: &mut Sheet| s.long_rx = true;
    let mut free = sheet();
    four_weeks(&mut free);
    assert_eq!(run(&free), [], "four weeks want no confirmation");
    finds(|s| (s.long_rx, s.renews) = (true, ""), "RX_LONG_FIRST", Block);
    finds(|s| (s.long_rx, s.renewed_long) = (true, Some(false)), "RX_LONG_FIRST", Block);
    finds(|s| (s.long_rx, s.drugs[0].controlled) = (true, "precursor".into()), "RX_LONG_CONTROLLED", Block);
    for code in ["XJ01CAA169E001010100527", "XJ02ACA169E001010100527", "XJ05AEA169E001010100527"] {
        let antimicrobial = |s: &mut Sheet| {
            alone(s, code, "某药");
            s.long_rx = true;
        };
        finds(antimicrobial, "RX_LONG_ANTIMICROBIAL", Block);
    }
    let mut tuberculosis = sheet();
    alone(&mut tuberculosis, "XJ04ABA169E001010100527", "某药");
    tuberculosis.long_rx = true;
    assert_eq!(run(&tuberculosis).iter().filter(|found| found.severity == Block).count(), 0);
}

#[test]
fn the_sheet_and_the_sale() {
    use Severity::{Block, Note, Warn};
    finds(|s| s.renews = "", "RX_FIRST_VISIT", Block);
    let slices = |s: &mut Sheet, count: i32| {
        s.drugs = (0..count).map(|n| drug(&format!("T{n:09}"), "某饮片", "", 1)).collect();
        s.lines = (0..count).map(|n| line(n + 1, &s.drugs[n as usize], "9", "11", "7", "7")).collect();
    };
    let mut herbal = sheet();
    slices(&mut herbal, 12);
    assert!(!blocked(&run(&herbal)), "twelve slices on their own sheet");
    let mixed = |s: &mut Sheet| {
        let western = s.drugs[0].clone();
        slices(s, 2);
        s.lines.push(line(3, &western, "5", "11", "28", "4"));
        s.drugs.push(western);
    };
    finds(mixed, "RX_HERBAL_SHEET", Block);
    let psychotropic = |s: &mut Sheet, class: &str, days: &str| {
        s.drugs[0].controlled = class.into();
        s.lines[0].days = days.parse().unwrap();
    };
    finds(|s| psychotropic(s, "psych2", "8"), "RX_PSYCHOTROPIC_DAYS", Warn);
    finds(|s| psychotropic(s, "toxic", "3"), "RX_TOXIC_DAYS", Block);
    let injection = |s: &mut Sheet, code: &str| {
        s.drugs[0].dosage_form = "注射液".into();
        s.lines[0].dosage_form = "注射液".into();
        s.drugs[0].code = code.into();
        s.lines[0].drug = code.into();
    };
    finds(|s| injection(s, "XB01ABA001A001010100001"), "RX_NEGATIVE_LIST", Warn);
    let mut insulin = sheet();
    injection(&mut insulin, INSULIN);
    assert!(!run(&insulin).iter().any(|found| found.rule == "RX_NEGATIVE_LIST"), "it lowers glucose");
    let granule = |s: &mut Sheet| {
        s.drugs[0].generic_name = "黄芪配方颗粒".into();
        s.lines[0].generic_name = "黄芪配方颗粒".into();
    };
    finds(granule, "RX_NEVER_ONLINE", Block);
    finds(
        |s| (s.lines[0].dose, s.lines[0].frequency) = (Quantity::whole(15), "42".into()),
        "RX_MAX_SINGLE_DOSE",
        Warn,
    );
    let accompanied = |s: &mut Sheet| {
        s.age = 5;
        fact(s, |facts| (facts.guardian_present, facts.specialist_present) = (true, true));
    };
    finds(accompanied, "RX_UNDER_SIX", Note);
    finds(
        |s| {
            s.age = 5;
            fact(s, |facts| facts.guardian_present = true)
        },
        "RX_UNDER_SIX",
        Block,
    );
}

#[test]
fn states_of_the_person_by_table() {
    use Severity::{Block, Note, Warn};
    const METFORMIN: (&str, &str) = ("XA10BAE117A001010100268", "盐酸二甲双胍片");
    finds(|s| fact(s, |facts| facts.weeks_pregnant = 8), "RX_PREGNANCY", Block);
    finds(
        |s| {
            alone(s, METFORMIN.0, METFORMIN.1);
            fact(s, |facts| facts.lactating = true)
        },
        "RX_LACTATION",
        Warn,
    );
    let kidneys = |s: &mut Sheet, egfr: Option<i32>| {
        alone(s, METFORMIN.0, METFORMIN.1);
        fact(s, |facts| facts.egfr = egfr);
    };
    finds(|s| kidneys(s, Some(29)), "RX_RENAL", Block);
    finds(|s| kidneys(s, Some(44)), "RX_RENAL", Warn);
    finds(|s| kidneys(s, None), "RX_RENAL", Note);
    let mut healthy = sheet();
    kidneys(&mut healthy, Some(45));
    assert!(!run(&healthy).iter().any(|found| found.rule == "RX_RENAL"));
    let mut worst = sheet();
    kidneys(&mut worst, Some(10));
    assert_eq!(
        run(&worst).iter().filter(|found| found.rule == "RX_RENAL").count(),
        1,
        "the most severe limit alone"
    );
    finds(
        |s| {
            alone(s, METFORMIN.0, METFORMIN.1);
            s.age = 9
        },
        "RX_AGE",
        Warn,
    );
    let propranolol = |s: &mut Sheet, condition: &str| {
        alone(s, "XC07AAP340A001010100303", "盐酸普萘洛尔片");
        s.conditions = vec![condition.into()];
    };
    finds(|s| propranolol(s, "J45.900"), "RX_CONTRAINDICATION", Block);
    finds(|s| propranolol(s, "M05300"), "RX_CONTRAINDICATION", Warn);
    let at_claim = Stated::default();
    let mut claimed = sheet();
    fact(&mut claimed, |facts| facts.weeks_pregnant = 8);
    claimed.stated = at_claim;
    assert_eq!(run(&claimed), [], "what was stated is not known at the claim");
}

#[test]
fn findings_about_other_rows_are_new() {
    let mut first = sheet();
    first.others = vec![in_force("XC09AAD001A001010100001", "马来酸依那普利片")];
    let known = run(&first);
    first.others.push(in_force("XM01AEB112A001010100135", "布洛芬片"));
    let today = with_new(&known, run(&first));
    assert_eq!(today.len(), known.len() + 1, "{today:?}");
    assert_eq!(today.last().map(|found| found.row.as_str()), Some("arb+nsaid"));
    // findings kept before there were rows
    let old: Vec<Finding> =
        known.iter().map(|found| Finding { row: String::new(), ..found.clone() }).collect();
    assert_eq!(with_new(&old, run(&first)).len(), old.len());
}

#[test]
fn the_page_says_what_runs() {
    expect_test::expect_file!["../../../RULES.md"].assert_eq(&page());
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
    let explained =
        |rule: &Rule| !rule.source.is_empty() && !rule.finds.is_empty() && !rule.severities.is_empty();
    assert!(RULES.iter().all(explained));
}

/// A sheet of drugs with much to say about each other.
fn busy() -> Sheet {
    let names = [
        ("XC09AAD001A001010100001", "马来酸依那普利片"),
        (VALSARTAN, "缬沙坦胶囊"),
        ("XC03DAL642A001010100296", "螺内酯片"),
        ("XM01AEB112A001010100135", "布洛芬片"),
        ("XB01ACA741A012010100142", "阿司匹林肠溶片"),
        ("XB01AAH486A001010100422", "华法林钠片"),
        ("XC10AAX595A001010100212", "辛伐他汀片"),
        ("XC07AAP340A001010100303", "盐酸普萘洛尔片"),
        ("XC07AAP340A001020100303", "盐酸普萘洛尔片"),
        ("XC01AAD350A001010100296", "地高辛片"),
    ];
    let mut busy = sheet();
    busy.drugs = names.iter().map(|(code, name)| drug(code, name, "5mg", 7)).collect();
    busy.lines = (1..).zip(&busy.drugs).map(|(n, drug)| line(n, drug, "5", "11", "28", "4")).collect();
    busy.others = vec![
        in_force("XC08CAX393A011010100142", "硝苯地平控释片"),
        in_hand_until("XC10AAX595A001010100212", "辛伐他汀片", "2026-12-20"),
        in_force("XC08CAA456A001010100100", "苯磺酸氨氯地平片"),
    ];
    busy.conditions = vec!["J45".into(), "I50".into(), "K25".into()];
    busy.allergies = vec!["阿司匹林".into(), "普利类".into()];
    busy
}

/// What was found, without line numbers.
fn verdict(findings: &[Finding], lines: &[Line]) -> Vec<(String, Severity, String)> {
    let drug = |no: i32| lines.iter().find(|line| line.line_no == no).map(|line| line.drug.clone());
    // which of two lines carries a finding about both depends on their numbers
    let both = |rule: &str| ["RX_INTERACTION", "RX_DUPLICATE_THERAPY"].contains(&rule);
    let told = findings.iter().map(|found| {
        let about = if both(&found.rule) { found.row.clone() } else { drug(found.line).unwrap_or_default() };
        (found.rule.clone(), found.severity, about)
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

proptest! {
    /// The same sheet gives the same findings, however its parts were ordered.
    #[test]
    fn order_does_not_matter(order in Just((0..10_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let sheet = busy();
        let first = run(&sheet);
        prop_assert!(20 < first.len());
        let mut shuffled = busy();
        shuffled.lines = order.iter().map(|index| sheet.lines[*index].clone()).collect();
        shuffled.drugs = order.iter().rev().map(|index| sheet.drugs[*index].clone()).collect();
        shuffled.others.rotate_left(order[0] % 3);
        shuffled.conditions.rotate_left(order[1] % 3);
        shuffled.allergies.rotate_left(order[2] % 2);
        prop_assert_eq!(&run(&shuffled), &first);
        // and numbered in another order it is the same verdict
        for (n, line) in (1..).zip(&mut shuffled.lines) {
            line.line_no = n;
        }
        prop_assert_eq!(verdict(&run(&shuffled), &shuffled.lines), verdict(&first, &sheet.lines));
    }

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

/// What `RX_CHILD_DOSE` says of one line, by age and weight in grams.
fn child(name: &str, strength: &str, dose: &str, frequency: &str, age: i32, weight_g: Option<i64>) -> String {
    let mut s = sheet();
    s.drugs = vec![drug(AMLODIPINE, name, strength, 7)];
    s.lines = vec![line(1, &s.drugs[0], dose, frequency, "28", "4")];
    s.age = age;
    s.stated = Stated { facts: Some(Facts { weight_g, ..Facts::default() }), ..Stated::default() };
    let found = run(&s).into_iter().find(|finding| finding.rule == "RX_CHILD_DOSE");
    found.map_or(String::new(), |finding| finding.row)
}

#[test]
fn children_have_doses_of_their_own() {
    let amlodipine = |dose, age| child("苯磺酸氨氯地平片", "5mg", dose, "11", age, None);
    assert_eq!(amlodipine("5", 12), "");
    assert_eq!(amlodipine("10", 12), "氨氯地平 6–17");
    assert_eq!(amlodipine("10", 18), "", "grown up");
    let losartan = |dose, weight_g| child("氯沙坦钾片", "50mg", dose, "11", 8, weight_g);
    assert_eq!(losartan("50", None), "氯沙坦", "nobody can judge without a weight");
    assert_eq!(losartan("28", Some(20_000)), "");
    assert_eq!(losartan("28.1", Some(20_000)), "氯沙坦 6–16", "above 1.4 mg/kg");
    assert_eq!(losartan("100", Some(90_000)), "");
    assert_eq!(losartan("101", Some(90_000)), "氯沙坦 6–16", "100 mg is the end whatever the weight");
    let candesartan = |dose, weight_g| child("坎地沙坦酯片", "8mg", dose, "11", 10, Some(weight_g));
    assert_eq!(candesartan("16", 49_999), "");
    assert_eq!(candesartan("17", 49_999), "坎地沙坦 6–16 1–50000 g");
    assert_eq!(candesartan("17", 50_000), "");
    let thyroxine = |age| child("左甲状腺素钠片", "50μg", "0.1", "11", age, Some(20_000));
    assert_eq!((thyroxine(5), thyroxine(11)), (String::new(), String::new()), "100 µg is 5 µg/kg");
    assert_eq!(thyroxine(12), "左甲状腺素 12–17");
    assert_eq!(
        child("缬沙坦氨氯地平片", "80mg", "320", "11", 12, Some(30_000)),
        "",
        "combinations have no rows"
    );
    let mut s = sheet();
    s.age = 12;
    s.stated = Stated::default();
    assert!(run(&s).iter().all(|finding| finding.rule != "RX_CHILD_DOSE"), "not asked again at the claim");
}

#[test]
fn hospital_preparations_are_known_by_their_number() {
    let refused = |approval_no: &str| {
        let mut s = sheet();
        s.drugs[0].approval_no = approval_no.into();
        let found = run(&s).into_iter().find(|finding| finding.rule == "RX_NEVER_ONLINE");
        found.map_or(String::new(), |finding| finding.evidence)
    };
    for own in ["京药制字Z20110001", "冀药制字H20080123", " 粤药制备字Z20180001000 "] {
        assert_eq!(refused(own), "never sold online: hospital_preparation", "{own}");
    }
    for other in [
        "国药准字H20000001",
        "国药准字Z11020001",
        "药制字Z20110001",
        "京药制字S20110001",
        "京药制备字H20180001000",
        "京药制字Z2011",
        "",
    ] {
        assert_eq!(refused(other), "", "{other}");
    }
}
