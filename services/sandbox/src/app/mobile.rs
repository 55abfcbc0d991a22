//! The mobile-payment centre (6201, 6202, 6203, 6301, 6302, 6401). What it pays and gives back stands in the insurer's books.

use liufang_kernel::{Fault as _, Fen, Timestamp};
use liufang_platform::{DbFault, Work};

use super::App;
use crate::domain::dial::Dial;
use crate::domain::insurer::{Claim, Settlement};
use crate::domain::magic;
use crate::domain::sheet::Sheet;
use crate::error::SandboxError;
use crate::store::mobile::Order;
use crate::{peers, store};

/// How long an order stays under way before it is paid unasked.
const SETTLES_AFTER_S: i64 = 3;
/// Pause before a notice that was not taken goes again.
const NOTICE_PAUSE_S: i64 = 2;
/// Turns after which a notice that nobody takes is given up; the merchant asks by itself.
const TURNS: i64 = 8;

/// States of the order (`domain.md` §2.2) that this centre knows.
const PRE_SETTLED: i64 = 1;
const SETTLING: i64 = 2;
const SETTLED: i64 = 6;
const REFUNDED: i64 = 7;
const INSURANCE_REFUNDED: i64 = 8;
const REVOKED: i64 = 12;
const FAILED: i64 = 15;

/// What was paid is given back, never revoked.
const PAID_ONCE: [i64; 3] = [SETTLED, REFUNDED, INSURANCE_REFUNDED];

/// An order as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    pub order: Order,
    /// What was paid; `None` while nothing is.
    pub paid: Option<Sheet>,
}

/// What is asked to be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    pub pay_ord_id: String,
    pub pay_token: String,
    pub app_refd_sn: String,
    pub total: Fen,
    pub accounts: Fen,
    pub fund: Fen,
    pub cash: Fen,
    pub refd_type: String,
}

/// What came of it: SUCC or FAIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    Back,
    Refused,
}

