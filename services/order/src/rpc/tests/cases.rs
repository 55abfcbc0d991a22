//! One test per promise.

use std::time::Duration;

use liufang_proto::settlement::v1::{CreateQuoteResponse, PaymentState, Quote};

use super::stub::{block, payment_in};
use super::{bench, consultation, event, is, otc, prescription, refused};
use crate::domain::{Journey, Payment, State};
use crate::error;

#[test]
fn an_otc_order_reaches_the_door() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        is(&placed, State::AwaitingPayment);
        let twice = bench.place("key-place", otc()).await.unwrap();
        assert!(placed == twice, "the same key twice gives the same answer");
        assert_eq!(bench.peers.writes(), ["Reserve", "CreateQuote"], "and has its effect once");
        let paid = bench.pay("key-pay-1", &placed.id).await.unwrap();
        is(&paid, State::Paid);
        assert_eq!(bench.peers.writes(), ["Authorise", "Capture", "Extend", "CreateDelivery"]);
        let dispensed = bench.dispense("key-dispense", &placed.id).await.unwrap();
        assert_eq!(dispensed.hand_over_code, "654321");
        assert_eq!(bench.peers.writes(), ["Commit", "MarkReady"]);
        bench.app.on_delivery(&event("evt_1"), &placed.id, Journey::PickedUp).await.unwrap();
        bench.app.on_delivery(&event("evt_2"), &placed.id, Journey::Delivered).await.unwrap();
        is(&bench.get(&placed.id).await, State::Completed);
        let story = "placed reserved quoted paying authorised paid delivery_created dispensing sold dispensed picked_up delivered";
        assert_eq!(bench.story(&placed.id).await, story);
    });
}

#[test]
fn a_prescription_waits_for_its_review_and_is_collected() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", prescription()).await.unwrap();
        is(&placed, State::AwaitingPharmacy);
        assert_eq!(refused(bench.pay("key-pay-0", &placed.id).await), "REVIEW_NOT_PASSED");
        bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
        bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
        is(&bench.get(&placed.id).await, State::AwaitingPayment);
        let paid = bench.pay("key-pay-1", &placed.id).await.unwrap();
        assert_eq!(paid.collection_code.len(), 6);
        let dispensed = bench.dispense("key-dispense", &placed.id).await.unwrap();
        is(&dispensed.order, State::Dispensed);
        assert!(dispensed.order.collection_code.is_empty(), "the pharmacy does not see the code");
        let wrong = if paid.collection_code == "100000" { "100001" } else { "100000" };
        assert_eq!(refused(bench.collect("key-wrong", &placed.id, wrong).await), "COLLECTION_CODE_WRONG");
        is(&bench.collect("key-right", &placed.id, &paid.collection_code).await.unwrap(), State::Completed);
        let writes = "Nominate Reserve CreateQuote Authorise Capture Extend Commit RecordDispense";
        assert_eq!(bench.peers.writes().join(" "), writes);
    });
}

#[test]
fn a_consultation_is_paid_and_taken_back() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", consultation()).await.unwrap();
        is(&bench.pay("key-pay-1", &placed.id).await.unwrap(), State::Completed);
        let back = bench.app.cancel(bench.patient("key-cancel", placed.id.clone())).await.unwrap();
        is(&back, State::Refunded);
        let writes = "CreateQuote Authorise Capture MarkVisitPaid ReleaseVisit Refund";
        assert_eq!(bench.peers.writes().join(" "), writes);
    });
}

#[test]
fn a_refused_placing_leaves_nothing_and_may_be_tried_again() {
    block(async {
        let bench = bench().await;
        bench.peers.refuse("CreateQuote", &error::IDENTITY_NOT_VERIFIED);
        assert_eq!(refused(bench.place("key-place", otc()).await), "IDENTITY_NOT_VERIFIED");
        assert_eq!(bench.peers.writes(), ["Reserve", "CreateQuote", "Release"]);
        is(&bench.place("key-place", otc()).await.unwrap(), State::AwaitingPayment);
    });
}

#[test]
fn a_silent_peer_is_asked_again_under_the_same_key() {
    block(async {
        let bench = bench().await;
        // the client stack repeats idempotent calls by itself: more silence than it has patience for
        for _ in 0..8 {
            bench.peers.silence("Reserve");
        }
        assert_eq!(refused(bench.place("key-place", otc()).await), "PEER_UNAVAILABLE");
        bench.peers.forget_script();
        bench.world.clock.advance_seconds(30);
        bench.app.resume_step().await.unwrap();
        is(&bench.place("key-place", otc()).await.unwrap(), State::AwaitingPayment);
        let mut keys = bench.peers.keys("Reserve");
        keys.dedup();
        assert_eq!(keys.len(), 1, "one key however often it was asked");
    });
}

