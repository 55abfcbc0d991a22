//! WeChat Pay and Alipay in their own formats, end to end: order, settlement, the role that speaks to channels, and the
//! simulator that checks and makes real signatures. Whatever goes wrong on the wire, three books agree at the end.

use liufang::client::Patient;
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::sandbox::v1::{ChannelBookRow, Dial};
use liufang_proto::settlement::v1::PaymentState;
use liufang_tests::{Shape, World, eventually, servers, world};
use sea_orm::{ConnectionTrait as _, Statement};
use tempfile::TempDir;

use super::cast::*;
use super::states::program;

/// Row 163: 5 089 yuan, so only the fees go through the channel.
pub const ROW: u32 = 163;
/// Delivery and packing.
pub const CASH: i64 = 600;
pub const BOTH: [Channel; 2] = [Channel::Wechat, Channel::Alipay];

/// An installation whose channels speak their own formats, and the folder of the keys.
pub async fn wired() -> (World, TempDir) {
    let folder = servers::folder("liufang-channels-");
    let keys = folder.path().display();
    let given = format!(
        "role.channels.wechat.platform_keys=[\"5A0DB0C000000001={keys}/wechat-platform.pub\", \
         \"5A0DB0C000000002={keys}/wechat-platform-2.pub\"]"
    );
    (wired_with(&folder, given).await, folder)
}

/// The same with something said of WeChat Pay's keys.
async fn wired_with(folder: &TempDir, of_wechats_keys: String) -> World {
    let keys = folder.path().display();
    let (merchant, channel) = (servers::free_port(), servers::free_port());
    let text = |setting: &str, value: &str| format!("{setting}=\"{value}\"");
    let settings = [
        text("hooks.wechat", "channels"),
        text("hooks.alipay", "channels"),
        text("mesh.listen.channels", "127.0.0.1:0"),
        text("role.sandbox.listen", &format!("127.0.0.1:{channel}")),
        text("role.sandbox.keys_dir", &keys.to_string()),
        text("role.settlement.wechat_key", "what-wechat-tells-settlement"),
        text("role.settlement.alipay_key", "what-alipay-tells-settlement"),
        text("role.settlement.notices_from", "services"),
        text("role.channels.listen", &format!("127.0.0.1:{merchant}")),
        text("role.channels.public_url", &format!("http://127.0.0.1:{merchant}")),
        "role.channels.timeout_ms=1500".to_owned(),
        text("role.channels.wechat.mchid", "1900000001"),
        text("role.channels.wechat.appid", "wx0000000000000001"),
        text("role.channels.wechat.serial", "MERCHANT-1"),
        text("role.channels.wechat.key_file", &format!("{keys}/wechat-merchant.key")),
        text("role.channels.wechat.api_v3_key", "liufang-dev-api-v3-key-32-chars."),
        of_wechats_keys,
        text("role.channels.wechat.url", &format!("http://127.0.0.1:{channel}/wechat")),
        text("role.channels.wechat.notice_key", "what-wechat-tells-settlement"),
        text("role.channels.alipay.app_id", "2021000000000001"),
        text("role.channels.alipay.seller_id", "2088000000000001"),
        text("role.channels.alipay.key_file", &format!("{keys}/alipay-app.key")),
        text("role.channels.alipay.public_key_file", &format!("{keys}/alipay.pub")),
        text("role.channels.alipay.url", &format!("http://127.0.0.1:{channel}/alipay/gateway.do")),
        text("role.channels.alipay.notice_key", "what-alipay-tells-settlement"),
    ];
    World::start_with(Shape::Sqlite, &settings).await
}

