//! PostgreSQL and Redis inside TLS: a server that cannot be verified is not talked to. It is told of and waited for, like
//! one that is away; certificates and authorities change without a restart.
//!
//! That everything else works there too is shown by all tests that run as processes.

use liufang_tests::certificates::Authority;
use liufang_tests::secured::{NAMES, ServerTls};
use liufang_tests::servers::{PrivatePostgres, PrivateRedis};
use liufang_tests::{World, eventually, logs};

use super::outages::{ADMIN, admin, page};

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Waits until the process says so of both servers, or of none, and lives.
async fn both_are(admin: &str, what: &[&str]) {
    eventually(&format!("both servers are {what:?}"), || async {
        assert_eq!(page(admin, "/livez").0, 200, "never a crash, never a restart");
        let (code, body) = page(admin, "/readyz");
        let (database, bus) = (body.contains("database of order: "), body.contains("bus: redis"));
        let right = match what {
            [] => code == 200 && !database && !bus,
            [first, second] => {
                code == 503 && database && bus && body.contains(first) && body.contains(second)
            }
            _ => unreachable!("two servers"),
        };
        right.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_be_verified_is_waited_for() {
    let _announced = logs::announce("not ready: database of");
    let _announced = logs::announce("waiting for the bus");
    let (postgres, mut redis) = (PrivatePostgres::start(), PrivateRedis::secured());
    postgres.create_databases("tls");
    let settings = [
        format!("database.url={:?}", postgres.secured_url("tls_{role}")),
        "bus.kind=\"redis\"".to_owned(),
        format!("bus.url={:?}", redis.url()),
        format!("bus.ca_file={:?}", redis.tls().ca().display().to_string()),
        ADMIN.to_owned(),
    ];
    let redis_ca = redis.tls().ca();
    let mut show = |write: &dyn Fn(&ServerTls)| {
        tokio::task::block_in_place(|| {
            write(postgres.tls());
            postgres.reload();
            write(redis.tls());
            redis.start_again_secured(true);
        });
    };
    show(&|tls| {
        let elsewhere = tls.authority().issue(&named(&["elsewhere.example"]));
        tls.write(&tls.authority().pem(), &elsewhere);
    });
    let world = World::bare(&settings).await;
    let admin = admin(&world);
    both_are(&admin, &["not valid for name", "not valid for name"]).await;
    let told = logs::containing(&["not ready: database of order"]);
    assert!(told.iter().any(|line| line.contains("not valid for name")), "{told:?}");
    let stranger = Authority::new();
    show(&|tls| tls.write(&tls.authority().pem(), &stranger.issue(&named(&NAMES))));
    both_are(&admin, &["UnknownIssuer", "UnknownIssuer"]).await;
    // clients are told of the authority: the next connection reads the file anew
    std::fs::write(postgres.tls().ca(), stranger.pem()).unwrap();
    std::fs::write(redis_ca, stranger.pem()).unwrap();
    both_are(&admin, &[]).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_text_is_refused_by_servers_that_want_tls() {
    let _announced = logs::announce("not ready: database of");
    let _announced = logs::announce("waiting for the bus");
    let (postgres, mut redis) = (PrivatePostgres::start(), PrivateRedis::secured());
    postgres.create_databases("bare");
    let bare = postgres.secured_url("bare_{role}").replace("verify-full", "disable");
    let settings = [
        format!("database.url={bare:?}"),
        "bus.kind=\"redis\"".to_owned(),
        format!("bus.url={:?}", redis.url().replace("rediss://", "redis://")),
        ADMIN.to_owned(),
    ];
    let world = World::bare(&settings).await;
    let admin = admin(&world);
    both_are(&admin, &["no encryption", "bus: redis"]).await;
    tokio::task::block_in_place(|| {
        postgres.allow_plain_text();
        postgres.reload();
        redis.start_again_secured(false);
    });
    both_are(&admin, &[]).await;
    world.stop().await;
}
