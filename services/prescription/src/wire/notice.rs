//! Notices: what a hospital's system is sent, and what it lists.

use liufang_kernel::Violations;
use liufang_platform::CallMeta;
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::prescription::v1 as pb;

use super::ID;
use super::prescribing::{page, page_token};
use crate::app::commands::{Page, Redeliver};
use crate::app::replies::{HandOutPage, NoticePage, Redelivered};
use crate::domain::notice::{Kind, Paid, Reviewed, Settled, Sold, Standing};
use crate::domain::state::{State, Use};
use crate::store::hand_out;
use crate::store::notice::{Notice, Row};

/// Notices of one call.
const MOST: usize = 100;

/// `rxStasCodg` and its name; what is not issued has neither.
fn state(state: State) -> (&'static str, &'static str) {
    match state {
        State::Active => ("1", "有效"),
        State::Expired => ("2", "已失效"),
        State::Revoked => ("3", "已撤销"),
        State::Draft | State::Reviewed | State::Refused => ("", ""),
    }
}

/// `rxUsedStasCodg`.
fn used(used: Use) -> &'static str {
    match used {
        Use::Unused => "1",
        Use::Used => "2",
        Use::PartlyUsed => "3",
    }
}

/// 7108.
pub fn review(notice: &Notice, review: &Reviewed) -> hooks::NotifyReviewRequest {
    let verdict = if review.passed { ("1", "通过") } else { ("2", "不通过") };
    let (rx_stas_codg, rx_stas_name) = state(review.state);
    hooks::NotifyReviewRequest {
        notice_id: notice.notice_id.clone(),
        sequence: notice.sequence,
        fixmedins_code: notice.hospital.clone(),
        hosp_rxno: review.hosp_rxno.clone(),
        hi_rxno: notice.hi_rxno.clone(),
        rx_chk_fixmedins_code: review.pharmacy.clone(),
        phar_code: review.pharmacist.code.clone(),
        phar_name: review.pharmacist.name.clone(),
        rchk_phar_code: review.second.code.clone(),
        rchk_phar_name: review.second.name.clone(),
        rx_chk_stas_codg: verdict.0.to_owned(),
        rx_chk_stas_name: verdict.1.to_owned(),
        rx_chk_opnn: review.opinion.clone(),
        rx_chk_time_us: review.at.0,
        rx_stas_codg: rx_stas_codg.to_owned(),
        rx_stas_name: rx_stas_name.to_owned(),
    }
}

/// 7109.
pub fn settlement(notice: &Notice, settled: &Settled) -> hooks::NotifySettlementRequest {
    hooks::NotifySettlementRequest {
        notice_id: notice.notice_id.clone(),
        sequence: notice.sequence,
        fixmedins_code: notice.hospital.clone(),
        hosp_rxno: settled.hosp_rxno.clone(),
        hi_rxno: notice.hi_rxno.clone(),
        setl_fixmedins_code: settled.pharmacy.clone(),
        setl_fixmedins_name: settled.pharmacy_name.clone(),
        sale_id: settled.sale_id.clone(),
        reversed: settled.reversed,
        setl_time_us: settled.at.0,
        rx_stas_codg: state(settled.state).0.to_owned(),
        rx_used_stas_codg: used(settled.used).to_owned(),
        payment: settled.paid.as_ref().map(payment),
        seltdelts: settled.lines.iter().map(sold).collect(),
    }
}

fn payment(paid: &Paid) -> hooks::NoticedPayment {
    hooks::NoticedPayment {
        setl_id: paid.setl_id.clone(),
        fund_pay_sumamt_fen: paid.fund.0,
        acct_pay_fen: paid.account.0,
        acct_mulaid_pay_fen: paid.relatives.0,
        psn_cash_pay_fen: paid.cash.0,
        paid_at_us: paid.at.0,
    }
}

fn sold(line: &Sold) -> hooks::SoldLine {
    let goods = line.goods.clone();
    hooks::SoldLine {
        line_no: line.line_no,
        med_list_codg: line.drug.clone(),
        drug_genname: goods.generic_name,
        drug_prodname: goods.trade_name,
        drug_dosform: goods.dosage_form,
        drug_spec: goods.strength,
        cnt: line.quantity.to_string(),
        aprvno: goods.approval_no,
        bchno: line.batch.clone(),
        manu_lotnum: line.lot.clone(),
        prdr_name: goods.maker,
        take_drug_flag: if line.taken { "1" } else { "0" }.to_owned(),
    }
}

pub fn list_notices(request: pb::ListNoticesRequest, _: &CallMeta) -> Result<Page, Violations> {
    page(request.page)
}

pub fn list_hand_outs(request: pb::ListHandOutsRequest, _: &CallMeta) -> Result<Page, Violations> {
    page(request.page)
}

pub fn redeliver(request: pb::RedeliverNoticesRequest, _: &CallMeta) -> Result<Redeliver, Violations> {
    let mut violations = Violations::new();
    let count = request.notice_ids.len();
    violations.check((1..=MOST).contains(&count), "notice_ids", "must hold 1 to 100 ids");
    let ids = request.notice_ids.iter().take(MOST);
    let notice_ids =
        (0_usize..).zip(ids).map(|(index, id)| violations.text(&format!("notice_ids[{index}]"), id, ID));
    let notice_ids = notice_ids.collect();
    violations.finish(Some(Redeliver { notice_ids }))
}

impl From<Row> for pb::Notice {
    fn from(row: Row) -> pb::Notice {
        let kind = match row.kind {
            Kind::Review => pb::NoticeKind::Review,
            Kind::Settlement => pb::NoticeKind::Settlement,
        };
        let state = match row.standing {
            Standing::Due => pb::NoticeState::Due,
            Standing::Refused => pb::NoticeState::Refused,
            Standing::GivenUp => pb::NoticeState::GivenUp,
            // never listed
            Standing::Taken => pb::NoticeState::Unspecified,
        };
        pb::Notice {
            notice_id: row.notice_id,
            hi_rxno: row.hi_rxno,
            sequence: row.sequence,
            kind: kind.into(),
            state: state.into(),
            attempts: row.attempts,
            created_at_us: row.created_at.0,
            give_up_at_us: row.give_up_at.0,
            words: row.words,
        }
    }
}

impl From<NoticePage> for pb::ListNoticesResponse {
    fn from(page: NoticePage) -> pb::ListNoticesResponse {
        pb::ListNoticesResponse {
            notices: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next.as_ref().map(page_token).unwrap_or_default(),
        }
    }
}

impl From<Redelivered> for pb::RedeliverNoticesResponse {
    fn from(redelivered: Redelivered) -> pb::RedeliverNoticesResponse {
        pb::RedeliverNoticesResponse { notices: redelivered.notices }
    }
}

impl From<hand_out::Model> for pb::HandOut {
    fn from(row: hand_out::Model) -> pb::HandOut {
        let line = pb::DispensedLine {
            line_no: row.line_no,
            quantity: liufang_kernel::Quantity(row.quantity_e4).to_string(),
            med_list_codg: row.drug,
            manu_lotnum: row.lot,
            bchno: row.batch,
        };
        pb::HandOut {
            hi_rxno: row.hi_rxno,
            order_id: row.order_id,
            line: Some(line),
            at_us: row.at_us,
            reversed_at_us: row.reversed_at_us,
        }
    }
}

impl From<HandOutPage> for pb::ListHandOutsResponse {
    fn from(page: HandOutPage) -> pb::ListHandOutsResponse {
        pb::ListHandOutsResponse {
            hand_outs: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next.as_ref().map(page_token).unwrap_or_default(),
        }
    }
}
