//! The one door: JSON and gRPC answer alike, every reason is published, a trace leads from the gateway to the SQL.

use std::collections::BTreeSet;

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use liufang::client::Patient;
use liufang_proto::inventory::v1::{GetDrugRequest, SearchOffersRequest};
use liufang_tests::{World, behaviour};
use serde_json::{Value, json};
use tonic::codegen::Bytes;

use super::cast::*;

behaviour!(everywhere json_answers_like_grpc);
behaviour!(everywhere refusals_in_json_carry_the_reason);
behaviour!(everywhere every_reason_is_published);

/// Sends JSON to a method; answers the status and the body.
async fn post(url: &str, method: &str, token: &str, key: &str, body: Value) -> (u16, Value) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request =
        http::Request::post(format!("{url}/{method}")).header("content-type", "application/json");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    let request = request.body(Full::new(Bytes::from(body.to_string()))).unwrap();
    let reply = client.request(request).await.unwrap();
    let status = reply.status().as_u16();
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(&bytes))),
    )
}

async fn json_answers_like_grpc(world: &mut World) {
    let cast = Cast::of(world).await;
    let public = cast.public();
    let drug = public.get_drug(GetDrugRequest { med_list_codg: GRANULES.to_owned() }).await.unwrap();
    let (status, answer) = post(
        &world.url,
        "liufang.inventory.v1.CatalogueService/GetDrug",
        "",
        "",
        json!({ "medListCodg": GRANULES }),
    )
    .await;
    assert_eq!((status, &answer), (200, &as_json(&drug)));
    // names as in the contract are understood too
    let (status, again) = post(
        &world.url,
        "liufang.inventory.v1.CatalogueService/GetDrug",
        "",
        "",
        json!({ "med_list_codg": GRANULES }),
    )
    .await;
    assert_eq!((status, again), (200, answer));

    let body = SearchOffersRequest {
        query: "感冒灵".to_owned(),
        near: cast.door(151).location,
        region: BEIJING.to_owned(),
        ..Default::default()
    };
    let offers = public.search_offers(body.clone()).await.unwrap();
    let near = body.near.unwrap();
    let asked = json!({ "query": "感冒灵", "region": BEIJING, "near": { "latE6": near.lat_e6, "lngE6": near.lng_e6 } });
    let (status, answer) =
        post(&world.url, "liufang.inventory.v1.OfferService/SearchOffers", "", "", asked).await;
    assert_eq!((status, answer), (200, as_json(&offers)));

    // a write under one key: the JSON call replays the gRPC one
    let patient: Patient = cast.patient_through("jd", 163).await;
    let basket = Basket::of(GRANULES, 1, cast.door(163));
    let placed = patient.keyed("both-ways").place_order(basket.request()).await.unwrap();
    let token = patient.session().token().await.unwrap();
    let asked = as_json(&basket.request());
    let (status, answer) =
        post(&world.url, "liufang.order.v1.OrderService/PlaceOrder", &token, "both-ways", asked).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer, as_json(&placed));
}

async fn refusals_in_json_carry_the_reason(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient_through("jd", 163).await;
    let token = patient.session().token().await.unwrap();
    let basket = Basket::of(GRANULES, 13, cast.door(163));
    let asked = as_json(&basket.request());
    let method = "liufang.order.v1.OrderService/PlaceOrder";
    let (status, answer) = post(&world.url, method, &token, "json-key-1", asked.clone()).await;
    assert_eq!((status, &answer["code"]), (400, &json!("failed_precondition")), "{answer}");
    assert!(answer["details"].to_string().contains("SHORT_STOCK"), "{answer}");
    let (status, answer) = post(&world.url, method, "", "json-key-2", asked).await;
    assert_eq!((status, &answer["code"]), (401, &json!("unauthenticated")), "{answer}");
    let (status, answer) = post(&world.url, method, &token, "json-key-3", json!({ "noSuchField": 1 })).await;
    assert_eq!((status, &answer["code"]), (400, &json!("invalid_argument")), "{answer}");
    let (status, answer) =
        post(&world.url, "liufang.order.v1.OrderService/NoSuchMethod", &token, "json-key-4", json!({})).await;
    assert_eq!((status, &answer["code"]), (501, &json!("unimplemented")), "{answer}");
    let (status, _) =
        post(&world.url, "liufang.settlement.v1.QuoteService/CreateQuote", &token, "json-key-5", json!({}))
            .await;
    assert_eq!(status, 501, "methods of roles are not at the door");
}

/// Words in capitals that stand in the tests and are no reasons.
const NO_REASONS: [&str; 11] = [
    "AMOUNTS_DIFFER",
    "CENTRE_HAS_MORE",
    "CHANNEL_REFUSED",
    "INSTITUTION_HAS_MORE",
    "INSURER_REFUSED",
    "NOT_ACTIVE",
    "OTHER_HOSPITAL",
    "RX_DAYS_OF_SUPPLY",
    "RX_DUPLICATE_THERAPY",
    "RX_MAX_KINDS",
    "SPAN",
];

async fn every_reason_is_published(world: &mut World) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let reply = client.get(format!("{}/reasons", world.url).parse().unwrap()).await.unwrap();
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let published: Value = serde_json::from_str(&text).unwrap();
    let rows = published.as_array().or_else(|| published["reasons"].as_array()).expect("a list");
    let names: BTreeSet<&str> = rows.iter().filter_map(|row| row["reason"].as_str()).collect();
    assert!(100 < names.len(), "{} reasons", names.len());
    assert!(rows.iter().all(|row| row["zh"].is_string()
        || row.to_string().contains('，')
        || row.as_object().is_some_and(|row| 3 <= row.len())));
    let sources = [
        include_str!("calls.rs"),
        include_str!("dead_letters.rs"),
        include_str!("edges.rs"),
        include_str!("circulation.rs"),
        include_str!("faults.rs"),
        include_str!("journey_beijing.rs"),
        include_str!("journey_qinhuangdao.rs"),
        include_str!("leases.rs"),
        include_str!("lifecycle.rs"),
        include_str!("mesh.rs"),
        include_str!("migrations.rs"),
        include_str!("mtls.rs"),
        include_str!("outages.rs"),
        include_str!("people.rs"),
        include_str!("processes.rs"),
        include_str!("races.rs"),
        include_str!("refusals_care.rs"),
        include_str!("refusals_money.rs"),
        include_str!("refusals_otc.rs"),
        include_str!("refusals_rx.rs"),
        include_str!("regions.rs"),
        include_str!("silence.rs"),
        include_str!("stopping.rs"),
    ];
    let mut missing = BTreeSet::new();
    let codes_of = |table: &'static str| {
        let codes = table.split_once("\nCodes\n").expect("the table's codes").1;
        codes.split_once("\n\n").expect("more than codes").0.lines()
    };
    let codes =
        codes_of(liufang_proto::PRESCRIPTION_STATES).chain(codes_of(liufang_proto::SETTLEMENT_STATES));
    let listed = codes.map(|line| line.split_once(": ").map_or(line, |(_, words)| words));
    let listed: Vec<&str> = listed.flat_map(|words| words.split(',')).map(str::trim).collect();
    assert!(20 < listed.len(), "{listed:?}");
    for word in sources.iter().flat_map(|source| source.split('"')).chain(listed) {
        let is_reason = 4 < word.len()
            && word.contains('_')
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if is_reason && !NO_REASONS.contains(&word) && !names.contains(word) {
            missing.insert(word);
        }
    }
    assert!(missing.is_empty(), "answered, but not in /reasons: {missing:?}");
}
