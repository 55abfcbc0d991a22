//! The steps of a run: what clients do with orders, what time and the outside parties do.

use std::collections::BTreeSet;

use liufang::client::Patient;
use liufang::seed::Shelf;
use liufang_platform::Clock as _;
use liufang_proto::common::v1::{Channel, Fulfilment, GeoPoint};
use liufang_proto::order::v1::{
    CancelOrderRequest, CollectOrderRequest, DispenseOrderRequest, GetOrderRequest, Order, OrderKind,
    OrderState, PayOrderRequest, PlaceOrderRequest, PlaceOrderResponse, RequoteOrderRequest,
    ReturnOrderRequest,
};
use liufang_proto::sandbox::v1::Dial;

use super::super::cast::*;
use super::Sim;
use super::fates::{Heard, is_no_accident, unheard};
use super::model::Purchase;

/// Dials that make sense for a method of the outside parties.
const DIALS: [(&str, &[Dial]); 8] = [
    (
        "PaymentChannel/CreatePayment",
        &[
            Dial::Refuse,
            Dial::LoseRequest,
            Dial::LoseAnswer,
            Dial::DuplicateNotice,
            Dial::WrongAmount,
            Dial::ForgedNotice,
            Dial::SlowNotice,
        ],
    ),
    ("PaymentChannel/QueryPayment", &[Dial::LoseRequest, Dial::LoseAnswer]),
    ("PaymentChannel/ClosePayment", &[Dial::LoseRequest, Dial::LoseAnswer, Dial::Refuse]),
    ("PaymentChannel/RefundPayment", &[Dial::LoseRequest, Dial::LoseAnswer, Dial::Refuse]),
    ("InsurerHook/Settle", &[Dial::LoseRequest, Dial::LoseAnswer, Dial::Refuse]),
    ("InsurerHook/Reverse", &[Dial::LoseRequest, Dial::LoseAnswer, Dial::Refuse]),
    ("InsurerHook/QueryMessage", &[Dial::LoseRequest, Dial::LoseAnswer]),
    ("InsurerHook/Revoke", &[Dial::LoseRequest, Dial::LoseAnswer, Dial::Refuse]),
];

/// How far the clock may jump: within a quote, past a quote, past the deadlines of both regions.
const JUMPS_S: [i64; 6] = [5, 60, 300, 601, 901, 1_801];

