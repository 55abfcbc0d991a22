//! Every state of a prescription × every operation at the door × every caller, against one table.
//!
//! The walk goes from draft to draft along every step the table allows. On the first visit of a state every other cell
//! of it is tried: what is refused must change nothing, so all refusals of a state share one prescription. What the door
//! refuses by the kind of caller alone is the same in every state and tried in every fifth.

mod callers;
mod calls;
mod sheet;
mod table;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use futures::future::join_all;
use liufang_proto::prescription::v1::Visit;
use liufang_tests::{World, behaviour};

use super::cast::*;
use callers::Callers;
use calls::call;
use sheet::{Sheet, fits};
use table::{Edge, Operation, Table};

// thousands of questions: as processes it has not been seen to come to its end
behaviour!(every_cell_answers_as_published);

async fn every_cell_answers_as_published(world: &mut World) {
    let mut walk = Walk::begin(Cast::of(world).await).await;
    walk.along_every_step().await;
    let late = walk.before_time_passes().await;
    world.clock.advance_seconds(3 * 86_400 + 1);
    walk.callers = Callers::of(&Cast::of(world).await).await;
    for sheet in late {
        walk.after_time(sheet).await;
    }
    walk.report();
}

/// The service's page and the contract hold the table word for word.
#[test]
fn the_table_is_published_as_it_is_tested() {
    let text = Table::text().trim_end();
    let page = include_str!("../../../services/prescription/README.md");
    assert!(
        page.contains(&format!("```text\n{text}\n```")),
        "services/prescription/README.md has another table"
    );
    let comment: Vec<String> = text.lines().map(|line| format!("// {line}").trim_end().to_owned()).collect();
    let contract = include_str!("../../../proto/liufang/prescription/v1/service.proto");
    assert!(contract.contains(&comment.join("\n")), "service.proto has another table");
}

/// Looks at a prescription that moves on by events, forty milliseconds apart.
const PATIENCE: u32 = 750;

/// The walk through the table.
struct Walk {
    cast: Cast,
    callers: Callers,
    table: Table,
    visit: Visit,
    drafts: usize,
    edges: BTreeSet<Edge>,
    /// Steps not taken yet.
    open: BTreeSet<Edge>,
    visited: BTreeSet<String>,
    /// Cells that answered something else: operation, caller, expected and answered, with the states.
    wrong: BTreeMap<(String, String, String, String), Vec<String>>,
    asked: usize,
}

impl Walk {
    async fn begin(cast: Cast) -> Walk {
        let callers = Callers::of(&cast).await;
        let visit = cast.seen(&callers.patient, DOCTOR, "M03900").await;
        let table = Table::read();
        let edges = table.edges();
        let open = edges.clone();
        let (visited, wrong) = (BTreeSet::new(), BTreeMap::new());
        Walk { cast, callers, table, visit, drafts: 0, edges, open, visited, wrong, asked: 0 }
    }

    async fn draft(&mut self) -> Sheet {
        self.drafts += 1;
        Sheet::draft(&self.cast, &self.visit, self.drafts).await
    }

    /// Draft after draft until every step that is reachable was taken.
    async fn along_every_step(&mut self) {
        while self.way("draft", |edge, open| open.contains(edge)).is_some() {
            let mut sheet = self.draft().await;
            self.look_around(&sheet).await;
            while let Some(way) = self.way(&sheet.state, |edge, open| open.contains(edge)) {
                for edge in way {
                    self.step(&mut sheet, &edge).await;
                }
            }
        }
    }

    /// A prescription in every state that time will end.
    async fn before_time_passes(&mut self) -> Vec<Sheet> {
        let mut late = Vec::new();
        for from in self.table.time.keys().cloned().collect::<Vec<_>>() {
            let mut sheet = self.draft().await;
            let way = self.way("draft", |edge, _| edge.to == from).expect("a way");
            for edge in way {
                self.step(&mut sheet, &edge).await;
            }
            late.push(sheet);
        }
        late
    }

    async fn after_time(&mut self, mut sheet: Sheet) {
        let to = self.table.time[&sheet.state].clone();
        self.arrive(&mut sheet, &to, "time").await;
        while let Some(way) = self.way(&sheet.state, |edge, open| open.contains(edge)) {
            for edge in way {
                self.step(&mut sheet, &edge).await;
            }
        }
    }

