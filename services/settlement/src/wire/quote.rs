//! Quotes on the wire.

use std::collections::BTreeSet;

use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Fen, Violations, codes};
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

use super::{id, only_id, views};
use crate::app::quote::CreateQuote;
use crate::domain::benefit::{Approval, ChargeClass, ChargeLine, OutsideFee, OutsideFees, OutsideKind};
use crate::domain::quote::{Quote, QuoteKind};

const MOST_LINES: usize = 200;
/// One million yuan: far above any basket, far below what sums could overflow.
const MOST_FEN: i64 = 100_000_000;

/// `CreateQuoteRequest`.
pub fn create(request: pb::CreateQuoteRequest, _: &CallMeta) -> Result<CreateQuote, Violations> {
    let mut violations = Violations::new();
    let kind = kind(&mut violations, request.kind());
    let order_id = id(&mut violations, "order_id", &request.order_id);
    let person_id = id(&mut violations, "person_id", &request.person_id);
    let code = &request.fixmedins_code;
    violations.check(codes::is_institution_code(code), "fixmedins_code", "must be H or P and 11 digits");
    let insutype = violations.optional_text("insutype", &request.insutype, 6);
    let dise_codg = violations.optional_text("dise_codg", &request.dise_codg, 30);
    let chronic = kind == Some(QuoteKind::ChronicRenewal);
    violations.check(
        chronic != dise_codg.is_empty(),
        "dise_codg",
        "belongs to chronic renewal, and only there",
    );
    let lines = lines(&mut violations, &request.lines, kind);
    let outside = fees(&mut violations, &request.outside);
    let amounts = lines.iter().map(|line| line.price.times(line.quantity)).chain([outside.total()]);
    // not yet known to be bounded: a sum of fen could wrap
    let total: i128 = amounts.map(|amount| i128::from(amount.0)).sum();
    violations.check(total > 0, "lines", "nothing is to be paid");
    violations.check(total <= i128::from(MOST_FEN), "lines", "must sum to at most 1000000 yuan");
    holders(&mut violations, &request);
    let date = &request.fee_ocur_date;
    let fee_ocur_date = parse_date(date);
    violations.check(
        date.is_empty() || fee_ocur_date.is_some(),
        "fee_ocur_date",
        "must be a day as yyyy-MM-dd",
    );
    let command = kind.map(|kind| CreateQuote {
        kind,
        order_id,
        person_id,
        fixmedins_code: request.fixmedins_code,
        region: request.region,
        insutype,
        dise_codg,
        lines,
        outside,
        acct_used: request.acct_used,
        holders: request.holder_person_ids,
        fee_ocur_date,
    });
    violations.finish(command)
}

fn kind(violations: &mut Violations, kind: pb::QuoteKind) -> Option<QuoteKind> {
    match kind {
        pb::QuoteKind::OtcAccount => Some(QuoteKind::OtcAccount),
        pb::QuoteKind::ChronicRenewal => Some(QuoteKind::ChronicRenewal),
        pb::QuoteKind::Consultation => Some(QuoteKind::Consultation),
        pb::QuoteKind::Unspecified => {
            violations.add("kind", "must be given");
            None
        }
    }
}

fn holders(violations: &mut Violations, request: &pb::CreateQuoteRequest) {
    let holders = &request.holder_person_ids;
    let distinct: BTreeSet<&String> = holders.iter().chain([&request.person_id]).collect();
    violations.check(
        distinct.len() == holders.len() + 1,
        "holder_person_ids",
        "must be distinct and not the patient",
    );
    violations.check(holders.len() <= 10, "holder_person_ids", "must be at most 10");
    violations.check(
        holders.is_empty() || request.acct_used,
        "acct_used",
        "must be true when relatives pay: the own account comes first",
    );
}

