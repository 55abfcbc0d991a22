//! The key that seals personal data is changed under a living installation: everything is read on, nobody is lost, and the old
//! key goes when nothing needs it.

use liufang::compose;
use liufang::config::ROLES;
use liufang_platform::Worker;
use liufang_platform::cipher::version_of;
use liufang_platform::sealed::{MARGIN_SECONDS, PLATFORM};
use liufang_tests::{World, behaviour, eventually};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::cast::*;

// the processes are started with one configuration for all tests
behaviour!(the_data_key_is_changed_and_nothing_is_lost);

const SECOND: &str = "swordfish-2-of-at-least-32-characters";

fn services() -> impl Iterator<Item = &'static compose::Role> {
    ROLES.iter().filter_map(|role| compose::role(role))
}

async fn the_data_key_is_changed_and_nothing_is_lost(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let before = as_json(&patient.me().await.unwrap());
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, Some(cast.door(1)))).await.unwrap();
    let (order, claim) = cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    let order = cast.pay(&patient, &order).await;
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    let document = sealed_document(world, &rx.hi_rxno).await;
    assert_eq!(version_of(&document), Some(1));

    let first = std::mem::take(&mut world.config.crypto.data_secret);
    world.config.crypto.data_keys.insert("2".to_owned(), SECOND.to_owned());
    world.config.crypto.blind_secret = first.clone();
    world.expect_log("data key version 1 is not configured and rows may still need it");
    restart(world).await;
    let report = world.running.as_ref().unwrap().health().report();
    let said: Vec<String> = report.reasons.iter().map(ToString::to_string).collect();
    assert!(!report.ready && said.iter().any(|line| line.starts_with("database of identity:")), "{said:?}");
    assert_eq!(keys(world).await.0, Some(false), "{:?}", keys(world).await.1);

    world.config.crypto.data_secret = first;
    world.config.crypto.blind_secret = String::new();
    restart(world).await;
    {
        let cast = Cast::of(world).await;
        let patient = cast.patient(1).await;
        let now = as_json(&patient.me().await.unwrap());
        assert_eq!(now, before, "found by the index, opened with the old key");
        // what is written from now on is sealed with the new key
        cast.booked(&patient, DOCTOR, "M03900").await;
    }
    eventually("no row needs the old key", || async {
        reseal(world).await;
        let left = needed(world).await;
        (left == 0).then_some(()).or_else(|| {
            world.clock.advance_seconds(MARGIN_SECONDS + 1);
            None
        })
    })
    .await;
    let left = sealed_under(world, 1).await;
    assert!(left.is_empty(), "still under version 1: {left:?}");
    assert_eq!(version_of(&sealed_document(world, &rx.hi_rxno).await), Some(2));
    assert_eq!(keys(world).await.0, Some(true));

    world.config.crypto.blind_secret = std::mem::take(&mut world.config.crypto.data_secret);
    restart(world).await;
    assert!(world.running.as_ref().unwrap().health().is_ready());
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    assert_eq!(as_json(&patient.me().await.unwrap()), before);
    let order = patient.order(&order.order_id).await.unwrap();
    assert!(order.quote.is_some());
    cast.patient(151).await;
    cast.books_agree().await;
}

async fn restart(world: &mut World) {
    if let Some(running) = world.running.take() {
        running.shutdown().await;
    }
    world.launch().await;
}

/// `liufang keys`: whether every needed key is there, and what it says.
async fn keys(world: &World) -> (Option<bool>, String) {
    let mut out = Vec::new();
    let complete = liufang::keys::run(&world.config, &mut out).await.ok();
    (complete, String::from_utf8(out).unwrap())
}

/// Steps the workers by hand until they have nothing to do.
async fn reseal(world: &World) {
    let running = world.running.as_ref().unwrap();
    let workers: Vec<&Worker> = running.workers.iter().filter(|worker| worker.name == "reseal").collect();
    assert_eq!(workers.len(), services().count());
    for worker in workers {
        while worker.step().await.unwrap() > 0 {}
    }
}

