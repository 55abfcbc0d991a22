//! The auditor: compares what clients were told with the books of everybody who keeps some.

use std::collections::{BTreeMap, BTreeSet};

use liufang_proto::inventory::v1::MovementKind;
use liufang_proto::order::v1::{Order, OrderKind, OrderState};
use liufang_proto::prescription::v1::{GetPrescriptionRequest, GetVisitRequest, UseState, VisitState};
use liufang_proto::settlement::v1::{ListStatementRequest, Payment, PaymentState};

use super::super::cast::*;
use super::Sim;
use super::model::{Legs, charged};

/// The drugs that are sold, and where.
const SHELVES: [(&str, &str); 7] = [
    (OTC_SHOP, GRANULES),
    (OTC_SHOP, CALCIUM),
    (OTC_SHOP, SMECTITE),
    (SHOP, AMLODIPINE.code),
    (SHOP, ATORVASTATIN.code),
    (SHOP_2, AMLODIPINE.code),
    (SHOP_2, ATORVASTATIN.code),
];

/// Packs on a shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    on_hand: i64,
    available: i64,
    reserved: i64,
}

impl Level {
    pub fn held(&self) -> bool {
        self.reserved != 0
    }
}

pub type Levels = BTreeMap<(&'static str, &'static str), Level>;

/// What lies on every shelf now.
pub async fn levels(cast: &Cast) -> Levels {
    let mut levels = Levels::new();
    for (shop, drug) in SHELVES {
        let stock = cast.stock(shop, drug).await;
        let level = Level {
            on_hand: packs(&stock.on_hand),
            available: packs(&stock.available),
            reserved: packs(&stock.reserved),
        };
        levels.insert((shop, drug), level);
    }
    levels
}

/// An order at the end of the run.
struct Ended {
    number: usize,
    order: Order,
    payment: Option<Payment>,
    /// Of the quote that was paid; of none, nothing.
    legs: Legs,
}

impl Ended {
    fn charged(&self) -> bool {
        charged(self.order.state())
    }

    fn handed_out(&self) -> bool {
        self.charged()
            && self.order.state() != OrderState::Paid
            && self.order.kind() != OrderKind::Consultation
    }
}

