//! Requests of the prescribing service and of readers.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use liufang_kernel::{Quantity, UnitPrice, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1::PageRequest;
use liufang_proto::prescription::v1 as pb;

use super::{ID, OPINION, REASON, TOKEN, one, personal};
use crate::app::commands::{Page, PreVerify, ReviewDraft, Revoke, Upload};
use crate::domain::prescription::Line;
use crate::domain::repeat::{MOST_USES, Repeat};
use crate::domain::rules::{Facts, Override, Stated};

/// More lines than rules allow are refused by rule, with its reason; far more are not read.
const LINES: usize = 50;

pub fn pre_verify(request: pb::PreVerifyRequest, _: &CallMeta) -> Result<PreVerify, Violations> {
    let mut violations = Violations::new();
    violations.check((1..=LINES).contains(&request.lines.len()), "lines", "must hold 1 to 50 lines");
    violations.check(request.overrides.len() <= 200, "overrides", "must hold at most 200 reasons");
    let numbers: BTreeSet<i32> = request.lines.iter().map(|line| line.line_no).collect();
    violations.check(numbers.len() == request.lines.len(), "lines", "line_no must be unique");
    let lines = request.lines.iter().enumerate().map(|(index, line)| read_line(&mut violations, index, line));
    let lines: Vec<Option<Line>> = lines.collect();
    let overrides = request.overrides.iter().enumerate().map(|(index, given)| Override {
        rule: violations.text(&format!("overrides[{index}].rule_id"), &given.rule_id, ID),
        line: given.line,
        reason: violations.text(&format!("overrides[{index}].reason"), &given.reason, 500),
    });
    let overrides = overrides.collect();
    let patient = request.patient.unwrap_or_default();
    let stated = Stated {
        facts: Some(facts(&mut violations, &patient)),
        consent: violations.optional_text("long_rx_consent", &request.long_rx_consent, ID),
        emergency: request.emergency,
        accompanied: false,
    };
    let verify = PreVerify {
        visit_id: violations.text("visit_id", &request.visit_id, ID),
        doctor_token: violations.text("doctor_token", &request.doctor_token, TOKEN),
        hosp_rxno: violations.text("hosp_rxno", &request.hosp_rxno, 40),
        validity_days: request.vali_days,
        long_rx: request.long_rx,
        lines: lines.into_iter().flatten().collect(),
        overrides,
        repeat: request.repeat.map(|repeat| read_repeat(&mut violations, &repeat, request.vali_days)),
        stated,
        allergies: words(&mut violations, "patient.algs_his", &patient.algs_his, 100),
        diagnoses: words(&mut violations, "patient.diag_codes", &patient.diag_codes, 20),
    };
    violations.finish(Some(verify))
}

fn read_repeat(violations: &mut Violations, repeat: &pb::Repeat, validity_days: i32) -> Repeat {
    let pb::Repeat { uses, interval_days, window_days, min_interval_days } = *repeat;
    let mut within = |field: &str, good: bool, text: &str| violations.check(good, field, text);
    within("repeat.uses", (2..=MOST_USES).contains(&uses), "must be 2 to 12");
    within("repeat.interval_days", (1..=366).contains(&interval_days), "must be 1 to 366");
    let open = (1..=interval_days.max(1)).contains(&window_days);
    within("repeat.window_days", open, "must be 1 to interval_days: windows never overlap");
    let between = (0..=interval_days.max(0)).contains(&min_interval_days);
    within("repeat.min_interval_days", between, "must be 0 to interval_days");
    within("vali_days", validity_days <= interval_days, "must not pass repeat.interval_days");
    Repeat { uses, interval_days, window_days, min_interval_days }
}

fn facts(violations: &mut Violations, patient: &pb::PatientFacts) -> Facts {
    violations.check((0..=45).contains(&patient.geso_val), "patient.geso_val", "must be 0 to 45 weeks");
    violations.check((0..=300).contains(&patient.egfr), "patient.egfr", "must be 0 to 300");
    let weights = 0..=500_000;
    violations.check(weights.contains(&patient.patn_wt_g), "patient.patn_wt_g", "must be 0 to 500000 grams");
    Facts {
        weeks_pregnant: patient.geso_val,
        lactating: patient.suck_prd_flag,
        egfr: (patient.egfr > 0).then_some(patient.egfr),
        weight_g: (patient.patn_wt_g > 0).then_some(i64::from(patient.patn_wt_g)),
        guardian_present: patient.guardian_present,
        specialist_present: patient.specialist_present,
    }
}

fn words(violations: &mut Violations, field: &str, words: &[String], longest: usize) -> Vec<String> {
    violations.check(words.len() <= 50, field, "must hold at most 50");
    let words = words.iter().take(50).enumerate();
    words.map(|(index, word)| violations.text(&format!("{field}[{index}]"), word, longest)).collect()
}

