//! Over the counter from personal accounts, through a purchase platform, with every step and amount.

use liufang_proto::common::v1::Leg;
use liufang_proto::inventory::v1::{MovementKind, SearchDrugsRequest, SearchOffersRequest};
use liufang_proto::order::v1::{GetOrderRequest, ListOrdersRequest, OrderState, WatchOrderRequest};
use liufang_proto::settlement::v1::ListStatementRequest;
use liufang_tests::{World, behaviour};

use super::cast::*;

behaviour!(everywhere an_order_paid_from_a_spouses_account);

/// Row 151: twelve yuan in the account; row 152, the spouse, lends.
const ROW: u32 = 151;
const SPOUSE: u32 = 152;

async fn an_order_paid_from_a_spouses_account(world: &mut World) {
    let cast = Cast::of(world).await;
    // 1: the platform acts for a verified patient
    let platform = cast.platform("jd");
    let patient = cast.patient_through("jd", ROW).await;
    let spouse = cast.lend(&patient, SPOUSE, "spouse", BEIJING).await;

    // 2: marked drugs near the address
    let near = cast.door(ROW).location;
    let body = SearchOffersRequest {
        query: "感冒灵".to_owned(),
        near,
        region: BEIJING.to_owned(),
        only_hi_mark: true,
        ..Default::default()
    };
    let offers = platform.search_offers(body).await.unwrap().offers;
    let nearest = offers.first().expect("an offer");
    assert_eq!((nearest.fixmedins_code.as_str(), nearest.in_stock), (OTC_SHOP, true));
    assert!(offers.iter().all(|offer| offer.drug.as_ref().is_some_and(|drug| drug.hi_mark)));
    assert!(offers.is_sorted_by_key(|offer| offer.distance_m), "nearest first");
    for offer in &offers {
        assert!(
            !["P11010500002", "P11010800002"].contains(&offer.fixmedins_code.as_str()),
            "no active agreement"
        );
    }
    let body = SearchDrugsRequest { query: "碳酸钙".to_owned(), only_hi_mark: true, ..Default::default() };
    let marked = platform.search_drugs(body).await.unwrap().drugs;
    assert!(marked.iter().all(|drug| drug.med_list_codg != CALCIUM), "carries no mark");

    // 3: own account, then the spouse's; unmarked goods, delivery and packing in cash
    let basket = Basket::of(GRANULES, 2, cast.door(ROW)).and(CALCIUM, 1).lent_by(spouse.person_id());
    let order = basket.place(&patient).await.unwrap();
    assert_eq!(
        (order.state().as_str_name(), order.platform.as_str()),
        (OrderState::AwaitingPayment.as_str_name(), "jd")
    );
    let quoted = quote(&order);
    quote_adds_up(quoted);
    assert_eq!((totals(&order).medfee_sumamt_fen, totals(&order).fund_pay_sumamt_fen), (3_116, 0));
    // held first expired first out; the expired lot is never touched
    let level = cast.stock(OTC_SHOP, GRANULES).await;
    let held: Vec<(&str, i64)> =
        level.lots.iter().map(|lot| (lot.expy_end.as_str(), packs(&lot.reserved))).collect();
    assert_eq!(held, [("2026-10-31", 0), ("2026-12-10", 2), ("2028-10-10", 0)]);
    let legs =
        [Leg::Fund, Leg::Account, Leg::RelativeAccount, Leg::Channel].map(|kind| leg(&quoted.legs, kind));
    assert_eq!(legs, [0, 1_200, 1_916, 7_056 + 500 + 100]);
    let mut fees: Vec<(&str, i64)> =
        quoted.outside.iter().map(|fee| (fee.kind.as_str(), fee.amount_fen)).collect();
    fees.sort_unstable();
    assert_eq!(fees, [("delivery", 500), ("goods", 7_056), ("packing", 100)]);

    // 4: paid, scanned, delivered
    let paid = cast.pay(&patient, &order).await;
    assert_eq!(paid.state().as_str_name(), OrderState::Paid.as_str_name());
    assert_eq!(patient.account().await.unwrap().balance_fen, 0);
    assert_eq!(spouse.account().await.unwrap().balance_fen, 500_000 - 1_916);
    let rows = spouse.list_statement(ListStatementRequest::default()).await.unwrap().rows;
    assert!(rows[0].for_relative && rows[0].amount_fen == -1_916, "{}", show(&rows));
    // each of the two reads who the other is, by a masked name, and a line of the borrower's moves nothing
    assert_eq!((rows[0].other_person_id.as_str(), rows[0].aid_fen), (patient.person_id(), 0));
    let borrowed = patient.list_statement(ListStatementRequest::default()).await.unwrap().rows;
    let last = &borrowed[0];
    assert_eq!((last.amount_fen, last.aid_fen, last.balance_fen), (0, -1_916, 0), "{}", show(&borrowed));
    assert_eq!(last.other_person_id, spouse.person_id());
    assert_eq!((borrowed[1].amount_fen, borrowed[1].aid_fen), (-1_200, 0));
    for name in [&rows[0].other_name_masked, &last.other_name_masked] {
        assert!(name.contains('*'), "{name}");
    }
    let dispensed = cast.dispense(&paid, OTC_PHARMACIST, "").await;
    let rows = cast.movements(OTC_SHOP, &order.order_id).await;
    assert!(rows.iter().all(|row| row.kind() == MovementKind::Sale && row.hi_rxno.is_empty()));
    // goods without the mark are self-paid (2) and stand for themselves, beside an insured settlement (1)
    for row in &rows {
        let insured = row.med_list_codg != CALCIUM;
        let expected = if insured { ("1", false) } else { ("2", true) };
        assert_eq!((row.mdtrt_setl_type.as_str(), row.setl_id.is_empty()), expected, "{}", row.med_list_codg);
    }
    assert_eq!(rows.iter().map(|row| packs(&row.quantity)).sum::<i64>(), -3);
    let granules: Vec<&str> =
        rows.iter().filter(|row| row.med_list_codg == GRANULES).map(|row| row.manu_lotnum.as_str()).collect();
    assert_eq!(granules, ["2312E172"], "from the lot that expires first");
    cast.bring(&patient, &dispensed, BEIJING_RIDER).await;

    // the platform sees its own order, another platform does not
    let seen = platform
        .get_order(GetOrderRequest { order_id: order.order_id.clone() })
        .await
        .unwrap()
        .order
        .unwrap();
    assert_eq!(seen.state().as_str_name(), OrderState::Completed.as_str_name());
    assert!(seen.collection_code.is_empty());
    let story = WatchOrderRequest { order_id: order.order_id.clone(), after_sequence: 0, stop_at_end: true };
    assert!(!platform.watch_order(story).await.unwrap().is_empty());
    let other = cast.platform("meituan");
    refused_as(
        other.get_order(GetOrderRequest { order_id: order.order_id.clone() }).await,
        "ORDER_NOT_FOUND",
    );
    assert!(other.list_orders(ListOrdersRequest::default()).await.unwrap().orders.is_empty());
    cast.books_agree().await;
    assert_eq!(cast.ledger(&format!("receivable:agency:{OTC_SHOP}")).await, 3_116);
    assert_eq!(cast.channels_owe(OTC_SHOP).await, 7_656);
}