    /// The shortest way from a state whose last step is `wanted`; dead ends last.
    fn way(&self, from: &str, wanted: impl Fn(&Edge, &BTreeSet<Edge>) -> bool) -> Option<Vec<Edge>> {
        let edges = &self.edges;
        let ends = |state: &str| !edges.iter().any(|edge| edge.from == state);
        let mut queue = VecDeque::from([(from.to_owned(), Vec::new())]);
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut end = None;
        while let Some((state, way)) = queue.pop_front() {
            for edge in edges.iter().filter(|edge| edge.from == state) {
                let mut longer: Vec<Edge> = way.clone();
                longer.push(edge.clone());
                match (wanted(edge, &self.open), ends(&edge.to)) {
                    (true, false) => return Some(longer),
                    (true, true) => end = end.or_else(|| Some(longer.clone())),
                    _ => {}
                }
                if seen.insert(edge.to.clone()) {
                    queue.push_back((edge.to.clone(), longer));
                }
            }
        }
        end
    }

    /// Takes a step that the table allows.
    async fn step(&mut self, sheet: &mut Sheet, edge: &Edge) {
        let said = call(&edge.operation, &edge.caller, sheet, &self.callers).await;
        self.open.remove(edge);
        let said = said.unwrap_or_else(|refusal| panic!("{edge:?}: {refusal}"));
        sheet.secret = said.secret.unwrap_or(sheet.secret.clone());
        sheet.order_id = said.order_id.unwrap_or(sheet.order_id.clone());
        sheet.moved = edge.to == "elsewhere" || sheet.moved && edge.operation != "PlaceOrder";
        self.arrive(sheet, &edge.to, &format!("{edge:?}")).await;
    }

    /// Waits until the prescription looks as the state should, and looks around there for the first time.
    async fn arrive(&mut self, sheet: &mut Sheet, to: &str, how: &str) {
        let expected = self.table.look(to);
        let mut look = String::new();
        for _ in 0..PATIENCE {
            look = sheet.look(&self.callers.patient).await;
            if fits(&look, expected) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        assert!(fits(&look, expected), "{how}: it is {look}, not {expected}");
        to.clone_into(&mut sheet.state);
        sheet.learn(&self.cast, &self.callers.patient).await;
        // the cells speak of the first pharmacy's order; where another one has had it, another way leads here
        if !sheet.moved || to == "elsewhere" {
            self.look_around(sheet).await;
        }
    }

    /// Tries every cell of a state that moves nothing.
    async fn look_around(&mut self, sheet: &Sheet) {
        if !self.visited.insert(sheet.state.clone()) {
            return;
        }
        let turn = self.visited.len();
        let before = (sheet.view(&self.callers.patient).await, sheet.look(&self.callers.patient).await);
        for operation in &self.table.operations {
            let cells = still_cells(&self.table, operation, &sheet.state, turn);
            self.asked += cells.len();
            let tried = cells.iter().map(|(caller, _)| call(&operation.name, caller, sheet, &self.callers));
            for ((caller, expected), answer) in cells.iter().zip(join_all(tried).await) {
                let (code, word) = match &answer {
                    Ok(said) => (None, said.word.to_owned()),
                    Err(refusal) => (Some(format!("{:?}", refusal.code)), refusal.reason.clone()),
                };
                let wanted = self.table.codes.get(expected).map(|code| camel(code));
                if word != *expected || code != wanted {
                    let answered = format!("{word} {}", code.unwrap_or_default());
                    let key = (operation.name.clone(), caller.clone(), expected.clone(), answered);
                    self.wrong.entry(key).or_default().push(sheet.state.clone());
                }
            }
            if operation.is_read() {
                continue;
            }
            let after = (sheet.view(&self.callers.patient).await, sheet.look(&self.callers.patient).await);
            if before != after {
                let changed = format!("{} became {}", before.1, after.1);
                let key =
                    (operation.name.clone(), "somebody".to_owned(), "nothing changes".to_owned(), changed);
                self.wrong.entry(key).or_default().push(sheet.state.clone());
                return;
            }
        }
    }

    fn report(&self) {
        let rows = self.wrong.iter().map(|((operation, caller, expected, answered), states)| {
            format!("{operation} | {caller} | {expected} | answered {answered} | {}", states.join(", "))
        });
        let rows: Vec<String> = rows.collect();
        assert!(rows.is_empty(), "{} of {} cells differ:\n{}", rows.len(), self.asked, rows.join("\n"));
        assert!(self.open.is_empty(), "steps nobody could take: {:?}", self.open);
        let all: BTreeSet<String> = self.table.states.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(self.visited, all, "every state was reached");
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

/// `NOT_FOUND` as the client library calls it.
fn camel(code: &str) -> String {
    let word = |word: &str| word[..1].to_owned() + &word[1..].to_ascii_lowercase();
    code.split('_').map(word).collect()
}