#[test]
fn a_pending_payment_is_resolved_by_asking_or_by_news() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.peers.answer("Capture", &payment_in(PaymentState::Pending));
        bench.peers.answer("GetPayment", &payment_in(PaymentState::Pending));
        is(&bench.pay("key-pay-1", &placed.id).await.unwrap(), State::Paying);
        assert_eq!(
            refused(bench.app.cancel(bench.patient("key-cancel", placed.id.clone())).await),
            "PAYMENT_PENDING"
        );
        bench.world.clock.advance_seconds(30);
        bench.app.resume_step().await.unwrap();
        is(&bench.get(&placed.id).await, State::Paid);
        let late = Payment::Captured { setl_id: "stl_1".to_owned() };
        bench.app.on_payment(&event("evt_1"), &placed.id, "pay_1", late).await.unwrap();
        assert_eq!(bench.peers.writes().iter().filter(|own| *own == "CreateDelivery").count(), 1);
    });
}

#[test]
fn a_failed_payment_leaves_the_order_open_for_a_fresh_quote() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.peers.answer("Capture", &payment_in(PaymentState::Failed));
        assert_eq!(refused(bench.pay("key-pay-1", &placed.id).await), "PAYMENT_REFUSED");
        assert_eq!(refused(bench.pay("key-pay-2", &placed.id).await), "QUOTE_EXPIRED");
        let again = crate::app::Requote { order_id: placed.id.clone(), payers: Default::default() };
        bench.app.requote(bench.patient("key-requote", again)).await.unwrap();
        is(&bench.pay("key-pay-3", &placed.id).await.unwrap(), State::Paid);
    });
}

#[test]
fn an_unpaid_order_closes_itself_and_frees_what_it_held() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", prescription()).await.unwrap();
        bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
        bench.peers.writes();
        assert_eq!(bench.app.close_unpaid_step().await.unwrap(), 0);
        bench.world.clock.advance_seconds(3600);
        assert_eq!(bench.app.close_unpaid_step().await.unwrap(), 1);
        let closed = bench.get(&placed.id).await;
        assert_eq!((closed.state.as_str(), closed.cancel_reason.as_str()), ("cancelled", "UNPAID"));
        assert_eq!(bench.peers.writes(), ["Release", "ReleaseNomination"]);
        assert_eq!(refused(bench.pay("key-pay-1", &placed.id).await), "ORDER_ENDED");
    });
}

#[test]
fn a_refused_scan_may_be_scanned_again() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        bench.peers.refuse("Commit", &error::VISIT_NOT_OPEN);
        assert_eq!(refused(bench.dispense("key-dispense", &placed.id).await), "VISIT_NOT_OPEN");
        is(&bench.get(&placed.id).await, State::Paid);
        is(&bench.dispense("key-dispense", &placed.id).await.unwrap().order, State::Dispensed);
    });
}

#[test]
fn another_sees_nothing() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        let stranger =
            bench.call(liufang_platform::PrincipalKind::Patient, "per_2", "key", placed.id.clone());
        assert_eq!(refused(bench.app.get(stranger).await), "ORDER_NOT_FOUND");
    });
}

#[test]
fn a_quote_over_another_sum_is_never_shown() {
    block(async {
        let bench = bench().await;
        let wrong = Quote { quote_id: "quo_2".to_owned(), total_fen: 1, ..Default::default() };
        bench.peers.answer("CreateQuote", &CreateQuoteResponse { quote: Some(wrong) });
        assert_eq!(refused(bench.place("key-place", otc()).await), "INTERNAL");
    });
}

#[test]
fn paying_and_cancelling_at_once_have_one_winner() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        let cancel = bench.app.cancel(bench.patient("key-cancel", placed.id.clone()));
        let (paid, cancelled) = tokio::join!(bench.pay("key-pay-1", &placed.id), cancel);
        let state = bench.get(&placed.id).await.state;
        match (paid.is_ok(), cancelled.is_ok()) {
            (false, true) => assert_eq!(state, State::Cancelled),
            (true, false) => assert_eq!(state, State::Paid),
            // paid first, then taken back
            (true, true) => assert_eq!(state, State::Refunded),
            (false, false) => panic!("nobody won"),
        }
    });
}

