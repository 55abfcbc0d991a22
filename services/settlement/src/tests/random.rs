//! Random histories of quotes, holds, captures, voids, expiries, refunds, credits, repeats, refusals, faults outside and crashes on a
//! real database, held against the [`oracle`](super::oracle) after every operation.
//!
//! After each one: every payment went a way it may go, every account and every balance of the ledger is what the oracle says to the
//! fen, the sums are zero, no account is below its limit, and a refusal has changed no row of any table. A failure names the seed.

mod mobile;

use std::collections::BTreeMap;

use futures::poll;
use liufang_kernel::{Fault as _, Fen};
use liufang_platform::{Principal, PrincipalKind};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::fakes::Fault;
use super::oracle::{Known, Offer, Oracle, has_ended};
use super::world::*;
use crate::app::App;
use crate::app::account::{Credit, Credited};
use crate::app::authorise::Authorise;
use crate::app::capture::{Lookup, Refund};
use crate::app::ledger::BalanceQuery;
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::{Payment, PaymentState};
use crate::error::SettlementError;

/// Histories, and operations of each.
const SEEDS: std::ops::Range<u64> = 0..12;
/// Others than on SQLite, and fewer.
const SEEDS_ON_POSTGRES: std::ops::Range<u64> = 100..104;
const OPERATIONS: usize = 90;

const PEOPLE: [(&str, &str); 5] =
    [("bj1", "110000"), ("bj2", "110000"), ("bjrel", "110000"), ("qhd1", "130300"), ("qhd2", "130300")];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.roll(of.len())) }
    }
}

/// A call that has been answered, to be sent again.
enum Told {
    Authorise(String, Authorise, Payment),
    Void(String, Payment),
}

struct History {
    seed: u64,
    /// The insured part goes through the mobile-payment centre.
    mobile: bool,
    /// How many orders the centre was told to leave in a state by chance.
    drawn: i32,
    /// How many payments did not end without a person.
    stuck: usize,
    step: usize,
    did: &'static str,
    dice: Dice,
    town: Town,
    oracle: Oracle,
    told: Vec<Told>,
}

#[tokio::test]
async fn any_history_is_the_oracles() {
    histories(SEEDS, async || town().await).await;
}

#[tokio::test]
async fn any_history_is_the_oracles_on_postgres() {
    histories(SEEDS_ON_POSTGRES, async || town_on_postgres().await).await;
}

async fn histories(seeds: std::ops::Range<u64>, town: impl AsyncFn() -> Town) {
    for seed in seeds {
        History::begin(seed, town().await).await.play().await;
    }
}

impl History {
    async fn begin(seed: u64, town: Town) -> History {
        let dice = Dice(seed);
        let (oracle, told) = (Oracle::default(), Vec::new());
        let (mobile, drawn, stuck) = (false, 0, 0);
        let mut history =
            History { seed, mobile, drawn, stuck, step: 0, did: "begin", dice, town, oracle, told };
        for (person, region) in PEOPLE {
            history.credit(&format!("open-{person}"), person, region, 20_000).await;
        }
        history
    }

    async fn play(&mut self) {
        for step in 0..OPERATIONS {
            self.step = step;
            self.operation().await;
            self.compare().await;
        }
        self.end().await;
    }

    fn place(&self) -> String {
        format!("seed {}, operation {} ({})", self.seed, self.step, self.did)
    }

    async fn operation(&mut self) {
        self.faults();
        match self.dice.roll(16) {
            0..=2 if self.mobile => self.buy_at_the_centre().await,
            0..=2 => self.quote_and_authorise().await,
            3 => self.authorise_again().await,
            4..=6 => self.capture().await,
            7 => self.void().await,
            8 | 9 => self.refund().await,
            10 => self.credit_again().await,
            11 => self.repeat().await,
            12 => self.crash_inside_a_capture().await,
            13 => self.strangers().await,
            _ => self.time_passes().await,
        }
    }

