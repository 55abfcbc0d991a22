//! The fund view: captured payments count on their day, a refund is a negative row on its own day (`domain.md` §5.2: an
//! old month stays closed).

use liufang_kernel::Fen;

/// Amounts of one payment, or a sum of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub fund: Fen,
    pub account: Fen,
    pub relative: Fen,
    pub cash: Fen,
}

/// One row: a day and an institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `yyyy-MM-dd`.
    pub day: String,
    pub fixmedins_code: String,
    pub amounts: Amounts,
    /// Settlements captured on the day; refunds do not lessen it.
    pub settlements: i64,
}

/// Longest span of a view in days.
pub const LONGEST_DAYS: i64 = 366;
