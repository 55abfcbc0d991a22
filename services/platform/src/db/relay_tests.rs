//! The relay against a bus of its own kind: another server that goes away, forgets, and is replaced.

use std::sync::{Arc, Mutex};

use liufang_proto::dispatch::v1::DeliveryChanged;
use tokio_util::sync::CancellationToken;

use super::outbox;
use super::relay::{Relay, RelayError};
use crate::bus::{Bus, BusError, Epoch, Event};
use crate::testing::{World, world};

#[derive(Clone, Default)]
struct Carrier(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    epoch: Epoch,
    /// Keys in the order they came.
    taken: Vec<String>,
    /// Goes away before it takes this key.
    away_before: Option<String>,
    refuses: Option<String>,
    /// Our process is told to stop while this key is taken.
    stops_after: Option<(String, CancellationToken)>,
    forgets: bool,
}

impl Carrier {
    fn of(id: &str, run: &str) -> Carrier {
        let carrier = Carrier::default();
        carrier.becomes(id, run);
        carrier.0.lock().unwrap().forgets = true;
        carrier
    }

    fn becomes(&self, id: &str, run: &str) {
        self.0.lock().unwrap().epoch = Epoch { id: id.to_owned(), run: run.to_owned() };
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().taken)
    }
}

#[async_trait::async_trait]
impl Bus for Carrier {
    async fn publish(&self, event: &Event) -> Result<(), BusError> {
        let mut state = self.0.lock().unwrap();
        if state.away_before.as_ref() == Some(&event.key) {
            return Err(BusError::transient("away"));
        }
        if state.refuses.as_ref() == Some(&event.key) {
            return Err(BusError::permanent("too long"));
        }
        if let Some((key, shutdown)) = &state.stops_after
            && *key == event.key
        {
            shutdown.cancel();
        }
        state.taken.push(event.key.clone());
        Ok(())
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn may_forget(&self) -> bool {
        self.0.lock().unwrap().forgets
    }

    async fn epoch(&self) -> Result<Epoch, BusError> {
        Ok(self.0.lock().unwrap().epoch.clone())
    }
}

async fn push(world: &World, keys: &[&str]) {
    for key in keys {
        let work = world.deps.db.begin_step().await.unwrap();
        work.push(&DeliveryChanged::default(), key).await.unwrap();
        work.done().await.unwrap();
    }
}

async fn waiting(world: &World) -> i64 {
    outbox::backlog(&world.deps.db).await.unwrap().0
}

async fn purged(world: &World, carrier: &Carrier, keep_seconds: i64) -> usize {
    outbox::purge_step(&world.deps.db, carrier, keep_seconds).await.unwrap()
}

fn relay(world: &World, carrier: &Carrier) -> Relay {
    Relay::new(world.deps.db.clone(), Arc::new(carrier.clone()))
}

#[tokio::test]
async fn what_a_carrier_forgot_it_gets_again_once() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e1", "r1");
    let mut first = relay(&world, &carrier);
    push(&world, &["a", "b"]).await;
    assert_eq!(first.step().await.unwrap(), 2);
    assert_eq!((waiting(&world).await, first.step().await.unwrap()), (0, 0));
    assert_eq!(carrier.taken(), ["a", "b"]);
    carrier.becomes("e2", "r1");
    assert_eq!(first.step().await.unwrap(), 2);
    assert_eq!(first.step().await.unwrap(), 0);
    assert_eq!(carrier.taken(), ["a", "b"]);
    // found by a process that was not there when it happened
    carrier.becomes("e3", "r1");
    push(&world, &["c"]).await;
    let mut second = relay(&world, &carrier);
    assert_eq!(second.step().await.unwrap(), 3);
    assert_eq!(carrier.taken(), ["a", "b", "c"]);
    assert_eq!(first.step().await.unwrap(), 0, "the other relay finds it done");
}

#[tokio::test]
async fn a_replaced_carrier_gets_everything_kept_again() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e", "r1");
    let mut first = relay(&world, &carrier);
    push(&world, &["old"]).await;
    first.step().await.unwrap();
    world.clock.advance_seconds(600);
    push(&world, &["new"]).await;
    first.step().await.unwrap();
    carrier.taken();
    carrier.becomes("e", "r2");
    assert_eq!(first.step().await.unwrap(), 2);
    assert_eq!(carrier.taken(), ["old", "new"]);
    assert_eq!(first.step().await.unwrap(), 0);
    // replaced while no process of ours was there
    drop(first);
    carrier.becomes("e", "r3");
    assert_eq!(relay(&world, &carrier).step().await.unwrap(), 2);
}

