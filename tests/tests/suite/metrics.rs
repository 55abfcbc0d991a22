//! What `/metrics` shows, that it is what the catalog says, and that alerts and dashboards ask for nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use liufang_identity::demo;
use liufang_platform::metrics::{CATALOG, Kind};
use liufang_proto::identity::v1::ListInstitutionsRequest;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::order::v1::order_service_client::OrderServiceClient;
use liufang_proto::order::v1::{GetOrderRequest, PlaceOrderRequest};
use liufang_tests::{Shape, World, eventually, servers};
use sea_orm::ConnectionTrait as _;

use super::cast::*;
use super::otlp::{Program, http, metrics_of, sample};

/// Label names by metric, as they stand on a page.
fn labels_on(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, labels) = match line.split_once('{') {
            Some((name, rest)) => (name, rest.rsplit_once('}').unwrap().0),
            None => (line.split(' ').next().unwrap_or_default(), ""),
        };
        let names = labels.split("\",").filter_map(|pair| Some(pair.split_once("=\"")?.0.to_owned()));
        found.entry(name.to_owned()).or_default().extend(names.filter(|name| name != "le"));
    }
    found
}

/// The metric a name on a page, in an alert or in a dashboard belongs to.
fn base(name: &str) -> &str {
    let histogram = |bare: &str| CATALOG.iter().any(|row| row.name == bare && row.kind == Kind::Histogram);
    let suffixes = ["_bucket", "_sum", "_count"];
    suffixes
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix).filter(|bare| histogram(bare)))
        .unwrap_or(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_process_shows_the_whole_catalog() {
    let folder = servers::folder("liufang-metrics-");
    let program = Program::start(folder.path(), &[]).await;
    let channel = program.gateway().await.channel();
    let mut institutions = InstitutionServiceClient::new(channel.clone());
    institutions.list_institutions(ListInstitutionsRequest::default()).await.unwrap();
    let mut orders = OrderServiceClient::new(channel);
    refused_status(orders.place_order(PlaceOrderRequest::default()).await);
    refused_status(orders.get_order(GetOrderRequest { order_id: "张三的订单".to_owned() }).await);
    // a method nobody has
    let door = program.gateway.strip_prefix("http://").unwrap();
    let answer = http(door, "POST /liufang.order.v1.OrderService/Teleport", "{}").await;
    assert!(answer.contains("METHOD_NOT_FOUND"), "{answer}");

    let page = eventually("every gauge was read", || async {
        let page = metrics_of(&program.admin).await;
        let complete = CATALOG.iter().filter(|row| row.always).all(|row| page.contains(row.name));
        (complete && sample(&page, "liufang_ready{role=\"order\"}").is_some()).then_some(page)
    })
    .await;
    let found = labels_on(&page);
    for row in CATALOG.iter().filter(|row| row.always) {
        let kind = format!("# TYPE {} {}", row.name, format!("{:?}", row.kind).to_lowercase());
        assert!(page.lines().any(|line| line == kind), "{kind} is missing");
        assert!(page.contains(&format!("# HELP {} {}", row.name, row.help)), "{}", row.name);
        let wanted: BTreeSet<String> = row.labels.iter().map(|label| (*label).to_owned()).collect();
        let shown =
            if row.kind == Kind::Histogram { format!("{}_count", row.name) } else { row.name.to_owned() };
        assert_eq!(found[&shown], wanted, "{}", row.name);
    }
    for name in found.keys() {
        assert!(CATALOG.iter().any(|row| row.name == base(name)), "{name} is not in the catalog");
    }
    says(&page, "liufang_build_info{version=\"0.1.0\"}", "1");
    let listed = "method=\"liufang.identity.v1.InstitutionService/ListInstitutions\",reason=\"\"";
    for role in ["gateway", "identity"] {
        let series = format!("liufang_rpc_duration_seconds_count{{code=\"OK\",{listed},role=\"{role}\"}}");
        says(&page, &series, "1");
    }
    let placed = "method=\"liufang.order.v1.OrderService/PlaceOrder\",reason=\"TOKEN_MISSING\"";
    says(
        &page,
        &format!("liufang_rpc_duration_seconds_count{{code=\"UNAUTHENTICATED\",{placed},role=\"order\"}}"),
        "1",
    );
    let unknown = "method=\"unknown\",reason=\"METHOD_NOT_FOUND\",role=\"gateway\"";
    says(&page, &format!("liufang_rpc_duration_seconds_count{{code=\"UNIMPLEMENTED\",{unknown}}}"), "1");
    // who asks identity by itself, too, is counted with it
    says(&page, "liufang_client_calls_total{code=\"UNAUTHENTICATED\",peer=\"order\",role=\"gateway\"}", "2");
    says(&page, "liufang_client_retries_total{peer=\"identity\",role=\"gateway\"}", "0");
    says(&page, "liufang_rpc_in_flight{role=\"identity\"}", "0");
    says(&page, "liufang_rpc_shed_total{role=\"order\"}", "0");
    says(&page, "liufang_rpc_faults_total{role=\"order\"}", "0");
    says(&page, "liufang_db_connections_max{role=\"order\"}", "8");
    says(&page, "liufang_ledger_imbalance_fen{role=\"settlement\"}", "0");
    for le in ["0.001", "0.0025", "0.25", "30", "+Inf"] {
        assert!(page.contains(&format!("le=\"{le}\"")), "no bucket {le}");
    }
    assert!(!page.contains("张三") && !page.contains("Teleport"), "a caller's words are on the page");
    program.stop();
}

#[track_caller]
fn says(page: &str, series: &str, value: &str) {
    let name = series.split('{').next().unwrap();
    let near: Vec<&str> =
        page.lines().filter(|line| line.starts_with(name) && !line.contains("le=")).collect();
    assert_eq!(sample(page, series).as_deref(), Some(value), "{series}\n{}", near.join("\n"));
}

/// A list of a trusted authority that nobody has brought.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_revocation_list_is_seen() {
    let folder = servers::folder("liufang-lists-");
    let file = folder.path().join("authorities.pem");
    let der = demo::Issuer::sm2("Province Root", &[3; 32]).self_signed(demo::VALID);
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(&file, pem).unwrap();
    let settings = [format!("role.identity.authorities=[\"demo\", {:?}]", file.display().to_string())];
    let program = Program::start(folder.path(), &settings).await;
    let metric = "liufang_revocation_list_expires_seconds";
    let line = eventually("the gauge was read", || async {
        let page = metrics_of(&program.admin).await;
        page.lines().find(|line| line.starts_with(metric)).map(str::to_owned)
    })
    .await;
    assert!(line.contains("authority=\"CN=Province Root ") && line.contains("role=\"identity\""), "{line}");
    assert!(line.ends_with(" 0"), "{line}");
    let row = CATALOG.iter().find(|row| row.name == metric).unwrap();
    assert_eq!(labels_on(&line)[metric], row.labels.iter().map(|label| (*label).to_owned()).collect());
    program.stop();
}