// both adapters keep what a bank's own server has to keep, by the kit that banks are given
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_adapter_keeps_every_promise() {
    let (installation, _keys) = wired().await;
    world::run_in(installation, async |world| {
        // the kit's payments are none of settlement's
        world.expect_log("settlement refuses a notice");
        let cast = Cast::of(world).await;
        cast.public().dial("PaymentChannel/CreatePayment", Dial::SlowNotice, 0, "idle-payer").await.unwrap();
        let target = format!("http://{}", world.running.as_ref().unwrap().ports["channels"]);
        for (channel, scene) in
            [("wechat", "in-app"), ("wechat", "qr"), ("alipay", "in-app"), ("alipay", "qr")]
        {
            let line = ["conformance", "channel", "--sandbox", "--target", &target, "--wait-seconds", "6"];
            let line = line.into_iter().chain(["--channel", channel, "--scene", scene]);
            let played = program(world, line);
            let said = String::from_utf8_lossy(&played.stdout);
            assert!(played.status.success(), "{channel}, {scene}: {said}");
        }
    })
    .await;
}

/// The channel's row for the payment of an order.
async fn booked(cast: &Cast, patient: &Patient, order: &Order) -> ChannelBookRow {
    let number = patient.payment(&order.order_id).await.unwrap().channel_order_no;
    let mut rows = cast.public().list_channel_book(Default::default()).await.unwrap().rows;
    rows.retain(|row| row.channel_order_no == number);
    assert_eq!(rows.len(), 1, "{}", show(&rows));
    rows.remove(0)
}

/// Paid once, by the channel's books, the insurer's and ours.
pub async fn paid(cast: &Cast, patient: &Patient, order: &Order) {
    cast.order_in(patient, &order.order_id, OrderState::Paid).await;
    let row = booked(cast, patient, order).await;
    assert_eq!((row.amount_fen, row.refunded_fen, row.state.as_str()), (CASH, 0, "paid"));
    let payment = patient.payment(&order.order_id).await.unwrap();
    assert_eq!(payment.state().as_str_name(), PaymentState::Captured.as_str_name());
    assert_eq!(payment.pay_params, "", "nothing is left to hand over");
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert_eq!(insurer.iter().filter(|row| row.setl_id == payment.setl_id && !row.reversed).count(), 1);
}

/// Given back whole, everywhere.
async fn returned(cast: &Cast, patient: &Patient, order: &Order) {
    patient.cancel(&order.order_id).await.unwrap();
    cast.order_in(patient, &order.order_id, OrderState::Refunded).await;
    let row = booked(cast, patient, order).await;
    assert_eq!((row.refunded_fen, row.state.as_str()), (CASH, "refunded"));
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert!(insurer.iter().all(|row| row.reversed), "{}", show(&insurer));
    assert_eq!(patient.account().await.unwrap().balance_fen, 508_900);
    cast.books_agree().await;
}

async fn dial(cast: &Cast, method: &str, dial: Dial, calls: i32) {
    cast.public().dial(method, dial, calls, "").await.unwrap();
}

