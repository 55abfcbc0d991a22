//! Each operation of the table as a call at the door, with everything the right caller would send.

use std::time::Duration;

use liufang_proto::common::v1::{Channel, Fulfilment};
use liufang_proto::order::v1::order_service_client::OrderServiceClient;
use liufang_proto::order::v1::{
    CancelOrderRequest, CollectOrderRequest, DispenseOrderRequest, OrderKind, PayOrderRequest,
    PlaceOrderRequest, ReturnOrderRequest,
};
use liufang_proto::prescription::v1::circulation_service_client::CirculationServiceClient;
use liufang_proto::prescription::v1::prescribing_service_client::PrescribingServiceClient;
use liufang_proto::prescription::v1::prescription_service_client::PrescriptionServiceClient;
use liufang_proto::prescription::v1::{
    CheckDispenseRequest, ClaimRequest, DispensedLine, GetPrescriptionRequest, GetSignedDocumentRequest,
    GetSigningDocumentRequest, GiveBackRequest, ListMyPrescriptionsRequest, ListPharmacyQueueRequest,
    NominateRequest, RecordDispenseRequest, RecoverSecretRequest, ReleaseNominationRequest,
    ReverseDispenseRequest, ReviewDraftRequest, ReviewRequest, RevokeRequest, TakeOverSaleRequest,
    UploadRequest,
};

use tonic::Code;

use super::callers::Callers;
use super::sheet::Sheet;
use super::stage::{DRUG, OTHER_PHARMACY, PHARMACY};
use crate::client::{Answer, Refusal, Session};

/// What an answer says in the words of the table, and what its caller learns from it.
pub struct Said {
    pub word: &'static str,
    pub secret: Option<String>,
    pub order_id: Option<String>,
    pub sale_id: Option<String>,
}

impl Said {
    pub(super) fn word(word: &'static str) -> Said {
        Said { word, secret: None, order_id: None, sale_id: None }
    }

    pub(super) fn listed(found: bool) -> Said {
        Said::word(if found { "LISTED" } else { "UNLISTED" })
    }

    fn secret(secret: String) -> Said {
        Said { secret: Some(secret), ..Said::word("OK") }
    }
}

/// A call of a generated client through a session: `mode session, Client.method(body)`.
macro_rules! send {
    ($mode:ident $session:expr, $client:ident.$method:ident($body:expr)) => {
        $session
            .$mode($body, |channel, request| async move { $client::new(channel).$method(request).await })
            .await?
    };
}

pub(super) use send;

/// What is spoilt, e.g. `wrong secret and forged token`; empty: nothing.
#[derive(Clone, Copy)]
pub(super) struct Twist<'a>(&'a str);

impl Twist<'_> {
    pub(super) fn has(self, part: &str) -> bool {
        self.0.split(" and ").any(|own| own == part)
    }

    /// The right practitioner's token, or what stands in its place.
    pub(super) fn token(self, right: &str, other: &str) -> String {
        match (self.has("forged token"), self.has("other practitioner")) {
            (true, _) => "not-a-token".to_owned(),
            (false, true) => other.to_owned(),
            _ => right.to_owned(),
        }
    }

    pub(super) fn secret(self, right: &str) -> String {
        if self.has("wrong secret") { "wrong".to_owned() } else { right.to_owned() }
    }
}

/// Who asks for what: a session and what it sends.
pub(super) struct Asked<'a> {
    pub operation: &'a str,
    pub caller: &'a str,
    pub twist: Twist<'a>,
    pub session: &'a Session,
    pub sheet: &'a Sheet,
    pub callers: &'a Callers,
}

/// Calls `operation` as `caller` would; a twist of the caller spoils one credential or the body. A door that asks for patience
/// gets it.
pub async fn call(operation: &str, caller: &str, sheet: &Sheet, callers: &Callers) -> Answer<Said> {
    let mut tries = 0;
    loop {
        match once(operation, caller, sheet, callers).await {
            Err(refusal) if refusal.code == Code::ResourceExhausted && tries < 20 => {
                tokio::time::sleep(refusal.retry_after.unwrap_or(Duration::from_millis(200))).await;
                tries += 1;
            }
            answer => return answer,
        }
    }
}

async fn once(operation: &str, caller: &str, sheet: &Sheet, callers: &Callers) -> Answer<Said> {
    let session = callers.session(caller)?;
    let (caller, twist) = caller.split_once(", ").unwrap_or((caller, ""));
    let asked = Asked { operation, caller, twist: Twist(twist), session, sheet, callers };
    match operation {
        "GetPrescription"
        | "ListMyPrescriptions"
        | "ListPharmacyQueue"
        | "GetSigningDocument"
        | "GetSignedDocument" => asked.read().await,
        "ReviewDraft" | "RefuseDraft" | "Upload" | "Revoke" | "RevokeWhenGivenBack" => {
            asked.prescribe().await
        }
        "Claim" | "RecoverSecret" | "GiveBack" | "Review" | "RefuseReview" => asked.circulate().await,
        "Nominate" | "ReleaseNomination" | "TakeOverSale" | "CheckDispense" | "RecordDispense"
        | "ReverseDispense" => asked.between_roles().await,
        "PresentPrescription" => asked.present().await,
        "OpenCounter" | "OpenCounterByQr" => asked.open_counter().await,
        "ClaimAtCounter" => asked.claim_at_counter().await,
        "DispenseAtCounter" | "DispensePartAtCounter" | "DispenseAndLeaveRest" => {
            asked.dispense_at_counter().await
        }
        "ReturnAtCounter" => asked.return_at_counter().await,
        "PlaceCounterSale" | "PlaceCounterSaleOfAPart" | "PayCounterSale" | "CancelCounterSale" => {
            asked.settled_by_the_house().await
        }
        _ => asked.order().await,
    }
}