fn read_line(violations: &mut Violations, index: usize, line: &pb::RxLine) -> Option<Line> {
    let path = |field: &str| format!("lines[{index}].{field}");
    violations.check((1..=99).contains(&line.line_no), &path("line_no"), "must be 1 to 99");
    let approved = matches!(line.hosp_appr_flag.as_str(), "0" | "1" | "2");
    violations.check(approved, &path("hosp_appr_flag"), "must be 0, 1 or 2");
    let dose = amount(violations, &path("sin_doscnt"), &line.sin_doscnt);
    let days = amount(violations, &path("medc_days"), &line.medc_days);
    let whole_hundredths = days.is_none_or(|days| days.0 % 100 == 0);
    violations.check(whole_hundredths, &path("medc_days"), "must have at most two decimals");
    let quantity = amount(violations, &path("drug_cnt"), &line.drug_cnt);
    let price: Option<UnitPrice> = parsed(violations, &path("drug_pric"), &line.drug_pric);
    let positive = price.is_none_or(|price| 0 < price.0 && price.0 <= MOST);
    violations.check(positive, &path("drug_pric"), "must be positive, at most 1000000");
    Some(Line {
        line_no: line.line_no,
        drug: violations.text(&path("med_list_codg"), &line.med_list_codg, 50),
        generic_name: violations.optional_text(&path("drug_genname"), &line.drug_genname, 100),
        dosage_form: violations.optional_text(&path("drug_dosform"), &line.drug_dosform, 30),
        strength: violations.optional_text(&path("drug_spec"), &line.drug_spec, 40),
        maker: violations.optional_text(&path("prdr_name"), &line.prdr_name, 100),
        route: violations.text(&path("medc_way_codg"), &line.medc_way_codg, 10),
        dose: dose?,
        dose_unit: violations.text(&path("sin_dosunt"), &line.sin_dosunt, 20),
        frequency: violations.text(&path("used_frqu_codg"), &line.used_frqu_codg, 10),
        days: days?,
        quantity: quantity?,
        billing_unit: violations.optional_text(&path("drug_dosunt"), &line.drug_dosunt, 20),
        price: price?,
        approval: line.hosp_appr_flag.clone(),
        dispensed: Quantity::ZERO,
    })
}

/// One million of anything; more is a mistake, and exact products stay far inside their integers.
const MOST: i64 = 1_000_000_000_000;

/// A positive `N16,4`, at most a million.
pub(super) fn amount(violations: &mut Violations, field: &str, text: &str) -> Option<Quantity> {
    let quantity: Quantity = parsed(violations, field, text)?;
    let plausible = 0 < quantity.0 && quantity.0 <= MOST / 100;
    violations.check(plausible, field, "must be positive, at most 1000000");
    Some(quantity)
}

fn parsed<T: FromStr<Err: Display>>(violations: &mut Violations, field: &str, text: &str) -> Option<T> {
    violations.take(field, text.parse())
}

pub fn list_rules(_: pb::ListRulesRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn review_draft(request: pb::ReviewDraftRequest, _: &CallMeta) -> Result<ReviewDraft, Violations> {
    let mut violations = Violations::new();
    let review = ReviewDraft {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        pharmacist_token: violations.text("pharmacist_token", &request.pharmacist_token, TOKEN),
        pass: request.pass,
        opinion: personal(&mut violations, "opinion", &request.opinion, OPINION),
    };
    violations.finish(Some(review))
}

pub fn get_signing_document(
    request: pb::GetSigningDocumentRequest,
    _: &CallMeta,
) -> Result<String, Violations> {
    one("hi_rxno", &request.hi_rxno)
}

pub fn upload(request: pb::UploadRequest, _: &CallMeta) -> Result<Upload, Violations> {
    let mut violations = Violations::new();
    let upload = Upload {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        trace_code: violations.text("rx_trace_code", &request.rx_trace_code, 20),
        doctor_signature: violations.text("doctor_signature", &request.doctor_signature, 200),
        pharmacist_signature: violations.text("pharmacist_signature", &request.pharmacist_signature, 200),
    };
    violations.finish(Some(upload))
}

pub fn revoke(request: pb::RevokeRequest, _: &CallMeta) -> Result<Revoke, Violations> {
    let mut violations = Violations::new();
    let revoke = Revoke {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, ID),
        doctor_token: violations.text("doctor_token", &request.doctor_token, TOKEN),
        reason: personal(&mut violations, "reason", &request.reason, REASON),
        when_given_back: request.when_given_back,
        later_uses: request.later_uses,
    };
    violations.finish(Some(revoke))
}

pub fn get_signed_document(
    request: pb::GetSignedDocumentRequest,
    _: &CallMeta,
) -> Result<String, Violations> {
    one("hi_rxno", &request.hi_rxno)
}

pub fn get_prescription(request: pb::GetPrescriptionRequest, _: &CallMeta) -> Result<String, Violations> {
    one("hi_rxno", &request.hi_rxno)
}

pub fn list_my_prescriptions(
    request: pb::ListMyPrescriptionsRequest,
    _: &CallMeta,
) -> Result<Page, Violations> {
    page(request.page)
}

pub(super) fn page(page: Option<PageRequest>) -> Result<Page, Violations> {
    let PageRequest { page_size, page_token } = page.unwrap_or_default();
    let mut violations = Violations::new();
    violations.check((0..=200).contains(&page_size), "page.page_size", "must be 1 to 200, or 0 for 50");
    let after = read_page_token(&page_token);
    violations.check(page_token.is_empty() || after.is_some(), "page.page_token", "is not one of ours");
    let size = if page_size == 0 { 50 } else { u64::from(page_size.unsigned_abs()) };
    violations.finish(Some(Page { size, after }))
}

/// `<when, in microseconds>.<id>` of the last row.
pub(super) fn page_token(last: &(i64, String)) -> String {
    format!("{}.{}", last.0, last.1)
}

fn read_page_token(token: &str) -> Option<(i64, String)> {
    let (at, number) = token.split_once('.')?;
    let ours = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let plain = !number.is_empty() && number.len() <= ID && number.bytes().all(ours);
    Some((at.parse().ok()?, number.to_owned())).filter(|_| plain)
}
