//! A channel's statement: taken once, compared with our books and the institution's, booked.

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Fen, Timestamp, Violations};
use liufang_platform::db::Tx;
use liufang_platform::{AuthFault, Begun, Call, Principal};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::payout::{LineFate, LineKey, NamedDifference, Owed, Sorted, Sum, sort_out};
use crate::domain::statement::StatementLine;
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::statement::{Of, Statement};

/// Differences that are told one by one; all of them are counted.
const MOST_DIFFERENCES: usize = 500;

/// A statement of a channel for a day of an institution.
#[derive(Clone, Debug)]
pub struct ImportStatement {
    pub channel: String,
    pub fixmedins_code: String,
    pub stmt_date: String,
    /// Digest of its text.
    pub digest: String,
    pub lines: Vec<StatementLine>,
    /// The institution's own lines, when it hands them in.
    pub institution: Option<BTreeMap<LineKey, Fen>>,
    /// Institutions share the merchant account: what others were paid is left to them.
    pub shared: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementResult {
    pub statement_id: String,
    pub booked: Sum,
    pub suspended: Sum,
    pub fees: Sum,
    /// Nothing together with what other statements have of the same payments.
    #[serde(default)]
    pub returned: Sum,
    pub cleared: i64,
    pub cleared_fen: Fen,
    pub differences: Vec<NamedDifference>,
    pub all_differences: i64,
}

impl App {
    /// Takes a statement; the same again answers what came of it.
    pub async fn import_statement(
        &self,
        call: Call<ImportStatement>,
    ) -> Result<StatementResult, SettlementError> {
        let Call { meta, body } = call;
        owner(&meta.principal, &body.fixmedins_code)?;
        let day = parse_date(&body.stmt_date).ok_or(SettlementError::Stored("date"))?;
        if day > meta.now.china_date() {
            return Err(SettlementError::Invalid(Violations::of("stmt_date", "must not lie in the future")));
        }
        // a repeat is answered before identity is asked again
        match self.db.begin::<StatementResult>(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work.cancel().await?,
        }
        let region = self.outside.institution(&body.fixmedins_code, meta.now.china_date()).await?.region;
        let work = match self.db.begin::<StatementResult>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let result = self.take_statement(work.tx(), &region, body, meta.now).await?;
        Ok(work.commit(result).await?)
    }

    /// Takes a statement within a unit of work; what was taken of the same text is told as it was.
    pub(super) async fn take_statement(
        &self,
        tx: &Tx,
        region: &str,
        body: ImportStatement,
        now: Timestamp,
    ) -> Result<StatementResult, SettlementError> {
        let day = parse_date(&body.stmt_date).ok_or(SettlementError::Stored("date"))?;
        // nothing is booked while it is compared: the institution's bookings hold the same lock
        let mut head = store::ledger::lock(tx, region).await?;
        let of =
            Of { channel: &body.channel, fixmedins_code: &body.fixmedins_code, stmt_date: &body.stmt_date };
        if let Some(known) = store::statement::of_day(tx, of.channel, of.fixmedins_code, of.stmt_date).await?
        {
            if known.digest != body.digest {
                return Err(Refusal::StatementChanged.into());
            }
            return result(&known);
        }
        let lines = if body.shared { own_lines(tx, of, body.lines).await? } else { body.lines };
        let begin = Timestamp::start_of(day);
        let earlier = store::statement::suspended(tx, of).await?;
        let numbers: BTreeSet<&str> = lines.iter().chain(&earlier).map(|line| line.number.as_str()).collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        let mut ours = store::statement::owed_by_number(tx, of, &numbers).await?;
        let today = store::statement::owed_between(tx, of, (begin, begin.plus_days(1))).await?;
        let known: BTreeSet<(String, i64, bool)> = ours.iter().map(unit).collect();
        ours.extend(today.into_iter().filter(|owed| !known.contains(&unit(owed))));

        let unsorted = |_| SettlementError::Stored("number of a payment at its channel");
        let sorted = sort_out(lines, &ours, body.institution, earlier).map_err(unsorted)?;
        let statement_id = self.ids.next("stm");
        if !store::statement::insert_lines(tx, of, &statement_id, &sorted.lines).await? {
            return Err(Refusal::StatementLineRepeated.into());
        }
        for owed in sorted.closed.iter().chain(sorted.cleared.iter().map(|(_, owed)| owed)) {
            store::statement::close(tx, owed).await?;
        }
        for (line, _) in &sorted.cleared {
            store::statement::leave_suspense(tx, of.channel, line, "cleared").await?;
        }
        for line in &sorted.returned {
            store::statement::leave_suspense(tx, of.channel, line, LineFate::Returned.as_str()).await?;
        }
        let set = sorted.booking(&statement_id, (of.channel, of.fixmedins_code), now)?;
        head.append_linked(tx, &self.ids, region, set).await?;
        head.store(tx).await?;
        let result = told(&statement_id, sorted);
        let body_text = serde_json::to_string(&result).map_err(|_| SettlementError::Stored("statement"))?;
        let statement = Statement {
            statement_id,
            fixmedins_code: of.fixmedins_code.to_owned(),
            digest: body.digest.clone(),
            body: body_text,
        };
        store::statement::insert(tx, of, &statement, now).await?;
        Ok(result)
    }

