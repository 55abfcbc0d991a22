//! Why the order service itself says no; refusals of other services pass through as they are.

use super::State;

/// A refusal by state or by the order's own rules. The words are the reasons of the published registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the order has ended ({})", .0.as_str())]
    Ended(State),
    #[error("the order's state forbids it ({})", .0.as_str())]
    StateForbids(State),
    #[error("the pharmacist has not passed the prescription yet")]
    ReviewNotPassed,
    #[error("the payment has no outcome yet")]
    PaymentPending,
    #[error("the quote has expired or is not the present one")]
    QuoteExpired,
    #[error("a cash part is left and no channel was chosen")]
    ChannelRequired,
    #[error("the collection code is wrong")]
    CollectionCodeWrong { left: u32 },
    #[error("too many wrong collection codes")]
    CodeGuessing { retry_after_ms: u64 },
}
