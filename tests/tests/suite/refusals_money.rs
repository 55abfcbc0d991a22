//! What paying must refuse: old quotes, short accounts, wrong channels, keys used twice for different things.

use liufang_proto::common::v1::Channel;
use liufang_proto::order::v1::{OrderState, RequoteOrderRequest};
use liufang_proto::settlement::v1::{
    CloseDayRequest, CreditAccountsRequest, CreditRow, GetDailyTotalsRequest, GetQuoteRequest,
};
use liufang_tests::{World, behaviour};

use super::cast::*;

behaviour!(everywhere an_expired_quote_pays_nothing);
behaviour!(everywhere a_balance_that_changed_pays_nothing);
behaviour!(everywhere an_account_cannot_be_spent_twice);
behaviour!(everywhere a_key_stands_for_one_request);
behaviour!(everywhere credits_are_taken_once);
behaviour!(everywhere only_agreeing_totals_close_a_day);

async fn an_expired_quote_pays_nothing(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    let order = cast.unpaid_otc(&patient, 163).await;
    // quotes live ten minutes, the order fifteen
    world.clock.advance_seconds(601);
    refused_as(patient.pay(&order, Channel::Wechat).await, "QUOTE_EXPIRED");
    let still = patient.order(&order.order_id).await.unwrap();
    assert_eq!(still.state().as_str_name(), OrderState::AwaitingPayment.as_str_name());
    let body =
        RequoteOrderRequest { order_id: order.order_id.clone(), use_account: true, ..Default::default() };
    let fresh = patient.requote_order(body).await.unwrap().order.unwrap();
    assert_ne!(quote(&fresh).quote_id, quote(&order).quote_id);
    refused_as(patient.pay(&order, Channel::Wechat).await, "QUOTE_EXPIRED");
    assert_eq!(cast.pay(&patient, &fresh).await.state().as_str_name(), OrderState::Paid.as_str_name());
    let other = cast.patient_through("jd", 165).await;
    let body = GetQuoteRequest { quote_id: quote(&fresh).quote_id.clone() };
    refused_as(other.get_quote(body).await, "QUOTE_NOT_FOUND");
}

async fn a_balance_that_changed_pays_nothing(world: &mut World) {
    let cast = Cast::of(world).await;
    // twelve yuan; both quotes use them all
    let patient = cast.patient_through("jd", 151).await;
    let first = cast.unpaid_otc(&patient, 151).await;
    let second = cast.unpaid_otc(&patient, 151).await;
    assert_eq!((totals(&first).acct_pay_fen, totals(&second).acct_pay_fen), (1_200, 1_200));
    cast.pay(&patient, &first).await;
    let refusal = refused(patient.pay(&second, Channel::Wechat).await);
    assert_eq!(refusal.reason, "INSUFFICIENT_BALANCE", "{refusal}");
    let still = patient.order(&second.order_id).await.unwrap();
    assert_eq!(still.state().as_str_name(), OrderState::AwaitingPayment.as_str_name());
    let body =
        RequoteOrderRequest { order_id: second.order_id.clone(), use_account: true, ..Default::default() };
    let fresh = patient.requote_order(body).await.unwrap().order.unwrap();
    assert_eq!((totals(&fresh).acct_pay_fen, totals(&fresh).psn_cash_pay_fen), (0, 1_558));
    cast.pay(&patient, &fresh).await;
    let account = patient.account().await.unwrap();
    assert_eq!((account.balance_fen, account.held_fen, account.available_fen), (0, 0, 0));
    cast.books_agree().await;
}

async fn an_account_cannot_be_spent_twice(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 151).await;
    let spouse = cast.lend(&patient, 152, "spouse", BEIJING).await;
    let lent =
        Basket::of(GRANULES, 1, cast.door(151)).lent_by(spouse.person_id()).place(&patient).await.unwrap();
    cast.pay(&patient, &lent).await;
    // refunded to whom it came from
    patient.cancel(&lent.order_id).await.unwrap();
    cast.order_in(&patient, &lent.order_id, OrderState::Refunded).await;
    assert_eq!(patient.account().await.unwrap().balance_fen, 1_200);
    assert_eq!(spouse.account().await.unwrap().balance_fen, 500_000);
    cast.books_agree().await;
}

