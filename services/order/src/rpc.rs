//! The generated trait: parse → app → render; and the calls to other services.

mod peers;
pub mod persons;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::{StreamExt, stream};
use liufang_platform::feed::{self, ResponseStream};
use liufang_platform::rpc::{self, Calls};
use liufang_proto::order::v1 as pb;
use pb::order_service_server::OrderService;
use tonic::{Request, Response, Status};

use crate::app::{App, Followed};
use crate::wire;

pub use peers::{Institution, Peers, PrescribedLine, Prescription, PriceAsked, Priced};

/// How often a watched story is looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// The order service behind its contract.
#[derive(Clone)]
pub struct OrderRpc {
    app: App,
    calls: Calls,
}

impl OrderRpc {
    pub fn new(app: App, calls: Calls) -> OrderRpc {
        OrderRpc { app, calls }
    }
}

#[tonic::async_trait]
impl OrderService for OrderRpc {
    async fn place_order(
        &self,
        request: Request<pb::PlaceOrderRequest>,
    ) -> Result<Response<pb::PlaceOrderResponse>, Status> {
        let call = self.calls.open(request, wire::place)?;
        rpc::reply(self.app.place(call).await)
    }

    async fn requote_order(
        &self,
        request: Request<pb::RequoteOrderRequest>,
    ) -> Result<Response<pb::RequoteOrderResponse>, Status> {
        let call = self.calls.open(request, wire::requote)?;
        rpc::reply(self.app.requote(call).await)
    }

    async fn pay_order(
        &self,
        request: Request<pb::PayOrderRequest>,
    ) -> Result<Response<pb::PayOrderResponse>, Status> {
        let call = self.calls.open(request, wire::pay)?;
        rpc::reply(self.app.pay(call).await)
    }

    async fn place_counter_sale(
        &self,
        request: Request<pb::PlaceCounterSaleRequest>,
    ) -> Result<Response<pb::PlaceCounterSaleResponse>, Status> {
        let call = self.calls.open(request, wire::place_counter)?;
        rpc::reply(self.app.place_counter(call).await)
    }

    async fn pay_counter_sale(
        &self,
        request: Request<pb::PayCounterSaleRequest>,
    ) -> Result<Response<pb::PayCounterSaleResponse>, Status> {
        let call = self.calls.open(request, wire::pay_counter)?;
        rpc::reply(self.app.pay_counter(call).await)
    }

    async fn cancel_counter_sale(
        &self,
        request: Request<pb::CancelCounterSaleRequest>,
    ) -> Result<Response<pb::CancelCounterSaleResponse>, Status> {
        let call = self.calls.open(request, |body, _| wire::order_id(&body.order_id))?;
        rpc::reply(self.app.cancel_counter(call).await)
    }

    async fn get_order(
        &self,
        request: Request<pb::GetOrderRequest>,
    ) -> Result<Response<pb::GetOrderResponse>, Status> {
        let call = self.calls.open(request, |body, _| wire::order_id(&body.order_id))?;
        rpc::reply(self.app.get(call).await)
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let call = self.calls.open(request, wire::list_orders)?;
        rpc::reply(self.app.list(call).await)
    }

    async fn cancel_order(
        &self,
        request: Request<pb::CancelOrderRequest>,
    ) -> Result<Response<pb::CancelOrderResponse>, Status> {
        let call = self.calls.open(request, |body, _| wire::order_id(&body.order_id))?;
        rpc::reply(self.app.cancel(call).await)
    }

    async fn dispense_order(
        &self,
        request: Request<pb::DispenseOrderRequest>,
    ) -> Result<Response<pb::DispenseOrderResponse>, Status> {
        let call = self.calls.open(request, wire::dispense)?;
        rpc::reply(self.app.dispense(call).await)
    }

    async fn collect_order(
        &self,
        request: Request<pb::CollectOrderRequest>,
    ) -> Result<Response<pb::CollectOrderResponse>, Status> {
        let call = self.calls.open(request, wire::collect)?;
        rpc::reply(self.app.collect(call).await)
    }

    async fn return_order(
        &self,
        request: Request<pb::ReturnOrderRequest>,
    ) -> Result<Response<pb::ReturnOrderResponse>, Status> {
        let call = self.calls.open(request, wire::give_back)?;
        rpc::reply(self.app.give_back(call).await)
    }

    type WatchOrderStream = ResponseStream<pb::WatchOrderResponse>;

    async fn watch_order(
        &self,
        request: Request<pb::WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        let call = self.calls.open(request, wire::watch)?;
        let followed = rpc::reply::<Followed, Followed, _>(self.app.watch(&call).await)?;
        let Followed { kind, over } = followed.into_inner();
        let (app, id) = (self.app.clone(), call.body.order_id.clone());
        let read = move |after| {
            let (app, id) = (app.clone(), id.clone());
            async move {
                let told = app.story(&id, kind, after).await?;
                let lines = told.into_iter().map(|told| (told.sequence, wire::told(told)));
                Ok::<_, crate::error::OrderError>(lines.collect())
            }
        };
        let tail = feed::tail(call.body.stop_at_end || over, WATCH_INTERVAL, read, call.body.after);
        Ok(Response::new(if over { tail } else { until_end(tail) }))
    }
}

/// Ends a followed story with the line that ends the order.
fn until_end(tail: ResponseStream<pb::WatchOrderResponse>) -> ResponseStream<pb::WatchOrderResponse> {
    Box::pin(stream::unfold((tail, false), |(mut tail, over)| async move {
        if over {
            return None;
        }
        let line = tail.next().await?;
        let over = line.as_ref().is_ok_and(ends);
        Some((line, (tail, over)))
    }))
}

fn ends(line: &pb::WatchOrderResponse) -> bool {
    use pb::OrderState;
    let state = line.event.as_ref().map(|event| event.state());
    matches!(state, Some(OrderState::Completed | OrderState::Cancelled | OrderState::Refunded))
}
