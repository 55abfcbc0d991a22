//! Plays the table: from draft to draft along every step it allows. On the first visit of a state every other cell of it is
//! tried: what is refused must change nothing, so all refusals of a state share one prescription. What the door refuses by
//! the kind of caller alone is the same in every state and tried in every fifth.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use liufang_proto::order::v1::ReturnOrderRequest;
use liufang_proto::prescription::v1::{Repeat, Visit};
use prost::Message as _;
use uuid::Uuid;

use super::callers::Callers;
use super::calls::{Said, call};
pub use super::outcome::Outcome;
use super::sheet::{Sheet, fits};
use super::stage::Stage;
use super::table::{Edge, Operation, Table};
use super::walk::Steps;
use crate::client::{Answer, Gateway};
use crate::seed::Seed;

/// Looks at a prescription that moves on by events, forty milliseconds apart.
const PATIENCE: u32 = 750;

/// What is played, and where.
pub struct Play<'a> {
    pub gateway: Gateway,
    pub operator_token: String,
    pub table: Table,
    /// Makes so many seconds pass, where somebody can, and answers an operator's token of then; otherwise what time alone
    /// leads to is left out.
    pub pass_time: Option<&'a (dyn Fn(i64) -> String + Send + Sync)>,
}

pub(super) const DAY: i64 = 86_400;

/// Plays the whole table.
///
/// # Errors
/// The play cannot begin or go on: somebody cannot sign in, no visit can be booked, no draft written.
pub async fn play(play: Play<'_>) -> Result<Outcome> {
    let Play { gateway, operator_token, table, pass_time } = play;
    let stage = Stage { gateway, seed: Seed::read()?, operator_token };
    let mut player = Player::begin(stage, table).await?;
    player.along_every_step().await?;
    player.along_series().await?;
    if let Some(pass_time) = pass_time {
        let late = player.before_time_passes().await?;
        let series = player.series_before_time_passes().await?;
        player.pass(pass_time, 2 * DAY).await?;
        let series = player.use_late(series).await?;
        player.pass(pass_time, DAY + 1).await?;
        for sheet in late {
            player.after_time(sheet).await?;
        }
        player.series_after_time(series, pass_time).await?;
    }
    let Player { table, steps, outcome, .. } = player;
    Ok(outcome.ended(&table, steps.open(), pass_time.is_some()))
}

pub(super) struct Player {
    pub(super) stage: Stage,
    pub(super) callers: Callers,
    table: Table,
    pub(super) steps: Steps,
    visit: Visit,
    /// Makes the hospital's numbers of this play its own.
    name: String,
    drafts: usize,
    visited: BTreeSet<String>,
    outcome: Outcome,
}

/// Whether a prescription is where the table says, so that it can be played on with.
pub(super) type GoesOn = bool;

impl Player {
    async fn begin(stage: Stage, table: Table) -> Result<Player> {
        let callers = Callers::of(&stage).await.context("are the demo rows of `liufang seed` loaded?")?;
        let visit = stage.seen(&callers.patient).await?;
        let name = Uuid::new_v4().simple().to_string().chars().take(8).collect();
        let (steps, outcome) = (Steps::of(&table), Outcome::default());
        let visited = BTreeSet::new();
        Ok(Player { stage, callers, table, steps, visit, name, drafts: 0, visited, outcome })
    }

    pub(super) async fn draft(&mut self, repeat: Option<Repeat>) -> Result<Sheet> {
        self.drafts += 1;
        self.callers.renew(&self.stage).await?;
        let number = format!("STATES-{}-{}", self.name, self.drafts);
        Sheet::draft(&self.stage, &self.callers, &self.visit, &number, repeat).await
    }

    /// Lets time pass; everybody signs in again.
    pub(super) async fn pass(
        &mut self,
        pass_time: &(dyn Fn(i64) -> String + Send + Sync),
        seconds: i64,
    ) -> Result<()> {
        self.stage.operator_token = pass_time(seconds);
        self.callers = Callers::of(&self.stage).await?;
        Ok(())
    }

    /// Draft after draft until every step that is reachable was taken.
    async fn along_every_step(&mut self) -> Result<()> {
        while self.steps.next("draft").is_some() {
            let mut sheet = self.draft(None).await?;
            if self.look_around(&sheet).await? {
                self.go_on(&mut sheet).await?;
            }
            self.bring_back(&sheet).await;
        }
        Ok(())
    }

    /// A shelf of the demo rows is soon empty: goods of the orders that no further step takes back are brought back. What has
    /// come back before says so, and is left.
    async fn bring_back(&self, sheet: &Sheet) {
        for order_id in sheet.sold.iter().rev() {
            let reason = "退回".to_owned();
            let body = ReturnOrderRequest { order_id: order_id.clone(), reason, ..Default::default() };
            let _ = self.callers.pos.return_order(body).await;
        }
    }

    /// Along the steps that are left from where the prescription is.
    pub(super) async fn go_on(&mut self, sheet: &mut Sheet) -> Result<()> {
        while let Some(way) = self.steps.next(&sheet.state) {
            if !self.along(sheet, way).await? {
                break;
            }
        }
        Ok(())
    }

