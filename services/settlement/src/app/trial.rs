//! The trial at the centre (2101) before anything is held, where the region wants it.

use std::sync::Arc;

use liufang_platform::db::together::Together;
use liufang_platform::{Begun, CallMeta};

use crate::app::App;
use crate::app::authorise::Authorise;
use crate::domain::payment::{InsurerSays, Message, Payment, is_insured};
use crate::domain::quote::Quote;
use crate::error::{Refusal, SettlementError};
use crate::rpc::outside::Asked;
use crate::store;
use crate::store::quote::User;

impl App {
    /// What the insurer's answers about a quote are held against.
    pub(super) fn asked<'q>(&self, quote: &'q Quote) -> Result<Asked<'q>, SettlementError> {
        let pack = self.regions.get(&quote.region).ok_or(SettlementError::Stored("region of a quote"))?;
        let convention = pack.region.mutual_aid_convention;
        Ok(Asked { quote, convention, bare_believed: self.bare_believed })
    }

    /// Whether a region settles what is bought online by mobile payment.
    pub(super) fn region_is_mobile(&self, region: &str) -> bool {
        self.regions.get(region).is_some_and(|pack| pack.region.mobile_payment == Some(true))
    }

    /// Asks the centre whether it would settle the quote as it stands. A quote that cannot be authorised anyway is not asked
    /// about: the refusals come in their order afterwards.
    ///
    /// # Errors
    /// The centre refuses, calculates otherwise, or gives no answer. Nothing has changed.
    pub(super) async fn trial(&self, meta: &CallMeta, body: &Authorise) -> Result<(), SettlementError> {
        let fits = |quote: &Arc<Quote>| {
            let pack = self.regions.get(&quote.region);
            let wanted = pack.is_some_and(|pack| pack.region.insurer_trial == Some(true));
            wanted
                && is_insured(&quote.legs)
                && quote.order_id == body.order_id
                && quote.expires_at > meta.now
        };
        let Some(quote) = self.quote(&body.quote_id).await?.filter(fits) else { return Ok(()) };
        let mut asked = Together::default();
        let users = asked.add(store::quote::users(self.db.read(), &[&body.quote_id]));
        let users: Vec<User> = asked.run(self.db.read()).await?.rows(users)?;
        if users.iter().any(|user| !user.payment_id.is_empty()) {
            return Ok(());
        }
        match self.db.begin::<Payment>(meta).await? {
            Begun::Replay(_) => return Ok(()),
            Begun::Fresh(work) => work.cancel().await?,
        }
        let work = self.db.begin_step().await?;
        let msgid = self.msgid(&work, &quote.fixmedins_code, meta.now).await?;
        let message = Message { msgid: &msgid, infno: "2101" };
        store::message::sending(work.tx(), &message, &quote.quote_id, meta.now).await?;
        work.done().await?;
        let asked = self.asked(&quote)?;
        let says = self.outside.trial(&msgid, asked, meta.now).await;
        if let Some(outcome) = says.outcome() {
            let work = self.db.begin_step().await?;
            store::message::answered(work.tx(), &msgid, outcome, self.clock.now()).await?;
            work.done().await?;
        }
        match says {
            InsurerSays::Done => Ok(()),
            InsurerSays::Differs(_) => Err(Refusal::InsurerAmount.into()),
            InsurerSays::Unknown => Err(Refusal::InsurerSilent.into()),
            InsurerSays::Rejected | InsurerSays::NotFound | InsurerSays::Reversed | InsurerSays::Stuck => {
                Err(Refusal::InsurerTrial.into())
            }
        }
    }
}
