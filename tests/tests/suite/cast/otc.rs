//! The ways of Beijing: an over-the-counter order, unpaid, paid, dispensed.

use liufang::client::{Answer, Patient};
use liufang_proto::common::v1::Fulfilment;
use liufang_proto::order::v1::{
    BasketItem, DeliveryAddress, Order, OrderKind, OrderState, PlaceOrderRequest,
};

use super::{BEIJING, Cast, GRANULES, OTC_SHOP};

/// An over-the-counter basket to order.
#[derive(Clone)]
pub struct Basket {
    pub shop: String,
    pub items: Vec<(String, i64)>,
    pub door: DeliveryAddress,
    pub holders: Vec<String>,
}

impl Basket {
    /// `packs` of a drug, in the shop of the stories, from the buyer's own account.
    pub fn of(drug: &str, packs: i64, door: DeliveryAddress) -> Basket {
        let items = vec![(drug.to_owned(), packs)];
        Basket { shop: OTC_SHOP.to_owned(), items, door, holders: Vec::new() }
    }

    pub fn and(mut self, drug: &str, packs: i64) -> Basket {
        self.items.push((drug.to_owned(), packs));
        self
    }

    pub fn at(self, shop: &str) -> Basket {
        Basket { shop: shop.to_owned(), ..self }
    }

    pub fn lent_by(self, holder: &str) -> Basket {
        Basket { holders: vec![holder.to_owned()], ..self }
    }

    pub fn request(&self) -> PlaceOrderRequest {
        let item = |(drug, packs): &(String, i64)| BasketItem {
            med_list_codg: drug.clone(),
            quantity: packs.to_string(),
        };
        PlaceOrderRequest {
            kind: OrderKind::Otc.into(),
            region: BEIJING.to_owned(),
            fixmedins_code: self.shop.clone(),
            items: self.items.iter().map(item).collect(),
            fulfilment: Fulfilment::Delivery.into(),
            delivery: Some(self.door.clone()),
            use_account: true,
            holder_person_ids: self.holders.clone(),
            ..Default::default()
        }
    }

    pub async fn place(&self, patient: &Patient) -> Answer<Order> {
        patient.place(self.request()).await
    }
}

impl Cast {
    /// One pack of granules for a rich account: awaiting payment.
    pub async fn unpaid_otc(&self, patient: &Patient, row: u32) -> Order {
        let order = Basket::of(GRANULES, 1, self.door(row)).place(patient).await.unwrap();
        assert_eq!(order.state().as_str_name(), OrderState::AwaitingPayment.as_str_name());
        order
    }

    pub async fn paid_otc(&self, patient: &Patient, row: u32) -> Order {
        let order = self.unpaid_otc(patient, row).await;
        let order = self.pay(patient, &order).await;
        assert_eq!(order.state().as_str_name(), OrderState::Paid.as_str_name());
        order
    }
}
