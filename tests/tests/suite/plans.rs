//! How PostgreSQL finds rows: no statement of a day's work walks over a table that grows. With sequential scans made
//! unattractive, whatever still walks has no index that helps it, however few rows a test has.

use std::collections::BTreeSet;

use liufang_platform::config::Config;
use liufang_tests::fuzz::Dice;
use liufang_tests::processes::ROLES;
use liufang_tests::{Shape, World, world};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::Value;

use super::cast::*;
use super::{audit, fuzz};

/// Tables that do not grow with prescriptions, orders or persons, each with what bounds it.
const BOUNDED: [(&str, &str); 6] = [
    ("seaql_migrations", "a row a migration"),
    ("ledger_head", "one row"),
    ("region_head", "a row a region"),
    ("region_pack", "a row a version of a region's pack"),
    ("data_key", "a row a data key"),
    ("drug", "the catalogue of drugs; a word may stand anywhere in a name"),
];

/// Indexes that hold only what waits: walking over one of them is the way to what waits.
const WAITING: [&str; 3] = ["outbox_waiting", "channel_line_suspended", "statement_fetch_unpaid"];

/// Statements that read everything because everything is what they are asked about, each with who asks.
const WHOLE: [(&str, &str); 7] = [
    ("AS sum FROM book_balance GROUP BY region", "the operator's trial balance"),
    ("SELECT region, account, balance_fen FROM book_balance", "the operator's trial balance"),
    ("FROM book_transfer GROUP BY kind, reference", "the operator's audit of the books"),
    ("FROM book_transfer WHERE link <> '' GROUP BY region, link", "the operator's audit of the books"),
    ("SELECT COUNT(*) AS n FROM (SELECT kind, institution, SUM(owed)", "the operator's audit of the books"),
    ("SELECT COUNT(*) AS n FROM personal_account a", "the operator's audit of the books"),
    ("SET published_at_us = 0, published_epoch = ''", "once, after the bus has lost what it had"),
];

/// Enough that nearly every method is done with good values at least once.
const GUESSES: usize = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_walks_over_a_table() {
    let watched = World::prepared(Shape::Postgres, async |config: &Config| {
        // what a migration does once is no day's work
        assert_eq!(liufang_tests::audit::program(config, &["migrate"]).code, Some(0));
        // the sandbox plays outside parties and is no part of an installation
        for role in ROLES.into_iter().filter(|role| !["gateway", "sandbox"].contains(role)) {
            watch(&config.database_of(role).url).await;
        }
    });
    world::run_in(watched.await, async |world: &mut World| {
        day(world).await;
        let plans = plans(&server_log(world).await);
        for role in ["prescription", "person", "purchase_order", "reservation", "payment", "delivery"] {
            let own = format!("\"{role}\"");
            let asked = |text: &str| text.contains(&own) || text.contains(&format!("FROM {role} "));
            assert!(plans.iter().any(|(text, _)| asked(text)), "{role} is asked for in {}", plans.len());
        }
        let walks: BTreeSet<String> = plans.iter().flat_map(|(text, plan)| walks(text, plan)).collect();
        let walks: Vec<String> = walks.into_iter().collect();
        assert!(walks.is_empty(), "{} statements walk:\n{}", walks.len(), walks.join("\n"));
        let fetched: BTreeSet<String> = plans.iter().filter_map(|(text, _)| documents(text)).collect();
        assert!(fetched.is_empty(), "lists read what they do not show:\n{fetched:#?}");
    })
    .await;
}

/// Who has counted the few rows of a test knows that walking over them costs next to nothing; when somebody comes to count is
/// chance.
const UNCOUNTED: &str = "DO $$ DECLARE own text; BEGIN \
    FOR own IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP \
        EXECUTE 'ALTER TABLE ' || own || ' SET (autovacuum_enabled = false)'; \
    END LOOP; END $$";

/// From now on every plan of a database goes to the server's log, and walking is the last resort.
async fn watch(url: &str) {
    let database = Database::connect(url).await.unwrap();
    let name = url.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
    database.execute_unprepared(UNCOUNTED).await.unwrap();
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_format = 'json'",
        "enable_seqscan = off",
        // nor is a whole table taken to be joined with another one
        "enable_hashjoin = off",
        "enable_mergejoin = off",
    ] {
        // a setting of a library is known once it is loaded
        let sql = format!("LOAD 'auto_explain'; ALTER DATABASE {name} SET {setting}");
        database.execute_unprepared(&sql).await.unwrap();
    }
    database.close().await.unwrap();
}

/// Everything from the visit to the claim, and then every method of the door with values from there.
async fn day(world: &World) {
    let cast = Cast::of(world).await;
    audit::busy_day(&cast).await;
    let patient = cast.patient(1).await;
    let mut surface = fuzz::surface(&cast, &world.url, &patient).await;
    fuzz::what_is_known(&cast, &patient, &mut surface.known).await;
    surface.read_back().await;
    let mut dice = Dice::new(5);
    for _ in 0..GUESSES {
        surface.guess(&mut dice).await;
    }
    assert!(surface.problems.is_empty(), "{}", surface.problems.join("\n"));
}

async fn server_log(world: &World) -> String {
    let database = world.database("prescription").await;
    let sql = "SELECT pg_read_file(current_setting('data_directory') || '/../PostgreSQL.log') AS log";
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
    row.unwrap().unwrap().try_get("", "log").unwrap()
}

/// Statements of the services with their plans.
fn plans(log: &str) -> Vec<(String, Value)> {
    let plan = |part: &str| {
        let lines = part.lines().skip(1).take_while(|line| line.starts_with('\t'));
        let text: String = lines.map(|line| format!("{}\n", line.trim_start_matches('\t'))).collect();
        let plan: Value = serde_json::from_str(&text).ok()?;
        Some((plan["Query Text"].as_str()?.to_owned(), plan["Plan"].clone()))
    };
    log.split(" plan:").skip(1).filter_map(plan).collect()
}

/// What a plan walks over. The first rows of an index, all of them wanted, are no walk.
fn walks(text: &str, plan: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if WHOLE.iter().any(|(part, _)| short(text).contains(part)) {
        return found;
    }
    look(plan, false, &mut |node, limited| {
        let word = |name: &str| node[name].as_str().unwrap_or_default();
        let (kind, table, index) = (word("Node Type"), word("Relation Name"), word("Index Name"));
        let bounded = BOUNDED.iter().any(|(own, _)| *own == table) || WAITING.contains(&index);
        let first_rows = limited && word("Filter").is_empty();
        let all_of_an_index = kind.starts_with("Index") && word("Index Cond").is_empty() && !first_rows;
        if !bounded && (kind == "Seq Scan" || all_of_an_index) {
            found.push(format!("{table} {index} ({kind} {}): {}", word("Filter"), short(text)));
        }
    });
    found
}

/// Every node of a plan, and whether a limit stands right above it.
fn look(node: &Value, limited: bool, see: &mut impl FnMut(&Value, bool)) {
    see(node, limited);
    for inner in node["Plans"].as_array().into_iter().flatten() {
        look(inner, node["Node Type"] == "Limit", see);
    }
}

/// A list of prescriptions with the signed documents in it.
fn documents(text: &str) -> Option<String> {
    let read = text.split(" FROM ").next().unwrap_or_default();
    (text.contains(" ORDER BY ") && read.contains("\"prescription\".\"document_sealed\""))
        .then(|| short(text))
}

fn short(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}
