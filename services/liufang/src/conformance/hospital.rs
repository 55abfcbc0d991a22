//! The contract of a hospital's own system (`proto/liufang/hooks/v1/hospital.proto`), tried from outside.
//!
//! The system's test installation has to know one prescription, which the options name. Notices of it are made up.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use liufang_platform::config::Config;
use liufang_platform::outgoing::keyed;
use liufang_platform::{Ids, Mesh};
use liufang_proto::hooks::v1 as pb;
use pb::NoticeOutcome::{Refused, Taken};
use pb::hospital_hook_client::HospitalHookClient;
use tonic::{Code, Status};

use super::{Tally, Target, failed, patiently};

/// An answer that takes longer than this is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the system is, and its test prescription.
#[derive(Args, Clone)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    sheet: Sheet,
}

/// A prescription that the system knows.
#[derive(Args, Clone)]
pub struct Sheet {
    /// Institution code of the hospital.
    #[arg(long, default_value = "H13030200001")]
    fixmedins_code: String,
    /// The hospital's own number.
    #[arg(long, default_value = "TEST-1")]
    hosp_rxno: String,
    /// The number in the centre.
    #[arg(long, default_value = "130300202601010000000001")]
    hi_rxno: String,
}

/// Runs the kit at an address.
///
/// # Errors
/// The address cannot be used, or `out` cannot be written.
pub async fn at(config: &Config, options: &Options, out: &mut impl Write) -> Result<bool> {
    let mesh = options.target.mesh(config, "prescription", "hospital")?;
    run(mesh, &options.sheet, out).await
}

/// Runs the kit over a connection. Answers whether every promise was kept.
///
/// # Errors
/// `out` cannot be written.
pub async fn run(mesh: Mesh, sheet: &Sheet, out: &mut impl Write) -> Result<bool> {
    let kit = Kit { client: HospitalHookClient::new(mesh), sheet, tally: Tally::default() };
    kit.run(out).await
}

/// What the system said; silence, failure and lateness are no answer.
type Heard = Result<(pb::NoticeOutcome, String), Status>;

struct Kit<'a> {
    client: HospitalHookClient<Mesh>,
    sheet: &'a Sheet,
    tally: Tally,
}

