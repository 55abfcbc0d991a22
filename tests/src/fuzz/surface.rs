//! Every unary method of the one door, asked by everybody, in JSON and in binary, with good, odd and broken bodies.

use std::collections::{BTreeMap, BTreeSet};

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use liufang::client::{Patient, Session};
use liufang::seed;
use liufang_platform::access::{AccessTable, POOL};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::codegen::Bytes;

use super::Dice;
use super::requests::{Known, ODD_TEXTS, plausible, spoil};

/// Codes that say a bug.
const BUGS: [&str; 3] = ["internal", "unknown", "data_loss"];

/// One public method.
pub struct Method {
    /// `/package.Service/Method`.
    pub path: String,
    pub write: bool,
    input: MessageDescriptor,
    /// Who is not turned away for what they are, by their place among the callers.
    callers: Vec<usize>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Json,
    Proto,
}

/// What came back.
pub struct Reply {
    pub ok: bool,
    pub code: String,
    pub reason: String,
    pub body: Value,
}

/// The door and everybody who comes to it.
pub struct Surface {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
    callers: Vec<(String, Session)>,
    pub methods: Vec<Method>,
    pub known: Known,
    /// What must not have been answered, each with how it came about.
    pub problems: Vec<String>,
    /// Answers so far by code.
    pub codes: BTreeMap<String, usize>,
    /// Methods that did what they were asked at least once.
    pub done: BTreeSet<String>,
}

impl Surface {
    /// `callers` by name; the methods and who may call them are found out by asking.
    pub async fn of(url: &str, callers: Vec<(String, Session)>) -> Surface {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let mut surface = Surface {
            url: url.to_owned(),
            client,
            callers,
            methods: Vec::new(),
            known: Known::default(),
            problems: Vec::new(),
            codes: BTreeMap::new(),
            done: BTreeSet::new(),
        };
        surface.find_methods().await;
        surface
    }

