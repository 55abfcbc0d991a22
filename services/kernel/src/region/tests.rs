use time::macros::date;

use super::*;
use crate::money::Fen;

const BEIJING: &str = include_str!("../../../../deploy/regions/beijing.toml");
const QINHUANGDAO: &str = include_str!("../../../../deploy/regions/qinhuangdao.toml");
const TODAY: Date = date!(2026 - 11 - 22);

#[track_caller]
fn shipped(text: &str) -> RegionPack {
    RegionPack::parse(text).unwrap_or_else(|mistakes| panic!("{}", mistakes.join("\n")))
}

#[test]
fn beijing_opens_otc_from_its_first_day_only() {
    let pack = shipped(BEIJING);
    assert_eq!(pack.scheme(SchemeKind::OtcAccount, date!(2024 - 06 - 30)), None);
    let scheme = pack.scheme(SchemeKind::OtcAccount, date!(2024 - 07 - 01)).unwrap();
    assert!(pack.scheme(SchemeKind::ChronicRenewal, TODAY).is_none());
    let payers: Vec<LegKind> = scheme.payers(CostKind::DrugInScope).collect();
    assert_eq!(payers, [LegKind::OwnAccount, LegKind::RelativeAccount, LegKind::Channel]);
    for cost in [CostKind::Delivery, CostKind::Packing, CostKind::DrugSelfPaid] {
        assert_eq!(scheme.payers(cost).collect::<Vec<_>>(), [LegKind::Channel], "{cost}");
    }
    assert_eq!(scheme.otc.as_ref().unwrap().double_cross, DoubleCross::OtcPackOnly);
    assert_eq!(pack.region.mutual_aid_convention, MutualAidConvention::Separate);
}

#[test]
fn qinhuangdao_knows_its_five_diseases() {
    let pack = shipped(QINHUANGDAO);
    let scheme = pack.scheme(SchemeKind::ChronicRenewal, TODAY).unwrap();
    for code in ["M03900", "M01600", "M04600", "QHD-L0501", "QHD-L0502"] {
        assert!(scheme.disease(code).is_some(), "{code}");
        let query = BenefitQuery { disease: Some(code), ..query("310", "1101", InstitutionKind::Pharmacy) };
        assert!(pack.benefit(&query).is_some_and(|row| row.terms.illustrative), "{code}");
    }
    assert!(scheme.disease("M05300").is_none());
    assert!(scheme.may_pay(LegKind::Fund, CostKind::DrugInScope));
    assert!(!scheme.may_pay(LegKind::Fund, CostKind::Delivery));
    assert_eq!(scheme.chronic.as_ref().unwrap().parity, Parity::Exact);
    assert!(pack.benefit(&query("310", "1101", InstitutionKind::Pharmacy)).is_none(), "no disease, no fund");
    assert!(pack.illustrative().iter().any(|path| path == "consultation_fee[1]"));
}

fn query(insutype: &'static str, psn_type: &'static str, kind: InstitutionKind) -> BenefitQuery<'static> {
    let level = (kind == InstitutionKind::Hospital).then_some(HospitalLevel::Three);
    BenefitQuery { insutype, psn_type, age: 45, disease: None, institution_kind: kind, level, date: TODAY }
}

#[test]
fn beijing_ratios_by_person_place_age_and_amount() {
    let pack = shipped(BEIJING);
    let ratio = |insutype, psn_type, age, kind, so_far| {
        let query = BenefitQuery { age, ..query(insutype, psn_type, kind) };
        let row = pack.benefit(&query).unwrap();
        row.tier_at(Fen(so_far)).unwrap().fund_ratio.to_string()
    };
    use InstitutionKind::{Community, Hospital};
    assert_eq!(ratio("310", "1101", 45, Hospital, 1_999_999), "0.7");
    assert_eq!(ratio("310", "1101", 45, Hospital, 2_000_000), "0.6");
    assert_eq!(ratio("310", "11", 45, Community, 0), "0.9");
    assert_eq!(ratio("310", "1260", 69, Hospital, 0), "0.85");
    assert_eq!(ratio("310", "1260", 70, Hospital, 0), "0.9");
    assert_eq!(ratio("310", "1260", 70, Hospital, 2_000_001), "0.8");
    assert_eq!(ratio("390", "1501", 45, Hospital, 0), "0.5");
    let before = BenefitQuery { date: date!(2023 - 12 - 31), ..query("310", "1101", Hospital) };
    assert!(pack.benefit(&before).is_none());
}