#[tokio::test]
async fn what_another_relay_marked_too_late_is_found() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e", "r1");
    let (mut slow, mut quick) = (relay(&world, &carrier), relay(&world, &carrier));
    slow.step().await.unwrap();
    carrier.becomes("e", "r2");
    assert_eq!(quick.step().await.unwrap(), 0);
    // published to the server before, marked after the other had looked, and never seen again
    carrier.becomes("e", "r1");
    push(&world, &["late"]).await;
    assert_eq!(slow.step().await.unwrap(), 1);
    drop(slow);
    carrier.becomes("e", "r2");
    assert_eq!(quick.step().await.unwrap(), 0);
    world.clock.advance_seconds(60);
    assert_eq!(quick.step().await.unwrap(), 1);
}

#[tokio::test]
async fn news_does_not_wait_for_what_is_published_again() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e1", "r");
    let mut relay = relay(&world, &carrier);
    push(&world, &["old"; 100]).await;
    while relay.step().await.unwrap() != 0 {}
    carrier.taken();
    carrier.becomes("e2", "r");
    push(&world, &["new"]).await;
    relay.step().await.unwrap();
    assert!(carrier.taken().contains(&"new".to_owned()));
    while relay.step().await.unwrap() != 0 {}
    assert_eq!(carrier.taken().len(), 100 - 32);
}

#[tokio::test]
async fn nothing_is_published_again_that_consumers_may_have_forgotten() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e1", "r");
    let mut relay = relay(&world, &carrier);
    push(&world, &["old"]).await;
    relay.step().await.unwrap();
    world.clock.advance_seconds(10 * 86_400);
    push(&world, &["new"]).await;
    carrier.becomes("e2", "r");
    assert_eq!(relay.step().await.unwrap(), 2);
    // each was published again a moment ago; when they were written counts
    world.clock.advance_seconds(4 * 86_400);
    carrier.becomes("e3", "r");
    carrier.taken();
    assert_eq!(relay.step().await.unwrap(), 1);
    assert_eq!(carrier.taken(), ["new"]);
    assert_eq!(purged(&world, &carrier, 86_400).await, 1, "nobody has it and nobody may: it is not kept");
}

#[tokio::test]
async fn an_outage_delays_nothing_and_a_refusal_only_itself() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e", "r");
    let mut relay = relay(&world, &carrier);
    push(&world, &["a", "b", "c"]).await;
    carrier.0.lock().unwrap().away_before = Some("b".to_owned());
    assert!(matches!(relay.step().await, Err(RelayError::Bus(_))));
    assert_eq!((carrier.taken(), waiting(&world).await), (vec!["a".to_owned()], 2));
    carrier.0.lock().unwrap().away_before = None;
    carrier.0.lock().unwrap().refuses = Some("b".to_owned());
    assert_eq!(relay.step().await.unwrap(), 1, "at once, without waiting for a lease to end");
    assert_eq!((carrier.taken(), waiting(&world).await), (vec!["c".to_owned()], 1));
    carrier.0.lock().unwrap().refuses = None;
    assert_eq!(relay.step().await.unwrap(), 0, "what was refused waits");
    world.clock.advance_seconds(100);
    assert_eq!(relay.step().await.unwrap(), 1);
}

#[tokio::test]
async fn published_rows_go_after_their_time() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e", "r");
    push(&world, &["a", "b"]).await;
    relay(&world, &carrier).step().await.unwrap();
    world.clock.advance_seconds(60);
    push(&world, &["c"]).await;
    assert_eq!(purged(&world, &carrier, 100).await, 0);
    world.clock.advance_seconds(60);
    carrier.becomes("another", "r");
    assert_eq!(purged(&world, &carrier, 100).await, 0, "not in this memory: not yet safe");
    carrier.becomes("e", "r");
    assert_eq!(purged(&world, &carrier, 100).await, 2);
    assert_eq!(waiting(&world).await, 1, "what waits stays, however old");
    // kept before, and then nothing is to be kept
    relay(&world, &carrier).step().await.unwrap();
    carrier.0.lock().unwrap().forgets = false;
    push(&world, &["d"]).await;
    assert_eq!((purged(&world, &carrier, 0).await, waiting(&world).await), (1, 1));
}

#[tokio::test]
async fn a_process_that_stops_leaves_the_rest_to_others() {
    let world = world("test", &[], &[]).await;
    let carrier = Carrier::of("e", "r");
    let shutdown = CancellationToken::new();
    carrier.0.lock().unwrap().stops_after = Some(("a".to_owned(), shutdown.clone()));
    world.deps.db.look(&[], &[]).await;
    push(&world, &["a", "b", "c"]).await;
    relay(&world, &carrier).run(shutdown).await;
    assert_eq!((carrier.taken(), waiting(&world).await), (vec!["a".to_owned()], 2));
    assert_eq!(
        relay(&world, &carrier).step().await.unwrap(),
        2,
        "at once, without waiting for a lease to end"
    );
}
