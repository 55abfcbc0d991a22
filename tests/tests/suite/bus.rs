//! The bus itself, on a real Redis: what it lost is published again, what fails holds up nothing, outages give up nothing,
//! who stops leaves the rest and its name.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use liufang_kernel::{Class, Fault, ReasonDoc, Timestamp};
use liufang_platform::bus::{Bus as _, Pace, RedisBus};
use liufang_platform::config::{Config, Layers};
use liufang_platform::db::relay::Relay;
use liufang_platform::db::{Gate, outbox};
use liufang_platform::testing::{self, World};
use liufang_platform::{Consumer, Event, Ids};
use liufang_proto::order::v1::OrderChanged;
use liufang_tests::servers::{self, PrivateRedis};
use liufang_tests::{eventually, logs};
use prost::{Message as _, Name as _};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const DAY: i64 = 86_400;
/// Quick enough for a test; everything else as in an installation.
const QUICK: Pace = Pace {
    stale: Duration::from_millis(300),
    pauses: [Duration::ZERO; 3],
    failures: 3,
    gone: Duration::from_secs(3_600),
};

/// One installation's part of a Redis.
struct Shore {
    url: String,
    prefix: String,
    connection: MultiplexedConnection,
}

impl Shore {
    async fn of(url: String) -> Shore {
        let client = redis::Client::open(url.as_str()).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        Shore { url, prefix: Ids.next("bus"), connection }
    }

    async fn shared() -> Shore {
        Shore::of(servers::shared().redis_url()).await
    }

    /// As a new process would see it.
    fn bus(&self, keep_seconds: i64) -> RedisBus {
        let overrides = vec![
            "bus.kind=redis".to_owned(),
            format!("bus.url={:?}", self.url),
            format!("bus.prefix={:?}", self.prefix),
            format!("bus.keep_published_seconds={keep_seconds}"),
        ];
        let config = Config::load(&Layers { overrides, ..Layers::default() }).unwrap();
        RedisBus::new(&config.redis()).unwrap()
    }

    fn relay(&self, world: &World) -> Relay {
        Relay::new(world.deps.db.clone(), Arc::new(self.bus(DAY)))
    }

    fn key(&self, end: &str) -> String {
        format!("{}:{}{end}", self.prefix, OrderChanged::full_name())
    }

    fn epoch(&self) -> String {
        format!("{}:epoch", self.prefix)
    }

    /// Publishes an event that tells nothing but its name.
    async fn publish(&self, name: &str) {
        let event = Event {
            id: name.to_owned(),
            topic: OrderChanged::full_name(),
            key: name.to_owned(),
            payload: OrderChanged { order_id: name.to_owned(), ..Default::default() }.encode_to_vec(),
            traceparent: String::new(),
            at: Timestamp(1),
        };
        self.bus(0).publish(&event).await.unwrap();
    }

    async fn length(&self, end: &str) -> i64 {
        self.connection.clone().xlen(self.key(end)).await.unwrap()
    }

    /// Names of the group and how much is pending under them.
    async fn names(&self) -> Vec<(String, usize)> {
        let reply: redis::streams::StreamInfoConsumersReply =
            self.connection.clone().xinfo_consumers(self.key(""), "listener").await.unwrap();
        reply.consumers.into_iter().map(|consumer| (consumer.name, consumer.pending)).collect()
    }

    fn consume(&self, pace: Pace, name: &'static str, listener: &Listener) -> Running {
        let shutdown = CancellationToken::new();
        let (bus, consumer, stop) = (self.bus(0).paced(pace), listener.consumer(), shutdown.clone());
        let task = tokio::spawn(async move { bus.consume(consumer, name, Gate::opened(), stop).await });
        Running { task, shutdown }
    }
}

struct Running {
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Running {
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

/// A refusal of any class.
#[derive(Debug)]
struct No(ReasonDoc);

impl No {
    fn of(class: Class) -> No {
        No(ReasonDoc::new("NO", class, "", ""))
    }
}

impl fmt::Display for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no")
    }
}

impl std::error::Error for No {}

