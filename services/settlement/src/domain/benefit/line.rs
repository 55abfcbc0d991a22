//! One line of the basket: which part of its amount stands where (`domain.md` §3.2 `detlcutinfo`, §9.4).

use liufang_kernel::{Fen, Quantity, Ratio, UnitPrice};
use serde::{Deserialize, Serialize};

use super::explanation::{Detail, Explanation};
use super::pack_row::PackRow;

/// `chrgitm_lv`: the class of the catalogue entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeClass {
    /// 甲: the whole price enters the scope.
    A,
    /// 乙: a first self-pay comes before the scope.
    B,
    /// 丙 or outside the catalogue: all self-paid.
    SelfPaid,
}

/// `hospApprFlag` of D001 (`domain.md` §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// 0
    NotNeeded,
    /// 1
    Approved,
    /// 2
    Refused,
}

/// One drug, or the consultation fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeLine {
    pub line_no: i32,
    /// National code; empty for the consultation fee.
    pub med_list_codg: String,
    pub quantity: Quantity,
    pub price: UnitPrice,
    pub class: ChargeClass,
    /// `selfpay_prop`; `None`: the region's ratio for class 乙.
    pub first_selfpay: Option<Ratio>,
    /// `pric_uplmt_amt`, the pay standard per billing unit 支付标准.
    pub pay_standard: Option<UnitPrice>,
    /// 限制使用
    pub restricted: bool,
    pub approval: Approval,
    /// Bears the blue 医保 mark.
    pub hi_mark: bool,
}

/// The four parts of a line's amount and how they came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledLine {
    pub line_no: i32,
    /// `det_item_fee_sumamt`
    pub amount: Fen,
    /// `fulamt_ownpay_amt`
    pub full_selfpay: Fen,
    /// `overlmt_amt`
    pub over_limit: Fen,
    /// `preselfpay_amt`
    pub first_selfpay: Fen,
    /// `inscp_scp_amt`
    pub in_scope: Fen,
    pub explanations: Vec<Explanation>,
}

/// What the region says about lines.
#[derive(Clone, Copy, Debug)]
pub struct LineRules {
    /// First self-pay of class 乙 drugs without a ratio of their own.
    pub class_b_first_selfpay: Ratio,
    /// Goods without the mark are self-paid (`domain.md` §9.1).
    pub needs_mark: bool,
    /// The row that the region's ratio stands in.
    pub row: Option<PackRow>,
}

/// Why a line is fully self-paid, if it is. The approval table is `domain.md` §1.3, D001 `hospApprFlag`.
fn self_paid_rule(line: &ChargeLine, rules: LineRules) -> Option<&'static str> {
    if line.class == ChargeClass::SelfPaid {
        return Some("CLASS_SELF_PAID");
    }
    match (line.restricted, line.approval) {
        (true, Approval::NotNeeded | Approval::Refused) => return Some("RESTRICTED_NOT_APPROVED"),
        (false, Approval::Refused) => return Some("APPROVAL_REFUSED"),
        _ => {}
    }
    (rules.needs_mark && !line.hi_mark).then_some("NO_INSURANCE_MARK")
}

/// A line has at most these: price × quantity, over-limit, first self-pay, scope.
const MOST_EXPLANATIONS: usize = 4;

/// Splits one line: over-limit first, then the class 乙 share, the rest is in scope (`domain.md` §9.4). The class 乙
/// share is rounded half up per line (§3.4); what rounding leaves goes to the scope.
pub fn settle_line(line: &ChargeLine, rules: LineRules) -> SettledLine {
    let amount = line.price.times(line.quantity);
    let mut settled = SettledLine {
        line_no: line.line_no,
        amount,
        full_selfpay: Fen::ZERO,
        over_limit: Fen::ZERO,
        first_selfpay: Fen::ZERO,
        in_scope: Fen::ZERO,
        explanations: Vec::with_capacity(MOST_EXPLANATIONS),
    };
    let detail = Detail::Product(line.price, line.quantity);
    settled.explanations.push(Explanation::new(
        "det_item_fee_sumamt",
        amount,
        "PRICE_TIMES_QUANTITY",
        detail,
    ));
    if let Some(rule) = self_paid_rule(line, rules) {
        settled.full_selfpay = amount;
        settled.explanations.push(Explanation::new(
            "fulamt_ownpay_amt",
            amount,
            rule,
            Detail::Amount(amount),
        ));
        return settled;
    }
    let covered = limit(line, &mut settled);
    class_b(line, rules, covered, &mut settled);
    settled.in_scope = covered - settled.first_selfpay;
    let detail = Detail::Less(covered, settled.first_selfpay);
    settled.explanations.push(Explanation::new("inscp_scp_amt", settled.in_scope, "IN_SCOPE", detail));
    settled
}