#[test]
fn returned_goods_bring_the_money_back() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        bench.dispense("key-dispense", &placed.id).await.unwrap();
        bench.app.on_delivery(&event("evt_1"), &placed.id, Journey::Delivered).await.unwrap();
        bench.peers.writes();
        let body =
            || crate::app::GiveBack { order_id: placed.id.clone(), reason: "包装破损".to_owned().into() };
        let back = bench.app.give_back(bench.pos("key-return", body())).await.unwrap();
        is(&back, State::Refunded);
        assert_eq!(bench.peers.writes(), ["ReturnSale", "Refund"]);
        assert_eq!(refused(bench.app.give_back(bench.pos("key-return-2", body())).await), "ORDER_ENDED");
    });
}

#[test]
fn a_paid_order_is_taken_back_before_dispensing() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        bench.peers.writes();
        bench.peers.answer("Refund", &payment_in(PaymentState::Refunding));
        bench.peers.answer("GetPayment", &payment_in(PaymentState::Refunding));
        let back = bench.app.cancel(bench.patient("key-cancel", placed.id.clone())).await.unwrap();
        is(&back, State::Refunding);
        assert_eq!(bench.peers.writes(), ["CancelDelivery", "Release", "Refund"]);
        bench.app.on_refunded(&event("evt_1"), &placed.id).await.unwrap();
        is(&bench.get(&placed.id).await, State::Refunded);
    });
}

#[test]
fn twins_under_one_key_have_one_effect() {
    block(async {
        let bench = bench().await;
        let (first, second) = tokio::join!(bench.place("key-place", otc()), bench.place("key-place", otc()));
        assert!(first.unwrap() == second.unwrap());
        let mut keys = bench.peers.keys("Reserve");
        keys.dedup();
        assert_eq!(keys.len(), 1);
        let id = bench.place("key-place", otc()).await.unwrap().id;
        let (first, second) = tokio::join!(bench.pay("key-pay-1", &id), bench.pay("key-pay-1", &id));
        is(&first.unwrap(), State::Paid);
        is(&second.unwrap(), State::Paid);
        let mut keys = bench.peers.keys("Authorise");
        keys.dedup();
        assert_eq!(keys.len(), 1);
    });
}

#[test]
fn a_crash_in_the_middle_of_a_payment_is_made_good_by_the_worker() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.peers.hang("Capture");
        // the process dies when the money has moved and the answer has not come
        let pay = tokio::time::timeout(Duration::from_millis(500), bench.pay("key-pay-1", &placed.id));
        assert!(pay.await.is_err());
        is(&bench.get(&placed.id).await, State::Paying);
        assert_eq!(
            bench.app.resume_step().await.unwrap(),
            0,
            "the step is leased until its maker must be dead"
        );
        bench.world.clock.advance_seconds(60);
        assert_eq!(bench.app.resume_step().await.unwrap(), 1);
        is(&bench.get(&placed.id).await, State::Paid);
        let keys = bench.peers.keys("Capture");
        assert!(keys.len() == 2 && keys[0] == keys[1], "asked again under the same key");
        assert_eq!(bench.peers.keys("Authorise").len(), 1);
    });
}

#[test]
fn another_pharmacy_ends_the_order_that_still_waited() {
    block(async {
        let bench = bench().await;
        let first = bench.place("key-place-1", prescription()).await.unwrap();
        let second = bench.place("key-place-2", prescription()).await.unwrap();
        assert_eq!(bench.get(&first.id).await.cancel_reason, "REPLACED");
        is(&bench.get(&second.id).await, State::AwaitingPharmacy);
    });
}

#[test]
fn a_refused_review_and_a_lost_prescription_end_the_order() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place-1", prescription()).await.unwrap();
        bench.app.on_review(&event("evt_1"), &placed.id, false).await.unwrap();
        assert_eq!(bench.get(&placed.id).await.cancel_reason, "REFUSED");
        let placed = bench.place("key-place-2", prescription()).await.unwrap();
        bench.app.on_review(&event("evt_2"), &placed.id, true).await.unwrap();
        bench.app.on_release(&event("evt_3"), &placed.id, "GIVEN_BACK").await.unwrap();
        assert_eq!(bench.get(&placed.id).await.cancel_reason, "GIVEN_BACK");
    });
}

#[test]
fn a_late_end_of_an_earlier_payment_does_not_end_the_present_one() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.peers.answer("Capture", &payment_in(PaymentState::Pending));
        bench.peers.answer("GetPayment", &payment_in(PaymentState::Pending));
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        let stray = Payment::Ended { reason: "EXPIRED".to_owned() };
        bench.app.on_payment(&event("evt_1"), &placed.id, "pay_0", stray).await.unwrap();
        is(&bench.get(&placed.id).await, State::Paying);
    });
}

