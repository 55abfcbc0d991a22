//! Goods come back: reverse, settle the rest, return the difference; whatever is lost on the way.

use std::collections::BTreeMap;

use liufang_kernel::Quantity;
use liufang_kernel::timestamp::date_text;
use liufang_platform::{Principal, PrincipalKind};

use super::fakes::Fault;
use super::world::*;
use crate::app::claim::TotalsQuery;
use crate::app::refund::{Part, RefundPart};
use crate::app::stuck::{Resolve, Wish};
use crate::domain::benefit::{LegKind, OutsideKind};
use crate::domain::payment::{Payment, PaymentState, Step};
use crate::domain::quote::Quote;
use crate::domain::refund::Returned;
use crate::error::SettlementError;

const REFUSED: &str = "INSURER_REST_REFUSED";
const FULL: [&str; 2] = ["甲 100 5", "乙 50 2"];
const REST: [&str; 2] = ["甲 100 3", "乙 50 2"];

fn packs(lines: &[(i32, i64)]) -> Vec<(i32, Quantity)> {
    lines.iter().map(|(line_no, packs)| (*line_no, Quantity(packs * 10_000))).collect()
}

fn back(payment: &Payment, lines: &[(i32, i64)]) -> RefundPart {
    RefundPart {
        payment_id: payment.payment_id.clone(),
        reason: "RETURNED".into(),
        returned: Returned { lines: packs(lines), outside: vec![] },
    }
}

impl Town {
    async fn returns(
        &self,
        payment: &Payment,
        lines: &[(i32, i64)],
    ) -> Result<(Payment, Part), SettlementError> {
        self.app.refund_part(self.call(order(), back(payment, lines))).await
    }
}

/// A captured payment over all three legs, and the quotes of the whole and of what [`REST`] leaves.
async fn bought(town: &Town) -> (Payment, Quote, Quote) {
    town.credit("qhd1", "130300", 35_000).await;
    let fees = || vec![outside(OutsideKind::Delivery, 600)];
    let rest = town.quote(chronic("qhd1", "ord0", &REST, fees())).await;
    let whole = town.quote(chronic("qhd1", "ord1", &FULL, fees())).await;
    let paid = town.capture(&town.authorise(&whole).await).await;
    assert_eq!(paid.state, PaymentState::Captured);
    (paid, whole, rest)
}

fn leg(quote: &Quote, kind: LegKind) -> i64 {
    quote.legs.iter().filter(|leg| leg.kind == kind).map(|leg| leg.amount.0).sum()
}

/// The books stand as if only `rest` had been bought.
async fn stands_as(town: &Town, payment: &Payment, whole: &Quote, rest: &Quote) {
    let now = town.payment(payment).await;
    assert_eq!((now.state, now.ord_stas), (PaymentState::Captured, 11), "insured part back, cash in part");
    assert_eq!(now.refunded, whole.total() - rest.total());
    assert_eq!(town.account("qhd1").await, (35_000 - leg(rest, LegKind::Account), 0));
    let insured = leg(rest, LegKind::Fund) + leg(rest, LegKind::Account);
    assert_eq!(town.balance_of(&format!("receivable:agency:{QHD_SHOP}")).await, insured);
    let cash = leg(rest, LegKind::Channel);
    assert_eq!(town.balance_of(&format!("receivable:channel:wechat:{QHD_SHOP}")).await, cash);
    assert_eq!(town.fakes.kept(), cash);
    let totals = &rest.totals;
    let own = leg(rest, LegKind::Account);
    assert_eq!(town.fakes.settled(), [totals.medical.0, totals.fund.0, own, totals.cash.0]);
    town.audit().await;
}