/// Takes the part above the pay standard off and returns what is left.
fn limit(line: &ChargeLine, settled: &mut SettledLine) -> Fen {
    let Some(standard) = line.pay_standard.filter(|standard| *standard < line.price) else {
        return settled.amount;
    };
    let covered = standard.times(line.quantity);
    settled.over_limit = settled.amount - covered;
    let detail = Detail::LessProduct(settled.amount, standard, line.quantity);
    settled.explanations.push(Explanation::new("overlmt_amt", settled.over_limit, "PAY_STANDARD", detail));
    covered
}

fn class_b(line: &ChargeLine, rules: LineRules, covered: Fen, settled: &mut SettledLine) {
    if line.class != ChargeClass::B {
        return;
    }
    let ratio = line.first_selfpay.unwrap_or(rules.class_b_first_selfpay);
    settled.first_selfpay = ratio.of(covered);
    let detail = Detail::Share(covered, ratio);
    let row = rules.row.filter(|_| line.first_selfpay.is_none());
    let explanation =
        Explanation::new("preselfpay_amt", settled.first_selfpay, "CLASS_B_FIRST_SELFPAY", detail).by(row);
    settled.explanations.push(explanation);
}

/// The consultation fee 诊察费: wholly in scope when the fund has a share in it, otherwise wholly self-paid.
pub fn settle_fee(line: &ChargeLine, insured: bool) -> SettledLine {
    let amount = line.price.times(line.quantity);
    let (field, rule) = if insured {
        ("inscp_scp_amt", "CONSULTATION_IN_SCOPE")
    } else {
        ("fulamt_ownpay_amt", "CONSULTATION_NOT_INSURED")
    };
    SettledLine {
        line_no: line.line_no,
        amount,
        full_selfpay: if insured { Fen::ZERO } else { amount },
        over_limit: Fen::ZERO,
        first_selfpay: Fen::ZERO,
        in_scope: if insured { amount } else { Fen::ZERO },
        explanations: vec![
            Explanation::new(
                "det_item_fee_sumamt",
                amount,
                "PRICE_TIMES_QUANTITY",
                Detail::Product(line.price, line.quantity),
            ),
            Explanation::new(field, amount, rule, Detail::Amount(amount)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_at_its_pay_standard_is_not_above_it() {
        let line = ChargeLine {
            line_no: 1,
            med_list_codg: String::new(),
            quantity: "2".parse().unwrap(),
            price: "40".parse().unwrap(),
            class: ChargeClass::A,
            first_selfpay: None,
            pay_standard: "40".parse().ok(),
            restricted: false,
            approval: Approval::NotNeeded,
            hi_mark: true,
        };
        let rules = LineRules { class_b_first_selfpay: Ratio::default(), needs_mark: false, row: None };
        let above = |line: &ChargeLine| {
            let settled = settle_line(line, rules);
            let told = settled.explanations.iter().any(|explanation| explanation.field == "overlmt_amt");
            (settled.over_limit, settled.in_scope, told)
        };
        assert_eq!(above(&line), (Fen::ZERO, Fen(8_000), false));
        let dearer = ChargeLine { price: "40.01".parse().unwrap(), ..line };
        assert_eq!(above(&dearer), (Fen(2), Fen(8_000), true));
    }
}
