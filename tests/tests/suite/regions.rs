//! Regions share no row: each has its own chain of the ledger, each institution its own feed. And an installation of before
//! that goes on after its upgrade, is divided while it works, and loses and doubles nothing.

use std::sync::Arc;

use liufang_platform::config::Config;
use liufang_platform::db::DbOptions;
use liufang_platform::{Cipher, Db, Migration, SystemClock};
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::prescription::v1::{WatchPrescriptionsRequest, WatchPrescriptionsResponse};
use liufang_proto::settlement::v1::{
    AuditLedgerRequest, GetTrialBalanceRequest, ListStatementRequest, ListTransfersRequest,
};
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, behaviour, eventually};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};

use super::cast::*;

behaviour!(servers no_region_waits_for_another);

mod an_installation_of_before_is_divided_under_way {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        run_in(World::prepared(Shape::Sqlite, of_before).await, divided_under_way).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_postgres() {
        run_in(World::prepared(Shape::Postgres, of_before).await, divided_under_way).await;
    }
}

const BEIJING: &str = "110000";

async fn no_region_waits_for_another(world: &mut World) {
    let cast = Cast::of(world).await;
    // first: both regions have a chain, as every one has from its first booking on
    let patient = cast.patient_through("jd", 163).await;
    cast.paid_otc(&patient, 163).await;
    let settlement = world.database("settlement").await;
    let standing = settlement.begin().await.unwrap();
    let held = format!("UPDATE region_head SET sequence = sequence WHERE region = '{QINHUANGDAO}'");
    assert_eq!(standing.execute_unprepared(&held).await.unwrap().rows_affected(), 1);
    let prescription = world.database("prescription").await;
    let other = prescription.begin().await.unwrap();
    let held = format!("INSERT INTO feed_head (institution, sequence) VALUES ('{OTHER_HOSPITAL}', 1)");
    other.execute_unprepared(&held).await.unwrap();

    // a booking of Qinhuangdao stands and never ends, and a change of the other hospital; everything here goes through
    let order = cast.paid_otc(&patient, 163).await;
    patient.cancel(&order.order_id).await.unwrap();
    cast.order_in(&patient, &order.order_id, OrderState::Refunded).await;
    let own = cast.patient(1).await;
    let visit = cast.booked(&own, DOCTOR, "M03900").await;
    assert!(!visit.visit_id.is_empty());
    other.rollback().await.unwrap();
    standing.rollback().await.unwrap();
    cast.books_agree().await;
}

const SETTLEMENT: &[Migration] = &[Migration {
    name: "0001_init",
    sql: include_str!("../../../services/settlement/src/migrations/0001_init.sql"),
}];
const PRESCRIPTION: &[Migration] = &[
    Migration {
        name: "0001_init",
        sql: include_str!("../../../services/prescription/src/migrations/0001_init.sql"),
    },
    Migration {
        name: "0002_queue",
        sql: include_str!("../../../services/prescription/src/migrations/0002_queue.sql"),
    },
];

/// Rows as the version before wrote them; the hashes are its own.
const BOOKED: [&str; 6] = [
    "INSERT INTO personal_account (person_id, balance_fen, held_fen) VALUES ('per_old', 750, 0)",
    "INSERT INTO ledger_transfer (sequence, transfer_id, kind, reference, at_us, hash) VALUES \
     (1, 'trf_old_1', 'credit', 'old-row-1', 1795312000000000, \
     '8d1d8d7df35dca4a80f5cb6b483c8b791732b620832477b2a6da683c36ca63cf'), \
     (2, 'trf_old_2', 'credit', 'old-row-2', 1795312001000000, \
     'bd887604c10a05aa9d5a72f2d2a56317a2e4b0accef56776f5a70aba3cb7fce2')",
    "INSERT INTO ledger_entry (sequence, entry_no, account, amount_fen) VALUES \
     (1, 0, 'person:per_old', 700), (1, 1, 'fund:130300:310', -700), \
     (2, 0, 'person:per_old', 50), (2, 1, 'fund:130300:310', -50)",
    "INSERT INTO ledger_balance (account, balance_fen) VALUES ('person:per_old', 750), ('fund:130300:310', -750)",
    "UPDATE ledger_head SET sequence = 2, hash = \
     'bd887604c10a05aa9d5a72f2d2a56317a2e4b0accef56776f5a70aba3cb7fce2' WHERE id = 1",
    "INSERT INTO credit_row (row_key, person_id, amount_fen, region, kind) VALUES \
     ('old-row-1', 'per_old', 700, '130300', 'opening'), ('old-row-2', 'per_old', 50, '130300', 'annual')",
];

