use super::*;
use crate::app::{ReturnSale, SetLotState};
use crate::domain::{LotState, ReservationState};

/// Lot SOON with packs 1..=3, lot LATE with packs 4..=6.
async fn stocked() -> Shop {
    let shop = shop().await;
    let soon = purchase("1", "SOON", "2027-06-30", 3, &[1, 2, 3]);
    shop.stock(vec![soon, purchase("2", "LATE", "2028-06-30", 3, &[4, 5, 6])]).await;
    shop
}

impl Shop {
    async fn state_of(&self, serial: u32) -> String {
        let story = self.app.get_trace_code(self.call(pos(SHOP), code(serial))).await.unwrap();
        story.record.state.code().to_owned()
    }

    async fn take_back(&self, order: &str, scans: Vec<Scan>) -> Result<crate::app::Returned, InventoryError> {
        let body = ReturnSale { order_id: order.into(), scans };
        self.app.return_sale(self.call(Principal::service("order"), body)).await
    }
}

#[tokio::test]
async fn the_sale_follows_the_scans_and_stands_in_the_ledger() {
    let shop = stocked().await;
    shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    let dispensed = shop.app.commit(shop.committing("o1", &[1, 5])).await.unwrap();
    assert_eq!(dispensed.reservation.state, ReservationState::Committed);
    let lots: Vec<_> = dispensed.reservation.picks.iter().map(|pick| pick.manu_lotnum.as_str()).collect();
    assert!(lots.contains(&"SOON") && lots.contains(&"LATE"), "{lots:?}");
    assert_eq!(dispensed.sales.len(), 2);
    let row = &dispensed.sales[0];
    assert_eq!((row.sale.setl_id.as_str(), row.sale.mdtrt_setl_type.as_str()), ("set_1", "1"));
    assert_eq!((row.quantity, row.trace_codes.len()), (Quantity::whole(-1), 1));
    assert_eq!(shop.level().await, (4, 0, 4));
    assert_eq!(shop.events("StockSold").await, 1);
    assert_eq!((shop.state_of(1).await, shop.state_of(2).await), ("dispensed".into(), "in_stock".into()));
    shop.assert_ledger_agrees().await;

    let again = shop.app.commit(shop.committing("o1", &[5, 1])).await.unwrap();
    assert_eq!(again.sales.len(), 2);
    assert_eq!(reason(shop.app.commit(shop.committing("o1", &[2, 3])).await), "RESERVATION_NOT_HELD");
    assert_eq!(shop.level().await, (4, 0, 4));
}

#[tokio::test]
async fn a_self_paid_line_of_an_insured_order_stands_for_itself() {
    let shop = stocked().await;
    let mut row = purchase("3", "VC", "2027-06-30", 1, &[]);
    row.med_list_codg = OTHER_DRUG.into();
    shop.stock(vec![row]).await;
    let mut reserving = shop.reserving("o1", 1);
    reserving.body.asks.push(ask(2, OTHER_DRUG, 1));
    shop.app.reserve(reserving).await.unwrap();
    let mut committing = shop.committing("o1", &[1]);
    // a line of the no-code list is marked without a code
    committing.body.scans.push(Scan { self_paid: true, ..scan(2, &[]) });
    let sales = shop.app.commit(committing).await.unwrap().sales;
    let shown = |rows: &[crate::domain::Movement]| -> Vec<(String, String, String)> {
        let shown = |row: &crate::domain::Movement| {
            (row.med_list_codg.clone(), row.sale.mdtrt_setl_type.clone(), row.sale.setl_id.clone())
        };
        rows.iter().map(shown).collect()
    };
    let expected =
        [(AMLODIPINE.into(), "1".into(), "set_1".into()), (OTHER_DRUG.into(), "2".into(), String::new())];
    assert_eq!(shown(&sales), expected);
    let returned = shop.take_back("o1", vec![]).await.unwrap();
    assert_eq!(shown(&returned.returns), expected, "and so does what comes back");
}

