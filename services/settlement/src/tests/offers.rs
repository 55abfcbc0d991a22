//! Quotes that share a transaction, and what a repeat of one is answered.

use liufang_kernel::{Fen, Quantity};
use liufang_platform::{Call, DbFault};

use super::lane::behind;
use super::world::*;
use crate::app::less::CaptureLess;
use crate::app::quote::CreateQuote;
use crate::domain::payment::PaymentState;
use crate::error::SettlementError;

fn asked(town: &Town, key: &str, request: &str, body: CreateQuote) -> Call<CreateQuote> {
    let mut call = town.keyed(order(), key, body);
    call.meta.request_hash = request.to_owned();
    call
}

#[tokio::test]
async fn each_quote_of_a_group_has_its_own_outcome() {
    let town = town().await;
    town.credit("bj1", "110000", 7_000).await;
    town.credit("bj2", "110000", 1_000).await;
    let body = |person: &str, n: usize| otc(person, &format!("ord-{person}-{n}"), &["甲 30 1"], &[], vec![]);
    let calls = [
        // alone: the first
        asked(&town, "first", "a", body("bj1", 0)),
        // together
        asked(&town, "rich", "a", body("bj1", 1)),
        asked(&town, "poor", "a", body("bj2", 1)),
        asked(&town, "twin", "a", body("bj1", 2)),
        asked(&town, "twin", "a", body("bj1", 2)),
        asked(&town, "twin", "b", body("bj1", 3)),
    ];
    let answers = behind(&town, "110000 quotes", calls.map(|call| town.app.create_quote(call))).await;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap();
    next().unwrap();
    let rich = next().unwrap();
    assert_eq!((rich.order_id.as_str(), rich.totals.account), ("ord-bj1-1", Fen(3_000)));
    let poor = next().unwrap();
    assert_eq!((poor.totals.account, poor.totals.cash), (Fen(1_000), Fen(2_000)), "its own account alone");
    let twin = next().unwrap();
    assert_eq!(next().unwrap(), twin, "twins have one quote");
    assert!(matches!(next(), Err(SettlementError::Db(DbFault::KeyReused))));
    let again = asked(&town, "rich", "a", body("bj1", 1));
    assert_eq!(town.app.create_quote(again).await.unwrap(), rich);
    assert_eq!(town.authorise(&rich).await.state, PaymentState::Authorised);
}

#[tokio::test]
async fn a_repeat_is_answered_as_it_was_whatever_became_of_it() {
    let town = town().await;
    town.credit("qhd1", "130300", 30_000).await;
    let body = || chronic("qhd1", "ord1", &["甲 100 5", "乙 50 2"], vec![]);
    let offered = town.app.create_quote(asked(&town, "key", "a", body())).await.unwrap();
    let held = town.authorise(&offered).await;
    let less = CaptureLess { payment_id: held.payment_id.clone(), keep: vec![(1, Quantity(30_000))] };
    town.app.capture_less(town.call(order(), less)).await.unwrap();
    let again = town.app.create_quote(asked(&town, "key", "a", body())).await.unwrap();
    assert_eq!(again, offered, "what was offered, not what was taken of it");
    // the world would refuse it now: a repeat is still answered, another call is not, and another request under the key is none
    let refused = CreateQuote { fixmedins_code: "P11010599999".to_owned(), ..body() };
    let again = town.app.create_quote(asked(&town, "key", "a", refused.clone())).await.unwrap();
    assert_eq!(again, offered);
    let other = town.app.create_quote(asked(&town, "key", "b", refused.clone())).await;
    assert!(matches!(other, Err(SettlementError::Db(DbFault::KeyReused))));
    assert!(town.app.create_quote(asked(&town, "other key", "a", refused)).await.is_err());
}
