//! Personal accounts: balance, statement, credits.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::relatives::Names;
use crate::domain::ledger;
use crate::error::SettlementError;
use crate::store;
use crate::store::account::{CreditRow, Noted};
use crate::store::hold::OpenHold;
use crate::store::ledger::Heads;

/// Balance of an account.
#[derive(Clone, Copy, Debug)]
pub struct Balance {
    pub balance: Fen,
    pub held: Fen,
}

/// One row of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    /// Of the transfer in the ledger.
    pub sequence: i64,
    pub at: Timestamp,
    pub kind: String,
    pub amount: Fen,
    pub balance: Fen,
    pub order_id: String,
    pub for_relative: bool,
    /// Who was paid for, or whose account paid instead of this one; empty for neither.
    pub other_person_id: String,
    /// What a relative's account paid for the owner of the statement, signed as `amount`; it moves no balance here.
    pub aid: Fen,
}

/// A page, newest first.
pub struct StatementPage {
    pub rows: Vec<StatementRow>,
    /// Older rows begin before this sequence; `None` at the end.
    pub next: Option<i64>,
    pub names: Names,
}

/// Which page.
#[derive(Clone, Copy, Debug)]
pub struct StatementQuery {
    pub before: i64,
    pub size: i64,
}

/// A page of open holds.
pub struct HoldPage {
    pub holds: Vec<OpenHold>,
    pub more: bool,
    pub names: Names,
}

/// Which holds: those after one.
#[derive(Clone, Debug)]
pub struct HoldQuery {
    pub after: String,
    pub size: i64,
}

/// One credit.
#[derive(Clone, Debug)]
pub struct Credit {
    pub row_key: String,
    pub person_id: String,
    pub amount: Fen,
    pub region: String,
    pub kind: String,
    /// What is wrong with it already; such a row is refused alone.
    pub problem: Option<&'static str>,
}

/// A refused row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefusedRow {
    pub row: i32,
    pub reason: String,
    pub message: String,
}

/// How a batch went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Credited {
    pub refused: Vec<RefusedRow>,
    pub taken: i32,
    pub known: i32,
}

impl App {
    /// The caller's balance and holds.
    pub async fn get_account(&self, call: Call<()>) -> Result<Balance, SettlementError> {
        let person_id = call.meta.principal.person()?;
        let (balance, held) = store::account::balance(self.db.read(), person_id).await?;
        Ok(Balance { balance, held })
    }

    /// The caller's statement.
    pub async fn list_statement(&self, call: Call<StatementQuery>) -> Result<StatementPage, SettlementError> {
        let person_id = call.meta.principal.person()?;
        let StatementQuery { before, size } = call.body;
        let mut rows = store::account::statement(self.db.read(), person_id, before, size + 1).await?;
        let more = rows.len() > usize::try_from(size).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|row| row.sequence);
        let names = self.names(person_id, rows.iter().map(|row| &row.other_person_id)).await;
        Ok(StatementPage { rows, next, names })
    }

    /// What still needs a person, before identity erases them; empty for nothing.
    pub async fn check_person_needed(&self, call: Call<String>) -> Result<&'static str, SettlementError> {
        Ok(store::need::of_person(self.db.read(), &call.body).await?.unwrap_or_default())
    }

    /// What open payments hold of the caller's account.
    pub async fn list_holds(&self, call: Call<HoldQuery>) -> Result<HoldPage, SettlementError> {
        let person_id = call.meta.principal.person()?;
        let HoldQuery { after, size } = call.body;
        let mut holds = store::hold::open(self.db.read(), person_id, &after, size + 1).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = holds.len() > size;
        holds.truncate(size);
        let names = self.names(person_id, holds.iter().map(|hold| &hold.other_person_id)).await;
        Ok(HoldPage { holds, more, names })
    }

    /// Credits accounts; a row with a known key is not taken again.
    pub async fn credit_accounts(&self, call: Call<Vec<Credit>>) -> Result<Credited, SettlementError> {
        let work = match self.db.begin::<Credited>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let good = |credit: &&Credit| self.refusal(credit).is_none();
        let regions = call.body.iter().filter(good).map(|credit| credit.region.as_str()).collect();
        let mut heads = store::ledger::lock_all(work.tx(), &regions).await?;
        let mut result = Credited::default();
        for (row, credit) in (0_i32..).zip(&call.body) {
            match self.refusal(credit) {
                Some(message) => result.refuse(row, "INVALID_REQUEST", message),
                None => self.credit(&work, &mut heads, row, credit, call.meta.now, &mut result).await?,
            }
        }
        heads.store(work.tx()).await?;
        Ok(work.commit(result).await?)
    }

    fn refusal(&self, credit: &Credit) -> Option<&'static str> {
        let known = self.regions.get(&credit.region).is_some();
        credit.problem.or_else(|| (!known).then_some("region is not a region of this installation"))
    }

    async fn credit(
        &self,
        work: &Work,
        heads: &mut Heads,
        row: i32,
        credit: &Credit,
        now: Timestamp,
        result: &mut Credited,
    ) -> Result<(), SettlementError> {
        let tx = work.tx();
        let noted = CreditRow {
            row_key: &credit.row_key,
            person_id: &credit.person_id,
            amount: credit.amount,
            region: &credit.region,
            kind: &credit.kind,
        };
        // no money of one region's fund in another's account
        if !store::account::may_take(tx, &credit.person_id, &credit.region).await? {
            match store::account::is_noted(tx, &noted).await? {
                true => result.known += 1,
                false => result.refuse(
                    row,
                    "ACCOUNT_OF_OTHER_REGION",
                    "the account is kept by another region, whose fund alone fills it",
                ),
            }
            return Ok(());
        }
        // the row of the account is taken here: what is free now is free until the end of this transaction
        if credit.amount < Fen::ZERO
            && store::account::take_free(tx, &credit.person_id).await? < -credit.amount
            && !store::account::is_noted(tx, &noted).await?
        {
            result.refuse(row, "INSUFFICIENT_BALANCE", "a closing pays out what is free, and no more");
            return Ok(());
        }
        match store::account::note_credit(tx, &noted).await? {
            Noted::Known => result.known += 1,
            Noted::Reused => {
                result.refuse(row, "ROW_KEY_REUSED", "the row key was used with another content");
            }
            Noted::Fresh => {
                let draft =
                    ledger::credit(&credit.row_key, &credit.region, &credit.person_id, credit.amount, now)?;
                let sequence = heads.append(tx, &self.ids, &credit.region, draft).await?;
                let (kind, balance) = match credit.amount < Fen::ZERO {
                    true => {
                        ("closing", store::account::pay_out(tx, &credit.person_id, -credit.amount).await?)
                    }
                    false => {
                        let (owner, region) = (&credit.person_id, &credit.region);
                        ("credit", store::account::credit(tx, owner, region, credit.amount).await?)
                    }
                };
                let balance = balance.ok_or(SettlementError::LostRace)?;
                let row = StatementRow {
                    sequence,
                    at: now,
                    kind: kind.to_owned(),
                    amount: credit.amount,
                    balance,
                    order_id: String::new(),
                    for_relative: false,
                    other_person_id: String::new(),
                    aid: Fen::ZERO,
                };
                store::account::insert_statement(tx, &credit.person_id, &row).await?;
                result.taken += 1;
            }
        }
        Ok(())
    }
}

impl Credited {
    fn refuse(&mut self, row: i32, reason: &str, message: &str) {
        self.refused.push(RefusedRow { row, reason: reason.to_owned(), message: message.to_owned() });
    }
}
