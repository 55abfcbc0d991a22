//! What callers ask for, checked for shape. Types that carry personal text have no `Debug`.

use liufang_kernel::{Date, Sensitive};

use crate::domain::dispense::HandOut;
use crate::domain::prescription::Line;
use crate::domain::repeat::Repeat;
use crate::domain::rules::{Override, Stated};
use crate::domain::slot::Slot;

/// Rows in the order of the request; a row that cannot be read carries what is wrong with it.
pub struct PublishSlots {
    pub rows: Vec<Result<Slot, String>>,
}

pub struct ListSlots {
    pub hospital: String,
    pub department: String,
    pub doctor: String,
    pub date: Option<Date>,
}

pub struct BookVisit {
    pub slot_id: String,
    pub hospital: String,
    pub disease: String,
    pub first_rx_ref: String,
    pub condition: Sensitive<String>,
}

/// A visit and the order that speaks for it.
pub struct VisitOrder {
    pub visit_id: String,
    pub order_id: String,
}

pub struct TakeVisit {
    pub visit_id: String,
    pub doctor_token: String,
}

pub struct RecordConsultation {
    pub visit_id: String,
    pub doctor_token: String,
    pub record: Sensitive<String>,
    pub diagnosis: String,
    pub follow_up: bool,
}

pub struct PreVerify {
    pub visit_id: String,
    pub doctor_token: String,
    pub hosp_rxno: String,
    pub validity_days: i32,
    pub long_rx: bool,
    /// Names and strengths may be empty: the catalogue fills them.
    pub lines: Vec<Line>,
    pub overrides: Vec<Override>,
    pub repeat: Option<Repeat>,
    /// For the rules alone.
    pub stated: Stated,
    /// Stated besides the registered ones.
    pub allergies: Vec<String>,
    /// Other diagnoses, ICD-10.
    pub diagnoses: Vec<String>,
}

pub struct ReviewDraft {
    pub hi_rxno: String,
    pub pharmacist_token: String,
    pub pass: bool,
    pub opinion: Sensitive<String>,
}

pub struct Upload {
    pub hi_rxno: String,
    pub trace_code: String,
    pub doctor_signature: String,
    pub pharmacist_signature: String,
}

pub struct Revoke {
    pub hi_rxno: String,
    pub doctor_token: String,
    pub reason: Sensitive<String>,
    /// What is held is marked and ends when nobody has it any more.
    pub when_given_back: bool,
    /// Every later use of the series too.
    pub later_uses: bool,
}

pub struct Page {
    /// 1 to 200.
    pub size: u64,
    /// The last row of the page before.
    pub after: Option<(i64, String)>,
}

pub struct Nominate {
    pub hi_rxno: String,
    pub person_id: String,
    pub pharmacy: String,
    pub order_id: String,
}

/// A prescription and the order that speaks for it.
pub struct RxOrder {
    pub hi_rxno: String,
    pub order_id: String,
}

pub struct GiveBack {
    pub hi_rxno: String,
    pub secret: Sensitive<String>,
    pub reason: Sensitive<String>,
}

pub struct Review {
    pub hi_rxno: String,
    pub secret: Sensitive<String>,
    pub pharmacist_token: String,
    pub pass: bool,
    pub opinion: Sensitive<String>,
    /// Empty: there is none.
    pub second_pharmacist_token: String,
}

/// Notices to send again.
pub struct Redeliver {
    pub notice_ids: Vec<String>,
}

pub struct CheckDispense {
    pub hi_rxno: String,
    pub order_id: String,
    pub secret: Sensitive<String>,
}

pub struct RecordDispense {
    pub hi_rxno: String,
    pub order_id: String,
    pub secret: Sensitive<String>,
    pub parts: Vec<HandOut>,
    /// Nothing more is handed out: a rest is free for others.
    pub last: bool,
}

/// What the patient shows at the counter.
pub enum Proof {
    /// What an insurance code was decoded into.
    Presence(Sensitive<String>),
    Qr(Sensitive<String>),
}

pub struct ClaimAtCounter {
    pub counter_token: Sensitive<String>,
    pub hi_rxno: String,
}

pub struct TakeOver {
    pub hi_rxno: String,
    pub sale_id: String,
    pub secret: Sensitive<String>,
    pub pharmacy: String,
    pub order_id: String,
}

pub struct DispenseAtCounter {
    pub hi_rxno: String,
    pub secret: Sensitive<String>,
    pub pharmacist_token: String,
    pub parts: Vec<HandOut>,
    pub last: bool,
}

pub struct ReturnAtCounter {
    pub hi_rxno: String,
    pub sale_id: String,
}

pub struct Watch {
    pub after: i64,
    pub stop_at_end: bool,
}