    pub(super) async fn along(&mut self, sheet: &mut Sheet, way: Vec<Edge>) -> Result<GoesOn> {
        for edge in way {
            if !self.step(sheet, &edge).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A prescription in every state that time will end.
    async fn before_time_passes(&mut self) -> Result<Vec<Sheet>> {
        let mut late = Vec::new();
        for from in self.table.time.keys().cloned().collect::<Vec<_>>() {
            let Some(way) = self.steps.to("draft", &from) else { continue };
            let mut sheet = self.draft(None).await?;
            if self.along(&mut sheet, way).await? {
                late.push(sheet);
            }
        }
        Ok(late)
    }

    /// Where time has led it, and on from there.
    pub(super) async fn after_time(&mut self, mut sheet: Sheet) -> Result<Sheet> {
        let Some(to) = self.table.time.get(&sheet.state).cloned() else { return Ok(sheet) };
        let time = by_time(&sheet.state, &to);
        if self.arrive(&mut sheet, &time).await? {
            self.go_on(&mut sheet).await?;
        }
        Ok(sheet)
    }

    /// A prescription that no step of its own led to where it is.
    pub(super) async fn begin_at(&mut self, sheet: &mut Sheet, state: &str) -> Result<GoesOn> {
        state.clone_into(&mut sheet.state);
        self.arrive(sheet, &by_time(state, state)).await
    }

    pub(super) fn has(&self, state: &str) -> bool {
        self.table.states.iter().any(|(own, _)| own == state)
    }

    /// Takes a step that the table allows.
    pub(super) async fn step(&mut self, sheet: &mut Sheet, edge: &Edge) -> Result<GoesOn> {
        let said = match call(&edge.operation, &edge.caller, sheet, &self.callers).await {
            Ok(said) => said,
            Err(refusal) => {
                self.outcome.step_differs(edge, &refusal.to_string());
                self.steps.give_up(edge);
                return Ok(false);
            }
        };
        self.steps.taken(edge);
        sheet.hear(&edge.operation, said);
        self.arrive(sheet, edge).await
    }

    /// Waits until the prescription looks as the state should, and looks around there for the first time.
    pub(super) async fn arrive(&mut self, sheet: &mut Sheet, edge: &Edge) -> Result<GoesOn> {
        let expected = self.table.look(&edge.to).to_owned();
        let mut look = String::new();
        for _ in 0..PATIENCE {
            look = sheet.look(&self.callers.patient, self.stage.gateway.now()).await?;
            if fits(&look, &expected) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        if !fits(&look, &expected) {
            self.outcome.step_differs(edge, &look);
            self.steps.give_up(edge);
            return Ok(false);
        }
        self.outcome.steps += 1;
        edge.to.clone_into(&mut sheet.state);
        sheet.learn(&self.stage, &self.callers.patient).await?;
        // the cells speak of the first pharmacy's order; where another one has had it, another way leads here
        if !sheet.moved || edge.to.ends_with("elsewhere") { self.look_around(sheet).await } else { Ok(true) }
    }

    /// Tries every cell of a state that moves nothing.
    async fn look_around(&mut self, sheet: &Sheet) -> Result<GoesOn> {
        if !self.visited.insert(sheet.state.clone()) {
            return Ok(true);
        }
        let turn = self.visited.len();
        self.outcome.visited.insert(sheet.state.clone());
        let before = self.seen(sheet).await?;
        for operation in &self.table.operations {
            let cells = still_cells(&self.table, operation, &sheet.state, turn);
            self.outcome.asked += cells.len();
            let tried = cells.iter().map(|(caller, _)| call(&operation.name, caller, sheet, &self.callers));
            for ((caller, expected), answer) in cells.iter().zip(join_all(tried).await) {
                let (code, word) = told(&answer);
                let wanted = self.table.code(expected);
                if word != *expected || code != wanted {
                    let wanted = format!("{expected} {wanted}");
                    let place = (operation.name.as_str(), caller.as_str());
                    self.outcome.differs(place, &wanted, &format!("{word} {code}"), &sheet.state);
                }
            }
            let after = self.seen(sheet).await?;
            if before != after {
                let changed = format!("{} became {}", before.1, after.1);
                let place = (operation.name.as_str(), "somebody");
                self.outcome.differs(place, "nothing changes", &changed, &sheet.state);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Everything the patient sees of it.
    async fn seen(&self, sheet: &Sheet) -> Answer<(Vec<u8>, String)> {
        let (patient, now) = (&self.callers.patient, self.stage.gateway.now());
        Ok((sheet.view(patient).await?.encode_to_vec(), sheet.look(patient, now).await?))
    }
}

fn by_time(from: &str, to: &str) -> Edge {
    let (operation, caller) = ("time".to_owned(), "nobody".to_owned());
    Edge { from: from.to_owned(), operation, caller, to: to.to_owned() }
}

/// Status code and word of an answer, as the table writes them.
fn told(answer: &Answer<Said>) -> (String, String) {
    match answer {
        Ok(said) => ("OK".to_owned(), said.word.to_owned()),
        Err(refusal) => (upper_snake(&format!("{:?}", refusal.code)), refusal.reason.clone()),
    }
}

/// Callers and their answers in a state, without the cells that move.
fn still_cells(table: &Table, operation: &Operation, state: &str, turn: usize) -> Vec<(String, String)> {
    let cell = |(index, caller): (usize, String)| {
        // the door looks at no prescription: each such cell is tried in every fifth state
        if table.is_of_the_door(operation, &caller) && !(index + turn).is_multiple_of(5) {
            return None;
        }
        let answer = table.answer(operation, &caller, state).to_owned();
        table.target(&answer).is_none().then_some((caller, answer))
    };
    operation.callers().into_iter().enumerate().filter_map(cell).collect()
}

/// `NotFound` as the contract calls it.
fn upper_snake(code: &str) -> String {
    let mut text = String::new();
    for letter in code.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_written_as_in_the_contract() {
        assert_eq!(super::upper_snake("FailedPrecondition"), "FAILED_PRECONDITION");
        assert_eq!(super::upper_snake("Unauthenticated"), "UNAUTHENTICATED");
    }
}
