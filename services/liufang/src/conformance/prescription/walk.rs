//! Ways through the table: which step comes next.

use std::collections::{BTreeSet, VecDeque};

use super::table::{Edge, Table};

/// The steps of the table, and those nobody has taken yet.
pub struct Steps {
    edges: BTreeSet<Edge>,
    open: BTreeSet<Edge>,
}

impl Steps {
    pub fn of(table: &Table) -> Steps {
        let edges = table.edges();
        Steps { open: edges.clone(), edges }
    }

    pub fn taken(&mut self, edge: &Edge) {
        self.open.remove(edge);
    }

    /// A step that did not go as published is no part of any way.
    pub fn give_up(&mut self, edge: &Edge) {
        self.open.remove(edge);
        self.edges.remove(edge);
    }

    pub fn open(&self) -> &BTreeSet<Edge> {
        &self.open
    }

    /// The shortest way from a state to a step not taken yet; dead ends last.
    pub fn next(&self, from: &str) -> Option<Vec<Edge>> {
        self.way(from, |edge| self.open.contains(edge))
    }

    /// The shortest way from one state to another.
    pub fn to(&self, from: &str, to: &str) -> Option<Vec<Edge>> {
        self.way(from, |edge| edge.to == to)
    }

    fn way(&self, from: &str, wanted: impl Fn(&Edge) -> bool) -> Option<Vec<Edge>> {
        let ends = |state: &str| !self.edges.iter().any(|edge| edge.from == state);
        let mut queue = VecDeque::from([(from.to_owned(), Vec::new())]);
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut end = None;
        while let Some((state, way)) = queue.pop_front() {
            for edge in self.edges.iter().filter(|edge| edge.from == state) {
                let mut longer: Vec<Edge> = way.clone();
                longer.push(edge.clone());
                match (wanted(edge), ends(&edge.to)) {
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
}
