use super::*;
use crate::app::{ListMovements, SetLotState};
use crate::domain::LotState;

fn batch(rows: Vec<Row>) -> RecordMovements {
    RecordMovements { institution: String::new(), rows: rows.into_iter().map(Ok).collect() }
}

#[tokio::test]
async fn refused_rows_are_named_and_others_taken() {
    let shop = shop().await;
    let mut rows = batch(vec![
        purchase("1", "B1", "2027-12-31", 2, &[1, 2]),
        purchase("2", "B1", "2027-12-31", 2, &[3]),
        purchase("1", "B1", "2027-12-31", 2, &[1, 2]),
    ]);
    rows.rows.push(Err(Violations::of("quantity", "must be positive")));
    let report = shop.app.record_movements(shop.call(pos(SHOP), rows)).await.unwrap();
    let named: Vec<_> =
        report.refusals.iter().map(|refusal| (refusal.row, refusal.reason.as_str())).collect();
    assert_eq!(named, [(1, "TRACE_CODE_COUNT"), (3, "ROW_INVALID")]);
    assert_eq!((report.taken, report.known), (1, 1));
    assert_eq!(shop.level().await, (2, 0, 2));
    shop.assert_ledger_agrees().await;
}

#[tokio::test]
async fn a_batch_is_replay_safe_by_call_and_by_row() {
    let shop = shop().await;
    let rows = || batch(vec![purchase("1", "B1", "2027-12-31", 1, &[1])]);
    let first = shop.app.record_movements(shop.call_with(pos(SHOP), "key-0001", rows())).await.unwrap();
    let again = shop.app.record_movements(shop.call_with(pos(SHOP), "key-0001", rows())).await.unwrap();
    assert_eq!((first.taken, &first), (1, &again));
    let other_key = shop.app.record_movements(shop.call(pos(SHOP), rows())).await.unwrap();
    assert_eq!((other_key.taken, other_key.known), (0, 1));
    assert_eq!(shop.level().await, (1, 0, 1));
}

#[tokio::test]
async fn a_code_is_taken_by_one_institution_only() {
    let shop = shop().await;
    shop.stock(vec![purchase("1", "B1", "2027-12-31", 1, &[1])]).await;
    let rows = batch(vec![purchase("1", "B1", "2027-12-31", 1, &[1])]);
    let report = shop.app.record_movements(shop.call(pos(OTHER_SHOP), rows)).await.unwrap();
    assert_eq!(report.refusals[0].reason, "TRACE_CODE_KNOWN");

    // handed on by a transfer it may come in elsewhere
    let mut out = purchase("2", "B1", "2027-12-31", 1, &[1]);
    out.kind = MovementKind::TransferOut;
    shop.stock(vec![out]).await;
    let mut into = purchase("2", "B1", "2027-12-31", 1, &[1]);
    into.kind = MovementKind::TransferIn;
    let report = shop.app.record_movements(shop.call(pos(OTHER_SHOP), batch(vec![into]))).await.unwrap();
    assert_eq!(report.taken, 1);
    let story = shop.app.get_trace_code(shop.call(pos(OTHER_SHOP), code(1))).await.unwrap();
    assert_eq!((story.record.state.code(), story.movements.len()), ("in_stock", 1), "own movements only");
}

#[tokio::test]
async fn nobody_speaks_for_another_institution() {
    let shop = shop().await;
    let mut body = batch(vec![purchase("1", "B1", "2027-12-31", 1, &[1])]);
    body.institution = OTHER_SHOP.into();
    assert_eq!(reason(shop.app.record_movements(shop.call(pos(SHOP), body)).await), "CALLER_NOT_ALLOWED");
    let rows = vec![Ok(listing(OTHER_SHOP, AMLODIPINE, "1"))];
    let report = shop.app.publish_listings(shop.call(pos(SHOP), rows)).await.unwrap();
    assert_eq!(report.refusals[0].reason, "NOT_YOUR_INSTITUTION");
}

#[tokio::test]
async fn an_agency_reads_the_ledgers_of_its_region() {
    let shop = shop().await;
    shop.stock(vec![purchase("1", "B1", "2027-12-31", 1, &[1])]).await;
    let list = |kind: PrincipalKind, region: &str| {
        let body = ListMovements {
            institution: SHOP.into(),
            order_id: String::new(),
            med_list_codg: String::new(),
            before: None,
            page_size: 10,
        };
        let agency = Principal { kind, region: region.to_owned(), ..Principal::default() };
        shop.app.list_movements(shop.call(agency, body))
    };
    for kind in [PrincipalKind::Agency, PrincipalKind::Supervisor] {
        assert_eq!(list(kind, "130300").await.unwrap().items.len(), 1);
        assert_eq!(list(kind, "").await.unwrap().items.len(), 1);
        assert_eq!(reason(list(kind, "110000").await), "CALLER_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn prices_keep_their_history_and_tell_of_changes() {
    let shop = shop().await;
    assert_eq!(shop.events("PriceChanged").await, 4);
    let publish =
        |price| shop.app.publish_listings(shop.call(pos(SHOP), vec![Ok(listing(SHOP, AMLODIPINE, price))]));
    assert_eq!(publish("19.9").await.unwrap().known, 1);
    assert_eq!(publish("18.5").await.unwrap().taken, 1);
    assert_eq!(shop.events("PriceChanged").await, 5);
}

#[tokio::test]
async fn blocked_lots_are_not_available() {
    let shop = shop().await;
    shop.stock(vec![purchase("1", "B1", "2027-12-31", 2, &[1, 2])]).await;
    let levels = shop.app.get_stock(shop.call(pos(SHOP), vec![])).await.unwrap();
    let lot_id = levels[0].lots[0].lot_id.clone();
    let set = |who, state| {
        let body = SetLotState { lot_id: lot_id.clone(), state, reason: "召回通知".into() };
        shop.app.set_lot_state(shop.call(pos(who), body))
    };
    assert_eq!(reason(set(OTHER_SHOP, LotState::Recalled).await), "LOT_NOT_FOUND");
    assert_eq!(set(SHOP, LotState::Recalled).await.unwrap().state, LotState::Recalled);
    assert_eq!(shop.level().await, (2, 0, 0));
    assert_eq!(reason(shop.app.reserve(shop.reserving("o1", 1)).await), "SHORT_STOCK");
    set(SHOP, LotState::Ok).await.unwrap();
    assert_eq!(shop.level().await, (2, 0, 2));
}

#[tokio::test]
async fn the_ledger_pages_newest_first() {
    let shop = shop().await;
    let row = |n: i64| {
        let mut row = purchase(&n.to_string(), "B1", "2027-12-31", 1, &[]);
        row.at = Timestamp(n);
        row
    };
    shop.stock((1..=5).map(row).collect()).await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let body = ListMovements {
            institution: String::new(),
            order_id: String::new(),
            med_list_codg: AMLODIPINE.into(),
            before,
            page_size: 2,
        };
        let page = shop.app.list_movements(shop.call(pos(SHOP), body)).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.at.0));
        if page.next.is_empty() {
            break;
        }
        let (at, id) = page.next.split_once('|').unwrap();
        before = Some((at.parse().unwrap(), id.to_owned()));
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}
