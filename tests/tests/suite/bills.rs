//! Statements of channels 渠道对账单: handed in by the command, and fetched by the worker in the channels' own formats. What they
//! say closes what channels owe, and every line that differs is named.

use std::path::PathBuf;

use liufang::statements::{self, Request, Source};
use liufang_kernel::Timestamp;
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::sandbox::v1::Dial;
use liufang_tests::{World, audit, behaviour, eventually, world};
use sea_orm::{ConnectionTrait as _, Statement};

use super::cast::*;
use super::channels::{BOTH, CASH, ROW, paid, wired};

behaviour!(everywhere a_statement_is_handed_in_by_the_command);

/// A file of an institution's day; without a file it is fetched.
fn of(world: &World, channel: Channel, file: Option<PathBuf>, whose: (&str, &str)) -> Request {
    let (shop, day) = whose;
    Request {
        fetch: file.is_none(),
        generic: file.is_some(),
        file,
        gateway: world.url.clone(),
        channel: if channel == Channel::Wechat { Source::Wechat } else { Source::Alipay },
        institution: shop.to_owned(),
        date: day.to_owned(),
        own: None,
        shared: false,
    }
}

/// What the command says, and whether the books agree; refused when it could not look.
async fn ask(world: &World, request: &Request) -> anyhow::Result<(bool, String)> {
    let mut out = Vec::new();
    let agrees = statements::run(request, &world.operator_token(), &mut out).await?;
    Ok((agrees, String::from_utf8(out)?))
}

async fn a_statement_is_handed_in_by_the_command(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", ROW).await;
    let mut orders: Vec<Order> = Vec::new();
    for channel in BOTH {
        let order = cast.unpaid_otc(&patient, ROW).await;
        patient.pay(&order, channel).await.unwrap();
        orders.push(cast.order_in(&patient, &order.order_id, OrderState::Paid).await);
    }
    let shop = orders[0].fixmedins_code.clone();
    let today = cast.today();
    assert_eq!(cast.channels_owe(&shop).await, 2 * CASH);

    // the sandbox's day, as it is and with a fen more
    let file = world.folder().join("bill.csv");
    for (order, (channel, wrong)) in orders.iter().zip(BOTH.into_iter().zip([0, 1])) {
        let number = patient.payment(&order.order_id).await.unwrap().channel_order_no;
        let line = format!("{number},,{},4", CASH + i64::from(wrong));
        std::fs::write(&file, format!("number,refund_no,amount_fen,fee_fen\n{line}\n")).unwrap();
        let request = of(world, channel, Some(file.clone()), (&shop, &today));
        let (agrees, told) = ask(world, &request).await.unwrap();
        assert_eq!(agrees, wrong == 0, "{told}");
        let difference =
            format!("103 amounts differ: order {number}, ours {CASH} fen, channel's {} fen", CASH + 1);
        assert_eq!(told.contains(&difference), wrong != 0, "{told}");
        // the program, where it goes by the story's clock
        if world.processes.is_some() {
            let path = file.to_str().unwrap();
            let line = ["statements", path, "--generic", "--gateway", &world.url, "--channel", name(channel)];
            let whose = ["--institution", &shop, "--date", &today];
            let ran = audit::program(&world.config, &[&line[..], &whose].concat());
            assert_eq!((ran.code, ran.out == told), (Some(wrong), true), "{ran:?}");
        }
        // another file of that day is not taken
        std::fs::write(&file, "number,refund_no,amount_fen,fee_fen\n").unwrap();
        let refused = ask(world, &request).await.unwrap_err();
        assert!(format!("{refused:?}").contains("STATEMENT_CHANGED"), "{refused:?}");
    }
    assert_eq!(cast.channels_owe(&shop).await, CASH, "what differs is still owed");
    assert_eq!(cast.ledger(&format!("suspense:alipay:{shop}")).await, -(CASH + 1));
    // a day that is not over has no statement to fetch
    let tomorrow = parse_date(&today).and_then(|day| day.next_day()).map(date_text).unwrap();
    let open = ask(world, &of(world, Channel::Wechat, None, (&shop, &tomorrow))).await.unwrap_err();
    assert!(format!("{open:?}").contains("STATEMENT_DAY_OPEN"), "{open:?}");
    cast.books_agree().await;
}

/// Rows of settlement, as one number.
async fn number(world: &World, sql: &str, values: &[&str]) -> i64 {
    let database = world.database("settlement").await;
    let values: Vec<sea_orm::Value> = values.iter().map(|value| (*value).into()).collect();
    let query = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    let row = database.query_one_raw(query).await.unwrap().unwrap();
    database.close().await.unwrap();
    row.try_get("", "found").unwrap()
}

