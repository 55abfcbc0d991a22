//! Settlements a second on PostgreSQL with durable commits, beside `pgbench` TPC-B on the same server: quote (the whole benefit
//! calculation), authorise and capture of a chronic renewal that the fund, the own account and the channel pay together.
//! `scripts/bench-settlements.sh` starts the server and runs it.
//!
//! Arguments: URL of an empty database, URL of a database that `pgbench -i` filled, path of pgbench, process id of the server,
//! seconds a measurement, postings to fill the books with between two rounds (0: none), numbers of clients with commas.
//!
//! Calls go through the generated clients and the server's whole stack inside this process; identity, channel and insurer
//! answer at once. The load shares the machine with what it measures: read ratios and CPU, not rates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_precision_loss
)]

mod stubs;

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use liufang_platform::auth::{SigningKey, Tokens};
use liufang_platform::db::DbOptions;
use liufang_platform::mesh::{Directory, Mesh, MeshKey, Place};
use liufang_platform::stack::{ServerStack, StackOptions};
use liufang_platform::{
    Cipher, Claims, Clock, Db, Deps, Ids, PrincipalKind, Regions, Settings, SystemClock, outgoing,
};
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::identity::v1 as id;
use liufang_proto::settlement::v1 as pb;
use pb::account_service_client::AccountServiceClient;
use pb::ledger_service_client::LedgerServiceClient;
use pb::payment_service_client::PaymentServiceClient;
use pb::quote_service_client::QuoteServiceClient;
use stubs::Fakes;
use tonic::Request;
use tonic::service::Routes;

/// As the program has it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REGION: &str = "130300";
/// Persons a client settles for, one after the other.
const PERSONS: usize = 50;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, tpcb, pgbench, server, seconds, fill, clients] = args.as_slice() else {
        panic!("usage: settlements URL TPCB-URL PGBENCH SERVER-PID SECONDS FILL CLIENTS")
    };
    let server: u32 = server.parse().unwrap();
    let seconds: u64 = seconds.parse().unwrap();
    let fill: u64 = fill.parse().unwrap();
    let clients: Vec<usize> = clients.split(',').map(|count| count.parse().unwrap()).collect();
    let bench = Arc::new(Bench::new(url, server, clients).await);
    bench.credit().await;
    println!("# a settlement: {}", bench.settle(0, 0).await);
    bench.warm().await;
    let empty = bench.round(tpcb, pgbench, seconds).await;
    bench.audit().await;
    if fill > 0 {
        println!("\n# the same with {fill} postings in the books");
        bench.fill(fill).await;
        let full = bench.round(tpcb, pgbench, seconds).await;
        for ((clients, empty), full) in bench.clients.iter().zip(&empty).zip(&full) {
            println!("clients {clients:>2}  time per settlement full/empty {:.2}", empty / full);
        }
    }
}

struct Bench {
    db: Db,
    directory: Directory,
    tokens: Tokens,
    server: u32,
    clients: Vec<usize>,
    serial: AtomicUsize,
}

impl Bench {
    async fn new(url: &str, server: u32, clients: Vec<usize>) -> Bench {
        let clock = Arc::new(SystemClock);
        let cipher = Cipher::new("a secret for measurements only, long enough");
        let db = Db::connect(&DbOptions::new(url), cipher.clone(), clock.clone()).await.unwrap();
        db.migrate(liufang_settlement::MIGRATIONS).await.unwrap();
        let tokens = Tokens::signing(&SigningKey::generate().unwrap());
        let directory = Directory::new(MeshKey::new("bench mesh"));
        let pack = include_str!("../../../../deploy/regions/qinhuangdao.toml");
        let deps = Deps {
            role: liufang_settlement::ROLE,
            db: db.clone(),
            peers: directory.peers(liufang_settlement::ROLE),
            clock: clock.clone(),
            ids: Ids,
            cipher,
            tokens: tokens.clone(),
            regions: Arc::new(Regions::parse([("qinhuangdao", pack)]).unwrap()),
            settings: Settings::default(),
        };
        let routes = liufang_settlement::module(deps).routes;
        let identity = Routes::default()
            .add_service(id::person_service_server::PersonServiceServer::new(Fakes))
            .add_service(id::institution_service_server::InstitutionServiceServer::new(Fakes));
        let payment = hooks::payment_channel_server::PaymentChannelServer::new(Fakes);
        let insurer = hooks::insurer_hook_server::InsurerHookServer::new(Fakes);
        let place = |routes: Routes| {
            let options = StackOptions {
                role: "bench",
                tokens: tokens.clone(),
                mesh_key: MeshKey::new("bench mesh"),
                clock: clock.clone(),
                max_in_flight: 1000,
                max_deadline: Duration::from_secs(60),
            };
            Place::Local(ServerStack::new(routes, options))
        };
        let peers = [
            ("identity", identity),
            ("hook.wechat", Routes::new(payment)),
            ("hook.insurer", Routes::new(insurer)),
            (liufang_settlement::ROLE, routes),
        ];
        let places = peers.into_iter().map(|(name, routes)| (name.to_owned(), place(routes)));
        directory.bind(places.collect::<HashMap<_, _>>());
        Bench { db, directory, tokens, server, clients, serial: 0.into() }
    }