#[tokio::test]
async fn packs_that_expire_before_the_supply_is_used_up_are_not_handed_out() {
    let shop = shop().await;
    let in_days = |days| liufang_kernel::timestamp::date_text(shop.now().plus_days(days).china_date());
    let soon = purchase("1", "SOON", &in_days(27), 2, &[1, 2]);
    shop.stock(vec![soon, purchase("2", "LATE", &in_days(28), 2, &[3, 4])]).await;
    let mut call = shop.reserving("o1", 2);
    call.body.asks[0].use_days = 28;
    call.body.expires_at = shop.now().plus_days(3);
    shop.app.reserve(call).await.unwrap();
    assert_eq!(reason(shop.app.commit(shop.committing("o1", &[1, 3])).await), "LOT_EXPIRES_EARLY");
    // the day of the order counts: a lot that was good enough then still is
    shop.world.clock.advance_seconds(2 * 86_400);
    shop.app.commit(shop.committing("o1", &[3, 4])).await.unwrap();
}

#[tokio::test]
async fn a_code_is_sold_once_and_the_second_try_is_on_record() {
    let shop = stocked().await;
    for order in ["o1", "o2"] {
        shop.app.reserve(shop.reserving(order, 1)).await.unwrap();
    }
    shop.app.commit(shop.committing("o1", &[1])).await.unwrap();
    for _ in 0..2 {
        assert_eq!(reason(shop.app.commit(shop.committing("o2", &[1])).await), "TRACE_CODE_SOLD");
    }
    assert_eq!(shop.events("TraceCodeResold").await, 1, "once per code and order");
    assert_eq!(shop.events("StockSold").await, 1);
    assert_eq!(shop.level().await, (5, 1, 4), "the refused order still holds its stock");
    shop.app.commit(shop.committing("o2", &[2])).await.unwrap();
    shop.assert_ledger_agrees().await;
}

#[tokio::test]
async fn of_many_orders_with_one_code_exactly_one_sells_it() {
    let shop = shop().await;
    let serials: Vec<u32> = (0..100).collect();
    shop.stock(vec![purchase("1", "B1", "2027-06-30", 100, &serials)]).await;
    let orders: Vec<String> = (0..100).map(|n| format!("o{n}")).collect();
    let reserved = orders.iter().map(|order| shop.app.reserve(shop.reserving(order, 1)));
    assert!(futures::future::join_all(reserved).await.iter().all(Result::is_ok));
    let commits = orders.iter().map(|order| shop.app.commit(shop.committing(order, &[4])));
    let settled = futures::future::join_all(commits).await;
    assert_eq!(settled.iter().filter(|result| result.is_ok()).count(), 1);
    for refused in settled.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refused), "TRACE_CODE_SOLD");
    }
    assert_eq!(shop.level().await, (99, 99, 0));
    assert_eq!(shop.events("TraceCodeResold").await, 99);
}

#[tokio::test]
async fn reservations_of_others_move_when_their_packs_are_handed_out() {
    let shop = stocked().await;
    for order in ["o1", "o2"] {
        shop.app.reserve(shop.reserving(order, 3)).await.unwrap();
    }
    // o1 holds SOON, o2 holds LATE; the pharmacist takes the packs the other way round
    shop.app.commit(shop.committing("o1", &[4, 5, 6])).await.unwrap();
    assert_eq!(shop.level().await, (3, 3, 0));
    shop.app.commit(shop.committing("o2", &[1, 2, 3])).await.unwrap();
    assert_eq!(shop.level().await, (0, 0, 0));
    shop.assert_ledger_agrees().await;
}