/// How often a channel was asked for the day, and said so.
async fn told(world: &World, channel: Channel, word: &str) -> bool {
    let sql = "SELECT COUNT(*) AS found FROM statement_fetch WHERE channel = $1 AND told = $2";
    number(world, sql, &[name(channel), word]).await == 1
}

fn name(channel: Channel) -> &'static str {
    if channel == Channel::Wechat { "wechat" } else { "alipay" }
}

/// What channels owe for what was booked before the end of a day.
async fn open(world: &World, day: &str) -> i64 {
    let end = Timestamp::start_of(parse_date(day).unwrap()).plus_days(1).0;
    let sql = format!(
        "SELECT COUNT(*) AS found FROM receivable WHERE debtor_kind = 'channel' AND open = TRUE AND at_us < {end}"
    );
    number(world, &sql, &[]).await
}

/// A day of payments and returns at both channels; on the next day their statements are fetched, with everything that may go
/// wrong on the way, and close what the channels owe.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statements_of_a_day_are_fetched_and_close_what_channels_owe() {
    let (installation, _keys) = wired().await;
    world::run_in(installation, async |world| {
        world.expect_log("a channel's statement is not taken");
        world.expect_log("says nothing");
        let cast = Cast::of(world).await;
        let patient = cast.patient_through("jd", ROW).await;
        let mut shop = String::new();
        for channel in BOTH {
            let kept = cast.unpaid_otc(&patient, ROW).await;
            patient.pay(&kept, channel).await.unwrap();
            paid(&cast, &patient, &kept).await;
            shop = kept.fixmedins_code;
            let back = cast.unpaid_otc(&patient, ROW).await;
            patient.pay(&back, channel).await.unwrap();
            paid(&cast, &patient, &back).await;
            patient.cancel(&back.order_id).await.unwrap();
            cast.order_in(&patient, &back.order_id, OrderState::Refunded).await;
        }
        let day = cast.today();
        assert_eq!(open(world, &day).await, 6);

        // in the night: Alipay has none yet; then a file with another bit, an answer that nobody signed, no answer at all
        let dials = [
            ("PaymentWire/Bill", Dial::BadSignature, "1900000001"),
            ("PaymentWire/BillFile", Dial::BadSeal, "1900000001"),
            ("PaymentWire/Bill", Dial::Processing, "2021000000000001"),
        ];
        for (method, dial, of) in dials {
            cast.public().dial(method, dial, 1, of).await.unwrap();
        }
        world.clock.advance_seconds(86_400);
        eventually("WeChat Pay's answer was not its own", || async {
            told(world, Channel::Wechat, "CHANNEL_NO_ANSWER").await.then_some(())
        })
        .await;
        eventually("Alipay has none", || async { told(world, Channel::Alipay, "NONE").await.then_some(()) })
            .await;
        assert_eq!(open(world, &day).await, 6, "nothing is taken of what nobody signed");
        // Alipay's file is spoilt too, before it comes whole
        cast.public().dial("PaymentWire/BillFile", Dial::BadSeal, 1, "2021000000000001").await.unwrap();
        world.clock.advance_seconds(301);
        for channel in BOTH {
            eventually("a spoilt file", || async {
                told(world, channel, "CHANNEL_STATEMENT_BROKEN").await.then_some(())
            })
            .await;
        }
        assert_eq!(open(world, &day).await, 6, "nothing is taken of a file that is not whole");
        world.clock.advance_seconds(601);
        eventually("what channels owe is closed", || async { (open(world, &day).await == 0).then_some(()) })
            .await;

        // whole fees: 0.60 % of six yuan, given back with the refund
        let cast = Cast::of(world).await;
        for channel in BOTH {
            let word = name(channel);
            assert_eq!(cast.ledger(&format!("fee:{word}:{shop}")).await, 4, "{word}");
            assert_eq!(cast.ledger(&format!("suspense:{word}:{shop}")).await, 0, "{word}");
            let (agrees, told) = ask(world, &of(world, channel, None, (&shop, &day))).await.unwrap();
            assert!(agrees && told.starts_with("paid out: 3 lines, 600 fen, fee 4 fen\n"), "{told}");
        }
        let sql = "SELECT COUNT(*) AS found FROM channel_statement WHERE stmt_date = $1";
        assert_eq!(number(world, sql, &[&day]).await, 2);
        cast.books_agree().await;
    })
    .await;
}