    fn faults(&mut self) {
        self.did = "faults";
        if self.mobile {
            self.faults_at_the_centre();
        }
        for method in ["create", "query", "close", "refund", "settle", "reverse", "query_message"] {
            // at the centre there are more calls to go wrong, and something has to come about there
            if self.dice.roll(4) != 0 || self.mobile && self.town.fakes.is_dialled(method) {
                continue;
            }
            let fault = match (self.dice.roll(8), method) {
                (0, "create" | "settle") => Fault::Refuse,
                (1, "create") => Fault::StayOpen,
                (2..5, _) => Fault::LoseRequest,
                _ => Fault::LoseAnswer,
            };
            self.town.fakes.dial(method, [fault]);
        }
    }

    async fn quote_and_authorise(&mut self) {
        self.did = "authorise";
        let price = 10 + self.dice.roll(60);
        let goods = format!("甲 {price} 1");
        let fee = i64::try_from(self.dice.roll(3) * 300).unwrap();
        let fees = if fee == 0 { vec![] } else { vec![outside(OutsideKind::Delivery, fee)] };
        let order_id = format!("ord{}-{}", self.seed, self.step);
        let body = match self.dice.roll(2) {
            0 => {
                let person = ["bj1", "bj2"][self.dice.roll(2)];
                otc(person, &order_id, &[&goods], &["bjrel"], fees)
            }
            _ => chronic(["qhd1", "qhd2"][self.dice.roll(2)], &order_id, &[&goods], fees),
        };
        let fund_moves = self.oracle.fund_moves(&body.person_id);
        let quote = self.town.quote(body).await;
        self.oracle.offers.push(Offer { quote, fund_moves, used: false });
        self.authorise(self.oracle.offers.len() - 1).await;
    }

    async fn authorise_again(&mut self) {
        self.did = "authorise again";
        if !self.oracle.offers.is_empty() {
            let index = self.dice.roll(self.oracle.offers.len());
            self.authorise(index).await;
        }
    }

    async fn authorise(&mut self, index: usize) {
        let offer = &self.oracle.offers[index];
        let body = Authorise {
            quote_id: offer.quote.quote_id.clone(),
            order_id: offer.quote.order_id.clone(),
            channel: "wechat".into(),
            hold_expires_at: self.town.now().plus_seconds(900),
            payer: Default::default(),
        };
        let moved = offer.fund_moves != self.oracle.fund_moves(&offer.quote.person_id);
        let expected = match () {
            () if offer.used => "QUOTE_USED",
            () if offer.quote.expires_at <= self.town.now() => "QUOTE_EXPIRED",
            () if self.oracle.short(offer) => "INSUFFICIENT_BALANCE",
            () => "",
        };
        let key = format!("auth-{}-{}", self.seed, self.step);
        let before = self.digest().await;
        match self.town.app.authorise(self.town.keyed(order(), &key, body.clone())).await {
            Ok(payment) => {
                assert_eq!(expected, "", "{}", self.place());
                let qhd = payment.person_id.starts_with("qhd");
                let (shop, region) = if qhd { (QHD_SHOP, "130300") } else { (BJ_SHOP, "110000") };
                self.oracle.offers[index].used = true;
                self.oracle
                    .payments
                    .insert(payment.payment_id.clone(), Known::new(payment.clone(), shop, region));
                self.told.push(Told::Authorise(key, body, payment));
            }
            Err(error) => {
                let said = error.doc().reason.to_string();
                let year = moved && said == "QUOTE_EXPIRED" && expected != "QUOTE_USED";
                assert!(said == expected || year, "{}: {said}, not {expected}", self.place());
                self.unchanged(&before).await;
            }
        }
    }

    /// A payment of the oracle by chance.
    fn any(&mut self) -> Option<String> {
        let ids: Vec<String> = self.oracle.payments.keys().cloned().collect();
        self.dice.one(&ids).cloned()
    }

    async fn capture(&mut self) {
        let Some(id) = self.any() else { return };
        self.capture_of(id).await;
    }

