//! What a consumer gave up: listed without what it says, given again and handled once, dropped with a reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use liufang_platform::bus::{Bus as _, Choice, RedisBus};
use liufang_platform::config::{Config, Layers};
use liufang_platform::db::DbOptions;
use liufang_platform::{Cipher, Clock as _, Consumer, Db, DbFault, Event, Ids, SystemClock};
use liufang_proto::settlement::v1::PaymentCaptured;
use liufang_tests::servers::{self, PrivateCluster};
use liufang_tests::{audit, eventually, logs};
use prost::{Message as _, Name as _};
use redis::aio::ConnectionLike;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use tokio_util::sync::CancellationToken;

mod one_server_gives_up_and_gives_again {
    /// Redis, and the consumer's own tables in SQLite.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        let url = liufang_tests::servers::shared().redis_url();
        let client = redis::Client::open(url.as_str()).unwrap();
        let link = client.get_multiplexed_async_connection().await.unwrap();
        super::given_up_and_given_again(&[format!("bus.url={url:?}")], link).await;
    }
}

/// Of an entry of a stream, as Redis tells them.
type Fields = Vec<(String, Vec<u8>)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_gives_up_and_gives_again() {
    let cluster = PrivateCluster::start();
    let seeds = cluster.urls();
    let root_cert = Some(std::fs::read(cluster.ca_file()).unwrap());
    let certificates = redis::TlsCertificates { client_tls: None, root_cert };
    let client =
        redis::cluster::ClusterClient::builder(seeds.split(',')).certs(certificates).build().unwrap();
    let link = client.get_async_connection().await.unwrap();
    let settings = [
        format!("bus.url={seeds:?}"),
        format!("bus.ca_file={:?}", cluster.ca_file().display().to_string()),
        "bus.cluster=true".to_owned(),
    ];
    every_server_is_looked_at(&settings, link.clone()).await;
    given_up_and_given_again(&settings, link).await;
}

/// More streams than a server shows at once, on all of them; and nobody holds a server up with `KEYS`.
async fn every_server_is_looked_at(settings: &[String], mut link: redis::cluster_async::ClusterConnection) {
    const STREAMS: usize = 900;
    let mut forbid = redis::cmd("ACL");
    forbid.arg("SETUSER").arg("default").arg("-keys");
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllNodes, None));
    link.route_command(forbid, everywhere).await.unwrap();
    let mut overrides = vec!["bus.prefix=\"many\"".to_owned(), "bus.kind=\"redis\"".to_owned()];
    overrides.extend_from_slice(settings);
    let config = Config::load(&Layers { overrides, ..Layers::default() }).unwrap();
    for number in 0..STREAMS {
        copy(&mut link, &format!("many:topic{number}:dead:clerk"), "0-1").await;
    }
    let letters = RedisBus::new(&config.redis()).unwrap().dead_letters(&Choice::default()).await.unwrap();
    assert_eq!(letters.len(), STREAMS, "every stream of every server");
}

#[test]
fn the_bus_inside_one_process_gives_nothing_up() {
    let config = Config::load(&Layers::default()).unwrap();
    let ran = audit::program(&config, &["bus", "dead-letters", "list"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("the outbox keeps it"), "{}", ran.err);
}

/// A consumer with a bug, and how often it was called and did something; one without beside it.
struct Office {
    db: Db,
    mended: AtomicBool,
    tries: AtomicUsize,
    done: AtomicUsize,
    witnessed: AtomicUsize,
}

impl Office {
    async fn clerk(&self, event: Event) -> Result<(), DbFault> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        if !self.mended.load(Ordering::SeqCst) {
            return Err(DbFault::Reply);
        }
        let Some(work) = self.db.begin_event("clerk", &event).await? else { return Ok(()) };
        self.done.fetch_add(1, Ordering::SeqCst);
        work.done().await
    }
}

async fn office(folder: &std::path::Path) -> Arc<Office> {
    let options = DbOptions::new(format!("sqlite://{}/office.db", folder.display()));
    let db = Db::connect(&options, Cipher::new("test"), Arc::new(SystemClock)).await.unwrap();
    db.migrate(&[]).await.unwrap();
    db.look(&[], &[]).await;
    let [tries, done, witnessed] = Default::default();
    Arc::new(Office { db, mended: false.into(), tries, done, witnessed })
}

fn consumers(office: &Arc<Office>) -> [Consumer; 2] {
    let (clerk, witness) = (office.clone(), office.clone());
    let clerk = move |event: Event, _: PaymentCaptured| {
        let clerk = clerk.clone();
        async move { clerk.clerk(event).await }
    };
    let witness = move |_: Event, _: PaymentCaptured| {
        witness.witnessed.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<(), DbFault>(()))
    };
    [Consumer::new("clerk", clerk), Consumer::new("witness", witness)]
}

