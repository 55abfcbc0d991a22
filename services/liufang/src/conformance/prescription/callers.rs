//! Everybody who may come to the door, each with a good credential of their own.

use anyhow::Result;

use super::stage::{
    COURIER, DOCTOR, HOSPITAL, HOSPITAL_PHARMACIST, OTHER_DOCTOR, OTHER_HOSPITAL, OTHER_PATIENT,
    OTHER_PHARMACIST, OTHER_PHARMACY, PATIENT, PHARMACIST, PHARMACY, PLATFORM, REGION, Stage,
};
use crate::client::{Answer, Operator, Patient, Refusal, Session};
use crate::seed::cast;

/// Who calls, and the practitioners' own tokens.
pub struct Callers {
    pub patient: Patient,
    sessions: Vec<(&'static str, Session)>,
    pub doctor: String,
    pub doctor_2: String,
    pub hospital_pharmacist: String,
    pub pharmacist: String,
    pub other_pharmacist: String,
}

impl Callers {
    pub async fn of(stage: &Stage) -> Result<Callers> {
        let gateway = &stage.gateway;
        let patient = stage.patient(PATIENT).await?;
        let platform = cast::platform(gateway, PLATFORM)?;
        let by_platform = platform.register(&stage.seed.person(PATIENT)?.citizen()).await?;
        let (his, other_his) = (stage.his(HOSPITAL)?, stage.his(OTHER_HOSPITAL)?);
        let (pos, other_pos) = (stage.pos(PHARMACY)?, stage.pos(OTHER_PHARMACY)?);
        let sessions = vec![
            ("patient", patient.session().clone()),
            ("patient by platform", by_platform.session().clone()),
            ("other patient", stage.patient(OTHER_PATIENT).await?.session().clone()),
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
            sessions,
            doctor: none(),
            doctor_2: none(),
            hospital_pharmacist: none(),
            pharmacist: none(),
            other_pharmacist: none(),
        };
        callers.renew(stage).await?;
        Ok(callers)
    }

    /// New tokens of the practitioners, which are good for minutes.
    pub async fn renew(&mut self, stage: &Stage) -> Result<()> {
        let (his, pos) = (stage.his(HOSPITAL)?, stage.pos(PHARMACY)?);
        self.doctor = his.token_of(&stage.practitioner(DOCTOR)?).await?;
        self.doctor_2 = his.token_of(&stage.practitioner(OTHER_DOCTOR)?).await?;
        self.hospital_pharmacist = his.token_of(&stage.practitioner(HOSPITAL_PHARMACIST)?).await?;
        self.pharmacist = pos.token_of(&stage.practitioner(PHARMACIST)?).await?;
        let other_pos = stage.pos(OTHER_PHARMACY)?;
        self.other_pharmacist = other_pos.token_of(&stage.practitioner(OTHER_PHARMACIST)?).await?;
        Ok(())
    }

    /// The session of a caller; a twist after the comma changes the request, not the caller.
    pub fn session(&self, caller: &str) -> Answer<&Session> {
        let base = caller.split(", ").next().unwrap_or_default();
        let own = self.sessions.iter().find(|(name, _)| *name == base);
        let (_, session) = own.ok_or_else(|| Refusal::local("CALLER_UNKNOWN", base))?;
        Ok(session)
    }
}