/// How many databases may have rows under version 1.
async fn needed(world: &World) -> usize {
    let mut count = 0;
    for role in services() {
        let database = world.database(role.name).await;
        let sql = "SELECT version FROM data_key WHERE version = 1 AND unused_since_us = 0";
        count += rows(&database, sql).await.len();
    }
    count
}

async fn sealed_document(world: &World, hi_rxno: &str) -> String {
    let database = world.database("prescription").await;
    let sql = format!("SELECT document_sealed FROM prescription WHERE hi_rxno = '{hi_rxno}'");
    let found = rows(&database, &sql).await;
    found[0].try_get("", "document_sealed").unwrap()
}

async fn rows(database: &DatabaseConnection, sql: &str) -> Vec<sea_orm::QueryResult> {
    let select = Statement::from_string(database.get_database_backend(), sql);
    database.query_all_raw(select).await.unwrap()
}

/// Role, table and column of every text of every database that looks sealed under a version.
async fn sealed_under(world: &World, version: u32) -> Vec<String> {
    let mut found = Vec::new();
    for role in services() {
        let database = world.database(role.name).await;
        for (table, column) in text_columns(&database).await {
            // proofs of keys are the one thing that stays
            if table == "data_key" {
                continue;
            }
            let sql = format!("SELECT {column} AS text FROM {table} WHERE {column} LIKE '{version}.%'");
            let texts = rows(&database, &sql).await;
            if texts.iter().any(|row| is_sealed(&row.try_get::<String>("", "text").unwrap())) {
                found.push(format!("{} {table}.{column}", role.name));
            }
        }
    }
    found
}

/// A nonce and a tag make 38 characters of Base64 at least.
fn is_sealed(text: &str) -> bool {
    let (_, body) = text.split_once('.').unwrap_or_default();
    version_of(text).is_some()
        && 38 <= body.len()
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || [b'+', b'/'].contains(&byte))
}

async fn text_columns(database: &DatabaseConnection) -> Vec<(String, String)> {
    let sql = match database.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT own.name AS t, part.name AS c FROM sqlite_master own JOIN pragma_table_info(own.name) part \
             WHERE own.type = 'table' AND part.type = 'TEXT'"
        }
        _ => {
            "SELECT CAST(table_name AS TEXT) AS t, CAST(column_name AS TEXT) AS c FROM information_schema.columns \
             WHERE table_schema = 'public' AND data_type = 'text'"
        }
    };
    let name = |row: &sea_orm::QueryResult, column: &str| row.try_get::<String>("", column).unwrap();
    rows(database, sql).await.iter().map(|row| (name(row, "t"), name(row, "c"))).collect()
}

/// Names say what is sealed, where they do; the order service's columns are found by what is in them, above.
#[test]
fn every_column_that_is_called_sealed_follows_the_key() {
    let mut seen = 0;
    for role in services() {
        let mut table = "";
        for line in role.migrations.iter().flat_map(|migration| migration.sql.lines()) {
            let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "COLUMN").collect();
            let column = match words.as_slice() {
                ["CREATE", "TABLE", name, ..] => {
                    table = name;
                    continue;
                }
                ["ALTER", "TABLE", name, "ADD", column, ..] => {
                    table = name;
                    column
                }
                [column, "TEXT", ..] => column,
                _ => continue,
            };
            if !column.contains("sealed") {
                continue;
            }
            seen += 1;
            let tables = PLATFORM.iter().chain(role.sealed).filter(|own| own.table == table);
            let listed = tables.flat_map(|own| own.columns).any(|(name, _)| name == column);
            assert!(listed, "{}: {table}.{column} is in no list of sealed columns", role.name);
        }
    }
    assert!(20 < seen, "{seen} columns");
}

/// A context belongs to one list entry, so that a listed column is opened as it was sealed.
#[test]
fn every_listed_column_exists() {
    for role in services() {
        let sql: String = role.migrations.iter().map(|migration| migration.sql).collect();
        for own in role.sealed {
            assert!(sql.contains(&format!("CREATE TABLE {} (", own.table)), "{}: {}", role.name, own.table);
            let columns = own.columns.iter().map(|(column, _)| *column).chain([own.key]);
            for column in columns {
                assert!(sql.contains(&format!("    {column} TEXT")), "{}: {}.{column}", role.name, own.table);
            }
        }
    }
}
