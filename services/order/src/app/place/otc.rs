//! Non-prescription drugs from personal accounts (`domain.md` §9.1).

use liufang_kernel::region::SchemeKind;
use liufang_platform::Call;

use super::super::App;
use super::{Draft, Place, gate};
use crate::error::{self, OrderError};
use crate::rpc::{PriceAsked, Priced};

impl App {
    pub(super) async fn draft_otc(&self, call: &Call<Place>, person: &str) -> Result<Draft, OrderError> {
        let (body, now) = (&call.body, call.meta.now);
        let pack = self.pack(&body.region)?;
        let scheme = gate::open_scheme(pack, SchemeKind::OtcAccount, now)?;
        self.verified(person).await?;
        gate::institution(&self.peers.institution(&body.fixmedins_code, now).await?, scheme)?;
        gate::way(body, &call.meta.principal.client, scheme)?;
        let priced = self.peers.price(&body.fixmedins_code, &asked(body), true).await?;
        let sells_unmarked = scheme.otc.as_ref().is_some_and(|rules| rules.sells_unmarked);
        for drug in &priced {
            if let Some(ban) = gate::online_ban(pack, drug, now) {
                return Err(OrderError::rule_with(&error::ONLINE_FORBIDDEN, "ban", ban));
            }
            if !drug.line.hi_mark && !sells_unmarked {
                return Err(OrderError::rule(&error::UNMARKED_NOT_SOLD));
            }
        }
        self.peers.check_mutual_aid(person, &body.payers.holders, &body.region, now).await?;
        let cold_chain = priced.iter().any(|drug| drug.cold);
        Ok(Draft {
            person_id: person.to_owned(),
            region: body.region.clone(),
            fixmedins_code: body.fixmedins_code.clone(),
            fees: self.fees(body, &body.region, cold_chain).await?,
            lines: priced.into_iter().map(|Priced { line, .. }| line).collect(),
            cold_chain,
            pay_by: self.pay_by(&body.region, now)?,
        })
    }
}

fn asked(body: &Place) -> Vec<PriceAsked> {
    let asked = |(line_no, item): (u32, &crate::domain::BasketItem)| PriceAsked {
        line_no,
        med_list_codg: item.med_list_codg.clone(),
        quantity: item.quantity,
        ceiling: None,
        prescribed_code: String::new(),
        use_days: 0,
    };
    (1..).zip(&body.items).map(asked).collect()
}