impl Kit<'_> {
    async fn run(mut self, out: &mut impl Write) -> Result<bool> {
        let first = self.review(1, "1");
        let heard = self.tell_review(first.clone()).await;
        self.expect(out, "a review that passes is taken", Taken, &heard)?;
        let heard = self.tell_review(first.clone()).await;
        self.expect(out, "the same review under its id is taken again", Taken, &heard)?;
        let heard = self.tell_review(self.review(2, "2")).await;
        self.expect(out, "a review that refuses is taken", Taken, &heard)?;
        let sale = self.settlement(3, false, true);
        let heard = self.tell_settlement(sale.clone()).await;
        self.expect(out, "a settlement of a part, from two lots, is taken", Taken, &heard)?;
        let heard = self.tell_settlement(sale.clone()).await;
        self.expect(out, "the same settlement under its id is taken again", Taken, &heard)?;
        let heard = self.tell_settlement(self.settlement(4, true, true)).await;
        self.expect(out, "goods that came back are taken", Taken, &heard)?;
        let heard = self.tell_settlement(self.settlement(5, false, false)).await;
        self.expect(out, "a sale settled elsewhere, without a payment, is taken", Taken, &heard)?;
        let heard = self.tell_review(first).await;
        self.expect(out, "what was taken is taken again after newer notices", Taken, &heard)?;
        self.strangers(out).await?;
        self.tally.end(out)
    }

    async fn strangers(&mut self, out: &mut impl Write) -> Result<()> {
        let own = self.review(6, "1");
        let without = [
            ("an id", pb::NotifyReviewRequest { notice_id: String::new(), ..own.clone() }),
            ("a prescription", pb::NotifyReviewRequest { hi_rxno: String::new(), ..own.clone() }),
            ("a hospital", pb::NotifyReviewRequest { fixmedins_code: String::new(), ..own.clone() }),
        ];
        for (what, body) in without {
            let heard = self.tell_review(body).await;
            self.expect(out, &format!("a review without {what} is refused"), Refused, &heard)?;
        }
        let strange = pb::NotifyReviewRequest { fixmedins_code: "P13030200001".to_owned(), ..own };
        let heard = self.tell_review(strange).await;
        self.expect(out, "a notice of no hospital is refused", Refused, &heard)?;
        let said = match &heard {
            Ok((_, words)) => words.as_str(),
            Err(status) => status.message(),
        };
        let kept = outcome(&heard) == Some(Refused) && !said.is_empty() && said.chars().count() <= 500;
        self.note(out, "a refusal says why, in at most 500 characters", kept, &heard)
    }

    fn review(&self, sequence: i64, verdict: &str) -> pb::NotifyReviewRequest {
        pb::NotifyReviewRequest {
            notice_id: Ids.next("ntc"),
            sequence,
            fixmedins_code: self.sheet.fixmedins_code.clone(),
            hosp_rxno: self.sheet.hosp_rxno.clone(),
            hi_rxno: self.sheet.hi_rxno.clone(),
            rx_chk_fixmedins_code: "P13030200001".to_owned(),
            phar_code: "YS130302000001".to_owned(),
            phar_name: "测试药师".to_owned(),
            rx_chk_stas_codg: verdict.to_owned(),
            rx_chk_stas_name: if verdict == "1" { "通过" } else { "不通过" }.to_owned(),
            rx_chk_opnn: "测试".to_owned(),
            rx_chk_time_us: NOON,
            rx_stas_codg: "1".to_owned(),
            rx_stas_name: "有效".to_owned(),
            ..Default::default()
        }
    }

    fn settlement(&self, sequence: i64, reversed: bool, paid: bool) -> pb::NotifySettlementRequest {
        let line = |lot: &str| pb::SoldLine {
            line_no: 1,
            med_list_codg: "XC08CAA001A001010100001".to_owned(),
            drug_genname: "测试片".to_owned(),
            drug_dosform: "片剂".to_owned(),
            drug_spec: "5mg".to_owned(),
            cnt: "1".to_owned(),
            manu_lotnum: lot.to_owned(),
            prdr_name: "测试制药".to_owned(),
            take_drug_flag: "0".to_owned(),
            ..Default::default()
        };
        let payment = pb::NoticedPayment {
            setl_id: "S1".to_owned(),
            fund_pay_sumamt_fen: 1_000,
            acct_pay_fen: 200,
            psn_cash_pay_fen: 30,
            paid_at_us: NOON,
            ..Default::default()
        };
        pb::NotifySettlementRequest {
            notice_id: Ids.next("ntc"),
            sequence,
            fixmedins_code: self.sheet.fixmedins_code.clone(),
            hosp_rxno: self.sheet.hosp_rxno.clone(),
            hi_rxno: self.sheet.hi_rxno.clone(),
            setl_fixmedins_code: "P13030200001".to_owned(),
            setl_fixmedins_name: "测试药店".to_owned(),
            sale_id: "ord_test".to_owned(),
            reversed,
            setl_time_us: NOON,
            rx_stas_codg: "1".to_owned(),
            rx_used_stas_codg: if reversed { "1" } else { "3" }.to_owned(),
            payment: paid.then_some(payment),
            seltdelts: vec![line("L1"), line("L2")],
        }
    }

    fn expect(
        &mut self,
        out: &mut impl Write,
        case: &str,
        expected: pb::NoticeOutcome,
        heard: &Heard,
    ) -> Result<()> {
        self.note(out, case, outcome(heard) == Some(expected), heard)
    }

    fn note(&mut self, out: &mut impl Write, case: &str, kept: bool, heard: &Heard) -> Result<()> {
        let seen = match heard {
            Ok((outcome, _)) => outcome.as_str_name().trim_start_matches("NOTICE_OUTCOME_").to_owned(),
            Err(status) => failed(status),
        };
        self.tally.note(out, case, if kept { Ok(()) } else { Err(seen) })
    }

    async fn tell_review(&self, body: pb::NotifyReviewRequest) -> Heard {
        let key = body.notice_id.clone();
        let mut client = self.client.clone();
        let answer = patiently(PATIENCE, client.notify_review(keyed(body, key))).await?;
        Ok((answer.outcome(), answer.words))
    }

    async fn tell_settlement(&self, body: pb::NotifySettlementRequest) -> Heard {
        let key = body.notice_id.clone();
        let mut client = self.client.clone();
        let answer = patiently(PATIENCE, client.notify_settlement(keyed(body, key))).await?;
        Ok((answer.outcome(), answer.words))
    }
}

/// A moment, 2026-01-01 12:00 in China.
const NOON: i64 = 1_767_240_000_000_000;

/// `None`: no answer.
fn outcome(heard: &Heard) -> Option<pb::NoticeOutcome> {
    match heard {
        Ok((outcome, _)) => Some(*outcome),
        Err(status) => {
            let refusals = [
                Code::InvalidArgument,
                Code::NotFound,
                Code::AlreadyExists,
                Code::FailedPrecondition,
                Code::OutOfRange,
            ];
            refusals.contains(&status.code()).then_some(Refused)
        }
    }
}

#[cfg(test)]
mod tests;