impl Asked<'_> {
    async fn read(self) -> Answer<Said> {
        let Asked { operation, caller, session, sheet, .. } = self;
        let hi_rxno = sheet.hi_rxno.clone();
        let word = match operation {
            "GetPrescription" => {
                let body = GetPrescriptionRequest { hi_rxno };
                let reply = send!(read session, PrescriptionServiceClient.get_prescription(body));
                let rx = reply.prescription.unwrap_or_default();
                match (rx.lines.is_empty(), rx.person_id.is_empty()) {
                    // of what it holds no more, a pharmacy sees what it handed out itself
                    (false, false) if caller.ends_with("pharmacy") && rx.holder_fixmedins_code.is_empty() => {
                        "PART"
                    }
                    (false, false) => "FULL",
                    (true, true) => "OUTLINE",
                    _ => "NEITHER FULL NOR OUTLINE",
                }
            }
            "ListMyPrescriptions" => {
                let body = ListMyPrescriptionsRequest::default();
                let reply = send!(read session, PrescriptionServiceClient.list_my_prescriptions(body));
                return Ok(Said::listed(reply.prescriptions.iter().any(|rx| rx.hi_rxno == hi_rxno)));
            }
            "ListPharmacyQueue" => {
                let body = ListPharmacyQueueRequest {};
                let reply = send!(read session, CirculationServiceClient.list_pharmacy_queue(body));
                return Ok(Said::listed(reply.items.iter().any(|item| item.hi_rxno == hi_rxno)));
            }
            "GetSigningDocument" => {
                let body = GetSigningDocumentRequest { hi_rxno };
                send!(read session, PrescribingServiceClient.get_signing_document(body));
                "OK"
            }
            _ => {
                let body = GetSignedDocumentRequest { hi_rxno };
                send!(read session, PrescribingServiceClient.get_signed_document(body));
                "OK"
            }
        };
        Ok(Said::word(word))
    }

    async fn prescribe(self) -> Answer<Said> {
        let Asked { operation, twist, session, sheet, callers, .. } = self;
        let hi_rxno = sheet.hi_rxno.clone();
        match operation {
            "Upload" => {
                let other_code = twist.has("other trace code");
                let swapped = twist.has("bad signatures");
                let (doctor, pharmacist) =
                    (sheet.doctor_signature.clone(), sheet.pharmacist_signature.clone());
                let (doctor_signature, pharmacist_signature) =
                    if swapped { (pharmacist, doctor) } else { (doctor, pharmacist) };
                let rx_trace_code = if other_code { "0".repeat(20) } else { sheet.trace_code.clone() };
                let body = UploadRequest { hi_rxno, rx_trace_code, doctor_signature, pharmacist_signature };
                send!(write session, PrescribingServiceClient.upload(body));
            }
            "Revoke" | "RevokeWhenGivenBack" => {
                let doctor_token = twist.token(&callers.doctor, &callers.doctor_2);
                let when_given_back = operation == "RevokeWhenGivenBack";
                let reason = "重开".to_owned();
                let body =
                    RevokeRequest { hi_rxno, doctor_token, reason, when_given_back, later_uses: false };
                send!(write session, PrescribingServiceClient.revoke(body));
            }
            _ => {
                let pharmacist_token = twist.token(&callers.hospital_pharmacist, &callers.doctor);
                let (pass, opinion) = (operation == "ReviewDraft", "用法用量适宜".to_owned());
                let body = ReviewDraftRequest { hi_rxno, pharmacist_token, pass, opinion };
                send!(write session, PrescribingServiceClient.review_draft(body));
            }
        }
        Ok(Said::word("OK"))
    }

    async fn circulate(self) -> Answer<Said> {
        let Asked { operation, twist, session, sheet, callers, .. } = self;
        let hi_rxno = sheet.hi_rxno.clone();
        let secret = twist.secret(&sheet.secret);
        Ok(match operation {
            "Claim" => {
                let body = ClaimRequest { epc_token: sheet.token.clone() };
                Said::secret(send!(write session, CirculationServiceClient.claim(body)).secret)
            }
            "RecoverSecret" => {
                let body = RecoverSecretRequest { hi_rxno };
                Said::secret(send!(write session, CirculationServiceClient.recover_secret(body)).secret)
            }
            "GiveBack" => {
                let body = GiveBackRequest { hi_rxno, secret, reason: "缺货".to_owned() };
                send!(write session, CirculationServiceClient.give_back(body));
                Said::word("OK")
            }
            _ => {
                let pharmacist_token = twist.token(&callers.pharmacist, &callers.other_pharmacist);
                let (pass, opinion) = (operation == "Review", "处方适宜".to_owned());
                let body =
                    ReviewRequest { hi_rxno, secret, pharmacist_token, pass, opinion, ..Default::default() };
                send!(write session, CirculationServiceClient.review(body));
                Said::word("OK")
            }
        })
    }

    /// What the patient and the counter do with the order of a prescription.
    async fn order(self) -> Answer<Said> {
        let Asked { operation, twist, session, sheet, callers, .. } = self;
        let order_id = sheet.order_id.clone();
        match operation {
            "PlaceOrder" | "PlaceOrderOfALine" | "PlaceOrderElsewhere" => {
                let shop = if operation == "PlaceOrderElsewhere" { OTHER_PHARMACY } else { PHARMACY };
                let line_nos = match operation {
                    "PlaceOrderOfALine" if twist.has("no such line") => vec![9],
                    "PlaceOrderOfALine" => sheet.left.a_line(),
                    _ => Vec::new(),
                };
                let body = PlaceOrderRequest {
                    kind: OrderKind::Prescription.into(),
                    fixmedins_code: shop.to_owned(),
                    hi_rxno: sheet.hi_rxno.clone(),
                    fulfilment: Fulfilment::PickUp.into(),
                    use_account: true,
                    risk_confirmed: true,
                    line_nos,
                    ..Default::default()
                };
                let reply = send!(write session, OrderServiceClient.place_order(body));
                return Ok(Said { order_id: reply.order.map(|order| order.order_id), ..Said::word("OK") });
            }
            "PayOrder" => {
                let (quote_id, channel) = (sheet.quote_id.clone(), Channel::Wechat.into());
                send!(write session, OrderServiceClient.pay_order(PayOrderRequest { order_id, quote_id, channel, payer: None }));
            }
            "CancelOrder" => {
                send!(write session, OrderServiceClient.cancel_order(CancelOrderRequest { order_id }));
            }
            "DispenseOrder" => {
                let body = DispenseOrderRequest {
                    order_id,
                    pharmacist_token: twist.token(&callers.pharmacist, &callers.other_pharmacist),
                    secret: twist.secret(&sheet.secret),
                    scans: sheet.scans.clone(),
                };
                send!(write session, OrderServiceClient.dispense_order(body));
            }
            "CollectOrder" => {
                let body = CollectOrderRequest { order_id, collection_code: sheet.collection_code.clone() };
                send!(write session, OrderServiceClient.collect_order(body));
            }
            "ReturnOrder" => {
                let body =
                    ReturnOrderRequest { order_id, reason: "包装破损".to_owned(), ..Default::default() };
                send!(write session, OrderServiceClient.return_order(body));
            }
            unknown => return Err(Refusal::local("OPERATION_UNKNOWN", unknown)),
        }
        Ok(Said::word("OK"))
    }

    /// Methods of the contract that only roles may call.
    async fn between_roles(self) -> Answer<Said> {
        let Asked { operation, session, sheet, callers, .. } = self;
        let (hi_rxno, order_id) = (sheet.hi_rxno.clone(), sheet.order_id.clone());
        match operation {
            "Nominate" => {
                let person_id = callers.patient.person_id().to_owned();
                let body =
                    NominateRequest { hi_rxno, person_id, fixmedins_code: PHARMACY.to_owned(), order_id };
                send!(write session, PrescriptionServiceClient.nominate(body));
            }
            "ReleaseNomination" => {
                let body = ReleaseNominationRequest { hi_rxno, order_id };
                send!(write session, PrescriptionServiceClient.release_nomination(body));
            }
            "TakeOverSale" => {
                let (sale_id, secret) = (sheet.sale_id.clone(), sheet.secret.clone());
                let fixmedins_code = PHARMACY.to_owned();
                let body = TakeOverSaleRequest { hi_rxno, sale_id, secret, fixmedins_code, order_id };
                send!(write session, CirculationServiceClient.take_over_sale(body));
            }
            "CheckDispense" => {
                let body = CheckDispenseRequest { hi_rxno, order_id, secret: sheet.secret.clone() };
                send!(read session, CirculationServiceClient.check_dispense(body));
            }
            "RecordDispense" => {
                let line = DispensedLine {
                    line_no: 1,
                    quantity: "1".to_owned(),
                    med_list_codg: DRUG.to_owned(),
                    manu_lotnum: "L1".to_owned(),
                    bchno: String::new(),
                };
                let secret = sheet.secret.clone();
                let lines = vec![line];
                let body = RecordDispenseRequest { hi_rxno, order_id, secret, lines, last: false };
                send!(write session, CirculationServiceClient.record_dispense(body));
            }
            _ => {
                let body = ReverseDispenseRequest { hi_rxno, order_id };
                send!(write session, CirculationServiceClient.reverse_dispense(body));
            }
        }
        Ok(Said::word("OK"))
    }
}