async fn given_up_and_given_again(settings: &[String], mut link: impl ConnectionLike) {
    logs::install();
    let _announced = logs::announce("event moved to dead letters");
    let folder = servers::folder("liufang-dead-");
    let mut overrides = vec![
        format!("data_dir={:?}", folder.path().display().to_string()),
        format!("bus.prefix={:?}", Ids.next("dead")),
        "bus.kind=\"redis\"".to_owned(),
    ];
    overrides.extend_from_slice(settings);
    let config = Config::load(&Layers { overrides, ..Layers::default() }).unwrap();
    let bus = RedisBus::new(&config.redis()).unwrap();
    let (office, stop) = (office(folder.path()).await, CancellationToken::new());
    let running: Vec<_> = consumers(&office)
        .into_iter()
        .map(|consumer| {
            let (bus, gate, stop) = (bus.clone(), office.db.gate(), stop.clone());
            tokio::spawn(async move { bus.consume(consumer, "replica", gate, stop).await })
        })
        .collect();
    let body = PaymentCaptured { fixmedins_code: "P-INSIDE".to_owned(), ..Default::default() };
    let event = Event {
        id: Ids.next("evt"),
        topic: PaymentCaptured::full_name(),
        key: "pay-1".to_owned(),
        payload: body.encode_to_vec(),
        traceparent: String::new(),
        at: SystemClock.now(),
    };
    bus.publish(&event).await.unwrap();
    let stream = format!("{}:{}", config.bus.prefix, event.topic);
    is_given_up(&office, &mut link, &stream).await;
    let dead = is_listed(&config, &event).await;
    // cut off in the middle of giving it again: it lies there twice
    copy(&mut link, &format!("{stream}:dead:clerk"), &dead).await;
    office.mended.store(true, Ordering::SeqCst);
    let run = |arguments: &[&str]| audit::program(&config, &[&["bus", "dead-letters"], arguments].concat());
    assert_eq!(run(&["redrive"]).code, Some(1), "not all by accident");
    let ran = run(&["redrive", "--consumer", "somebody"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let ran = run(&["redrive", "--stream", &event.topic, "--consumer", "clerk"]);
    assert_eq!((ran.code, ran.out.matches("given again: ").count()), (Some(0), 2), "{ran:?}");
    assert_eq!(run(&["list"]).out, "");
    // entries are handled in turn: whoever has seen the next one is done with these
    bus.publish(&Event { id: Ids.next("evt"), ..event.clone() }).await.unwrap();
    eventually("the next one is handled", || async {
        let seen = (office.done.load(Ordering::SeqCst), office.witnessed.load(Ordering::SeqCst));
        (2 <= seen.0 && 2 <= seen.1).then_some(())
    })
    .await;
    assert_eq!(office.done.load(Ordering::SeqCst), 2, "given twice, handled once; and the next one");
    assert_eq!(office.witnessed.load(Ordering::SeqCst), 2, "nobody else was given it again");
    copy(&mut link, &format!("{stream}:dead:clerk"), &dead).await;
    is_dropped(&run, &event);
    stop.cancel();
    futures::future::join_all(running).await;
    assert!(logs::take_unannounced().is_empty());
}

/// Twenty tries take minutes; the server is told that they are over.
async fn is_given_up(office: &Office, link: &mut impl ConnectionLike, stream: &str) {
    eventually("it was tried", || async { (4 <= office.tries.load(Ordering::SeqCst)).then_some(()) }).await;
    let pending = async |link: &mut _| -> Vec<(String, String, i64, i64)> {
        let mut ask = redis::cmd("XPENDING");
        ask.arg(stream).arg("clerk").arg("-").arg("+").arg(10).query_async(link).await.unwrap()
    };
    let (id, ..) = pending(link).await.pop().expect("it waits");
    let mut count = redis::cmd("HSET");
    count.arg(format!("{stream}:failed:clerk")).arg(&id).arg(30);
    let _: i64 = count.query_async(link).await.unwrap();
    let mut claim = redis::cmd("XCLAIM");
    claim.arg(stream).arg("clerk").arg("nobody").arg(0).arg(&id).arg("IDLE").arg(60_000).arg("JUSTID");
    let _: redis::Value = claim.query_async(link).await.unwrap();
    let started = std::time::Instant::now();
    while !pending(link).await.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "it is not given up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(office.done.load(Ordering::SeqCst), 0);
}

/// Answers the name of the entry.
async fn is_listed(config: &Config, event: &Event) -> String {
    let ran = audit::program(config, &["bus", "dead-letters", "list", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let letter: serde_json::Value = serde_json::from_str(ran.out.trim()).expect("one line");
    for (key, value) in
        [("consumer", "clerk"), ("topic", &event.topic), ("event", &event.id), ("key", "pay-1")]
    {
        assert_eq!(letter[key], value, "{letter}");
    }
    assert!(letter["reason"].as_str().unwrap().starts_with("INTERNAL"), "{letter}");
    assert!(!ran.out.contains("INSIDE"), "what it says is not shown: {}", ran.out);
    letter["id"].as_str().unwrap().to_owned()
}

/// Puts the fields of an entry into the stream once more; of one that is gone, those of any event.
async fn copy(link: &mut impl ConnectionLike, stream: &str, id: &str) {
    let mut read = redis::cmd("XRANGE");
    let found: Vec<(String, Fields)> = read.arg(stream).arg(id).arg(id).query_async(link).await.unwrap();
    let gone = vec![("id".to_owned(), b"evt-gone".to_vec())];
    let fields = found.into_iter().next().map_or(gone, |(_, fields)| fields);
    let mut add = redis::cmd("XADD");
    add.arg(stream).arg("*");
    for (name, value) in fields {
        add.arg(name).arg(value);
    }
    let _: String = add.query_async(link).await.unwrap();
}

fn is_dropped(run: &impl Fn(&[&str]) -> audit::Ran, event: &Event) {
    let dropping = ["drop", "--consumer", "clerk"];
    assert_eq!(run(&dropping).code, Some(2), "not without a reason");
    assert_eq!(run(&[&dropping[..], &["--reason", " "]].concat()).code, Some(1));
    let ran = run(&[&dropping[..], &["--reason", "tested by hand"]].concat());
    assert_eq!((ran.code, ran.out.matches("dropped: ").count()), (Some(0), 1), "{ran:?}");
    assert_eq!(run(&["list"]).out, "");
    let ran = run(&["list", "--dropped"]);
    let line = ran.out.lines().next().expect("kept");
    assert!(line.contains(&event.topic) && line.contains("why=\"tested by hand\""), "{line}");
}
