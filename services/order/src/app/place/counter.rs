//! A prescription filled over the counter (外配处方): the pharmacy has claimed and reviewed it, the patient stands there.

use liufang_kernel::Quantity;
use liufang_kernel::region::SchemeKind;
use liufang_platform::Call;

use super::super::App;
use super::prescription::{approved, asked};
use super::{Draft, Place, gate};
use crate::domain::Fees;
use crate::error::{self, OrderError};
use crate::rpc::PriceAsked;

impl App {
    /// Whom it is for stands on the prescription; secret and sale are checked where it is taken over.
    pub(super) async fn draft_counter(
        &self,
        call: &Call<Place>,
        pharmacy: &str,
    ) -> Result<Draft, OrderError> {
        let (body, now) = (&call.body, call.meta.now);
        let found = self.peers.prescription(&body.hi_rxno).await?;
        if found.holder != pharmacy {
            return Err(OrderError::rule(&error::PRESCRIPTION_NOT_FOUND));
        }
        if let Some(ended) = found.refusal {
            return Err(OrderError::rule(ended));
        }
        let person = found.person_id.as_str();
        self.verified(person).await?;
        let region = self.peers.institution(&found.hospital, now).await?.region;
        let scheme = gate::open_scheme(self.pack(&region)?, SchemeKind::ChronicRenewal, now)?;
        if !scheme.settles_counter() {
            return Err(OrderError::rule(&error::COUNTER_NOT_SETTLED_HERE));
        }
        if scheme.disease(&found.dise_codg).is_none() {
            return Err(OrderError::rule(&error::DISEASE_NOT_IN_SCHEME));
        }
        gate::institution(&self.peers.institution(pharmacy, now).await?, scheme)?;
        let lines = body.sale.as_ref().map_or(&[][..], |sale| &sale.lines);
        let numbers: Vec<u32> = lines.iter().map(|(number, _)| *number).collect();
        let mut asked = asked(&found, &numbers)?;
        for (number, quantity) in lines {
            let own = asked.iter_mut().find(|own| own.line_no == *number);
            if let (Some(own), Some(quantity)) = (own, quantity) {
                take_part(own, *quantity)?;
            }
        }
        let priced = self.peers.price(pharmacy, &asked, false).await?;
        self.peers.check_mutual_aid(person, &body.payers.holders, &region, now).await?;
        Ok(Draft {
            fixmedins_code: pharmacy.to_owned(),
            fees: Fees::default(),
            cold_chain: priced.iter().any(|drug| drug.cold),
            lines: priced.into_iter().map(|drug| approved(drug, &found)).collect(),
            pay_by: self.pay_by(&region, now)?,
            person_id: found.person_id,
            region,
        })
    }
}

/// Less than what is left of a line.
fn take_part(asked: &mut PriceAsked, quantity: Quantity) -> Result<(), OrderError> {
    if asked.quantity < quantity {
        return Err(OrderError::field("lines", "must be at most what is left of the line"));
    }
    asked.quantity = quantity;
    Ok(())
}
