//! What can be asked of a prescription, with the facts a decision needs.
//!
//! Checks that need a secret, a key or another role are done before and handed in as facts, so that the decision itself
//! is a table of `operation × state`.

use liufang_kernel::Timestamp;

/// An operation on an existing prescription. Creation is not one: it has no state before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The hospital pharmacist's verdict on a draft.
    ReviewDraft { pass: bool, pharmacist: String },
    /// Signatures and upload (D003).
    Upload {
        /// The trace code given is the one of the prescription.
        trace_matches: bool,
        /// Signatures that do not verify: `doctor`, `pharmacist`.
        bad_signatures: Vec<&'static str>,
    },
    /// Revocation by the prescriber (D004).
    Revoke {
        doctor: String,
        /// What a pharmacy holds is marked and ends when nobody has it any more.
        when_given_back: bool,
    },
    /// The patient's order chooses a pharmacy.
    Nominate { pharmacy: String, order_id: String },
    /// The order takes a nomination or claim back.
    ReleaseNomination { order_id: String },
    /// The nominated pharmacy claims; the token was found. Unreviewed, the claim lapses at `until`.
    Claim { pharmacy: String, until: Timestamp },
    /// A designated pharmacy claims over the counter, the patient standing there. `sale_id` stands where an order would.
    ClaimAtCounter { pharmacy: String, sale_id: String, until: Timestamp },
    /// An order takes the place of a sale at the counter.
    TakeOver { pharmacy: String, secret_matches: bool, sale_id: String, order_id: String },
    /// The holder asks for a new secret.
    RecoverSecret { pharmacy: String },
    /// The holder gives the claim back.
    GiveBack { pharmacy: String, secret_matches: bool },
    /// The pharmacy pharmacist's verdict.
    Review { pharmacy: String, secret_matches: bool, pass: bool, pharmacist: String },
    /// Lines are handed out; the lines themselves are decided by `dispense`.
    Dispense { order_id: String, secret_matches: bool },
    /// A dispensing is reversed (7208).
    ReverseDispense { order_id: String },
    /// The validity has ended.
    Expire,
    /// The time to review a claim has ended.
    LapseClaim,
}

impl Operation {
    /// The name in the published table.
    pub const fn name(&self) -> &'static str {
        match self {
            Operation::ReviewDraft { .. } => "ReviewDraft",
            Operation::Upload { .. } => "Upload",
            Operation::Revoke { when_given_back: false, .. } => "Revoke",
            Operation::Revoke { when_given_back: true, .. } => "RevokeWhenGivenBack",
            Operation::Nominate { .. } => "Nominate",
            Operation::ReleaseNomination { .. } => "ReleaseNomination",
            Operation::Claim { .. } => "Claim",
            Operation::ClaimAtCounter { .. } => "ClaimAtCounter",
            Operation::TakeOver { .. } => "TakeOverSale",
            Operation::RecoverSecret { .. } => "RecoverSecret",
            Operation::GiveBack { .. } => "GiveBack",
            Operation::Review { .. } => "Review",
            Operation::Dispense { .. } => "RecordDispense",
            Operation::ReverseDispense { .. } => "ReverseDispense",
            Operation::Expire => "Expire",
            Operation::LapseClaim => "LapseClaim",
        }
    }
}

/// Why a claim or nomination ended, as events say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseReason {
    /// By the pharmacy, or because it did not review in time.
    GivenBack,
    Refused,
    Expired,
    Revoked,
    /// The patient chose again: another order has the prescription now.
    Replaced,
}

impl ReleaseReason {
    pub const fn word(self) -> &'static str {
        match self {
            ReleaseReason::GivenBack => "GIVEN_BACK",
            ReleaseReason::Refused => "REFUSED",
            ReleaseReason::Expired => "EXPIRED",
            ReleaseReason::Revoked => "REVOKED",
            ReleaseReason::Replaced => "REPLACED",
        }
    }
}

/// What has to be told to others. Order and pharmacy are those of the state before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Activated,
    Claimed { order_id: String, pharmacy: String },
    Reviewed { order_id: String, pharmacy: String, passed: bool },
    Released { order_id: String, reason: ReleaseReason },
}
