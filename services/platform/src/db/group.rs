//! What several calls need to share one unit of work: each keeps its own key, its own reply and its own trace.

use prost::{Message, Name};
use sea_orm::ConnectionTrait as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

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

impl Work {
    /// How the keys of these calls stand, in their order.
    pub async fn known(&self, calls: &[Option<&CallMeta>]) -> Result<Vec<Known>, DbFault> {
        let scopes: Vec<Option<String>> = calls.iter().map(|call| call.and_then(scope_of)).collect();
        let asked: Vec<&str> = scopes.iter().flatten().map(String::as_str).collect();
        let mut found = std::collections::HashMap::new();
        if !asked.is_empty() {
            let sql = format!(
                "SELECT scope, request_hash, reply FROM idempotency WHERE scope {}",
                among(self.tx(), 1)
            );
            let backend = self.tx().get_database_backend();
            let values = [words(self.tx(), asked)];
            let select = sea_orm::Statement::from_sql_and_values(backend, sql, values);
            for row in self.tx().query_all_raw(select).await? {
                let (hash, reply): (String, String) =
                    (row.try_get("", "request_hash")?, row.try_get("", "reply")?);
                found.insert(row.try_get::<String>("", "scope")?, (hash, reply));
            }
        }
        let stands = |(call, scope): (&Option<&CallMeta>, &Option<String>)| {
            let (Some(call), Some((hash, reply))) = (call, scope.as_ref().and_then(|scope| found.get(scope)))
            else {
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
        Ok(calls.iter().zip(&scopes).map(stands).collect())
    }

    /// Keeps the replies of calls whose keys were fresh.
    ///
    /// # Errors
    /// [`DbFault::LostRace`] when a twin was committed meanwhile: nothing of this unit of work may stay.
    pub async fn remember(&self, replies: &[Reply<'_>]) -> Result<(), DbFault> {
        let mut rows = Rows::new(&["scope", "request_hash", "reply", "created_at_us"]);
        for Reply { meta, text } in replies {
            let Some(scope) = scope_of(meta) else { continue };
            let hash = request_hash(self.cipher(), meta);
            let sealed = self.cipher().seal(REPLY, text);
            rows.push([scope.into(), hash.into(), sealed.into(), meta.now.0.into()]);
        }
        match rows.insert(self.tx(), "idempotency", "ON CONFLICT (scope) DO NOTHING").await? {
            inserted if inserted == rows.len() => Ok(()),
            _ => Err(DbFault::LostRace),
        }
    }

    /// Puts events into the outbox, in their order.
    pub async fn push_all(&self, told: Vec<Told>) -> Result<(), DbFault> {
        if told.is_empty() {
            return Ok(());
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
        outbox::insert_all(self.tx(), rows.collect()).await
    }
}