impl Fault for No {
    fn doc(&self) -> &ReasonDoc {
        &self.0
    }
}

type Verdict = dyn Fn(&str, usize) -> Result<(), No> + Send + Sync;

/// Hears events, and is told what to say to the n-th try of each.
#[derive(Clone)]
struct Listener {
    tries: Arc<Mutex<Vec<String>>>,
    taken: Arc<Mutex<Vec<String>>>,
    takes: Duration,
    verdict: Arc<Verdict>,
}

impl Listener {
    fn new(verdict: impl Fn(&str, usize) -> Result<(), No> + Send + Sync + 'static) -> Listener {
        let verdict = Arc::new(verdict);
        Listener { tries: Arc::default(), taken: Arc::default(), takes: Duration::ZERO, verdict }
    }

    fn consumer(&self) -> Consumer {
        let listener = self.clone();
        Consumer::new::<OrderChanged, _, _, _>("listener", move |_, body| {
            let listener = listener.clone();
            async move { listener.hear(body.order_id).await }
        })
    }

    async fn hear(&self, name: String) -> Result<(), No> {
        tokio::time::sleep(self.takes).await;
        let number = self.tries_of(&name);
        self.tries.lock().unwrap().push(name.clone());
        (self.verdict)(&name, number)?;
        self.taken.lock().unwrap().push(name);
        Ok(())
    }

    fn tries_of(&self, name: &str) -> usize {
        self.tries.lock().unwrap().iter().filter(|tried| *tried == name).count()
    }

    async fn until_taken(&self, names: &[&str]) {
        eventually("the events are taken", || async {
            let mut taken = self.taken.lock().unwrap().clone();
            taken.sort();
            (taken == names).then_some(())
        })
        .await;
    }
}

async fn write(world: &World, name: &str) {
    let work = world.deps.db.begin_step().await.unwrap();
    work.push(&OrderChanged::default(), name).await.unwrap();
    work.done().await.unwrap();
}

