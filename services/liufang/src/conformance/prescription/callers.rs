//! Everybody who may come to the door, each with a good credential of their own.

use anyhow::Result;
use liufang_proto::identity::v1::DecodeInsuranceCodeRequest;
use liufang_proto::prescription::v1::OpenCounterRequest;
use tokio::sync::Mutex;

use super::stage::{
    COURIER, DOCTOR, HOSPITAL, HOSPITAL_PHARMACIST, OTHER_DOCTOR, OTHER_HOSPITAL, OTHER_PATIENT,
    OTHER_PHARMACIST, OTHER_PHARMACY, PATIENT, PHARMACIST, PHARMACY, PLATFORM, REGION, Stage,
};
use crate::client::{Answer, Operator, Patient, Pos, Refusal, Session};
use crate::seed::cast;

/// Who calls, and the practitioners' own tokens.
pub struct Callers {
    pub patient: Patient,
    stranger: Patient,
    pub pos: Pos,
    pub other_pos: Pos,
    sessions: Vec<(&'static str, Session)>,
    pub doctor: String,
    pub doctor_2: String,
    pub hospital_pharmacist: String,
    pub pharmacist: String,
    pub other_pharmacist: String,
    /// What a counter gets for the patient's proof: the pharmacy's, the other one's, and the pharmacy's for somebody else.
    pub counter: String,
    pub other_counter: String,
    pub stranger_counter: String,
    /// A proof that has opened a counter.
    pub spent_proof: String,
    /// An insurance code and a QR void the one before: they are shown one after the other.
    pub showing: Mutex<()>,
}

impl Callers {
    pub async fn of(stage: &Stage) -> Result<Callers> {
        let gateway = &stage.gateway;
        let patient = stage.patient(PATIENT).await?;
        let platform = cast::platform(gateway, PLATFORM)?;
        let by_platform = platform.register(&stage.seed.person(PATIENT)?.citizen()).await?;
        let (his, other_his) = (stage.his(HOSPITAL)?, stage.his(OTHER_HOSPITAL)?);
        let (pos, other_pos) = (stage.pos(PHARMACY)?, stage.pos(OTHER_PHARMACY)?);
        let stranger = stage.patient(OTHER_PATIENT).await?;
        let sessions = vec![
            ("patient", patient.session().clone()),
            ("patient by platform", by_platform.session().clone()),
            ("other patient", stranger.session().clone()),
            ("platform", platform.session().clone()),
            ("hospital", his.session().clone()),
            ("other hospital", other_his.session().clone()),
            ("pharmacy", pos.session().clone()),
            ("other pharmacy", other_pos.session().clone()),
            ("courier", cast::courier(gateway, COURIER)?.session().clone()),
            ("agency", cast::agency(gateway, REGION)?.session().clone()),
            ("supervisor", cast::supervisor(gateway, REGION)?.session().clone()),
            ("operator", Operator::new(gateway, &stage.operator_token).session().clone()),
            ("nobody", Session::anonymous(gateway)),
        ];
        let none = String::new;
        let mut callers = Callers {
            patient,
            stranger,
            pos,
            other_pos,
            sessions,
            doctor: none(),
            doctor_2: none(),
            hospital_pharmacist: none(),
            pharmacist: none(),
            other_pharmacist: none(),
            counter: none(),
            other_counter: none(),
            stranger_counter: none(),
            spent_proof: none(),
            showing: Mutex::default(),
        };
        callers.renew(stage).await?;
        Ok(callers)
    }

    /// New tokens of the practitioners and of the counters, which are good for minutes.
    pub async fn renew(&mut self, stage: &Stage) -> Result<()> {
        let (his, pos) = (stage.his(HOSPITAL)?, stage.pos(PHARMACY)?);
        self.doctor = his.token_of(&stage.practitioner(DOCTOR)?).await?;
        self.doctor_2 = his.token_of(&stage.practitioner(OTHER_DOCTOR)?).await?;
        self.hospital_pharmacist = his.token_of(&stage.practitioner(HOSPITAL_PHARMACIST)?).await?;
        self.pharmacist = pos.token_of(&stage.practitioner(PHARMACIST)?).await?;
        let other_pos = stage.pos(OTHER_PHARMACY)?;
        self.other_pharmacist = other_pos.token_of(&stage.practitioner(OTHER_PHARMACIST)?).await?;
        (self.counter, self.spent_proof) = opened(&self.patient, &pos).await?;
        (self.other_counter, _) = opened(&self.patient, &other_pos).await?;
        (self.stranger_counter, _) = opened(&self.stranger, &pos).await?;
        Ok(())
    }

    /// A proof that the patient stands at a counter of `session`, one after the other.
    pub async fn proof(&self, pos: &Pos) -> Answer<String> {
        let _alone = self.showing.lock().await;
        shown(&self.patient, pos).await
    }

    /// The session of a caller; a twist after the comma changes the request, not the caller.
    pub fn session(&self, caller: &str) -> Answer<&Session> {
        let base = caller.split(", ").next().unwrap_or_default();
        let own = self.sessions.iter().find(|(name, _)| *name == base);
        let (_, session) = own.ok_or_else(|| Refusal::local("CALLER_UNKNOWN", base))?;
        Ok(session)
    }
}

/// An insurance code of the patient, decoded into a proof of presence.
async fn shown(patient: &Patient, pos: &Pos) -> Answer<String> {
    let code = patient.issue_insurance_code(Default::default()).await?.code;
    let body = DecodeInsuranceCodeRequest { code, business_type: "02122".to_owned() };
    Ok(pos.decode_insurance_code(body).await?.presence_token)
}

/// A counter's token, and the proof that it was got for.
async fn opened(patient: &Patient, pos: &Pos) -> Answer<(String, String)> {
    let presence_token = shown(patient, pos).await?;
    let body = OpenCounterRequest { presence_token: presence_token.clone(), ..Default::default() };
    Ok((pos.open_counter(body).await?.counter_token, presence_token))
}
