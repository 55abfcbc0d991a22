//! The adapter against what a channel would send, bit by bit: nothing that is not the channel's own says anything.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use liufang_kernel::{Fen, Timestamp};
use liufang_platform::https::Https;
use liufang_platform::rsa::{self, Certified, Signer, Verifier};
use serde_json::json;

use crate::domain::Said;
use crate::peers::alipay::Alipay;
use crate::peers::wechat::{Platform, Wechat};
use crate::wire::{alipay, wechat};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const API_V3_KEY: &str = "a-key-of-thirty-two-characters--";

fn pair() -> (Signer, Verifier) {
    let (private, public) = rsa::new_pair().unwrap();
    (Signer::from_pem(private.as_bytes()).unwrap(), Verifier::from_pem(public.as_bytes()).unwrap())
}

fn https() -> Https {
    Https::new("role.channels.ca_file", "", Duration::from_secs(1)).unwrap()
}

/// The adapter with two of the channel's keys, and the keys.
fn wechat_with_two() -> (Wechat, [Signer; 2]) {
    let merchant = wechat::Merchant { mchid: "19".into(), appid: "wx".into(), ..wechat::Merchant::default() };
    let ((one, one_public), (two, two_public)) = (pair(), pair());
    let keys = BTreeMap::from([("ONE".to_owned(), one_public), ("TWO".to_owned(), two_public)]);
    let url = "http://127.0.0.1:1".to_owned();
    let platform = Platform::new(keys, false);
    (Wechat::new(merchant, pair().0, platform, API_V3_KEY.to_owned(), url, https()), [one, two])
}

/// A key, and its certificate of this serial, good between two years.
fn certified(serial: u8, years: [i32; 2]) -> (Signer, String) {
    let (private, _) = rsa::new_pair().unwrap();
    let pair = rcgen::KeyPair::from_pem_and_sign_algo(&private, &rcgen::PKCS_RSA_SHA256).unwrap();
    let mut wanted = rcgen::CertificateParams::default();
    wanted.serial_number = Some(rcgen::SerialNumber::from_slice(&[0xA0, serial]));
    [wanted.not_before, wanted.not_after] = years.map(|year| rcgen::date_time_ymd(year, 1, 1));
    (Signer::from_pem(private.as_bytes()).unwrap(), wanted.self_signed(&pair).unwrap().pem())
}

/// What `/v3/certificates` answers.
fn published(rows: &[(&str, &str)]) -> Vec<u8> {
    let sealed = |pem: &str| {
        let text = rsa::seal_gcm(API_V3_KEY.as_bytes(), b"twelve bytes", b"certificate", pem.as_bytes());
        json!({ "algorithm": "AEAD_AES_256_GCM", "associated_data": "certificate", "nonce": "twelve bytes",
            "ciphertext": STANDARD.encode(text.unwrap()) })
    };
    let row =
        |(serial, pem): &(&str, &str)| json!({ "serial_no": serial, "encrypt_certificate": sealed(pem) });
    json!({ "data": rows.iter().map(row).collect::<Vec<_>>() }).to_string().into_bytes()
}

fn body(mchid: &str) -> Vec<u8> {
    let plain = json!({ "mchid": mchid, "appid": "wx", "out_trade_no": "N", "transaction_id": "T",
        "trade_state": "SUCCESS", "amount": { "total": 600 } })
    .to_string();
    let sealed =
        rsa::seal_gcm(API_V3_KEY.as_bytes(), b"twelve bytes", b"transaction", plain.as_bytes()).unwrap();
    let resource = json!({ "algorithm": "AEAD_AES_256_GCM", "associated_data": "transaction",
        "nonce": "twelve bytes", "ciphertext": STANDARD.encode(sealed) });
    json!({ "id": "E1", "event_type": "TRANSACTION.SUCCESS", "resource": resource }).to_string().into_bytes()
}

