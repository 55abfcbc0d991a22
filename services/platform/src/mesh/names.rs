//! Who answers for a host's name.

use std::io;
use std::net::SocketAddr;

use futures::future::BoxFuture;

/// A name service: the addresses of a host at one moment.
pub trait Names: Send + Sync {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The machine's own resolver.
pub(super) struct System;

impl Names for System {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
