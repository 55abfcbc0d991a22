//! Use cases on an embedded database.

mod dispensing;
mod reserving;
mod searching;
mod stocking;

use liufang_kernel::{Fault as _, Quantity, Timestamp, Violations};
use liufang_platform::testing::{World, world};
use liufang_platform::{Call, CallMeta, Clock as _, Principal, PrincipalKind};
use sea_orm::{ConnectionTrait as _, FromQueryResult, Statement};

use crate::app::{App, Commit, RecordMovements, Reserve};
use crate::domain::dispense::Scan;
use crate::domain::drug::samples::{AMLODIPINE, OTHER_DRUG, drug};
use crate::domain::movement::Row;
use crate::domain::{Ask, Drug, Listing, MovementKind, RxFlag};
use crate::error::InventoryError;

const SHOP: &str = "P13030200001";
const OTHER_SHOP: &str = "P13030200002";

struct Shop {
    world: World,
    app: App,
}

/// Two drugs in the catalogue, both listed in two shops; no stock.
async fn shop() -> Shop {
    let packs = [include_str!("../../../deploy/regions/qinhuangdao.toml")];
    let world = world(crate::ROLE, crate::MIGRATIONS, &packs).await;
    let app = App::new(&world.deps);
    let shop = Shop { world, app };
    let mut otc = drug(OTHER_DRUG, "甲厂", "0.5g", 20);
    (otc.rx_flag, otc.trace_prefix, otc.generic_name) = (RxFlag::Otc, "8299999".into(), "维生素C片".into());
    shop.import(vec![drug(AMLODIPINE, "甲厂", "5mg", 28), otc]).await;
    for code in [SHOP, OTHER_SHOP] {
        let rows = [AMLODIPINE, OTHER_DRUG].map(|drug| Ok(listing(code, drug, "19.9")));
        let report = shop.app.publish_listings(shop.call(pos(code), rows.into())).await.unwrap();
        assert_eq!((report.taken, report.refusals), (2, vec![]));
    }
    shop
}

fn pos(code: &str) -> Principal {
    Principal { kind: PrincipalKind::Pos, subject: code.to_owned(), ..Principal::default() }
}

fn operator() -> Principal {
    Principal { kind: PrincipalKind::Operator, ..Principal::default() }
}

fn listing(shop: &str, drug: &str, price: &str) -> Listing {
    Listing {
        fixmedins_code: shop.into(),
        med_list_codg: drug.into(),
        fixmedins_hilist_id: "A1".into(),
        price: price.parse().unwrap(),
        online: true,
        otc_pack: false,
    }
}

fn code(serial: u32) -> String {
    format!("8123456{serial:013}")
}

/// A purchase of one pack per code, or of `packs` packs of the no-code list.
fn purchase(key: &str, lot: &str, expires: &str, packs: i64, serials: &[u32]) -> Row {
    Row {
        fixmedins_bchno: key.into(),
        kind: MovementKind::Purchase,
        med_list_codg: AMLODIPINE.into(),
        manu_lotnum: lot.into(),
        manu_date: None,
        expy_end: liufang_kernel::timestamp::parse_date(expires),
        quantity: Quantity::whole(packs),
        purchase_price: None,
        supplier: "批发商".into(),
        trace_codes: serials.iter().map(|serial| code(*serial)).collect(),
        at: Timestamp(1),
    }
}

fn ask(line_no: i32, drug: &str, packs: i64) -> Ask {
    Ask {
        line_no,
        med_list_codg: drug.into(),
        quantity: Quantity::whole(packs),
        hospital_price: None,
        prescribed_code: None,
        use_days: 0,
    }
}

fn scan(line_no: i32, serials: &[u32]) -> Scan {
    Scan { line_no, trace_codes: serials.iter().map(|serial| code(*serial)).collect(), self_paid: false }
}

fn reason<T: std::fmt::Debug>(result: Result<T, InventoryError>) -> String {
    result.unwrap_err().doc().reason.to_string()
}

#[derive(Debug, PartialEq, Eq, FromQueryResult)]
struct Counted {
    n: i64,
}

impl Shop {
    fn call<T>(&self, principal: Principal, body: T) -> Call<T> {
        let key = self.world.deps.ids.next("key");
        self.call_with(principal, &key, body)
    }

    fn call_with<T>(&self, principal: Principal, key: &str, body: T) -> Call<T> {
        let meta = CallMeta {
            principal,
            method: "/test".into(),
            idempotency_key: Some(key.to_owned()),
            request_hash: "same".into(),
            now: self.now(),
        };
        Call { meta, body }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    async fn import(&self, drugs: Vec<Drug>) {
        let rows: Vec<Result<Drug, Violations>> = drugs.into_iter().map(Ok).collect();
        self.app.import_drugs(self.call(operator(), rows)).await.unwrap();
    }

    /// Takes rows that must all be taken.
    async fn stock(&self, rows: Vec<Row>) {
        let count = rows.len();
        let body = RecordMovements { institution: String::new(), rows: rows.into_iter().map(Ok).collect() };
        let report = self.app.record_movements(self.call(pos(SHOP), body)).await.unwrap();
        assert_eq!((report.taken, report.refusals), (count, vec![]));
    }

    fn reserving(&self, order: &str, packs: i64) -> Call<Reserve> {
        let body = Reserve {
            order_id: order.into(),
            institution: SHOP.into(),
            asks: vec![ask(1, AMLODIPINE, packs)],
            expires_at: self.now().plus_seconds(900),
        };
        self.call(Principal::service("order"), body)
    }

    fn committing(&self, order: &str, serials: &[u32]) -> Call<Commit> {
        let body = Commit {
            order_id: order.into(),
            setl_id: "set_1".into(),
            hi_rxno: String::new(),
            pharmacist_code: "YS1303020001".into(),
            scans: vec![scan(1, serials)],
            insured: true,
        };
        self.call(Principal::service("order"), body)
    }

    /// On hand, reserved and available of amlodipine in the first shop, in packs.
    async fn level(&self) -> (i64, i64, i64) {
        let levels = self.app.get_stock(self.call(pos(SHOP), vec![AMLODIPINE.to_owned()])).await.unwrap();
        let packs = |quantity: Quantity| quantity.as_whole().unwrap();
        levels
            .first()
            .map(|level| (packs(level.on_hand), packs(level.reserved), packs(level.available)))
            .unwrap_or_default()
    }

    async fn events(&self, topic: &str) -> i64 {
        let conn = self.world.deps.db.read();
        let statement = Statement::from_sql_and_values(
            conn.get_database_backend(),
            "SELECT COUNT(*) AS n FROM outbox WHERE topic = $1",
            [format!("liufang.inventory.v1.{topic}").into()],
        );
        Counted::find_by_statement(statement).one(conn).await.unwrap().unwrap().n
    }

    /// The ledger and the lots agree, lot by lot.
    async fn assert_ledger_agrees(&self) {
        let conn = self.world.deps.db.read();
        let statement = Statement::from_string(
            conn.get_database_backend(),
            "SELECT COUNT(*) AS n FROM lot WHERE on_hand_e4 <> \
             (SELECT COALESCE(SUM(quantity_e4), 0) FROM movement WHERE movement.lot_id = lot.lot_id)",
        );
        assert_eq!(Counted::find_by_statement(statement).one(conn).await.unwrap(), Some(Counted { n: 0 }));
    }
}
