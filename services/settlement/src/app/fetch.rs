//! Statements that are fetched: every day on which money moved at a channel is asked for until its statement is there.
//!
//! Invariant: a statement is taken by the code that takes one handed in; nothing is taken of what cannot be read, and a day
//! without a statement stays due, however often it was asked for.

use std::collections::BTreeMap;

use futures::future::join_all;
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_kernel::{Fault as _, Timestamp};
use liufang_platform::{Begun, Call, hash};
use serde::{Deserialize, Serialize};

use super::App;
use super::statement::{ImportStatement, StatementResult};
use crate::domain::fetch::{Bill, BillSays, CHANNELS, EARLY_S, FetchTold, newest, pause_s};
use crate::domain::statement;
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::fetch::Asked;
use crate::store::statement::Of;

/// Days of one channel that are asked for at once.
const AT_ONCE: i64 = 16;
/// Nobody else asks for a day meanwhile.
const LEASE_S: i64 = 120;
/// What waits for a statement is looked for that often.
const PLAN_EVERY_S: i64 = 600;

/// Which statement to fetch.
#[derive(Clone, Debug)]
pub struct FetchStatement {
    pub channel: String,
    pub fixmedins_code: String,
    pub stmt_date: String,
}

impl FetchStatement {
    fn of(&self) -> Of<'_> {
        Of { channel: &self.channel, fixmedins_code: &self.fixmedins_code, stmt_date: &self.stmt_date }
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fetched {
    Taken(StatementResult),
    NotReady,
    Nothing,
    Unsupported,
}

impl App {
    /// Fetches one statement and takes it. What was taken before is told as it was; only a statement that was taken is kept
    /// under the key of the call.
    pub async fn fetch_statement(&self, call: Call<FetchStatement>) -> Result<Fetched, SettlementError> {
        let Call { meta, body } = call;
        let day = parse_date(&body.stmt_date).ok_or(SettlementError::Stored("date"))?;
        if day >= meta.now.china_date() {
            return Err(Refusal::StatementDayOpen.into());
        }
        match self.db.begin::<Fetched>(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work.cancel().await?,
        }
        if let Some(known) = self.known_statement(body.of()).await? {
            return Ok(Fetched::Taken(known));
        }
        let bill = match self.outside.fetch_statement(body.of()).await {
            BillSays::Ready(bill) => bill,
            BillSays::NotReady => return Ok(Fetched::NotReady),
            BillSays::Nothing => return Ok(Fetched::Nothing),
            BillSays::Unsupported => return Ok(Fetched::Unsupported),
            BillSays::Unknown(reason) => return Err(Refusal::StatementNotFetched.with("reason", reason)),
        };
        let import = import(body.of(), &bill)?;
        let region = self.place_of(body.of(), meta.now).await?;
        let work = match self.db.begin::<Fetched>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let result = self.take_statement(work.tx(), &region, import, meta.now).await?;
        store::fetch::end(work.tx(), body.of(), "taken").await?;
        Ok(work.commit(Fetched::Taken(result)).await?)
    }

    /// Worker step: asks channels for the statements of days that are over; answers how many were asked for. All channels are
    /// asked at once, so that a silent one holds up no other.
    pub async fn fetch_step(&self) -> Result<usize, SettlementError> {
        let now = self.clock.now();
        self.plan_fetches(now).await?;
        let mut by_channel: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
        for asked in store::fetch::due(self.db.read(), now, AT_ONCE).await? {
            by_channel.entry(asked.channel.clone()).or_default().push(asked);
        }
        let count = by_channel.values().map(Vec::len).sum();
        let channels = by_channel.values().map(|days| self.fetch_days(days, now));
        // each to its end, whatever becomes of the others
        join_all(channels).await.into_iter().collect::<Result<(), _>>()?;
        Ok(count)
    }

    /// Asks one channel for days in turn; a statement that institutions share is fetched once.
    async fn fetch_days(&self, days: &[Asked], now: Timestamp) -> Result<(), SettlementError> {
        let mut shared: BTreeMap<&str, Bill> = BTreeMap::new();
        for asked in days {
            let work = self.db.begin_step().await?;
            let ours = store::fetch::lease(work.tx(), asked, now.plus_seconds(LEASE_S)).await?;
            work.done().await?;
            if !ours {
                continue;
            }
            if self.known_statement(asked.of()).await?.is_some() {
                self.end_fetch(asked.of(), "taken").await?;
                continue;
            }
            let says = match shared.get(asked.stmt_date.as_str()) {
                Some(bill) => BillSays::Ready(bill.clone()),
                None => self.outside.fetch_statement(asked.of()).await,
            };
            if let BillSays::Ready(bill) = &says
                && bill.shared
            {
                shared.insert(&asked.stmt_date, bill.clone());
            }
            self.learn(asked, says, now).await?;
        }
        Ok(())
    }

