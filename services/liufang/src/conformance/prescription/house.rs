//! A sale at the counter that the house settles: the pharmacy's order in its stead, its payment at the till, its end.

use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::order_service_client::OrderServiceClient;
use liufang_proto::order::v1::{CancelCounterSaleRequest, PayCounterSaleRequest, PlaceCounterSaleRequest};

use super::calls::{Asked, Said, send};
use crate::client::Answer;

impl Asked<'_> {
    /// Without an account: no second proof of the patient is needed.
    pub(super) async fn settled_by_the_house(self) -> Answer<Said> {
        let Asked { operation, twist, session, sheet, .. } = self;
        let order_id = sheet.order_id.clone();
        match operation {
            "PayCounterSale" => {
                let body = PayCounterSaleRequest {
                    order_id,
                    quote_id: sheet.quote_id.clone(),
                    channel: Channel::Till.into(),
                    ..Default::default()
                };
                send!(write session, OrderServiceClient.pay_counter_sale(body));
            }
            "CancelCounterSale" => {
                let body = CancelCounterSaleRequest { order_id };
                send!(write session, OrderServiceClient.cancel_counter_sale(body));
            }
            _ => {
                let part = operation == "PlaceCounterSaleOfAPart";
                let body = PlaceCounterSaleRequest {
                    hi_rxno: sheet.hi_rxno.clone(),
                    sale_id: sheet.sale_id.clone(),
                    secret: twist.secret(&sheet.secret),
                    lines: if part { sheet.left.part_to_settle() } else { Vec::new() },
                    ..Default::default()
                };
                let reply = send!(write session, OrderServiceClient.place_counter_sale(body));
                return Ok(Said { order_id: reply.order.map(|order| order.order_id), ..Said::word("OK") });
            }
        }
        Ok(Said::word("OK"))
    }
}