fn headers(signer: &Signer, serial: &str, at: i64, body: &[u8]) -> HeaderMap {
    let text = format!("{at}\nnonce\n{}\n", std::str::from_utf8(body).unwrap());
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("wechatpay-timestamp", at.to_string()),
        ("wechatpay-nonce", "nonce".to_owned()),
        ("wechatpay-serial", serial.to_owned()),
        ("wechatpay-signature", signer.sign(&text)),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

#[test]
fn both_keys_are_taken_while_they_change_and_no_third() {
    let (wechat, [one, two]) = wechat_with_two();
    let body = body("19");
    let at = NOW.seconds();
    for (signer, serial, taken) in
        [(&one, "ONE", true), (&two, "TWO", true), (&one, "TWO", false), (&one, "", false)]
    {
        let told = wechat.notice(&headers(signer, serial, at, &body), &body, NOW);
        assert_eq!(told.is_some(), taken, "{serial}");
    }
    let (_, noticed, _) = wechat.notice(&headers(&one, "ONE", at, &body), &body, NOW).unwrap();
    assert_eq!((noticed.no.as_str(), noticed.refund), ("N", None));
    assert_eq!(noticed.said, Some(Said::Paid { amount: Fen(600), trade_no: "T".into() }));
    for late in [at - 360, at + 360] {
        assert!(wechat.notice(&headers(&one, "ONE", late, &body), &body, NOW).is_none(), "six minutes off");
    }
    let others = self::body("20");
    assert!(wechat.notice(&headers(&one, "ONE", at, &others), &others, NOW).is_none(), "another merchant's");
}

#[test]
fn certificates_are_taken_whole_and_from_one_of_them() {
    let (wechat, [stranger, _]) = wechat_with_two();
    let ((one, first), (two, second)) = (certified(1, [2020, 2060]), certified(2, [2020, 2060]));
    let (old, third) = certified(3, [2020, 2021]);
    let at = NOW.seconds();
    let body = published(&[("A001", &first), ("A002", &second), ("A003", &third)]);
    let read = |signer: &Signer, serial: &str, at: i64, body: &[u8]| {
        wechat.certificates(&headers(signer, serial, at, body), body, NOW)
    };
    let taken = read(&one, "A001", at, &body).unwrap();
    assert_eq!(taken.keys().collect::<Vec<_>>(), ["A001", "A002", "A003"]);
    assert!(
        taken["A001"].key.verifies(b"x", &one.sign("x")) && !taken["A001"].key.verifies(b"x", &two.sign("x"))
    );
    assert!(read(&two, "A002", at, &body).is_some(), "by the other one");
    for (signer, serial, at, why) in [
        (&stranger, "A001", at, "somebody else's signature"),
        (&stranger, "ONE", at, "a key we were given is none of them"),
        (&one, "A009", at, "an unknown serial"),
        (&one, "A001", at - 360, "six minutes old"),
        (&old, "A003", at, "signed by one that is over"),
    ] {
        assert!(read(signer, serial, at, &body).is_none(), "{why}");
    }
    for (rows, why) in [
        (vec![("A001", first.as_str()), ("A009", &second)], "another serial than the certificate's"),
        (vec![("A001", first.as_str()), ("A002", "no certificate")], "one cannot be read"),
        (vec![], "none"),
    ] {
        let body = published(&rows);
        assert!(read(&one, "A001", at, &body).is_none(), "{why}");
    }
    let good = headers(&one, "A001", at, &body);
    for at in (0..body.len()).step_by(5) {
        let mut bent = body.clone();
        bent[at] ^= 1;
        assert!(wechat.certificates(&good, &bent, NOW).is_none(), "byte {at}");
    }
    let sealed_otherwise = String::from_utf8(body).unwrap().replacen("twelve bytes", "twelve bites", 1);
    assert!(read(&one, "A001", at, sealed_otherwise.as_bytes()).is_none(), "not sealed for us");
}

#[tokio::test]
async fn certificates_are_fetched_by_one_at_a_time_and_seldom() {
    let certificate = Certified::from_pem(certified(1, [2020, 2060]).1.as_bytes()).unwrap();
    let ours = BTreeMap::from([("OURS".to_owned(), pair().1)]);
    let platform = Platform::new(ours.clone(), true);
    assert!(platform.due("OURS", NOW).await.is_none(), "a key we were given needs no other");
    let turn = platform.due("A001", NOW).await.expect("never fetched");
    drop(turn);
    assert!(platform.due("A001", NOW.plus_seconds(9)).await.is_none(), "tried a moment ago");
    let then = NOW.plus_seconds(10);
    let turn = platform.due("A001", then).await.expect("tried long ago");
    platform.take(turn, BTreeMap::from([("A001".to_owned(), certificate)]));
    assert!(platform.key("A001", then).is_some());
    assert!(platform.due("A001", then.plus_seconds(43_199)).await.is_none(), "fetched today");
    let again = then.plus_seconds(43_200);
    let turn = platform.due("A001", again).await.expect("twice a day");
    assert!(platform.due("A001", again).await.is_none(), "somebody is at it, and what we have is good");
    drop(turn);
    assert!(platform.key("A001", again).is_some(), "what failed took nothing away");
    assert!(platform.key("A001", Timestamp(3_000_000_000_000_000)).is_none(), "over in 2060");
    assert!(Platform::new(ours, false).due("A001", NOW).await.is_none(), "not asked for");
}

#[test]
fn one_flipped_bit_of_a_wechat_notice_is_refused() {
    let (wechat, [one, _]) = wechat_with_two();
    let body = body("19");
    let good = headers(&one, "ONE", NOW.seconds(), &body);
    assert!(wechat.notice(&good, &body, NOW).is_some());
    for at in 0..body.len() {
        let mut bent = body.clone();
        bent[at] ^= 1;
        assert!(wechat.notice(&good, &bent, NOW).is_none(), "byte {at} of the body");
    }
    for name in ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial", "wechatpay-signature"] {
        let value = good[name].as_bytes().to_vec();
        for at in 0..value.len() {
            let mut bent = value.clone();
            bent[at] ^= 1;
            let Ok(bent) = http::HeaderValue::from_bytes(&bent) else { continue };
            let mut headers = good.clone();
            headers.insert(name, bent);
            assert!(wechat.notice(&headers, &body, NOW).is_none(), "byte {at} of {name}");
        }
        let mut headers = good.clone();
        headers.remove(name);
        assert!(wechat.notice(&headers, &body, NOW).is_none(), "without {name}");
    }
}

