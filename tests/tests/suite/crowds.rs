//! A hundred clients at two replicas of settlement: one account gives exactly the money that is there, one hold has one end, one
//! payment is given back once.

use futures::future::join_all;
use liufang_proto::settlement::v1::PaymentState;
use liufang_tests::{World, behaviour, eventually, processes};

use super::cast::*;
use super::payments::basket;
use super::port::{ACCOUNT, DELIVERY, Port, decided};

behaviour!(processes an_account_gives_what_is_there);
behaviour!(processes one_hold_has_one_end_at_two_replicas);

const CLIENTS: usize = 100;
const ROW: u32 = 163;
/// Of the account.
const BALANCE: i64 = 508_900;
const HOUR_US: i64 = 3_600_000_000;

async fn port(world: &World) -> Port {
    let replicas: Vec<usize> = (0..processes::replicas("settlement")).collect();
    Port::of(world.processes.as_ref().expect("processes"), &replicas).await
}

/// What the channel has kept, and how many settlements stand at the insurer.
async fn outside(cast: &Cast) -> (i64, usize) {
    let channel = cast.public().list_channel_book(Default::default()).await.unwrap().rows;
    let taken = channel.iter().filter(|row| ["paid", "refunded"].contains(&row.state.as_str()));
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    let kept = taken.map(|row| row.amount_fen - row.refunded_fen).sum();
    (kept, insurer.iter().filter(|row| !row.reversed).count())
}

async fn an_account_gives_what_is_there(world: &mut World) {
    const PACKS: i64 = 20;
    let cast = Cast::of(world).await;
    let patient = cast.patient(ROW).await;
    let port = port(world).await;
    let until = cast.clock_now() + HOUR_US;
    // everybody is offered the same money
    let quotes = join_all((0..CLIENTS).map(|client| {
        let (port, patient) = (&port, &patient);
        async move {
            let body = basket(&format!("ord_crowd_{client}"), patient.person_id(), PACKS);
            let key = format!("crowd-quote-{client}");
            decided(async || port.quote(&key, &body).await).await.unwrap()
        }
    }))
    .await;
    assert!(
        quotes
            .iter()
            .all(|quote| leg(&quote.legs, liufang_proto::common::v1::Leg::Account) == PACKS * ACCOUNT)
    );
    let paid = join_all(quotes.iter().enumerate().map(|(client, quote)| {
        let port = &port;
        async move {
            let key = format!("crowd-hold-{client}");
            let held = match decided(async || port.authorise(&key, quote, until).await).await {
                Ok(held) => held,
                Err(refusal) => {
                    assert_eq!(refusal.reason, "INSUFFICIENT_BALANCE", "{refusal}");
                    return None;
                }
            };
            let key = format!("crowd-capture-{client}");
            decided(async || port.capture(&key, &held.payment_id, None).await).await.unwrap();
            Some(held.payment_id)
        }
    }))
    .await;
    let paid: Vec<String> = paid.into_iter().flatten().collect();
    let most = BALANCE / (PACKS * ACCOUNT);
    assert_eq!(i64::try_from(paid.len()).unwrap(), most, "as many as the account can pay, and no less");
    for id in &paid {
        eventually("it is captured", || async {
            let payment = decided(async || port.payment(id).await).await.unwrap();
            (payment.state() == PaymentState::Captured).then_some(())
        })
        .await;
    }
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen), (BALANCE - most * PACKS * ACCOUNT, 0));
    assert_eq!(outside(&cast).await, (most * DELIVERY, paid.len()));
    cast.books_agree().await;
}

async fn one_hold_has_one_end_at_two_replicas(world: &mut World) {
    use PaymentState::{Captured, Refunded, Voided};
    let cast = Cast::of(world).await;
    let patient = cast.patient(ROW).await;
    let port = port(world).await;
    let mut stands = 0;
    for round in 0..3 {
        let until = cast.clock_now() + HOUR_US;
        let body = basket(&format!("ord_hold_{round}"), patient.person_id(), 1);
        let key = format!("hold-quote-{round}");
        let quote = decided(async || port.quote(&key, &body).await).await.unwrap();
        let key = format!("hold-place-{round}");
        let id = decided(async || port.authorise(&key, &quote, until).await).await.unwrap().payment_id;
        let asked = (0..CLIENTS).map(|client| {
            let (port, id) = (&port, &id);
            async move {
                let key = format!("hold-end-{round}-{client}");
                match client % 2 {
                    0 => decided(async || port.capture(&key, id, None).await).await,
                    _ => decided(async || port.void(&key, id).await).await,
                }
            }
        });
        for refusal in join_all(asked).await.into_iter().filter_map(Result::err) {
            let reasons = ["PAYMENT_ENDED", "PAYMENT_CAPTURED"];
            assert!(reasons.contains(&refusal.reason.as_str()), "{refusal}");
        }
        let end = eventually("the payment has one end", || async {
            let state = decided(async || port.payment(&id).await).await.unwrap().state();
            [Captured, Voided, PaymentState::Expired].contains(&state).then_some(state)
        })
        .await;
        if end == Captured && round == 0 {
            // and everybody wants it back
            let asked = (0..CLIENTS).map(|client| {
                let (port, id, key) = (&port, &id, format!("hold-return-{client}"));
                async move { decided(async || port.refund(&key, id, None).await).await.unwrap() }
            });
            join_all(asked).await;
            eventually("it is back", || async {
                let state = decided(async || port.payment(&id).await).await.unwrap().state();
                (state == Refunded).then_some(())
            })
            .await;
        } else {
            stands += i64::from(end == Captured);
        }
        let account = patient.account().await.unwrap();
        assert_eq!((account.balance_fen, account.held_fen), (BALANCE - stands * ACCOUNT, 0));
        assert_eq!(outside(&cast).await, (stands * DELIVERY, usize::try_from(stands).unwrap()));
    }
    cast.books_agree().await;
}