/// The machine was down with Redis on it; what was written last did not reach the disk, the epoch had long before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_restarted_redis_lost_while_nobody_looked_is_published_again() {
    let _announced = logs::announce("the bus may have lost events");
    let world = testing::world("test", &[], &[]).await;
    let mut redis = PrivateRedis::start();
    let mut before = Shore::of(redis.url()).await;
    write(&world, "a").await;
    write(&world, "b").await;
    assert_eq!(before.relay(&world).step().await.unwrap(), 2);
    let epoch: String = before.connection.get(before.epoch()).await.unwrap();
    tokio::task::block_in_place(|| redis.kill());
    tokio::task::block_in_place(|| redis.start_again());
    let mut after = Shore { prefix: before.prefix.clone(), ..Shore::of(redis.url()).await };
    let _: () = after.connection.set(after.epoch(), epoch).await.unwrap();
    let mut relay = after.relay(&world);
    assert_eq!(
        relay.step().await.unwrap(),
        2,
        "published again by a process that never saw the server before"
    );
    assert_eq!((relay.step().await.unwrap(), after.length("").await), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_consumers_may_have_forgotten_is_not_published_again() {
    let _announced = logs::announce("the bus may have lost events");
    let world = testing::world("test", &[], &[]).await;
    let mut shore = Shore::shared().await;
    let mut relay = shore.relay(&world);
    let mut loses_its_memory = async || {
        let _: i64 = shore.connection.del(shore.epoch()).await.unwrap();
    };
    write(&world, "old").await;
    assert_eq!(relay.step().await.unwrap(), 1);
    world.clock.advance_seconds(10 * DAY);
    write(&world, "new").await;
    loses_its_memory().await;
    assert_eq!(relay.step().await.unwrap(), 2);
    world.clock.advance_seconds(4 * DAY);
    loses_its_memory().await;
    assert_eq!(relay.step().await.unwrap(), 1, "only what consumers still know");
    // kept for a while, and then nothing is to be kept
    assert_eq!(outbox::purge_step(&world.deps.db, &shore.bus(10 * DAY), 10 * DAY).await.unwrap(), 1);
    assert_eq!(
        outbox::purge_step(&world.deps.db, &shore.bus(0), 0).await.unwrap(),
        1,
        "marks of before are removed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_does_not_hold_up_what_is_new() {
    let shore = Shore::shared().await;
    let mut listener = Listener::new(|name, _| match name {
        "good" => Ok(()),
        _ => Err(No::of(Class::Unavailable)),
    });
    // all of them together take longer than it takes to be claimed again
    listener.takes = Duration::from_millis(60);
    let bad: Vec<String> = (0..20).map(|n| format!("bad-{n}")).collect();
    for name in &bad {
        shore.publish(name).await;
    }
    let running = shore.consume(QUICK, "replica", &listener);
    eventually("everything was tried", || async {
        bad.iter().all(|name| 0 < listener.tries_of(name)).then_some(())
    })
    .await;
    shore.publish("good").await;
    listener.until_taken(&["good"]).await;
    // nobody is forgotten either: those behind the first are claimed too
    let counts: Vec<usize> = bad.iter().map(|name| listener.tries_of(name)).collect();
    eventually("each is tried again", || async {
        let again = bad.iter().zip(&counts).all(|(name, count)| *count < listener.tries_of(name));
        again.then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outages_give_no_event_up() {
    let _announced = logs::announce("event moved to dead letters");
    let mut shore = Shore::shared().await;
    let listener = Listener::new(|name, number| match (name, number) {
        // long enough to be given up several times, and then a failure of its own
        ("waits", ..12) => Err(No::of(Class::Unavailable)),
        ("unknown", ..12) => Err(No::of(Class::Unauthenticated)),
        ("waits" | "unknown", 12) => Err(No::of(Class::Internal)),
        ("broken", _) => Err(No::of(Class::Internal)),
        _ => Ok(()),
    });
    let running = shore.consume(Pace { stale: Duration::from_millis(50), ..QUICK }, "replica", &listener);
    for name in ["waits", "unknown", "broken"] {
        shore.publish(name).await;
    }
    eventually("what is broken is given up", || async {
        (0 < shore.length(":dead:listener").await).then_some(())
    })
    .await;
    // four tries of the first delivery, one of each later
    assert_eq!(listener.tries_of("broken"), 4 + 2);
    eventually("what waited is taken, or given up", || async {
        let given_up = shore.length(":dead:listener").await as usize;
        let settled = listener.taken.lock().unwrap().len() + given_up;
        (settled == 3).then_some(())
    })
    .await;
    assert_eq!(shore.length(":dead:listener").await, 1, "only what fails for good is given up");
    listener.until_taken(&["unknown", "waits"]).await;
    running.stop().await;
    let counted: bool = shore.connection.exists(shore.key(":failed:listener")).await.unwrap();
    assert!(!counted, "nothing is counted of what is done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_leaves_the_rest_and_its_name() {
    let shore = Shore::shared().await;
    for name in ["a", "b", "c"] {
        shore.publish(name).await;
    }
    // told to stop in the middle of what it has read
    let stop = Arc::new(Mutex::new(None::<CancellationToken>));
    let told = stop.clone();
    let first = Listener::new(move |_, _| {
        told.lock().unwrap().as_ref().expect("running").cancel();
        Ok(())
    });
    let running = {
        // nobody takes anything before it can be told
        let mut held = stop.lock().unwrap();
        let running = shore.consume(QUICK, "first", &first);
        *held = Some(running.shutdown.clone());
        running
    };
    running.task.await.unwrap();
    assert_eq!(*first.taken.lock().unwrap(), ["a"]);
    assert_eq!(shore.names().await, [("first".to_owned(), 2)], "what is pending would go with the name");
    let second = Listener::new(|_, _| Ok(()));
    let running = shore.consume(Pace { gone: Duration::from_millis(1), ..QUICK }, "second", &second);
    second.until_taken(&["b", "c"]).await;
    eventually("the name of the first is removed", || async {
        shore.names().await.iter().all(|(name, _)| name != "first").then_some(())
    })
    .await;
    running.stop().await;
    assert_eq!(shore.names().await, [], "and its own at the end");
}
