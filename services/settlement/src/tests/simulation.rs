//! Seeded histories with lost words on every call: at the end three books agree, whatever happened.

use liufang_proto::hooks::v1::ChannelState;

use super::fakes::Fault;
use super::world::*;
use crate::domain::benefit::{LegKind, OutsideKind};
use crate::domain::payment::{Payment, PaymentState};

/// A small generator, so that a seed is a history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn random_faults(town: &Town, dice: &mut Dice) {
    for method in ["create", "query", "close", "refund", "settle", "reverse", "query_message"] {
        for _ in 0..dice.roll(3) {
            let fault = match (dice.roll(8), method) {
                (0, "create" | "settle") => Fault::Refuse,
                (1, "create") => Fault::StayOpen,
                (2..5, _) => Fault::LoseRequest,
                _ => Fault::LoseAnswer,
            };
            town.fakes.dial(method, [fault]);
        }
    }
}

async fn one(town: &Town, dice: &mut Dice, n: u64) -> Option<Payment> {
    let person = format!("bj{}", dice.roll(3));
    let price = 10 + dice.roll(40);
    let goods = [format!("甲 {price} 1")];
    let lines: Vec<&str> = if dice.roll(5) == 0 { vec![] } else { vec![goods[0].as_str()] };
    let fees = vec![outside(OutsideKind::Delivery, 100 + dice.roll(900) as i64)];
    let quote = town.quote(otc(&person, &format!("ord{n}"), &lines, &["bjrel"], fees)).await;
    let held = town.try_authorise(&quote, "wechat").await.ok()?;
    match dice.roll(6) {
        0 => drop(town.app.void(town.call(order(), held.payment_id.clone())).await),
        1 => {}
        _ => drop(town.capture(&held).await),
    }
    if dice.roll(4) == 0 && town.payment(&held).await.state == PaymentState::Captured {
        town.refund(&held).await;
    }
    Some(held)
}

/// Ours against the channel's and the insurer's, payment by payment.
async fn compare(town: &Town, held: &Payment, seed: u64) {
    let ours = town.payment(held).await;
    let books = town.fakes.books();
    let cash: i64 = ours.legs.iter().filter(|leg| leg.kind == LegKind::Channel).map(|leg| leg.amount.0).sum();
    let row = books.channel.get(&ours.channel_order_no).cloned().unwrap_or_default();
    let paid = [ChannelState::Paid as i32, ChannelState::Refunded as i32].contains(&row.state);
    let kept = if paid { row.amount - row.refunded } else { 0 };
    let settled = books.insurer.values().find(|(setl_id, _)| *setl_id == ours.setl_id);
    let place = format!("seed {seed}: {:?} {}", ours.state, ours.failure_reason);
    match ours.state {
        PaymentState::Captured => {
            assert_eq!(kept, cash, "{place}");
            assert!(ours.setl_id.starts_with("LF") || settled.is_some_and(|row| !row.1), "{place}");
        }
        PaymentState::Refunded => {
            assert_eq!(kept, 0, "{place}");
            assert!(ours.setl_id.starts_with("LF") || settled.is_some_and(|row| row.1), "{place}");
        }
        PaymentState::Voided | PaymentState::Expired | PaymentState::Failed => {
            assert_eq!(kept, 0, "{place}");
        }
        other => panic!("seed {seed}: {other:?} is no end"),
    }
}

#[tokio::test]
async fn three_books_agree_after_any_history() {
    for seed in 1..=6 {
        let mut dice = Dice(seed);
        let town = town().await;
        for person in ["bj0", "bj1", "bj2", "bjrel"] {
            town.credit(person, "110000", 30_000).await;
        }
        let mut payments = Vec::new();
        for n in 0..25 {
            random_faults(&town, &mut dice);
            payments.extend(one(&town, &mut dice, n).await);
            if dice.roll(3) == 0 {
                town.world.clock.advance_seconds(dice.roll(120) as i64);
                town.app.converge_step().await.unwrap();
            }
        }
        for _ in 0..8 {
            town.settle_down(120).await;
        }
        for payment in &payments {
            compare(&town, payment, seed).await;
        }
        let insured = |payment: &Payment| payment.legs.iter().any(|leg| leg.kind.is_insured());
        let mut standing = 0;
        for payment in &payments {
            let now = town.payment(payment).await;
            standing += usize::from(now.state == PaymentState::Captured && insured(&now));
        }
        let settled = town.fakes.books().insurer.values().filter(|(_, reversed)| !reversed).count();
        assert_eq!(settled, standing, "seed {seed}: the insurer pays what we captured, and nothing else");
        for person in ["bj0", "bj1", "bj2", "bjrel"] {
            assert_eq!(town.account(person).await.1, 0, "no hold is left");
        }
        town.audit().await;
    }
}