    async fn capture_of(&mut self, id: String) {
        self.did = "capture";
        let key = format!("{id}:capture:{}", self.step);
        let before = self.digest().await;
        let overdue = self.is_overdue(&id);
        let known = self.oracle.payments.get_mut(&id).unwrap();
        let (was, asked) = (known.state(), known.capture_asked);
        known.capture_asked = true;
        match self.town.app.capture(self.town.keyed(order(), &key, id.clone())).await {
            Ok(payment) => {
                let given_up = matches!(was, PaymentState::Voided | PaymentState::Expired);
                assert!(!given_up, "{}: {was:?} was captured", self.place());
                let place = self.place();
                self.oracle.payments.get_mut(&id).unwrap().hear(payment, overdue, &place);
            }
            Err(error) => {
                let said = error.doc().reason.to_string();
                let ended = (has_ended(was) || overdue) && said == "PAYMENT_ENDED";
                let busy = self.oracle.has_twin(&id) && said == "PAYMENT_BUSY";
                assert!(ended || busy, "{}: {was:?} said {said}", self.place());
                self.oracle.payments.get_mut(&id).unwrap().capture_asked = asked;
                self.unchanged(&before).await;
            }
        }
    }

    async fn void(&mut self) {
        self.did = "void";
        let Some(id) = self.any() else { return };
        let key = format!("{id}:void:{}", self.step);
        let before = self.digest().await;
        let was = self.oracle.payments[&id].state();
        let overdue = self.is_overdue(&id);
        match self.town.app.void(self.town.keyed(order(), &key, id.clone())).await {
            Ok(payment) => {
                let place = self.place();
                let known = self.oracle.payments.get_mut(&id).unwrap();
                known.void_asked = true;
                known.hear(payment.clone(), overdue, &place);
                let ends = was != PaymentState::Authorised || payment.state == PaymentState::Voided;
                assert!(ends, "{place}: a hold that is voided is over");
                self.told.push(Told::Void(key, payment));
            }
            Err(error) => {
                use PaymentState::{Captured, Refunded, Refunding};
                let money = matches!(was, Captured | Refunding | Refunded);
                assert!(money && error.doc().reason == "PAYMENT_CAPTURED", "{}: {was:?}", self.place());
                self.unchanged(&before).await;
            }
        }
    }

    async fn refund(&mut self) {
        self.did = "refund";
        let Some(id) = self.any() else { return };
        let before = self.digest().await;
        let known = self.oracle.payments.get_mut(&id).unwrap();
        let was = known.state();
        let body = Refund { payment_id: id.clone(), reason: "CHANGED_MIND".into() };
        let key = format!("{id}:refund:{}", self.step);
        match self.town.app.refund(self.town.keyed(order(), &key, body)).await {
            Ok(payment) => {
                let place = self.place();
                let known = self.oracle.payments.get_mut(&id).unwrap();
                known.refund_asked = true;
                known.hear(payment, false, &place);
                assert_ne!(known.state(), PaymentState::Captured, "{place}");
            }
            Err(error) => {
                use PaymentState::{Captured, Refunded, Refunding};
                let paid = matches!(was, Captured | Refunding | Refunded);
                assert!(!paid && error.doc().reason == "PAYMENT_NOT_CAPTURED", "{}: {was:?}", self.place());
                self.unchanged(&before).await;
            }
        }
    }

    async fn credit(&mut self, key: &str, person: &str, region: &'static str, fen: i64) {
        let done = self.credited(key, person, region, fen).await.unwrap();
        assert_eq!((done.taken, done.refused.len()), (1, 0), "{}", self.place());
        self.oracle.credits.insert(key.to_owned(), (person.to_owned(), region, fen));
    }

    async fn credited(
        &self,
        key: &str,
        person: &str,
        region: &str,
        fen: i64,
    ) -> Result<Credited, SettlementError> {
        let row = Credit {
            row_key: key.into(),
            person_id: person.into(),
            amount: Fen(fen),
            region: region.into(),
            kind: "annual".into(),
            problem: None,
        };
        let operator = Principal { kind: PrincipalKind::Operator, ..Principal::default() };
        self.town.app.credit_accounts(self.town.call(operator, vec![row])).await
    }