const CHANGED: [&str; 2] = [
    "INSERT INTO change (sequence, hi_rxno, hospital, pharmacy, state, review, used, at_us) VALUES \
     (1, 'old-rx', 'H13030200001', '', 10, 1, 1, 1795312000000000), \
     (2, 'other-rx', 'H13030200002', '', 10, 1, 1, 1795312000000000), \
     (3, 'old-rx', 'H13030200001', 'P13030200001', 1, 1, 1, 1795312001000000)",
    "UPDATE counter SET value = 3 WHERE name = 'change'",
];

/// Databases of the version before, with rows.
async fn of_before(config: &Config) {
    std::fs::create_dir_all(&config.data_dir).unwrap();
    for (role, migrations, rows) in
        [("settlement", SETTLEMENT, &BOOKED[..]), ("prescription", PRESCRIPTION, &CHANGED[..])]
    {
        let cipher = Cipher::new("a secret for tests only, long enough");
        let options = DbOptions::new(config.database_of(role).url);
        let db = Db::connect(&options, cipher, Arc::new(SystemClock)).await.unwrap();
        db.migrate(migrations).await.unwrap();
        let work = db.begin_step().await.unwrap();
        for sql in rows {
            work.tx().execute_unprepared(sql).await.unwrap();
        }
        work.done().await.unwrap();
    }
}

async fn number(database: &DatabaseConnection, sql: &str) -> i64 {
    let found = Statement::from_string(database.get_database_backend(), sql);
    database.query_one_raw(found).await.unwrap().unwrap().try_get("", "n").unwrap()
}

async fn script(database: &DatabaseConnection, sql: &str) -> u64 {
    let code: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).collect();
    database.execute_unprepared(&code.join("\n")).await.unwrap().rows_affected()
}

type Feeds = [Vec<WatchPrescriptionsResponse>; 2];

/// What the hospital and the shop are told after these sequences.
async fn feeds(cast: &Cast, after: [i64; 2]) -> Feeds {
    let body = |after_sequence| WatchPrescriptionsRequest { after_sequence, stop_at_end: true };
    let hospital = cast.his(HOSPITAL).watch_prescriptions(body(after[0])).await.unwrap();
    [hospital, cast.pos(SHOP).watch_prescriptions(body(after[1])).await.unwrap()]
}

fn last(feeds: &Feeds) -> [i64; 2] {
    feeds.each_ref().map(|feed| feed.last().unwrap().sequence)
}

async fn divided_under_way(world: &mut World) {
    let cast = Cast::of(world).await;
    let settlement = world.database("settlement").await;
    let prescription = world.database("prescription").await;

    // upgraded, with rows, and still booking as the version before does: both may run at once
    let patient = cast.patient(1).await;
    let buyer = cast.patient_through("jd", 163).await;
    let early = cast.paid_otc(&buyer, 163).await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    assert_eq!(number(&settlement, "SELECT COUNT(*) AS n FROM region_head").await, 0);
    assert_eq!(number(&prescription, "SELECT COUNT(*) AS n FROM feed").await, 0);
    as_the_version_before(&settlement).await;
    chains_are(&cast, &[""]).await;
    let before = feeds(&cast, [0, 0]).await;
    assert_eq!((before[0][0].hi_rxno.as_str(), before[0][0].sequence), ("old-rx", 1));
    assert_eq!((before[1][0].hi_rxno.as_str(), before[1][0].sequence), ("old-rx", 3));

    // the operator divides it, twice by mistake
    let divide = include_str!("../../../deploy/upgrade/settlement.sql");
    assert_eq!((script(&settlement, divide).await, script(&settlement, divide).await), (1, 0));
    let divide = include_str!("../../../deploy/upgrade/prescription.sql");
    assert_eq!((script(&prescription, divide).await, script(&prescription, divide).await), (1, 0));

    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    refunded(&cast, &buyer, &early).await;
    let again = cast.paid_otc(&buyer, 163).await;
    let second = cast.patient(4).await;
    cast.paid_rx(&second, SHOP, SHOP_PHARMACIST).await;
    assert_eq!(again.region, BEIJING);
    chains_are(&cast, &["", BEIJING, QINHUANGDAO]).await;
    followed_without_a_gap(&cast, &before).await;
    statements_add_up(&[&patient, &second, &buyer]).await;
    pages_add_up(&cast).await;
    cast.books_agree().await;

    // and a replica of the version before that was forgotten books nothing and numbers nothing
    let old = "UPDATE ledger_head SET sequence = sequence WHERE id = 1";
    assert_eq!(script(&settlement, old).await, 0);
    let old = "UPDATE counter SET value = value + 1 WHERE name = 'change'";
    assert_eq!(script(&prescription, old).await, 0);
}

