//! Sales against trace codes and agreements (`domain.md` §4.2).

use std::collections::BTreeSet;

use liufang_kernel::Quantity;

use crate::domain::case::{Finding, Kind, Severity};

/// One sold row (3505).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    pub order_id: String,
    pub fixmedins_code: String,
    pub med_list_codg: String,
    /// Positive.
    pub quantity: Quantity,
    pub trace_codes: Vec<String>,
}

/// `SV01`: the stock ledger refused a code that was sold before.
pub fn refused_resale(code: &str, by: &str, sold_by: &str, order_id: &str) -> Finding {
    let evidence = format!(
        "追溯码重复销售：{by} 订单 {order_id}；首次销售 {sold_by} / code presented again by {by} in order {order_id}, first sold by {sold_by}"
    );
    resold("SV01", code, by, evidence)
}

/// `SV02`: two sales tell the same code, though each ledger took its own; `None` when it is the same sale.
pub fn known_code_resold(code: &str, sale: &Sale, first_order: &str, first_by: &str) -> Option<Finding> {
    if first_order == sale.order_id {
        return None;
    }
    let (by, order_id) = (&sale.fixmedins_code, &sale.order_id);
    let evidence = format!(
        "两次销售使用同一追溯码：{first_by} 订单 {first_order}；{by} 订单 {order_id} / one code in two sales: {first_by} order {first_order}, {by} order {order_id}"
    );
    Some(resold("SV02", code, by, evidence))
}

fn resold(rule: &'static str, code: &str, by: &str, evidence: String) -> Finding {
    Finding {
        rule,
        kind: Kind::TraceCodeResold,
        severity: Severity::Clear,
        fixmedins_code: by.to_owned(),
        subject: code.to_owned(),
        key: code.to_owned(),
        evidence,
    }
}

/// `SV03`: fewer distinct codes than whole packs. A sale without any code may come from the no-code list 无码库 and is
/// no finding.
pub fn codes_missing(sale: &Sale) -> Option<Finding> {
    let packs = sale.quantity.as_whole()?;
    let codes: BTreeSet<&String> = sale.trace_codes.iter().collect();
    let shown = i64::try_from(codes.len()).unwrap_or(i64::MAX);
    if shown == 0 || shown >= packs {
        return None;
    }
    Some(Finding {
        rule: "SV03",
        kind: Kind::SaleWithoutStock,
        severity: Severity::HighlySuspect,
        fixmedins_code: sale.fixmedins_code.clone(),
        subject: sale.med_list_codg.clone(),
        key: sale.med_list_codg.clone(),
        evidence: format!(
            "订单 {order} 销售 {packs} 盒，仅有 {shown} 个不同追溯码 / order {order} sold {packs} packs with {shown} distinct codes",
            order = sale.order_id
        ),
    })
}

/// `SV04`: a sale by an institution without an active agreement on that day; all of them are one case.
pub fn agreement_breach(fixmedins_code: &str, order_id: &str, day: &str) -> Finding {
    Finding {
        rule: "SV04",
        kind: Kind::AgreementBreach,
        severity: Severity::Clear,
        fixmedins_code: fixmedins_code.to_owned(),
        subject: order_id.to_owned(),
        key: "agreement".to_owned(),
        evidence: format!(
            "{day} 无有效定点协议而销售，订单 {order_id} / sold on {day} without an active agreement, order {order_id}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(packs: i64, codes: &[&str]) -> Sale {
        Sale {
            order_id: "o2".into(),
            fixmedins_code: "P13030200001".into(),
            med_list_codg: "XC07ABM000A001010100001".into(),
            quantity: Quantity::whole(packs),
            trace_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        }
    }

    #[test]
    fn codes_are_counted_once() {
        for (packs, codes, found) in [
            (2, &["a", "b"][..], false),
            (2, &["a", "a"], true),
            (2, &["a"], true),
            (2, &[], false),
            (1, &["a", "b"], false),
        ] {
            assert_eq!(codes_missing(&sale(packs, codes)).is_some(), found, "{packs} {codes:?}");
        }
        let split = Sale { quantity: Quantity(15_000), ..sale(1, &["a"]) };
        assert_eq!(codes_missing(&split), None, "split packs may share a code");
    }

    #[test]
    fn the_same_sale_told_twice_is_no_finding() {
        assert_eq!(known_code_resold("a", &sale(1, &["a"]), "o2", "P13030200001"), None);
        let finding = known_code_resold("a", &sale(1, &["a"]), "o1", "P13030200009").unwrap();
        assert_eq!((finding.subject.as_str(), finding.severity), ("a", Severity::Clear));
    }

    #[test]
    fn breaches_of_one_institution_are_one_case() {
        let first = agreement_breach("P13030200001", "o1", "2026-11-22");
        let second = agreement_breach("P13030200001", "o2", "2026-11-23");
        assert_eq!(first.open_key(), second.open_key());
    }
}
