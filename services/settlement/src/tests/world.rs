//! A settlement service with its outside, and the words tests speak.

use std::collections::BTreeMap;

use liufang_kernel::{Fault as _, Fen, Timestamp};
use liufang_platform::testing::{World, postgres, world_at};
use liufang_platform::{Call, CallMeta, Principal, PrincipalKind};
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::identity::v1 as id;
use tonic::service::Routes;

use super::fakes::Fakes;
use crate::app::App;
use crate::app::account::Credit;
use crate::app::authorise::Authorise;
use crate::app::capture::{Lookup, Refund};
use crate::app::ledger::{BalanceQuery, TrialBalance};
use crate::app::quote::CreateQuote;
use crate::domain::benefit::{Approval, ChargeClass, ChargeLine, OutsideFee, OutsideFees, OutsideKind};
use crate::domain::payment::Payment;
use crate::domain::quote::{Quote, QuoteKind};
use crate::error::SettlementError;

pub const BJ_SHOP: &str = "P11010500001";
pub const QHD_SHOP: &str = "P13030200001";
pub const QHD_HOSPITAL: &str = "H13030200001";

pub struct Town {
    pub app: App,
    pub fakes: Fakes,
    pub world: World,
    keys: std::sync::atomic::AtomicU64,
}

pub async fn town() -> Town {
    town_with(str::to_owned).await
}

/// On a PostgreSQL of the test program's own.
pub async fn town_on_postgres() -> Town {
    town_on_postgres_with(str::to_owned).await
}

pub async fn town_on_postgres_with(bend: impl Fn(&str) -> String) -> Town {
    town_at(Some(postgres::database().await), bend).await
}

/// With every region pack bent.
pub async fn town_with(bend: impl Fn(&str) -> String) -> Town {
    town_at(None, bend).await
}

async fn town_at(url: Option<String>, bend: impl Fn(&str) -> String) -> Town {
    let packs = [
        include_str!("../../../../deploy/regions/beijing.toml"),
        include_str!("../../../../deploy/regions/qinhuangdao.toml"),
    ];
    let packs = packs.map(bend);
    let world = world_at(url, crate::ROLE, crate::MIGRATIONS, &packs.each_ref().map(String::as_str)).await;
    let fakes = Fakes::default();
    let own = crate::module(world.deps.clone()).routes;
    let identity = Routes::default()
        .add_service(id::person_service_server::PersonServiceServer::new(fakes.clone()))
        .add_service(id::institution_service_server::InstitutionServiceServer::new(fakes.clone()));
    let payment = hooks::payment_channel_server::PaymentChannelServer::new(fakes.clone());
    let insurer = hooks::insurer_hook_server::InsurerHookServer::new(fakes.clone());
    let mobile = hooks::mobile_payment_server::MobilePaymentServer::new(fakes.clone());
    world.bind([
        ("identity", identity),
        ("hook.wechat", Routes::new(payment.clone())),
        ("hook.alipay", Routes::new(payment)),
        ("hook.insurer", Routes::new(insurer).add_service(mobile)),
        (crate::ROLE, own),
    ]);
    Town { app: App::new(&world.deps), fakes, world, keys: 0.into() }
}

pub fn order() -> Principal {
    Principal::service("order")
}

pub fn patient(person_id: &str) -> Principal {
    Principal { kind: PrincipalKind::Patient, subject: person_id.into(), ..Principal::default() }
}

pub fn pos(code: &str) -> Principal {
    Principal { kind: PrincipalKind::Pos, subject: code.into(), ..Principal::default() }
}

pub fn agency(region: &str) -> Principal {
    Principal {
        kind: PrincipalKind::Agency,
        subject: format!("agency-{region}"),
        region: region.into(),
        ..Principal::default()
    }
}

/// `class price quantity`, e.g. `甲 30 2`; a trailing `unmarked` takes the mark off.
pub fn line(line_no: i32, text: &str) -> ChargeLine {
    let words: Vec<&str> = text.split_whitespace().collect();
    ChargeLine {
        line_no,
        med_list_codg: "XC08CAB037A001020180517".into(),
        quantity: words[2].parse().unwrap(),
        price: words[1].parse().unwrap(),
        class: match words[0] {
            "甲" => ChargeClass::A,
            "乙" => ChargeClass::B,
            _ => ChargeClass::SelfPaid,
        },
        first_selfpay: None,
        pay_standard: None,
        restricted: false,
        approval: Approval::NotNeeded,
        hi_mark: !words.contains(&"unmarked"),
    }
}

pub fn outside(kind: OutsideKind, fen: i64) -> OutsideFee {
    OutsideFee { kind, amount: Fen(fen), name: String::new() }
}

pub fn otc(
    person: &str,
    order_id: &str,
    lines: &[&str],
    holders: &[&str],
    fees: Vec<OutsideFee>,
) -> CreateQuote {
    CreateQuote {
        kind: QuoteKind::OtcAccount,
        order_id: order_id.into(),
        person_id: person.into(),
        fixmedins_code: BJ_SHOP.into(),
        region: "110000".into(),
        insutype: String::new(),
        dise_codg: String::new(),
        lines: lines.iter().zip(1..).map(|(text, n)| line(n, text)).collect(),
        outside: OutsideFees::new(fees),
        acct_used: true,
        holders: holders.iter().map(|holder| (*holder).to_owned()).collect(),
        fee_ocur_date: None,
    }
}

