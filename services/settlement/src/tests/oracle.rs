//! What the books must say after any history: a second, much smaller account of the same rules, without database, ledger, journal or
//! machine. It decides what an operation must answer, which ways a payment may go, and every balance to the fen.

use std::collections::BTreeMap;

use crate::domain::benefit::LegKind;
use crate::domain::payment::{Payment, PaymentState};

/// A payment as the oracle knows it.
pub struct Known {
    pub payment: Payment,
    pub institution: &'static str,
    pub region: &'static str,
    pub capture_asked: bool,
    pub void_asked: bool,
    pub refund_asked: bool,
}

/// A quote, and what it was made on.
pub struct Offer {
    pub quote: crate::domain::quote::Quote,
    /// How often the person's fund share had moved when it was made.
    pub fund_moves: usize,
    pub used: bool,
}

/// The second account.
#[derive(Default)]
pub struct Oracle {
    pub payments: BTreeMap<String, Known>,
    pub offers: Vec<Offer>,
    /// Credits by row key: who, whose fund, how much.
    pub credits: BTreeMap<String, (String, &'static str, i64)>,
}

/// States nothing leads out of.
pub fn has_ended(state: PaymentState) -> bool {
    use PaymentState::{Expired, Failed, Refunded, Voided};
    matches!(state, Voided | Expired | Failed | Refunded)
}

impl Known {
    pub fn new(payment: Payment, institution: &'static str, region: &'static str) -> Known {
        Known { payment, institution, region, capture_asked: false, void_asked: false, refund_asked: false }
    }

    pub fn state(&self) -> PaymentState {
        self.payment.state
    }

    pub fn uses_fund(&self) -> bool {
        self.payment.legs.iter().any(|leg| leg.kind == LegKind::Fund)
    }

    /// Whether a payment may have gone from what is known of it to `to` by itself or by what was asked of it.
    fn may_become(&self, to: PaymentState, overdue: bool) -> bool {
        use PaymentState::{Authorised, Captured, Expired, Failed, Pending, Refunded, Refunding, Voided};
        let (captured, refunded) = (self.capture_asked, self.refund_asked);
        match (self.state(), to) {
            (from, to) if from == to => true,
            (Authorised, Voided) => self.void_asked,
            (Authorised, Expired) => overdue || captured,
            (Authorised, Pending | Captured | Failed) => captured,
            (Pending, Captured | Failed) => true,
            (Pending, Expired) => overdue || self.void_asked,
            (Captured, Refunding | Refunded) => refunded,
            (Refunding, Refunded) => true,
            _ => false,
        }
    }

    /// Takes what the service says of it now.
    ///
    /// # Panics
    /// It went a way that no payment goes, or something of it changed that never does.
    pub fn hear(&mut self, now: Payment, overdue: bool, place: &str) {
        assert!(
            self.may_become(now.state, overdue),
            "{place}: {} went from {:?} to {:?}",
            now.payment_id,
            self.state(),
            now.state
        );
        let before = &self.payment;
        assert_eq!((&now.legs, &now.channel_order_no), (&before.legs, &before.channel_order_no), "{place}");
        let total: i64 = now.legs.iter().map(|leg| leg.amount.0).sum();
        let back = if now.state == PaymentState::Refunded { total } else { 0 };
        assert_eq!(now.refunded.0, back, "{place}: all of it goes back, once");
        self.payment = now;
    }

    fn shares(&self, person: &str) -> i64 {
        let own = self.payment.legs.iter().filter(|leg| leg.payer_person_id == person);
        own.map(|leg| leg.amount.0).sum()
    }

    /// Whether its money stands in the books.
    fn is_booked(&self) -> bool {
        matches!(self.state(), PaymentState::Captured | PaymentState::Refunding)
    }

    /// Whether its money is held on the accounts.
    fn is_held(&self) -> bool {
        matches!(self.state(), PaymentState::Authorised | PaymentState::Pending)
    }
}

impl Oracle {
    /// Balance and held amount of an account.
    pub fn account(&self, person: &str) -> (i64, i64) {
        let credited: i64 = self.credits.values().filter(|row| row.0 == person).map(|row| row.2).sum();
        let sum = |counts: fn(&Known) -> bool| -> i64 {
            self.payments.values().filter(|known| counts(known)).map(|known| known.shares(person)).sum()
        };
        (credited - sum(Known::is_booked), sum(Known::is_held))
    }

    /// How often the fund share of a person has moved.
    pub fn fund_moves(&self, person: &str) -> usize {
        let own =
            self.payments.values().filter(|known| known.payment.person_id == person && known.uses_fund());
        own.map(|known| match known.state() {
            PaymentState::Captured | PaymentState::Refunding => 1,
            PaymentState::Refunded => 2,
            _ => 0,
        })
        .sum()
    }

    /// Whether another payment of the person is between its capture and its end.
    pub fn has_twin(&self, id: &str) -> bool {
        let person = &self.payments[id].payment.person_id;
        let others = self.payments.iter().filter(|(other, _)| *other != id);
        others
            .filter(|(_, known)| known.payment.person_id == *person)
            .any(|(_, known)| known.capture_asked && known.state() == PaymentState::Pending)
    }

    /// The reason an authorisation must be refused with; none: it must succeed. Money alone decides here, what comes before it is
    /// the caller's.
    pub fn short(&self, offer: &Offer) -> bool {
        let mut needs: BTreeMap<&str, i64> = BTreeMap::new();
        for leg in offer.quote.legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
            *needs.entry(&leg.payer_person_id).or_default() += leg.amount.0;
        }
        needs.into_iter().any(|(person, need)| {
            let (balance, held) = self.account(person);
            balance - held < need
        })
    }

    /// Every balance of the ledger that is not zero, by region and account.
    pub fn ledger(&self) -> BTreeMap<(String, String), i64> {
        let mut books: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut book = |region: &str, account: String, fen: i64| {
            *books.entry((region.to_owned(), account)).or_default() += fen;
        };
        for (person, region, fen) in self.credits.values() {
            book(region, format!("person:{person}"), *fen);
            book(region, format!("fund:{region}:310"), -fen);
        }
        for known in self.payments.values().filter(|known| known.is_booked()) {
            for leg in &known.payment.legs {
                let fen = leg.amount.0;
                let channel = format!("channel:{}", known.payment.channel);
                let (owed, from) = match leg.kind {
                    LegKind::Fund => ("agency", format!("fund:{}:310", known.region)),
                    LegKind::Channel => (channel.as_str(), channel.clone()),
                    _ => ("agency", format!("person:{}", leg.payer_person_id)),
                };
                book(known.region, format!("receivable:{owed}:{}", known.institution), fen);
                book(known.region, from, -fen);
            }
        }
        books.retain(|_, fen| *fen != 0);
        books
    }
}