/// Every gauge of the books, moved by hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gauges_tell_what_is_wrong() {
    let settings = ["telemetry.gauges_seconds=1".to_owned()];
    let mut world = World::start_with(Shape::Processes, &settings).await;
    // a step that nobody knows is written into the journal below
    world.expect_log("saga cannot be resumed: unreadable: journal row");
    let cast = Cast::of(&world).await;
    let patient = cast.patient_through("jd", 163).await;
    let order = cast.paid_otc(&patient, 163).await;
    let now = cast.clock_now();
    shows(&world, "settlement", "liufang_ledger_imbalance_fen", |value| value == 0).await;
    shows(&world, "order", "liufang_saga_oldest_seconds", |value| value < 60).await;

    let id = &order.order_id;
    let run = async |role: &str, sql: String| {
        world.database(role).await.execute_unprepared(&sql).await.unwrap();
    };
    run("settlement", "UPDATE region_balance SET balance_fen = balance_fen + 7".to_owned()).await;
    let accounts = cast.operator().get_trial_balance(Default::default()).await.unwrap().balances.len();
    let off = i64::try_from(accounts).unwrap() * 7;
    shows(&world, "settlement", "liufang_ledger_imbalance_fen", |value| value == off).await;
    // more than the balances miss, where nothing was booked yet
    let astray = "INSERT INTO region_entry (region, sequence, entry_no, account, amount_fen) \
                  SELECT region, sequence + 1000, 0, 'bank:nowhere', 1000000 FROM region_head ORDER BY region LIMIT 1";
    run("settlement", astray.to_owned()).await;
    shows(&world, "settlement", "liufang_ledger_imbalance_fen", |value| value == 1_000_000).await;
    // its next step is far away, so that no worker mends it
    let pending = format!(
        "UPDATE payment SET state = 'pending', next_at_us = {}, created_at_us = {} WHERE order_id = '{id}'",
        now + 3_600_000_000,
        now - 500_000_000
    );
    run("settlement", pending).await;
    shows(&world, "settlement", "liufang_payments_pending_oldest_seconds", |value| {
        (500..600).contains(&value)
    })
    .await;
    let half = |late: i64| {
        let pay_by = now - late * 1_000_000;
        format!("UPDATE purchase_order SET state = 'paying', pay_by_us = {pay_by} WHERE order_id = '{id}'")
    };
    run("order", half(400)).await;
    shows(&world, "order", "liufang_orders_half_paid", |value| value == 1).await;
    // nobody can make this step
    let stuck = format!(
        "INSERT INTO journal VALUES ('{id}', 99, 'walk-the-dog', 'open', false, 0, {}, '', '', '')",
        now - 700_000_000
    );
    run("order", stuck).await;
    shows(&world, "order", "liufang_saga_oldest_seconds", |value| (700..800).contains(&value)).await;
    run("inventory", format!("INSERT INTO resale_attempt VALUES ('1', '{id}', {now})")).await;
    shows(&world, "inventory", "liufang_trace_code_duplicates", |value| value == 1).await;
    let case = format!(
        "INSERT INTO supervision_case VALUES \
         ('c', 'k', 'r', 'trace_code_resold', '1', 'P', 'R', 's', 'e', 'open', '', {now}, {now}, 1)"
    );
    run("supervision", case).await;
    shows(&world, "supervision", "liufang_trace_code_duplicates", |value| value == 1).await;
    world.stop().await;
}

