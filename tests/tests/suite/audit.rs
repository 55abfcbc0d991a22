//! `liufang audit`: silent about an installation in order, and it names every hand that was in a database.

mod edits;

use liufang::client::Patient;
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::OrderState;
use liufang_proto::sandbox::v1::Dial;
use liufang_proto::settlement::v1::{
    CloseDayRequest, GetDailyTotalsRequest, PayClaimRequest, ReviewClaimRequest,
};
use liufang_tests::{World, audit, behaviour};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::cast::*;
use edits::{EDITS, Edit};

behaviour!(everywhere a_busy_day_leaves_books_that_agree);
behaviour!(everywhere lost_answers_leave_books_that_agree);
// the audit reads databases, whoever writes them: the two above show it beside processes
behaviour!(every_difference_is_named);
// likewise
behaviour!(what_is_on_its_way_is_not_named);
// likewise
behaviour!(the_program_ends_with_what_it_saw);
// likewise
behaviour!(statements_from_outside_are_compared);
// only SQLite lets a hand break a limit of the table
behaviour!(sqlite a_limit_that_was_broken_is_named);

const PATIENT: u32 = 1;
const BUYER: u32 = 163;

/// A prescription filled and claimed, goods brought, an order given back, one that waits for its payment.
pub(super) async fn busy_day(cast: &Cast) -> Patient {
    let patient = cast.patient(PATIENT).await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    cast.collect(&patient, &order.order_id).await;
    day_closed(cast).await;
    let buyer = cast.patient_through("jd", BUYER).await;
    let order = cast.paid_otc(&buyer, BUYER).await;
    let dispensed = cast.dispense(&order, OTC_PHARMACIST, "").await;
    cast.bring(&buyer, &dispensed, BEIJING_RIDER).await;
    let order = cast.paid_otc(&buyer, BUYER).await;
    buyer.cancel(&order.order_id).await.unwrap();
    cast.order_in(&buyer, &order.order_id, OrderState::Refunded).await;
    cast.paid_otc(&buyer, BUYER).await;
    cast.unpaid_otc(&buyer, BUYER).await;
    buyer
}

/// The institution's day is closed, its claim cut and paid.
async fn day_closed(cast: &Cast) {
    let pos = cast.pos(SHOP);
    let body = GetDailyTotalsRequest { stmt_date: cast.today(), ..Default::default() };
    let totals = pos.get_daily_totals(body).await.unwrap().totals;
    let close = CloseDayRequest { stmt_date: cast.today(), totals };
    let claim = pos.close_day(close).await.unwrap().claims.remove(0);
    let claim_id = claim.claim_id;
    let agency = cast.agency(QINHUANGDAO);
    let deduction_reason = "凭证缺失".to_owned();
    let review = ReviewClaimRequest {
        claim_id: claim_id.clone(),
        deducted_fen: 28,
        deduction_reason,
        ..Default::default()
    };
    agency.review_claim(review).await.unwrap();
    agency
        .pay_claim(PayClaimRequest { claim_id, bank_reference: "YH-1".to_owned(), ..Default::default() })
        .await
        .unwrap();
}

async fn a_busy_day_leaves_books_that_agree(world: &mut World) {
    let cast = Cast::of(world).await;
    busy_day(&cast).await;
    let said = audit::agrees(&world.config).await;
    for what in ["settlement", "transfers", "payments", "order", "orders", "0 difference(s)"] {
        assert!(said.summary.contains(what), "{what}: {}", said.summary);
    }
}

async fn lost_answers_leave_books_that_agree(world: &mut World) {
    let cast = Cast::of(world).await;
    let public = cast.public();
    let buyer = cast.patient_through("jd", BUYER).await;
    for (method, dial) in [
        ("PaymentChannel/CreatePayment", Dial::LoseAnswer),
        ("InsurerHook/Settle", Dial::LoseAnswer),
        ("PaymentChannel/CreatePayment", Dial::LoseRequest),
    ] {
        public.dial(method, dial, 1, "").await.unwrap();
        let order = cast.unpaid_otc(&buyer, BUYER).await;
        buyer.pay(&order, Channel::Wechat).await.unwrap();
        // while it is not known how the payment ends, nothing disagrees either
        audit::agrees(&world.config).await;
        cast.order_in(&buyer, &order.order_id, OrderState::Paid).await;
    }
    public.dial("PaymentChannel/RefundPayment", Dial::LoseAnswer, 1, "").await.unwrap();
    let order = cast.paid_otc(&buyer, BUYER).await;
    buyer.cancel(&order.order_id).await.unwrap();
    cast.order_in(&buyer, &order.order_id, OrderState::Refunded).await;
    audit::agrees(&world.config).await;
}

