//! Makes room in a lot whose packs were scanned for one order while they are reserved for others.
//!
//! A reservation holds a number of packs of a lot, not particular packs. When the pharmacist hands out packs of another
//! lot than was reserved, the reservations on that lot move to the one that became free.

use std::collections::BTreeMap;

use liufang_kernel::{Date, Quantity};

use super::lot::Lot;

/// A pick of another held reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherPick {
    pub reservation_id: String,
    pub line_no: i32,
    pub lot_id: String,
    pub quantity: Quantity,
    /// When the supply is used up: its packs may not expire before.
    pub used_up: Option<Date>,
}

/// A part of a pick that goes to another lot of the same drug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    pub reservation_id: String,
    pub line_no: i32,
    pub from: String,
    pub to: String,
    pub quantity: Quantity,
}

/// Moves picks off every lot that holds less than is reserved in it. `lots` are as they will be after the sale and are
/// brought in order; `None` when the remaining stock cannot serve the other reservations. Those that need not last move
/// first: they find room where others do not.
pub fn make_room(lots: &mut BTreeMap<String, Lot>, others: &[OtherPick], today: Date) -> Option<Vec<Shift>> {
    let mut shifts: Vec<Shift> = Vec::new();
    let mut easiest: Vec<&OtherPick> = others.iter().collect();
    easiest.sort_by_key(|other| other.used_up);
    for other in easiest {
        let from = lots.get(&other.lot_id)?;
        let mut surplus = (from.reserved - from.on_hand).min(other.quantity);
        let drug = from.med_list_codg.clone();
        while surplus.is_positive() {
            let (to, room) = roomiest(lots, &drug, today, other.used_up)?;
            let quantity = surplus.min(room);
            lots.get_mut(&other.lot_id)?.reserved -= quantity;
            lots.get_mut(&to)?.reserved += quantity;
            surplus -= quantity;
            shifts.push(Shift {
                reservation_id: other.reservation_id.clone(),
                line_no: other.line_no,
                from: other.lot_id.clone(),
                to,
                quantity,
            });
        }
    }
    lots.values().all(|lot| lot.reserved <= lot.on_hand).then_some(shifts)
}

/// The lot of a drug with room that expires first, but not before `used_up`.
fn roomiest(
    lots: &BTreeMap<String, Lot>,
    drug: &str,
    today: Date,
    used_up: Option<Date>,
) -> Option<(String, Quantity)> {
    let fits =
        |lot: &&Lot| lot.med_list_codg == drug && lot.lasts(used_up) && lot.available(today).is_positive();
    let lot = lots.values().filter(fits).min_by_key(|lot| lot.expy_end)?;
    Some((lot.lot_id.clone(), lot.free()))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::super::drug::samples::AMLODIPINE;
    use super::super::lot::{Origin, samples::lot};
    use super::*;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn lots(a: (i64, i64), b: (i64, i64)) -> BTreeMap<String, Lot> {
        let build = |id: &str, (on_hand, reserved): (i64, i64)| {
            let mut lot = lot(id, AMLODIPINE, date!(2027 - 12 - 31), on_hand, Origin::Coded);
            lot.reserved = Quantity::whole(reserved);
            (id.to_owned(), lot)
        };
        BTreeMap::from([build("A", a), build("B", b)])
    }

    fn other(id: &str, lot_id: &str, packs: i64) -> OtherPick {
        OtherPick {
            reservation_id: id.into(),
            line_no: 1,
            lot_id: lot_id.into(),
            quantity: Quantity::whole(packs),
            used_up: None,
        }
    }

    #[test]
    fn packs_that_must_last_stay_where_they_last() {
        let mut lots = lots((1, 2), (4, 0));
        lots.get_mut("B").unwrap().expy_end = date!(2026 - 12 - 15);
        let lasting = OtherPick { used_up: Some(date!(2026 - 12 - 20)), ..other("r1", "A", 1) };
        let shifts = make_room(&mut lots.clone(), &[lasting.clone(), other("r2", "A", 1)], TODAY).unwrap();
        assert_eq!((shifts.len(), shifts[0].reservation_id.as_str()), (1, "r2"));
        assert_eq!(
            make_room(&mut lots, &[lasting.clone(), OtherPick { line_no: 2, ..lasting }], TODAY),
            None
        );
    }

    #[test]
    fn reservations_move_to_the_freed_lot() {
        let mut lots = lots((1, 3), (4, 0));
        let shifts = make_room(&mut lots, &[other("r1", "A", 1), other("r2", "A", 2)], TODAY).unwrap();
        let moved: Quantity = shifts.iter().map(|shift| shift.quantity).sum();
        assert_eq!(moved, Quantity::whole(2));
        assert!(shifts.iter().all(|shift| shift.from == "A" && shift.to == "B"));
        assert_eq!((lots["A"].reserved, lots["B"].reserved), (Quantity::whole(1), Quantity::whole(2)));
    }

    #[test]
    fn nothing_moves_when_there_is_room() {
        assert_eq!(make_room(&mut lots((3, 3), (4, 0)), &[other("r1", "A", 3)], TODAY), Some(vec![]));
    }

    #[test]
    fn other_orders_never_lose_their_stock() {
        assert_eq!(make_room(&mut lots((1, 3), (1, 0)), &[other("r1", "A", 3)], TODAY), None);
    }
}
