//! Sign-ins that have ended: their tokens are refused at every door within the time it asks again, and their streams end.

use std::time::Duration;

use http::Method;
use tokio_util::sync::CancellationToken;

use super::backend::{World, world_with};
use super::client::send;
use crate::{Ended, GatewayConfig};

const GET_ORDER: &str = "/liufang.order.v1.OrderService/GetOrder";
const TRACK: &str = "/liufang.dispatch.v1.DeliveryService/TrackDelivery";
const QUICK: Duration = Duration::from_millis(20);

/// A door that follows the ends of sign-ins.
async fn following() -> (World, CancellationToken) {
    let (ended, stop) = (Ended::default(), CancellationToken::new());
    let config = GatewayConfig { recheck_ms: 100, ..GatewayConfig::default() };
    let world = world_with(config, |gateway| gateway.ended(ended.clone())).await;
    tokio::spawn(ended.follow(world.identity(), QUICK, stop.clone()));
    (world, stop)
}

async fn status(world: &World, bearer: &str) -> u16 {
    world.json_with(GET_ORDER, "{}", &[("authorization", bearer)]).await.status.as_u16()
}

async fn until(world: &World, bearer: &str, expected: u16) {
    for _ in 0..500 {
        if status(world, bearer).await == expected {
            return;
        }
        tokio::time::sleep(QUICK).await;
    }
    panic!("never answered {expected}");
}

#[tokio::test]
async fn tokens_of_an_ended_sign_in_are_refused_and_others_are_not() {
    let (world, stop) = following().await;
    let (own, other) = (world.signed_in("fam_1"), world.signed_in("fam_2"));
    assert_eq!((status(&world, &own).await, status(&world, &other).await), (200, 200));
    *world.seen.ended.lock().unwrap() = Ok(vec![("fam_1".to_owned(), 1_700_000_000_000_000)]);
    until(&world, &own, 401).await;
    let refused = world.json_with(GET_ORDER, "{}", &[("authorization", &own)]).await;
    assert_eq!(refused.refusal().1, "SIGN_IN_ENDED");
    assert_eq!(status(&world, &other).await, 200);
    // what is known stays known while identity is silent, and is forgotten when no token can be left
    *world.seen.ended.lock().unwrap() = Err("down".to_owned());
    tokio::time::sleep(QUICK * 3).await;
    assert_eq!((status(&world, &own).await, status(&world, &other).await), (401, 200));
    *world.seen.ended.lock().unwrap() = Ok(vec![("fam_3".to_owned(), 1_700_000_900_000_000)]);
    until(&world, &own, 200).await;
    assert_eq!(status(&world, &world.signed_in("fam_3")).await, 401);
    stop.cancel();
}

#[tokio::test]
async fn streams_of_an_ended_sign_in_end() {
    let (world, stop) = following().await;
    let own = world.signed_in("fam_1");
    let headers = [
        ("content-type", "application/connect+json"),
        ("connect-protocol-version", "1"),
        ("authorization", &own),
    ];
    let open = send(world.address, Method::POST, TRACK, &headers, b"\0\0\0\0\x02{}".to_vec());
    let end = async {
        tokio::time::sleep(QUICK).await;
        *world.seen.ended.lock().unwrap() = Ok(vec![("fam_1".to_owned(), 1_700_000_000_000_000)]);
    };
    let (answer, ()) = tokio::join!(open, end);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("unauthenticated") && text.contains("SIGN_IN_ENDED"), "{text}");
    stop.cancel();
}