#[test]
fn fees_places_relations_and_bans() {
    let pack = shipped(BEIJING);
    let fee = pack.consultation_fee(HospitalLevel::Three, TODAY).unwrap();
    assert_eq!((fee.fee_fen, fee.patient_fen), (Fen(5000), Fen(1000)));
    assert_eq!(pack.emergency_fee(HospitalLevel::Three, TODAY).unwrap().fee_fen, Fen(7000));
    assert!(pack.emergency_fee(HospitalLevel::One, TODAY).is_none());
    assert!(pack.is_insured_place("110105") && !pack.is_insured_place("110104"));
    assert!(pack.relation_allowed(Relation::Grandparent, TODAY));
    assert!(!pack.relation_allowed(Relation::ParentInLaw, TODAY));
    assert!(!pack.relation_allowed(Relation::Spouse, date!(2024 - 06 - 30)));
    assert_eq!(pack.online_ban(None, "华法林钠片", TODAY), Some(OnlineBan::NegativeList));
    assert_eq!(
        pack.online_ban(Some(OnlineBan::Psychotropic), "艾司唑仑片", TODAY),
        Some(OnlineBan::Psychotropic)
    );
    assert_eq!(pack.online_ban(None, "阿托伐他汀钙片", TODAY), None);
    assert_eq!(pack.prescription_limits(TODAY).unwrap().long_supply_days_stable, 84);
    assert_eq!(pack.deadlines(TODAY).unwrap().quote_validity_seconds, 600);
}

#[test]
fn delivery_counts_every_kilometre_begun() {
    let pack = shipped(BEIJING);
    let rules = pack.delivery(TODAY).unwrap();
    let price = |distance, cold| rules.price(distance, cold).map(|p| (p.delivery.0, p.packing.0));
    assert_eq!(price(3000, false), Some((500, 100)));
    assert_eq!(price(3001, false), Some((600, 100)));
    assert_eq!(price(4000, true), Some((1400, 300)));
    assert_eq!(price(10_000, false), Some((1200, 100)));
    assert_eq!(price(10_001, false), None);
}

#[test]
fn caps_of_several_diseases_combine() {
    let pack = shipped(QINHUANGDAO);
    let row = |code| {
        let query = BenefitQuery { disease: Some(code), ..query("310", "1101", InstitutionKind::Pharmacy) };
        pack.benefit(&query).unwrap()
    };
    let (pressure, sugar, heart) = (row("M03900"), row("M01600"), row("M04600"));
    assert_eq!(combined_cap(&[pressure]), Some(Fen(300_000)));
    assert_eq!(combined_cap(&[pressure, heart, sugar]), Some(Fen(400_000 + 2 * 60_000)));
    assert_eq!(combined_cap(&[]), None);
}

/// Replaces the first `from` in a shipped pack and returns the mistakes that are then found.
#[track_caller]
fn broken(changes: &[(&str, &str)]) -> Vec<String> {
    let mut text = QINHUANGDAO.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the pack no longer holds {from:?}");
        text = text.replacen(from, to, 1);
    }
    RegionPack::parse(&text).expect_err("a broken pack was accepted")
}

