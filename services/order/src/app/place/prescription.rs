//! Renewal of a chronic-disease prescription at a pharmacy of the patient's choice (`domain.md` §9.3).

use liufang_kernel::region::SchemeKind;
use liufang_platform::Call;

use super::super::App;
use super::{Draft, Place, gate};
use crate::domain::Fulfilment;
use crate::error::{self, OrderError};
use crate::rpc::{Prescription, PriceAsked, Priced};

impl App {
    pub(super) async fn draft_prescription(
        &self,
        call: &Call<Place>,
        person: &str,
    ) -> Result<Draft, OrderError> {
        let (body, now) = (&call.body, call.meta.now);
        let found = self.peers.prescription(&body.hi_rxno).await?;
        if found.person_id != person {
            return Err(OrderError::rule(&error::PRESCRIPTION_NOT_FOUND));
        }
        if let Some(ended) = found.refusal {
            return Err(OrderError::rule(ended));
        }
        if !body.risk_confirmed {
            return Err(OrderError::rule(&error::RISK_NOT_CONFIRMED));
        }
        self.verified(person).await?;
        let region = self.peers.institution(&found.hospital, now).await?.region;
        let pack = self.pack(&region)?;
        let scheme = gate::open_scheme(pack, SchemeKind::ChronicRenewal, now)?;
        if scheme.disease(&found.dise_codg).is_none() {
            return Err(OrderError::rule(&error::DISEASE_NOT_IN_SCHEME));
        }
        gate::institution(&self.peers.institution(&body.fixmedins_code, now).await?, scheme)?;
        gate::way(body, &call.meta.principal.client, scheme)?;
        let asked = asked(&found, &body.line_nos)?;
        let priced = self.peers.price(&body.fixmedins_code, &asked, false).await?;
        // a drug that may not go over the net may still be fetched
        if body.fulfilment == Fulfilment::Delivery
            && let Some(ban) = priced.iter().find_map(|drug| gate::online_ban(pack, drug, now))
        {
            return Err(OrderError::rule_with(&error::ONLINE_FORBIDDEN, "ban", ban));
        }
        self.peers.check_mutual_aid(person, &body.payers.holders, &region, now).await?;
        let cold_chain = priced.iter().any(|drug| drug.cold);
        Ok(Draft {
            person_id: person.to_owned(),
            fixmedins_code: body.fixmedins_code.clone(),
            fees: self.fees(body, &region, cold_chain).await?,
            lines: priced.into_iter().map(|drug| approved(drug, &found)).collect(),
            cold_chain,
            pay_by: self.pay_by(&region, now)?,
            region,
        })
    }
}

/// The same drug under the hospital's price, line by line: the wanted lines, or everything that is left.
pub(super) fn asked(found: &Prescription, wanted: &[u32]) -> Result<Vec<PriceAsked>, OrderError> {
    let has = |number: &u32| found.lines.iter().any(|line| line.line_no == *number);
    if !wanted.iter().all(has) {
        return Err(OrderError::field("line_nos", "must be lines that are not handed out yet"));
    }
    let asked = |line: &crate::rpc::PrescribedLine| PriceAsked {
        line_no: line.line_no,
        med_list_codg: line.med_list_codg.clone(),
        quantity: line.quantity,
        ceiling: Some(line.hospital_price),
        prescribed_code: line.med_list_codg.clone(),
        use_days: line.use_days,
    };
    let lines = found.lines.iter().filter(|line| wanted.is_empty() || wanted.contains(&line.line_no));
    Ok(lines.map(asked).collect())
}

/// The hospital's approval of a restricted drug belongs to the line it stands on.
pub(super) fn approved(drug: Priced, found: &Prescription) -> crate::domain::Line {
    let mut line = drug.line;
    if let Some(own) = found.lines.iter().find(|own| own.line_no == line.line_no) {
        line.hosp_appr_flag = own.hosp_appr_flag.clone();
    }
    line
}
