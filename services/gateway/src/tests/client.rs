//! Outside clients: plain HTTP/1.1 for JSON and gRPC-Web, a tonic channel for gRPC.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use liufang_proto::identity::v1::token_service_client::TokenServiceClient;
use prost::Message;
use serde_json::Value;
use tonic::transport::Channel;

use super::backend::World;

pub const GET_KEY_SET: &str = "/liufang.identity.v1.TokenService/GetKeySet";
pub const SIGN_IN: &str = "/liufang.identity.v1.TokenService/SignIn";

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `(code, reason)` of a Connect error.
    pub fn refusal(&self) -> (String, String) {
        let body = self.json();
        let reason = self.detail("google.rpc.ErrorInfo")["reason"].as_str().unwrap().to_owned();
        (body["code"].as_str().unwrap().to_owned(), reason)
    }

    /// A detail in words.
    pub fn detail(&self, name: &str) -> Value {
        let body = self.json();
        let details = body["details"].as_array().unwrap().clone();
        details.into_iter().find(|detail| detail["type"] == name).unwrap()["debug"].clone()
    }
}

pub async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

impl World {
    pub async fn get(&self, path: &str) -> Answer {
        send(self.address, Method::GET, path, &[], "").await
    }

    pub async fn json(&self, path: &str, body: &str) -> Answer {
        self.json_with(path, body, &[]).await
    }

    pub async fn json_with(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        send(self.address, Method::POST, path, &all, body.to_owned()).await
    }

    /// gRPC-Web: the message, and the trailers frame as text.
    pub async fn web(&self, path: &str, message: &impl Message) -> (Answer, Vec<u8>, String) {
        let encoded = message.encode_to_vec();
        let mut framed = vec![0];
        framed.extend(u32::try_from(encoded.len()).unwrap().to_be_bytes());
        framed.extend(encoded);
        let headers = [("content-type", "application/grpc-web+proto"), ("x-grpc-web", "1")];
        let answer = send(self.address, Method::POST, path, &headers, framed).await;
        let (mut message, mut trailers, mut rest) = (Vec::new(), String::new(), &answer.body[..]);
        while let Some((head, tail)) = rest.split_first_chunk::<5>() {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let (data, tail) = tail.split_at(length);
            match head[0] & 0x80 {
                0 => message = data.to_vec(),
                _ => trailers = String::from_utf8(data.to_vec()).unwrap(),
            }
            rest = tail;
        }
        (answer, message, trailers)
    }

    pub async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    pub async fn tokens(&self) -> TokenServiceClient<Channel> {
        TokenServiceClient::new(self.channel().await)
    }
}
