//! Server streams as JSON (Connect streaming, `application/connect+json`): every message in an envelope of one flag byte
//! and four of length, and a last envelope that says how it ended. The HTTP status is always 200.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body as AxumBody;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderValue, Request, Response, header};
use http_body::{Body as HttpBody, Frame};
use prost_reflect::MessageDescriptor;
use serde_json::json;
use tokio::time::timeout_at;
use tonic::Status;
use tonic::body::Body;

use super::{PREFIX, check_encoding, collect_request, frame, read, render, unframe};
use crate::access_log::Entry;
use crate::body::Watched;
use crate::door::{Admitted, Door};
use crate::error::GatewayError;
use crate::refusal;

/// Flag of the last envelope.
const END: u8 = 0b10;

/// One server stream.
pub(crate) async fn call(
    door: &Arc<Door>,
    request: Request<AxumBody>,
    mut entry: Entry,
) -> Response<AxumBody> {
    let (parts, body) = request.into_parts();
    let body = match open(door, &parts, body, &mut entry).await {
        Ok((answer, shape, admitted)) => match refusal::read(answer.headers()) {
            Some(status) => ended(&entry.say(|| refusal::explained(status)), &mut entry),
            None => {
                let watched = Watched::new(answer.into_body(), admitted, entry);
                AxumBody::new(Envelopes::new(watched, shape, door.config.max_response_bytes))
            }
        },
        Err(error) => ended(&entry.refuse(&error), &mut entry),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/connect+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn open(
    door: &Door,
    parts: &Parts,
    body: AxumBody,
    entry: &mut Entry,
) -> Result<(Response<Body>, MessageDescriptor, Admitted), GatewayError> {
    let admitted = door.admit(parts, entry)?;
    let shapes = admitted.method.shapes.clone().ok_or(GatewayError::StreamingMethod)?;
    if !admitted.method.streaming {
        return Err(GatewayError::malformed("content-type", "a unary method takes application/json"));
    }
    check_encoding(&parts.headers)?;
    let work = async {
        let body = collect_request(body, door.config.max_request_bytes).await?;
        let json = unframe(body)
            .map_err(|problem| GatewayError::malformed("", format!("the envelope: {problem}")))?;
        let message = read::message(&shapes.input, &json).map_err(GatewayError::Malformed)?;
        let framed = Body::new(http_body_util::Full::new(frame(&message)?));
        door.forward(&admitted, framed).await
    };
    let answer = timeout_at(admitted.deadline, work).await.map_err(|_| GatewayError::DeadlineExceeded)??;
    Ok((answer, shapes.output, admitted))
}

/// A body that is nothing but its end.
fn ended(status: &Status, entry: &mut Entry) -> AxumBody {
    entry.settle(status);
    AxumBody::from(end_envelope(status))
}

fn end_envelope(status: &Status) -> Bytes {
    let end = match status.code() {
        tonic::Code::Ok => json!({}),
        _ => json!({ "error": render::refusal(status) }),
    };
    envelope(END, end.to_string().as_bytes())
}

fn envelope(flag: u8, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(PREFIX + payload.len());
    out.put_u8(flag);
    // messages are bounded far below the length's range
    out.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
    out.put_slice(payload);
    out.freeze()
}

/// gRPC frames in, JSON envelopes out, one for one.
struct Envelopes {
    inner: Option<Watched>,
    shape: MessageDescriptor,
    buffer: BytesMut,
    max_bytes: usize,
}

impl Envelopes {
    fn new(inner: Watched, shape: MessageDescriptor, max_bytes: usize) -> Envelopes {
        Envelopes { inner: Some(inner), shape, buffer: BytesMut::new(), max_bytes }
    }

    /// The next complete message, as an envelope.
    fn next(&mut self) -> Result<Option<Bytes>, GatewayError> {
        let Some([flag, length @ ..]) = self.buffer.first_chunk::<PREFIX>() else { return Ok(None) };
        if *flag != 0 {
            return Err(GatewayError::BadAnswer("compressed without being asked"));
        }
        let length = u32::from_be_bytes(*length) as usize;
        if length > self.max_bytes {
            return Err(GatewayError::AnswerTooLarge { max_bytes: self.max_bytes });
        }
        if self.buffer.len() < PREFIX + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        let message = self.buffer.split_to(length);
        render::message(&self.shape, &message).map(|json| Some(envelope(0, &json)))
    }

    fn end(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(mut inner) = self.inner.take() {
            inner.settle(status);
        }
        Poll::Ready(Some(Ok(Frame::data(end_envelope(status)))))
    }

    fn refuse(&mut self, error: &GatewayError) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(inner) = self.inner.take() else { return Poll::Ready(None) };
        let status = inner.refuse(error);
        Poll::Ready(Some(Ok(Frame::data(end_envelope(&status)))))
    }
}

impl HttpBody for Envelopes {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if self.inner.is_none() {
                return Poll::Ready(None);
            }
            match self.next() {
                Ok(Some(envelope)) => return Poll::Ready(Some(Ok(Frame::data(envelope)))),
                Ok(None) => {}
                Err(error) => return self.refuse(&error),
            }
            let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
            let status = match ready!(Pin::new(inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.buffer.extend_from_slice(&data);
                        continue;
                    }
                    Err(frame) => frame.trailers_ref().and_then(refusal::read),
                },
                Some(Err(status)) => Some(status),
                None => None,
            };
            return match status {
                Some(status) => self.end(&status),
                None => self.refuse(&GatewayError::BadAnswer("ended without a status")),
            };
        }
    }
}
