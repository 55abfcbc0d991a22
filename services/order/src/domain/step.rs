//! Steps of the saga. Each is one idempotent call to another service, and a row of the journal.

use liufang_kernel::Quantity;
use serde::{Deserialize, Serialize};

use super::{Channel, Payers, Scan};

/// One call of the saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Nominate,
    /// The order takes the place of a sale at the counter.
    TakeOver,
    Reserve,
    Quote,
    Authorise,
    Capture,
    /// Asks until the pending payment has an outcome.
    AwaitPayment,
    Extend,
    CreateDelivery,
    MarkVisitPaid,
    Commit,
    RecordDispense,
    MarkReady,
    Void,
    Release,
    ReleaseNomination,
    ReleaseVisit,
    CancelDelivery,
    ReturnSale,
    ReverseDispense,
    Refund,
    /// Asks until the refund is complete.
    AwaitRefund,
    /// Some goods come back.
    ReturnGoods,
    /// What they cost goes back.
    RefundGoods,
}

impl Step {
    pub const ALL: [Step; 24] = [
        Step::Nominate,
        Step::TakeOver,
        Step::Reserve,
        Step::Quote,
        Step::Authorise,
        Step::Capture,
        Step::AwaitPayment,
        Step::Extend,
        Step::CreateDelivery,
        Step::MarkVisitPaid,
        Step::Commit,
        Step::RecordDispense,
        Step::MarkReady,
        Step::Void,
        Step::Release,
        Step::ReleaseNomination,
        Step::ReleaseVisit,
        Step::CancelDelivery,
        Step::ReturnSale,
        Step::ReverseDispense,
        Step::Refund,
        Step::AwaitRefund,
        Step::ReturnGoods,
        Step::RefundGoods,
    ];

    /// The word in the journal and in the idempotency key.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Nominate => "nominate",
            Step::TakeOver => "take_over",
            Step::Reserve => "reserve",
            Step::Quote => "quote",
            Step::Authorise => "authorise",
            Step::Capture => "capture",
            Step::AwaitPayment => "await_payment",
            Step::Extend => "extend",
            Step::CreateDelivery => "create_delivery",
            Step::MarkVisitPaid => "mark_visit_paid",
            Step::Commit => "commit",
            Step::RecordDispense => "record_dispense",
            Step::MarkReady => "mark_ready",
            Step::Void => "void",
            Step::Release => "release",
            Step::ReleaseNomination => "release_nomination",
            Step::ReleaseVisit => "release_visit",
            Step::CancelDelivery => "cancel_delivery",
            Step::ReturnSale => "return_sale",
            Step::ReverseDispense => "reverse_dispense",
            Step::Refund => "refund",
            Step::AwaitRefund => "await_refund",
            Step::ReturnGoods => "return_goods",
            Step::RefundGoods => "refund_goods",
        }
    }

    pub fn parse(text: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.as_str() == text)
    }

    /// What takes a step back that landed after its order had moved on.
    pub fn undo(self) -> Option<Step> {
        match self {
            Step::Nominate | Step::TakeOver => Some(Step::ReleaseNomination),
            Step::Reserve => Some(Step::Release),
            Step::Authorise => Some(Step::Void),
            Step::CreateDelivery => Some(Step::CancelDelivery),
            _ => None,
        }
    }

    /// Whether the step only asks, again and again: nobody waits for its answer.
    pub fn is_question(self) -> bool {
        matches!(self, Step::AwaitPayment | Step::AwaitRefund)
    }

    /// Whether the step gives something back. Such a step is repeated until it is done; an order that was cancelled keeps it.
    pub fn is_compensation(self) -> bool {
        matches!(
            self,
            Step::Void
                | Step::Release
                | Step::ReleaseNomination
                | Step::ReleaseVisit
                | Step::CancelDelivery
                | Step::ReturnSale
                | Step::ReverseDispense
                | Step::Refund
                | Step::AwaitRefund
                | Step::RefundGoods
        )
    }
}

/// What a step needs beyond the order itself. Sealed in the journal: a claim's secret is among it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payers: Option<Payers>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pharmacist: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<Scan>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sale_id: String,
    /// Goods that came back: line and quantity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goods: Vec<(u32, Quantity)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Buyer>,
}

/// Who pays the cash part, as the channel knows them, and where they stand. Passed on and never looked at.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    pub payer_id: String,
    pub auth_code: String,
    /// The contract's number of the scene.
    pub scene: i32,
    /// Authorisation at the mobile-payment centre; empty where there is none.
    #[serde(default)]
    pub pay_auth_no: String,
}

/// A step to be journalled.
#[derive(Clone, PartialEq, Eq)]
pub struct Next {
    pub step: Step,
    pub argument: Argument,
}

impl From<Step> for Next {
    fn from(step: Step) -> Next {
        Next { step, argument: Argument::default() }
    }
}
