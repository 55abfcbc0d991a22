//! What patient and pharmacy do without an order: the patient shows who they are, and the counter fills what they choose.

use liufang_proto::prescription::v1::circulation_service_client::CirculationServiceClient;
use liufang_proto::prescription::v1::prescription_service_client::PrescriptionServiceClient;
use liufang_proto::prescription::v1::{
    ClaimAtCounterRequest, DispenseAtCounterRequest, OpenCounterRequest, PresentPrescriptionRequest,
    ReturnAtCounterRequest,
};

use super::calls::{Asked, Said, send};
use crate::client::{Answer, Session};

impl Asked<'_> {
    pub(super) async fn present(self) -> Answer<Said> {
        self.qr(self.session).await?;
        Ok(Said::word("OK"))
    }

    async fn qr(&self, session: &Session) -> Answer<String> {
        let body = PresentPrescriptionRequest { hi_rxno: self.sheet.hi_rxno.clone() };
        Ok(send!(write session, PrescriptionServiceClient.present_prescription(body)).qr_token)
    }

    /// With a fresh proof of the patient, or a fresh QR: who can show none sends one that opens nothing.
    pub(super) async fn open_counter(self) -> Answer<Said> {
        let Asked { operation, caller, twist, session, sheet, callers } = &self;
        let at = match *caller {
            "pharmacy" => Some(&callers.pos),
            "other pharmacy" => Some(&callers.other_pos),
            _ => None,
        };
        let mut body = OpenCounterRequest::default();
        // one QR of a prescription is good at a time: nobody else may get one before it is read
        let _alone = if *operation == "OpenCounterByQr" { Some(callers.showing.lock().await) } else { None };
        match at {
            None => body.qr_token = "none".to_owned(),
            Some(_) if *operation == "OpenCounterByQr" => {
                body.qr_token =
                    self.qr(callers.patient.session()).await.unwrap_or_else(|_| "none".to_owned());
            }
            Some(_) if twist.has("spent proof") => body.presence_token.clone_from(&callers.spent_proof),
            Some(pos) => body.presence_token = callers.proof(pos).await?,
        }
        let items = send!(write session, CirculationServiceClient.open_counter(body)).items;
        Ok(Said::listed(items.iter().any(|item| item.hi_rxno == sheet.hi_rxno)))
    }

    pub(super) async fn claim_at_counter(self) -> Answer<Said> {
        let Asked { caller, twist, session, sheet, callers, .. } = self;
        let stranger = twist.has("stranger's proof");
        let elsewhere = (caller == "other pharmacy") != twist.has("other counter's token");
        let counter_token = match (stranger, elsewhere) {
            (true, _) => &callers.stranger_counter,
            (false, true) => &callers.other_counter,
            (false, false) => &callers.counter,
        };
        let (counter_token, hi_rxno) = (counter_token.clone(), sheet.hi_rxno.clone());
        let body = ClaimAtCounterRequest { counter_token, hi_rxno };
        let reply = send!(write session, CirculationServiceClient.claim_at_counter(body));
        Ok(Said { secret: Some(reply.secret), sale_id: Some(reply.sale_id), ..Said::word("OK") })
    }

    /// What is left of it, or a part.
    pub(super) async fn dispense_at_counter(self) -> Answer<Said> {
        let Asked { operation, twist, session, sheet, callers, .. } = self;
        let whole = operation == "DispenseAtCounter";
        let body = DispenseAtCounterRequest {
            hi_rxno: sheet.hi_rxno.clone(),
            secret: twist.secret(&sheet.secret),
            pharmacist_token: twist.token(&callers.pharmacist, &callers.other_pharmacist),
            lines: sheet.left.handed_out(whole, twist.has("too much")),
            last: operation != "DispensePartAtCounter",
        };
        send!(write session, CirculationServiceClient.dispense_at_counter(body));
        Ok(Said::word("OK"))
    }

    pub(super) async fn return_at_counter(self) -> Answer<Said> {
        let Asked { session, sheet, .. } = self;
        let body = ReturnAtCounterRequest { hi_rxno: sheet.hi_rxno.clone(), sale_id: sheet.sale_id.clone() };
        send!(write session, CirculationServiceClient.return_at_counter(body));
        Ok(Said::word("OK"))
    }
}
