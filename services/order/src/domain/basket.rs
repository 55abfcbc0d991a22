//! How a basket falls into insured lines and outside fees. Goods without the 医保 mark, delivery and packing are outside:
//! no insured leg can reach them (`domain.md` §9.1; issue of the region's OTC rules).

use liufang_kernel::Fen;

use super::{Kind, Line, Order};

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

/// Splits an order. Only an OTC basket has goods outside: a prescription's lines are all settled, self-paid ones as
/// such, and a consultation is one insured fee.
pub fn charges(order: &Order) -> (Vec<Charge<'_>>, Vec<Outside>) {
    let mut insured = Vec::new();
    let mut outside = Vec::new();
    for line in &order.lines {
        if order.kind == Kind::Otc && !line.hi_mark {
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
