//! The consultation fee 诊察费 of a booked visit.

use liufang_kernel::{Quantity, Ratio, UnitPrice};
use liufang_platform::Call;

use super::super::App;
use super::{Draft, Place};
use crate::domain::{Fees, Line};
use crate::error::{self, OrderError};
use crate::store::orders;

/// One fen in millionths of a yuan.
const MICRO_PER_FEN: i64 = 10_000;

impl App {
    pub(super) async fn draft_consultation(
        &self,
        call: &Call<Place>,
        person: &str,
    ) -> Result<Draft, OrderError> {
        let now = call.meta.now;
        let visit = self.peers.visit(&call.body.visit_id).await?;
        if visit.person_id != person {
            return Err(OrderError::rule(&error::VISIT_NOT_FOUND));
        }
        if !visit.booked || visit.pay_by <= now {
            return Err(OrderError::rule(&error::VISIT_NOT_OPEN));
        }
        if let Some(other) = orders::of_visit(self.deps.db.read(), &call.body.visit_id).await? {
            return Err(OrderError::rule_with(&error::ORDER_EXISTS, "order_id", other));
        }
        let region = self.peers.institution(&visit.fixmedins_code, now).await?.region;
        self.peers.check_mutual_aid(person, &call.body.payers.holders, &region, now).await?;
        let fee = Line {
            line_no: 1,
            med_list_codg: String::new(),
            name: "诊察费".to_owned(),
            quantity: Quantity::whole(1),
            price: UnitPrice(visit.fee.0 * MICRO_PER_FEN),
            amount: visit.fee,
            hi_mark: true,
            chrgitm_lv: "1".to_owned(),
            first_selfpay: Ratio::ZERO,
            pay_standard: None,
            restricted: false,
            hosp_appr_flag: String::new(),
        };
        Ok(Draft {
            person_id: person.to_owned(),
            region,
            fixmedins_code: visit.fixmedins_code,
            lines: vec![fee],
            fees: Fees::default(),
            cold_chain: false,
            pay_by: visit.pay_by,
        })
    }
}
