//! News of this service as events of the contract. Consumes what was paid for an order, where a hospital is told of it.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Consumer, DbFault, Event, Module, Work};
use liufang_proto::prescription::v1 as pb;
use liufang_proto::settlement::v1::PaymentCaptured;

use crate::app::App;
use crate::domain::dispense::HandOut;
use crate::domain::notice::Paid;
use crate::domain::operation::News;
use crate::domain::prescription::Prescription;

/// Name of every consumer of this role.
const NAME: &str = "prescription";

/// Adds the consumers; none where no hospital is told.
pub fn consumers(module: Module, app: &App) -> Module {
    if !app.tells_hospitals() {
        return module;
    }
    let app = app.clone();
    module.consumer(Consumer::new::<PaymentCaptured, _, _, _>(NAME, move |event: Event, body| {
        let app = app.clone();
        async move { app.on_paid(&event, NAME, &body.order_id, &paid(&body)).await }
    }))
}

fn paid(body: &PaymentCaptured) -> Paid {
    Paid {
        setl_id: body.setl_id.clone(),
        fund: Fen(body.fund_pay_sumamt_fen),
        account: Fen(body.acct_pay_fen),
        relatives: Fen(body.acct_mulaid_pay_fen),
        cash: Fen(body.psn_cash_pay_fen),
        at: Timestamp(body.at_us),
    }
}

/// Puts one piece of news into the outbox.
pub async fn push(work: &Work, rx: &Prescription, news: &News, now: Timestamp) -> Result<(), DbFault> {
    let key = rx.hi_rxno.as_str();
    match news {
        News::Activated => work.push(&activated(rx, now), key).await,
        News::Claimed { order_id, pharmacy } => {
            let event = pb::PrescriptionClaimed {
                hi_rxno: key.to_owned(),
                order_id: order_id.clone(),
                fixmedins_code: pharmacy.clone(),
                at_us: now.0,
            };
            work.push(&event, key).await
        }
        News::Reviewed { order_id, pharmacy, passed } => {
            let event = pb::PrescriptionReviewed {
                hi_rxno: key.to_owned(),
                order_id: order_id.clone(),
                fixmedins_code: pharmacy.clone(),
                passed: *passed,
                at_us: now.0,
            };
            work.push(&event, key).await
        }
        News::Released { order_id, reason } => {
            let event = pb::PrescriptionReleased {
                hi_rxno: key.to_owned(),
                order_id: order_id.clone(),
                reason: reason.word().to_owned(),
                at_us: now.0,
            };
            work.push(&event, key).await
        }
    }
}

fn activated(rx: &Prescription, now: Timestamp) -> pb::PrescriptionActivated {
    pb::PrescriptionActivated {
        hi_rxno: rx.hi_rxno.clone(),
        person_id: rx.person_id.clone(),
        fixmedins_code: rx.hospital.clone(),
        doctor_code: rx.doctor.clone(),
        med_list_codgs: rx.lines.iter().map(|line| line.drug.clone()).collect(),
        at_us: now.0,
    }
}

/// Lines were handed out.
pub async fn push_dispensed(
    work: &Work,
    rx: &Prescription,
    parts: &[HandOut],
    now: Timestamp,
) -> Result<(), DbFault> {
    let event = pb::PrescriptionDispensed {
        hi_rxno: rx.hi_rxno.clone(),
        order_id: rx.order_id.clone(),
        fixmedins_code: rx.holder.clone(),
        person_id: rx.person_id.clone(),
        med_list_codgs: parts.iter().map(|part| part.drug.clone()).collect(),
        at_us: now.0,
    };
    work.push(&event, &rx.hi_rxno).await
}
