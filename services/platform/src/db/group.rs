//! What several calls need to share one unit of work: each keeps its own key, its own reply and its own trace.

use prost::{Message, Name};
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::together::{Outcomes, Part, Place};
use super::wide::{Rows, among, words};
use super::work::{REPLY, Work, request_hash, scope_of};
use super::{Db, DbFault, outbox};
use crate::call::CallMeta;

/// How a call's key stands.
#[derive(Debug)]
pub enum Known {
    /// Nobody used it, or the call has none.
    Fresh,
    /// The same call was committed; this is its reply, for [`Known::reply`].
    Reply(String),
    /// Used with another request, or its reply cannot be read.
    Fault(DbFault),
}

impl Known {
    /// Reads a stored reply.
    pub fn reply<R: DeserializeOwned>(text: &str) -> Result<R, DbFault> {
        serde_json::from_str(text).map_err(|_| DbFault::Reply)
    }
}

/// An event and what it is about, with the trace of the call that caused it.
pub struct Told {
    topic: String,
    key: String,
    payload: Vec<u8>,
    traceparent: String,
}

impl Told {
    /// `key` is the id of the aggregate, `traceparent` that of the call ([`crate::stack::traceparent`]).
    pub fn new<M: Message + Name>(event: &M, key: &str, traceparent: &str) -> Told {
        Told {
            topic: M::full_name(),
            key: key.to_owned(),
            payload: event.encode_to_vec(),
            traceparent: traceparent.to_owned(),
        }
    }
}

/// A reply to keep under the key of its call.
pub struct Reply<'a> {
    meta: &'a CallMeta,
    text: String,
}

impl<'a> Reply<'a> {
    pub fn new<R: Serialize>(meta: &'a CallMeta, reply: &R) -> Result<Reply<'a>, DbFault> {
        Ok(Reply { meta, text: serde_json::to_string(reply).map_err(|_| DbFault::Reply)? })
    }
}

impl Db {
    /// The reply of the same call when it was committed before, without claiming its key.
    pub async fn replayed<R: DeserializeOwned>(&self, meta: &CallMeta) -> Result<Option<R>, DbFault> {
        let Some(scope) = scope_of(meta) else { return Ok(None) };
        let sql = "SELECT request_hash, reply FROM idempotency WHERE scope = $1";
        let select = sea_orm::Statement::from_sql_and_values(self.backend(), sql, [scope.into()]);
        let Some(row) = self.read().query_one_raw(select).await? else { return Ok(None) };
        if row.try_get::<String>("", "request_hash")? != request_hash(&self.shared.cipher, meta) {
            return Err(DbFault::KeyReused);
        }
        let sealed: String = row.try_get("", "reply")?;
        let text = self.shared.cipher.open(REPLY, &sealed).map_err(DbFault::Sealed)?;
        Known::reply(&text).map(Some)
    }
}

/// Whether two calls are the same by their keys: they must not stand in one group.
pub fn key_of(meta: &CallMeta) -> Option<String> {
    scope_of(meta)
}

/// A key that was used.
#[derive(Deserialize, FromQueryResult)]
struct Used {
    scope: String,
    request_hash: String,
    reply: String,
}

impl Work {
    /// Asks how the keys of these calls stand, for [`Work::known`].
    pub fn asked(&self, calls: &[Option<&CallMeta>]) -> Option<Part> {
        let scopes: Vec<String> = calls.iter().filter_map(|call| call.and_then(scope_of)).collect();
        if scopes.is_empty() {
            return None;
        }
        let of = among(self.tx(), 1);
        let sql = format!("SELECT scope, request_hash, reply FROM idempotency WHERE scope {of}");
        let backend = self.tx().get_database_backend();
        let values = [words(self.tx(), scopes.iter().map(String::as_str))];
        Some(Part::rows(sea_orm::Statement::from_sql_and_values(backend, sql, values)))
    }

    /// How the keys of these calls stand, in their order.
    pub fn known(
        &self,
        calls: &[Option<&CallMeta>],
        told: &Outcomes,
        place: Place,
    ) -> Result<Vec<Known>, DbFault> {
        let used: Vec<Used> = told.rows(place)?;
        let found: std::collections::HashMap<_, _> =
            used.into_iter().map(|used| (used.scope, (used.request_hash, used.reply))).collect();
        let stands = |call: &Option<&CallMeta>| {
            let scope = call.and_then(scope_of);
            let (Some(call), Some((hash, reply))) = (call, scope.and_then(|scope| found.get(&scope))) else {
                return Known::Fresh;
            };
            if *hash != request_hash(self.cipher(), call) {
                return Known::Fault(DbFault::KeyReused);
            }
            match self.cipher().open(REPLY, reply) {
                Ok(text) => Known::Reply(text),
                Err(error) => Known::Fault(DbFault::Sealed(error)),
            }
        };
        Ok(calls.iter().map(stands).collect())
    }

    /// Keeps the replies of calls whose keys were fresh, and says how many rows that has to touch: fewer mean that a twin was
    /// committed meanwhile, and nothing of this unit of work may stay.
    pub fn remember(&self, replies: &[Reply<'_>]) -> Result<(Option<Part>, u64), DbFault> {
        let mut rows = Rows::new(&["scope", "request_hash", "reply", "created_at_us"]);
        for Reply { meta, text } in replies {
            let Some(scope) = scope_of(meta) else { continue };
            let hash = request_hash(self.cipher(), meta);
            let sealed = self.cipher().seal(REPLY, text);
            rows.push([scope.into(), hash.into(), sealed.into(), meta.now.0.into()]);
        }
        let once = "ON CONFLICT (scope) DO NOTHING";
        Ok((rows.inserted_and_counted(self.tx(), "idempotency", once)?, rows.len()))
    }

    /// Puts events into the outbox, in their order.
    pub fn pushed(&self, told: Vec<Told>) -> Result<Option<Part>, DbFault> {
        if told.is_empty() {
            return Ok(None);
        }
        self.will_ring();
        let now = self.now();
        let rows = told.into_iter().map(|told| outbox::Row {
            id: self.new_id("evt"),
            topic: told.topic,
            key: told.key,
            payload: told.payload,
            traceparent: told.traceparent,
            created_at_us: now.0,
        });
        Ok(outbox::wide(rows.collect()).inserted(self.tx(), "outbox", "")?)
    }
}
