//! `DeliveryService`.

use std::time::Duration;

use futures::StreamExt as _;
use liufang_platform::feed::ResponseStream;
use liufang_platform::{feed, rpc};
use liufang_proto::dispatch::v1 as pb;
use liufang_proto::dispatch::v1::delivery_service_server::DeliveryService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::domain::delivery::State;
use crate::wire;

/// How often a waiting tracker looks for new points.
const LOOK: Duration = Duration::from_millis(500);

#[async_trait::async_trait]
impl DeliveryService for Rpc {
    async fn quote_delivery(
        &self,
        request: Request<pb::QuoteDeliveryRequest>,
    ) -> Result<Response<pb::QuoteDeliveryResponse>, Status> {
        let call = self.calls.open(request, wire::quote)?;
        rpc::reply(self.app.quote(call).await)
    }

    async fn create_delivery(
        &self,
        request: Request<pb::CreateDeliveryRequest>,
    ) -> Result<Response<pb::CreateDeliveryResponse>, Status> {
        let call = self.calls.open(request, wire::create)?;
        let view = self.app.create(call).await;
        rpc::reply(view.map(|view| pb::CreateDeliveryResponse { delivery: Some(view.into()) }))
    }

    async fn mark_ready(
        &self,
        request: Request<pb::MarkReadyRequest>,
    ) -> Result<Response<pb::MarkReadyResponse>, Status> {
        let call =
            self.calls.open(request, |body: pb::MarkReadyRequest, _| wire::order_id(&body.order_id))?;
        rpc::reply(self.app.mark_ready(call).await)
    }

    async fn cancel_delivery(
        &self,
        request: Request<pb::CancelDeliveryRequest>,
    ) -> Result<Response<pb::CancelDeliveryResponse>, Status> {
        let call =
            self.calls.open(request, |body: pb::CancelDeliveryRequest, _| wire::order_id(&body.order_id))?;
        let view = self.app.cancel(call).await;
        rpc::reply(view.map(|view| pb::CancelDeliveryResponse { delivery: view.map(pb::Delivery::from) }))
    }

    async fn get_delivery(
        &self,
        request: Request<pb::GetDeliveryRequest>,
    ) -> Result<Response<pb::GetDeliveryResponse>, Status> {
        let call = self.calls.open(request, wire::which)?;
        rpc::reply(self.app.get(call).await)
    }

    type TrackDeliveryStream = ResponseStream<pb::TrackDeliveryResponse>;

    async fn track_delivery(
        &self,
        request: Request<pb::TrackDeliveryRequest>,
    ) -> Result<Response<Self::TrackDeliveryStream>, Status> {
        let call = self.calls.open(request, wire::track)?;
        let pb::TrackDeliveryRequest { delivery_id, after_sequence, stop_at_end } = call.body;
        let ended = match self.app.may_track(&call.meta.principal, &delivery_id).await {
            Ok(ended) => ended,
            Err(fault) => return rpc::reply(Err::<Self::TrackDeliveryStream, _>(fault)),
        };
        let app = self.app.clone();
        let read = move |after| {
            let (app, delivery_id) = (app.clone(), delivery_id.clone());
            async move {
                let points = app.track_after(&delivery_id, after).await?;
                Ok::<_, crate::error::DispatchError>(points.into_iter().map(wire::tracked).collect())
            }
        };
        Ok(Response::new(until_end(feed::tail(stop_at_end || ended, LOOK, read, after_sequence))))
    }
}

/// Closes the stream after the point that ends the delivery.
fn until_end(points: ResponseStream<pb::TrackDeliveryResponse>) -> ResponseStream<pb::TrackDeliveryResponse> {
    let ends = [State::Delivered, State::Returned, State::Cancelled].map(wire::state);
    Box::pin(futures::stream::unfold(Some(points), move |points| async move {
        let mut points = points?;
        let item = points.next().await?;
        let last = match &item {
            Ok(response) => response.point.as_ref().is_some_and(|point| ends.contains(&point.state)),
            Err(_) => true,
        };
        Some((item, (!last).then_some(points)))
    }))
}
