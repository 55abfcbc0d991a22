//! The way of paid goods, the same in both journeys: scan, dispense, courier, door.

use anyhow::{Context as _, Result, ensure};
use liufang_proto::common::v1::GeoPoint;
use liufang_proto::inventory::v1::ListMovementsRequest;
use liufang_proto::order::v1::{Order, OrderState};

use super::stage::{Stage, order_in, until};
use super::story::Story;
use crate::client::{Courier, Patient, Pos, Practitioner};
use crate::seed::Shelf;

/// Who brings goods to a door.
pub struct Crew {
    pub pos: Pos,
    pub pharmacist: Practitioner,
    /// Of the claim; empty for OTC orders.
    pub secret: String,
    pub courier: Courier,
}

/// Scans, dispenses and shows the sale in the stock ledger (3505). Answers the hand-over code.
pub async fn dispense(stage: &Stage, story: &mut Story<'_>, crew: &Crew, order: &Order) -> Result<String> {
    let shelf = Shelf::of(&stage.seed, crew.pos.code())?;
    let scans = shelf.scan(&crew.pos, order, stage.gateway.now()).await?;
    for scan in &scans {
        let (first, count) = (scan.trace_codes.first().cloned().unwrap_or_default(), scan.trace_codes.len());
        story.say(format!("line {}: {count} packs scanned, first trace code 追溯码 {first}", scan.line_no));
    }
    let reply = crew.pos.hand_out(&order.order_id, &crew.pharmacist, &crew.secret, scans).await?;
    let state = reply.order.as_ref().map_or(OrderState::Unspecified, Order::state);
    ensure!(state == OrderState::Dispensed, "after dispensing the order is {}", state.as_str_name());
    let query = ListMovementsRequest { order_id: order.order_id.clone(), ..Default::default() };
    let movements = crew.pos.list_movements(query).await?.movements;
    for row in &movements {
        let line = order.lines.iter().find(|line| line.med_list_codg == row.med_list_codg);
        // OTC goods without the mark are the person's own affair, inside an insured order too
        let own = order.hi_rxno.is_empty() && !line.context("a sale of a line of the order")?.hi_mark;
        let (kind, settled) = (row.mdtrt_setl_type.as_str(), !row.setl_id.is_empty());
        ensure!(
            (kind, settled) == if own { ("2", false) } else { ("1", true) },
            "the 3505 row of {} says type {kind}, settled {settled}",
            row.med_list_codg
        );
    }
    let rows = movements.iter().map(|row| {
        vec![
            format!("3505 sale of lot {}", row.manu_lotnum),
            row.med_list_codg.clone(),
            format!("quantity {}", row.quantity),
            format!("price {}", row.price),
            format!("mdtrt_setl_type {}", row.mdtrt_setl_type),
        ]
    });
    story.table(&rows.collect::<Vec<_>>());
    Ok(reply.hand_over_code)
}

/// A courier on shift is assigned, picks up with the pharmacy's code and hands over against the recipient's.
pub async fn deliver(
    story: &mut Story<'_>,
    crew: &Crew,
    patient: &Patient,
    order_id: &str,
    hand_over_code: &str,
) -> Result<Order> {
    let waiting = "a courier is assigned";
    let assigned = until(waiting, async || Ok(crew.courier.assignment(order_id).await?)).await?;
    story.say(format!("courier {} is assigned and goes to the pharmacy", crew.courier.code()));
    crew.courier.pick_up(&assigned.delivery_id, hand_over_code).await?;
    order_in(patient, order_id, OrderState::Delivering).await?;
    story.say("picked up against the pharmacy's hand-over code");
    let code = patient.delivery(order_id).await?.recipient_code;
    crew.courier.hand_over(&assigned.delivery_id, &code).await?;
    let order = order_in(patient, order_id, OrderState::Completed).await?;
    story.say("handed over at the door against the recipient's code; the order is complete");
    let steps: Vec<_> = patient.story(order_id).await?.into_iter().map(|event| event.step).collect();
    let renewal = !order.hi_rxno.is_empty();
    ensure!(
        steps.iter().any(|step| step == "claimed") == renewal,
        "claimed is a step of a prescription's order"
    );
    story.say(format!("the order's story: {}", steps.join(" → ")));
    Ok(order)
}

/// Goes on shift near an institution.
pub async fn on_shift(stage: &Stage, courier: &Courier, near: &str) -> Result<()> {
    let institution = stage.seed.institution(near)?;
    let position = GeoPoint { lat_e6: institution.lat_e6 + 900, lng_e6: institution.lng_e6 + 900 };
    Ok(courier.go_on_shift(position, institution.region(), 5).await?)
}