fn lines(violations: &mut Violations, lines: &[pb::ChargeLine], kind: Option<QuoteKind>) -> Vec<ChargeLine> {
    violations.check(lines.len() <= MOST_LINES, "lines", "must be at most 200");
    if kind == Some(QuoteKind::Consultation) {
        violations.check(lines.len() == 1, "lines", "a consultation is one line");
    }
    let numbers: BTreeSet<i32> = lines.iter().map(|line| line.line_no).collect();
    violations.check(numbers.len() == lines.len(), "lines", "line_no must be unique");
    lines.iter().enumerate().take(MOST_LINES).filter_map(|(n, row)| line(violations, n, row)).collect()
}

fn line(violations: &mut Violations, n: usize, line: &pb::ChargeLine) -> Option<ChargeLine> {
    let path = |field: &str| format!("lines[{n}].{field}");
    let class = match line.chrgitm_lv.as_str() {
        "1" => Some(ChargeClass::A),
        "2" => Some(ChargeClass::B),
        "3" => Some(ChargeClass::SelfPaid),
        _ => None,
    };
    let approval = match line.hosp_appr_flag.as_str() {
        "" | "0" => Some(Approval::NotNeeded),
        "1" => Some(Approval::Approved),
        "2" => Some(Approval::Refused),
        _ => None,
    };
    violations.check(class.is_some(), &path("chrgitm_lv"), "must be 1, 2 or 3");
    violations.check(approval.is_some(), &path("hosp_appr_flag"), "must be 0, 1 or 2");
    let quantity = violations.take(&path("quantity"), line.quantity.parse::<liufang_kernel::Quantity>());
    let price = violations.take(&path("price"), line.price.parse::<liufang_kernel::UnitPrice>());
    let ratio = optional(violations, &path("first_selfpay_ratio"), &line.first_selfpay_ratio);
    let standard = optional(violations, &path("pay_standard"), &line.pay_standard);
    let (quantity, price) = (quantity?, price?);
    violations.check(quantity.is_positive(), &path("quantity"), "must be above zero");
    violations.check(price.0 >= 0, &path("price"), "must not be negative");
    let standard: Option<liufang_kernel::UnitPrice> = standard;
    violations.check(
        standard.is_none_or(|price| price.0 >= 0),
        &path("pay_standard"),
        "must not be negative",
    );
    Some(ChargeLine {
        line_no: line.line_no,
        med_list_codg: line.med_list_codg.clone(),
        quantity,
        price,
        class: class?,
        first_selfpay: ratio,
        pay_standard: standard,
        restricted: line.restricted,
        approval: approval?,
        hi_mark: line.hi_mark,
    })
}

/// A number that may be left out.
fn optional<T>(violations: &mut Violations, field: &str, text: &str) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    if text.is_empty() { None } else { violations.take(field, text.parse()) }
}

/// Fees outside the insurance.
pub(super) fn fees(violations: &mut Violations, fees: &[pb::OutsideFee]) -> OutsideFees {
    violations.check(fees.len() <= MOST_LINES, "outside", "must be at most 200");
    let mut read = Vec::new();
    for (n, fee) in fees.iter().enumerate() {
        let kind = OutsideKind::parse(&fee.kind);
        violations.check(kind.is_some(), &format!("outside[{n}].kind"), "must be delivery, packing or goods");
        let amount = fee.amount_fen;
        let sane = (0..=MOST_FEN).contains(&amount);
        violations.check(sane, &format!("outside[{n}].amount_fen"), "must be between 0 and 1000000 yuan");
        let name = violations.optional_text(&format!("outside[{n}].name"), &fee.name, 200);
        read.extend(kind.filter(|_| sane).map(|kind| OutsideFee { kind, amount: Fen(amount), name }));
    }
    OutsideFees::new(read)
}

pub fn create_reply(quote: Quote) -> pb::CreateQuoteResponse {
    pb::CreateQuoteResponse { quote: Some(views::quote(quote)) }
}

/// `GetQuoteRequest`.
pub fn get(request: pb::GetQuoteRequest, _: &CallMeta) -> Result<String, Violations> {
    only_id("quote_id", &request.quote_id)
}

pub fn get_reply(quote: Quote) -> pb::GetQuoteResponse {
    pb::GetQuoteResponse { quote: Some(views::quote(quote)) }
}