/// Notices of the role that speaks to channels, by state.
async fn notices(world: &World, state: &str) -> i64 {
    let database = world.database("channels").await;
    let sql = "SELECT COUNT(*) AS notices FROM notice WHERE state = $1";
    let query = Statement::from_sql_and_values(database.get_database_backend(), sql, [state.into()]);
    let row = database.query_one_raw(query).await.unwrap().unwrap();
    database.close().await.unwrap();
    row.try_get("", "notices").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_paid_through_each_channel() {
    let (installation, _keys) = wired().await;
    world::run_in(installation, async |world| {
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        for (number, channel) in (1..).zip(BOTH) {
            let order = cast.unpaid_otc(&patient, ROW).await;
            // asking does not help at first, so the notice tells it; one that comes in the middle of the call is asked for after all
            dial(&cast, "PaymentWire/Query", Dial::ServerError, 4).await;
            world.expect_log("says nothing");
            patient.pay(&order, channel).await.unwrap();
            paid(&cast, &patient, &order).await;
            eventually("settlement was told", || async {
                (notices(world, "told").await == number).then_some(())
            })
            .await;
            dial(&cast, "PaymentWire/Query", Dial::Unspecified, 0).await;
            returned(&cast, &patient, &order).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_payer_is_handed_what_the_channel_wants() {
    let (installation, _keys) = wired().await;
    world::run_in(installation, async |world| {
        world.expect_log("says nothing");
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        for (channel, word) in [(Channel::Wechat, "code_url"), (Channel::Alipay, "qr_code")] {
            let order = cast.unpaid_otc(&patient, ROW).await;
            dial(&cast, "PaymentChannel/CreatePayment", Dial::SlowNotice, 1).await;
            dial(&cast, "PaymentWire/Query", Dial::ServerError, 0).await;
            dial(&cast, "PaymentChannel/QueryPayment", Dial::LoseRequest, 0).await;
            let paying = patient.pay(&order, channel).await.unwrap();
            assert_eq!(paying.state().as_str_name(), OrderState::Paying.as_str_name());
            let payment = patient.payment(&order.order_id).await.unwrap();
            assert!(payment.pay_params.contains(&format!("\"{word}\":")), "{}", payment.pay_params);
            // the payer pays when the channel is asked
            dial(&cast, "PaymentWire/Query", Dial::Unspecified, 0).await;
            dial(&cast, "PaymentChannel/QueryPayment", Dial::Unspecified, 0).await;
            paid(&cast, &patient, &order).await;
            returned(&cast, &patient, &order).await;
        }
    })
    .await;
}

/// One fault in each call of a payment and its refund: an answer that is not the channel's, or none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_befalls_an_answer_ends_in_one_state() {
    let (installation, _keys) = wired().await;
    world::run_in(installation, async |world| {
        world.expect_log("says nothing");
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        let faults = [
            Dial::BadSignature,
            Dial::WrongSerial,
            Dial::OldTimestamp,
            Dial::ServerError,
            Dial::SystemError,
            Dial::Processing,
            Dial::NextKey,
        ];
        for channel in BOTH {
            for fault in faults {
                let order = cast.unpaid_otc(&patient, ROW).await;
                // told by nobody, however long it takes: only asking helps
                dial(&cast, "PaymentWire/Notice", Dial::Late, 0).await;
                for method in ["Create", "Query", "Refund", "QueryRefund"] {
                    dial(&cast, &format!("PaymentWire/{method}"), fault, 1).await;
                }
                patient.pay(&order, channel).await.unwrap();
                paid(&cast, &patient, &order).await;
                dial(&cast, "PaymentWire/Notice", Dial::Unspecified, 0).await;
                returned(&cast, &patient, &order).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_that_is_not_the_channels_changes_nothing() {
    let (installation, _keys) = wired().await;
    world::run_in(installation, async |world| {
        world.expect_log("says nothing");
        world.expect_log("a notice that is not the channel's was refused");
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        let wechat = [Dial::BadSignature, Dial::WrongSerial, Dial::OldTimestamp, Dial::BadSeal];
        let wechat = wechat.map(|fault| (Channel::Wechat, fault));
        for (channel, fault) in wechat.into_iter().chain([(Channel::Alipay, Dial::BadSignature)]) {
            let order = cast.unpaid_otc(&patient, ROW).await;
            dial(&cast, "PaymentWire/Notice", fault, 0).await;
            dial(&cast, "PaymentWire/Query", Dial::ServerError, 0).await;
            patient.pay(&order, channel).await.unwrap();
            // a second time only because the first was refused
            eventually("the notice was brought again", || async {
                (attempts(world).await > 1).then_some(())
            })
            .await;
            let still = patient.order(&order.order_id).await.unwrap();
            assert_eq!(still.state().as_str_name(), OrderState::Paying.as_str_name());
            assert_eq!((notices(world, "due").await, notices(world, "told").await), (0, 0));
            dial(&cast, "PaymentWire/Query", Dial::Unspecified, 0).await;
            paid(&cast, &patient, &order).await;
            // brought again and again, and never taken
            forget(world).await;
            dial(&cast, "PaymentWire/Notice", Dial::Unspecified, 0).await;
            returned(&cast, &patient, &order).await;
            forget(world).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_wechat_pay_are_fetched_while_they_change() {
    let folder = servers::folder("liufang-channels-");
    let installation = wired_with(&folder, "role.channels.wechat.fetch_certificates=true".to_owned()).await;
    world::run_in(installation, async |world| {
        world.expect_log("says nothing");
        world.expect_log("a notice that is not the channel's was refused");
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        // not sealed for us at first: nothing is known, nothing is believed, and it is tried again
        dial(&cast, "PaymentWire/Certificates", Dial::BadSeal, 1).await;
        let order = cast.unpaid_otc(&patient, ROW).await;
        patient.pay(&order, Channel::Wechat).await.unwrap();
        world.clock.advance_seconds(PAUSE_S);
        paid(&cast, &patient, &order).await;
        returned(&cast, &patient, &order).await;
        // the next key signs before its certificate is published
        let order = cast.unpaid_otc(&patient, ROW).await;
        dial(&cast, "PaymentWire/Notice", Dial::NextKey, 0).await;
        dial(&cast, "PaymentWire/Query", Dial::ServerError, 0).await;
        patient.pay(&order, Channel::Wechat).await.unwrap();
        eventually("the notice was brought again", || async { (attempts(world).await > 1).then_some(()) })
            .await;
        let still = patient.order(&order.order_id).await.unwrap();
        assert_eq!(still.state().as_str_name(), OrderState::Paying.as_str_name());
        dial(&cast, "PaymentWire/Certificates", Dial::NextKey, 0).await;
        world.clock.advance_seconds(PAUSE_S);
        // nobody can ask: only the notice tells it
        paid(&cast, &patient, &order).await;
        dial(&cast, "PaymentWire/Query", Dial::Unspecified, 0).await;
        returned(&cast, &patient, &order).await;
    })
    .await;
}

/// Between two tries to fetch certificates.
const PAUSE_S: i64 = 10;

/// How often the channel brought what it still has to bring.
async fn attempts(world: &World) -> i64 {
    let database = world.database("sandbox").await;
    let sql =
        "SELECT CAST(COALESCE(MAX(attempts), 0) AS BIGINT) AS most FROM channel_notice WHERE state = 'due'";
    let query = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(query).await.unwrap().unwrap();
    database.close().await.unwrap();
    row.try_get("", "most").unwrap()
}

/// The channel gives up what it has to bring.
async fn forget(world: &World) {
    let database = world.database("sandbox").await;
    let sql = "UPDATE channel_notice SET state = 'refused' WHERE state = 'due'";
    database.execute_raw(Statement::from_string(database.get_database_backend(), sql)).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_than_asked_is_never_paid() {
    let (installation, _keys) = wired().await;
    world::run_in(installation, async |world| {
        world.expect_log("difference raised");
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        for channel in BOTH {
            let order = cast.unpaid_otc(&patient, ROW).await;
            dial(&cast, "PaymentWire/Notice", Dial::Late, 1).await;
            dial(&cast, "PaymentWire/Query", Dial::WrongAmount, 2).await;
            patient.pay(&order, channel).await.unwrap();
            eventually("a difference was raised", || async { raised(world).await.then_some(()) }).await;
            // the channel mends its word
            paid(&cast, &patient, &order).await;
            returned(&cast, &patient, &order).await;
        }
    })
    .await;
}

async fn raised(world: &World) -> bool {
    let database = world.database("settlement").await;
    let sql = "SELECT difference_id FROM raised_difference WHERE kind = 'CHANNEL_AMOUNT_MISMATCH'";
    let query = Statement::from_string(database.get_database_backend(), sql);
    let found = database.query_one_raw(query).await.unwrap().is_some();
    database.close().await.unwrap();
    found
}
