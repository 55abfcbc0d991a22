//! What came of a play, cell by cell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::table::{Edge, Table};

/// Cells that answered something else, and what could not be reached.
#[derive(Default)]
pub struct Outcome {
    /// Refusals and readings asked.
    pub asked: usize,
    /// Steps taken that led where they should.
    pub steps: usize,
    pub visited: BTreeSet<String>,
    /// Operation, caller, expected and answered, with the states.
    wrong: BTreeMap<(String, String, String, String), BTreeSet<String>>,
    /// Steps and states that nothing else could lead to.
    unreached: Vec<String>,
    /// States that only time leads to, where time cannot be turned.
    left_out: Vec<String>,
}

impl Outcome {
    /// Everything that was asked is as published, and nothing was out of reach.
    pub fn agrees(&self) -> bool {
        self.wrong.is_empty() && self.unreached.is_empty()
    }

    pub(super) fn differs(&mut self, place: (&str, &str), expected: &str, answered: &str, state: &str) {
        let (operation, caller) = (place.0.to_owned(), place.1.to_owned());
        let key = (operation, caller, expected.to_owned(), answered.to_owned());
        self.wrong.entry(key).or_default().insert(state.to_owned());
    }

    pub(super) fn step_differs(&mut self, edge: &Edge, answered: &str) {
        let place = (edge.operation.as_str(), edge.caller.as_str());
        self.differs(place, &format!("→ {}", edge.to), answered, &edge.from);
    }

    /// Adds up what was not reached: a mistake, unless only time leads there and time cannot be turned.
    pub(super) fn ended(mut self, table: &Table, open: &BTreeSet<Edge>, timed: bool) -> Outcome {
        let late = if timed { BTreeSet::new() } else { after_time(table) };
        for edge in open.iter().filter(|edge| !late.contains(&edge.from)) {
            let Edge { from, operation, caller, to } = edge;
            self.unreached.push(format!("step {from} → {to} by {operation}, {caller}"));
        }
        for (state, _) in table.states.iter().filter(|(state, _)| !self.visited.contains(state)) {
            match late.contains(state) {
                true => self.left_out.push(state.clone()),
                false => self.unreached.push(format!("state {state}")),
            }
        }
        self
    }
}

/// States that no step leads to without time.
fn after_time(table: &Table) -> BTreeSet<String> {
    let edges = table.edges();
    // the second use of a series is there with the first
    let mut reached: BTreeSet<String> = ["draft", "later", "between"].map(str::to_owned).into();
    loop {
        let more = edges.iter().filter(|edge| reached.contains(&edge.from)).map(|edge| edge.to.clone());
        let next: BTreeSet<String> = reached.iter().cloned().chain(more).collect();
        if next.len() == reached.len() {
            break;
        }
        reached = next;
    }
    table.states.iter().map(|(state, _)| state.clone()).filter(|state| !reached.contains(state)).collect()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((operation, caller, expected, answered), states) in &self.wrong {
            let states: Vec<&str> = states.iter().map(String::as_str).collect();
            let states = states.join(", ");
            writeln!(
                f,
                "differs: {operation} | {caller} | in {states} | published: {expected} | answered: {answered}"
            )?;
        }
        for place in &self.unreached {
            writeln!(f, "not reached: {place}")?;
        }
        if !self.left_out.is_empty() {
            writeln!(f, "left out, as only the end of a validity leads there: {}", self.left_out.join(", "))?;
        }
        writeln!(
            f,
            "{} cells asked in {} states, {} steps taken: {} differ, {} not reached",
            self.asked,
            self.visited.len(),
            self.steps,
            self.wrong.len(),
            self.unreached.len()
        )
    }
}