    fn order(&self) -> Mesh {
        self.directory.peers("order").mesh(liufang_settlement::ROLE)
    }

    fn operator<T>(&self, body: T, key: &str) -> Request<T> {
        let now = SystemClock.now().0 / 1_000_000;
        let claims = Claims {
            sub: "bench".to_owned(),
            kind: PrincipalKind::Operator,
            client: String::new(),
            region: String::new(),
            iat: now,
            exp: now + 3_600,
            jti: Ids.next("tok"),
            act: String::new(),
            sid: String::new(),
        };
        let mut request = outgoing::keyed(body, key);
        let token = format!("Bearer {}", self.tokens.sign(&claims).unwrap());
        request.metadata_mut().insert("authorization", token.parse().unwrap());
        request
    }

    fn most(&self) -> usize {
        self.clients.iter().copied().max().unwrap_or(1)
    }

    /// A settlement for each person, and what `pgbench -i` does for its own tables: the server knows their sizes.
    async fn warm(&self) {
        use sea_orm::ConnectionTrait as _;
        futures::future::join_all((0..self.most()).map(|client| async move {
            for n in 0..PERSONS {
                self.settle(client, n).await;
            }
        }))
        .await;
        self.db.read().execute_unprepared("VACUUM ANALYZE").await.unwrap();
    }

    async fn credit(&self) {
        let mesh = self.directory.peers("gateway").forwarding(liufang_settlement::ROLE);
        for client in 0..self.most() {
            let rows = (0..PERSONS).map(|n| pb::CreditRow {
                row_key: format!("bench-{client}-{n}"),
                person_id: person(client, n),
                amount_fen: 10_000_000,
                region: REGION.to_owned(),
                kind: "opening".to_owned(),
            });
            let body = pb::CreditAccountsRequest { rows: rows.collect() };
            let key = format!("bench-credit-{client}");
            let mut accounts = AccountServiceClient::new(mesh.clone());
            let done = accounts.credit_accounts(self.operator(body, &key)).await.unwrap().into_inner();
            assert!(done.errors.is_empty(), "credits refused");
        }
    }

    /// Quote, authorise, capture.
    async fn settle(&self, client: usize, n: usize) -> String {
        let serial = self.serial.fetch_add(1, Ordering::SeqCst);
        let order_id = format!("ord_bench_{serial}");
        let line = |line_no: i32| pb::ChargeLine {
            line_no,
            med_list_codg: "XC08CAB037A001020180517".to_owned(),
            quantity: "1".to_owned(),
            price: "40".to_owned(),
            chrgitm_lv: if line_no % 3 == 0 { "2" } else { "1" }.to_owned(),
            hi_mark: true,
            ..Default::default()
        };
        let quote = pb::CreateQuoteRequest {
            kind: pb::QuoteKind::ChronicRenewal.into(),
            order_id: order_id.clone(),
            person_id: person(client, n % PERSONS),
            fixmedins_code: "P13030200001".to_owned(),
            region: REGION.to_owned(),
            dise_codg: "M03900".to_owned(),
            lines: (1..=10).map(line).collect(),
            outside: vec![pb::OutsideFee {
                kind: "delivery".to_owned(),
                amount_fen: 600,
                ..Default::default()
            }],
            acct_used: true,
            ..Default::default()
        };
        let mut quotes = QuoteServiceClient::new(self.order());
        let key = |what: &str| format!("{order_id}:{what}");
        let quoted = quotes.create_quote(outgoing::keyed(quote, key("quote"))).await.unwrap().into_inner();
        let quote = quoted.quote.unwrap();
        let mut payments = PaymentServiceClient::new(self.order());
        let authorise = pb::AuthoriseRequest {
            quote_id: quote.quote_id,
            order_id: order_id.clone(),
            channel: Channel::Wechat.into(),
            hold_expires_at_us: SystemClock.now().plus_seconds(900).0,
            ..Default::default()
        };
        let held = payments.authorise(outgoing::keyed(authorise, key("authorise"))).await.unwrap();
        let payment_id = held.into_inner().payment.unwrap().payment_id;
        let capture = pb::CaptureRequest { payment_id, ..Default::default() };
        let paid = payments.capture(outgoing::keyed(capture, key("capture"))).await.unwrap();
        let payment = paid.into_inner().payment.unwrap();
        assert!(payment.state() == pb::PaymentState::Captured, "{}", payment.state().as_str_name());
        let legs =
            payment.legs.iter().map(|leg| format!("{} {} fen", leg.leg().as_str_name(), leg.amount_fen));
        legs.collect::<Vec<_>>().join(", ")
    }