#[test]
fn who_may_buy_what_where() {
    block(async {
        let bench = bench().await;
        let mut closed = super::stub::institution();
        closed.institution.as_mut().unwrap().agreement_state = 2;
        bench.peers.answer("GetInstitution", &closed);
        assert_eq!(refused(bench.place("key-place", otc()).await), "INSTITUTION_NOT_DESIGNATED");
        let mut plain = super::stub::institution();
        plain.institution.as_mut().unwrap().capabilities.clear();
        bench.peers.answer("GetInstitution", &plain);
        assert_eq!(refused(bench.place("key-place", otc()).await), "INSTITUTION_NOT_CAPABLE");
        let unknown = liufang_proto::identity::v1::GetPersonForServiceResponse {
            person: Some(Default::default()),
            ..Default::default()
        };
        bench.peers.answer("GetPersonForService", &unknown);
        assert_eq!(refused(bench.place("key-place", otc()).await), "IDENTITY_NOT_VERIFIED");
        let pick_up =
            crate::app::Place { fulfilment: crate::domain::Fulfilment::PickUp, door: None, ..otc() };
        assert_eq!(refused(bench.place("key-place", pick_up).await), "FULFILMENT_NOT_OFFERED");
        let hasty = crate::app::Place { risk_confirmed: false, ..prescription() };
        assert_eq!(refused(bench.place("key-place", hasty).await), "RISK_NOT_CONFIRMED");
        assert!(bench.peers.writes().is_empty(), "a refusal changes nothing anywhere");
    });
}

#[test]
fn the_list_is_paged_newest_first() {
    block(async {
        let bench = bench().await;
        for n in 0..3 {
            bench.place(&format!("key-place-{n}"), otc()).await.unwrap();
        }
        let ask = |after| crate::app::ListOrders { states: Vec::new(), size: 2, after };
        let first = bench.app.list(bench.patient("unused", ask(None))).await.unwrap();
        let rest = bench.app.list(bench.patient("unused", ask(first.next.clone()))).await.unwrap();
        assert_eq!((first.orders.len(), rest.orders.len(), rest.next.is_none()), (2, 1, true));
        assert!(rest.orders[0].created_at <= first.orders[1].created_at);
    });
}

#[test]
fn of_many_payments_at_once_one_goes_through() {
    block(async {
        let bench = bench().await;
        let id = bench.place("key-place", otc()).await.unwrap().id;
        let keys: Vec<String> = (0..8).map(|n| format!("key-pay-{n}")).collect();
        let tries = futures::future::join_all(keys.iter().map(|key| bench.pay(key, &id))).await;
        let (paid, lost): (Vec<_>, Vec<_>) = tries.into_iter().partition(Result::is_ok);
        assert_eq!(paid.len(), 1);
        for reason in lost.into_iter().map(refused) {
            assert!(
                ["PAYMENT_PENDING", "ORDER_STATE_FORBIDS", "ORDER_CHANGED"].contains(&reason.as_str()),
                "{reason}"
            );
        }
        assert_eq!(bench.peers.keys("Authorise").len(), 1);
    });
}

#[test]
fn a_story_is_followed_to_its_end() {
    block(async {
        use futures::StreamExt as _;
        use liufang_proto::order::v1::order_service_server::OrderService as _;
        use liufang_proto::order::v1::{OrderState, WatchOrderRequest};
        let bench = bench().await;
        let id = bench.place("key-place", otc()).await.unwrap().id;
        let rpc = crate::rpc::OrderRpc::new(bench.app.clone(), bench.world.deps.calls());
        let ask = WatchOrderRequest { order_id: id.clone(), after_sequence: 1, stop_at_end: false };
        let mut request = tonic::Request::new(ask);
        let caller = liufang_platform::stack::Caller {
            principal: bench.patient("unused", ()).meta.principal,
            ..Default::default()
        };
        request.extensions_mut().insert(caller);
        let stream = rpc.watch_order(request).await.unwrap().into_inner();
        bench.app.cancel(bench.patient("key-cancel", id)).await.unwrap();
        let lines: Vec<_> = stream.map(|line| line.unwrap().event.unwrap()).collect().await;
        let last = lines.last().unwrap();
        assert!(last.step == "cancelled" && last.state() == OrderState::Cancelled);
        assert!(lines[0].sequence == 2 && lines[0].state() == OrderState::AwaitingPayment);
    });
}