impl Sim<'_> {
    /// What must hold at any moment.
    pub async fn glance(&mut self) {
        self.cast = Cast::of(self.world).await;
        self.cast.books_agree().await;
        for ((shop, drug), level) in levels(&self.cast).await {
            assert!(0 <= level.available && 0 <= level.reserved && level.reserved <= level.on_hand);
            let start = self.shelves[&(shop, drug)];
            assert!(level.on_hand <= start.on_hand, "{shop} {drug} grew");
        }
        for who in 0..self.people.len() {
            let account = self.person(who).await.account().await.unwrap();
            assert!(0 <= account.available_fen && 0 <= account.held_fen, "row {}", self.people[who].row);
            assert_eq!(account.available_fen, account.balance_fen - account.held_fen);
        }
    }

    /// Every book, when everything has come to rest.
    pub async fn audit(&mut self) {
        self.cast = Cast::of(self.world).await;
        let mut ended = Vec::new();
        for number in 0..self.orders.len() {
            ended.push(self.ended(number).await);
        }
        for own in &ended {
            self.says_what_was_told(own);
            self.paid_once(own);
            self.stories_agree(own).await;
        }
        self.accounts_agree(&ended).await;
        self.channel_agrees(&ended).await;
        self.insurer_agrees(&ended).await;
        self.ledger_agrees(&ended).await;
        self.shelves_agree(&ended).await;
        self.visits_agree(&ended).await;
        self.prescriptions_agree(&ended).await;
        self.cast.books_agree().await;
        // and the operators' auditor, who looks into the tables
        liufang_tests::audit::agrees(&self.world.config).await;
    }

    async fn ended(&mut self, number: usize) -> Ended {
        let order = self.observe(number).await;
        let patient = self.person(self.orders[number].who).await;
        let payment = match patient.payment(&order.order_id).await {
            Ok(payment) => Some(payment),
            Err(refusal) => {
                assert_eq!(refusal.reason, "PAYMENT_NOT_FOUND");
                None
            }
        };
        let quotes = &self.orders[number].quotes;
        let paid = payment.as_ref().filter(|_| charged(order.state()));
        let legs = paid.map(|payment| quotes[&payment.quote_id]).unwrap_or_default();
        Ended { number, order, payment, legs }
    }

    /// No state without somebody who asked for it, none against what was told.
    fn says_what_was_told(&self, ended: &Ended) {
        let (own, state) = (&self.orders[ended.number], ended.order.state());
        let named = format!("#{} {} {}", ended.number, state.as_str_name(), ended.order.cancel_reason);
        if own.told_paid {
            assert!(ended.charged() || state == OrderState::Refunded, "{named}: it was told paid");
        }
        if own.told_dispensed && own.kind != OrderKind::Consultation {
            assert!(ended.handed_out() || own.returned, "{named}: it was told dispensed");
        }
        if ended.handed_out() {
            assert!(own.dispensed, "{named}: nobody dispensed it");
        }
        let now = self.cast.clock_now();
        let script = self.script_of(&ended.order).map(|script| &self.scripts[script]);
        let asked = match ended.order.cancel_reason.as_str() {
            "" => state != OrderState::Cancelled && state != OrderState::Refunded,
            "CANCELLED_BY_PATIENT" => own.cancelled,
            "RETURNED" => own.returned,
            // by its pharmacy, or by the clock when that took too long
            "GIVEN_BACK" => script.is_some_and(|script| script.given_back || script.overdue(now)),
            "REFUSED" => script.is_some_and(|script| script.refused),
            "REVOKED" => script.is_some_and(|script| script.revoked),
            "REPLACED" => {
                self.orders.iter().filter(|other| other.hi_rxno == own.hi_rxno).count() > 1
                    && !own.hi_rxno.is_empty()
            }
            // the money goes back when the shelf heard of it after the time of the unpaid only
            "UNPAID" | "NOT_DISPENSED_IN_TIME" | "RESERVATION_EXPIRED" => {
                ended.order.pay_by_us != 0 && ended.order.pay_by_us <= now
            }
            // the sheet's time was over first
            "EXPIRED" => own.kind == OrderKind::Prescription,
            // the fee came through when the visit had lapsed: [`Sim::visits_agree`]
            "VISIT_STATE_MISMATCH" => own.kind == OrderKind::Consultation && !own.told_paid,
            // a shelf that was empty when the pharmacy passed
            "STOCK_INSUFFICIENT" => own.kind == OrderKind::Prescription && !own.told_paid,
            _ => false,
        };
        assert!(asked, "{named}: nobody asked for it");
    }

    /// One outcome, and only of a quote its payer confirmed.
    fn paid_once(&self, ended: &Ended) {
        let own = &self.orders[ended.number];
        let state = ended.payment.as_ref().map(Payment::state);
        let named = format!(
            "#{} {} {}",
            ended.number,
            ended.order.state().as_str_name(),
            state.map_or("without payment", |state| state.as_str_name())
        );
        match ended.order.state() {
            OrderState::Cancelled => {
                let ends = [PaymentState::Voided, PaymentState::Expired, PaymentState::Failed];
                assert!(state.is_none_or(|state| ends.contains(&state)), "{named}");
            }
            OrderState::Refunded => assert!(state == Some(PaymentState::Refunded), "{named}"),
            _ => assert!(state == Some(PaymentState::Captured), "{named}"),
        }
        let Some(payment) = &ended.payment else { return };
        if ended.charged() || ended.order.state() == OrderState::Refunded {
            assert!(own.confirmed.contains(&payment.quote_id), "{named}: a quote nobody confirmed");
            let total: i64 = payment.legs.iter().map(|leg| leg.amount_fen).sum();
            let back = if ended.charged() { 0 } else { total };
            assert_eq!(payment.refunded_fen, back, "{named}");
        }
    }

    async fn stories_agree(&mut self, ended: &Ended) {
        let patient = self.person(self.orders[ended.number].who).await;
        let story = patient.story(&ended.order.order_id).await.unwrap();
        for step in ["placed", "paid", "dispensed", "delivered", "collected", "refunded"] {
            let told = story.iter().filter(|event| event.step == step).count();
            assert!(told <= 1, "#{}: {step} {told} times", ended.number);
        }
        let last = story.last().expect("a story");
        assert_eq!(last.state().as_str_name(), ended.order.state().as_str_name(), "#{}", ended.number);
    }

    async fn accounts_agree(&mut self, ended: &[Ended]) {
        for who in 0..self.people.len() {
            let patient = self.person(who).await;
            let spent: i64 = ended
                .iter()
                .filter(|own| self.orders[own.number].who == who)
                .map(|own| own.legs.account)
                .sum();
            let person = &self.people[who];
            let account = patient.account().await.unwrap();
            let expected = person.start_fen - spent;
            assert_eq!((account.balance_fen, account.held_fen), (expected, 0), "row {}", person.row);
            let page = liufang_proto::common::v1::PageRequest { page_size: 200, ..Default::default() };
            let body = ListStatementRequest { page: Some(page) };
            let rows = patient.list_statement(body).await.unwrap().rows;
            let sum: i64 = rows.iter().map(|row| row.amount_fen).sum();
            assert_eq!(sum, expected, "statement of row {}", person.row);
        }
    }

    async fn channel_agrees(&self, ended: &[Ended]) {
        let rows = self.cast.public().list_channel_book(Default::default()).await.unwrap().rows;
        let mut left: BTreeMap<&str, i64> = BTreeMap::new();
        for row in &rows {
            assert!(row.state != "open", "{} is open", row.channel_order_no);
            let taken = matches!(row.state.as_str(), "paid" | "refunded");
            let rest = if taken { row.amount_fen - row.refunded_fen } else { 0 };
            let twice = left.insert(&row.channel_order_no, rest);
            assert!(twice.is_none(), "{} is booked twice", row.channel_order_no);
        }
        for own in ended.iter().filter(|own| 0 < own.legs.channel) {
            let number = &own.payment.as_ref().expect("a payment").channel_order_no;
            assert_eq!(
                left.remove(number.as_str()),
                Some(own.legs.channel),
                "#{} at the channel",
                own.number
            );
        }
        let kept: Vec<_> = left.into_iter().filter(|(_, rest)| *rest != 0).collect();
        assert!(kept.is_empty(), "the channel keeps {kept:?}");
    }

    async fn insurer_agrees(&self, ended: &[Ended]) {
        let rows = self.cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
        let mut settled: BTreeMap<&str, i64> = BTreeMap::new();
        for row in rows.iter().filter(|row| !row.reversed) {
            let sum = row.fund_pay_sumamt_fen + row.acct_pay_fen + row.acct_mulaid_pay_fen;
            let twice = settled.insert(&row.setl_id, sum);
            assert!(twice.is_none(), "{} is settled twice", row.setl_id);
        }
        for own in ended.iter().filter(|own| 0 < own.legs.insured()) {
            let id = &own.payment.as_ref().expect("a payment").setl_id;
            assert_eq!(
                settled.remove(id.as_str()),
                Some(own.legs.insured()),
                "#{} at the insurer",
                own.number
            );
        }
        settled.retain(|_, sum| *sum != 0);
        assert!(settled.is_empty(), "the insurer pays for {settled:?}");
    }

    async fn ledger_agrees(&self, ended: &[Ended]) {
        for shop in [SHOP, SHOP_2, OTC_SHOP, HOSPITAL] {
            let here = || ended.iter().filter(|own| own.order.fixmedins_code == shop);
            let insured: i64 = here().map(|own| own.legs.insured()).sum();
            let cash: i64 = here().map(|own| own.legs.channel).sum();
            assert_eq!(self.cast.ledger(&format!("receivable:agency:{shop}")).await, insured, "{shop}");
            assert_eq!(self.cast.channels_took(shop).await, cash, "{shop}");
        }
    }

    /// Sold, free and held packs are all there are; what came back is kept apart; no pack is sold twice.
    async fn shelves_agree(&self, ended: &[Ended]) {
        let mut sold: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        let mut back: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        let mut gone = BTreeSet::new();
        for own in ended.iter().filter(|own| own.order.kind() != OrderKind::Consultation) {
            let known = &self.orders[own.number];
            let rows = self.cast.movements(&known.shop, &known.id).await;
            let of = |drug: &str, kind: MovementKind| -> i64 {
                let rows = rows.iter().filter(|row| row.kind() == kind && row.med_list_codg == drug);
                rows.map(|row| packs(row.quantity.trim_start_matches('-'))).sum()
            };
            for (drug, ordered) in &known.packs {
                let (out, returned) = (of(drug, MovementKind::Sale), of(drug, MovementKind::SaleReturn));
                let kept = if own.handed_out() { *ordered } else { 0 };
                assert_eq!(out - returned, kept, "#{} keeps other packs of {drug}", own.number);
                assert!(out == 0 || out == *ordered, "#{} sold {out} of {ordered}", own.number);
                let shelf = (known.shop.as_str(), drug.as_str());
                *sold.entry(shelf).or_default() += out;
                *back.entry(shelf).or_default() += returned;
            }
            let codes: BTreeSet<String> = rows
                .iter()
                .filter(|row| row.kind() == MovementKind::Sale)
                .flat_map(|row| row.trace_codes.iter().cloned())
                .collect();
            if let Some(scanned) = &known.codes {
                assert!(&codes == scanned, "#{}: other packs were booked than scanned", own.number);
            }
            for code in codes {
                assert!(gone.insert(code.clone()), "{code} is sold twice");
            }
        }
        for (shelf, now) in levels(&self.cast).await {
            let (start, sold, back) = (
                self.shelves[&shelf],
                sold.get(&shelf).copied().unwrap_or_default(),
                back.get(&shelf).copied().unwrap_or_default(),
            );
            let expected = Level {
                on_hand: start.on_hand - sold + back,
                available: start.available - sold,
                reserved: 0,
            };
            assert_eq!(now, expected, "{shelf:?}: {sold} sold, {back} back of {start:?}");
        }
    }

    /// A visit whose fee was paid takes place; one whose fee was not, or was given back, does not.
    async fn visits_agree(&mut self, ended: &[Ended]) {
        for own in ended.iter().filter(|own| own.order.kind() == OrderKind::Consultation) {
            let patient = self.person(self.orders[own.number].who).await;
            let query = GetVisitRequest { visit_id: own.order.visit_id.clone() };
            let visit = patient.get_visit(query).await.unwrap().visit.unwrap();
            let takes_place = ![VisitState::Booked, VisitState::Cancelled].contains(&visit.state());
            let paid_by = |other: &&Ended| other.order.visit_id == visit.visit_id && other.charged();
            let paid = ended.iter().filter(paid_by).count();
            assert_eq!(usize::from(takes_place), paid, "#{} {}", own.number, visit.state().as_str_name());
        }
    }

    async fn prescriptions_agree(&mut self, ended: &[Ended]) {
        for number in 0..self.scripts.len() {
            let patient = self.person(self.scripts[number].who).await;
            let hi_rxno = self.scripts[number].hi_rxno.clone();
            let filled: Vec<usize> = ended
                .iter()
                .filter(|own| own.order.hi_rxno == hi_rxno && own.handed_out())
                .map(|own| own.number)
                .collect();
            assert!(filled.len() <= 1, "&{number} is filled by {filled:?}");
            let rx = patient.get_prescription(GetPrescriptionRequest { hi_rxno }).await.unwrap();
            let rx = rx.prescription.unwrap();
            let expected = if filled.is_empty() { UseState::Unused } else { UseState::Used };
            assert_eq!(rx.use_state().as_str_name(), expected.as_str_name(), "&{number}");
        }
    }
}
