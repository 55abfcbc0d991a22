//! Bodies on their way through: a request that may not grow too large, an answer that is watched to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use liufang_platform::status::trailers;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::access_log::Entry;
use crate::door::Admitted;
use crate::error::GatewayError;
use crate::oversee::{Oversee, Overseen};
use crate::refusal;

/// A request body that stops at `max_bytes` and remembers it, so that the door can say so whatever the service answers
/// to half a message.
pub(crate) struct Capped {
    inner: Body,
    max_bytes: usize,
    left: usize,
    exceeded: Arc<AtomicBool>,
}

impl Capped {
    /// The body, and the flag that is set once it was too large.
    pub fn new(inner: Body, max_bytes: usize) -> (Capped, Arc<AtomicBool>) {
        let exceeded = Arc::new(AtomicBool::new(false));
        (Capped { inner, max_bytes, left: max_bytes, exceeded: exceeded.clone() }, exceeded)
    }
}

impl HttpBody for Capped {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            match self.left.checked_sub(data.len()) {
                Some(left) => self.left = left,
                None => {
                    self.exceeded.store(true, Ordering::Release);
                    let refusal = refusal::status(&GatewayError::TooLarge { max_bytes: self.max_bytes });
                    return Poll::Ready(Some(Err(refusal)));
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer body that keeps its place among the calls in work, obeys the deadline and writes the access line at its
/// end. Whatever breaks on the way becomes trailers: a caller gets a status, not a torn stream.
pub(crate) struct Watched {
    inner: Option<Body>,
    deadline: Pin<Box<Sleep>>,
    /// Streams alone are cut when the process stops; unary answers are moments from their end.
    closing: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    overseen: Option<Overseen>,
    entry: Entry,
    _place: OwnedSemaphorePermit,
}

impl Watched {
    pub fn new(inner: Body, admitted: Admitted, entry: Entry) -> Watched {
        let closing = admitted.method.streaming.then(|| Box::pin(admitted.closing.cancelled_owned()));
        let deadline = Box::pin(sleep_until(admitted.deadline));
        let overseen = admitted.oversee.map(Oversee::begin);
        Watched { inner: Some(inner), deadline, closing, overseen, entry, _place: admitted.place }
    }

    /// Notes an end that the body itself does not show.
    pub fn settle(&mut self, status: &Status) {
        self.entry.settle(status);
    }

    /// Why an answer that has nothing to say now must end, if it must.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Option<GatewayError> {
        if self.closing.as_mut().is_some_and(|closing| closing.as_mut().poll(cx).is_ready()) {
            return Some(GatewayError::Closing);
        }
        if let Some(overseen) = &mut self.overseen
            && let Poll::Ready(error) = overseen.as_mut().poll(cx)
        {
            return Some(error);
        }
        self.deadline.as_mut().poll(cx).is_ready().then_some(GatewayError::DeadlineExceeded)
    }

    /// Ends the answer with a refusal of the door's own.
    pub fn refuse(mut self, error: &GatewayError) -> Status {
        self.entry.refuse(error)
    }

    fn end(&mut self, error: &GatewayError) -> Option<Result<Frame<Bytes>, Status>> {
        self.inner = None;
        let status = self.entry.refuse(error);
        Some(Ok(Frame::trailers(trailers(&status))))
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        match Pin::new(inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(status) = frame.trailers_ref().and_then(refusal::read) {
                    self.entry.settle(&status);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(status))) => {
                let error = GatewayError::Unavailable(status.to_string());
                Poll::Ready(self.end(&error))
            }
            Poll::Ready(None) => {
                self.inner = None;
                // an answer whose end names no status
                self.entry.settle_code(Code::Unknown);
                Poll::Ready(None)
            }
            Poll::Pending => match self.overdue(cx) {
                Some(error) => Poll::Ready(self.end(&error)),
                None => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }
}
