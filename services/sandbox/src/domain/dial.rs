//! Failure dials: what happens to the next calls of a hook method.

use super::magic::Verdict;

/// A dial's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dial {
    Normal,
    Refuse,
    LoseRequest,
    LoseAnswer,
    DuplicateNotice,
    WrongAmount,
    ForgedNotice,
    SlowNotice,
    Late,
    BadSignature,
    WrongSerial,
    OldTimestamp,
    BadSeal,
    Processing,
    ServerError,
    SystemError,
    NextKey,
}

impl Dial {
    pub const ALL: [Dial; 17] = [
        Dial::Normal,
        Dial::Refuse,
        Dial::LoseRequest,
        Dial::LoseAnswer,
        Dial::DuplicateNotice,
        Dial::WrongAmount,
        Dial::ForgedNotice,
        Dial::SlowNotice,
        Dial::Late,
        Dial::BadSignature,
        Dial::WrongSerial,
        Dial::OldTimestamp,
        Dial::BadSeal,
        Dial::Processing,
        Dial::ServerError,
        Dial::SystemError,
        Dial::NextKey,
    ];

    /// The number it is stored under; that of the contract.
    pub const fn number(self) -> i32 {
        match self {
            Dial::Normal => 0,
            Dial::Refuse => 1,
            Dial::LoseRequest => 2,
            Dial::LoseAnswer => 3,
            Dial::DuplicateNotice => 4,
            Dial::WrongAmount => 5,
            Dial::ForgedNotice => 6,
            Dial::SlowNotice => 7,
            Dial::Late => 8,
            Dial::BadSignature => 9,
            Dial::WrongSerial => 10,
            Dial::OldTimestamp => 11,
            Dial::BadSeal => 12,
            Dial::Processing => 13,
            Dial::ServerError => 14,
            Dial::SystemError => 15,
            Dial::NextKey => 16,
        }
    }

    pub fn from_number(number: i32) -> Option<Dial> {
        Dial::ALL.into_iter().find(|dial| dial.number() == number)
    }

    /// Whether the request reaches the other side.
    pub fn lands(self) -> bool {
        self != Dial::LoseRequest
    }

    /// Whether the caller gets an answer.
    pub fn answers(self) -> bool {
        !matches!(self, Dial::LoseRequest | Dial::LoseAnswer)
    }

    /// The verdict of a check under this dial.
    pub fn over(self, verdict: Verdict) -> Verdict {
        match self {
            Dial::Refuse => Verdict::Fail,
            Dial::LoseRequest => Verdict::LostRequest,
            Dial::LoseAnswer => Verdict::LostAnswer,
            _ => verdict,
        }
    }
}

/// Hook methods that have a dial.
pub const METHODS: [&str; 35] = [
    "VerificationHook/CheckIdentity",
    "VerificationHook/CheckCarrier",
    "VerificationHook/CheckFace",
    "VerificationHook/SendMessage",
    "PaymentChannel/CreatePayment",
    "PaymentChannel/QueryPayment",
    "PaymentChannel/ClosePayment",
    "PaymentChannel/RefundPayment",
    "PaymentChannel/QueryRefund",
    "PaymentChannel/FetchStatement",
    "PaymentWire/Create",
    "PaymentWire/Query",
    "PaymentWire/Close",
    "PaymentWire/Refund",
    "PaymentWire/QueryRefund",
    "PaymentWire/Notice",
    "PaymentWire/Bill",
    "PaymentWire/BillFile",
    "PaymentWire/Certificates",
    "InsurerHook/Settle",
    "InsurerHook/Reverse",
    "InsurerHook/QueryMessage",
    "InsurerHook/Trial",
    "InsurerHook/Revoke",
    "InsurerHook/GetYearSums",
    "MobilePayment/UploadFee",
    "MobilePayment/PayOrder",
    "MobilePayment/RefundOrder",
    "MobilePayment/QueryOrder",
    "MobilePayment/RevokeOrder",
    "CourierHook/CreateJob",
    "CourierHook/QueryJob",
    "CourierHook/CancelJob",
    "HospitalHook/NotifyReview",
    "HospitalHook/NotifySettlement",
];

/// Whether a dial with this pattern concerns a call that carries these numbers; an empty pattern concerns all.
pub fn concerns(pattern: &str, keys: &[&str]) -> bool {
    pattern.is_empty() || keys.iter().any(|key| key.contains(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_both_ways() {
        for dial in Dial::ALL {
            assert_eq!(Dial::from_number(dial.number()), Some(dial));
        }
        assert_eq!(Dial::from_number(17), None);
    }

    #[test]
    fn what_does_not_land_does_not_answer() {
        for dial in Dial::ALL {
            assert!(dial.lands() || !dial.answers());
        }
    }

    #[test]
    fn an_empty_pattern_concerns_every_call() {
        assert!(concerns("", &[]));
        assert!(concerns("77", &["a", "b778"]));
        assert!(!concerns("99", &["a", "b778"]));
    }
}