/// The statements of the version before, on the new tables.
async fn as_the_version_before(settlement: &DatabaseConnection) {
    let tx = settlement.begin().await.unwrap();
    let head = "UPDATE ledger_head SET sequence = sequence WHERE id = 1";
    assert_eq!(tx.execute_unprepared(head).await.unwrap().rows_affected(), 1);
    let opened = "INSERT INTO personal_account (person_id, balance_fen, held_fen) VALUES ('per_new', 0, 0) \
                  ON CONFLICT (person_id) DO UPDATE SET balance_fen = personal_account.balance_fen + 0";
    tx.execute_unprepared(opened).await.unwrap();
    tx.commit().await.unwrap();
}

async fn refunded(cast: &Cast, buyer: &liufang::client::Patient, order: &Order) {
    buyer.cancel(&order.order_id).await.unwrap();
    cast.order_in(buyer, &order.order_id, OrderState::Refunded).await;
    let body = ListTransfersRequest { reference: order.payment_id.clone(), ..Default::default() };
    let found = eventually("the refund is booked", || async {
        let found = cast.operator().list_transfers(body.clone()).await.unwrap().transfers;
        (found.len() == 2).then_some(found)
    })
    .await;
    let places: Vec<_> = found.iter().map(|row| (row.kind.as_str(), row.region.as_str())).collect();
    assert_eq!(places, [("capture", ""), ("refund", BEIJING)]);
}

/// Every chain verified from the first transfer, that of before included.
async fn chains_are(cast: &Cast, regions: &[&str]) {
    let audit = cast.operator().audit_ledger(AuditLedgerRequest {}).await.unwrap();
    assert!(audit.ok, "{:?}", audit.problems);
    let chains: Vec<&str> = audit.chains.iter().map(|chain| chain.region.as_str()).collect();
    assert_eq!(chains, regions);
    assert_eq!(audit.transfers, audit.chains.iter().map(|chain| chain.transfers).sum::<i64>());
}

/// Readers resume after what they saw last, and after anything they saw before.
async fn followed_without_a_gap(cast: &Cast, before: &Feeds) {
    let (after, whole) = (feeds(cast, last(before)).await, feeds(cast, [0, 0]).await);
    for ((before, after), whole) in before.iter().zip(&after).zip(&whole) {
        let known = before.last().unwrap().sequence;
        let numbers: Vec<i64> = after.iter().map(|change| change.sequence).collect();
        assert!(!numbers.is_empty() && known < numbers[0]);
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "no gap: {numbers:?}");
        let told = [before.as_slice(), after].concat();
        assert!(*whole == told, "nothing lost, nothing twice:\n{}\nbut\n{}", show(&told), show(whole));
    }
    for at in 0..before[0].len() {
        let resumed = feeds(cast, [before[0][at].sequence, 0]).await;
        assert!(resumed[0] == whole[0][at + 1..], "{}", show(&resumed[0]));
    }
}

async fn statements_add_up(people: &[&liufang::client::Patient]) {
    for patient in people {
        let rows = patient.list_statement(ListStatementRequest::default()).await.unwrap().rows;
        let mut balance = 0;
        for row in rows.iter().rev() {
            balance += row.amount_fen;
            assert_eq!(row.balance_fen, balance);
        }
        assert_eq!(patient.account().await.unwrap().balance_fen, balance);
    }
}

async fn pages_add_up(cast: &Cast) {
    let operator = cast.operator();
    let whole = operator.get_trial_balance(GetTrialBalanceRequest::default()).await.unwrap();
    assert!(whole.next_page_token.is_empty());
    let (mut paged, mut page_token) = (Vec::new(), String::new());
    loop {
        let body = GetTrialBalanceRequest { page_size: 7, page_token };
        let page = operator.get_trial_balance(body).await.unwrap();
        assert!(page.balances.len() <= 7 && page.sum_fen == 0);
        paged.extend(page.balances);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert!(paged == whole.balances, "{}", show(&paged));
    refused_as(
        operator.get_trial_balance(GetTrialBalanceRequest { page_size: 0, page_token: "x".into() }).await,
        "INVALID_REQUEST",
    );
}
