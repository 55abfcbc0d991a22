//! Prices that jump or leave the region's usual range.

use liufang_kernel::UnitPrice;

use crate::domain::case::{Finding, Kind, Severity};

/// A new price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub fixmedins_code: String,
    pub med_list_codg: String,
    pub price: UnitPrice,
}

/// Others needed before a range means anything.
const ENOUGH_OTHERS: usize = 3;

/// `SV05`: more than half above the institution's own old price.
pub fn price_jump(new: &Price, old: UnitPrice) -> Option<Finding> {
    let severity = above(new.price, old)?;
    let evidence = format!(
        "价格由 {old} 元涨至 {price} 元 / price raised from {old} to {price} yuan",
        price = new.price
    );
    Some(finding("SV05", new, severity, evidence))
}

/// `SV06`: more than half above the middle price of the others in the region.
pub fn price_range(new: &Price, mut others: Vec<UnitPrice>) -> Option<Finding> {
    if others.len() < ENOUGH_OTHERS {
        return None;
    }
    others.sort_unstable_by_key(|price| price.0);
    let middle = others[(others.len() - 1) / 2];
    let severity = above(new.price, middle)?;
    let evidence = format!(
        "价格 {price} 元，地区其他 {count} 家中位价 {middle} 元 / price {price} yuan, middle price of {count} others {middle} yuan",
        price = new.price,
        count = others.len()
    );
    Some(finding("SV06", new, severity, evidence))
}

/// Above 3 times: highly suspect; above 1.5 times: slightly.
fn above(price: UnitPrice, base: UnitPrice) -> Option<Severity> {
    let (price, base) = (i128::from(price.0), i128::from(base.0));
    if base <= 0 || price * 2 <= base * 3 {
        None
    } else if price > base * 3 {
        Some(Severity::HighlySuspect)
    } else {
        Some(Severity::SlightlySuspect)
    }
}

fn finding(rule: &'static str, new: &Price, severity: Severity, evidence: String) -> Finding {
    Finding {
        rule,
        kind: Kind::PriceOutOfRange,
        severity,
        fixmedins_code: new.fixmedins_code.clone(),
        subject: new.med_list_codg.clone(),
        key: new.med_list_codg.clone(),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yuan(text: &str) -> UnitPrice {
        text.parse().unwrap()
    }

    fn price(text: &str) -> Price {
        Price { fixmedins_code: "P13030200001".into(), med_list_codg: "X".into(), price: yuan(text) }
    }

    #[test]
    fn jumps_by_more_than_half() {
        for (new, old, severity) in [
            ("15", "10", None),
            ("15.000001", "10", Some(Severity::SlightlySuspect)),
            ("30", "10", Some(Severity::SlightlySuspect)),
            ("30.000001", "10", Some(Severity::HighlySuspect)),
            ("5", "10", None),
            ("5", "0", None),
        ] {
            assert_eq!(price_jump(&price(new), yuan(old)).map(|f| f.severity), severity, "{new} {old}");
        }
    }

    #[test]
    fn a_range_needs_three_others() {
        assert_eq!(price_range(&price("90"), vec![yuan("10"), yuan("11")]), None);
        let others = vec![yuan("12"), yuan("10"), yuan("11")];
        let finding = price_range(&price("20"), others.clone()).unwrap();
        assert!(finding.evidence.contains("11"));
        assert_eq!(price_range(&price("16.5"), others), None);
    }
}
