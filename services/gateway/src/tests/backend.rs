//! A small mesh behind a real door: one identity service behind the real server stack, and a hand-made stream.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use liufang_kernel::{Class, Fault, ReasonDoc};
use liufang_platform::auth::SigningKey;
use liufang_platform::mesh::{Directory, Mesh, MeshError, MeshKey, Place};
use liufang_platform::stack::{ServerStack, StackOptions};
use liufang_platform::status::to_status;
use liufang_platform::{Claims, PrincipalKind, SystemClock, Tokens};
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::token_service_server::{TokenService, TokenServiceServer};
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tower::util::BoxCloneSyncService;

use crate::{Gateway, GatewayConfig, Resolve, by_token};

pub const KEYS: &str = r#"{"keys":[]}"#;

/// What the service saw.
pub struct Seen {
    pub calls: AtomicUsize,
    /// Sign-ins that have ended, or why that is not told.
    pub ended: Mutex<Result<Vec<(String, i64)>, String>>,
    pub metadata: Mutex<MetadataMap>,
}

impl Default for Seen {
    fn default() -> Seen {
        let (calls, metadata) = (AtomicUsize::default(), Mutex::default());
        Seen { calls, metadata, ended: Mutex::new(Ok(Vec::new())) }
    }
}

impl Seen {
    pub fn count(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.metadata.lock().unwrap().get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("incomplete")]
struct Incomplete(ReasonDoc);

impl Fault for Incomplete {
    fn doc(&self) -> &ReasonDoc {
        &self.0
    }
    fn metadata(&self) -> Vec<(std::borrow::Cow<'static, str>, String)> {
        vec![("state".into(), "PHONE_CODE".to_owned())]
    }
}

struct Service(Arc<Seen>);

impl Service {
    fn note<T>(&self, request: Request<T>) -> T {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        *self.0.metadata.lock().unwrap() = request.metadata().clone();
        request.into_inner()
    }
}

#[tonic::async_trait]
impl TokenService for Service {
    async fn sign_in(
        &self,
        request: Request<pb::SignInRequest>,
    ) -> Result<Response<pb::SignInResponse>, Status> {
        let request = self.note(request);
        if request.verification_id == "slow" {
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        if request.verification_id == "incomplete" {
            let doc =
                ReasonDoc::new("VERIFICATION_INCOMPLETE", Class::Precondition, "认证未完成", "not complete");
            return Err(to_status(&Incomplete(doc), None));
        }
        Ok(Response::new(pb::SignInResponse { person_id: request.verification_id, tokens: None }))
    }

    async fn get_key_set(
        &self,
        request: Request<pb::GetKeySetRequest>,
    ) -> Result<Response<pb::GetKeySetResponse>, Status> {
        self.note(request);
        let mut response = Response::new(pb::GetKeySetResponse { jwks_json: KEYS.to_owned() });
        response.metadata_mut().insert("x-liufang-inner", "secret".parse().unwrap());
        Ok(response)
    }

    async fn refresh_token(
        &self,
        _: Request<pb::RefreshTokenRequest>,
    ) -> Result<Response<pb::RefreshTokenResponse>, Status> {
        Err(Status::unknown(""))
    }
    async fn revoke_token(
        &self,
        request: Request<pb::RevokeTokenRequest>,
    ) -> Result<Response<pb::RevokeTokenResponse>, Status> {
        self.note(request);
        Ok(Response::new(pb::RevokeTokenResponse {}))
    }
    async fn list_sessions(
        &self,
        _: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        Err(Status::unknown(""))
    }
    async fn list_ended_sessions(
        &self,
        _: Request<pb::ListEndedSessionsRequest>,
    ) -> Result<Response<pb::ListEndedSessionsResponse>, Status> {
        let ended = self.0.ended.lock().unwrap().clone();
        let sessions = ended.map_err(Status::unavailable)?.into_iter();
        let told = sessions.map(|(session_id, ended_at_us)| pb::EndedSession { session_id, ended_at_us });
        Ok(Response::new(pb::ListEndedSessionsResponse {
            sessions: told.collect(),
            more: false,
            now_us: 4_000_000_000_000_000,
        }))
    }
    async fn revoke_session(
        &self,
        _: Request<pb::RevokeSessionRequest>,
    ) -> Result<Response<pb::RevokeSessionResponse>, Status> {
        Err(Status::unknown(""))
    }
    async fn issue_client_token(
        &self,
        _: Request<pb::IssueClientTokenRequest>,
    ) -> Result<Response<pb::IssueClientTokenResponse>, Status> {
        Err(Status::unknown(""))
    }
    async fn issue_practitioner_token(
        &self,
        _: Request<pb::IssuePractitionerTokenRequest>,
    ) -> Result<Response<pb::IssuePractitionerTokenResponse>, Status> {
        Err(Status::unknown(""))
    }
    async fn register_client(
        &self,
        _: Request<pb::RegisterClientRequest>,
    ) -> Result<Response<pb::RegisterClientResponse>, Status> {
        Err(Status::unknown(""))
    }
}

/// Answers every call with one empty message, then stays open: the body ends with OK trailers when `ends` is set.
pub fn stream(ends: bool) -> Mesh {
    let service = move |_: http::Request<Body>| async move {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, Status>>(4);
        tokio::spawn(async move {
            let _ = sender.send(Ok(Frame::data(Bytes::from_static(&[0, 0, 0, 0, 0])))).await;
            if ends {
                let trailers = http::HeaderMap::from_iter([(Status::GRPC_STATUS, "0".parse().unwrap())]);
                let _ = sender.send(Ok(Frame::trailers(trailers))).await;
            } else {
                sender.closed().await;
            }
        });
        let frames = tokio_stream::wrappers::ReceiverStream::new(receiver);
        let mut response = http::Response::new(Body::new(http_body_util::StreamBody::new(frames)));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        Ok::<_, MeshError>(response)
    };
    BoxCloneSyncService::new(tower::service_fn(service))
}

/// A door on a port of its own.
pub struct World {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    pub mesh_key: MeshKey,
    tokens: Tokens,
    directory: Directory,
}

pub async fn world(config: GatewayConfig) -> World {
    world_with(config, |gateway| gateway).await
}

pub async fn world_with(config: GatewayConfig, adjust: impl FnOnce(Gateway) -> Gateway) -> World {
    let seen = Arc::new(Seen::default());
    let tokens = Tokens::signing(&SigningKey::generate().unwrap());
    let mesh_key = MeshKey::new("test mesh");
    let options = StackOptions {
        role: "identity",
        tokens: tokens.clone(),
        mesh_key: mesh_key.clone(),
        clock: Arc::new(SystemClock),
        max_in_flight: 100,
        max_deadline: Duration::from_secs(30),
    };
    let routes = Routes::new(TokenServiceServer::new(Service(seen.clone())));
    let directory = Directory::new(mesh_key.clone());
    let place = Place::Local(ServerStack::new(routes, options));
    directory.bind(HashMap::from([("identity".to_owned(), place)]));
    let peers = directory.peers("gateway");
    let resolve: Resolve = Arc::new(move |role| match role {
        "order" => stream(true),
        "dispatch" => stream(false),
        role => peers.forwarding(role),
    });
    let gateway = Gateway::new(resolve, by_token(tokens.clone(), Arc::new(SystemClock)), config);
    let router = adjust(gateway).router().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    World { address, seen, mesh_key, tokens, directory }
}

impl World {
    /// A bearer header of an invented institution's pharmacy system.
    pub fn pos(&self, subject: &str) -> String {
        self.bearer(PrincipalKind::Pos, subject, "", "")
    }

    /// A bearer header of a patient, for whom `actor` acts unless it is empty.
    pub fn patient(&self, actor: &str) -> String {
        self.bearer(PrincipalKind::Patient, "per_child", actor, "")
    }

    /// A bearer header of a patient's sign-in.
    pub fn signed_in(&self, session: &str) -> String {
        self.bearer(PrincipalKind::Patient, "per_1", "", session)
    }

    /// Identity, as the gateway calls it.
    pub fn identity(&self) -> Mesh {
        self.directory.peers("gateway").mesh("identity")
    }

    fn bearer(&self, kind: PrincipalKind, subject: &str, actor: &str, session: &str) -> String {
        let claims = Claims {
            sub: subject.to_owned(),
            kind,
            client: String::new(),
            region: String::new(),
            iat: 1_700_000_000,
            exp: 4_000_000_000,
            jti: "1".to_owned(),
            act: actor.to_owned(),
            sid: session.to_owned(),
        };
        format!("Bearer {}", self.tokens.sign(&claims).unwrap())
    }
}