    /// Settlements a second at each number of clients, in turns with TPC-B.
    async fn round(self: &Arc<Bench>, tpcb: &str, pgbench: &str, seconds: u64) -> Vec<f64> {
        let mut rates = Vec::new();
        for &clients in &self.clients {
            let load = std::fs::read_to_string("/proc/loadavg").unwrap();
            let load = load.split(' ').next().unwrap_or_default().to_owned();
            let before = self.tpcb(tpcb, pgbench, clients, seconds);
            let ours = self.settlements(clients, seconds).await;
            let after = self.tpcb(tpcb, pgbench, clients, seconds);
            let tps = f64::midpoint(before.rate, after.rate);
            println!(
                "clients {clients:>2}  settlements/s {:>6.0}  tpcb/s {tps:>6.0}  ratio {:.2}  (load before {load})",
                ours.rate,
                ours.rate / tps,
            );
            println!(
                "            CPU a settlement: server {:.0} µs, settlement and load {:.0} µs; \
                 a TPC-B transaction: server {:.0} µs, pgbench {:.0} µs",
                ours.server_us,
                ours.own_us,
                f64::midpoint(before.server_us, after.server_us),
                f64::midpoint(before.own_us, after.own_us),
            );
            rates.push(ours.rate);
        }
        rates
    }

    /// Every client is a task of its own, as every connection of a server is.
    async fn settlements(self: &Arc<Bench>, clients: usize, seconds: u64) -> Measured {
        let done = Arc::new(AtomicUsize::new(0));
        let meter = Meter::start(self.server);
        let until = Instant::now() + Duration::from_secs(seconds);
        let runs = (0..clients).map(|client| {
            let (bench, done) = (self.clone(), done.clone());
            tokio::spawn(async move {
                let mut n = 0;
                while Instant::now() < until {
                    bench.settle(client, n).await;
                    n += 1;
                    done.fetch_add(1, Ordering::SeqCst);
                }
            })
        });
        for run in futures::future::join_all(runs).await {
            run.unwrap();
        }
        meter.stop(done.load(Ordering::SeqCst) as f64)
    }

    fn tpcb(&self, url: &str, pgbench: &str, clients: usize, seconds: u64) -> Measured {
        let meter = Meter::start(self.server);
        let output = Command::new(pgbench)
            .args([
                "-n",
                "-M",
                "prepared",
                "-j",
                "2",
                "-c",
                &clients.to_string(),
                "-T",
                &seconds.to_string(),
                url,
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let count =
            text.lines().find_map(|line| line.strip_prefix("number of transactions actually processed: "));
        let count = count.unwrap_or_else(|| panic!("{text}")).split('/').next().unwrap_or_default();
        meter.stop(count.trim().parse().unwrap())
    }

    async fn audit(&self) {
        let mesh = self.directory.peers("gateway").forwarding(liufang_settlement::ROLE);
        let mut ledger = LedgerServiceClient::new(mesh);
        let body = self.operator(pb::AuditLedgerRequest {}, "bench-audit");
        let audit = ledger.audit_ledger(body).await.unwrap().into_inner();
        assert!(audit.ok, "the books do not agree: {:?}", audit.problems);
        println!("ledger: {} transfers, chain verified", audit.transfers);
    }

    /// Books of another region that share every table and index.
    async fn fill(&self, postings: u64) {
        use sea_orm::ConnectionTrait as _;
        let work = self.db.begin_step().await.unwrap();
        for text in include_str!("fill.sql").replace("{payments}", &(postings / 5).to_string()).split(";\n") {
            if !text.trim().is_empty() {
                work.tx().execute_unprepared(text).await.unwrap();
            }
        }
        work.done().await.unwrap();
        self.db.read().execute_unprepared("VACUUM ANALYZE").await.unwrap();
    }
}

fn person(client: usize, n: usize) -> String {
    format!("qhd_{client}_{n}")
}

struct Measured {
    rate: f64,
    server_us: f64,
    own_us: f64,
}

/// Time and CPU between two moments.
struct Meter {
    server: u32,
    started: Instant,
    server_ticks: u64,
    own_ticks: u64,
}

impl Meter {
    fn start(server: u32) -> Meter {
        Meter {
            server,
            started: Instant::now(),
            server_ticks: ticks_of_server(server),
            own_ticks: own_ticks(),
        }
    }

    fn stop(self, count: f64) -> Measured {
        let micros = |ticks: u64| ticks as f64 * 10_000.0 / count;
        Measured {
            rate: count / self.started.elapsed().as_secs_f64(),
            server_us: micros(ticks_of_server(self.server) - self.server_ticks),
            own_us: micros(own_ticks() - self.own_ticks),
        }
    }
}

/// Fields of `/proc/PID/stat` after the name: parent, and ticks (10 ms) of the process and of its children that ended.
fn stat(pid: &str) -> Option<(u32, u64, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |n: usize| fields.get(n).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let parent = fields.get(1)?.parse().ok()?;
    Some((parent, number(11) + number(12), number(13) + number(14)))
}

fn own_ticks() -> u64 {
    stat("self").map_or(0, |(_, own, ended)| own + ended)
}

/// The server, its processes and those that ended.
fn ticks_of_server(server: u32) -> u64 {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let children = names.filter_map(|pid| stat(&pid)).filter(|(parent, ..)| *parent == server);
    let running: u64 = children.map(|(_, own, _)| own).sum();
    stat(&server.to_string()).map_or(running, |(_, own, ended)| running + own + ended)
}
