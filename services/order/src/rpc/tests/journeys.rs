//! Orders that go all the way, and all the way back.

use liufang_proto::settlement::v1::PaymentState;

use super::stub::{PHARMACY, block, payment_in};
use super::{bench, consultation, event, is, otc, prescription, refused};
use crate::domain::{Journey, State};

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
        let days: liufang_proto::inventory::v1::PriceBasketRequest = bench.peers.asked("PriceBasket");
        assert_eq!(days.lines[0].use_days, 28, "packs must last until the supply is used up");
        for _ in 0..2 {
            bench.app.on_claim(&event("evt_0"), &placed.id, PHARMACY).await.unwrap();
        }
        is(&bench.get(&placed.id).await, State::AwaitingPharmacy);
        assert_eq!(bench.story(&placed.id).await, "placed nominated claimed");
        bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
        bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
        is(&bench.get(&placed.id).await, State::AwaitingPayment);
        let held: liufang_proto::inventory::v1::ReserveRequest = bench.peers.asked("Reserve");
        assert_eq!(held.lines[0].use_days, 28);
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
fn news_of_a_claim_is_only_told() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", prescription()).await.unwrap();
        bench.app.on_review(&event("evt_1"), &placed.id, true).await.unwrap();
        // the claim's news was slower than the verdict's
        bench.app.on_claim(&event("evt_2"), &placed.id, PHARMACY).await.unwrap();
        is(&bench.get(&placed.id).await, State::AwaitingPayment);
        let story = "placed nominated reviewed reserved quoted claimed";
        assert_eq!(bench.story(&placed.id).await, story);
        // another pharmacy's claim, and news for an order that has ended, are nobody's story
        bench.app.on_claim(&event("evt_3"), &placed.id, "P11010500099").await.unwrap();
        bench.app.cancel(bench.patient("key-cancel", placed.id.clone())).await.unwrap();
        let ended = bench.story(&placed.id).await;
        bench.app.on_claim(&event("evt_4"), &placed.id, PHARMACY).await.unwrap();
        assert_eq!(bench.story(&placed.id).await, ended);
        assert_eq!(ended.matches("claimed").count(), 1);
    });
}

#[test]
fn goods_outside_the_insurance_are_sold_as_such() {
    block(async {
        use liufang_proto::inventory::v1::{CommitRequest, Drug, PriceBasketResponse, PricedLine};
        let bench = bench().await;
        let line = |line_no, hi_mark, amount_fen| PricedLine {
            line_no,
            drug: Some(Drug {
                med_list_codg: "XC08CAB037A001020180517".to_owned(),
                generic_name: "测试药".to_owned(),
                hi_mark,
                controlled: "none".to_owned(),
                ..Default::default()
            }),
            price: "1".to_owned(),
            amount_fen,
            quantity: "1".to_owned(),
            otc_pack: false,
        };
        // line 1 is scanned, line 2 is of the no-code list
        for (marked, expected) in [
            ([true, false], vec![(1, false, 1), (2, true, 0)]),
            ([false, true], vec![(1, true, 1)]),
            ([true, true], vec![(1, false, 1)]),
        ] {
            let outside: i64 = marked.iter().filter(|marked| !**marked).count().try_into().unwrap();
            // the scripted settlement takes 25.00 for what is insured
            let insured = 2500 / (2 - outside);
            let fen = |marked| if marked { insured } else { 700 };
            let lines = vec![line(1, marked[0], fen(marked[0])), line(2, marked[1], fen(marked[1]))];
            bench.peers.answer("PriceBasket", &PriceBasketResponse { lines });
            let key = format!("key-{marked:?}");
            let placed = bench.place(&key, otc()).await.unwrap();
            bench.pay(&format!("{key}-pay"), &placed.id).await.unwrap();
            bench.dispense(&format!("{key}-out"), &placed.id).await.unwrap();
            let sale: CommitRequest = bench.peers.asked("Commit");
            assert!(sale.insured && sale.setl_id == "stl_1");
            let scans = sale.scans.iter().map(|own| (own.line_no, own.self_paid, own.trace_codes.len()));
            assert_eq!(scans.collect::<Vec<_>>(), expected);
        }
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
fn returned_goods_bring_the_money_back() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        bench.dispense("key-dispense", &placed.id).await.unwrap();
        bench.app.on_delivery(&event("evt_1"), &placed.id, Journey::Delivered).await.unwrap();
        bench.peers.writes();
        let body = || crate::app::GiveBack {
            order_id: placed.id.clone(),
            reason: "包装破损".to_owned().into(),
            scans: vec![],
        };
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
