//! Requests in. Descriptions never repeat a value: it may be personal.

use liufang_kernel::codes::{drug_code_kind, is_institution_code, is_region_code};
use liufang_kernel::phone::Phone;
use liufang_kernel::{Quantity, Sensitive, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1 as common;
use liufang_proto::hooks::v1::PaymentScene;
use liufang_proto::order::v1 as pb;
use liufang_proto::settlement::v1::Payer;

use crate::app::{Collect, Dispense, GiveBack, Pay, Place, Requote, Watch};
use crate::domain::{BasketItem, Buyer, Channel, Door, Fulfilment, Kind, Payers, Scan};

const MOST_ITEMS: usize = 50;
const MOST_HOLDERS: usize = 10;
const MOST_CODES: usize = 1000;

/// Reads a placing; every kind has its own mandatory fields.
pub fn place(request: pb::PlaceOrderRequest, _: &CallMeta) -> Result<Place, Violations> {
    let mut bad = Violations::new();
    let kind = kind(request.kind());
    bad.check(kind.is_some(), "kind", "must be OTC, PRESCRIPTION or CONSULTATION");
    let kind = kind.unwrap_or(Kind::Otc);
    let fulfilment = fulfilment(kind, request.fulfilment());
    bad.check(
        fulfilment.is_some(),
        "fulfilment",
        "must be pick-up or delivery for goods, none for a consultation",
    );
    let fulfilment = fulfilment.unwrap_or(Fulfilment::None);
    let place = Place {
        kind,
        region: region(&mut bad, kind, &request.region),
        fixmedins_code: pharmacy(&mut bad, kind, &request.fixmedins_code),
        items: items(&mut bad, kind, &request.items),
        hi_rxno: only_for(&mut bad, "hi_rxno", &request.hi_rxno, kind == Kind::Prescription),
        line_nos: line_nos(&mut bad, kind, &request.line_nos),
        visit_id: only_for(&mut bad, "visit_id", &request.visit_id, kind == Kind::Consultation),
        fulfilment,
        door: door(&mut bad, fulfilment, request.delivery),
        payers: payers(&mut bad, request.use_account, request.holder_person_ids),
        risk_confirmed: request.risk_confirmed,
        sale: None,
    };
    bad.finish(Some(place))
}

fn line_nos(bad: &mut Violations, kind: Kind, numbers: &[i32]) -> Vec<u32> {
    bad.check(numbers.is_empty() || kind == Kind::Prescription, "line_nos", "belong to a prescription only");
    let distinct: std::collections::BTreeSet<i32> = numbers.iter().copied().collect();
    let good = distinct.len() == numbers.len() && distinct.iter().all(|number| (1..=99).contains(number));
    bad.check(good, "line_nos", "must be different lines, 1 to 99");
    distinct.into_iter().filter_map(|number| u32::try_from(number).ok()).collect()
}

fn kind(kind: pb::OrderKind) -> Option<Kind> {
    match kind {
        pb::OrderKind::Otc => Some(Kind::Otc),
        pb::OrderKind::Prescription => Some(Kind::Prescription),
        pb::OrderKind::Consultation => Some(Kind::Consultation),
        // placed by the counter's own method
        pb::OrderKind::Counter | pb::OrderKind::Unspecified => None,
    }
}

fn fulfilment(kind: Kind, asked: common::Fulfilment) -> Option<Fulfilment> {
    match (kind, asked) {
        (Kind::Consultation, common::Fulfilment::None | common::Fulfilment::Unspecified) => {
            Some(Fulfilment::None)
        }
        (Kind::Otc | Kind::Prescription, common::Fulfilment::PickUp) => Some(Fulfilment::PickUp),
        (Kind::Otc | Kind::Prescription, common::Fulfilment::Delivery) => Some(Fulfilment::Delivery),
        _ => None,
    }
}

fn region(bad: &mut Violations, kind: Kind, text: &str) -> String {
    if kind == Kind::Otc {
        bad.check(is_region_code(text), "region", "must be a 6-digit region code");
    }
    text.to_owned()
}

fn pharmacy(bad: &mut Violations, kind: Kind, code: &str) -> String {
    if kind.has_goods() {
        bad.check(is_institution_code(code), "fixmedins_code", "must be an institution code");
    } else {
        bad.check(code.is_empty(), "fixmedins_code", "must be empty for a consultation");
    }
    code.to_owned()
}

fn only_for(bad: &mut Violations, field: &str, text: &str, wanted: bool) -> String {
    if wanted {
        return bad.text(field, text, 64);
    }
    bad.check(text.is_empty(), field, "does not belong to this kind of order");
    String::new()
}

fn items(bad: &mut Violations, kind: Kind, rows: &[pb::BasketItem]) -> Vec<BasketItem> {
    if kind != Kind::Otc {
        bad.check(rows.is_empty(), "items", "belong to an OTC order only");
        return Vec::new();
    }
    bad.check((1..=MOST_ITEMS).contains(&rows.len()), "items", "must be 1 to 50");
    let mut items: Vec<BasketItem> = Vec::new();
    for (index, row) in rows.iter().take(MOST_ITEMS).enumerate() {
        let field = format!("items[{index}].med_list_codg");
        bad.check(drug_code_kind(&row.med_list_codg).is_some(), &field, "must be a national drug code");
        let twice = items.iter().any(|item| item.med_list_codg == row.med_list_codg);
        bad.check(!twice, &field, "is in the basket twice");
        let field = format!("items[{index}].quantity");
        let Some(quantity) = bad.take::<Quantity, _>(&field, row.quantity.parse()) else { continue };
        // sold by whole packs: every pack has a trace code of its own
        let whole = quantity.as_whole().is_some_and(|count| (1..=999).contains(&count));
        bad.check(whole, &field, "must be 1 to 999 whole packs");
        items.push(BasketItem { med_list_codg: row.med_list_codg.clone(), quantity });
    }
    items
}

fn door(
    bad: &mut Violations,
    way: Fulfilment,
    given: Option<pb::DeliveryAddress>,
) -> Option<Sensitive<Door>> {
    let Some(given) = given.filter(|_| way == Fulfilment::Delivery) else {
        bad.check(way != Fulfilment::Delivery, "delivery", "must be given for a delivery");
        return None;
    };
    let recipient_name = bad.text("delivery.recipient_name", &given.recipient_name, 50);
    let address = bad.text("delivery.address", &given.address, 200);
    let phone = bad.take("delivery.recipient_phone", Phone::parse(&given.recipient_phone));
    bad.check(given.location.is_some(), "delivery.location", "must be given");
    let location = given.location.unwrap_or_default();
    bad.check(location.lat_e6.unsigned_abs() <= 90_000_000, "delivery.location.lat_e6", "must be a latitude");
    bad.check(
        location.lng_e6.unsigned_abs() <= 180_000_000,
        "delivery.location.lng_e6",
        "must be a longitude",
    );
    Some(Sensitive::new(Door {
        recipient_name,
        recipient_phone: phone.map(|phone| phone.reveal().to_owned()).unwrap_or_default(),
        address,
        lat_e6: location.lat_e6,
        lng_e6: location.lng_e6,
    }))
}

pub(super) fn payers(bad: &mut Violations, use_account: bool, holders: Vec<String>) -> Payers {
    bad.check(holders.len() <= MOST_HOLDERS, "holder_person_ids", "must be at most 10");
    for (index, holder) in holders.iter().enumerate() {
        let field = format!("holder_person_ids[{index}]");
        bad.text(&field, holder, 64);
        bad.check(!holders[..index].contains(holder), &field, "is named twice");
    }
    let own_first = use_account || holders.is_empty();
    bad.check(own_first, "use_account", "must be true when relatives pay: the own account comes first");
    Payers { use_account, holders }
}

/// Reads a request that names an order and nothing else.
pub fn order_id(id: &str) -> Result<String, Violations> {
    let mut bad = Violations::new();
    let id = bad.text("order_id", id, 64);
    bad.finish(Some(id))
}

/// Asks what stands under a person.
pub fn person_needed(request: pb::CheckPersonNeededRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut bad = Violations::new();
    let person_id = bad.text("person_id", &request.person_id, 64);
    bad.finish(Some(person_id))
}

/// Reads a requote.
pub fn requote(request: pb::RequoteOrderRequest, _: &CallMeta) -> Result<Requote, Violations> {
    let mut bad = Violations::new();
    let order_id = bad.text("order_id", &request.order_id, 64);
    let payers = payers(&mut bad, request.use_account, request.holder_person_ids);
    bad.finish(Some(Requote { order_id, payers }))
}

/// Reads a payment.
pub fn pay(request: pb::PayOrderRequest, _: &CallMeta) -> Result<Pay, Violations> {
    let mut bad = Violations::new();
    let order_id = bad.text("order_id", &request.order_id, 64);
    let quote_id = bad.text("quote_id", &request.quote_id, 64);
    let channel = channel(&mut bad, request.channel);
    bad.check(channel != Some(Channel::Till), "channel", "the till is at the counter");
    let buyer = buyer(&mut bad, request.payer);
    bad.finish(Some(Pay { order_id, quote_id, channel, buyer }))
}

/// Reads who pays the cash part.
pub(super) fn buyer(bad: &mut Violations, payer: Option<Payer>) -> Option<Buyer> {
    let payer = payer?;
    let payer_id = bad.optional_text("payer.payer_id", &payer.payer_id, 128);
    let auth_code = bad.optional_text("payer.auth_code", &payer.auth_code, 64);
    bad.check(PaymentScene::try_from(payer.scene).is_ok(), "payer.scene", "is not a scene");
    let pay_auth_no = bad.optional_text("payer.pay_auth_no", &payer.pay_auth_no, 128);
    Some(Buyer { payer_id, auth_code, scene: payer.scene, pay_auth_no })
}

pub(super) fn channel(bad: &mut Violations, number: i32) -> Option<Channel> {
    let known = common::Channel::try_from(number);
    bad.check(known.is_ok(), "channel", "is not a channel");
    match known.unwrap_or_default() {
        common::Channel::Unspecified => None,
        common::Channel::Wechat => Some(Channel::Wechat),
        common::Channel::Alipay => Some(Channel::Alipay),
        common::Channel::Unionpay => Some(Channel::Unionpay),
        common::Channel::BankCard => Some(Channel::BankCard),
        common::Channel::Till => Some(Channel::Till),
    }
}

/// Reads a dispensing. The secret's presence depends on the order's kind and is checked with it.
pub fn dispense(request: pb::DispenseOrderRequest, _: &CallMeta) -> Result<Dispense, Violations> {
    let mut bad = Violations::new();
    let order_id = bad.text("order_id", &request.order_id, 64);
    let token = bad.text("pharmacist_token", &request.pharmacist_token, 4096);
    let secret = bad.optional_text("secret", &request.secret, 256);
    let codes: usize = request.scans.iter().map(|scan| scan.trace_codes.len()).sum();
    bad.check(request.scans.len() <= MOST_ITEMS && codes <= MOST_CODES, "scans", "are too many");
    let scans =
        request.scans.iter().enumerate().filter_map(|(index, row)| scan(&mut bad, index, row)).collect();
    let pharmacist_token = Sensitive::new(token);
    bad.finish(Some(Dispense { order_id, pharmacist_token, secret: Sensitive::new(secret), scans }))
}

fn scan(bad: &mut Violations, index: usize, row: &pb::Scan) -> Option<Scan> {
    let line_no = u32::try_from(row.line_no).ok().filter(|line| 0 < *line);
    bad.check(line_no.is_some(), format!("scans[{index}].line_no").as_str(), "must be from 1");
    // whether a code can be one is for the stock to say, with a reason
    let sane = row.trace_codes.iter().all(|code| (1..=100).contains(&code.len()));
    bad.check(sane, format!("scans[{index}].trace_codes").as_str(), "must be 1 to 100 characters each");
    Some(Scan { line_no: line_no?, trace_codes: row.trace_codes.clone() })
}

/// Reads a collection.
pub fn collect(request: pb::CollectOrderRequest, _: &CallMeta) -> Result<Collect, Violations> {
    let mut bad = Violations::new();
    let order_id = bad.text("order_id", &request.order_id, 64);
    let code = bad.text("collection_code", &request.collection_code, 16);
    bad.finish(Some(Collect { order_id, code: Sensitive::new(code) }))
}

/// Reads a return.
pub fn give_back(request: pb::ReturnOrderRequest, _: &CallMeta) -> Result<GiveBack, Violations> {
    let mut bad = Violations::new();
    let order_id = bad.text("order_id", &request.order_id, 64);
    let reason = bad.text("reason", &request.reason, 200);
    let codes: usize = request.scans.iter().map(|scan| scan.trace_codes.len()).sum();
    bad.check(request.scans.len() <= MOST_ITEMS && codes <= MOST_CODES, "scans", "are too many");
    let scans =
        request.scans.iter().enumerate().filter_map(|(index, row)| scan(&mut bad, index, row)).collect();
    bad.finish(Some(GiveBack { order_id, reason: Sensitive::new(reason), scans }))
}

/// Reads a watch.
pub fn watch(request: pb::WatchOrderRequest, _: &CallMeta) -> Result<Watch, Violations> {
    let mut bad = Violations::new();
    let order_id = bad.text("order_id", &request.order_id, 64);
    bad.check(0 <= request.after_sequence, "after_sequence", "must not be negative");
    bad.finish(Some(Watch { order_id, after: request.after_sequence, stop_at_end: request.stop_at_end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<T>(result: Result<T, Violations>) -> Vec<String> {
        match result {
            Ok(_) => Vec::new(),
            Err(bad) => bad.iter().map(|(field, _)| field.to_owned()).collect(),
        }
    }

    fn meta() -> CallMeta {
        CallMeta {
            principal: liufang_platform::Principal::anonymous(),
            method: String::new(),
            idempotency_key: None,
            request_hash: String::new(),
            now: liufang_kernel::Timestamp(0),
        }
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let item = pb::BasketItem { med_list_codg: "x".to_owned(), quantity: "1.5".to_owned() };
        let request = pb::PlaceOrderRequest {
            kind: pb::OrderKind::Otc.into(),
            fulfilment: common::Fulfilment::Delivery.into(),
            items: vec![item],
            hi_rxno: "rx".to_owned(),
            ..Default::default()
        };
        let named = fields(place(request, &meta()));
        let expected = [
            "region",
            "fixmedins_code",
            "items[0].med_list_codg",
            "items[0].quantity",
            "hi_rxno",
            "delivery",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn a_place_outside_the_world_is_refused() {
        let location = common::GeoPoint { lat_e6: i32::MIN, lng_e6: i32::MIN };
        let given = pb::DeliveryAddress { location: Some(location), ..Default::default() };
        let mut bad = Violations::new();
        door(&mut bad, Fulfilment::Delivery, Some(given));
        let named: Vec<_> = bad.iter().map(|(field, _)| field.to_owned()).collect();
        assert!(named.iter().any(|field| field == "delivery.location.lat_e6"), "{named:?}");
        assert!(named.iter().any(|field| field == "delivery.location.lng_e6"), "{named:?}");
    }

    #[test]
    fn a_consultation_needs_its_visit_alone() {
        let request = |visit_id: &str| pb::PlaceOrderRequest {
            kind: pb::OrderKind::Consultation.into(),
            visit_id: visit_id.to_owned(),
            ..Default::default()
        };
        assert!(fields(place(request("vis_1"), &meta())).is_empty());
        assert_eq!(fields(place(request(""), &meta())), ["visit_id"]);
    }
}