#[tokio::test]
async fn scans_are_counted_known_and_of_the_drug() {
    let shop = stocked().await;
    shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    let with = |serials: &'static [u32]| shop.app.commit(shop.committing("o1", serials));
    assert_eq!(reason(with(&[1]).await), "TRACE_CODE_COUNT");
    assert_eq!(reason(with(&[]).await), "TRACE_CODE_COUNT");
    assert_eq!(reason(with(&[1, 99]).await), "TRACE_CODE_UNKNOWN");
    let mut call = shop.committing("o1", &[1, 2]);
    call.body.scans[0].trace_codes[0] = "82999990000000000001".into();
    assert_eq!(reason(shop.app.commit(call).await), "TRACE_CODE_MISMATCH");
    assert_eq!(shop.level().await, (6, 2, 4), "refusals change nothing");
    with(&[1, 2]).await.unwrap();
}

#[tokio::test]
async fn a_lot_that_expires_while_held_is_not_dispensed() {
    let shop = shop().await;
    let tomorrow = shop.now().plus_days(1).china_date();
    shop.stock(vec![purchase("1", "B1", &liufang_kernel::timestamp::date_text(tomorrow), 1, &[1])]).await;
    let mut call = shop.reserving("o1", 1);
    call.body.expires_at = shop.now().plus_days(3);
    shop.app.reserve(call).await.unwrap();
    shop.world.clock.advance_seconds(2 * 86_400);
    assert_eq!(reason(shop.app.commit(shop.committing("o1", &[1])).await), "LOT_EXPIRED");
}

#[tokio::test]
async fn packs_of_the_no_code_list_need_no_scan() {
    let shop = shop().await;
    shop.stock(vec![purchase("1", "OLD", "2027-06-30", 2, &[])]).await;
    shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    let dispensed = shop.app.commit(shop.committing("o1", &[])).await.unwrap();
    assert!(dispensed.sales[0].trace_codes.is_empty());
    let returned = shop.take_back("o1", vec![]).await.unwrap();
    assert_eq!(returned.reservation.state, ReservationState::Returned);
    assert_eq!(shop.level().await, (2, 0, 0));
    shop.assert_ledger_agrees().await;
}

#[tokio::test]
async fn what_comes_back_is_held_and_comes_back_once() {
    let shop = stocked().await;
    shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    assert_eq!(reason(shop.take_back("o1", vec![]).await), "RESERVATION_NOT_HELD");
    shop.app.commit(shop.committing("o1", &[1, 2])).await.unwrap();

    let part = shop.take_back("o1", vec![scan(1, &[1])]).await.unwrap();
    assert_eq!((part.returns.len(), part.reservation.state), (1, ReservationState::Committed));
    assert_eq!(reason(shop.take_back("o1", vec![scan(1, &[1])]).await), "TRACE_CODE_RETURNED");
    assert_eq!(reason(shop.take_back("o1", vec![scan(1, &[3])]).await), "TRACE_CODE_UNKNOWN");
    let rest = shop.take_back("o1", vec![]).await.unwrap();
    assert_eq!((rest.returns.len(), rest.reservation.state), (1, ReservationState::Returned));
    assert_eq!(shop.take_back("o1", vec![]).await.unwrap().returns.len(), 2, "asked again: the same rows");
    assert_eq!(shop.events("StockReturned").await, 2);
    assert_eq!(shop.level().await, (6, 0, 4), "returned packs are not for sale");
    assert_eq!(shop.state_of(1).await, "returned");
    shop.assert_ledger_agrees().await;

    // until the institution frees them with a reason
    shop.app.reserve(shop.reserving("o2", 1)).await.unwrap();
    assert_eq!(reason(shop.app.commit(shop.committing("o2", &[1])).await), "TRACE_CODE_UNKNOWN");
    let levels = shop.app.get_stock(shop.call(pos(SHOP), vec![])).await.unwrap();
    let held = levels[0].lots.iter().find(|lot| lot.state == LotState::Held).unwrap();
    let body =
        SetLotState {
            lot_id: held.lot_id.clone(), state: LotState::Ok, reason: "未拆封，验收合格".into()
        };
    shop.app.set_lot_state(shop.call(pos(SHOP), body)).await.unwrap();
    assert_eq!(shop.state_of(1).await, "in_stock");
    shop.app.commit(shop.committing("o2", &[1])).await.unwrap();
    shop.assert_ledger_agrees().await;
}

