//! Answers that are still open when their port closes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;
use tracing::Span;

use super::{StackFault, context};
use crate::status::{to_status, trailers};

/// Ends the answer with [`StackFault::Stopping`] when it has nothing to say at a moment after `closing`. Answers that are
/// ready, as all but streams are, pass whole.
pub(super) fn cut_when(closing: CancellationToken, response: Response<Body>) -> Response<Body> {
    if response.headers().contains_key(Status::GRPC_STATUS) {
        // a refusal has no body
        return response;
    }
    let (id, span) = (context::request_id(), Span::current());
    let closing = Box::pin(closing.cancelled_owned());
    response.map(|inner| Body::new(Cut { inner: Some(inner), closing, id, span }))
}

struct Cut {
    /// Dropped when it was cut, so that whoever makes the answer stops.
    inner: Option<Body>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    id: String,
    span: Span,
}

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        std::task::ready!(self.closing.as_mut().poll(cx));
        self.inner = None;
        let status =
            context::in_request(self.id.clone(), &self.span, || to_status(&StackFault::Stopping, None));
        Poll::Ready(Some(Ok(Frame::trailers(trailers(&status)))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}
