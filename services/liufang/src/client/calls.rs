//! The macros that write the typed methods: one line for each RPC a kind of caller may use.

/// Typed methods of a client: `read name: Service.rpc(Request) -> Response;` for queries, `write` for everything that
/// needs an idempotency key, `stream` for server streams, which are read to their end.
macro_rules! calls {
    ($who:ident { $( $(#[$doc:meta])* $mode:ident $name:ident: $service:ident.$rpc:ident($request:ty) -> $reply:ty; )* }) => {
        impl $who { $(
            calls!(@one $(#[$doc])* $mode $name $service $rpc $request, $reply);
        )* }
    };
    (@one $(#[$doc:meta])* stream $name:ident $service:ident $rpc:ident $request:ty, $reply:ty) => {
        $(#[$doc])*
        #[doc = concat!("`", stringify!($service), ".", stringify!($rpc), "`, read to its end; see the contract for refusals.")]
        pub async fn $name(&self, body: $request) -> $crate::client::Answer<Vec<$reply>> {
            self.session
                .stream(body, |channel, request| async move {
                    $crate::client::services::$service::new(channel).$rpc(request).await
                })
                .await
        }
    };
    (@one $(#[$doc:meta])* $mode:ident $name:ident $service:ident $rpc:ident $request:ty, $reply:ty) => {
        $(#[$doc])*
        #[doc = concat!("`", stringify!($service), ".", stringify!($rpc), "`; see the contract for refusals.")]
        pub async fn $name(&self, body: $request) -> $crate::client::Answer<$reply> {
            self.session
                .$mode(body, |channel, request| async move {
                    $crate::client::services::$service::new(channel).$rpc(request).await
                })
                .await
        }
    };
}

/// What every client with a session offers beside its RPCs.
macro_rules! keyed {
    ($who:ident) => {
        impl $who {
            /// The same caller, whose writes all carry `key` instead of a random idempotency key.
            pub fn keyed(&self, key: &str) -> $who {
                let mut same = self.clone();
                same.session = self.session.keyed(key);
                same
            }

            /// Tokens and channel, for calls this client has no method for.
            pub fn session(&self) -> &$crate::client::Session {
                &self.session
            }
        }
    };
}

pub(crate) use {calls, keyed};