/// Nobody works while somebody edits.
async fn stopped(world: &mut World) {
    audit::agrees(&world.config).await;
    world.running.take().expect("running").shutdown().await;
}

async fn every_difference_is_named(world: &mut World) {
    let cast = Cast::of(world).await;
    busy_day(&cast).await;
    stopped(world).await;
    for Edit { role, kinds, does, undoes } in EDITS {
        let database = world.database(role).await;
        assert!(0 < execute(&database, does).await, "changes something: {does}");
        let said = audit::ask(&world.config, async {}).await;
        assert_eq!(said.kinds(), *kinds, "{kinds:?} after {does}: {said:?}");
        execute(&database, undoes).await;
        database.close().await.unwrap();
    }
    audit::agrees(&world.config).await;
}

/// Two services never commit in the same moment.
async fn what_is_on_its_way_is_not_named(world: &mut World) {
    let cast = Cast::of(world).await;
    let buyer = cast.patient_through("jd", BUYER).await;
    cast.paid_otc(&buyer, BUYER).await;
    stopped(world).await;
    let (order, identity) = (world.database("order").await, world.database("identity").await);
    let late = "UPDATE purchase_order SET state = 'paying'";
    let waiting = EDITS.last().expect("an event that waits");
    execute(&order, late).await;
    execute(&identity, waiting.does).await;
    let said = audit::ask(&world.config, async {}).await;
    let late_kinds = ["DELIVERY_DIFFERS", "OUTBOX_WAITS", "PAID_BUT_ORDER_IS"];
    assert_eq!(said.kinds(), late_kinds, "nothing came: {said:?}");
    let mut came = 0;
    let said = audit::ask(&world.config, async {
        execute(&identity, waiting.undoes).await;
        came += execute(&order, "UPDATE purchase_order SET state = 'paid'").await;
    })
    .await;
    assert_eq!((came, said.differences.len()), (1, 0), "it came meanwhile: {said:?}");
    // what was seen once is not named yet
    execute(&order, late).await;
    let said = audit::ask(&world.config, async {
        execute(&order, "UPDATE purchase_order SET state = 'completed'").await;
    })
    .await;
    assert_eq!(said.kinds(), ["DELIVERY_DIFFERS"], "the stock differs since a moment: {said:?}");
}

