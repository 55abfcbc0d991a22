//! The insurer's centre: it recomputes what it is sent, and keeps settlements, years and accounts of its own.

use liufang_kernel::Fen;
use liufang_kernel::region::MutualAidConvention;
use liufang_platform::{DbFault, Work};

use super::App;
use crate::domain::dial::Dial;
use crate::domain::insurer::{self, Claim, Settlement, YearSum};
use crate::domain::sheet::Sheet;
use crate::error::SandboxError;
use crate::store;

/// Context of the blind index of a person.
const PERSON: &str = "insurer.person";

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Success { setl_id: String, reversed: bool, answer: Box<Sheet> },
    Rejected { err_msg: String },
    NotFound,
}

impl From<Settlement> for Settled {
    fn from(known: Settlement) -> Settled {
        Settled::Success { setl_id: known.setl_id, reversed: known.reversed, answer: Box::new(known.answer) }
    }
}

/// A person's year at the centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YearBook {
    pub rows: Vec<YearSum>,
    pub balance: Fen,
}

/// Which page of the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Time and number of the last row before.
    pub after: (i64, String),
    pub size: i64,
}

fn rejected(err_msg: &str) -> Settled {
    Settled::Rejected { err_msg: err_msg.to_owned() }
}

impl App {
    /// Calculates and books nothing (2101).
    pub async fn trial(&self, claim: Claim, psn_no: &str) -> Result<Settled, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "InsurerHook/Trial", &[&claim.msgid, &claim.fixmedins_code]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        let settled = match self.calculate(&work, &claim, psn_no, dial).await? {
            Ok(answer) => {
                Settled::Success { setl_id: String::new(), reversed: false, answer: Box::new(answer) }
            }
            Err(words) => rejected(&words),
        };
        self.answer(work, dial, settled).await
    }

    /// Settles a claim (2102); the same message id twice is one settlement.
    pub async fn settle(&self, claim: Claim, psn_no: &str) -> Result<Settled, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "InsurerHook/Settle", &[&claim.msgid, &claim.fixmedins_code]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        if let Some(known) = store::insurer::find(work.tx(), &claim.msgid).await? {
            let settled = match (known.claim == claim, known.reversed) {
                (true, false) => known.into(),
                (true, true) => rejected("该报文已冲正 message was reversed"),
                (false, _) => rejected("报文ID重复且内容不同 msgid reused with other content"),
            };
            return self.answer(work, dial, settled).await;
        }
        let mut answer = match self.calculate(&work, &claim, psn_no, dial).await? {
            Ok(answer) => answer,
            Err(words) => return self.answer(work, dial, rejected(&words)).await,
        };
        let convention = self.convention(&claim.sheet.region);
        let person_index = self.person(psn_no);
        let own = answer.own_part(convention);
        answer.balc = Some(store::insurer::pay(work.tx(), &person_index, own).await?);
        let settlement = Settlement {
            claim,
            setl_id: self.ids.digits(24),
            reversed: false,
            answer,
            person_index,
            at: self.clock.now(),
        };
        if !store::insurer::insert(work.tx(), &settlement).await? {
            return Err(DbFault::LostRace.into());
        }
        self.move_year(&work, &settlement, convention, 1).await?;
        self.answer(work, dial, settlement.into()).await
    }

    /// The centre's own calculation, or why it refuses.
    pub(super) async fn calculate(
        &self,
        work: &Work,
        claim: &Claim,
        psn_no: &str,
        dial: Dial,
    ) -> Result<Result<Sheet, String>, SandboxError> {
        let convention = self.convention(&claim.sheet.region);
        let refusal = (dial == Dial::Refuse).then(|| "医保中心拒绝结算 refused by the centre".to_owned());
        if let Some(words) = refusal.or_else(|| insurer::objection(claim, convention)) {
            return Ok(Err(words));
        }
        let asked = claim.sheet.clone();
        let mut answer = if dial == Dial::WrongAmount { asked.otherwise() } else { asked };
        let balance = store::insurer::balance(work.tx(), &self.person(psn_no)).await?;
        let left = balance - answer.own_part(convention);
        if left < Fen::ZERO {
            return Ok(Err("个人账户余额不足 the account has less".to_owned()));
        }
        answer.balc = Some(left);
        Ok(Ok(answer))
    }

    /// Reverses a settlement (2103).
    pub async fn reverse(&self, msgid: &str, omsgid: &str) -> Result<Settled, SandboxError> {
        self.undo("InsurerHook/Reverse", msgid, omsgid).await
    }

    /// Takes back a message whose answer was lost (2601).
    pub async fn revoke(&self, msgid: &str, omsgid: &str) -> Result<Settled, SandboxError> {
        self.undo("InsurerHook/Revoke", msgid, omsgid).await
    }

    async fn undo(&self, method: &str, msgid: &str, omsgid: &str) -> Result<Settled, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, method, &[msgid, omsgid]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        if dial == Dial::Refuse {
            return self.answer(work, dial, rejected("refused by the centre")).await;
        }
        let found = store::insurer::find(work.tx(), omsgid).await?;
        if let Some(known) = &found
            && store::insurer::reverse(work.tx(), omsgid).await?
            && !known.person_index.is_empty()
        {
            let convention = self.convention(&known.answer.region);
            store::insurer::pay(work.tx(), &known.person_index, -known.answer.own_part(convention)).await?;
            self.move_year(&work, known, convention, -1).await?;
        }
        let settled =
            found.map_or(Settled::NotFound, |known| Settled::from(Settlement { reversed: true, ..known }));
        self.answer(work, dial, settled).await
    }

    pub(super) async fn move_year(
        &self,
        work: &Work,
        settlement: &Settlement,
        convention: MutualAidConvention,
        sign: i64,
    ) -> Result<(), SandboxError> {
        let year = i64::from(settlement.at.china_date().year());
        let sum = settlement.year_sum(convention);
        Ok(store::insurer::add(work.tx(), &settlement.person_index, year, &sum, sign).await?)
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

    /// Sums of a person's year (5206).
    pub async fn year_sums(&self, psn_no: &str, year: i32) -> Result<YearBook, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "InsurerHook/GetYearSums", &[]).await?;
        if !dial.lands() || dial == Dial::Refuse {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        let person = self.person(psn_no);
        let rows = store::insurer::year(work.tx(), &person, i64::from(year)).await?;
        let balance = store::insurer::balance(work.tx(), &person).await?;
        self.answer(work, dial, YearBook { rows, balance }).await
    }

    pub(super) fn person(&self, psn_no: &str) -> String {
        self.cipher.blind(PERSON, psn_no)
    }

    /// How a region counts mutual aid; beside the account where the region is not of this installation.
    pub(super) fn convention(&self, region: &str) -> MutualAidConvention {
        let pack = self.regions.get(region);
        pack.map_or(MutualAidConvention::Separate, |pack| pack.region.mutual_aid_convention)
    }
}
