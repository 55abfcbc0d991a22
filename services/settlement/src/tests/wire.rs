//! The same flows through the generated clients: access, parsing, rendering.

use liufang_platform::{PeerFault, outgoing};
use liufang_proto::common::v1::{Channel, Leg};
use liufang_proto::hooks::v1::{ChannelNotice, ChannelState};
use liufang_proto::settlement::v1 as pb;
use pb::payment_service_client::PaymentServiceClient;
use pb::quote_service_client::QuoteServiceClient;
use prost::Message;
use tonic::Code;

use super::world::*;
use crate::app::DEV_CHANNEL_KEY;

fn request() -> pb::CreateQuoteRequest {
    pb::CreateQuoteRequest {
        kind: pb::QuoteKind::OtcAccount as i32,
        order_id: "ord1".into(),
        person_id: "bj1".into(),
        fixmedins_code: BJ_SHOP.into(),
        region: "110000".into(),
        lines: vec![pb::ChargeLine {
            line_no: 1,
            med_list_codg: "XC08CAB037A001020180517".into(),
            quantity: "2".into(),
            price: "30.000000".into(),
            chrgitm_lv: "1".into(),
            hi_mark: true,
            ..Default::default()
        }],
        outside: vec![pb::OutsideFee { kind: "delivery".into(), amount_fen: 500, name: String::new() }],
        acct_used: true,
        ..Default::default()
    }
}

#[tokio::test]
async fn an_order_pays_over_the_mesh() {
    let town = town().await;
    town.credit("bj1", "110000", 10_000).await;
    let mesh = || town.world.directory.peers("order").mesh(crate::ROLE);
    let mut quotes = QuoteServiceClient::new(mesh());
    let quote = quotes.create_quote(outgoing::keyed(request(), "ord1:quote")).await.unwrap().into_inner();
    let quote = quote.quote.unwrap();
    let legs: Vec<_> = quote.legs.iter().map(|leg| (leg.leg, leg.amount_fen)).collect();
    assert_eq!(legs, [(Leg::Account as i32, 6_000), (Leg::Channel as i32, 500)]);
    assert_eq!((quote.total_fen, quote.totals.unwrap().acct_pay_fen), (6_500, 6_000));

    let mut payments = PaymentServiceClient::new(mesh());
    let body = pb::AuthoriseRequest {
        quote_id: quote.quote_id,
        order_id: "ord1".into(),
        channel: Channel::Alipay as i32,
        hold_expires_at_us: town.now().plus_seconds(900).0,
        payer: None,
    };
    let held = payments.authorise(outgoing::keyed(body, "ord1:authorise")).await.unwrap().into_inner();
    let held = held.payment.unwrap();
    assert_eq!(
        (held.state().as_str_name(), held.channel),
        ("PAYMENT_STATE_AUTHORISED", Channel::Alipay as i32)
    );
    let body = pb::CaptureRequest { payment_id: held.payment_id.clone(), keep: vec![] };
    let paid = payments.capture(outgoing::keyed(body, "ord1:capture")).await.unwrap().into_inner();
    let paid = paid.payment.unwrap();
    assert_eq!((paid.state().as_str_name(), paid.ord_stas), ("PAYMENT_STATE_CAPTURED", 6));

    let body = ChannelNotice {
        notice_id: "n1".into(),
        channel_order_no: paid.channel_order_no,
        state: ChannelState::Paid as i32,
        amount_fen: 500,
        ..Default::default()
    }
    .encode_to_vec();
    let notice = pb::NotifyPaymentRequest {
        channel: Channel::Alipay as i32,
        signature: liufang_platform::hash::hmac_sha256_hex(DEV_CHANNEL_KEY.as_bytes(), &body),
        body,
    };
    let sandbox = town.world.directory.peers("sandbox").mesh(crate::ROLE);
    PaymentServiceClient::new(sandbox).notify_payment(outgoing::keyed(notice, "notice-n1")).await.unwrap();
}

#[tokio::test]
async fn every_bad_field_is_named_and_only_order_may_ask() {
    let town = town().await;
    let mut bad = request();
    bad.kind = 0;
    bad.fixmedins_code = "X1".into();
    bad.lines[0].quantity = "1e3".into();
    bad.lines[0].chrgitm_lv = "9".into();
    bad.outside[0].kind = "tip".into();
    bad.dise_codg = "M03900".into();
    let mesh = |role| QuoteServiceClient::new(town.world.directory.peers(role).mesh(crate::ROLE));
    let status = mesh("order").create_quote(outgoing::keyed(bad, "bad-quote")).await.err().unwrap();
    assert_eq!(status.code(), Code::InvalidArgument);
    let fault = PeerFault::from(status);
    let violations = liufang_kernel::Fault::violations(&fault).unwrap();
    let fields: Vec<&str> = violations.iter().map(|(field, _)| field).collect();
    for field in
        ["kind", "fixmedins_code", "dise_codg", "lines[0].quantity", "lines[0].chrgitm_lv", "outside[0].kind"]
    {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    let status =
        mesh("dispatch").create_quote(outgoing::keyed(request(), "dispatch-quote")).await.err().unwrap();
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn sums_that_would_wrap_are_refused() {
    let town = town().await;
    let mut quotes = QuoteServiceClient::new(town.world.directory.peers("order").mesh(crate::ROLE));
    let mut body = request();
    // 2^62 fen each: four of them wrap to nothing
    body.lines = (1..=4)
        .map(|line_no| pb::ChargeLine {
            line_no,
            price: "4611686018427.387904".into(),
            quantity: "10000".into(),
            ..body.lines[0].clone()
        })
        .collect();
    let refused = quotes.create_quote(outgoing::keyed(body, "ord1:quote")).await.map(drop);
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
}