impl Sim<'_> {
    /// A client with a token that outlives the call, so that no fate befalls the token.
    pub async fn person(&mut self, who: usize) -> Patient {
        let person = &mut self.people[who];
        if person.patient.session().token().await.is_err() {
            let citizen = self.cast.citizen(person.row);
            person.patient = Patient::sign_in(&self.cast.gateway, &citizen).await.unwrap();
        }
        person.patient.clone()
    }

    /// Reads an order and checks it against what was known.
    pub async fn observe(&mut self, number: usize) -> Order {
        let patient = self.person(self.orders[number].who).await;
        let body = GetOrderRequest { order_id: self.orders[number].id.clone() };
        let order = patient.get_order(body).await.unwrap().order.unwrap();
        self.orders[number].read(&order);
        order
    }

    /// Places and writes down; answers the number of the order.
    pub async fn place(&mut self, what: &str, who: usize, body: PlaceOrderRequest) -> Option<usize> {
        let patient = self.person(who).await;
        let heard: Heard<PlaceOrderResponse> = self
            .deliver(what, |key| {
                let (patient, body) = (patient.keyed(&key), body.clone());
                async move { patient.place_order(body).await }
            })
            .await;
        match heard.ok() {
            Some(reply) => {
                let order = reply.order.as_ref().unwrap();
                self.orders.push(Purchase::of(who, order));
                self.tape.note(format!("    is order #{} {}", self.orders.len() - 1, order.order_id));
                Some(self.orders.len() - 1)
            }
            None => {
                self.people[who].unheard_placings += usize::from(heard.maybe);
                self.adopt(who).await;
                None
            }
        }
    }

    /// Orders that turned up although nobody heard of them.
    pub async fn adopt(&mut self, who: usize) {
        let patient = self.person(who).await;
        let page = liufang_proto::common::v1::PageRequest { page_size: 200, ..Default::default() };
        let body = liufang_proto::order::v1::ListOrdersRequest { page: Some(page), ..Default::default() };
        let listed = patient.list_orders(body).await.unwrap();
        assert!(listed.next_page_token.is_empty(), "fewer than a page");
        for order in listed.orders.iter().rev() {
            if self.orders.iter().all(|own| own.id != order.order_id) {
                let person = &mut self.people[who];
                assert!(0 < person.unheard_placings, "{} was never placed", order.order_id);
                person.unheard_placings -= 1;
                self.orders.push(Purchase::of(who, order));
                self.tape.note(format!("    turned up: #{} {}", self.orders.len() - 1, order.order_id));
            }
        }
        let known = self.orders.iter().filter(|own| own.who == who);
        for own in known {
            assert!(listed.orders.iter().any(|order| order.order_id == own.id), "{} is gone", own.id);
        }
    }

    /// A basket of one or two drugs.
    pub async fn buys(&mut self, who: usize) {
        let mut drugs = vec![GRANULES, CALCIUM, SMECTITE];
        let first = drugs.remove(self.dice.below(drugs.len()));
        let row = self.people[who].row;
        let mut basket = Basket::of(first, 1 + self.dice.below(2) as i64, self.cast.door(row));
        if self.dice.chance(25) {
            basket = basket.and(self.dice.one::<&str>(&drugs), 1);
        }
        let body = PlaceOrderRequest { use_account: self.dice.chance(80), ..basket.request() };
        self.place(&format!("row {row} buys over the counter"), who, body).await;
    }

    pub async fn pays(&mut self, number: usize) {
        let order = self.observe(number).await;
        let heard = {
            let call = self.paying(&order).await;
            self.deliver(&format!("pays #{number} {}", order.state().as_str_name()), call).await
        };
        self.paid(number, &order, heard);
    }

    /// The call that pays what the client sees of an order.
    async fn paying(
        &mut self,
        order: &Order,
    ) -> impl Fn(
        String,
    ) -> futures::future::BoxFuture<
        'static,
        liufang::client::Answer<liufang_proto::order::v1::PayOrderResponse>,
    > + use<> {
        let patient = self.person(self.buyer_of(&order.order_id)).await;
        let channel = *self.dice.one(&[Channel::Wechat, Channel::Alipay]);
        let body = PayOrderRequest {
            order_id: order.order_id.clone(),
            quote_id: order.quote.as_ref().map(|quote| quote.quote_id.clone()).unwrap_or_default(),
            channel: channel.into(),
            payer: None,
        };
        move |key| {
            let (patient, body) = (patient.keyed(&key), body.clone());
            Box::pin(async move { patient.pay_order(body).await })
        }
    }

    fn buyer_of(&self, order_id: &str) -> usize {
        self.orders.iter().find(|own| own.id == order_id).expect("a known order").who
    }

    fn paid(
        &mut self,
        number: usize,
        seen: &Order,
        heard: Heard<liufang_proto::order::v1::PayOrderResponse>,
    ) {
        let own = &mut self.orders[number];
        if heard.possible() {
            own.confirmed.extend(seen.quote.as_ref().map(|quote| quote.quote_id.clone()));
        }
        if let Some(reply) = heard.ok() {
            own.learn(reply.order.as_ref().unwrap());
        }
    }

    pub async fn cancels(&mut self, number: usize) {
        self.observe(number).await;
        let patient = self.person(self.orders[number].who).await;
        let body = CancelOrderRequest { order_id: self.orders[number].id.clone() };
        let heard = self
            .deliver(&format!("cancels #{number}"), |key| {
                let (patient, body) = (patient.keyed(&key), body.clone());
                async move { patient.cancel_order(body).await }
            })
            .await;
        let own = &mut self.orders[number];
        own.cancelled |= heard.possible();
        if let Some(reply) = heard.ok() {
            own.learn(reply.order.as_ref().unwrap());
        }
    }

    pub async fn requotes(&mut self, number: usize) {
        let patient = self.person(self.orders[number].who).await;
        let use_account = self.dice.chance(50);
        let body = RequoteOrderRequest {
            order_id: self.orders[number].id.clone(),
            use_account,
            holder_person_ids: Vec::new(),
        };
        let heard = self
            .deliver(&format!("requotes #{number}"), |key| {
                let (patient, body) = (patient.keyed(&key), body.clone());
                async move { patient.requote_order(body).await }
            })
            .await;
        if let Some(reply) = heard.ok() {
            self.orders[number].learn(reply.order.as_ref().unwrap());
        }
    }

    /// Two calls that exclude each other, at the same time.
    pub async fn pays_and_cancels(&mut self, number: usize) {
        let order = self.observe(number).await;
        self.tape.note(format!("  pays and cancels #{number} at the same time"));
        let patient = self.person(self.orders[number].who).await;
        let pay = self.paying(&order).await;
        self.calls += 1;
        let key = self.key();
        let late = std::time::Duration::from_millis(self.dice.below(25) as u64);
        let cancel = async {
            tokio::time::sleep(late).await;
            patient.cancel(&order.order_id).await
        };
        let (paid, cancelled) = tokio::join!(pay(key), cancel);
        self.tape.note(format!("    -> paid {}, cancelled {}", paid.is_ok(), cancelled.is_ok()));
        is_no_accident("pays", &paid);
        is_no_accident("cancels", &cancelled);
        let own = &mut self.orders[number];
        own.cancelled |= cancelled.is_ok() || unheard(&cancelled);
        let maybe = unheard(&paid);
        self.paid(number, &order, Heard { answer: Some(paid), maybe });
    }

    /// The pharmacist who stands at a counter.
    pub fn pharmacist(shop: &str) -> &'static str {
        match shop {
            SHOP => SHOP_PHARMACIST,
            SHOP_2 => SHOP_2_PHARMACIST,
            _ => OTC_PHARMACIST,
        }
    }

    pub async fn dispenses(&mut self, number: usize) {
        let order = self.observe(number).await;
        if order.kind() == OrderKind::Consultation {
            return;
        }
        let secret = match order.kind() {
            OrderKind::Prescription => match self.secret_of(&order).await {
                Some(secret) => secret,
                None => return,
            },
            _ => String::new(),
        };
        let pos = self.cast.pos(&order.fixmedins_code);
        let shelf = Shelf::of(&self.cast.seed, &order.fixmedins_code).unwrap();
        let Ok(scans) = shelf.scan(&pos, &order, self.world.clock.now()).await else {
            return self.tape.note(format!("  #{number}: the packs are not there"));
        };
        let pharmacist = self.cast.practitioner(Sim::pharmacist(&order.fixmedins_code));
        let pharmacist_token = pos.token_of(&pharmacist).await.unwrap();
        let codes: BTreeSet<String> =
            scans.iter().flat_map(|scan| scan.trace_codes.iter().cloned()).collect();
        let body = DispenseOrderRequest { order_id: order.order_id.clone(), pharmacist_token, secret, scans };
        let heard = self
            .deliver(&format!("dispenses #{number}"), |key| {
                let (pos, body) = (pos.keyed(&key), body.clone());
                async move { pos.dispense_order(body).await }
            })
            .await;
        let own = &mut self.orders[number];
        own.dispensed |= heard.possible();
        if let Some(reply) = heard.ok() {
            own.learn(reply.order.as_ref().unwrap());
            own.hand_over_code = reply.hand_over_code.clone();
            if own.told_dispensed {
                own.codes = Some(codes);
            }
        }
    }

    pub async fn takes_back(&mut self, number: usize) {
        self.observe(number).await;
        let own = &self.orders[number];
        let pos = self.cast.pos(&own.shop);
        let body = ReturnOrderRequest {
            order_id: own.id.clone(),
            reason: "包装破损".to_owned(),
            ..Default::default()
        };
        if own.kind == OrderKind::Consultation {
            return;
        }
        let heard = self
            .deliver(&format!("takes #{number} back"), |key| {
                let (pos, body) = (pos.keyed(&key), body.clone());
                async move { pos.return_order(body).await }
            })
            .await;
        let own = &mut self.orders[number];
        own.returned |= heard.possible();
        if let Some(reply) = heard.ok() {
            own.learn(reply.order.as_ref().unwrap());
        }
    }

    /// Collected at the counter, or carried to the door as far as it goes.
    pub async fn hands_over(&mut self, number: usize) {
        let order = self.observe(number).await;
        if order.state() != OrderState::Dispensed {
            return;
        }
        if order.fulfilment() == Fulfilment::Delivery {
            return self.carries(number, &order).await;
        }
        let pos = self.cast.pos(&order.fixmedins_code);
        let body = CollectOrderRequest {
            order_id: order.order_id.clone(),
            collection_code: order.collection_code.clone(),
        };
        let heard = self
            .deliver(&format!("hands #{number} out at the counter"), |key| {
                let (pos, body) = (pos.keyed(&key), body.clone());
                async move { pos.collect_order(body).await }
            })
            .await;
        if let Some(reply) = heard.ok() {
            self.orders[number].learn(reply.order.as_ref().unwrap());
        }
    }

    async fn carries(&mut self, number: usize, order: &Order) {
        let code = self.orders[number].hand_over_code.clone();
        if code.is_empty() {
            return;
        }
        let rider = if order.region == BEIJING { BEIJING_RIDER } else { RIDER };
        let rider = self.cast.courier(rider);
        let shop = self.cast.seed.institution(&order.fixmedins_code).unwrap();
        let position = GeoPoint { lat_e6: shop.lat_e6, lng_e6: shop.lng_e6 };
        rider.go_on_shift(position, &order.region, 5).await.unwrap();
        let mut delivery = None;
        for _ in 0..40 {
            delivery = rider.assignment(&order.order_id).await.unwrap();
            if delivery.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let Some(delivery) = delivery else {
            return self.tape.note(format!("  #{number}: no rider yet"));
        };
        let patient = self.person(self.orders[number].who).await;
        self.tape.note(format!("  carries #{number} to the door"));
        let picked = rider.pick_up(&delivery.delivery_id, &code).await;
        if picked.is_ok() && self.dice.chance(75) {
            let code = patient.delivery(&order.order_id).await.unwrap().recipient_code;
            let handed = rider.hand_over(&delivery.delivery_id, &code).await;
            self.tape.note(format!("    handed over: {}", handed.is_ok()));
        }
    }

    /// Bends the next calls of an outside party, sometimes all of them.
    pub async fn turns_a_dial(&mut self) {
        let (method, dials) = *self.dice.one(&DIALS);
        let dial = *self.dice.one(dials);
        let calls = if self.dice.chance(10) { 0 } else { 1 + self.dice.below(3) as i32 };
        self.tape.note(format!("  dial {method} {} for {calls}", dial.as_str_name()));
        self.cast.public().dial(method, dial, calls, "").await.unwrap();
    }

    pub async fn turns_dials_back(&mut self) {
        self.tape.note("  all dials normal".to_owned());
        for (method, _) in DIALS {
            self.cast.public().dial(method, Dial::Unspecified, 0, "").await.unwrap();
        }
    }

    pub async fn time_passes(&mut self) {
        let seconds = *self.dice.one(&JUMPS_S);
        self.tape.note(format!("  {seconds} seconds pass"));
        self.world.clock.advance_seconds(seconds);
    }
}
