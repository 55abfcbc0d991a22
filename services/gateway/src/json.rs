//! HTTP/JSON (Connect unary) through the door: one JSON object in, one out, converted by the contracts' descriptors.
//! `application/proto` takes the same way without the conversion; streams are in `json/stream.rs`.

mod read;
mod render;
mod stream;

use std::sync::Arc;

use axum::body::Body as AxumBody;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout_at;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::access_log::Entry;
use crate::door::{Admitted, Door};
use crate::error::GatewayError;
use crate::methods::Shapes;
use crate::refusal;

pub(crate) use stream::call as stream;

/// Length prefix of a gRPC message: one flag byte and four of length.
const PREFIX: usize = 5;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    Proto,
}

/// What came back: the refusal of the service is kept apart from the door's own.
enum Failure {
    Door(GatewayError),
    Service(Status),
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Failure {
        Failure::Door(error)
    }
}

/// One unary call.
pub(crate) async fn call(
    door: &Arc<Door>,
    request: Request<AxumBody>,
    codec: Codec,
    mut entry: Entry,
) -> Response<AxumBody> {
    let (parts, body) = request.into_parts();
    match attempt(door, &parts, body, codec, &mut entry).await {
        Ok(message) => {
            entry.settle_code(Code::Ok);
            let kind = match codec {
                Codec::Json => "application/json",
                Codec::Proto => "application/proto",
            };
            let mut response = Response::new(AxumBody::from(message));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            // answers may be personal: no cache keeps them
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(failure) => {
            let status = match failure {
                Failure::Door(error) => entry.refuse(&error),
                Failure::Service(status) => entry.say(|| refusal::explained(status)),
            };
            entry.settle(&status);
            render::error(&status)
        }
    }
}

async fn attempt(
    door: &Door,
    parts: &http::request::Parts,
    body: AxumBody,
    codec: Codec,
    entry: &mut Entry,
) -> Result<Bytes, Failure> {
    let admitted = door.admit(parts, entry)?;
    let shapes = admitted.method.shapes.as_ref().filter(|_| !admitted.method.streaming);
    let shapes = shapes.ok_or(GatewayError::StreamingMethod)?;
    check_encoding(&parts.headers)?;
    let work = exchange(door, &admitted, shapes, body, codec);
    timeout_at(admitted.deadline, work).await.map_err(|_| GatewayError::DeadlineExceeded)?
}

fn check_encoding(headers: &HeaderMap) -> Result<(), GatewayError> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(value) if value != "identity" => Err(GatewayError::EncodingNotSupported),
        _ => Ok(()),
    }
}

async fn exchange(
    door: &Door,
    admitted: &Admitted,
    shapes: &Shapes,
    body: AxumBody,
    codec: Codec,
) -> Result<Bytes, Failure> {
    let body = collect_request(body, door.config.max_request_bytes).await?;
    let message = match codec {
        Codec::Json => Bytes::from(read::message(&shapes.input, &body).map_err(GatewayError::Malformed)?),
        Codec::Proto => {
            read::check_encoded(&shapes.input, &body).map_err(GatewayError::Malformed)?;
            body
        }
    };
    let framed = Body::new(http_body_util::Full::new(frame(&message)?));
    let response = door.forward(admitted, framed).await?;
    let answer = collect_answer(response, door.config.max_response_bytes).await?;
    match codec {
        Codec::Json => Ok(Bytes::from(render::message(&shapes.output, &answer)?)),
        Codec::Proto => Ok(answer),
    }
}

async fn collect_request(body: AxumBody, max_bytes: usize) -> Result<Bytes, GatewayError> {
    match Limited::new(body, max_bytes).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(GatewayError::TooLarge { max_bytes }),
        Err(_) => Err(GatewayError::malformed("", "the body ended too early")),
    }
}

/// Reads the single message of a unary answer, or its refusal.
async fn collect_answer(response: Response<Body>, max_bytes: usize) -> Result<Bytes, Failure> {
    if let Some(status) = refusal::read(response.headers()).filter(|status| status.code() != Code::Ok) {
        return Err(Failure::Service(status));
    }
    let body = match Limited::new(response.into_body(), max_bytes.saturating_add(PREFIX)).collect().await {
        Ok(body) => body,
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(GatewayError::AnswerTooLarge { max_bytes }.into());
        }
        Err(error) => return Err(GatewayError::Unavailable(error.to_string()).into()),
    };
    match body.trailers().and_then(refusal::read) {
        Some(status) if status.code() != Code::Ok => return Err(Failure::Service(status)),
        _ => {}
    }
    Ok(unframe(body.to_bytes()).map_err(GatewayError::BadAnswer)?)
}

fn frame(message: &[u8]) -> Result<Bytes, GatewayError> {
    let length =
        u32::try_from(message.len()).map_err(|_| GatewayError::TooLarge { max_bytes: u32::MAX as usize })?;
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(length);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// The single message of a body; gRPC and Connect frame alike.
fn unframe(mut body: Bytes) -> Result<Bytes, &'static str> {
    let Some(prefix) = body.first_chunk::<PREFIX>() else { return Err("no message") };
    let [flag, length @ ..] = *prefix;
    if flag != 0 {
        return Err("compressed without being asked");
    }
    let message = body.split_off(PREFIX);
    if message.len() == u32::from_be_bytes(length) as usize {
        Ok(message)
    } else {
        Err("not exactly one message")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_hold_exactly_one_message() {
        let framed = frame(b"abc").unwrap();
        assert_eq!(&framed[..], b"\0\0\0\0\x03abc");
        assert_eq!(unframe(framed).unwrap(), Bytes::from_static(b"abc"));
        for bad in [&b""[..], b"\0\0\0\0", b"\x01\0\0\0\0", b"\0\0\0\0\x02a", b"\0\0\0\0\x01ab"] {
            assert!(unframe(Bytes::copy_from_slice(bad)).is_err(), "{bad:?}");
        }
    }
}