pub fn chronic(person: &str, order_id: &str, lines: &[&str], fees: Vec<OutsideFee>) -> CreateQuote {
    CreateQuote {
        kind: QuoteKind::ChronicRenewal,
        fixmedins_code: QHD_SHOP.into(),
        region: "130300".into(),
        dise_codg: "M03900".into(),
        ..otc(person, order_id, lines, &[], fees)
    }
}

impl Town {
    pub fn now(&self) -> Timestamp {
        self.world.deps.clock.now()
    }

    pub fn call<T>(&self, principal: Principal, body: T) -> Call<T> {
        let n = self.keys.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.keyed(principal, &format!("key-{n:08}"), body)
    }

    pub fn keyed<T>(&self, principal: Principal, key: &str, body: T) -> Call<T> {
        let meta = CallMeta {
            principal,
            method: std::any::type_name::<T>().to_owned(),
            idempotency_key: Some(key.to_owned()),
            request_hash: String::new(),
            now: self.now(),
        };
        Call { meta, body }
    }

    pub async fn credit(&self, person: &str, region: &str, fen: i64) {
        let row = Credit {
            row_key: format!("open-{person}"),
            person_id: person.into(),
            amount: Fen(fen),
            region: region.into(),
            kind: "opening".into(),
            problem: None,
        };
        let operator = Principal { kind: PrincipalKind::Operator, ..Principal::default() };
        let done = self.app.credit_accounts(self.call(operator, vec![row])).await.unwrap();
        assert_eq!((done.taken, done.refused.len()), (1, 0));
    }

    pub async fn quote(&self, body: CreateQuote) -> Quote {
        self.app.create_quote(self.call(order(), body)).await.unwrap()
    }

    pub async fn try_authorise(&self, quote: &Quote, channel: &str) -> Result<Payment, SettlementError> {
        let body = Authorise {
            quote_id: quote.quote_id.clone(),
            order_id: quote.order_id.clone(),
            channel: channel.into(),
            hold_expires_at: self.now().plus_seconds(900),
            payer: Default::default(),
        };
        self.app.authorise(self.call(order(), body)).await
    }

    pub async fn authorise(&self, quote: &Quote) -> Payment {
        self.try_authorise(quote, "wechat").await.unwrap()
    }

    pub async fn capture(&self, payment: &Payment) -> Payment {
        self.app
            .capture(self.keyed(
                order(),
                &format!("{}:capture", payment.payment_id),
                payment.payment_id.clone(),
            ))
            .await
            .unwrap()
    }

    pub async fn refund(&self, payment: &Payment) -> Payment {
        let body = Refund { payment_id: payment.payment_id.clone(), reason: "CHANGED_MIND".into() };
        self.app.refund(self.call(order(), body)).await.unwrap()
    }

    /// Quote, authorise and capture at once.
    pub async fn pay(&self, body: CreateQuote) -> Payment {
        let quote = self.quote(body).await;
        self.capture(&self.authorise(&quote).await).await
    }

    pub async fn payment(&self, payment: &Payment) -> Payment {
        let lookup = Lookup::Payment(payment.payment_id.clone());
        self.app.get_payment(self.call(order(), lookup)).await.unwrap()
    }

    /// Lets time pass and the workers work until nothing is left to do.
    pub async fn settle_down(&self, seconds: i64) {
        for _ in 0..12 {
            self.world.clock.advance_seconds(seconds);
            self.app.expire_step().await.unwrap();
            self.app.converge_step().await.unwrap();
        }
    }

    pub async fn account(&self, person: &str) -> (i64, i64) {
        let account = self.app.get_account(self.call(patient(person), ())).await.unwrap();
        (account.balance.0, account.held.0)
    }

    /// Every invariant of the books.
    pub async fn audit(&self) {
        let audited = self.app.audit_ledger(self.call(order(), ())).await.unwrap();
        assert_eq!(audited.problems, Vec::<String>::new());
        let rows = self.trial_balance(1_000).await.balances;
        let mut sums = BTreeMap::new();
        for row in rows {
            *sums.entry(row.region).or_default() += row.balance.0;
        }
        assert!(sums.values().all(|sum: &i64| *sum == 0), "{sums:?}");
    }

    /// The first page.
    pub async fn trial_balance(&self, size: i64) -> TrialBalance {
        let first = BalanceQuery { region: String::new(), account: String::new(), size };
        self.app.trial_balance(self.call(order(), first)).await.unwrap()
    }

    /// Over all regions.
    pub async fn balance_of(&self, account: &str) -> i64 {
        let rows = self.trial_balance(1_000).await.balances;
        rows.iter().filter(|row| row.account.as_str() == account).map(|row| row.balance.0).sum()
    }
}

/// The reason of a refusal.
#[track_caller]
pub fn reason<T>(result: Result<T, SettlementError>) -> String {
    match result {
        Ok(_) => panic!("was not refused"),
        Err(error) => error.doc().reason.to_string(),
    }
}
