//! A guardian's token: identity is asked for every call, and what it refuses goes nowhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use liufang_kernel::{Class, Fault, ReasonDoc};
use liufang_platform::mesh::{Mesh, MeshError};
use liufang_platform::status::to_status;
use tonic::body::Body;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use super::backend::{self, world, world_with};
use super::client::send;
use crate::GatewayConfig;

const GET_ORDER: &str = "/liufang.order.v1.OrderService/GetOrder";

#[derive(Debug, thiserror::Error)]
#[error("ended")]
struct Ended(ReasonDoc);

impl Fault for Ended {
    fn doc(&self) -> &ReasonDoc {
        &self.0
    }
}

/// Identity, as far as a guardian needs it: how often it was asked, and whether it agrees.
#[derive(Clone, Default)]
struct Identity(Arc<AtomicUsize>, Arc<AtomicBool>);

impl Identity {
    fn mesh(&self) -> Mesh {
        let own = self.clone();
        let agrees = backend::stream(true);
        BoxCloneSyncService::new(tower::service_fn(move |request: http::Request<Body>| {
            let (own, agrees) = (own.clone(), agrees.clone());
            async move {
                assert_eq!(request.uri().path(), "/liufang.identity.v1.GuardianService/CheckActing");
                own.0.fetch_add(1, Ordering::SeqCst);
                if own.1.load(Ordering::SeqCst) {
                    let doc =
                        ReasonDoc::new("GUARDIAN_ENDED", Class::PermissionDenied, "监护关系已结束", "ended");
                    return Ok::<_, MeshError>(to_status(&Ended(doc), None).into_http());
                }
                agrees.oneshot(request).await
            }
        }))
    }

    fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_ended_relation_is_refused_at_once() {
    let identity = Identity::default();
    let world = world_with(GatewayConfig::default(), |gateway| gateway.identity(identity.mesh())).await;
    let own = world.patient("");
    assert_eq!(world.json_with(GET_ORDER, "{}", &[("authorization", &own)]).await.status, 200);
    assert_eq!(identity.asked(), 0, "nobody acts for anybody");
    let acting = world.patient("per_guardian");
    for asked in 1..=2 {
        assert_eq!(world.json_with(GET_ORDER, "{}", &[("authorization", &acting)]).await.status, 200);
        assert_eq!(identity.asked(), asked, "every call is asked for");
    }
    identity.1.store(true, Ordering::SeqCst);
    let refused = world.json_with(GET_ORDER, "{}", &[("authorization", &acting)]).await;
    assert_eq!((refused.status.as_u16(), refused.refusal().1.as_str()), (403, "GUARDIAN_ENDED"));
    assert_eq!(refused.detail("google.rpc.LocalizedMessage")["message"], "监护关系已结束");
}

#[tokio::test]
async fn a_door_that_cannot_ask_passes_nobody_for_a_child() {
    let world = world(GatewayConfig::default()).await;
    let acting = world.patient("per_guardian");
    let refused = world.json_with(GET_ORDER, "{}", &[("authorization", &acting)]).await;
    assert_eq!(refused.refusal().1, "CALLER_NOT_ALLOWED");
}

#[tokio::test]
async fn a_stream_ends_with_the_relation() {
    let identity = Identity::default();
    let config = GatewayConfig { recheck_ms: 100, ..GatewayConfig::default() };
    let world = world_with(config, |gateway| gateway.identity(identity.mesh())).await;
    let acting = world.patient("per_guardian");
    let headers = [
        ("content-type", "application/connect+json"),
        ("connect-protocol-version", "1"),
        ("authorization", &acting),
    ];
    let path = "/liufang.dispatch.v1.DeliveryService/TrackDelivery";
    let open = send(world.address, http::Method::POST, path, &headers, b"\0\0\0\0\x02{}".to_vec());
    let end = async {
        // asked when it opened, and again since
        while identity.asked() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        identity.1.store(true, Ordering::SeqCst);
    };
    let (answer, ()) = tokio::join!(open, end);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("GUARDIAN_ENDED"), "{text}");
}