    async fn find_methods(&mut self) {
        let table = AccessTable::shared();
        let unary = |method: &prost_reflect::MethodDescriptor| !method.is_server_streaming();
        for method in POOL.services().flat_map(|service| service.methods().collect::<Vec<_>>()).filter(unary)
        {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            let Some(rule) = table.get(&path).filter(|rule| rule.public) else { continue };
            let (write, input) = (rule.write, method.input());
            let mut own = Method { path, write, input, callers: Vec::new() };
            for caller in 0..self.callers.len() {
                // without a key no write is done
                let reply = self.post(&own.path, caller, Codec::Json, "", b"{}".to_vec()).await;
                if !["CALLER_NOT_ALLOWED", "TOKEN_MISSING"].contains(&reply.reason.as_str()) {
                    own.callers.push(caller);
                    self.known.learn_all(&reply.body);
                }
            }
            self.methods.push(own);
        }
        self.methods.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// One guess: a method, somebody, a body.
    pub async fn guess(&mut self, dice: &mut Dice) {
        let index = dice.below(self.methods.len());
        let method = &self.methods[index];
        let (path, write) = (method.path.clone(), method.write);
        let caller = match method.callers.is_empty() || dice.percent(8) {
            true => dice.below(self.callers.len()),
            false => *dice.pick(&method.callers),
        };
        let mut request = plausible(&method.input, &self.known, dice, 0);
        let spoilt = *dice.pick(&[0, 0, 0, 1, 1, 1, 1, 2, 6]);
        for _ in 0..spoilt {
            spoil(&mut request, &self.known, dice);
        }
        let (codec, body) = written(&request, dice);
        let key =
            if write && !dice.percent(3) { format!("fuzz-{:016x}", dice.throw()) } else { String::new() };
        self.ask(&path, caller, codec, &key, body).await;
    }

    /// One guess of a fuzzer's own bytes: two choose method, caller and writing, the rest is the body.
    pub async fn raw(&mut self, data: &[u8]) {
        let [first, second, body @ ..] = data else { return };
        let index = usize::from(*first) % self.methods.len();
        let method = &self.methods[index];
        let caller = match method.callers.as_slice() {
            [] => 0,
            callers => callers[usize::from(second >> 1) % callers.len()],
        };
        let codec = if second & 1 == 0 { Codec::Json } else { Codec::Proto };
        let key = format!("fuzz-{:016x}", Dice::of(data).throw());
        let path = method.path.clone();
        self.ask(&path, caller, codec, &key, body.to_vec()).await;
    }

    async fn ask(&mut self, path: &str, caller: usize, codec: Codec, key: &str, body: Vec<u8>) {
        let shown: String = String::from_utf8_lossy(&body).chars().take(400).collect();
        let reply = self.post(path, caller, codec, key, body).await;
        *self.codes.entry(reply.code.clone()).or_default() += 1;
        if reply.ok {
            self.done.insert(path.to_owned());
            self.known.learn_all(&reply.body);
        }
        if let Some(problem) = problem(&reply) {
            let name = &self.callers[caller].0;
            self.problems.push(format!("{path} by {name} ({codec:?} {shown}): {problem}: {}", reply.body));
        }
    }

    /// Reads everything that is known by its name, as everybody who may.
    pub async fn read_back(&mut self) {
        let reads: Vec<usize> = (0..self.methods.len()).filter(|index| !self.methods[*index].write).collect();
        for index in reads {
            let method = &self.methods[index];
            let (path, callers, input) = (method.path.clone(), method.callers.clone(), method.input.clone());
            let fields: Vec<_> =
                input.fields().filter(|field| !self.known.of(field.json_name()).is_empty()).collect();
            for field in &fields {
                let values = self.known.of(field.json_name()).to_vec();
                for value in values.iter().rev().take(6) {
                    let body = match field.is_list() {
                        true => serde_json::json!({ field.json_name(): [value] }),
                        false => serde_json::json!({ field.json_name(): value }),
                    };
                    for caller in &callers {
                        self.ask(&path, *caller, Codec::Json, "", body.to_string().into_bytes()).await;
                    }
                }
            }
        }
    }

    /// Whether somebody reads it: `path` with one field.
    pub async fn is_read(&mut self, path: &str, field: &str, value: &str) -> bool {
        let body = serde_json::json!({ field: value }).to_string();
        for caller in 0..self.callers.len() {
            if self.post(path, caller, Codec::Json, "", body.clone().into_bytes()).await.ok {
                return true;
            }
        }
        false
    }

    async fn post(&self, path: &str, caller: usize, codec: Codec, key: &str, body: Vec<u8>) -> Reply {
        let kind = if codec == Codec::Json { "application/json" } else { "application/proto" };
        let mut request = http::Request::post(format!("{}{path}", self.url)).header("content-type", kind);
        let token = self.callers[caller].1.token().await.unwrap_or_default();
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(Bytes::from(body))).expect("a request");
        // a body refused before it is read whole ends its connection, and the answer may be lost with it
        let mut reply = self.client.request(request.clone()).await;
        for _ in 1..TRIES {
            if reply.is_err() {
                reply = self.client.request(request.clone()).await;
            }
        }
        let reply = reply.expect("the door answers");
        let ok = reply.status().is_success();
        let bytes = reply.into_body().collect().await.expect("the whole answer").to_bytes();
        let body: Value = match (ok, codec) {
            (true, Codec::Proto) => Value::Null,
            _ => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        };
        let code = if ok { "ok".to_owned() } else { body["code"].as_str().unwrap_or("none").to_owned() };
        let reason = detail(&body, "google.rpc.ErrorInfo")["reason"].as_str().unwrap_or_default().to_owned();
        Reply { ok, code, reason, body }
    }
}

/// Tries of a request until the door is heard.
const TRIES: usize = 4;

static NULL: Value = Value::Null;

fn detail<'a>(body: &'a Value, name: &str) -> &'a Value {
    let mut details = body["details"].as_array().into_iter().flatten();
    details.find(|detail| detail["type"] == name).map_or(&NULL, |detail| &detail["debug"])
}

