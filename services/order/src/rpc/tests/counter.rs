//! Sales at the counter that an order takes over.

use liufang_kernel::{Quantity, Sensitive};
use liufang_platform::PrincipalKind;
use liufang_proto::identity::v1::RedeemPresenceResponse;
use liufang_proto::inventory::v1::ReserveRequest;
use liufang_proto::prescription::v1::{RecordDispenseRequest, TakeOverSaleRequest};
use liufang_proto::settlement::v1::AuthoriseRequest;

use super::stub::block;
use super::{Bench, bench, counter, is, prescription, refused};
use crate::app::{GiveBack, Pay, PayCounter, Place, Requote, View};
use crate::domain::{Channel, State};
use crate::error::{self, OrderError};

impl Bench {
    async fn sale(&self, key: &str, body: Place) -> Result<View, OrderError> {
        self.app.place_counter(self.pos(key, body)).await
    }

    async fn till(&self, key: &str, id: &str, presence: &str) -> Result<View, OrderError> {
        let (order_id, quote_id) = (id.to_owned(), "quo_1".to_owned());
        let pay = Pay { order_id, quote_id, channel: Some(Channel::Till), buyer: None };
        let body = PayCounter { pay, presence: Sensitive::new(presence.to_owned()) };
        self.app.pay_counter(self.pos(key, body)).await
    }

    fn shows(&self, person_id: &str) {
        self.peers.answer("RedeemPresence", &RedeemPresenceResponse { person_id: person_id.to_owned() });
    }
}

#[test]
fn a_sale_is_settled_handed_out_and_taken_back() {
    block(async {
        let bench = bench().await;
        let placed = bench.sale("key-sale", counter()).await.unwrap();
        is(&placed, State::AwaitingPayment);
        assert_eq!((placed.person_id.as_str(), placed.platform.as_str()), ("per_1", ""));
        assert!(bench.sale("key-sale", counter()).await.unwrap() == placed);
        assert_eq!(bench.peers.writes(), ["Reserve", "TakeOverSale", "CreateQuote"]);
        let taken: TakeOverSaleRequest = bench.peers.asked("TakeOverSale");
        assert_eq!((taken.sale_id.as_str(), taken.secret.as_str()), ("ctr_1", "secret"));
        assert_eq!(taken.order_id, placed.id);

        assert_eq!(refused(bench.till("key-pay-1", &placed.id, "").await), "PRESENCE_REQUIRED");
        bench.shows("per_2");
        assert_eq!(refused(bench.till("key-pay-2", &placed.id, "proof").await), "PRESENCE_OF_OTHER_PERSON");
        bench.shows("per_1");
        is(&bench.till("key-pay-3", &placed.id, "proof").await.unwrap(), State::Paid);
        let asked: AuthoriseRequest = bench.peers.asked("Authorise");
        assert!(asked.channel() == liufang_proto::common::v1::Channel::Till);
        is(&bench.till("key-pay-3", &placed.id, "proof").await.unwrap(), State::Paid);
        let proofs = bench.peers.keys("RedeemPresence");
        assert_eq!(proofs.len(), 2, "a repeat spends nothing more: {proofs:?}");
        bench.peers.writes();

        let done = bench.dispense("key-dispense", &placed.id).await.unwrap();
        is(&done.order, State::Completed);
        assert_eq!(bench.peers.writes(), ["Commit", "RecordDispense"]);
        let recorded: RecordDispenseRequest = bench.peers.asked("RecordDispense");
        assert!(recorded.last && recorded.order_id == placed.id);
        let body = GiveBack {
            order_id: placed.id.clone(),
            reason: Sensitive::new("包装破损".to_owned()),
            scans: vec![],
        };
        is(&bench.app.give_back(bench.pos("key-back", body)).await.unwrap(), State::Refunded);
        assert_eq!(bench.peers.writes(), ["ReturnSale", "ReverseDispense", "Refund"]);
    });
}

