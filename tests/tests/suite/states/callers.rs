//! Everybody who may come to the door, each with a good credential of their own.

use liufang::client::{Patient, Session};

use super::super::cast::*;

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
    pub async fn of(cast: &Cast) -> Callers {
        let patient = cast.patient(1).await;
        let (his, other_his) = (cast.his(HOSPITAL), cast.his(OTHER_HOSPITAL));
        let (pos, other_pos) = (cast.pos(SHOP), cast.pos(SHOP_2));
        let sessions = vec![
            ("patient", patient.session().clone()),
            ("patient by platform", cast.patient_through("jd", 1).await.session().clone()),
            ("other patient", cast.patient(3).await.session().clone()),
            ("platform", cast.platform("jd").session().clone()),
            ("hospital", his.session().clone()),
            ("other hospital", other_his.session().clone()),
            ("pharmacy", pos.session().clone()),
            ("other pharmacy", other_pos.session().clone()),
            ("courier", cast.courier(RIDER).session().clone()),
            ("agency", cast.agency(QINHUANGDAO).session().clone()),
            ("supervisor", cast.supervisor(QINHUANGDAO).session().clone()),
            ("operator", cast.operator().session().clone()),
            ("nobody", Session::anonymous(&cast.gateway)),
        ];
        Callers {
            patient,
            sessions,
            doctor: his.token_of(&cast.practitioner(DOCTOR)).await.unwrap(),
            doctor_2: his.token_of(&cast.practitioner(DOCTOR_2)).await.unwrap(),
            hospital_pharmacist: his.token_of(&cast.practitioner(HOSPITAL_PHARMACIST)).await.unwrap(),
            pharmacist: pos.token_of(&cast.practitioner(SHOP_PHARMACIST)).await.unwrap(),
            other_pharmacist: other_pos.token_of(&cast.practitioner(SHOP_2_PHARMACIST)).await.unwrap(),
        }
    }

    /// The session of a caller; a twist after the comma changes the request, not the caller.
    pub fn session(&self, caller: &str) -> &Session {
        let base = caller.split(", ").next().unwrap_or_default();
        &self.sessions.iter().find(|(name, _)| *name == base).expect("a known caller").1
    }
}