    /// What came of the statement of a day, when it was taken.
    pub(super) async fn known_statement(
        &self,
        of: Of<'_>,
    ) -> Result<Option<StatementResult>, SettlementError> {
        let read = self.db.read();
        let known = store::statement::of_day(read, of.channel, of.fixmedins_code, of.stmt_date).await?;
        known.as_ref().map(result).transpose()
    }

    /// What came of a statement.
    pub async fn get_statement(&self, call: Call<String>) -> Result<StatementResult, SettlementError> {
        let found = store::statement::find(self.db.read(), &call.body).await?;
        let principal = &call.meta.principal;
        let own = found.filter(|statement| owner(principal, &statement.fixmedins_code).is_ok());
        result(&own.ok_or(Refusal::StatementNotFound)?)
    }
}

/// The lines of an account that institutions share: an institution's own, and what nobody can name and no statement has yet.
/// Whoever has the first line of a number keeps the others.
async fn own_lines(
    tx: &Tx,
    of: Of<'_>,
    lines: Vec<StatementLine>,
) -> Result<Vec<StatementLine>, SettlementError> {
    let numbers: BTreeSet<&str> = lines.iter().map(|line| line.number.as_str()).collect();
    let numbers: Vec<&str> = numbers.into_iter().collect();
    let owners = store::statement::owners(tx, of.channel, &numbers).await?;
    let strange: Vec<&str> = numbers.iter().copied().filter(|number| !owners.contains_key(*number)).collect();
    let told = store::statement::told(tx, of.channel, &strange).await?;
    let own = |line: &StatementLine| match owners.get(&line.number) {
        Some(owner) => owner == of.fixmedins_code,
        None => match told.get(&line.number) {
            Some((keeper, refunds)) => keeper == of.fixmedins_code && !refunds.contains(&line.refund_no),
            None => true,
        },
    };
    Ok(lines.into_iter().filter(own).collect())
}

/// An institution's statements are its own and the operator's.
fn owner(principal: &Principal, fixmedins_code: &str) -> Result<(), SettlementError> {
    match principal.institution() {
        Ok(own) if own != fixmedins_code => Err(AuthFault::NotAllowed.into()),
        _ => Ok(()),
    }
}

fn unit(owed: &Owed) -> (String, i64, bool) {
    (owed.payment_id.clone(), owed.part_no, owed.refund)
}

fn result(statement: &Statement) -> Result<StatementResult, SettlementError> {
    serde_json::from_str(&statement.body).map_err(|_| SettlementError::Stored("statement"))
}

fn told(statement_id: &str, sorted: Sorted) -> StatementResult {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut result = StatementResult {
        statement_id: statement_id.to_owned(),
        booked: sorted.sum(LineFate::Booked),
        suspended: sorted.sum(LineFate::Suspended),
        fees: sorted.sum(LineFate::FeeAlone),
        returned: sorted.sum(LineFate::Returned),
        cleared: count(sorted.cleared.len()),
        cleared_fen: sorted.cleared_sum(),
        all_differences: count(sorted.differences.len()),
        differences: sorted.differences,
    };
    result.differences.truncate(MOST_DIFFERENCES);
    result
}
