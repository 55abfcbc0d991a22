//! The hospital's part of journey Qinhuangdao: the visit, the consultation, the signed prescription.

use anyhow::{Context as _, Result, ensure};
use liufang_proto::prescription::v1::{
    ListQueueRequest, Override, PreVerifyRequest, Prescription, PrescriptionState, RecordConsultationRequest,
    ReviewDraftRequest, RxLine, Severity, TakeVisitRequest, TakeVisitResponse,
};

use super::stage::{Stage, refused};
use super::story::Story;
use crate::client::{His, Practitioner};

/// 秦皇岛市第一医院.
pub const HOSPITAL: &str = "H13030200001";
pub const DOCTOR: &str = "D130302000001";
const PHARMACIST: &str = "HY130302000001";
/// Coronary disease 冠心病.
pub const DISEASE: &str = "M04600";
/// 络活喜 5mg×7 and 立普妥 20mg×7, one tablet a day each.
pub const DRUGS: [(&str, &str); 2] = [("XC08CAA456A001010100100", "5"), ("XC10AAA595A001010100100", "20")];
const DAYS: &str = "84";
const BOXES: &str = "12";

/// From the paid visit to an active prescription.
pub async fn prescribe(stage: &Stage, story: &mut Story<'_>, visit_id: &str) -> Result<Prescription> {
    let his = stage.his(HOSPITAL)?;
    let (doctor, pharmacist) = (stage.practitioner(DOCTOR)?, stage.practitioner(PHARMACIST)?);
    consult(story, &his, &doctor, visit_id).await?;
    let draft = draft(stage, story, &his, &doctor, visit_id).await?;
    let review = ReviewDraftRequest {
        hi_rxno: draft.hi_rxno.clone(),
        pharmacist_token: his.token_of(&pharmacist).await?,
        pass: true,
        opinion: "用法用量适宜，同意".to_owned(),
    };
    his.review_draft(review).await?;
    story.say(format!("hospital pharmacist {PHARMACIST} reviews: 用法用量适宜，同意"));
    let active = his.sign_and_upload(&draft, &doctor, &pharmacist).await?;
    ensure!(active.state() == PrescriptionState::Active, "uploaded, but {}", active.state().as_str_name());
    story.say(
        "doctor and pharmacist sign the canonical document with SM2/SM3; the upload checks both signatures",
    );
    story.say(format!(
        "active 有效: hi_rxno {}, trace code 一方一码 {}",
        active.hi_rxno, active.rx_trace_code
    ));
    Ok(active)
}

async fn consult(story: &mut Story<'_>, his: &His, doctor: &Practitioner, visit_id: &str) -> Result<()> {
    let taken = take(story, his, doctor, visit_id).await?;
    ensure!(taken.first_prescription.is_none(), "the first prescription was written on paper");
    story.say(
        "that prescription is older than the platform: the doctor reads it in the hospital's own records",
    );
    let body = RecordConsultationRequest {
        visit_id: visit_id.to_owned(),
        doctor_token: his.token_of(doctor).await?,
        record: "复诊，病情平稳，血压 128/78，无不适，继续原方案。".to_owned(),
        diag_code: "I25.1".to_owned(),
        follow_up: true,
    };
    his.record_consultation(body).await?;
    story.say("consultation recorded, follow-up 复诊 confirmed");
    Ok(())
}

/// The doctor takes a paid visit from the queue and reads what the patient wrote.
async fn take(
    story: &mut Story<'_>,
    his: &His,
    doctor: &Practitioner,
    visit_id: &str,
) -> Result<TakeVisitResponse> {
    let queue = his.list_queue(ListQueueRequest { doctor_code: doctor.code().to_owned() }).await?.visits;
    ensure!(
        queue.iter().any(|visit| visit.visit_id == visit_id),
        "the paid visit is not in the doctor's queue"
    );
    let body = TakeVisitRequest { visit_id: visit_id.to_owned(), doctor_token: his.token_of(doctor).await? };
    let taken = his.take_visit(body).await?;
    let visit = taken.visit.as_ref().context("a taken visit")?;
    story.say(format!(
        "doctor {} takes the visit of {}, {} years old",
        doctor.code(),
        taken.psn_name,
        taken.age
    ));
    story.say(format!("first prescription {}; condition: {}", visit.first_rx_ref, visit.condition));
    Ok(taken)
}

