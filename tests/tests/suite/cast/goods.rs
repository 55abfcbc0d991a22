//! Goods in the pharmacy: scanning, dispensing, the way to the door.

use liufang::client::Patient;
use liufang::seed::Shelf;
use liufang_platform::Clock as _;
use liufang_proto::inventory::v1::{ListMovementsRequest, Movement, StockLevel};
use liufang_proto::order::v1::{CollectOrderRequest, DispenseOrderResponse, Order, OrderState, Scan};
use liufang_tests::eventually;

use super::{Cast, refused_as};

impl Cast {
    /// The packs a pharmacist takes from the shelf for an order.
    pub async fn scans(&self, order: &Order) -> Vec<Scan> {
        let pos = self.pos(&order.fixmedins_code);
        let shelf = Shelf::of(&self.seed, &order.fixmedins_code).unwrap();
        shelf.scan(&pos, order, self.clock.now()).await.unwrap()
    }

    /// Dispenses with the right codes; `secret` is empty for OTC orders.
    pub async fn dispense(&self, order: &Order, pharmacist: &str, secret: &str) -> DispenseOrderResponse {
        let scans = self.scans(order).await;
        let pos = self.pos(&order.fixmedins_code);
        pos.hand_out(&order.order_id, &self.practitioner(pharmacist), secret, scans).await.unwrap()
    }

    /// Assigned, picked up, brought to the door; the order is complete then.
    pub async fn bring(&self, patient: &Patient, dispensed: &DispenseOrderResponse, rider: &str) -> Order {
        let order = dispensed.order.as_ref().unwrap();
        let rider = self.courier(rider);
        let shop = self.seed.institution(&order.fixmedins_code).unwrap();
        let position = liufang_proto::common::v1::GeoPoint { lat_e6: shop.lat_e6, lng_e6: shop.lng_e6 };
        rider.go_on_shift(position, &order.region, 5).await.unwrap();
        let delivery = eventually("the rider has the delivery", || async {
            rider.assignment(&order.order_id).await.unwrap()
        })
        .await;
        let wrong = |code: &str| if code == "000000" { "000001" } else { "000000" };
        let code = &dispensed.hand_over_code;
        refused_as(rider.pick_up(&delivery.delivery_id, wrong(code)).await, "CODE_WRONG");
        rider.pick_up(&delivery.delivery_id, code).await.unwrap();
        self.order_in(patient, &order.order_id, OrderState::Delivering).await;
        let code = patient.delivery(&order.order_id).await.unwrap().recipient_code;
        refused_as(rider.hand_over(&delivery.delivery_id, wrong(&code)).await, "CODE_WRONG");
        rider.hand_over(&delivery.delivery_id, &code).await.unwrap();
        self.order_in(patient, &order.order_id, OrderState::Completed).await
    }

    /// The patient collects at the counter.
    pub async fn collect(&self, patient: &Patient, order_id: &str) -> Order {
        let order = patient.order(order_id).await.unwrap();
        assert_eq!(order.collection_code.len(), 6, "the patient sees the code");
        let body =
            CollectOrderRequest { order_id: order_id.to_owned(), collection_code: order.collection_code };
        let reply = self.pos(&order.fixmedins_code).collect_order(body).await.unwrap();
        reply.order.unwrap()
    }

    /// The sale rows of an order.
    pub async fn movements(&self, pharmacy: &str, order_id: &str) -> Vec<Movement> {
        let body = ListMovementsRequest { order_id: order_id.to_owned(), ..Default::default() };
        self.pos(pharmacy).list_movements(body).await.unwrap().movements
    }

    /// Stock of a drug in a shop.
    pub async fn stock(&self, pharmacy: &str, drug: &str) -> StockLevel {
        let body = liufang_proto::inventory::v1::GetStockRequest { med_list_codgs: vec![drug.to_owned()] };
        let levels = self.pos(pharmacy).get_stock(body).await.unwrap().levels;
        levels.into_iter().next().expect("a stock level")
    }

    /// Packs that can be sold now.
    pub async fn available(&self, pharmacy: &str, drug: &str) -> i64 {
        packs(&self.stock(pharmacy, drug).await.available)
    }
}

/// Whole packs of an `N16,4`.
pub fn packs(quantity: &str) -> i64 {
    quantity.split('.').next().unwrap_or_default().parse().expect("a quantity")
}
