//! Notices of the mobile-payment centre (6302): a reason to ask, and nothing more.

use liufang_platform::{Begun, Call, Principal, PrincipalKind};

use crate::app::App;
use crate::domain::payment::{Journal, Step};
use crate::error::{Refusal, SettlementError};
use crate::store;

/// What a notice says of an order.
#[derive(Clone, Debug)]
pub struct OrderNotice {
    pub med_org_ord: String,
    /// The centre's number; empty when it is not told.
    pub pay_ord_id: String,
    pub ord_stas: i32,
}

impl App {
    /// Has the order asked about at once, if the notice says something new of a payment that waits for it. Whoever is in the middle
    /// of a call learns it from the answer.
    pub async fn notify_order(&self, call: Call<OrderNotice>) -> Result<(), SettlementError> {
        let Call { meta, body: notice } = call;
        let unknown = || SettlementError::from(Refusal::NoticeOrder);
        let payment_id = store::mobile::payment_of(self.db.read(), &notice.med_org_ord).await?;
        let payment_id = payment_id.ok_or_else(unknown)?;
        let work = match self.db.begin::<()>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(()) => return Ok(()),
        };
        let found = store::payment::find(work.tx(), &payment_id).await?;
        let centre = store::mobile::centre(work.tx(), &notice.med_org_ord).await?;
        let (Some(mut journal), Some(centre)) = (found, centre) else { return Err(unknown()) };
        let other_number = !notice.pay_ord_id.is_empty()
            && !centre.pay_ord_id.is_empty()
            && centre.pay_ord_id != notice.pay_ord_id;
        if other_number || !speaks_for(&meta.principal, &journal) {
            return Err(unknown());
        }
        let news = centre.ord_stas != Some(notice.ord_stas);
        if news && journal.msgid == notice.med_org_ord && waits_for_centre(&journal) {
            journal.try_now(meta.now);
            store::payment::save(work.tx(), &mut journal).await?;
        }
        Ok(work.commit(()).await?)
    }
}

/// An agency is the clearing agency of its region; its code is its own or the region's.
fn speaks_for(principal: &Principal, journal: &Journal) -> bool {
    let own = [principal.subject.as_str(), principal.region.as_str()];
    principal.kind != PrincipalKind::Agency
        || (!journal.agency.is_empty() && own.contains(&journal.agency.as_str()))
}

fn waits_for_centre(journal: &Journal) -> bool {
    journal.mobile
        && journal.is_running()
        && matches!(journal.step, Step::AskInsurer | Step::AskRest | Step::RevokeInsurer)
}