async fn the_program_ends_with_what_it_saw(world: &mut World) {
    let cast = Cast::of(world).await;
    let buyer = cast.patient_through("jd", BUYER).await;
    let order = cast.paid_otc(&buyer, BUYER).await;
    stopped(world).await;
    let ask = |more: &[&str]| {
        let arguments = [&["audit", "--grace-seconds", "0"], more].concat();
        audit::program(&world.config, &arguments)
    };
    let ran = ask(&[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    // a paid order that somebody calls cancelled
    let database = world.database("order").await;
    let set = async |state: &str| {
        let sql =
            format!("UPDATE purchase_order SET state = '{state}' WHERE order_id = '{}'", order.order_id);
        assert_eq!(execute(&database, &sql).await, 1);
    };
    set("cancelled").await;
    let ran = ask(&[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let id = &order.order_id;
    let line = ran.out.lines().find(|line| line.starts_with("PAID_BUT_ORDER_IS")).expect("named");
    assert!(
        line.contains(&format!("order_id={id} order=cancelled")) && line.contains("is=captured"),
        "{line}"
    );
    assert!(line.contains("payment_id=pay"), "{line}");
    let ran = ask(&["--json", "--role", "order", "--role", "inventory"]);
    assert_eq!(ran.code, Some(1));
    let line: serde_json::Value = serde_json::from_str(ran.out.lines().next().expect("a line")).unwrap();
    assert_eq!((&line["kind"], &line["order_id"]), (&"STOCK_DIFFERS".into(), &id.as_str().into()), "{line}");
    // who was not asked is not missed
    let ran = ask(&["--role", "settlement"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    set("paid").await;
    cannot_look(world).await;
}

/// 2, with a word about the role: never mistaken for an answer.
async fn cannot_look(world: &World) {
    let mut config = world.config.clone();
    config.database.url = match world.shape {
        liufang_tests::Shape::Sqlite => format!("sqlite://{}/nowhere/{{role}}.db", world.folder().display()),
        _ => format!("{}_nowhere", config.database.url),
    };
    let ran = audit::program(&config, &["audit", "--role", "settlement", "--role", "order"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for part in ["cannot look", "role settlement: ", "role order: "] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert_eq!(ran.out, "");
    let ran = audit::program(&world.config, &["audit", "--set", "bus.kind=pigeon"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let ran = audit::program(&world.config, &["audit", "--channel-book", "/nowhere.csv"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

async fn statements_from_outside_are_compared(world: &mut World) {
    let cast = Cast::of(world).await;
    busy_day(&cast).await;
    let public = cast.public();
    let channel = public.list_channel_book(Default::default()).await.unwrap().rows;
    let insurer = public.list_insurer_book(Default::default()).await.unwrap().rows;
    stopped(world).await;
    let mut paid = String::from("channel_order_no,amount_fen,refunded_fen,state\n");
    for row in &channel {
        let (number, state) = (&row.channel_order_no, &row.state);
        paid.push_str(&format!("{number},{},{},{state}\n", row.amount_fen, row.refunded_fen));
    }
    let mut settled = String::from("setl_id,msgid,fund_pay_sumamt_fen,reversed\n");
    for row in &insurer {
        let (id, msgid) = (&row.setl_id, &row.msgid);
        settled.push_str(&format!("{id},{msgid},{},{}\n", row.fund_pay_sumamt_fen, row.reversed));
    }
    let (channel_book, insurer_book) =
        (world.folder().join("channel.csv"), world.folder().join("insurer.csv"));
    let compare = |paid: &str, settled: &str| {
        std::fs::write(&channel_book, paid).unwrap();
        std::fs::write(&insurer_book, settled).unwrap();
        let books = [channel_book.to_str().unwrap(), insurer_book.to_str().unwrap()];
        let arguments =
            ["audit", "--channel-book", books[0], "--insurer-book", books[1], "--role", "settlement"];
        let ran = audit::program(&world.config, &arguments);
        (ran.code, ran.out)
    };
    assert_eq!(compare(&paid, &settled), (Some(0), String::new()));
    let kept = channel.iter().find(|row| row.state == "paid").expect("paid");
    let (number, fen) = (&kept.channel_order_no, kept.amount_fen);
    let (code, out) =
        compare(&format!("{paid}LF-lost,700,0,paid\n"), &format!("{settled}S-lost,M-lost,900,false\n"));
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = out.lines().collect();
    let lost = [
        "CHANNEL_UNKNOWN_TO_US role=settlement number=LF-lost fen=700",
        "INSURER_UNKNOWN_TO_US role=settlement number=S-lost fen=900",
    ];
    assert_eq!(lines, lost);
    let (_, out) =
        compare(&paid.replace(&format!("{number},{fen},0"), &format!("{number},{fen},50")), &settled);
    assert!(out.starts_with(&format!("CHANNEL_DIFFERS role=settlement number={number} fen=-50")), "{out}");
    let (_, out) = compare(&paid.replace(number.as_str(), "LF-other"), &settled);
    let kinds: Vec<&str> = out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(kinds, ["CHANNEL_UNKNOWN_TO_US", "UNKNOWN_TO_CHANNEL"], "{out}");
    let (_, out) = compare(&paid, &settled.replace(",false", ",true"));
    assert!(out.lines().all(|line| line.starts_with("INSURER_DIFFERS")) && !out.is_empty(), "{out}");
    let (code, out) = compare("number,fen\n", &settled);
    assert_eq!((code, out.as_str()), (Some(2), ""));
}

/// Databases refuse these rows; a disk or a restored dump does not ask them.
async fn a_limit_that_was_broken_is_named(world: &mut World) {
    stopped(world).await;
    let unchecked = async |role: &str, sql: &str| {
        let mut options = sea_orm::ConnectOptions::new(world.config.database_of(role).url);
        options.max_connections(1);
        let database = sea_orm::Database::connect(options).await.unwrap();
        execute(&database, "PRAGMA ignore_check_constraints = 1").await;
        execute(&database, sql).await;
        database.close().await.unwrap();
    };
    let first = "(SELECT MIN(person_id) FROM personal_account)";
    let sql = format!("UPDATE personal_account SET held_fen = balance_fen + 1 WHERE person_id = {first}");
    unchecked("settlement", &sql).await;
    unchecked(
        "inventory",
        "UPDATE lot SET reserved_e4 = on_hand_e4 + 1 WHERE lot_id = (SELECT MIN(lot_id) FROM lot)",
    )
    .await;
    let said = audit::ask(&world.config, async {}).await;
    let kinds = ["ACCOUNT_BELOW_LIMIT", "ACCOUNT_HELD", "LOT_BELOW_LIMIT", "LOT_RESERVED"];
    assert_eq!(said.kinds(), kinds, "{said:?}");
}

async fn execute(database: &DatabaseConnection, sql: &str) -> u64 {
    let done = database.execute_unprepared(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
}