/// The next visit renews `first`: with the visit the doctor is shown that prescription, line by line.
pub async fn read_first(
    stage: &Stage,
    story: &mut Story<'_>,
    visit_id: &str,
    first: &Prescription,
) -> Result<()> {
    let his = stage.his(HOSPITAL)?;
    let doctor = stage.practitioner(DOCTOR)?;
    let shown = take(story, &his, &doctor, visit_id).await?.first_prescription;
    let shown = shown.context("the first prescription was written here, but is not shown")?;
    ensure!(shown.hi_rxno == first.hi_rxno, "shown is {}, not {}", shown.hi_rxno, first.hi_rxno);
    let facts = |rx: &Prescription| -> Vec<_> {
        let fact = |line: &RxLine| (line.line_no, line.med_list_codg.clone(), line.drug_cnt.clone());
        rx.lines.iter().map(fact).collect()
    };
    ensure!(facts(&shown) == facts(first), "the lines shown are not those of the first prescription");
    let rows = shown.lines.iter().map(|line| {
        vec![
            format!("line {}", line.line_no),
            line.drug_genname.clone(),
            line.drug_spec.clone(),
            format!("{} {}, {} days", line.drug_cnt, line.drug_dosunt, line.medc_days),
        ]
    });
    story.table(&rows.collect::<Vec<_>>());
    Ok(())
}

/// The rules ask for a reason above 28 days of supply; with the reason the draft comes to be.
async fn draft(
    stage: &Stage,
    story: &mut Story<'_>,
    his: &His,
    doctor: &Practitioner,
    visit_id: &str,
) -> Result<Prescription> {
    let mut body = PreVerifyRequest {
        visit_id: visit_id.to_owned(),
        doctor_token: his.token_of(doctor).await?,
        hosp_rxno: format!("RX{}", visit_id.chars().rev().take(12).collect::<String>()),
        vali_days: 3,
        long_rx: true,
        lines: lines(stage)?,
        long_rx_consent: format!("CONSENT-{visit_id}"),
        ..PreVerifyRequest::default()
    };
    let refusal = refused(his.pre_verify(body.clone()).await, "OVERRIDE_NEEDED")?;
    story.refusal("84 days without a written reason", &refusal);
    body.overrides = (1..).zip(DRUGS).map(|(line, _)| reason(line)).collect();
    let draft = his.pre_verify(body).await?.prescription.context("a draft")?;
    for finding in &draft.findings {
        let severity = match finding.severity() {
            Severity::Block => "BLOCK",
            Severity::Warn => "WARN",
            _ => "NOTE",
        };
        let reason = if finding.override_reason.is_empty() { "" } else { " — overridden by the doctor" };
        story.say(format!(
            "{severity} {} line {}: {}{reason}",
            finding.rule_id, finding.line, finding.evidence
        ));
    }
    Ok(draft)
}

fn reason(line: i32) -> Override {
    Override {
        rule_id: "RX_DAYS_OF_SUPPLY".to_owned(),
        line,
        reason: "病情稳定，长期处方，患者知情同意".to_owned(),
    }
}

fn lines(stage: &Stage) -> Result<Vec<RxLine>> {
    let line = |(line_no, (code, dose)): (i32, (&str, &str))| {
        let drug = stage.seed.drug(code)?;
        let priced = stage.seed.prices.iter().find(|row| row.hospital == HOSPITAL && row.drug == code);
        Ok(RxLine {
            line_no,
            med_list_codg: code.to_owned(),
            drug_genname: drug.generic_name.clone(),
            drug_dosform: drug.dosage_form.clone(),
            drug_spec: drug.strength.clone(),
            prdr_name: drug.maker.clone(),
            medc_way_codg: "1".to_owned(),
            sin_doscnt: dose.to_owned(),
            sin_dosunt: "mg".to_owned(),
            used_frqu_codg: "11".to_owned(),
            medc_days: DAYS.to_owned(),
            drug_cnt: BOXES.to_owned(),
            drug_dosunt: drug.billing_unit.clone(),
            drug_pric: priced.context("the hospital's price")?.price.clone(),
            hosp_appr_flag: "0".to_owned(),
            ..Default::default()
        })
    };
    (1..).zip(DRUGS).map(line).collect()
}
