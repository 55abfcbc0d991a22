//! Prescriptions and visits.

use liufang_kernel::{Fen, Quantity, ReasonDoc, Timestamp, UnitPrice};
use liufang_platform::{PeerFault, outgoing};
use liufang_proto::prescription::v1 as pb;
use pb::circulation_service_client::CirculationServiceClient;
use pb::prescription_service_client::PrescriptionServiceClient;
use pb::visit_service_client::VisitServiceClient;
use tonic::Request;

use super::Peers;
use super::numbers::{line_no, number, optional, present};
use crate::domain::{Argument, Order, Visit, handed_out};
use crate::error::{self, OrderError};

/// What an order needs of a prescription. The disease is personal: it is fetched when needed and not kept.
pub struct Prescription {
    pub person_id: String,
    pub hospital: String,
    /// Pharmacy that holds it; empty when free.
    pub holder: String,
    /// Why no order may be placed over it; `None` while it is active.
    pub refusal: Option<&'static ReasonDoc>,
    pub dise_codg: String,
    pub lines: Vec<PrescribedLine>,
}

/// One prescribed line.
pub struct PrescribedLine {
    pub line_no: u32,
    pub med_list_codg: String,
    /// What is left of it.
    pub quantity: Quantity,
    pub hospital_price: UnitPrice,
    pub hosp_appr_flag: String,
    /// Days that what is left supplies, a broken day being a day.
    pub use_days: u16,
}

fn prescribed(line: pb::RxLine) -> Result<PrescribedLine, OrderError> {
    let days = optional::<Quantity>(&line.medc_days)?.unwrap_or_default();
    let whole: Quantity = number(&line.drug_cnt)?;
    let given = optional::<Quantity>(&line.dispensed_cnt)?.unwrap_or_default();
    let rest = if line.taken { whole } else { whole - given };
    // the days that the rest lasts
    let part = i128::from(days.0) * i128::from(rest.0) / i128::from(whole.0.max(1));
    let use_days = u16::try_from(Quantity(i64::try_from(part).unwrap_or(i64::MAX)).begun());
    Ok(PrescribedLine {
        line_no: u32::try_from(line.line_no).unwrap_or_default(),
        med_list_codg: line.med_list_codg,
        quantity: rest,
        hospital_price: number(&line.drug_pric)?,
        hosp_appr_flag: line.hosp_appr_flag,
        use_days: use_days.map_err(|_| OrderError::Unreadable("days of supply"))?,
    })
}

/// The words of the prescription service for a state that is not active.
fn inactive(state: pb::PrescriptionState) -> Option<&'static ReasonDoc> {
    match state {
        pb::PrescriptionState::Active => None,
        pb::PrescriptionState::Expired => Some(&error::PRESCRIPTION_EXPIRED),
        pb::PrescriptionState::Revoked => Some(&error::PRESCRIPTION_REVOKED),
        pb::PrescriptionState::Refused => Some(&error::PRESCRIPTION_REFUSED),
        _ => Some(&error::PRESCRIPTION_NOT_ACTIVE),
    }
}

impl Peers {
    /// One prescription.
    pub async fn prescription(&self, hi_rxno: &str) -> Result<Prescription, OrderError> {
        let request = pb::GetPrescriptionRequest { hi_rxno: hi_rxno.to_owned() };
        let mut client = PrescriptionServiceClient::new(self.prescription_mesh());
        let answer = client.get_prescription(Request::new(request)).await.map_err(PeerFault::from)?;
        let mut found = present(answer.into_inner().prescription)?;
        // what was handed out before is not bought again; of one that is used up its own service says so
        if found.lines.iter().any(|line| !line.taken) {
            found.lines.retain(|line| !line.taken);
        }
        Ok(Prescription {
            refusal: inactive(found.state()),
            person_id: found.person_id,
            hospital: found.fixmedins_code,
            holder: found.holder_fixmedins_code,
            dise_codg: found.dise_codg,
            lines: found.lines.into_iter().map(prescribed).collect::<Result<_, _>>()?,
        })
    }