async fn a_key_stands_for_one_request(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    let keyed = patient.keyed("order-of-today");
    let basket = Basket::of(GRANULES, 1, cast.door(163));
    let before = cast.available(OTC_SHOP, GRANULES).await;
    let first = basket.place(&keyed).await.unwrap();
    let second = basket.place(&keyed).await.unwrap();
    assert!(first == second, "the same answer");
    assert_eq!(before - cast.available(OTC_SHOP, GRANULES).await, 1, "once");
    let other = Basket::of(GRANULES, 2, cast.door(163));
    refused_as(other.place(&keyed).await, "IDEMPOTENCY_KEY_REUSED");
    // the key is the caller's own
    let neighbour = cast.patient_through("jd", 165).await.keyed("order-of-today");
    let own = basket.place(&neighbour).await.unwrap();
    assert_ne!(own.order_id, first.order_id);
    // paying twice under one key pays once
    let paying = patient.keyed("payment-of-today");
    let paid = paying.pay(&first, Channel::Wechat).await.unwrap();
    cast.order_in(&patient, &first.order_id, OrderState::Paid).await;
    let again = paying.pay(&first, Channel::Wechat).await.unwrap();
    assert_eq!(again.order_id, paid.order_id);
    let payment = patient.payment(&first.order_id).await.unwrap();
    let book = cast.public().list_channel_book(Default::default()).await.unwrap().rows;
    assert_eq!(book.iter().filter(|row| row.channel_order_no == payment.channel_order_no).count(), 1);
    assert_eq!(patient.account().await.unwrap().balance_fen, 508_900 - 1_558);
    // a write without a key is refused
    let session = patient.session();
    let mut request = session.request(basket.request(), Some("some-key")).await.unwrap();
    request.metadata_mut().remove("idempotency-key");
    let mut orders =
        liufang_proto::order::v1::order_service_client::OrderServiceClient::new(cast.gateway.channel());
    let refusal = refused_status(orders.place_order(request).await);
    assert_eq!(refusal.code, tonic::Code::InvalidArgument, "{refusal}");
}

async fn credits_are_taken_once(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let row = CreditRow {
        row_key: "annual-2026-1".to_owned(),
        person_id: patient.person_id().to_owned(),
        amount_fen: 10_000,
        region: QINHUANGDAO.to_owned(),
        kind: "annual".to_owned(),
    };
    let operator = cast.operator();
    let credit = |rows| CreditAccountsRequest { rows };
    let first = operator.credit_accounts(credit(vec![row.clone()])).await.unwrap();
    assert_eq!((first.taken, first.known, first.errors.len()), (1, 0, 0));
    let again = operator.credit_accounts(credit(vec![row.clone()])).await.unwrap();
    assert_eq!((again.taken, again.known, again.errors.len()), (0, 1, 0));
    let other = CreditRow { amount_fen: 20_000, ..row.clone() };
    let refused_rows = operator.credit_accounts(credit(vec![other])).await.unwrap().errors;
    assert_eq!(refused_rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["ROW_KEY_REUSED"]);
    // the account is Qinhuangdao's: no money of another region's fund gets into it
    let foreign =
        CreditRow { row_key: "annual-2026-2".to_owned(), region: "110000".to_owned(), ..row.clone() };
    let refused_rows = operator.credit_accounts(credit(vec![foreign])).await.unwrap().errors;
    assert_eq!(
        refused_rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(),
        ["ACCOUNT_OF_OTHER_REGION"]
    );
    assert_eq!(patient.account().await.unwrap().balance_fen, 310_000);
    // a patient credits nobody
    let channel = cast.gateway.channel();
    let request = patient.session().request(credit(vec![row]), Some("credit-key")).await.unwrap();
    let mut accounts =
        liufang_proto::settlement::v1::account_service_client::AccountServiceClient::new(channel);
    let refusal = refused_status(accounts.credit_accounts(request).await);
    assert_eq!(refusal.reason, "CALLER_NOT_ALLOWED", "{refusal}");
    cast.books_agree().await;
}

async fn only_agreeing_totals_close_a_day(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    cast.paid_otc(&patient, 163).await;
    let pos = cast.pos(OTC_SHOP);
    let body = GetDailyTotalsRequest { stmt_date: cast.today(), ..Default::default() };
    let totals = pos.get_daily_totals(body).await.unwrap().totals;
    assert_eq!(totals.len(), 1);
    let close = |totals| CloseDayRequest { stmt_date: cast.today(), totals };
    let empty = pos.close_day(close(Vec::new())).await.unwrap();
    assert!(
        !empty.flat && empty.differences[0].starts_with("101 CENTRE_HAS_MORE"),
        "{:?}",
        empty.differences
    );
    let mut more = totals.clone();
    let mut extra = totals[0].clone();
    extra.insutype = "390".to_owned();
    more.push(extra);
    let more = pos.close_day(close(more)).await.unwrap();
    assert!(
        !more.flat && more.differences[0].starts_with("102 INSTITUTION_HAS_MORE"),
        "{:?}",
        more.differences
    );
    let mut less = totals.clone();
    less[0].acct_pay_fen -= 1;
    let less = pos.close_day(close(less)).await.unwrap();
    assert!(!less.flat && less.differences[0].starts_with("103 AMOUNTS_DIFFER"), "{:?}", less.differences);
    let flat = pos.close_day(close(totals.clone())).await.unwrap();
    assert!(flat.flat && flat.claims.len() == 1);
    let again = pos.close_day(close(totals)).await.unwrap();
    assert_eq!(again.claims[0].claim_id, flat.claims[0].claim_id, "closed once");
    refused_as(pos.close_day(close(Vec::new())).await, "DAY_CLOSED");
    // only the agency of the region decides on it
    let other = cast.agency(QINHUANGDAO);
    refused(other.approve_and_pay(&flat.claims[0].claim_id, "x").await);
    cast.agency(BEIJING).approve_and_pay(&flat.claims[0].claim_id, "YH-1").await.unwrap();
    cast.books_agree().await;
}
