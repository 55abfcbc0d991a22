//! The same substance again before the last supply is used up.

use liufang_kernel::Timestamp;

use crate::domain::case::{Finding, Kind, Severity};

/// One dispensing of one substance to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    pub order_id: String,
    pub hi_rxno: String,
    pub fixmedins_code: String,
    /// `substance_key` of the drug.
    pub substance: String,
    pub at: Timestamp,
    /// When it is used up as prescribed.
    pub lasts_until: Timestamp,
}

/// A renewal may come this early.
const EARLY_DAYS: i64 = 7;

/// `SV07`: dispensed more than a week before an earlier supply ends. Another pharmacy makes it worse. Parts of one
/// prescription are one supply.
pub fn too_soon(new: &Supply, earlier: &[Supply]) -> Option<Finding> {
    let other = |supply: &&Supply| supply.order_id != new.order_id && supply.hi_rxno != new.hi_rxno;
    let open = earlier.iter().filter(other).filter(|supply| supply.at <= new.at);
    let last = open.max_by_key(|supply| supply.lasts_until)?;
    if new.at.plus_days(EARLY_DAYS) >= last.lasts_until {
        return None;
    }
    let elsewhere = last.fixmedins_code != new.fixmedins_code;
    let days = (last.lasts_until.0 - new.at.0) / Timestamp(0).plus_days(1).0;
    Some(Finding {
        rule: "SV07",
        kind: Kind::SupplyBeyondNeed,
        severity: if elsewhere { Severity::HighlySuspect } else { Severity::SlightlySuspect },
        fixmedins_code: new.fixmedins_code.clone(),
        subject: new.order_id.clone(),
        key: format!("{}|{}", new.order_id, new.substance),
        evidence: format!(
            "订单 {new_order} 配药时，{first} 订单 {order} 的同一药品尚可用 {days} 天 / order {new_order} dispensed {substance} while that of order {order} by {first} lasts {days} more days",
            new_order = new.order_id,
            first = last.fixmedins_code,
            order = last.order_id,
            substance = new.substance
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply(order: &str, pharmacy: &str, day: i64, days: i64) -> Supply {
        let at = Timestamp(0).plus_days(day);
        Supply {
            order_id: order.into(),
            hi_rxno: format!("rx-{order}"),
            fixmedins_code: pharmacy.into(),
            substance: "XC07ABM000A001".into(),
            at,
            lasts_until: at.plus_days(days),
        }
    }

    #[test]
    fn a_week_early_is_fine() {
        let first = supply("o1", "P1", 100, 28);
        assert_eq!(too_soon(&supply("o2", "P2", 121, 28), std::slice::from_ref(&first)), None);
        let early = too_soon(&supply("o2", "P2", 120, 28), std::slice::from_ref(&first)).unwrap();
        assert_eq!(early.severity, Severity::HighlySuspect);
        let same_shop = too_soon(&supply("o2", "P1", 120, 28), &[first]).unwrap();
        assert_eq!(same_shop.severity, Severity::SlightlySuspect);
    }

    #[test]
    fn parts_of_one_prescription_are_one_supply() {
        let first = supply("o1", "P1", 100, 28);
        let part = Supply { hi_rxno: first.hi_rxno.clone(), ..supply("o2", "P2", 101, 28) };
        assert_eq!(too_soon(&part, &[first]), None);
    }

    #[test]
    fn late_news_of_an_older_supply_accuses_nobody() {
        let later = supply("o2", "P2", 120, 28);
        assert_eq!(too_soon(&supply("o1", "P1", 100, 28), &[later]), None);
    }
}