#[tokio::test]
async fn a_part_goes_back_as_if_only_the_rest_had_been_bought() {
    let town = town().await;
    let (paid, whole, rest) = bought(&town).await;
    let (after, part) = town.returns(&paid, &[(1, 2)]).await.unwrap();
    assert_eq!((after.state, part.booked, part.part_no), (PaymentState::Captured, true, 1));
    assert_eq!(part.amount, whole.total() - rest.total());
    assert_eq!(part.legs.iter().map(|leg| leg.amount).sum::<liufang_kernel::Fen>(), part.amount);
    assert!(part.legs.iter().all(|leg| leg.amount.0 > 0));
    assert_eq!(town.fakes.books().calls, ["create", "settle", "reverse", "settle", "refund"]);
    assert_ne!(after.setl_id, paid.setl_id, "the rest has a settlement of its own");
    stands_as(&town, &paid, &whole, &rest).await;
    // the year is what the rest alone would have made it
    let next = town.quote(chronic("qhd1", "ord2", &["甲 100 5"], vec![])).await;
    let used: Vec<_> = next.basis.iter().map(|(_, addition)| *addition).collect();
    assert_eq!(used, rest.additions.iter().map(|(_, addition)| *addition).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_message_of_a_return_stands_in_the_details() {
    let town = town().await;
    let (paid, _, _) = bought(&town).await;
    town.returns(&paid, &[(1, 2)]).await.unwrap();
    town.returns(&paid, &[(1, 1)]).await.unwrap();
    let today = date_text(town.now().china_date());
    let rows = crate::store::reconcile::ours(town.world.deps.db.read(), QHD_SHOP, &today).await.unwrap();
    let of = |refund: bool| {
        let own = rows.iter().filter(|row| row.line.key.refund == refund);
        own.map(|row| (row.line.key.msgid.clone(), row.setl_id.clone())).collect::<BTreeMap<_, _>>()
    };
    let books = town.fakes.books();
    let settled: BTreeMap<String, String> =
        books.insurer.iter().map(|(msgid, (setl_id, _))| (msgid.clone(), setl_id.clone())).collect();
    assert_eq!((of(false), settled.len()), (settled, 3), "three settlements, each under its own message");
    let reversed: Vec<String> = of(true).into_values().collect();
    assert_eq!(reversed.len(), 2, "two reversals with messages of their own");
    assert!(reversed.iter().all(|setl_id| ["S000001", "S000002"].contains(&setl_id.as_str())));
}

#[tokio::test]
async fn parts_in_a_row_end_as_one_whole_refund() {
    let town = town().await;
    let (paid, whole, _) = bought(&town).await;
    for lines in [vec![(1, 2)], vec![(1, 3), (2, 1)], vec![(2, 1)]] {
        let (after, part) = town.returns(&paid, &lines).await.unwrap();
        assert!(part.booked && after.state == PaymentState::Captured);
        town.audit().await;
    }
    assert_eq!(town.fakes.settled(), [0; 4], "no goods, no settlement");
    assert_eq!(town.fakes.kept(), 600, "the delivery was made");
    let refunded = town.refund(&paid).await;
    assert_eq!((refunded.state, refunded.ord_stas), (PaymentState::Refunded, 7));
    assert_eq!(refunded.refunded, whole.total());
    assert_eq!((town.account("qhd1").await, town.fakes.kept()), ((35_000, 0), 0));
    for account in ["receivable:agency", "receivable:channel:wechat"] {
        assert_eq!(town.balance_of(&format!("{account}:{QHD_SHOP}")).await, 0);
    }
    assert_eq!(town.balance_of("fund:130300:310").await, -35_000);
    let year = town.quote(chronic("qhd1", "ord2", &["甲 100 5"], vec![])).await.basis;
    assert!(year.iter().all(|(_, used)| *used == Default::default()));
    town.audit().await;
    assert_eq!(reason(town.returns(&paid, &[(1, 1)]).await), "PAYMENT_NOT_CAPTURED");
    assert_eq!(town.refund(&paid).await.state, PaymentState::Refunded, "and nothing more");
}

#[tokio::test]
async fn lost_words_on_every_step_change_nothing_about_the_end() {
    for method in ["reverse", "settle", "refund", "query_message"] {
        for fault in [Fault::LoseRequest, Fault::LoseAnswer, Fault::Unauthenticated] {
            let town = town().await;
            let (paid, whole, rest) = bought(&town).await;
            if method == "query_message" {
                town.fakes.dial("settle", [Fault::LoseAnswer]);
            }
            town.fakes.dial(method, [fault, fault]);
            let (after, part) = town.returns(&paid, &[(1, 2)]).await.unwrap();
            assert_eq!((after.state, part.booked), (PaymentState::Refunding, false), "{method} {fault:?}");
            town.settle_down(5).await;
            stands_as(&town, &paid, &whole, &rest).await;
        }
    }
}

#[tokio::test]
async fn a_crash_after_any_step_is_resumed() {
    for step in ["reverse_part", "settle_rest", "ask_rest", "refund_part", "book_part"] {
        let town = town().await;
        let (paid, whole, rest) = bought(&town).await;
        // the process stops at the step: every call before it has been made, its own has not
        let stops = match step {
            "reverse_part" => "reverse",
            "settle_rest" | "ask_rest" => "settle",
            _ => "refund",
        };
        let fault = if step == "book_part" { Fault::LoseAnswer } else { Fault::LoseRequest };
        town.fakes.dial(stops, [fault]);
        town.returns(&paid, &[(1, 2)]).await.unwrap();
        let work = town.world.deps.db.begin_step().await.unwrap();
        let sql = format!("UPDATE payment SET step = '{step}', attempts = 0");
        sea_orm::ConnectionTrait::execute_unprepared(work.tx(), &sql).await.unwrap();
        work.done().await.unwrap();
        town.settle_down(15).await;
        stands_as(&town, &paid, &whole, &rest).await;
    }
}

#[tokio::test]
async fn concurrent_returns_never_give_back_more_than_was_paid() {
    let town = town().await;
    let (paid, whole, rest) = bought(&town).await;
    let asked = futures::future::join_all((0..8).map(|_| town.returns(&paid, &[(1, 2)]))).await;
    let done = asked.iter().filter(|answer| answer.is_ok()).count();
    assert!((1..=2).contains(&done), "five packs go back twice in twos: {done}");
    for refused in asked.into_iter().filter(Result::is_err) {
        let reason = reason(refused);
        assert!(["PAYMENT_BUSY", "REFUND_TOO_MUCH"].contains(&reason.as_str()), "{reason}");
    }
    town.settle_down(5).await;
    if done == 1 {
        stands_as(&town, &paid, &whole, &rest).await;
    }
    town.audit().await;
}

#[tokio::test]
async fn the_same_key_is_one_return() {
    let town = town().await;
    let (paid, whole, rest) = bought(&town).await;
    let ask = || town.app.refund_part(town.keyed(order(), "return-1", back(&paid, &[(1, 2)])));
    let first = ask().await.unwrap().1;
    let again = ask().await.unwrap().1;
    assert_eq!(first.refund_id, again.refund_id);
    stands_as(&town, &paid, &whole, &rest).await;
}

#[tokio::test]
async fn only_what_was_bought_comes_back() {
    let town = town().await;
    let (paid, _, _) = bought(&town).await;
    assert_eq!(reason(town.returns(&paid, &[(3, 1)]).await), "REFUND_LINE_UNKNOWN");
    assert_eq!(reason(town.returns(&paid, &[(1, 6)]).await), "REFUND_TOO_MUCH");
    let mut fee = back(&paid, &[]);
    fee.returned.outside = vec![outside(OutsideKind::Delivery, 601)];
    assert_eq!(reason(town.app.refund_part(town.call(order(), fee)).await), "REFUND_LINE_UNKNOWN");
    assert_eq!(town.payment(&paid).await.state, PaymentState::Captured);
    assert_eq!(town.fakes.books().calls, ["create", "settle"], "nobody was called");
}

#[tokio::test]
async fn a_fee_alone_goes_back_without_the_insurer() {
    let town = town().await;
    let (paid, _, _) = bought(&town).await;
    let mut fee = back(&paid, &[]);
    fee.returned.outside = vec![outside(OutsideKind::Delivery, 600)];
    let (after, part) = town.app.refund_part(town.call(order(), fee)).await.unwrap();
    assert_eq!((after.refunded.0, part.booked, part.setl_id.as_str()), (600, true, ""));
    assert_eq!(town.fakes.books().calls, ["create", "settle", "refund"]);
    town.audit().await;
}

#[tokio::test]
async fn a_rest_that_the_insurer_refuses_wants_a_person() {
    let town = town().await;
    let (paid, whole, rest) = bought(&town).await;
    town.fakes.dial("settle", [Fault::Refuse; 400]);
    let (after, part) = town.returns(&paid, &[(1, 2)]).await.unwrap();
    assert_eq!((after.state, part.booked), (PaymentState::Refunding, false));
    assert_eq!(town.fakes.kept(), leg(&whole, LegKind::Channel), "no cash before the rest is settled");
    town.settle_down(60).await;
    assert_eq!(town.payment(&paid).await.ord_stas, 14);
    // nobody may ask for another return meanwhile
    assert_eq!(reason(town.returns(&paid, &[(1, 1)]).await), "PAYMENT_BUSY");
    town.fakes.heal("settle");
    town.settle_down(600).await;
    stands_as(&town, &paid, &whole, &rest).await;
}

#[tokio::test]
async fn a_refused_rest_is_ended_by_an_operator() {
    let operator =
        Principal { kind: PrincipalKind::Operator, subject: "op-1".into(), ..Principal::default() };
    let help = async |town: &Town, paid: &Payment, wish: Wish, evidence: &str| {
        let payment_id = paid.payment_id.clone();
        let body = Resolve { payment_id, wish, evidence: evidence.into() };
        town.app.resolve(town.call(operator.clone(), body)).await.unwrap()
    };
    for wish in [Wish::TryNow, Wish::DoneByHand] {
        let town = town().await;
        let (paid, whole, rest) = bought(&town).await;
        town.fakes.dial("settle", [Fault::Refuse; 400]);
        town.returns(&paid, &[(1, 2)]).await.unwrap();
        town.settle_down(60).await;
        let stuck = town.app.list_stuck(town.call(operator.clone(), ())).await.unwrap();
        assert_eq!(
            (stuck[0].journal.step, stuck[0].raised.as_slice()),
            (Step::SettleRest, &[REFUSED.to_owned()][..])
        );
        if wish == Wish::TryNow {
            let still = help(&town, &paid, wish, "").await;
            assert_eq!((still.state, still.ord_stas), (PaymentState::Refunding, 14), "refused once more");
            town.fakes.heal("settle");
            assert_eq!(help(&town, &paid, wish, "").await.state, PaymentState::Captured);
            stands_as(&town, &paid, &whole, &rest).await;
            continue;
        }
        // the centre's clerk settled it under a number of their own
        let ended = help(&town, &paid, wish, "1301202611220001").await;
        assert_eq!((ended.state, ended.setl_id.as_str()), (PaymentState::Captured, "1301202611220001"));
        assert_eq!(ended.refunded, whole.total() - rest.total());
        assert_eq!(town.fakes.kept(), leg(&rest, LegKind::Channel), "the difference went back");
        assert_eq!(town.account("qhd1").await, (35_000 - leg(&rest, LegKind::Account), 0));
        town.audit().await;
        // nothing is left to help with, and the next return finds a payment like any other
        assert!(town.app.list_stuck(town.call(operator.clone(), ())).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_reversal_done_by_hand_lets_the_rest_be_settled() {
    let operator =
        Principal { kind: PrincipalKind::Operator, subject: "op-1".into(), ..Principal::default() };
    let town = town().await;
    let (paid, whole, rest) = bought(&town).await;
    town.fakes.dial("reverse", [Fault::Refuse; 400]);
    town.returns(&paid, &[(1, 2)]).await.unwrap();
    town.settle_down(60).await;
    assert_eq!(town.payment(&paid).await.ord_stas, 14);
    // the clerk undid it
    town.fakes.books().insurer.values_mut().for_each(|(_, reversed)| *reversed = true);
    let payment_id = paid.payment_id.clone();
    let body = Resolve { payment_id, wish: Wish::DoneByHand, evidence: "letter 2026-18".into() };
    let ended = town.app.resolve(town.call(operator, body)).await.unwrap();
    assert_eq!(ended.state, PaymentState::Captured);
    stands_as(&town, &paid, &whole, &rest).await;
}

#[tokio::test]
async fn a_return_of_a_later_month_leaves_the_closed_month_alone() {
    let town = town().await;
    let (paid, whole, rest) = bought(&town).await;
    let rows = async |day: &str| {
        let query = TotalsQuery {
            stmt_date: day.to_owned(),
            stmt_enddate: String::new(),
            fixmedins_code: String::new(),
        };
        town.app.daily_totals(town.call(pos(QHD_SHOP), query)).await.unwrap().remove(0).totals
    };
    let bought_on = date_text(town.now().china_date());
    let before = rows(&bought_on).await;
    town.world.clock.advance_seconds(40 * 86_400);
    let later = date_text(town.now().china_date());
    assert_ne!(bought_on[..7], later[..7], "another month");
    town.returns(&paid, &[(1, 2)]).await.unwrap();
    assert_eq!(rows(&bought_on).await, before, "as it was agreed");
    let new = rows(&later).await;
    let fund: i64 = new.values().map(|row| row.fund.0).sum();
    assert_eq!(fund, leg(&rest, LegKind::Fund) - leg(&whole, LegKind::Fund));
    let mirror = new.iter().find(|(key, _)| key.refund).unwrap().1;
    assert_eq!(mirror.fund.0, -leg(&whole, LegKind::Fund), "the whole, in the month of the return");
    town.audit().await;
}
