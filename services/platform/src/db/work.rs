//! The unit of work: a guard around a transaction. Dropping it rolls back.

use std::sync::Arc;

use liufang_kernel::Timestamp;
use prost::{Message, Name};
use sea_orm::{ConnectionTrait, Statement};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;

use super::{DbFault, Shared, Tx, outbox};
use crate::call::CallMeta;
use crate::cipher::Cipher;
use crate::hash;

/// What [`super::Db::begin`] answers.
pub enum Begun<R> {
    /// The key is claimed: do the work, then commit it with its reply.
    Fresh(Work),
    /// The same call was committed before; this is its reply.
    Replay(R),
}

/// A running transaction with its idempotency claim.
pub struct Work {
    tx: Tx,
    scope: Option<String>,
    shared: Arc<Shared>,
    wrote_outbox: std::sync::atomic::AtomicBool,
    // held until the transaction has ended; dropped last
    _permit: Option<OwnedSemaphorePermit>,
}

/// Column context of stored replies.
pub(crate) const REPLY: &str = "idempotency.reply";

impl Work {
    pub(super) fn new(tx: Tx, permit: Option<OwnedSemaphorePermit>, shared: Arc<Shared>) -> Work {
        Work { tx, scope: None, shared, wrote_outbox: false.into(), _permit: permit }
    }

    /// The connection that sees this transaction's writes.
    pub fn tx(&self) -> &Tx {
        &self.tx
    }

    /// Puts an event into the outbox. `key` is the id of the aggregate it is about.
    pub async fn push<M: Message + Name>(&self, event: &M, key: &str) -> Result<(), DbFault> {
        self.will_ring();
        let id = self.shared.ids.next("evt");
        let row = outbox::Row {
            id,
            topic: M::full_name(),
            key: key.to_owned(),
            payload: event.encode_to_vec(),
            traceparent: crate::stack::traceparent().unwrap_or_default(),
            created_at_us: self.shared.clock.now().0,
        };
        outbox::insert_all(&self.tx, vec![row]).await
    }

    pub(super) fn cipher(&self) -> &Cipher {
        &self.shared.cipher
    }

    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(super) fn new_id(&self, prefix: &str) -> String {
        self.shared.ids.next(prefix)
    }

    /// The relay is woken once this is committed.
    pub(super) fn will_ring(&self) {
        self.wrote_outbox.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// Stores the reply under the claimed key, commits, and hands the reply back.
    pub async fn commit<R: Serialize>(self, reply: R) -> Result<R, DbFault> {
        if let Some(scope) = &self.scope {
            let text = serde_json::to_string(&reply).map_err(|_| DbFault::Reply)?;
            let sealed = self.shared.cipher.seal(REPLY, &text);
            let update = Statement::from_sql_and_values(
                self.tx.get_database_backend(),
                "UPDATE idempotency SET reply = $1 WHERE scope = $2",
                [sealed.into(), scope.clone().into()],
            );
            self.tx.execute_raw(update).await?;
        }
        self.done().await?;
        Ok(reply)
    }

    /// Commits without a reply: workers and consumers.
    pub async fn done(self) -> Result<(), DbFault> {
        self.tx.commit().await?;
        if self.wrote_outbox.into_inner() {
            self.shared.outbox_bell.notify_one();
        }
        Ok(())
    }

    /// Rolls back. The same as dropping, but waits for the end.
    pub async fn cancel(self) -> Result<(), DbFault> {
        Ok(self.tx.rollback().await?)
    }

    pub(super) async fn claim<R: DeserializeOwned>(mut self, meta: &CallMeta) -> Result<Begun<R>, DbFault> {
        let Some(scope) = scope_of(meta) else { return Ok(Begun::Fresh(self)) };
        let request_hash = request_hash(&self.shared.cipher, meta);
        let backend = self.tx.get_database_backend();
        let insert = Statement::from_sql_and_values(
            backend,
            "INSERT INTO idempotency (scope, request_hash, reply, created_at_us) VALUES ($1, $2, '', $3) \
             ON CONFLICT (scope) DO NOTHING",
            [scope.clone().into(), request_hash.clone().into(), meta.now.0.into()],
        );
        if self.tx.execute_raw(insert).await?.rows_affected() == 1 {
            self.scope = Some(scope);
            return Ok(Begun::Fresh(self));
        }
        let select = Statement::from_sql_and_values(
            backend,
            "SELECT request_hash, reply FROM idempotency WHERE scope = $1",
            [scope.into()],
        );
        // the twin we waited for may have rolled back and a third may hold the key again: rare, retryable
        let row = self.tx.query_one_raw(select).await?.ok_or(DbFault::LostRace)?;
        let hash: String = row.try_get("", "request_hash")?;
        if hash != request_hash {
            return Err(DbFault::KeyReused);
        }
        let sealed: String = row.try_get("", "reply")?;
        let text = self.shared.cipher.open(REPLY, &sealed).map_err(DbFault::Sealed)?;
        Ok(Begun::Replay(serde_json::from_str(&text).map_err(|_| DbFault::Reply)?))
    }
}

/// Keys belong to a caller and a method: two callers may choose the same key. None for a call without a key.
pub(super) fn scope_of(meta: &CallMeta) -> Option<String> {
    let key = meta.idempotency_key.as_ref()?;
    let [kind, subject, client] = meta.principal.key_owner();
    let parts = [kind, subject, client, &meta.method, key];
    Some(hash::sha256_hex(parts.join("\n").as_bytes()))
}

/// Keyed: a plain digest of a short request could be found by guessing what was in it.
pub(super) fn request_hash(cipher: &Cipher, meta: &CallMeta) -> String {
    cipher.blind("idempotency.request", &meta.request_hash)
}