    /// Takes what a channel said of a day, or asks again later.
    async fn learn(&self, asked: &Asked, says: BillSays, now: Timestamp) -> Result<(), SettlementError> {
        let told = match says {
            BillSays::Ready(bill) => match self.take_fetched(asked.of(), &bill, now).await {
                Ok(()) => return Ok(()),
                Err(SettlementError::Db(fault)) => return Err(SettlementError::Db(fault)),
                Err(error) => {
                    let (channel, day) = (&asked.channel, &asked.stmt_date);
                    tracing::error!(
                        channel,
                        institution = asked.fixmedins_code,
                        day,
                        "a statement is not taken: {error}"
                    );
                    error.doc().reason.to_string()
                }
            },
            BillSays::Nothing if !asked.expected => return self.end_fetch(asked.of(), "none").await,
            BillSays::NotReady => FetchTold::NotReady.as_str().to_owned(),
            BillSays::Nothing => FetchTold::Nothing.as_str().to_owned(),
            BillSays::Unsupported => FetchTold::Unsupported.as_str().to_owned(),
            BillSays::Unknown(reason) => reason,
        };
        tracing::info!(channel = asked.channel, day = asked.stmt_date, told, "no statement yet");
        let work = self.db.begin_step().await?;
        let again = now.plus_seconds(pause_s(asked.attempts));
        store::fetch::put_off(work.tx(), asked.of(), &told, again).await?;
        Ok(work.done().await?)
    }

    async fn take_fetched(&self, of: Of<'_>, bill: &Bill, now: Timestamp) -> Result<(), SettlementError> {
        let import = import(of, bill)?;
        let region = self.place_of(of, now).await?;
        let work = self.db.begin_step().await?;
        let result = self.take_statement(work.tx(), &region, import, now).await?;
        store::fetch::end(work.tx(), of, "taken").await?;
        work.done().await?;
        if result.all_differences > 0 {
            let (statement_id, differences) = (&result.statement_id, result.all_differences);
            tracing::warn!(statement_id, differences, "a channel's statement differs from the books");
        }
        Ok(())
    }

    async fn end_fetch(&self, of: Of<'_>, state: &str) -> Result<(), SettlementError> {
        let work = self.db.begin_step().await?;
        store::fetch::end(work.tx(), of, state).await?;
        Ok(work.done().await?)
    }

    async fn place_of(&self, of: Of<'_>, now: Timestamp) -> Result<String, SettlementError> {
        Ok(self.outside.institution(of.fixmedins_code, now.china_date()).await?.region)
    }

    /// Plans to ask for every day that is over and has something open, and notes what statements left unpaid.
    async fn plan_fetches(&self, now: Timestamp) -> Result<(), SettlementError> {
        let Some(newest) = newest(now, self.statements.hour) else { return Ok(()) };
        if !self.statements.is_time(now, PLAN_EVERY_S) {
            return Ok(());
        }
        let end = Timestamp::start_of(newest).plus_days(1);
        let begin = end.plus_days(-self.statements.days);
        for channel in CHANNELS {
            let read = self.db.read();
            let days = store::fetch::open_days(read, channel, (begin, end), 0).await?;
            let early = store::fetch::open_days(read, channel, (begin, end), EARLY_S).await?;
            let ended = store::fetch::ended(read, channel, begin.china_date()).await?;
            let strange = store::fetch::strange_since(read, channel).await?;
            if days.is_empty() && strange.is_empty() && ended.iter().all(|(.., unpaid)| *unpaid == 0) {
                continue;
            }
            let work = self.db.begin_step().await?;
            let tx = work.tx();
            // what money moved on by our books comes first: it is expected
            for (found, expected) in [(&days, true), (&early, false)] {
                for (fixmedins_code, day) in found.keys() {
                    let stmt_date = &date_text(*day);
                    store::fetch::plan(tx, Of { channel, fixmedins_code, stmt_date }, expected, now).await?;
                }
            }
            // money that nobody could name may go back on a day on which nothing else moves
            for (fixmedins_code, since) in &strange {
                let since = parse_date(since).ok_or(SettlementError::Stored("date"))?;
                let mut day = since.max(begin.china_date()).next_day();
                while let Some(after) = day.filter(|day| *day <= newest) {
                    let stmt_date = &date_text(after);
                    store::fetch::plan(tx, Of { channel, fixmedins_code, stmt_date }, false, now).await?;
                    day = after.next_day();
                }
            }
            for (fixmedins_code, stmt_date, unpaid) in &ended {
                let day = parse_date(stmt_date).ok_or(SettlementError::Stored("date"))?;
                let open = days.get(&(fixmedins_code.clone(), day)).copied().unwrap_or(0);
                if open != *unpaid {
                    store::fetch::leave_unpaid(tx, Of { channel, fixmedins_code, stmt_date }, open).await?;
                }
            }
            work.done().await?;
        }
        self.statements.planned(now);
        Ok(())
    }

    /// Days that ended two days ago or earlier, on which money moved, and whose statement is not there.
    pub async fn statements_missing(&self) -> Result<i64, SettlementError> {
        let today = self.clock.now().china_date();
        match today.previous_day().and_then(|day| day.previous_day()) {
            Some(until) => store::fetch::missing(self.db.read(), until).await,
            None => Ok(0),
        }
    }

    /// Payments that statements have and nobody can name, and what statements left unpaid.
    pub async fn statement_lines_waiting(&self) -> Result<(i64, i64), SettlementError> {
        store::fetch::waiting(self.db.read()).await
    }
}

/// A channel's statement, read.
fn import(of: Of<'_>, bill: &Bill) -> Result<ImportStatement, SettlementError> {
    let lines = statement::read(bill.format, &bill.text)
        .map_err(|unreadable| Refusal::StatementUnreadable.with("problem", unreadable.to_string()))?;
    Ok(ImportStatement {
        channel: of.channel.to_owned(),
        fixmedins_code: of.fixmedins_code.to_owned(),
        stmt_date: of.stmt_date.to_owned(),
        digest: hash::sha256_hex(bill.text.as_bytes()),
        lines,
        institution: None,
        shared: bill.shared,
    })
}
