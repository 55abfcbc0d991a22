//! The insured part through the mobile-payment centre: 6201 and 6202 to settle, 6301 to ask, 6203 and 6401 to take back.
//!
//! The order is noted under our message id before 6201 goes, and the centre's number and token as soon as they are told: without
//! them nothing can be asked about. 6201 under the same number is the same order, so a lost answer is learnt by sending it again.

use crate::app::App;
use crate::domain::payment::{InsurerSays, Journal, OrdStas, Parts, Step};
use crate::error::SettlementError;
use crate::rpc::outside::{Asked, Giving, MobileOrder, MobileState};
use crate::store;
use crate::store::mobile::Secret;

impl App {
    /// What the centre says at the journal's step, and the order's number.
    pub(super) async fn ask_mobile(
        &self,
        journal: &Journal,
        asked: Asked<'_>,
    ) -> Result<(InsurerSays, String), SettlementError> {
        let order = match self.mobile_order(journal, asked).await? {
            Ok(order) => order,
            Err(says) => return Ok((says, String::new())),
        };
        let says = match journal.step {
            Step::SettleInsurer | Step::SettleRest => self.pay_mobile(journal, asked, &order).await?,
            Step::ReverseInsurer | Step::ReversePart => {
                let ours = Parts::of(&asked.quote.totals, asked.convention);
                self.give_back_mobile(journal, &order, Some(ours)).await?
            }
            Step::UndoInsurer => self.give_back_mobile(journal, &order, None).await?,
            Step::RevokeInsurer => self.outside.revoke_order(journal, &order).await,
            _ => self.query_mobile(journal, asked, &order).await?,
        };
        Ok((says, order.pay_ord_id))
    }

    /// The order under our number, made where there is none (6201).
    async fn mobile_order(
        &self,
        journal: &Journal,
        asked: Asked<'_>,
    ) -> Result<Result<MobileOrder, InsurerSays>, SettlementError> {
        let secret = match store::mobile::find(self.db.read(), &self.cipher, &journal.msgid).await? {
            Some(known) if !known.pay_ord_id.is_empty() => {
                let Secret { pay_token, pay_auth_no } = known.secret;
                return Ok(Ok(MobileOrder { pay_ord_id: known.pay_ord_id, pay_token, pay_auth_no }));
            }
            Some(known) => known.secret,
            None => self.note_order(journal).await?,
        };
        let (pay_ord_id, pay_token) = match self.outside.upload_fee(journal, asked, &secret.pay_auth_no).await
        {
            Ok(numbers) => numbers,
            Err(says) => return Ok(Err(says)),
        };
        let secret = Secret { pay_token: pay_token.clone(), ..secret };
        let work = self.db.begin_step().await?;
        store::mobile::number(work.tx(), &self.cipher, &journal.msgid, &pay_ord_id, &secret).await?;
        work.done().await?;
        Ok(Ok(MobileOrder { pay_ord_id, pay_token, pay_auth_no: secret.pay_auth_no }))
    }

    /// Notes an order before it is made. The order of a rest is made under the authorisation of what stood before.
    async fn note_order(&self, journal: &Journal) -> Result<Secret, SettlementError> {
        let (conn, id) = (self.db.read(), &journal.payment_id);
        let pay_auth_no = match store::mobile::standing_secret(conn, &self.cipher, id).await? {
            Some(before) => before.pay_auth_no,
            None => store::payer::find(conn, &self.cipher, id).await?.pay_auth_no,
        };
        let secret = Secret { pay_token: String::new(), pay_auth_no };
        let work = self.db.begin_step().await?;
        let now = self.clock.now();
        store::mobile::insert(work.tx(), &self.cipher, &journal.msgid, id, &secret, now).await?;
        work.done().await?;
        Ok(secret)
    }

    async fn pay_mobile(
        &self,
        journal: &Journal,
        asked: Asked<'_>,
        order: &MobileOrder,
    ) -> Result<InsurerSays, SettlementError> {
        let state = match self.outside.pay_order(journal, asked.quote.acct_used, order).await {
            Ok(state) => state,
            Err(says) => return Ok(says),
        };
        self.centre_said(journal, state).await?;
        Ok(judge(journal, asked, OrdStas(state.ord_stas).says(), state))
    }

    async fn query_mobile(
        &self,
        journal: &Journal,
        asked: Asked<'_>,
        order: &MobileOrder,
    ) -> Result<InsurerSays, SettlementError> {
        let state = match self.outside.query_order(journal, order).await {
            Ok(Some(state)) => state,
            Ok(None) => return Ok(InsurerSays::Stuck),
            Err(says) => return Ok(says),
        };
        self.centre_said(journal, state).await?;
        // a return has no deadline: what stays must be settled
        let overdue = journal.step == Step::AskInsurer && journal.hold_expires_at <= self.clock.now();
        Ok(judge(journal, asked, OrdStas(state.ord_stas).asked(overdue), state))
    }

    /// Gives back what the centre settled. `ours`: what it must be; `None`: another calculation than ours, of which nothing is
    /// booked. How the order stands is asked first, so that a refund whose answer was lost is not sent twice.
    async fn give_back_mobile(
        &self,
        journal: &Journal,
        order: &MobileOrder,
        ours: Option<Parts>,
    ) -> Result<InsurerSays, SettlementError> {
        let state = match self.outside.query_order(journal, order).await {
            Ok(Some(state)) => state,
            Ok(None) => return Ok(InsurerSays::NotFound),
            Err(says) => return Ok(says),
        };
        self.centre_said(journal, state).await?;
        let says = OrdStas(state.ord_stas).says();
        if says != InsurerSays::Done {
            return Ok(says);
        }
        let Some((fee, told)) = state.told else { return Ok(InsurerSays::Unknown) };
        if let Some(InsurerSays::Differs(fund)) = ours.map(|ours| ours.judge(fee, told)) {
            return Ok(InsurerSays::Differs(fund));
        }
        let giving = Giving {
            app_refd_sn: journal.reverse_msgid.clone(),
            accounts: told.accounts,
            fund: told.fund,
            // the message id has it: the same at every repeat
            app_refd_time: journal.reverse_msgid.get(12..26).unwrap_or_default().to_owned(),
        };
        let says = self.outside.refund_order(order, &giving).await;
        if says == InsurerSays::Done
            && let Ok(Some(state)) = self.outside.query_order(journal, order).await
        {
            self.centre_said(journal, state).await?;
        }
        Ok(says)
    }

    /// Keeps the centre's word, for whoever looks.
    async fn centre_said(&self, journal: &Journal, state: MobileState) -> Result<(), SettlementError> {
        let work = self.db.begin_step().await?;
        store::mobile::told(work.tx(), &journal.msgid, state.ord_stas, self.clock.now()).await?;
        Ok(work.done().await?)
    }
}

/// A paid order is believed when its amounts are ours; without amounts it is not told yet.
fn judge(journal: &Journal, asked: Asked<'_>, says: InsurerSays, state: MobileState) -> InsurerSays {
    if says != InsurerSays::Done {
        return says;
    }
    let Some((fee, told)) = state.told else { return InsurerSays::Unknown };
    let judged = Parts::of(&asked.quote.totals, asked.convention).judge(fee, told);
    if judged != InsurerSays::Done {
        tracing::error!(msgid = journal.msgid, "the mobile-payment centre settles other amounts");
    }
    judged
}
