//! Measures a release build: start-up, memory, a unary call, whole OTC orders on SQLite and on PostgreSQL beside
//! `pgbench` TPC-B on the same server in the same run. Run it with `scripts/bench.sh`.
//!
//! The load comes from this process and shares the machine with what it measures; read the ratios, not the figures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use liufang::client::{Citizen, Gateway, Operator, Patient, Pos};
use liufang::seed::{self, Seed, SeedSet};
use liufang_kernel::idcard::check_digit;
use liufang_proto::common::v1::{Channel, Fulfilment, GeoPoint};
use liufang_proto::identity::v1::{ImportPersonsRequest, Insurance, PersonRow};
use liufang_proto::inventory::v1::{GetDrugRequest, MovementKind, MovementRow, RecordMovementsRequest};
use liufang_proto::order::v1::{
    BasketItem, DeliveryAddress, DispenseOrderRequest, OrderKind, OrderState, PlaceOrderRequest, Scan,
};
use liufang_proto::settlement::v1::{
    AuditLedgerRequest, CreditAccountsRequest, CreditRow, GetTrialBalanceRequest,
};
use liufang_tests::servers::{self, Servers};

const SHOP: &str = "P11010500001";
const REGION: &str = "110000";
const CLIENTS: [usize; 3] = [1, 16, 64];

#[tokio::main]
async fn main() -> Result<()> {
    let binary = PathBuf::from(std::env::args().nth(1).context("usage: bench PATH-TO-LIUFANG [SECONDS]")?)
        .canonicalize()?;
    let seconds: u64 = std::env::args().nth(2).map_or(Ok(10), |text| text.parse())?;
    let folder = tempfile::tempdir()?;

    println!("# start-up to ready and idle memory, all roles in one process on SQLite");
    let (mut ready_ms, mut idle_kb) = (Vec::new(), Vec::new());
    for run in 0..5 {
        let data = folder.path().join(format!("start-{run}"));
        // the first start makes keys and runs migrations; the second is what an operator waits for
        drop(Installed::start(&binary, &data, &[])?);
        let started = Instant::now();
        let installed = Installed::start(&binary, &data, &[])?;
        ready_ms.push(started.elapsed().as_millis());
        tokio::time::sleep(Duration::from_secs(2)).await;
        idle_kb.push(installed.resident_kb());
    }
    println!("ready_ms median {}  all {ready_ms:?}", median(&ready_ms));
    println!("idle_mb  median {}", median(&idle_kb) / 1024);

    println!("\n# SQLite");
    let installed = Installed::start(&binary, &folder.path().join("sqlite"), &[])?;
    let sqlite = measure(&installed, seconds).await?;
    println!("loaded_mb {}", installed.resident_kb() / 1024);
    drop(installed);

    println!("\n# PostgreSQL, durable commits, and Redis");
    let servers = Servers::start(servers::Durability::Durable);
    servers.create_databases("bench");
    let settings = [
        format!("database.url={:?}", servers.postgres_url("bench_{role}")),
        "bus.kind=\"redis\"".to_owned(),
        format!("bus.url={:?}", servers.redis_url()),
    ];
    let installed = Installed::start(&binary, &folder.path().join("postgres"), &settings)?;
    let postgres = measure(&installed, seconds).await?;
    println!("loaded_mb {}", installed.resident_kb() / 1024);
    drop(installed);

    println!("\n# pgbench TPC-B on the same server, and orders as a ratio to it");
    for (index, clients) in CLIENTS.into_iter().enumerate() {
        let tps = servers.pgbench(clients, seconds)?;
        println!(
            "clients {clients:>2}  tpcb_tps {tps:>8.0}  orders/tpcb sqlite {:.3} postgres {:.3}",
            sqlite[index] / tps,
            postgres[index] / tps
        );
    }
    Ok(())
}

/// A started program; dropped, it is killed.
struct Installed {
    child: Child,
    binary: PathBuf,
    data: PathBuf,
    settings: Vec<String>,
    url: String,
}