#[test]
fn one_flipped_bit_of_an_alipay_notice_is_refused() {
    let (signer, public) = pair();
    let merchant =
        alipay::Merchant { app_id: "2021".into(), seller_id: "2088".into(), ..alipay::Merchant::default() };
    let alipay = Alipay::new(merchant, pair().0, public, "http://127.0.0.1:1".to_owned(), https());
    let mut params: alipay::Params = [
        ("app_id", "2021"),
        ("seller_id", "2088"),
        ("notify_id", "E1"),
        ("out_trade_no", "N"),
        ("trade_no", "T"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_amount", "6.00"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let form = |params: &alipay::Params| {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish().into_bytes()
    };
    let signature = signer.sign(&alipay::signed_text(&params, &[]));
    params.insert("sign".to_owned(), signature);
    let told = alipay.notice(&form(&params)).unwrap();
    assert_eq!((told.no.as_str(), told.said), ("N", Said::Paid { amount: Fen(600), trade_no: "T".into() }));
    for key in params.keys().cloned().collect::<Vec<_>>() {
        let mut bent = params.clone();
        let value = bent.get_mut(&key).unwrap();
        value.replace_range(..1, if value.starts_with('x') { "y" } else { "x" });
        assert!(alipay.notice(&form(&bent)).is_none(), "{key}");
        let mut without = params.clone();
        without.remove(&key);
        assert!(alipay.notice(&form(&without)).is_none(), "without {key}");
    }
    let body = form(&params);
    for at in 0..body.len() {
        let mut bent = body.clone();
        bent[at] ^= 1;
        // a bit of the sign's own name or of an escape may not matter; what is told is then the same
        if let Some(told) = alipay.notice(&bent) {
            assert_eq!(
                (told.no.as_str(), told.said),
                ("N", Said::Paid { amount: Fen(600), trade_no: "T".into() })
            );
        }
    }
}
