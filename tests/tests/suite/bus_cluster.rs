//! The bus on a Redis Cluster, whose servers lose their memories one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use liufang_platform::bus::RedisBus;
use liufang_platform::config::{Config, Layers};
use liufang_platform::db::relay::Relay;
use liufang_platform::testing::{self, World};
use liufang_proto::order::v1::OrderChanged;
use liufang_tests::servers::PrivateCluster;
use liufang_tests::{eventually, logs};
use tokio::sync::Mutex;
use tokio::task::block_in_place;

const SERVERS: usize = 3;
const SLOTS: usize = 16_384;

/// As a new process would see it.
fn bus(cluster: &PrivateCluster) -> Arc<RedisBus> {
    let overrides = vec![
        "bus.kind=redis".to_owned(),
        "bus.cluster=true".to_owned(),
        format!("bus.url={:?}", cluster.urls()),
        format!("bus.ca_file={:?}", cluster.ca_file().display().to_string()),
        "bus.keep_published_seconds=86400".to_owned(),
    ];
    let config = Config::load(&Layers { overrides, ..Layers::default() }).unwrap();
    Arc::new(RedisBus::new(&config.redis()).unwrap())
}

async fn write(world: &World, keys: &[&str]) {
    for key in keys {
        let work = world.deps.db.begin_step().await.unwrap();
        work.push(&OrderChanged::default(), key).await.unwrap();
        work.done().await.unwrap();
    }
}

/// Steps until so many events are published, and then once more, for nothing.
async fn published(relay: &Mutex<Relay>, events: usize) {
    let sum = Mutex::new(0);
    eventually("all events are published", || async {
        let mut sum = sum.lock().await;
        // a server that has just come is away for a moment
        *sum += relay.lock().await.step().await.unwrap_or_default();
        (*sum == events).then_some(())
    })
    .await;
    assert_eq!(relay.lock().await.step().await.unwrap(), 0, "published once");
}

/// The keys of the cluster's epoch that lie on one server.
fn epochs(cluster: &PrivateCluster, server: usize) -> Vec<String> {
    cluster.ask_one(server, &["keys", "*:epoch"]).lines().map(str::to_owned).collect()
}

fn slot(cluster: &PrivateCluster, key: &str) -> usize {
    cluster.ask_one(0, &["cluster", "keyslot", key]).trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_of_a_cluster_lost_is_published_again() {
    let _announced = logs::announce("the bus may have lost events");
    let world = testing::world("test", &[], &[]).await;
    let mut cluster = block_in_place(PrivateCluster::start);
    write(&world, &["a", "b"]).await;
    let relay = Mutex::new(Relay::new(world.deps.db.clone(), bus(&cluster)));
    published(&relay, 2).await;
    assert_eq!(cluster.events(), 2);
    let keys = (0..SERVERS).flat_map(|server| epochs(&cluster, server));
    let sixteenths: BTreeSet<usize> = keys.map(|key| slot(&cluster, &key) * 16 / SLOTS).collect();
    assert_eq!(sixteenths.len(), 16, "wherever slots lie, there are keys: {sixteenths:?}");
    for server in 0..SERVERS {
        cluster.ask_one(server, &["flushall"]);
        published(&relay, 2).await;
        assert_eq!(cluster.events(), 2);
    }
    // replaced while nobody looked, with the epoch of before in a memory that lacks what came last
    for server in 0..SERVERS {
        let kept: Vec<_> = epochs(&cluster, server)
            .into_iter()
            .map(|key| (cluster.ask_one(server, &["get", &key]).trim().to_owned(), key))
            .collect();
        assert!(!kept.is_empty());
        block_in_place(|| cluster.replace(server));
        for (text, key) in &kept {
            assert_eq!(cluster.ask_one(server, &["set", key, text]).trim(), "OK");
        }
        let relay = Mutex::new(Relay::new(world.deps.db.clone(), bus(&cluster)));
        published(&relay, 2).await;
        assert_eq!(cluster.events(), 2);
    }
}
