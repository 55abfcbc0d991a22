//! gRPC through the door: bytes in, bytes out, trailers kept. Messages are not decoded here.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{Request, Response};
use tonic::Code;
use tonic::body::Body;

use crate::access_log::Entry;
use crate::body::{Capped, Watched};
use crate::door::Door;
use crate::error::GatewayError;
use crate::refusal;

/// One gRPC call; refusals are answers like any other.
pub(crate) async fn call(door: &Arc<Door>, request: Request<Body>, mut entry: Entry) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match attempt(door, &parts, body, &mut entry).await {
        Ok((response, admitted)) => {
            let told = refusal::read(response.headers());
            let told = told.map(|status| entry.say(|| refusal::explained(status)));
            if let Some(status) = &told {
                entry.settle(status);
                // a refusal without a body: its headers are all there is
                if status.code() == Code::DeadlineExceeded {
                    return status.clone().into_http();
                }
            }
            response.map(|body| Body::new(Watched::new(body, admitted, entry)))
        }
        Err(error) => entry.refuse(&error).into_http(),
    }
}

async fn attempt(
    door: &Door,
    parts: &http::request::Parts,
    body: Body,
    entry: &mut Entry,
) -> Result<(Response<Body>, crate::door::Admitted), GatewayError> {
    let admitted = door.admit(parts, entry)?;
    let max_bytes = door.config.max_request_bytes;
    let (body, exceeded) = Capped::new(body, max_bytes);
    let answer = door.forward(&admitted, Body::new(body)).await;
    if exceeded.load(Ordering::Acquire) {
        return Err(GatewayError::TooLarge { max_bytes });
    }
    Ok((answer?, admitted))
}
