//! Movements of the stock ledger (`domain.md` §4.1).

use liufang_kernel::{Date, Quantity, Timestamp, UnitPrice};
use serde::{Deserialize, Serialize};

/// Kinds of movement. The numbers are those of the contract and of the `kind` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MovementKind {
    Purchase = 1,
    PurchaseReturn = 2,
    Sale = 3,
    SaleReturn = 4,
    TransferIn = 5,
    TransferOut = 6,
    Gain = 7,
    Loss = 8,
    Destroyed = 9,
}

impl MovementKind {
    /// Reads the number of the contract.
    pub fn from_number(number: i32) -> Option<MovementKind> {
        use MovementKind::*;
        let all =
            [Purchase, PurchaseReturn, Sale, SaleReturn, TransferIn, TransferOut, Gain, Loss, Destroyed];
        all.into_iter().find(|kind| kind.number() == number)
    }

    pub fn number(self) -> i32 {
        self as i32
    }

    /// Whether goods come in.
    pub fn is_in(self) -> bool {
        use MovementKind::*;
        matches!(self, Purchase | SaleReturn | TransferIn | Gain)
    }

    /// Sales and their returns are written by dispensing alone.
    pub fn is_reported(self) -> bool {
        !matches!(self, MovementKind::Sale | MovementKind::SaleReturn)
    }
}

/// One movement an institution reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The institution's own row key (`fixmedins_bchno`), not the lot.
    pub fixmedins_bchno: String,
    pub kind: MovementKind,
    pub med_list_codg: String,
    pub manu_lotnum: String,
    pub manu_date: Option<Date>,
    /// Mandatory when goods come in.
    pub expy_end: Option<Date>,
    /// Billing units, positive.
    pub quantity: Quantity,
    pub purchase_price: Option<UnitPrice>,
    pub supplier: String,
    pub trace_codes: Vec<String>,
    pub at: Timestamp,
}

/// A movement as it stands in the ledger; never changed, never deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    pub movement_id: String,
    /// For sales and returns the movement id.
    pub fixmedins_bchno: String,
    pub kind: MovementKind,
    pub fixmedins_code: String,
    pub med_list_codg: String,
    pub lot_id: String,
    pub manu_lotnum: String,
    /// Signed: out is negative.
    pub quantity: Quantity,
    /// `finl_trns_pric` per billing unit.
    pub price: Option<UnitPrice>,
    pub at: Timestamp,
    pub supplier: String,
    /// What a sale belongs to; empty otherwise.
    pub sale: Sale,
    pub trace_codes: Vec<String>,
}

/// The fields of 3505/3506 that other movements do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// `rtal_docno`.
    pub order_id: String,
    pub line_no: i32,
    /// Insured sales only.
    pub setl_id: String,
    /// Prescription sales only.
    pub hi_rxno: String,
    /// 1 insured, 2 self-paid.
    pub mdtrt_setl_type: String,
    /// `phar_prac_cert_no`.
    pub pharmacist_code: String,
}