#[test]
fn each_kind_of_mistake_is_named() {
    let cases: &[(&str, &str, &str)] = &[
        ("time_zone = \"+08:00\"", "time_zone = \"+09:00\"", "region.time_zone: must be one of +08:00"),
        ("level = \"3\"", "level = \"4\"", "level: must be one of 1 2 3"),
        ("fund_ratio = \"0.75\"", "fund_ratio = \"1.75\"", "fund_ratio: must be text with a ratio"),
        ("fund_ratio = \"0.75\"", "fund_ratio = 0.75", "fund_ratio: must be text with a ratio"),
        ("fee_fen = 1500", "fee_fen = -1", "fee_fen: must be a whole number"),
        ("same_region = true", "same_region = 1", "same_region: must be true or false"),
        ("valid_from = 2023-01-01", "valid_from = \"2023-01-01\"", "valid_from: must be a date"),
        ("valid_from = 2023-01-01", "valid_from = 2023-01-01T00:00:00", "valid_from: must be a date"),
        ("name_en = \"Qinhuangdao\"", "name_en = \" \"", "region.name_en: must be text, not empty"),
        ("platforms = []", "platforms = \"jd\"", "scheme[1].platforms: must be a list"),
        ("max_kinds = 5", "", "prescription[1].max_kinds: is missing"),
        ("max_kinds = 5", "max_kinds = 5\nmaximum = 6", "prescription[1].maximum: unknown key"),
        ("[region]", "[regio]", "regio: unknown key"),
        ("code = \"130302\"", "code = \"13030\"", "`13030` is not 6 digits"),
        ("code = \"130302\"", "code = \"130303\"", "`130303` appears twice"),
        ("code = \"130300\"", "code = \"130301\"", "the region's own code `130301` is not among them"),
        ("valid_from = 2023-01-01", "valid_from = 2023-01-01\nvalid_to = 2022-01-01", "valid_to lies before"),
        ("kind = \"chronic_renewal\"", "kind = \"otc_account\"", "needs exactly its own rules table"),
        ("\"drug_in_scope\", \"consultation\"]", "\"delivery\"]", "fund can never pay delivery"),
        (
            "pays = [\"drug_in_scope\", \"consultation\"]",
            "pays = [\"drug_self_paid\"]",
            "the fund pays drug_in_scope",
        ),
        (
            "\"consultation\", \"delivery\", \"packing\"]",
            "\"consultation\", \"packing\"]",
            "what is left of delivery",
        ),
        ("kind = \"own_account\"", "kind = \"fund\"", "`fund` appears twice"),
        ("kind = \"own_account\"", "kind = \"channel\"", "`channel` appears twice"),
        ("code = \"M04600\"", "code = \"M99999\"", "no row for disease `M99999`"),
        ("code = \"M04600\"", "code = \"QHD-1\"", "local code `QHD-1` needs illustrative = true"),
        ("psn_types = [\"11\"]", "psn_types = [\"1101\"]", "`1101` is not 2 digits"),
        ("insutype = \"310\"", "insutype = \"31\"", "`31` is not 3 digits"),
        ("above_fen = 0", "above_fen = 1", "the first must begin above 0"),
        ("cap_supplement_fen = 60000", "", "belongs to cap_rule highest_plus_supplement alone"),
        ("patient_fen = 600", "patient_fen = 601", "fee_fen is not fund_fen + patient_fen"),
        ("max_distance_m = 30000", "max_distance_m = 1", "max_distance_m is below base_distance_m"),
        ("payment_seconds = 1800", "payment_seconds = 0", "a deadline of 0 seconds"),
        ("long_supply_days = 28", "long_supply_days = 85", "limits contradict each other"),
        (
            "level = \"2\"\nvisit",
            "level = \"3\"\nvisit",
            "consultation_fee[1] and consultation_fee[2] hold on the same",
        ),
        ("[[delivery]]", "[[delivery]", "syntax"),
    ];
    for (from, to, wanted) in cases {
        let found = broken(&[(from, to)]);
        assert!(
            found.iter().any(|mistake| mistake.contains(wanted)),
            "{to:?} gave {found:?}, not {wanted:?}"
        );
    }
}

#[test]
fn all_mistakes_come_together_with_their_lines() {
    let found = broken(&[
        ("name_en = \"Qinhuangdao\"", "name_en = 3\nname_fr = \"Qinhuangdao\""),
        ("time_zone = \"+08:00\"", "time_zone = \"+00:00\""),
        ("parity = \"exact\"", "parity = \"similar\""),
        ("max_kinds = 5", ""),
    ]);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found[0].starts_with("line 8: region.name_en: must be text"), "{}", found[0]);
    assert!(found[1].starts_with("line 9: region.name_fr: unknown key"), "{}", found[1]);
}

#[test]
fn all_contradictions_come_together() {
    let found = broken(&[
        ("code = \"M04600\"", "code = \"M99999\""),
        ("patient_fen = 600", "patient_fen = 601"),
        ("max_distance_m = 30000", "max_distance_m = 1"),
        ("long_supply_days = 28", "long_supply_days = 85"),
    ]);
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn syntax_mistakes_come_together() {
    let found = RegionPack::parse("[region]\ncode = \nname_zh = 'a'\ntime zone = 1\n").unwrap_err();
    assert!(found.len() >= 2, "{found:?}");
    assert!(found[0].starts_with("line 2: syntax"), "{found:?}");
    assert!(RegionPack::parse("").is_err_and(|found| found.len() == 11), "every table is asked for");
}

#[test]
fn a_row_without_source_must_say_that_it_is_invented() {
    let found = broken(&[("illustrative = true\nlevel", "level")]);
    assert_eq!(found, ["consultation_fee[1]: needs a source, or illustrative = true"]);
}