impl Installed {
    fn start(binary: &Path, data: &Path, settings: &[String]) -> Result<Installed> {
        std::fs::create_dir_all(data)?;
        let ready = data.join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let mut all = vec![
            format!("data_dir={:?}", data.display().to_string()),
            "gateway.listen=\"127.0.0.1:0\"".to_owned(),
            "gateway.per_caller_per_second=0".to_owned(),
            "telemetry.log=\"warn\"".to_owned(),
        ];
        all.extend_from_slice(settings);
        let mut command = Command::new(binary);
        command.arg("serve").arg("--ready-file").arg(&ready).stdin(Stdio::null());
        for setting in &all {
            command.args(["--set", setting]);
        }
        let child = command.spawn().with_context(|| binary.display().to_string())?;
        let mut installed = Installed {
            child,
            binary: binary.to_owned(),
            data: data.to_owned(),
            settings: all,
            url: String::new(),
        };
        while !ready.exists() {
            ensure!(installed.child.try_wait()?.is_none(), "the program ended before it was ready");
            std::thread::sleep(Duration::from_millis(1));
        }
        let text: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&ready)?)?;
        installed.url = format!("http://{}", text["gateway"].as_str().context("gateway address")?);
        Ok(installed)
    }

    fn resident_kb(&self) -> u128 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
    }

    fn operator_token(&self) -> Result<String> {
        let mut command = Command::new(&self.binary);
        command.arg("token");
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        let output = command.current_dir(&self.data).output()?;
        ensure!(output.status.success(), "liufang token failed");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(values: &[u128]) -> u128 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// Unary latency, then orders per second at each number of clients; the books must agree at the end.
async fn measure(installed: &Installed, seconds: u64) -> Result<Vec<f64>> {
    let gateway = Gateway::connect(&installed.url).await?;
    let token = installed.operator_token()?;
    let operator = Operator::new(&gateway, &token);
    seed::load(&gateway, &token, SeedSet::Demo).await.context("seed")?;
    let drug = stock(&gateway).await?;
    let patients = patients(&gateway, &operator).await?;
    unary(&patients[0], &drug).await?;
    let door = door()?;
    let done = Arc::new(AtomicUsize::new(0));
    let mut rates = Vec::new();
    for clients in CLIENTS {
        let before = done.load(Ordering::SeqCst);
        let started = Instant::now();
        let until = started + Duration::from_secs(seconds);
        let runs = patients.iter().take(clients).map(|patient| {
            let (patient, url, drug, done) =
                (patient.clone(), installed.url.clone(), drug.clone(), done.clone());
            tokio::spawn(async move {
                let gateway = Gateway::connect(&url).await?;
                let pos = seed::cast::pos(&gateway, SHOP)?;
                let pharmacist =
                    pos.token_of(&seed::practitioner("YS110105000001")?).await.map_err(refused)?;
                while Instant::now() < until {
                    order(&patient, &pos, &pharmacist, &drug, door).await?;
                    done.fetch_add(1, Ordering::SeqCst);
                }
                anyhow::Ok(())
            })
        });
        for run in runs.collect::<Vec<_>>() {
            run.await??;
        }
        let count = done.load(Ordering::SeqCst) - before;
        let rate = count as f64 / started.elapsed().as_secs_f64();
        println!("clients {clients:>2}  orders/s {rate:>7.1}  ({count} orders)");
        rates.push(rate);
    }
    let audit = operator.audit_ledger(AuditLedgerRequest {}).await.map_err(refused)?;
    let balance = operator.get_trial_balance(GetTrialBalanceRequest::default()).await.map_err(refused)?;
    ensure!(audit.ok && balance.sum_fen == 0, "the books do not agree: {:?}", audit.problems);
    println!("ledger: {} transfers, chain verified, sum zero", audit.transfers);
    Ok(rates)
}

fn refused(refusal: liufang::client::Refusal) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", refusal.reason, refusal.message)
}

async fn unary(patient: &Patient, drug: &str) -> Result<()> {
    let mut micros = Vec::new();
    for _ in 0..3_000 {
        let started = Instant::now();
        patient.get_drug(GetDrugRequest { med_list_codg: drug.to_owned() }).await.map_err(refused)?;
        micros.push(started.elapsed().as_micros());
    }
    micros.sort_unstable();
    println!("unary GetDrug through the gateway: p50 {} µs  p99 {} µs", micros[1_500], micros[2_970]);
    Ok(())
}

/// An over-the-counter order until it waits for the courier: quoted, stock held, paid from the account with the delivery
/// through the channel, dispensed.
async fn order(patient: &Patient, pos: &Pos, pharmacist: &str, drug: &str, door: GeoPoint) -> Result<()> {
    let body = PlaceOrderRequest {
        kind: OrderKind::Otc.into(),
        region: REGION.to_owned(),
        fixmedins_code: SHOP.to_owned(),
        items: vec![BasketItem { med_list_codg: drug.to_owned(), quantity: "1".to_owned() }],
        fulfilment: Fulfilment::Delivery.into(),
        delivery: Some(DeliveryAddress {
            recipient_name: patient.citizen().name.clone(),
            recipient_phone: patient.citizen().phone.clone(),
            address: "示例路 1 号".to_owned(),
            location: Some(door),
        }),
        use_account: true,
        ..PlaceOrderRequest::default()
    };
    let placed = patient.place(body).await.map_err(refused)?;
    let paid = patient.pay(&placed, Channel::Wechat).await.map_err(refused)?;
    ensure!(paid.state() == OrderState::Paid, "order is {} after payment", paid.state().as_str_name());
    let dispense = DispenseOrderRequest {
        order_id: placed.order_id,
        pharmacist_token: pharmacist.to_owned(),
        secret: String::new(),
        scans: vec![Scan { line_no: 1, trace_codes: Vec::new() }],
    };
    let packed = pos.dispense_order(dispense).await.map_err(refused)?.order.unwrap_or_default();
    ensure!(
        packed.state() == OrderState::Dispensed,
        "order is {} after packing",
        packed.state().as_str_name()
    );
    Ok(())
}

