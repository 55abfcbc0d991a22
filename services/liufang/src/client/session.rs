//! A caller's credential and the way every call goes: token, idempotency key, deadline, repeat after a lost race.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use liufang_proto::identity::v1::{IssueClientTokenRequest, RefreshTokenRequest, TokenPair};
use tokio::sync::Mutex;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, Streaming};
use uuid::Uuid;

use super::machine::MachineKey;
use super::services::Tokens;
use super::{Gateway, Refusal};

/// What a call answers.
pub type Answer<T> = Result<T, Refusal>;

/// Tokens are renewed when they end within this time.
const RENEW_AHEAD_US: i64 = 30_000_000;
/// A lost race (ABORTED) is run again this often, under the same key.
const RACE_TRIES: u32 = 12;

/// A caller at the gateway; cheap to clone, clones share the token.
#[derive(Clone)]
pub struct Session {
    gateway: Gateway,
    bearer: Arc<Bearer>,
    key: Option<String>,
}

enum Bearer {
    Anonymous,
    /// A token obtained elsewhere, never renewed.
    Fixed(String),
    /// A machine client: signs a new assertion when the token ends.
    Machine {
        key: MachineKey,
        token: Mutex<TokenPair>,
    },
    /// A person: rotates the refresh token, through the platform the person came by.
    Person {
        through: Session,
        tokens: Mutex<TokenPair>,
    },
}

impl Session {
    /// Calls without a credential.
    pub fn anonymous(gateway: &Gateway) -> Session {
        Session::with(gateway, Bearer::Anonymous)
    }

    /// Calls with a token obtained elsewhere.
    pub fn fixed(gateway: &Gateway, token: &str) -> Session {
        Session::with(gateway, Bearer::Fixed(token.to_owned()))
    }

    /// A machine client; the first call signs in.
    pub fn machine(gateway: &Gateway, key: MachineKey) -> Session {
        Session::with(gateway, Bearer::Machine { key, token: Mutex::new(TokenPair::default()) })
    }

    /// A signed-in person; `through` is the platform's session, or an anonymous one.
    pub fn person(through: &Session, tokens: TokenPair) -> Session {
        Session::with(
            &through.gateway,
            Bearer::Person { through: through.clone(), tokens: Mutex::new(tokens) },
        )
    }

    fn with(gateway: &Gateway, bearer: Bearer) -> Session {
        Session { gateway: gateway.clone(), bearer: Arc::new(bearer), key: None }
    }

    /// The same caller, whose writes all carry `key`.
    pub fn keyed(&self, key: &str) -> Session {
        Session { key: Some(key.to_owned()), ..self.clone() }
    }

    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The present access token; empty for anonymous callers.
    pub fn token(&self) -> BoxFuture<'_, Answer<String>> {
        Box::pin(async move {
            match &*self.bearer {
                Bearer::Anonymous => Ok(String::new()),
                Bearer::Fixed(token) => Ok(token.clone()),
                Bearer::Machine { key, token } => self.machine_token(key, token).await,
                Bearer::Person { through, tokens } => person_token(through, tokens).await,
            }
        })
    }

    async fn machine_token(&self, key: &MachineKey, token: &Mutex<TokenPair>) -> Answer<String> {
        let mut token = token.lock().await;
        let now = self.gateway.now();
        if token.access_expires_at_us < now.0 + RENEW_AHEAD_US {
            let body = IssueClientTokenRequest { client_assertion: key.assertion(now) };
            let anonymous = Session::anonymous(&self.gateway);
            let reply = anonymous.write(body, |channel, request| async move {
                Tokens::new(channel).issue_client_token(request).await
            });
            *token = reply.await?.tokens.unwrap_or_default();
        }
        Ok(token.access_token.clone())
    }

    /// A query.
    pub async fn read<B, R, F, W>(&self, body: B, send: F) -> Answer<R>
    where
        B: Clone,
        F: Fn(Channel, Request<B>) -> W,
        W: Future<Output = Result<Response<R>, Status>>,
    {
        self.call(body, None, send).await
    }

    /// A write under the session's key, or a random one.
    pub async fn write<B, R, F, W>(&self, body: B, send: F) -> Answer<R>
    where
        B: Clone,
        F: Fn(Channel, Request<B>) -> W,
        W: Future<Output = Result<Response<R>, Status>>,
    {
        let key = self.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        self.call(body, Some(key), send).await
    }

    /// A server stream, read to its end.
    pub async fn stream<B, R, F, W>(&self, body: B, send: F) -> Answer<Vec<R>>
    where
        F: Fn(Channel, Request<B>) -> W,
        W: Future<Output = Result<Response<Streaming<R>>, Status>>,
    {
        let request = self.request(body, None).await?;
        let mut stream = send(self.gateway.channel(), request).await?.into_inner();
        let mut all = Vec::new();
        while let Some(item) = stream.next().await {
            all.push(item?);
        }
        Ok(all)
    }

    async fn call<B, R, F, W>(&self, body: B, key: Option<String>, send: F) -> Answer<R>
    where
        B: Clone,
        F: Fn(Channel, Request<B>) -> W,
        W: Future<Output = Result<Response<R>, Status>>,
    {
        let mut tries = 1;
        loop {
            let request = self.request(body.clone(), key.as_deref()).await?;
            let refusal: Refusal = match send(self.gateway.channel(), request).await {
                Ok(reply) => return Ok(reply.into_inner()),
                Err(status) => status.into(),
            };
            // a lost race is safe to run again under the same key; everything else is the caller's decision
            if refusal.code != Code::Aborted || tries == RACE_TRIES {
                return Err(refusal);
            }
            let pause = refusal.retry_after.unwrap_or(Duration::from_millis(20));
            tokio::time::sleep(pause.min(Duration::from_secs(1)) * tries).await;
            tries += 1;
        }
    }

    /// A request with everything a call needs; for calls made by hand over [`Gateway::channel`].
    pub async fn request<B>(&self, body: B, key: Option<&str>) -> Answer<Request<B>> {
        let token = self.token().await?;
        let mut request = Request::new(body);
        request.set_timeout(self.gateway.timeout());
        let mut put = |name: &'static str, text: &str| match MetadataValue::try_from(text) {
            Ok(value) => {
                request.metadata_mut().insert(name, value);
                Ok(())
            }
            Err(_) => Err(Refusal::local("METADATA_INVALID", format!("{name} is not a header value"))),
        };
        if !token.is_empty() {
            put("authorization", &format!("Bearer {token}"))?;
        }
        if let Some(key) = key {
            put("idempotency-key", key)?;
        }
        Ok(request)
    }
}

async fn person_token(through: &Session, tokens: &Mutex<TokenPair>) -> Answer<String> {
    let mut tokens = tokens.lock().await;
    if tokens.access_expires_at_us < through.gateway.now().0 + RENEW_AHEAD_US
        && !tokens.refresh_token.is_empty()
    {
        let body = RefreshTokenRequest { refresh_token: tokens.refresh_token.clone() };
        let reply = through
            .write(body, |channel, request| async move { Tokens::new(channel).refresh_token(request).await })
            .await?;
        *tokens = reply.tokens.unwrap_or_default();
    }
    Ok(tokens.access_token.clone())
}
