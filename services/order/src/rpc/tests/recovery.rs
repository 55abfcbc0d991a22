//! Silence, late answers, deadlines and crashes.

use std::time::Duration;

use liufang_kernel::timestamp::date_text;
use liufang_platform::Clock as _;
use liufang_proto::settlement::v1::{CreateQuoteRequest, PaymentState};

use super::stub::{block, payment_in};
use super::{bench, event, is, otc, prescription, refused};
use crate::domain::{Payment, State};

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
fn an_order_is_quoted_by_the_rules_of_its_own_day_after_midnight_too() {
    block(async {
        let bench = bench().await;
        let day = bench.world.clock.now().china_date();
        while bench.world.clock.now().plus_seconds(60).china_date() == day {
            bench.world.clock.advance_seconds(60);
        }
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.peers.answer("Capture", &payment_in(PaymentState::Failed));
        assert_eq!(refused(bench.pay("key-pay-1", &placed.id).await), "PAYMENT_REFUSED");
        bench.world.clock.advance_seconds(60);
        assert_ne!(bench.world.clock.now().china_date(), day);
        let again = crate::app::Requote { order_id: placed.id.clone(), payers: Default::default() };
        bench.app.requote(bench.patient("key-requote", again)).await.unwrap();
        assert_eq!(bench.peers.keys("CreateQuote").len(), 2);
        let asked: CreateQuoteRequest = bench.peers.asked("CreateQuote");
        assert_eq!(asked.fee_ocur_date, date_text(day));
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
fn a_repeated_extension_is_never_taken_for_another_request() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        for _ in 0..8 {
            bench.peers.silence("Extend");
        }
        is(&bench.pay("key-pay-1", &placed.id).await.unwrap(), State::Paid);
        bench.peers.forget_script();
        bench.world.clock.advance_seconds(30);
        bench.app.resume_step().await.unwrap();
        is(&bench.get(&placed.id).await, State::Paid);
        assert_eq!(bench.peers.keys("CreateDelivery").len(), 1, "the saga went on");
        assert!(bench.peers.keys("Refund").is_empty());
    });
}

#[test]
fn an_order_whose_first_step_waits_takes_no_place_among_the_due() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        bench.pay("key-pay-1", &placed.id).await.unwrap();
        for _ in 0..32 {
            bench.peers.silence("CancelDelivery");
        }
        let back = bench.app.cancel(bench.patient("key-cancel", placed.id.clone())).await.unwrap();
        is(&back, State::Refunding);
        bench.world.clock.advance_seconds(30);
        bench.app.resume_step().await.unwrap();
        let (db, now) = (bench.world.deps.db.read(), bench.world.deps.clock.now());
        let due = crate::store::journal::due(db, now, 16).await.unwrap();
        assert!(due.is_empty(), "its later steps are older than anybody else's and would crowd them out");
    });
}

#[test]
fn an_order_that_cannot_be_read_holds_up_no_other() {
    block(async {
        use sea_orm::{ConnectionTrait, Statement};
        let bench = bench().await;
        let broken = bench.place("key-place-1", otc()).await.unwrap().id;
        let sound = bench.place("key-place-2", otc()).await.unwrap().id;
        let db = &bench.world.deps.db;
        let sql = "UPDATE purchase_order SET quote = 'x', pay_by_us = pay_by_us - 1 WHERE order_id = $1";
        let spoil = Statement::from_sql_and_values(db.backend(), sql, [broken.into()]);
        db.read().execute_raw(spoil).await.unwrap();
        bench.world.clock.advance_seconds(3600);
        assert_eq!(bench.app.close_unpaid_step().await.unwrap(), 1);
        is(&bench.get(&sound).await, State::Cancelled);
    });
}

#[test]
fn paying_gives_up_a_quote_that_does_not_come() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        for _ in 0..8 {
            bench.peers.silence("CreateQuote");
        }
        let again = crate::app::Requote { order_id: placed.id.clone(), payers: Default::default() };
        let requoted = bench.app.requote(bench.patient("key-requote", again)).await;
        assert_eq!(refused(requoted), "PEER_UNAVAILABLE");
        is(&bench.pay("key-pay-1", &placed.id).await.unwrap(), State::Paid);
    });
}

#[test]
fn a_payment_that_news_ended_is_refused_like_one_whose_answer_came_first() {
    block(async {
        for closes in [false, true] {
            let bench = bench().await;
            let placed = bench.place("key-place", otc()).await.unwrap();
            let answer = bench.peers.hold("Capture");
            bench.peers.answer("Capture", &payment_in(PaymentState::Failed));
            let told = async {
                bench.peers.called("Capture", 1).await;
                if closes {
                    bench.world.clock.advance_seconds(3_600);
                }
                let news = Payment::Ended { reason: "CHANNEL_REFUSED".to_owned() };
                bench.app.on_payment(&event("evt_1"), &placed.id, "pay_1", news).await.unwrap();
                // the event was there before the answer of our own step
                answer.notify_one();
            };
            let (paid, ()) = tokio::join!(bench.pay("key-pay-1", &placed.id), told);
            assert_eq!(refused(paid), "PAYMENT_REFUSED");
            let expected = if closes { State::Cancelled } else { State::AwaitingPayment };
            is(&bench.get(&placed.id).await, expected);
            // the repeat is an attempt of its own, also after a fresh quote, and stores no success
            if !closes {
                let again = crate::app::Requote { order_id: placed.id.clone(), payers: Default::default() };
                bench.app.requote(bench.patient("key-requote", again)).await.unwrap();
                is(&bench.pay("key-pay-1", &placed.id).await.unwrap(), State::Paid);
            } else {
                assert_eq!(refused(bench.pay("key-pay-1", &placed.id).await), "ORDER_ENDED");
            }
        }
    });
}

#[test]
fn a_key_that_another_request_took_is_no_refusal() {
    block(async {
        let bench = bench().await;
        let placed = bench.place("key-place", otc()).await.unwrap();
        let taken = liufang_platform::DbFault::REASONS[2];
        assert_eq!(taken.reason, "IDEMPOTENCY_KEY_REUSED");
        bench.peers.refuse("Capture", taken);
        is(&bench.pay("key-pay-1", &placed.id).await.unwrap(), State::Paying);
        assert!(
            bench.peers.keys("Void").is_empty(),
            "an earlier call did have its effect: nothing is taken back"
        );
        bench.world.clock.advance_seconds(60);
        bench.app.resume_step().await.unwrap();
        is(&bench.get(&placed.id).await, State::Paid);
    });
}
