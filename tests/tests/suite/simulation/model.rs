//! What the auditor writes down: what was asked, what was told, and nothing from inside the services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use liufang::client::Patient;
use liufang_proto::common::v1::Leg;
use liufang_proto::order::v1::{Order, OrderKind, OrderState};
use liufang_proto::prescription::v1::Visit;

use super::super::cast::{leg, packs};

/// The step log of a run; names rows of the seed, no people.
#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Vec<String>>>);

impl Tape {
    pub fn note(&self, line: String) {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(line);
    }

    pub fn lines(&self) -> usize {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).len()
    }

    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).join("\n")
    }
}

/// One of the people.
pub struct Person {
    pub row: u32,
    pub patient: Patient,
    /// Account at the beginning.
    pub start_fen: i64,
    /// Placings nobody answered: orders may turn up.
    pub unheard_placings: usize,
    /// Only those of Qinhuangdao renew.
    pub course: Option<Course>,
}

/// How far a renewal has come before the prescription.
#[derive(Clone)]
pub struct Course {
    pub visit: Visit,
    /// The order for the fee, by number.
    pub fee: Option<usize>,
}

/// Who pays how much of a quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Legs {
    pub fund: i64,
    pub account: i64,
    pub relative: i64,
    pub channel: i64,
}

impl Legs {
    pub fn of(order: &Order) -> Option<(String, Legs)> {
        let quote = order.quote.as_ref()?;
        let legs = Legs {
            fund: leg(&quote.legs, Leg::Fund),
            account: leg(&quote.legs, Leg::Account),
            relative: leg(&quote.legs, Leg::RelativeAccount),
            channel: leg(&quote.legs, Leg::Channel),
        };
        assert_eq!(legs.insured() + legs.channel, quote.total_fen, "the legs are the total");
        Some((quote.quote_id.clone(), legs))
    }

    pub fn insured(&self) -> i64 {
        self.fund + self.account + self.relative
    }
}

/// An order, as its client knows it.
pub struct Purchase {
    pub id: String,
    pub who: usize,
    pub shop: String,
    pub kind: OrderKind,
    pub hi_rxno: String,
    pub packs: BTreeMap<String, i64>,
    /// As last read.
    pub last: OrderState,
    pub quotes: BTreeMap<String, Legs>,
    /// Quotes whose payment was asked for and not surely refused.
    pub confirmed: BTreeSet<String>,
    /// Asked for and not surely refused.
    pub cancelled: bool,
    pub returned: bool,
    pub dispensed: bool,
    /// Trace codes that were scanned for it and taken.
    pub codes: Option<BTreeSet<String>>,
    /// Told states nothing may undo.
    pub told_paid: bool,
    pub told_dispensed: bool,
    pub hand_over_code: String,
}

impl Purchase {
    pub fn of(who: usize, order: &Order) -> Purchase {
        let mut packs_of = BTreeMap::new();
        for line in order.lines.iter().filter(|line| !line.med_list_codg.is_empty()) {
            *packs_of.entry(line.med_list_codg.clone()).or_default() += packs(&line.quantity);
        }
        let mut purchase = Purchase {
            id: order.order_id.clone(),
            who,
            shop: order.fixmedins_code.clone(),
            kind: order.kind(),
            hi_rxno: order.hi_rxno.clone(),
            packs: packs_of,
            last: OrderState::Unspecified,
            quotes: BTreeMap::new(),
            confirmed: BTreeSet::new(),
            cancelled: false,
            returned: false,
            dispensed: false,
            codes: None,
            told_paid: false,
            told_dispensed: false,
            hand_over_code: String::new(),
        };
        purchase.learn(order);
        purchase
    }

    /// Takes in what any answer says about the order, old news too.
    pub fn learn(&mut self, order: &Order) {
        assert_eq!((&self.id, &self.shop), (&order.order_id, &order.fixmedins_code));
        if let Some((id, legs)) = Legs::of(order) {
            let known = *self.quotes.entry(id).or_insert(legs);
            assert_eq!(known, legs, "a quote never changes");
        }
        self.told_paid |= charged(order.state());
        self.told_dispensed |=
            matches!(order.state(), OrderState::Dispensed | OrderState::Delivering | OrderState::Completed);
    }

    /// Takes in the present state; orders go only forward.
    pub fn read(&mut self, order: &Order) {
        self.learn(order);
        let (from, to) = (self.last, order.state());
        let first = from == OrderState::Unspecified;
        assert!(first || reaches(from, to), "{} became {}", from.as_str_name(), to.as_str_name());
        self.last = to;
    }
}

/// Money has been taken and not been asked back.
pub fn charged(state: OrderState) -> bool {
    matches!(state, OrderState::Paid | OrderState::Dispensed | OrderState::Delivering | OrderState::Completed)
}

/// Where an order may go next, by the contract's words.
fn next(state: OrderState) -> &'static [OrderState] {
    use OrderState::*;
    match state {
        Unspecified => &[AwaitingPharmacy, AwaitingPayment],
        AwaitingPharmacy => &[AwaitingPayment, Cancelled],
        // a consultation is complete once it is paid
        AwaitingPayment => &[Paying, Paid, Completed, Cancelled],
        Paying => &[AwaitingPayment, Paid, Completed, Cancelled, Refunding],
        Paid => &[Dispensed, Refunding],
        Dispensed => &[Delivering, Completed, Refunding],
        Delivering => &[Completed, Refunding],
        Completed => &[Refunding],
        // or it stays what it was: a step of the way back was refused
        Refunding => &[Refunded, Paid, Dispensed, Delivering, Completed],
        Cancelled | Refunded => &[],
    }
}

/// Whether `to` can follow `from`, any number of steps later.
fn reaches(from: OrderState, to: OrderState) -> bool {
    let (mut seen, mut open) = (vec![from], vec![from]);
    while let Some(state) = open.pop() {
        for state in next(state) {
            if !seen.contains(state) {
                seen.push(*state);
                open.push(*state);
            }
        }
    }
    seen.contains(&to)
}

/// A prescription and its way through the pharmacies.
pub struct Script {
    pub hi_rxno: String,
    pub who: usize,
    pub hospital_doctor: String,
    /// Of the present claim, as last told.
    pub secret: Option<String>,
    /// When it was first claimed, by the story's clock.
    pub claimed_us: Option<i64>,
    /// Asked for and not surely refused.
    pub given_back: bool,
    pub refused: bool,
    pub revoked: bool,
}

/// How long a pharmacy of Qinhuangdao may hold a prescription without a verdict (`claim_seconds`).
const CLAIM_S: i64 = 7_200;

impl Script {
    /// Whether the clock may have ended a claim.
    pub fn overdue(&self, now_us: i64) -> bool {
        self.claimed_us.is_some_and(|claimed| claimed + CLAIM_S * 1_000_000 <= now_us)
    }
}