    /// A new row, a row that was taken before, one of another region, one whose key said something else.
    async fn credit_again(&mut self) {
        self.did = "credit";
        let (person, region) = PEOPLE[self.dice.roll(PEOPLE.len())];
        let fen = i64::try_from(1 + self.dice.roll(5_000)).unwrap();
        let key = format!("credit-{}-{}", self.seed, self.step);
        self.credit(&key, person, region, fen).await;
        let again = self.credited(&key, person, region, fen).await.unwrap();
        assert_eq!((again.taken, again.known), (0, 1), "{}", self.place());
        let other = self.credited(&key, person, region, fen + 1).await.unwrap();
        assert_eq!(other.refused[0].reason, "ROW_KEY_REUSED", "{}", self.place());
        let elsewhere = if region == "110000" { "130300" } else { "110000" };
        let foreign = self.credited(&format!("{key}-x"), person, elsewhere, fen).await.unwrap();
        assert_eq!(foreign.refused[0].reason, "ACCOUNT_OF_OTHER_REGION", "{}", self.place());
    }

    /// The same call under the same key is answered as the first time and changes nothing; another call under it is refused.
    async fn repeat(&mut self) {
        self.did = "repeat";
        let index = if self.told.is_empty() { return } else { self.dice.roll(self.told.len()) };
        let before = self.digest().await;
        let (town, place) = (&self.town, self.place());
        match &self.told[index] {
            Told::Authorise(key, body, first) => {
                let again = town.app.authorise(town.keyed(order(), key, body.clone())).await.unwrap();
                assert_eq!(again, *first, "{place}");
                let mut other = town.keyed(order(), key, body.clone());
                other.meta.request_hash = "another".into();
                assert_eq!(reason(town.app.authorise(other).await), "IDEMPOTENCY_KEY_REUSED", "{place}");
            }
            Told::Void(key, first) => {
                let again = town.app.void(town.keyed(order(), key, first.payment_id.clone())).await.unwrap();
                assert_eq!(again, *first, "{place}");
            }
        }
        self.unchanged(&before).await;
    }