/// Why a reply is none that the contract allows.
fn problem(reply: &Reply) -> Option<&'static str> {
    if reply.ok {
        return None;
    }
    if BUGS.contains(&reply.code.as_str()) {
        return Some("a bug");
    }
    if reply.reason.is_empty() {
        return Some("a refusal without a reason");
    }
    let fields =
        detail(&reply.body, "google.rpc.BadRequest")["fieldViolations"].as_array().map_or(0, Vec::len);
    if reply.reason == "INVALID_REQUEST" && fields == 0 {
        return Some("a bad request that names no field");
    }
    None
}

/// The bytes of a request, sometimes torn.
fn written(request: &DynamicMessage, dice: &mut Dice) -> (Codec, Vec<u8>) {
    if dice.percent(35) {
        let mut bytes = request.encode_to_vec();
        if dice.percent(35) && !bytes.is_empty() {
            match dice.below(3) {
                0 => bytes.truncate(dice.below(bytes.len())),
                1 => {
                    let at = dice.below(bytes.len());
                    bytes[at] ^= 1 << dice.below(8);
                }
                // not UTF-8, wherever it falls
                _ => {
                    let at = dice.below(bytes.len());
                    bytes[at] = 0xFF;
                }
            }
        }
        return (Codec::Proto, bytes);
    }
    let options = SerializeOptions::new().skip_default_fields(dice.percent(50));
    let mut json =
        request.serialize_with_options(serde_json::value::Serializer, &options).unwrap_or(Value::Null);
    if dice.percent(15) {
        wrong_type(&mut json, dice);
    }
    let mut bytes = json.to_string().into_bytes();
    if dice.percent(6) && !bytes.is_empty() {
        let at = dice.below(bytes.len());
        bytes[at] = dice.throw().to_le_bytes()[0];
    }
    (Codec::Json, bytes)
}

/// Something of another type in one place.
fn wrong_type(json: &mut Value, dice: &mut Dice) {
    let Value::Object(fields) = json else { return };
    let names: Vec<String> = fields.keys().cloned().collect();
    let name = if names.is_empty() || dice.percent(10) {
        "nobodyKnowsThis".to_owned()
    } else {
        dice.pick(&names).clone()
    };
    let deep = (0..80).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    let odd = [
        Value::Null,
        Value::Bool(true),
        serde_json::json!(1),
        serde_json::json!(-1),
        serde_json::json!(u64::MAX),
        serde_json::json!(["x", 1, null]),
        serde_json::json!({ "x": { "y": [] } }),
        Value::String((*dice.pick(&ODD_TEXTS)).to_owned()),
        deep,
    ];
    fields.insert(name, dice.pick(&odd).clone());
}

/// An installation of the fuzzer's own process, and its door.
pub struct Running {
    runtime: tokio::runtime::Runtime,
    surface: tokio::sync::Mutex<Surface>,
    /// Held: what runs there ends with it.
    _world: crate::World,
}

impl Running {
    /// One process on SQLite with the demo rows.
    pub fn start() -> Running {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        let (world, surface) = runtime.block_on(async {
            let world = crate::World::start(crate::Shape::Sqlite).await;
            let gateway = world.gateway().await;
            let his = seed::cast::his(&gateway, "H13030200001").expect("a key");
            let pos = seed::cast::pos(&gateway, "P13030200001").expect("a key");
            let citizen =
                seed::Seed::read().and_then(|seed| Ok(seed.person(1)?.citizen())).expect("a person");
            let patient = Patient::register(&gateway, &citizen).await.expect("a patient");
            let callers = vec![
                ("nobody".to_owned(), Session::anonymous(&gateway)),
                ("patient".to_owned(), patient.session().clone()),
                ("hospital".to_owned(), his.session().clone()),
                ("pharmacy".to_owned(), pos.session().clone()),
                ("operator".to_owned(), Session::fixed(&gateway, &world.operator_token())),
            ];
            let surface = Surface::of(&world.url, callers).await;
            (world, surface)
        });
        Running { runtime, surface: tokio::sync::Mutex::new(surface), _world: world }
    }

    /// One guess; panics at an answer that the contract does not allow.
    pub fn guess(&self, data: &[u8]) {
        self.runtime.block_on(async {
            let mut surface = self.surface.lock().await;
            surface.raw(data).await;
            assert!(surface.problems.is_empty(), "{}", surface.problems.join("\n"));
        });
    }
}
