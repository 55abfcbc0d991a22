//! Answers that are more than a visit or a prescription. Stored sealed with the idempotency key, so they serialise.

use serde::{Deserialize, Serialize};

use crate::domain::counter::Item;
use crate::domain::prescription::Prescription;
use crate::domain::slot::Slot;
use crate::domain::visit::Visit;
use crate::store::hand_out;
use crate::store::notice::Row;

/// A refused row of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRefusal {
    /// Index in the request, from 0.
    pub row: i32,
    pub reason: String,
    pub message: String,
}

#[derive(Serialize, Deserialize)]
pub struct Published(pub Vec<RowRefusal>);

pub struct Slots(pub Vec<Slot>);

pub struct Visits(pub Vec<Visit>);

/// What the doctor sees when taking a visit; personal.
#[derive(Serialize, Deserialize)]
pub struct TakenVisit {
    pub visit: Visit,
    pub name: String,
    pub gender: String,
    pub age: i32,
    pub allergies: Vec<String>,
    pub first_prescription: Option<Prescription>,
}

/// Bytes to sign.
pub struct Document(pub Vec<u8>);

/// Signed bytes with signatures and the keys that verified.
pub struct SignedDocument {
    pub document: Vec<u8>,
    pub doctor_signature: String,
    pub pharmacist_signature: String,
    pub doctor_key: String,
    pub pharmacist_key: String,
}

pub struct PrescriptionPage {
    pub items: Vec<Prescription>,
    /// The last row, when there may be more.
    pub next: Option<(i64, String)>,
}

/// A prescription waiting at a pharmacy.
pub struct QueueItem {
    pub hi_rxno: String,
    pub order_id: String,
    /// Empty once claimed.
    pub token: String,
    pub claimed: bool,
    pub nominated_at_us: i64,
}

pub struct PharmacyQueue(pub Vec<QueueItem>);

#[derive(Serialize, Deserialize)]
pub struct Claimed {
    pub prescription: Prescription,
    pub secret: String,
    /// For the label; personal.
    pub name: String,
}

/// A patient's QR.
#[derive(Serialize, Deserialize)]
pub struct Qr {
    pub token: String,
    pub expires_at_us: i64,
}

/// What can be filled at the counter now.
#[derive(Serialize, Deserialize)]
pub struct Counter {
    pub token: String,
    pub expires_at_us: i64,
    pub items: Vec<Item>,
}

/// A claim at the counter, with the sale that stands where an order would.
#[derive(Serialize, Deserialize)]
pub struct CounterClaim {
    pub claimed: Claimed,
    pub sale_id: String,
}

#[derive(Serialize, Deserialize)]
pub struct Secret(pub String);

/// Notices of a hospital.
pub struct NoticePage {
    pub items: Vec<Row>,
    /// The last row, when there are more.
    pub next: Option<(i64, String)>,
}

#[derive(Serialize, Deserialize)]
pub struct Redelivered {
    pub notices: i32,
}

/// What a pharmacy handed out.
pub struct HandOutPage {
    pub items: Vec<hand_out::Model>,
    /// The last row, when there are more.
    pub next: Option<(i64, String)>,
}
