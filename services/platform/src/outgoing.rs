//! Requests to peers.

use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};

use crate::hash;

/// A write with its idempotency key. Derive the key from the durable id of what is being done, so that a repeat after a
/// crash carries the same one.
pub fn keyed<T>(body: T, key: impl AsRef<str>) -> Request<T> {
    let mut request = Request::new(body);
    let key = key.as_ref();
    let value = MetadataValue::<Ascii>::try_from(key).ok().filter(|_| key.len() <= 128);
    // keys are our own text; one that does not fit is replaced by its digest, which is as unique
    let value = value.or_else(|| MetadataValue::try_from(hash::sha256_hex(key.as_bytes())).ok());
    if let Some(value) = value {
        request.metadata_mut().insert("idempotency-key", value);
    }
    request
}