    /// Circulates the prescription to the order's pharmacy.
    pub async fn nominate(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request = pb::NominateRequest {
            hi_rxno: order.hi_rxno.clone(),
            person_id: order.person_id.clone(),
            fixmedins_code: order.fixmedins_code.clone(),
            order_id: order.id.clone(),
        };
        let mut client = PrescriptionServiceClient::new(self.prescription_mesh());
        client.nominate(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Puts the order in the place of the sale that `argument` names.
    pub async fn take_over(&self, order: &Order, argument: &Argument, key: String) -> Result<(), OrderError> {
        let request = pb::TakeOverSaleRequest {
            hi_rxno: order.hi_rxno.clone(),
            sale_id: argument.sale_id.clone(),
            secret: argument.secret.clone(),
            fixmedins_code: order.fixmedins_code.clone(),
            order_id: order.id.clone(),
        };
        let mut client = CirculationServiceClient::new(self.prescription_mesh());
        client.take_over_sale(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Takes nomination or claim back.
    pub async fn release_nomination(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request =
            pb::ReleaseNominationRequest { hi_rxno: order.hi_rxno.clone(), order_id: order.id.clone() };
        let mut client = PrescriptionServiceClient::new(self.prescription_mesh());
        client.release_nomination(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Whether 7207 would let the order hand out now. Changes nothing.
    pub async fn check_dispense(&self, order: &Order, secret: &str) -> Result<(), OrderError> {
        let request = pb::CheckDispenseRequest {
            hi_rxno: order.hi_rxno.clone(),
            order_id: order.id.clone(),
            secret: secret.to_owned(),
        };
        let mut client = CirculationServiceClient::new(self.prescription_mesh());
        client.check_dispense(Request::new(request)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Marks the sold lines dispensed: 7207.
    pub async fn record_dispense(&self, order: &Order, secret: &str, key: String) -> Result<(), OrderError> {
        let lines = handed_out(&order.sold).into_iter().map(|lot| pb::DispensedLine {
            line_no: line_no(lot.line_no),
            quantity: lot.quantity.to_string(),
            med_list_codg: lot.med_list_codg,
            manu_lotnum: lot.manu_lotnum,
            // stock is known by the maker's lot
            bchno: String::new(),
        });
        let request = pb::RecordDispenseRequest {
            hi_rxno: order.hi_rxno.clone(),
            order_id: order.id.clone(),
            secret: secret.to_owned(),
            lines: lines.collect(),
            last: true,
        };
        let mut client = CirculationServiceClient::new(self.prescription_mesh());
        client.record_dispense(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Frees the lines again: 7208.
    pub async fn reverse_dispense(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request =
            pb::ReverseDispenseRequest { hi_rxno: order.hi_rxno.clone(), order_id: order.id.clone() };
        let mut client = CirculationServiceClient::new(self.prescription_mesh());
        client.reverse_dispense(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// One visit.
    pub async fn visit(&self, visit_id: &str) -> Result<Visit, OrderError> {
        let request = pb::GetVisitRequest { visit_id: visit_id.to_owned() };
        let mut client = VisitServiceClient::new(self.prescription_mesh());
        let answer = client.get_visit(Request::new(request)).await.map_err(PeerFault::from)?;
        let found = present(answer.into_inner().visit)?;
        Ok(Visit {
            booked: found.state() == pb::VisitState::Booked,
            person_id: found.person_id,
            fixmedins_code: found.fixmedins_code,
            fee: Fen(found.fee_fen),
            pay_by: Timestamp(found.pay_by_us),
        })
    }

    /// Tells that the fee is paid.
    pub async fn mark_visit_paid(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request =
            pb::MarkVisitPaidRequest { visit_id: order.visit_id.clone(), order_id: order.id.clone() };
        let mut client = VisitServiceClient::new(self.prescription_mesh());
        client.mark_visit_paid(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }

    /// Gives the booking up; refused once the doctor took the visit.
    pub async fn release_visit(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request =
            pb::ReleaseVisitRequest { visit_id: order.visit_id.clone(), order_id: order.id.clone() };
        let mut client = VisitServiceClient::new(self.prescription_mesh());
        client.release_visit(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }
}