/// A door near the shop.
fn door() -> Result<GeoPoint> {
    let seed = Seed::read()?;
    let shop = seed.institution(SHOP)?;
    Ok(GeoPoint { lat_e6: shop.lat_e6 + 3_000, lng_e6: shop.lng_e6 + 3_000 })
}

/// A marked OTC drug of the shop, with a large lot bought before trace codes (无码库).
async fn stock(gateway: &Gateway) -> Result<String> {
    let seed = Seed::read()?;
    let sold =
        |code: &str| seed.stock.iter().any(|row| row.pharmacy == SHOP && row.drug == code && row.in_demo);
    let drug = seed.drugs.iter().find(|drug| {
        let plain = drug.online_forbidden.is_empty() && drug.storage == "normal";
        drug.hi_mark && drug.rx_flag == "0" && plain && sold(&drug.code)
    });
    let code = drug.context("an OTC drug the shop sells")?.code.clone();
    let pos = seed::cast::pos(gateway, SHOP)?;
    let row = MovementRow {
        fixmedins_bchno: "bench-lot-1".to_owned(),
        kind: MovementKind::Purchase.into(),
        med_list_codg: code.clone(),
        manu_lotnum: "BENCH1".to_owned(),
        manu_date: "2026-01-01".to_owned(),
        expy_end: "2029-01-01".to_owned(),
        quantity: "1000000".to_owned(),
        purchase_price: "8".to_owned(),
        supplier: "示例医药批发有限公司".to_owned(),
        trace_codes: Vec::new(),
        at_us: gateway.now().0,
    };
    let body = RecordMovementsRequest { fixmedins_code: SHOP.to_owned(), rows: vec![row] };
    let recorded = pos.record_movements(body).await.map_err(refused)?;
    ensure!(recorded.errors.is_empty(), "stock refused: {}", recorded.errors[0].reason);
    Ok(code)
}

/// As many invented people as the largest run needs, insured in Beijing, with full accounts.
async fn patients(gateway: &Gateway, operator: &Operator) -> Result<Vec<Patient>> {
    let most = CLIENTS.into_iter().max().unwrap_or(1);
    let citizens: Vec<Citizen> = (0..most).map(citizen).collect();
    let insurance = Insurance {
        insutype: "310".to_owned(),
        psn_type: "1101".to_owned(),
        insuplc_admdvs: REGION.to_owned(),
        state: 1,
        begin_date: "2015-01-01".to_owned(),
        end_date: String::new(),
    };
    let rows = citizens.iter().map(|citizen| PersonRow {
        psn_name: citizen.name.clone(),
        certno: citizen.certno.clone(),
        phone: citizen.phone.clone(),
        insurances: vec![insurance.clone()],
        ..PersonRow::default()
    });
    let imported =
        operator.import_persons(ImportPersonsRequest { rows: rows.collect() }).await.map_err(refused)?;
    ensure!(imported.errors.is_empty(), "people refused: {}", imported.errors[0].reason);
    let credits = imported.person_ids.iter().enumerate().map(|(index, person_id)| CreditRow {
        row_key: format!("bench-{index}"),
        person_id: person_id.clone(),
        amount_fen: 100_000_000,
        region: REGION.to_owned(),
        kind: "opening".to_owned(),
    });
    let credited =
        operator.credit_accounts(CreditAccountsRequest { rows: credits.collect() }).await.map_err(refused)?;
    ensure!(credited.errors.is_empty(), "credits refused: {}", credited.errors[0].reason);
    let mut patients = Vec::new();
    for citizen in &citizens {
        patients.push(Patient::register(gateway, citizen).await.map_err(refused)?);
    }
    Ok(patients)
}

fn citizen(index: usize) -> Citizen {
    let head = format!("11010519800101{index:03}");
    let certno = format!("{head}{}", check_digit(head.as_bytes()) as char);
    Citizen {
        name: format!("量测{}", char::from_u32(0x4e00 + index as u32).unwrap_or('甲')),
        cert_type: "01".to_owned(),
        certno,
        phone: format!("1990000{:04}", 5000 + index),
    }
}