async fn shows(world: &World, role: &'static str, metric: &str, right: impl Fn(i64) -> bool) {
    let address = world.processes.as_ref().unwrap().admin(role, 0);
    let last = std::cell::Cell::new(None);
    let waiting = eventually("the gauge moves", || async {
        let page = metrics_of(&address).await;
        last.set(sample(&page, &format!("{metric}{{role=\"{role}\"}}")).and_then(|text| text.parse().ok()));
        last.get().filter(|value| right(*value))
    });
    let patience = std::time::Duration::from_secs(55);
    let found = tokio::time::timeout(patience, waiting).await;
    assert!(found.is_ok(), "{metric} of {role} is {:?}", last.get());
}

/// Names in `text` that look like metrics of ours and are none.
fn strangers(text: &str) -> BTreeSet<String> {
    let part = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let words = text.split(|letter: char| !part(letter)).filter(|word| word.starts_with("liufang_"));
    let strange = words.filter(|word| !CATALOG.iter().any(|row| row.name == base(word)));
    strange.map(str::to_owned).collect()
}

/// Files with rules or dashboards. Elsewhere in the chart `liufang_order` is a database.
fn asking(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(asking(&path));
            continue;
        }
        let name = path.display().to_string().to_lowercase();
        let kind = [".yaml", ".yml", ".json", ".tpl"].iter().any(|end| name.ends_with(end));
        let words = ["prometheus", "grafana", "rule", "dashboard", "alert"];
        if kind && words.iter().any(|word| name.contains(word)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn alerts_and_dashboards_ask_for_metrics_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = ["deploy", "helm"].iter().flat_map(|folder| asking(&root.join(folder)));
    let mut wrong = Vec::new();
    for path in files {
        let strange = strangers(&std::fs::read_to_string(&path).unwrap());
        wrong.extend(strange.into_iter().map(|name| format!("{}: {name}", path.display())));
    }
    assert!(wrong.is_empty(), "no such metric:\n  {}", wrong.join("\n  "));
}

#[test]
fn a_name_that_is_no_metric_is_found() {
    let rule = "expr: rate(liufang_rpc_duration_seconds_bucket{le=\"1\"}[5m]) > liufang_outbox_age \
                and liufang_ready_count == 0 and liufang:rpc:ratio > 1 and max(liufang_ready) < 1";
    let found: Vec<String> = strangers(rule).into_iter().collect();
    assert_eq!(found, ["liufang_outbox_age", "liufang_ready_count"]);
}
