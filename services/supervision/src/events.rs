//! Events in. An amount or quantity that cannot be read is left out: supervision suspects, it does not book.

use liufang_kernel::{Fen, Quantity, Timestamp};
use liufang_platform::{Consumer, Event, Module};
use liufang_proto::inventory::v1 as inventory;
use liufang_proto::prescription::v1 as prescription;
use liufang_proto::settlement::v1 as settlement;

use crate::app::{App, Dispensed, PriceNews, Resold, Sold};
use crate::domain::fund::Amounts;
use crate::domain::rules::{Price, Sale};
use crate::error::SupervisionError;

/// Name of every consumer of this role.
const NAME: &str = "supervision";

/// Adds every consumer.
pub fn consumers(module: Module, app: &App) -> Module {
    module
        .consumer(consumer(app, resold))
        .consumer(consumer(app, sold))
        .consumer(consumer(app, returned))
        .consumer(consumer(app, price_changed))
        .consumer(consumer(app, dispensed))
        .consumer(consumer(app, captured))
        .consumer(consumer(app, partly_refunded))
        .consumer(consumer(app, refunded))
}

fn consumer<M, H, F>(app: &App, handle: H) -> Consumer
where
    M: prost::Message + prost::Name + Default + 'static,
    H: Fn(App, Event, M) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), SupervisionError>> + Send + 'static,
{
    let app = app.clone();
    Consumer::new::<M, _, _, _>(NAME, move |event, body| handle(app.clone(), event, body))
}

async fn resold(app: App, event: Event, body: inventory::TraceCodeResold) -> Result<(), SupervisionError> {
    let resold = Resold {
        code: body.drug_trac_codg,
        by: body.fixmedins_code,
        sold_by: body.sold_by_fixmedins_code,
        order_id: body.order_id,
        at: Timestamp(body.at_us),
    };
    app.on_resold(&event, resold).await
}

async fn sold(app: App, event: Event, body: inventory::StockSold) -> Result<(), SupervisionError> {
    let inventory::StockSold { order_id, fixmedins_code, sales, at_us } = body;
    let sales = sales.into_iter().filter_map(|row| {
        let quantity: Quantity = row.quantity.parse().ok()?;
        Some(Sale {
            order_id: order_id.clone(),
            fixmedins_code: fixmedins_code.clone(),
            med_list_codg: row.med_list_codg,
            // out is negative in the ledger
            quantity: Quantity(quantity.0.saturating_abs()),
            trace_codes: row.trace_codes,
        })
    });
    let sales = sales.collect();
    app.on_sold(&event, Sold { order_id: order_id.clone(), fixmedins_code, sales, at: Timestamp(at_us) })
        .await
}

async fn returned(app: App, event: Event, body: inventory::StockReturned) -> Result<(), SupervisionError> {
    let codes = body.returns.into_iter().flat_map(|row| row.trace_codes).collect();
    app.on_returned(&event, &body.order_id, codes).await
}

async fn price_changed(
    app: App,
    event: Event,
    body: inventory::PriceChanged,
) -> Result<(), SupervisionError> {
    let Ok(price) = body.new_price.parse() else { return Ok(()) };
    let price = Price { fixmedins_code: body.fixmedins_code, med_list_codg: body.med_list_codg, price };
    app.on_price(&event, PriceNews { price, old: body.old_price.parse().ok(), at: Timestamp(body.at_us) })
        .await
}

async fn dispensed(
    app: App,
    event: Event,
    body: prescription::PrescriptionDispensed,
) -> Result<(), SupervisionError> {
    let dispensed = Dispensed {
        hi_rxno: body.hi_rxno,
        order_id: body.order_id,
        fixmedins_code: body.fixmedins_code,
        person_id: body.person_id,
        med_list_codgs: body.med_list_codgs,
        at: Timestamp(body.at_us),
    };
    app.on_dispensed(&event, dispensed).await
}

async fn captured(app: App, event: Event, body: settlement::PaymentCaptured) -> Result<(), SupervisionError> {
    let amounts = Amounts {
        fund: Fen(body.fund_pay_sumamt_fen),
        account: Fen(body.acct_pay_fen),
        relative: Fen(body.acct_mulaid_pay_fen),
        cash: Fen(body.psn_cash_pay_fen),
    };
    app.on_captured(&event, body.payment_id, body.fixmedins_code, amounts, Timestamp(body.at_us)).await
}

async fn partly_refunded(
    app: App,
    event: Event,
    body: settlement::PaymentPartlyRefunded,
) -> Result<(), SupervisionError> {
    let amounts = Amounts {
        fund: Fen(body.fund_pay_sumamt_fen),
        account: Fen(body.acct_pay_fen),
        relative: Fen(body.acct_mulaid_pay_fen),
        cash: Fen(body.psn_cash_pay_fen),
    };
    app.on_partly_refunded(&event, (&body.refund_id, &body.payment_id), amounts, Timestamp(body.at_us)).await
}

async fn refunded(app: App, event: Event, body: settlement::PaymentRefunded) -> Result<(), SupervisionError> {
    app.on_refunded(&event, &body.payment_id, Timestamp(body.at_us)).await
}
