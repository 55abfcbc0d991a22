//! The same histories where the insured part goes through the mobile-payment centre: its orders are left in states by chance, it goes
//! on by itself or not, and in the end every order has ended, or a person was called and has ended it.

use std::collections::BTreeSet;

use super::*;

/// Others than where nothing is mobile.
const SEEDS: std::ops::Range<u64> = 200..210;
const SEEDS_ON_POSTGRES: std::ops::Range<u64> = 300..302;
/// `ORD_STAS`, and a code of tomorrow.
const CODES: i32 = 19;
/// How many codes of a history the next one begins behind.
const STRIDE: i32 = 2;
/// States that nothing leads out of at the centre.
const ENDED: [i32; 7] = [6, 7, 8, 11, 12, 13, 15];
/// States that only a person leads out of.
const MANUAL: [i32; 5] = [9, 10, 14, 16, 18];

#[tokio::test]
async fn any_history_at_the_centre_is_the_oracles() {
    let bend = |pack: &str| pack.replace("[region]\n", "[region]\nmobile_payment = true\n");
    let ends = at_the_centre(SEEDS, async || town_with(bend).await).await;
    assert_eq!(ends.left_in, (0..CODES).collect(), "every state was met");
    assert!(0 < ends.stuck && 0 < ends.standing && 0 < ends.given_back, "{ends:?}");
}

#[tokio::test]
async fn any_history_at_the_centre_is_the_oracles_on_postgres() {
    let bend = |pack: &str| pack.replace("[region]\n", "[region]\nmobile_payment = true\n");
    at_the_centre(SEEDS_ON_POSTGRES, async || town_on_postgres_with(bend).await).await;
}

/// What became of the orders of all histories.
#[derive(Debug, Default)]
struct Ends {
    left_in: BTreeSet<i32>,
    stuck: usize,
    standing: usize,
    given_back: usize,
}

async fn at_the_centre(seeds: std::ops::Range<u64>, town: impl AsyncFn() -> Town) -> Ends {
    let mut ends = Ends::default();
    for seed in seeds {
        let mut history = History::begin(seed, town().await).await;
        history.mobile = true;
        history.play().await;
        ends.stuck += history.stuck;
        let books = history.town.fakes.books();
        ends.left_in.extend(&books.left_in);
        ends.standing += books.orders.values().filter(|order| order.stands()).count();
        ends.given_back += books.orders.values().filter(|order| !order.refund.is_empty()).count();
    }
    ends
}

impl History {
    /// The next code of the round. All histories together meet every one of them.
    fn draw(&mut self) -> i32 {
        self.drawn += 1;
        (self.drawn + STRIDE * i32::try_from(self.seed % 100).unwrap()) % CODES
    }

    /// Authorised, and more often than not captured at once.
    pub(super) async fn buy_at_the_centre(&mut self) {
        let before: BTreeSet<String> = self.oracle.payments.keys().cloned().collect();
        self.quote_and_authorise().await;
        let bought = self.oracle.payments.keys().find(|id| !before.contains(*id)).cloned();
        if let Some(id) = bought.filter(|_| self.dice.roll(3) != 0) {
            self.capture_of(id).await;
        }
    }

    pub(super) fn faults_at_the_centre(&mut self) {
        for method in ["upload", "pay_order", "query_order", "refund_order", "revoke_order"] {
            if self.dice.roll(3) != 0 || self.town.fakes.is_dialled(method) {
                continue;
            }
            let fault = match (self.dice.roll(8), method) {
                (0, "upload" | "revoke_order" | "refund_order") => Fault::Refuse,
                (0, "pay_order") => Fault::OtherAmounts,
                (1..6, "pay_order") => Fault::OrdStas(self.draw()),
                // in hand
                (1, "refund_order") => Fault::OrdStas(17),
                (6, _) => Fault::LoseRequest,
                _ => Fault::LoseAnswer,
            };
            self.town.fakes.dial(method, [fault]);
        }
    }

    /// Half of what the centre has at hand moves on: a refund to its end, a payment to one of its ends, or another step on the way.
    pub(super) fn the_centre_goes_on(&mut self) {
        let numbers: Vec<String> = self.town.fakes.books().orders.keys().cloned().collect();
        for number in numbers {
            let (moves, to) = (self.dice.roll(2) == 0, [3, 4, 5, 6, 6, 12, 15][self.dice.roll(7)]);
            let mut books = self.town.fakes.books();
            let Some(order) = books.orders.get_mut(&number).filter(|_| moves) else { continue };
            match order.stas {
                17 if !order.refund.is_empty() => order.stas = 8,
                2..=5 | 17 => order.stas = to,
                _ => {}
            }
        }
    }

    /// What has not ended by itself is listed for an operator; a person ends it at the centre, and the machine hears of it.
    pub(super) async fn whoever_does_not_end_calls_a_person(&mut self) {
        self.did = "a person is called";
        self.compare().await;
        let place = self.place();
        let over = |known: &Known| has_ended(known.state()) || known.state() == PaymentState::Captured;
        let running: BTreeSet<String> =
            self.oracle.payments.iter().filter(|(_, known)| !over(known)).map(|(id, _)| id.clone()).collect();
        let listed = self.town.app.list_stuck(self.town.call(order(), ())).await.unwrap();
        let listed: BTreeSet<String> = listed.into_iter().map(|stuck| stuck.journal.payment_id).collect();
        assert_eq!(listed, running, "{place}: whatever does not end calls a person, and nothing else does");
        self.stuck += running.len();
        for method in ["upload", "pay_order", "query_order", "refund_order", "revoke_order"] {
            self.town.fakes.heal(method);
        }
        let ends = if self.dice.roll(2) == 0 { [6, 12] } else { [15, 6] };
        for (n, order) in self.town.fakes.books().orders.values_mut().enumerate() {
            match order.stas {
                17 if !order.refund.is_empty() => order.stas = 8,
                stas if MANUAL.contains(&stas) => order.stas = ends[n % 2],
                stas => assert!(ENDED.contains(&stas), "{place}: an order was left in {stas}"),
            }
        }
        for _ in 0..2 {
            self.town.settle_down(3_600).await;
        }
        let books = self.town.fakes.books();
        let left: Vec<i32> =
            books.orders.values().map(|order| order.stas).filter(|stas| !ENDED.contains(stas)).collect();
        assert!(left.is_empty(), "{place}: orders were left in {left:?}");
    }
}
