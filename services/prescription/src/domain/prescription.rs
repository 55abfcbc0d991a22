//! A prescription as a whole: head, lines, findings and the moving part.

use liufang_kernel::{Quantity, Timestamp, UnitPrice};
use serde::{Deserialize, Serialize};

use super::dispense::LineUse;
use super::repeat::Series;
use super::rules::Finding;
use super::state::{Review, State, Use};

/// One drug line (`rxdrugdetail`, `domain.md` §1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub line_no: i32,
    /// `med_list_codg`.
    pub drug: String,
    pub generic_name: String,
    pub dosage_form: String,
    pub strength: String,
    pub maker: String,
    /// `medc_way_codg`.
    pub route: String,
    /// `sin_doscnt`, dose per use in `dose_unit`.
    pub dose: Quantity,
    pub dose_unit: String,
    /// `used_frqu_codg`.
    pub frequency: String,
    /// `medc_days`, at most two decimals.
    pub days: Quantity,
    /// `drug_cnt` in `billing_unit`.
    pub quantity: Quantity,
    pub billing_unit: String,
    /// `drug_pric`, the hospital's price per billing unit.
    pub price: UnitPrice,
    /// `hosp_appr_flag`: 0 none needed, 1 approved, 2 refused.
    pub approval: String,
    /// Billing units handed out so far.
    pub dispensed: Quantity,
}

impl Line {
    /// The part of the line that dispensing decides on.
    pub fn as_use(&self) -> LineUse {
        LineUse {
            line_no: self.line_no,
            drug: self.drug.clone(),
            prescribed: self.quantity,
            dispensed: self.dispensed,
        }
    }
}

/// A prescription as callers see it. Has no `Debug`: opinions and findings speak of a person's health.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prescription {
    pub hi_rxno: String,
    pub trace_code: String,
    pub hosp_rxno: String,
    pub visit_id: String,
    pub person_id: String,
    pub hospital: String,
    pub doctor: String,
    pub disease: String,
    pub diagnosis: String,
    pub long_rx: bool,
    /// `initRxno`: the prescription it renews.
    pub renews: String,
    /// `prscTime`.
    pub issued_at: Timestamp,
    /// `valiEndTime`.
    pub valid_until: Timestamp,
    pub lines: Vec<Line>,
    pub findings: Vec<Finding>,
    pub state: State,
    pub review: Review,
    pub used: Use,
    pub nominee: String,
    pub holder: String,
    pub order_id: String,
    pub hospital_pharmacist: String,
    pub pharmacy_pharmacist: String,
    /// Second reviewer of the pharmacy; empty: there was none.
    #[serde(default)]
    pub second_pharmacist: String,
    pub review_opinion: String,
    /// The prescriber has asked to revoke it as soon as nobody has it.
    #[serde(default)]
    pub revoke_asked: bool,
    /// Its place among the uses of a repeat prescription.
    #[serde(default)]
    pub series: Series,
    /// When personal data went; zero while it is kept.
    #[serde(default)]
    pub archived_at: Timestamp,
    pub version: i64,
}

impl Prescription {
    /// The validity that the rules judge. The window of a later use is the series' own, judged when it was signed.
    pub fn validity_days(&self) -> i64 {
        if 1 < self.series.use_no {
            1
        } else {
            (self.valid_until.seconds() - self.issued_at.seconds()) / 86_400
        }
    }
}
