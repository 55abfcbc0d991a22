//! Requests of the counter.

use liufang_kernel::{Quantity, Sensitive, Violations};
use liufang_platform::CallMeta;
use liufang_proto::order::v1 as pb;

use super::request::{buyer, channel, payers};
use crate::app::{Pay, PayCounter, Place, Sale};
use crate::domain::{Fulfilment, Kind};

/// Lines of a prescription.
const MOST_LINES: usize = 50;

/// Reads a sale to settle. The pharmacy is the caller.
pub fn place_counter(request: pb::PlaceCounterSaleRequest, meta: &CallMeta) -> Result<Place, Violations> {
    let mut bad = Violations::new();
    bad.check(request.lines.len() <= MOST_LINES, "lines", "must be at most 50");
    let mut lines: Vec<(u32, Option<Quantity>)> = Vec::new();
    for (index, row) in request.lines.iter().take(MOST_LINES).enumerate() {
        let number = u32::try_from(row.line_no).ok().filter(|number| (1..=99).contains(number));
        let fresh = number.filter(|number| lines.iter().all(|(own, _)| own != number));
        bad.check(fresh.is_some(), &format!("lines[{index}].line_no"), "must be different lines, 1 to 99");
        let field = format!("lines[{index}].quantity");
        let quantity = if row.quantity.is_empty() {
            None
        } else {
            bad.take::<Quantity, _>(&field, row.quantity.parse())
        };
        // sold by whole packs: every pack has a trace code of its own
        let whole = quantity.is_none_or(|own| own.as_whole().is_some_and(|count| (1..=999).contains(&count)));
        bad.check(whole, &field, "must be 1 to 999 whole packs");
        lines.extend(fresh.map(|number| (number, quantity)));
    }
    let sale = Sale {
        sale_id: bad.text("sale_id", &request.sale_id, 64),
        secret: Sensitive::new(bad.text("secret", &request.secret, 256)),
        lines,
    };
    let place = Place {
        kind: Kind::Counter,
        region: String::new(),
        fixmedins_code: meta.principal.subject.clone(),
        items: Vec::new(),
        hi_rxno: bad.text("hi_rxno", &request.hi_rxno, 64),
        line_nos: Vec::new(),
        visit_id: String::new(),
        fulfilment: Fulfilment::None,
        door: None,
        payers: payers(&mut bad, request.use_account, request.holder_person_ids),
        risk_confirmed: true,
        sale: Some(sale),
    };
    bad.finish(Some(place))
}

/// Reads a payment at the counter.
pub fn pay_counter(request: pb::PayCounterSaleRequest, _: &CallMeta) -> Result<PayCounter, Violations> {
    let mut bad = Violations::new();
    let order_id = bad.text("order_id", &request.order_id, 64);
    let quote_id = bad.text("quote_id", &request.quote_id, 64);
    let channel = channel(&mut bad, request.channel);
    let presence = Sensitive::new(bad.optional_text("presence_token", &request.presence_token, 200));
    let buyer = buyer(&mut bad, request.payer);
    bad.finish(Some(PayCounter { pay: Pay { order_id, quote_id, channel, buyer }, presence }))
}