impl App {
    /// Takes the fee detail and makes an order (6201); the same number again is the same order. `Err`: why not.
    pub async fn upload_fee(
        &self,
        claim: Claim,
        psn_no: &str,
    ) -> Result<Result<Order, String>, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial =
            self.landed(&work, "MobilePayment/UploadFee", &[&claim.msgid, &claim.fixmedins_code]).await?;
        let Some(dial) = dial else { return self.lost(work).await };
        let known = store::mobile::of(work.tx(), &claim.msgid).await?;
        if let Some(known) = known {
            let same = known.claim == claim;
            let answer =
                if same { Ok(known) } else { Err("订单号重复且内容不同 order reused".to_owned()) };
            return self.answer(work, dial, answer).await;
        }
        if let Err(words) = self.calculate(&work, &claim, psn_no, dial).await? {
            return self.answer(work, dial, Err(words)).await;
        }
        let order = Order {
            pay_ord_id: format!("MP{}", self.ids.digits(20)),
            pay_token: self.ids.next("tok"),
            claim,
            person_index: self.person(psn_no),
            ord_stas: PRE_SETTLED,
            app_refd_sn: String::new(),
        };
        if !store::mobile::insert(work.tx(), &order).await? {
            return Err(DbFault::LostRace.into());
        }
        self.answer(work, dial, Ok(order)).await
    }

    /// Executes an order (6202); twice is once. `pay_auth_no` may say how it shall stand after it.
    pub async fn pay_order(
        &self,
        pay_ord_id: &str,
        token: &str,
        pay_auth_no: &str,
    ) -> Result<Option<OrderState>, SandboxError> {
        let work = self.db.begin_step().await?;
        let Some(dial) = self.landed(&work, "MobilePayment/PayOrder", &[pay_ord_id]).await? else {
            return self.lost(work).await;
        };
        let Some(mut order) = self.own_order(&work, pay_ord_id, token).await? else {
            return self.answer(work, dial, None).await;
        };
        if order.ord_stas == PRE_SETTLED {
            order.ord_stas = match (dial, magic::ord_stas(pay_auth_no)) {
                (Dial::Refuse, _) => FAILED,
                (Dial::SlowNotice, _) => SETTLING,
                (_, Some(magic)) => magic,
                _ => SETTLED,
            };
            if order.ord_stas == SETTLED {
                self.pay_insured(&work, &order, dial).await?;
            }
            store::mobile::save(work.tx(), pay_ord_id, order.ord_stas, "").await?;
            if order.ord_stas == SETTLING {
                let then = self.clock.now().plus_seconds(SETTLES_AFTER_S);
                store::mobile::work_at(work.tx(), pay_ord_id, then).await?;
            }
        }
        let state = self.state_of(&work, order).await?;
        self.answer(work, dial, Some(state)).await
    }

    async fn pay_insured(&self, work: &Work, order: &Order, dial: Dial) -> Result<(), SandboxError> {
        let convention = self.convention(&order.claim.sheet.region);
        let asked = order.claim.sheet.clone();
        let mut answer = if dial == Dial::WrongAmount { asked.otherwise() } else { asked };
        let own = answer.own_part(convention);
        answer.balc = Some(store::insurer::pay(work.tx(), &order.person_index, own).await?);
        let settlement = Settlement {
            claim: order.claim.clone(),
            setl_id: order.pay_ord_id.clone(),
            reversed: false,
            answer,
            person_index: order.person_index.clone(),
            at: self.clock.now(),
        };
        if !store::insurer::insert(work.tx(), &settlement).await? {
            return Err(DbFault::LostRace.into());
        }
        self.move_year(work, &settlement, convention, 1).await
    }

    /// Gives back (6203): the insured part, all of it, once.
    pub async fn refund_order(&self, body: &RefundOrder) -> Result<Given, SandboxError> {
        let work = self.db.begin_step().await?;
        let Some(dial) = self.landed(&work, "MobilePayment/RefundOrder", &[&body.pay_ord_id]).await? else {
            return self.lost(work).await;
        };
        let order = self.own_order(&work, &body.pay_ord_id, &body.pay_token).await?;
        let given = match order {
            Some(order) if dial != Dial::Refuse => self.give_back(&work, &order, body).await?,
            _ => Given::Refused,
        };
        self.answer(work, dial, given).await
    }

    /// No component may exceed the original, HI has no cash part, and this centre takes no part of the insured part back.
    async fn give_back(&self, work: &Work, order: &Order, body: &RefundOrder) -> Result<Given, SandboxError> {
        if !order.app_refd_sn.is_empty() {
            let same = order.app_refd_sn == body.app_refd_sn;
            return Ok(if same { Given::Back } else { Given::Refused });
        }
        let Some(known) = store::insurer::find(work.tx(), &order.claim.msgid).await? else {
            return Ok(Given::Refused);
        };
        let (cash, accounts, fund) = parts(&known.answer);
        let whole =
            body.refd_type == "HI" && (body.accounts, body.fund, body.cash) == (accounts, fund, Fen::ZERO);
        if !whole
            || body.total != accounts + fund
            || !store::insurer::reverse(work.tx(), &known.claim.msgid).await?
        {
            return Ok(Given::Refused);
        }
        let convention = self.convention(&known.answer.region);
        store::insurer::pay(work.tx(), &known.person_index, -known.answer.own_part(convention)).await?;
        self.move_year(work, &known, convention, -1).await?;
        let stas = if cash.is_zero() { REFUNDED } else { INSURANCE_REFUNDED };
        store::mobile::save(work.tx(), &order.pay_ord_id, stas, &body.app_refd_sn).await?;
        Ok(Given::Back)
    }

    /// How an order stands (6301).
    pub async fn query_order(
        &self,
        pay_ord_id: &str,
        token: &str,
    ) -> Result<Option<OrderState>, SandboxError> {
        let work = self.db.begin_step().await?;
        let Some(dial) = self.landed(&work, "MobilePayment/QueryOrder", &[pay_ord_id]).await? else {
            return self.lost(work).await;
        };
        if dial == Dial::Refuse {
            return self.lost(work).await;
        }
        let state = match self.own_order(&work, pay_ord_id, token).await? {
            Some(mut order) => {
                // who answers slowly is done when asked
                if order.ord_stas == SETTLING {
                    self.settle_order(&work, &mut order).await?;
                }
                Some(self.state_of(&work, order).await?)
            }
            None => None,
        };
        self.answer(work, dial, state).await
    }

    async fn settle_order(&self, work: &Work, order: &mut Order) -> Result<(), SandboxError> {
        order.ord_stas = SETTLED;
        self.pay_insured(work, order, Dial::Normal).await?;
        store::mobile::save(work.tx(), &order.pay_ord_id, SETTLED, "").await?;
        Ok(store::mobile::work_at(work.tx(), &order.pay_ord_id, self.clock.now()).await?)
    }

    /// Pays one order that has been under way long enough, or tells the merchant how one stands (6302); answers how many were due.
    pub async fn work_order_step(&self) -> Result<usize, SandboxError> {
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        let again = now.plus_seconds(NOTICE_PAUSE_S);
        let Some(mut due) = store::mobile::take(work.tx(), now, again).await? else { return Ok(0) };
        if due.order.ord_stas == SETTLING {
            self.settle_order(&work, &mut due.order).await?;
            work.done().await?;
            return Ok(1);
        }
        work.done().await?;
        let sent = peers::notify_order(&self.peers, &due).await;
        if let Err(fault) = &sent {
            tracing::info!(reason = %fault.doc().reason, "notice of an order not taken");
        }
        if sent.is_ok() || sent.is_err_and(|fault| fault.is_refusal()) || due.turns >= TURNS {
            let work = self.db.begin_step().await?;
            store::mobile::work_at(work.tx(), &due.order.pay_ord_id, Timestamp(0)).await?;
            work.done().await?;
        }
        Ok(1)
    }

    /// Takes an unpaid order back (6401); false when it is paid or unknown.
    pub async fn revoke_order(&self, pay_ord_id: &str, token: &str) -> Result<bool, SandboxError> {
        let work = self.db.begin_step().await?;
        let Some(dial) = self.landed(&work, "MobilePayment/RevokeOrder", &[pay_ord_id]).await? else {
            return self.lost(work).await;
        };
        let order = self.own_order(&work, pay_ord_id, token).await?;
        let unpaid = order.is_some_and(|order| !PAID_ONCE.contains(&order.ord_stas));
        let revoked = unpaid && dial != Dial::Refuse;
        if revoked {
            store::mobile::save(work.tx(), pay_ord_id, REVOKED, "").await?;
            store::mobile::work_at(work.tx(), pay_ord_id, Timestamp(0)).await?;
        }
        self.answer(work, dial, revoked).await
    }

    /// An order whose token is right.
    async fn own_order(&self, work: &Work, id: &str, token: &str) -> Result<Option<Order>, SandboxError> {
        let found = store::mobile::find(work.tx(), id).await?;
        Ok(found.filter(|order| order.pay_token == token))
    }

    async fn state_of(&self, work: &Work, order: Order) -> Result<OrderState, SandboxError> {
        let paid = store::insurer::find(work.tx(), &order.claim.msgid).await?;
        Ok(OrderState { paid: paid.map(|known| known.answer), order })
    }

    /// The dial of a call that lands; `None`: it does not.
    async fn landed(&self, work: &Work, method: &str, keys: &[&str]) -> Result<Option<Dial>, SandboxError> {
        let dial = self.dial(work, method, keys).await?;
        Ok(dial.lands().then_some(dial))
    }
}

/// Cash, accounts and funds of what was paid; they add up to the fee.
pub fn parts(sheet: &Sheet) -> (Fen, Fen, Fen) {
    (
        sheet.psn_cash_pay,
        sheet.medfee_sumamt - sheet.psn_cash_pay - sheet.fund_pay_sumamt - sheet.hosp_part_amt,
        sheet.fund_pay_sumamt,
    )
}
