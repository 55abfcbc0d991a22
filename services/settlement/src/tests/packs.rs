//! Last year's order, this year's packs.

use std::sync::Arc;

use liufang_kernel::Quantity;
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_platform::Regions;

use super::world::*;
use crate::app::App;
use crate::app::refund::RefundPart;
use crate::domain::payment::{Payment, PaymentState};
use crate::domain::refund::Returned;
use crate::error::SettlementError;

const QINHUANGDAO: &str = include_str!("../../../../deploy/regions/qinhuangdao.toml");
const BEIJING: &str = include_str!("../../../../deploy/regions/beijing.toml");

/// The same town after a restart with other packs.
fn restarted(mut town: Town, qinhuangdao: &str) -> Town {
    let packs = Regions::parse([("bj", BEIJING), ("qhd", qinhuangdao)]).unwrap();
    let mut deps = town.world.deps.clone();
    deps.regions = Arc::new(packs);
    town.app = App::new(&deps);
    town
}

/// The last day of the year of the clock, and the pack whose deductibles end with it and are higher from the next.
fn next_year(town: &Town) -> (String, String) {
    let year = town.now().china_date().year();
    let mut pack = String::new();
    let mut follow = String::new();
    for block in QINHUANGDAO.split_inclusive("\n\n") {
        if block.contains("[[benefit]]") && !block.contains("valid_to") {
            let start = block.find("[[benefit]]").unwrap();
            let (lead, row) = block.split_at(start);
            let head = row.replacen("[[benefit]]\n", &format!("[[benefit]]\nvalid_to = {year}-12-31\n"), 1);
            pack.push_str(lead);
            pack.push_str(&head);
            follow.push_str(&dearer(row, year + 1));
        } else {
            pack.push_str(block);
        }
    }
    (format!("{year}-12-31"), format!("{pack}\n{follow}"))
}

fn dearer(row: &str, year: i32) -> String {
    let line = |line: &str| match line.split_once(" = ") {
        Some(("valid_from", _)) => format!("valid_from = {year}-01-01\n"),
        Some(("annual_deductible_fen", fen)) => {
            let fen: i64 = fen.split_whitespace().next().unwrap().replace('_', "").parse().unwrap();
            format!("annual_deductible_fen = {}\n", fen + 10_000)
        }
        _ => format!("{line}\n"),
    };
    row.lines().map(line).collect()
}

async fn returns_one(town: &Town, paid: &Payment) -> Payment {
    let returned = Returned { lines: vec![(1, Quantity(10_000))], outside: vec![] };
    let body = RefundPart { payment_id: paid.payment_id.clone(), reason: "RETURNED".into(), returned };
    town.app.refund_part(town.call(order(), body)).await.unwrap().0
}

#[tokio::test]
async fn last_years_order_is_returned_by_last_years_rules() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let body = || chronic("qhd1", "ord1", &["甲 100 5"], vec![]);
    let rest = town.quote(chronic("qhd1", "ord0", &["甲 100 4"], vec![])).await;
    let quote = town.quote(body()).await;
    let paid = town.capture(&town.authorise(&quote).await).await;
    assert_eq!(paid.state, PaymentState::Captured);
    let (last_day, pack) = next_year(&town);
    let town = restarted(town, &pack);
    assert_eq!(town.app.packs_hold().await, Ok(()), "rows were ended and followed");
    let last = parse_date(&last_day).unwrap();
    while town.now().china_date() <= last {
        town.world.clock.advance_seconds(86_400);
    }
    // this year's order, by this year's rules; last year's, by last year's
    let new = town.quote(chronic("qhd1", "ord2", &["甲 100 5"], vec![])).await;
    assert_eq!(new.totals.deductible.0, 40_000, "this year's deductible, and an empty year");
    let mut late = chronic("qhd1", "ord3", &["甲 100 5"], vec![]);
    late.fee_ocur_date = Some(last);
    let late = town.quote(late).await;
    assert_eq!((late.totals.deductible.0, late.year), (0, last.year()), "last year's was used up");
    assert_ne!(new.region_version, quote.region_version);

    let after = returns_one(&town, &paid).await;
    assert_eq!(after.refunded, quote.total() - rest.total());
    assert_eq!(town.account("qhd1").await.0, 100_000 - rest.totals.account.0);
    let mut again = chronic("qhd1", "ord4", &["甲 100 5"], vec![]);
    again.fee_ocur_date = Some(last);
    let used: Vec<_> = town.quote(again).await.basis.iter().map(|(_, used)| used.fund_paid).collect();
    assert_eq!(used, vec![rest.totals.fund; 2], "last year's accumulators moved, not this year's");
    town.audit().await;
}

#[tokio::test]
async fn the_future_has_no_rules_yet() {
    let town = town().await;
    let mut body = chronic("qhd1", "ord1", &["甲 100 5"], vec![]);
    body.fee_ocur_date = town.now().china_date().next_day();
    assert_eq!(reason(town.app.create_quote(town.call(order(), body)).await), "INVALID_REQUEST");
    let mut body = chronic("qhd1", "ord1", &["甲 100 5"], vec![]);
    body.fee_ocur_date = parse_date("1999-01-01");
    let early = town.app.create_quote(town.call(order(), body)).await;
    assert_eq!(reason(early), "SCHEME_NOT_OPEN");
}

#[tokio::test]
async fn a_pack_that_rewrites_a_settled_day_does_not_start() {
    let town = town().await;
    assert_eq!(town.app.packs_hold().await, Ok(()), "nothing was settled yet");
    town.credit("qhd1", "130300", 100_000).await;
    town.quote(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    let today = date_text(town.now().china_date());
    let rewritten = QINHUANGDAO.replacen("annual_deductible_fen = ", "annual_deductible_fen = 1", 1);
    let town = restarted(town, &rewritten);
    let why = town.app.packs_hold().await.unwrap_err();
    assert!(why.contains("130300: a benefit row from"), "{why} after {today}");
    // a process whose database came later has started all the same
    let quoted =
        town.app.create_quote(town.call(order(), chronic("qhd1", "ord2", &["甲 100 5"], vec![]))).await;
    assert!(matches!(quoted, Err(SettlementError::Stored(_))), "nothing is decided by it");
    let town = restarted(town, QINHUANGDAO);
    assert_eq!(town.app.packs_hold().await, Ok(()), "with the row put back it starts");
}