#[test]
fn what_is_refused_keeps_the_claim_where_it_can() {
    block(async {
        let bench = bench().await;
        let mut other = bench.pos("key-other", counter());
        other.meta.principal.subject = "P13030200002".to_owned();
        assert_eq!(refused(bench.app.place_counter(other).await), "PRESCRIPTION_NOT_FOUND");
        assert!(bench.peers.writes().is_empty());
        bench.peers.refuse("Reserve", &error::SCHEME_NOT_OPEN);
        assert_eq!(refused(bench.sale("key-short", counter()).await), "SCHEME_NOT_OPEN");
        assert!(bench.peers.keys("TakeOverSale").is_empty(), "a shelf that is short takes nothing over");
        bench.peers.refuse("TakeOverSale", &error::PRESCRIPTION_NOT_ACTIVE);
        assert_eq!(refused(bench.sale("key-wrong", counter()).await), "PRESCRIPTION_NOT_ACTIVE");
        bench.peers.writes();
        let part = |quantity: i64| {
            let mut own = counter();
            own.sale.as_mut().unwrap().lines = vec![(1, Some(Quantity::whole(quantity)))];
            own
        };
        assert_eq!(refused(bench.sale("key-much", part(3)).await), "INVALID_REQUEST");
        assert!(bench.peers.writes().is_empty());
        assert!(bench.sale("key-part", part(1)).await.is_ok());
        let held: ReserveRequest = bench.peers.asked("Reserve");
        assert_eq!(held.lines[0].quantity, "1");
    });
}

#[test]
fn the_counter_pays_and_cancels_its_own_sales_alone() {
    block(async {
        let bench = bench().await;
        let renewal = bench.place("key-place", prescription()).await.unwrap();
        assert_eq!(refused(bench.till("key-pay-1", &renewal.id, "").await), "ORDER_NOT_FOUND");
        let again = |id: &str| Requote { order_id: id.to_owned(), payers: Default::default() };
        let requote = |key: &str, id: &str| bench.app.requote(bench.pos(key, again(id)));
        assert_eq!(refused(requote("key-quote-1", &renewal.id).await), "ORDER_NOT_FOUND");
        let cancel = |key: &str, id: &str| bench.app.cancel_counter(bench.pos(key, id.to_owned()));
        assert_eq!(refused(cancel("key-cancel-1", &renewal.id).await), "ORDER_NOT_FOUND");
        let placed = bench.sale("key-sale", counter()).await.unwrap();
        is(&requote("key-quote-2", &placed.id).await.unwrap(), State::AwaitingPayment);
        let stranger = bench.call(PrincipalKind::Pos, "P13030200002", "key-x", placed.id.clone());
        assert_eq!(refused(bench.app.cancel_counter(stranger).await), "ORDER_NOT_FOUND");
        bench.peers.writes();
        let cancelled = cancel("key-cancel-2", &placed.id).await.unwrap();
        assert_eq!(
            (cancelled.state.as_str(), cancelled.cancel_reason.as_str()),
            ("cancelled", "CANCELLED_AT_COUNTER")
        );
        assert_eq!(bench.peers.writes(), ["Release", "ReleaseNomination"]);
    });
}

/// Whoever falls silent, the same steps are made again under the same keys, and nothing is made twice.
#[test]
fn every_silence_is_made_good() {
    block(async {
        for method in
            ["Reserve", "TakeOverSale", "CreateQuote", "Authorise", "Capture", "Commit", "RecordDispense"]
        {
            let bench = bench().await;
            for _ in 0..8 {
                bench.peers.silence(method);
            }
            // what has no answer may be answered by the next try, which is the worker's or the caller's own
            let mut placed = bench.sale("key-sale", counter()).await;
            if placed.is_err() {
                bench.recovered().await;
                placed = bench.sale("key-sale", counter()).await;
            }
            let id = placed.unwrap_or_else(|error| panic!("{method}: {error}")).id;
            for _ in 0..8 {
                bench.shows("per_1");
            }
            let mut paid = bench.till("key-pay", &id, "proof").await;
            if !paid.as_ref().is_ok_and(|view| view.state == State::Paid) {
                bench.recovered().await;
                bench.shows("per_1");
                paid = bench.till("key-pay", &id, "proof").await;
            }
            paid.unwrap_or_else(|error| panic!("{method}: {error}"));
            if bench.dispense("key-dispense", &id).await.is_err() {
                bench.recovered().await;
                bench.dispense("key-dispense", &id).await.unwrap_or_else(|error| panic!("{method}: {error}"));
            }
            is(&bench.get(&id).await, State::Completed);
            for step in
                ["Reserve", "TakeOverSale", "CreateQuote", "Authorise", "Capture", "Commit", "RecordDispense"]
            {
                let mut keys = bench.peers.keys(step);
                keys.dedup();
                assert_eq!(keys.len(), 1, "{method}: {step} under one key");
            }
        }
    });
}

impl Bench {
    /// Peers answer again, and the worker goes on.
    async fn recovered(&self) {
        self.peers.forget_script();
        self.world.clock.advance_seconds(30);
        self.app.resume_step().await.unwrap();
    }
}
