//! How a basket falls into insured lines and outside fees. Goods without the 医保 mark, delivery and packing are outside:
//! no insured leg can reach them (`domain.md` §9.1; issue of the region's OTC rules).

use liufang_kernel::Fen;

use super::{Kind, Line, Order, SoldLot};

/// A line to settle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge<'a>(pub &'a Line);

/// A fee outside the insured total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// `goods`, `delivery` or `packing`.
    pub kind: &'static str,
    pub amount: Fen,
    /// Generic name of goods; empty for fees.
    pub name: String,
}

/// Whether a line is outside the insurance, paid by nobody but the person. Only an OTC basket has such goods: a
/// prescription's lines are all settled, self-paid ones as such, and a consultation is one insured fee.
pub fn is_outside(order: &Order, line: &Line) -> bool {
    order.kind == Kind::Otc && !line.hi_mark
}

/// Splits an order.
pub fn charges(order: &Order) -> (Vec<Charge<'_>>, Vec<Outside>) {
    let mut insured = Vec::new();
    let mut outside = Vec::new();
    for line in &order.lines {
        if is_outside(order, line) {
            outside.push(Outside { kind: "goods", amount: line.amount, name: line.name.clone() });
        } else {
            insured.push(Charge(line));
        }
    }
    for (kind, amount) in [("delivery", order.fees.delivery), ("packing", order.fees.packing)] {
        if !amount.is_zero() {
            outside.push(Outside { kind, amount, name: String::new() });
        }
    }
    (insured, outside)
}

/// Everything the order costs; a quote over another sum is refused.
pub fn total(order: &Order) -> Fen {
    let goods: Fen = order.lines.iter().map(|line| line.amount).sum();
    goods + order.fees.delivery + order.fees.packing
}

/// Longest text of a lot number (`manuLotnum`).
const LOT_TEXT: usize = 50;

/// The sale by line, as 7207 has it: one row a line, its quantity summed over the lots and their numbers joined as long
/// as they fit.
pub fn handed_out(sold: &[SoldLot]) -> Vec<SoldLot> {
    let mut lines: Vec<SoldLot> = Vec::new();
    for lot in sold {
        let Some(line) = lines.iter_mut().find(|line| line.line_no == lot.line_no) else {
            lines.push(lot.clone());
            continue;
        };
        line.quantity += lot.quantity;
        if line.manu_lotnum.chars().count() + lot.manu_lotnum.chars().count() < LOT_TEXT {
            line.manu_lotnum = format!("{},{}", line.manu_lotnum, lot.manu_lotnum);
        }
    }
    lines
}
