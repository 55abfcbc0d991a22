//! A channel's answers. What nobody can vouch for is [`Said::Unknown`]: never a refusal, never a payment.

use liufang_kernel::{Fen, Sensitive};

use super::order::{Order, RefundState, State};

/// Answer to creating an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    Open(Sensitive<String>),
    Paid {
        amount: Fen,
        trade_no: String,
    },
    /// With the channel's code.
    Refused(String),
    Unknown,
}

/// How the channel says an order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    NotFound,
    Open,
    Paid {
        amount: Fen,
        trade_no: String,
    },
    Closed,
    /// Paid once; something went back, all of it or a part.
    Returned {
        amount: Fen,
        trade_no: String,
    },
    Unknown,
}

/// How the channel says a refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundSaid {
    Accepted,
    Processing,
    Refused(String),
    NotFound,
    Unknown,
}

/// What we say of an order after asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub state: State,
    pub amount: Fen,
    pub trade_no: String,
    pub refunded: Fen,
}

impl Order {
    /// The order's state in the light of what the channel says, with `refunded` by our own refunds; none: not found at the
    /// channel, and nothing says that it ever was there.
    pub fn told(&self, said: &Said, refunded: Fen) -> Option<Told> {
        let plain =
            |state| Told { state, amount: self.amount, trade_no: self.channel_trade_no.clone(), refunded };
        match said {
            // a code to scan is unknown to some channels until it is scanned
            Said::NotFound if self.state == State::Open => Some(plain(State::Open)),
            Said::NotFound if matches!(self.state, State::Closed | State::Refused) => Some(plain(self.state)),
            Said::NotFound | Said::Unknown => None,
            Said::Open => Some(plain(State::Open)),
            Said::Closed => Some(plain(State::Closed)),
            Said::Paid { amount, trade_no } => {
                Some(Told { state: State::Paid, amount: *amount, trade_no: trade_no.clone(), refunded })
            }
            // less went back by us than was paid, and something did: the rest is still there
            Said::Returned { amount, trade_no } if Fen::ZERO < refunded && refunded < *amount => {
                Some(Told { state: State::Paid, amount: *amount, trade_no: trade_no.clone(), refunded })
            }
            Said::Returned { amount, trade_no } => Some(Told {
                state: State::Refunded,
                amount: *amount,
                trade_no: trade_no.clone(),
                refunded: *amount,
            }),
        }
    }
}

impl RefundSaid {
    /// The state to keep; none while nothing is known.
    pub fn state(&self) -> Option<RefundState> {
        match self {
            RefundSaid::Accepted => Some(RefundState::Accepted),
            RefundSaid::Processing => Some(RefundState::Processing),
            RefundSaid::Refused(_) => Some(RefundState::Refused),
            RefundSaid::NotFound | RefundSaid::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::Timestamp;

    use super::super::order::{Channel, Scene};
    use super::*;

    fn order(state: State) -> Order {
        Order {
            channel: Channel::Wechat,
            channel_order_no: "N".into(),
            scene: Scene::Qr,
            amount: Fen(500),
            freight: Fen(0),
            state,
            channel_trade_no: String::new(),
            request: Sensitive::default(),
            pay_params: Sensitive::default(),
            expires_at: Timestamp(0),
        }
    }

    #[test]
    fn silence_and_absence_are_not_the_same() {
        for state in [State::Intent, State::Open, State::Paid, State::Closed, State::Refused] {
            assert_eq!(order(state).told(&Said::Unknown, Fen(0)), None);
        }
        let of = |state| order(state).told(&Said::NotFound, Fen(0)).map(|told| told.state);
        assert_eq!(of(State::Intent), None);
        assert_eq!(of(State::Open), Some(State::Open), "not scanned yet");
        assert_eq!(of(State::Closed), Some(State::Closed));
    }

    #[test]
    fn another_amount_is_told_as_it_is() {
        let said = Said::Paid { amount: Fen(499), trade_no: "T".into() };
        assert_eq!(order(State::Open).told(&said, Fen(0)).unwrap().amount, Fen(499));
    }

    #[test]
    fn a_part_given_back_leaves_the_rest_paid() {
        let said = Said::Returned { amount: Fen(500), trade_no: "T".into() };
        let of = |refunded| order(State::Paid).told(&said, Fen(refunded)).unwrap().state;
        assert_eq!(of(200), State::Paid);
        assert_eq!(of(500), State::Refunded);
        assert_eq!(of(0), State::Refunded, "not by us: somebody must look");
    }
}