    /// The process dies somewhere inside a capture; another one goes on with what is written.
    async fn crash_inside_a_capture(&mut self) {
        self.did = "crash";
        let id = self.any();
        if let Some(id) = id {
            let overdue = self.is_overdue(&id);
            let app = self.town.app.clone();
            let mut dying = Box::pin(app.capture(self.town.call(order(), id.clone())));
            for _ in 0..self.dice.roll(60) {
                if poll!(&mut dying).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(dying);
            let known = self.oracle.payments.get_mut(&id).unwrap();
            // nobody heard whether it was begun
            known.capture_asked |= known.state() == PaymentState::Authorised && !overdue;
        }
        // what was on its way into the database when the process died arrives, or not, before anybody looks
        while !self.town.app.lanes_rest() {
            tokio::task::yield_now().await;
        }
        self.town.app = App::new(&self.town.world.deps);
        let work = self.town.world.deps.db.begin_step().await.unwrap();
        work.done().await.unwrap();
    }

    async fn strangers(&mut self) {
        self.did = "strangers";
        let before = self.digest().await;
        let (town, none) = (&self.town, || "pay_none".to_owned());
        assert_eq!(reason(town.app.capture(town.call(order(), none())).await), "PAYMENT_NOT_FOUND");
        assert_eq!(reason(town.app.void(town.call(order(), none())).await), "PAYMENT_NOT_FOUND");
        let refund = Refund { payment_id: none(), reason: "X".into() };
        assert_eq!(reason(town.app.refund(town.call(order(), refund)).await), "PAYMENT_NOT_FOUND");
        self.unchanged(&before).await;
    }

    async fn time_passes(&mut self) {
        self.did = "time";
        if self.mobile {
            self.the_centre_goes_on();
        }
        self.town.world.clock.advance_seconds(i64::try_from(1 + self.dice.roll(400)).unwrap());
        self.town.app.expire_step().await.unwrap();
        self.town.app.converge_step().await.unwrap();
    }

    fn is_overdue(&self, id: &str) -> bool {
        self.oracle.payments[id].payment.hold_expires_at <= self.town.now()
    }

    /// Everything against the oracle.
    async fn compare(&mut self) {
        let place = self.place();
        for id in self.oracle.payments.keys().cloned().collect::<Vec<_>>() {
            let lookup = Lookup::Payment(id.clone());
            let now = self.town.app.get_payment(self.town.call(order(), lookup)).await.unwrap();
            let overdue = now.hold_expires_at <= self.town.now();
            self.oracle.payments.get_mut(&id).unwrap().hear(now, overdue, &place);
        }
        for (person, _) in PEOPLE {
            let (balance, held) = self.town.account(person).await;
            assert_eq!((balance, held), self.oracle.account(person), "{place}: account of {person}");
            assert!(0 <= held && held <= balance, "{place}: {person} is below the limit");
        }
        let first = BalanceQuery { region: String::new(), account: String::new(), size: 1_000 };
        let book = self.town.app.trial_balance(self.town.call(order(), first)).await.unwrap();
        assert_eq!(book.sum.0, 0, "{place}");
        let rows = book.balances.into_iter().filter(|row| !row.balance.is_zero());
        let ours: BTreeMap<_, _> =
            rows.map(|row| ((row.region, row.account.as_str().to_owned()), row.balance.0)).collect();
        assert_eq!(ours, self.oracle.ledger(), "{place}");
    }

    /// Time enough for every payment to end; then the outside's books agree, too.
    async fn end(&mut self) {
        self.did = "end";
        for _ in 0..8 {
            self.town.settle_down(120).await;
        }
        if self.mobile {
            self.whoever_does_not_end_calls_a_person().await;
        }
        self.compare().await;
        self.town.audit().await;
        let place = self.place();
        let books = self.town.fakes.books();
        let kept: i64 =
            books.channel.values().filter(|row| row.is_paid()).map(|row| row.amount - row.refunded).sum();
        let standing =
            || self.oracle.payments.values().filter(|known| known.state() == PaymentState::Captured);
        let cash = standing().map(|known| crate::domain::payment::cash_of(&known.payment.legs).0);
        assert_eq!(kept, cash.sum::<i64>(), "{place}: the channel has what was captured");
        let insured = standing().filter(|known| crate::domain::payment::is_insured(&known.payment.legs));
        let settled = books.insurer.values().filter(|(_, reversed)| !reversed).count();
        let ordered = books.orders.values().filter(|order| order.stands()).count();
        assert_eq!(settled + ordered, insured.count(), "{place}: the insurer pays what was captured");
        for known in self.oracle.payments.values() {
            let over = has_ended(known.state()) || known.state() == PaymentState::Captured;
            assert!(over, "{place}: {:?} is no end", known.state());
        }
    }

    /// Every row of every table.
    async fn digest(&self) -> BTreeMap<String, String> {
        let db = &self.town.world.deps.db;
        let ask = async |sql: String| -> Vec<String> {
            let rows = db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
            rows.iter().map(|row| row.try_get("", "said").unwrap()).collect()
        };
        let mut all = BTreeMap::new();
        if db.backend() == DbBackend::Postgres {
            let tables = "SELECT tablename::text AS said FROM pg_tables WHERE schemaname = 'public'";
            for table in ask(tables.to_owned()).await {
                let rows = format!("SELECT t::text AS said FROM {table} t ORDER BY 1");
                all.insert(table.clone(), ask(rows).await.join("\n"));
            }
            return all;
        }
        let tables = "SELECT name AS said FROM sqlite_master WHERE type = 'table'";
        for table in ask(tables.to_owned()).await {
            let columns = format!("SELECT 'quote(' || name || ')' AS said FROM pragma_table_info('{table}')");
            let columns = ask(columns).await.join(" || ',' || ");
            let rows = format!("SELECT {columns} AS said FROM {table} ORDER BY 1");
            all.insert(table.clone(), ask(rows).await.join("\n"));
        }
        all
    }

    async fn unchanged(&self, before: &BTreeMap<String, String>) {
        let after = self.digest().await;
        let differ: Vec<&String> = before.keys().filter(|table| before[*table] != after[*table]).collect();
        assert!(differ.is_empty(), "{}: a refusal changed {differ:?}", self.place());
    }
}
