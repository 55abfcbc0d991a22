//! The insurer's centre.

use liufang_platform::DbFault;

use super::App;
use crate::domain::dial::Dial;
use crate::domain::insurer::{self, Claim, Settlement};
use crate::error::SandboxError;
use crate::store;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Success { setl_id: String, reversed: bool },
    Rejected { err_msg: String },
    NotFound,
}

impl From<Settlement> for Settled {
    fn from(known: Settlement) -> Settled {
        Settled::Success { setl_id: known.setl_id, reversed: known.reversed }
    }
}

fn rejected(err_msg: &str) -> Settled {
    Settled::Rejected { err_msg: err_msg.to_owned() }
}

impl App {
    /// Settles a claim (2102); the same message id twice is one settlement.
    pub async fn settle(&self, claim: Claim) -> Result<Settled, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "InsurerHook/Settle", &[&claim.msgid, &claim.fixmedins_code]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        if let Some(known) = store::insurer::find(work.tx(), &claim.msgid).await? {
            let settled = match (insurer::same(&known, &claim), known.reversed) {
                (true, false) => known.into(),
                (true, true) => rejected("该报文已冲正 message was reversed"),
                (false, _) => rejected("报文ID重复且内容不同 msgid reused with other content"),
            };
            return self.answer(work, dial, settled).await;
        }
        let refusal = (dial == Dial::Refuse).then_some("医保中心拒绝结算 refused by the centre");
        if let Some(words) = refusal.or_else(|| insurer::objection(&claim)) {
            return self.answer(work, dial, rejected(words)).await;
        }
        let settlement = Settlement { claim, setl_id: self.ids.digits(24), reversed: false };
        if !store::insurer::insert(work.tx(), &settlement, self.clock.now()).await? {
            return Err(DbFault::LostRace.into());
        }
        self.answer(work, dial, settlement.into()).await
    }

    /// Reverses a settlement (2103, 2601).
    pub async fn reverse(&self, msgid: &str, omsgid: &str) -> Result<Settled, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "InsurerHook/Reverse", &[msgid, omsgid]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        if dial == Dial::Refuse {
            return self.answer(work, dial, rejected("refused by the centre")).await;
        }
        let found = store::insurer::find(work.tx(), omsgid).await?;
        if found.is_some() {
            store::insurer::reverse(work.tx(), omsgid).await?;
        }
        let settled =
            found.map_or(Settled::NotFound, |known| Settled::from(Settlement { reversed: true, ..known }));
        self.answer(work, dial, settled).await
    }

    /// What became of a message.
    pub async fn query_message(&self, msgid: &str) -> Result<Settled, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "InsurerHook/QueryMessage", &[msgid]).await?;
        if !dial.lands() || dial == Dial::Refuse {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        let found = store::insurer::find(work.tx(), msgid).await?;
        self.answer(work, dial, found.map_or(Settled::NotFound, Settled::from)).await
    }
}
