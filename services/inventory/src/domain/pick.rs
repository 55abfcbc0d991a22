//! First expired, first out 近效期先出.

use liufang_kernel::{Date, Quantity};

use super::lot::Lot;

/// What one lot gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    pub lot_id: String,
    pub quantity: Quantity,
}

/// How much could not be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortStock {
    pub missing: Quantity,
}

/// Chooses lots for `want` in the order of expiry, then lot id. Expired, held and recalled lots are never picked, and
/// never more than what is free; nor a lot that expires before `used_up`, the day the supply is used up. The lots may
/// come in any order and are not changed.
pub fn pick(
    lots: &[Lot],
    want: Quantity,
    today: Date,
    used_up: Option<Date>,
) -> Result<Vec<Take>, ShortStock> {
    let fits = |lot: &&Lot| lot.lasts(used_up) && lot.available(today).is_positive();
    let mut in_order: Vec<&Lot> = lots.iter().filter(fits).collect();
    in_order.sort_by(|a, b| (a.expy_end, &a.lot_id).cmp(&(b.expy_end, &b.lot_id)));
    let mut missing = want;
    let mut takes = Vec::new();
    for lot in in_order {
        if !missing.is_positive() {
            break;
        }
        let quantity = missing.min(lot.available(today));
        takes.push(Take { lot_id: lot.lot_id.clone(), quantity });
        missing -= quantity;
    }
    if missing.is_positive() { Err(ShortStock { missing }) } else { Ok(takes) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::super::drug::samples::AMLODIPINE;
    use super::super::lot::{self, LotState, Origin, samples::lot};
    use super::super::stock::FreeStock;
    use super::*;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn shown(lots: &[Lot], want: i64) -> String {
        shown_for(lots, want, 0)
    }

    fn shown_for(lots: &[Lot], want: i64, use_days: u16) -> String {
        match pick(lots, Quantity::whole(want), TODAY, lot::used_up(TODAY, use_days)) {
            Ok(takes) => {
                let parts = takes.iter().map(|take| format!("{}:{}", take.lot_id, take.quantity));
                parts.collect::<Vec<_>>().join(" ")
            }
            Err(short) => format!("missing {}", short.missing),
        }
    }

    #[test]
    fn the_lot_that_expires_first_goes_first() {
        let a = lot("A", AMLODIPINE, date!(2027 - 01 - 31), 5, Origin::Coded);
        let b = lot("B", AMLODIPINE, date!(2026 - 12 - 31), 9, Origin::Coded);
        assert_eq!(shown(&[a.clone(), b.clone()], 10), "B:9 A:1");
        assert_eq!(shown(&[a, b], 15), "missing 1");
    }

    #[test]
    fn expired_held_and_recalled_lots_stay() {
        let expired = lot("A", AMLODIPINE, TODAY, 5, Origin::Coded);
        let mut held = lot("B", AMLODIPINE, date!(2027 - 01 - 31), 5, Origin::Coded);
        held.state = LotState::Held;
        let mut recalled = held.clone();
        recalled.state = LotState::Recalled;
        assert_eq!(shown(&[expired, held, recalled], 1), "missing 1");
    }

    #[test]
    fn lots_that_expire_before_the_supply_is_used_up_stay() {
        let soon = lot("A", AMLODIPINE, date!(2026 - 12 - 20), 5, Origin::Coded);
        let late = lot("B", AMLODIPINE, date!(2027 - 01 - 31), 9, Origin::Coded);
        let lots = [soon, late];
        assert_eq!(
            shown_for(&lots, 6, 28),
            "A:5 B:1",
            "good until the very day the last dose was taken before"
        );
        assert_eq!(shown_for(&lots, 6, 29), "B:6");
        assert_eq!(shown_for(&lots, 10, 29), "missing 1");
    }

    fn any_lots() -> impl Strategy<Value = Vec<Lot>> {
        let one = (-40_i64..400, 0_i64..20, 0_i64..20, 0_u8..4);
        prop::collection::vec(one, 0..12).prop_map(|rows| {
            let build = |(index, (days, on_hand, reserved, state)): (usize, (i64, i64, i64, u8))| {
                let expires = TODAY.saturating_add(time::Duration::days(days));
                let mut lot = lot(&format!("L{index:02}"), AMLODIPINE, expires, on_hand, Origin::Coded);
                lot.reserved = Quantity::whole(reserved.min(on_hand));
                lot.state = match state {
                    0 => LotState::Held,
                    1 => LotState::Recalled,
                    _ => LotState::Ok,
                };
                lot
            };
            rows.into_iter().enumerate().map(build).collect()
        })
    }

    proptest! {
        #[test]
        fn picks_conserve_and_respect_every_lot(lots in any_lots(), want in 1_i64..80) {
            let want = Quantity::whole(want);
            let saleable: Quantity = lots.iter().map(|lot| lot.available(TODAY)).sum();
            match pick(&lots, want, TODAY, None) {
                Ok(takes) => {
                    prop_assert_eq!(takes.iter().map(|take| take.quantity).sum::<Quantity>(), want);
                    let mut last = None;
                    for take in &takes {
                        let lot = lots.iter().find(|lot| lot.lot_id == take.lot_id).unwrap();
                        prop_assert!(TODAY < lot.expy_end && lot.state == LotState::Ok);
                        prop_assert!(take.quantity.is_positive() && take.quantity <= lot.free());
                        prop_assert!(last <= Some(lot.expy_end));
                        last = Some(lot.expy_end);
                    }
                }
                Err(short) => prop_assert_eq!(short.missing, want - saleable),
            }
        }

        #[test]
        fn every_pick_lasts_and_offers_count_what_can_be_picked(
            lots in any_lots(), want in 1_i64..80, use_days in 0_u16..400
        ) {
            let want = Quantity::whole(want);
            let mut offered = FreeStock::default();
            for lot in lots.iter().filter(|lot| lot.is_saleable(TODAY)) {
                offered.add((lot.expy_end - TODAY).whole_days(), lot.free());
            }
            let before = offered.clone();
            let picked = pick(&lots, want, TODAY, lot::used_up(TODAY, use_days));
            prop_assert_eq!(picked.is_ok(), want <= before.for_use(use_days));
            prop_assert_eq!(picked.is_ok(), offered.take(want, use_days));
            match picked {
                Ok(takes) => {
                    for take in &takes {
                        let lot = lots.iter().find(|lot| lot.lot_id == take.lot_id).unwrap();
                        let days = time::Duration::days(i64::from(use_days));
                        prop_assert!(TODAY < lot.expy_end && TODAY + days <= lot.expy_end);
                    }
                    prop_assert_eq!(offered.for_use(0), before.for_use(0) - want);
                }
                Err(short) => {
                    prop_assert_eq!(short.missing, want - before.for_use(use_days));
                    prop_assert_eq!(offered, before);
                }
            }
        }

        #[test]
        fn a_lot_that_expires_earlier_is_used_up_before_a_later_one(lots in any_lots(), want in 1_i64..80) {
            let Ok(takes) = pick(&lots, Quantity::whole(want), TODAY, None) else { return Ok(()) };
            let taken = |lot: &Lot| takes.iter().find(|take| take.lot_id == lot.lot_id).map(|take| take.quantity);
            for early in lots.iter().filter(|lot| lot.available(TODAY).is_positive()) {
                for late in lots.iter().filter(|late| early.expy_end < late.expy_end) {
                    if taken(late).is_some() {
                        prop_assert_eq!(taken(early), Some(early.free()));
                    }
                }
            }
        }
    }
}
