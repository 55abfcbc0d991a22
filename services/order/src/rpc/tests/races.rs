//! Several at once, one winner.

use super::stub::block;
use super::{bench, is, otc, refused};
use crate::domain::State;
use crate::error::{self, OrderError};

/// Of two calls under one key one hears the refusal; the other must not take the unchanged order for a success.
#[track_caller]
fn both_refused<T>(first: Result<T, OrderError>, second: Result<T, OrderError>, reason: &str) {
    // both may make the step at once; the one whose answer comes second finds it over
    let mut told = [refused(first), refused(second)];
    told.sort();
    let mut expected = ["ORDER_CHANGED", reason];
    expected.sort_unstable();
    assert_eq!(told, expected);
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
fn a_twin_of_a_refused_call_never_hears_success() {
    block(async {
        let bench = bench().await;
        let id = bench.place("key-place", otc()).await.unwrap().id;
        for _ in 0..2 {
            bench.peers.slow("Authorise");
            bench.peers.refuse("Authorise", &error::RISK_NOT_CONFIRMED);
        }
        let (first, second) = tokio::join!(bench.pay("key-pay-1", &id), bench.pay("key-pay-1", &id));
        both_refused(first, second, "RISK_NOT_CONFIRMED");
        is(&bench.get(&id).await, State::AwaitingPayment);
        // the next attempt under the key is nobody's twin, and its own twins share it
        bench.peers.forget_script();
        let (first, second) = tokio::join!(bench.pay("key-pay-1", &id), bench.pay("key-pay-1", &id));
        is(&first.unwrap(), State::Paid);
        is(&second.unwrap(), State::Paid);
        for _ in 0..2 {
            bench.peers.slow("Commit");
            bench.peers.refuse("Commit", &error::VISIT_NOT_OPEN);
        }
        let (first, second) =
            tokio::join!(bench.dispense("key-give-1", &id), bench.dispense("key-give-1", &id));
        both_refused(first, second, "VISIT_NOT_OPEN");
        is(&bench.get(&id).await, State::Paid);
        bench.peers.forget_script();
        let (first, second) =
            tokio::join!(bench.dispense("key-give-1", &id), bench.dispense("key-give-1", &id));
        assert_eq!(first.unwrap().hand_over_code, "654321");
        assert_eq!(second.unwrap().hand_over_code, "654321");
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
fn a_twin_of_a_call_under_way_stores_no_answer() {
    block(async {
        let bench = bench().await;
        let id = bench.place("key-place", otc()).await.unwrap().id;
        // the maker dies in the middle, and the worker makes its step when the twin comes
        let under_way = async |step: &'static str, maker: &mut (dyn Future<Output = ()> + Unpin)| {
            bench.peers.hang(step);
            tokio::select! { () = maker => panic!("answered"), () = bench.peers.called(step, 1) => {} }
            bench.world.clock.advance_seconds(60);
            bench.peers.hang(step);
            let resume = bench.app.resume_step();
            tokio::select! { _ = resume => panic!("answered"), () = bench.peers.called(step, 2) => {} }
        };
        let pay = async || drop(bench.pay("key-pay-1", &id).await);
        under_way("Capture", &mut Box::pin(pay())).await;
        assert_eq!(refused(bench.pay("key-pay-1", &id).await), "ORDER_CHANGED");
        is(&bench.get(&id).await, State::Paying);
        bench.world.clock.advance_seconds(60);
        is(&bench.pay("key-pay-1", &id).await.unwrap(), State::Paid);

        let cancel = || bench.app.cancel(bench.patient("key-cancel", id.clone()));
        under_way("Refund", &mut Box::pin(async { drop(cancel().await) })).await;
        assert_eq!(refused(cancel().await), "ORDER_CHANGED");
        bench.world.clock.advance_seconds(60);
        is(&cancel().await.unwrap(), State::Refunded);
    });
}