#[tokio::test]
async fn a_return_does_not_undo_a_recall() {
    let shop = stocked().await;
    shop.app.reserve(shop.reserving("o1", 2)).await.unwrap();
    shop.app.commit(shop.committing("o1", &[1, 2])).await.unwrap();
    shop.take_back("o1", vec![scan(1, &[1])]).await.unwrap();
    let returned = |levels: Vec<crate::domain::stock::StockLevel>| {
        let mut lots = levels.into_iter().flat_map(|level| level.lots);
        lots.find(|lot| lot.origin == crate::domain::Origin::Returned).unwrap()
    };
    let lot = returned(shop.app.get_stock(shop.call(pos(SHOP), vec![])).await.unwrap());
    let recall = SetLotState { lot_id: lot.lot_id, state: LotState::Recalled, reason: "召回".into() };
    shop.app.set_lot_state(shop.call(operator(), recall)).await.unwrap();
    shop.take_back("o1", vec![scan(1, &[2])]).await.unwrap();
    let lot = returned(shop.app.get_stock(shop.call(pos(SHOP), vec![])).await.unwrap());
    assert_eq!((lot.state, lot.on_hand), (LotState::Recalled, Quantity::whole(2)));
}

#[tokio::test]
async fn crossing_scans_of_many_orders_all_find_their_packs() {
    let shop = shop().await;
    let serials = |from: u32| (from..from + 20).collect::<Vec<_>>();
    let soon = purchase("1", "SOON", "2027-06-30", 20, &serials(0));
    shop.stock(vec![soon, purchase("2", "LATE", "2028-06-30", 20, &serials(20))]).await;
    let orders: Vec<String> = (0..40).map(|n| format!("o{n}")).collect();
    for order in &orders {
        shop.app.reserve(shop.reserving(order, 1)).await.unwrap();
    }
    // every order is handed a pack of another lot than it holds, all at the same moment
    let commits = orders.iter().enumerate().map(|(n, order)| {
        let serial = (u32::try_from(n).unwrap() + 20) % 40;
        let (shop, order) = (&shop, order.clone());
        async move { shop.app.commit(shop.committing(&order, &[serial])).await }
    });
    for settled in futures::future::join_all(commits).await {
        settled.unwrap();
    }
    assert_eq!(shop.level().await, (0, 0, 0));
    shop.assert_ledger_agrees().await;
}

#[tokio::test]
async fn what_comes_back_of_a_recalled_lot_is_recalled() {
    let shop = stocked().await;
    shop.app.reserve(shop.reserving("o1", 3)).await.unwrap();
    shop.app.commit(shop.committing("o1", &[1, 2, 4])).await.unwrap();
    shop.take_back("o1", vec![scan(1, &[1])]).await.unwrap();
    let state_of = |lotnum: &'static str, returned: bool| {
        let shop = &shop;
        async move {
            let levels = shop.app.get_stock(shop.call(pos(SHOP), vec![])).await.unwrap();
            let mut lots = levels.into_iter().flat_map(|level| level.lots);
            let is = |lot: &crate::domain::Lot| (lot.origin == crate::domain::Origin::Returned) == returned;
            lots.find(|lot| lot.manu_lotnum == lotnum && is(lot)).unwrap()
        }
    };
    for lotnum in ["SOON", "LATE"] {
        let lot_id = state_of(lotnum, false).await.lot_id;
        let recall = SetLotState { lot_id, state: LotState::Recalled, reason: "召回".into() };
        shop.app.set_lot_state(shop.call(operator(), recall)).await.unwrap();
    }
    assert_eq!(state_of("SOON", true).await.state, LotState::Held);
    shop.take_back("o1", vec![]).await.unwrap();
    assert_eq!(
        state_of("SOON", true).await.state,
        LotState::Recalled,
        "it follows, though it was there before"
    );
    assert_eq!(state_of("LATE", true).await.state, LotState::Recalled, "and so does a fresh one");
    shop.assert_ledger_agrees().await;
}
