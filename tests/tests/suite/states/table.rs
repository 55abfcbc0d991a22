//! The table as a person reads it, and every cell of it as the test asks.

use std::collections::{BTreeMap, BTreeSet};

const TEXT: &str = include_str!("table.txt");

/// Callers every operation is tried by; the rows of an operation may name further ones, e.g. `pharmacy, wrong secret`.
pub const CALLERS: [&str; 13] = [
    "patient",
    "patient by platform",
    "other patient",
    "platform",
    "hospital",
    "other hospital",
    "pharmacy",
    "other pharmacy",
    "courier",
    "agency",
    "supervisor",
    "operator",
    "nobody",
];

/// What stands before a move to another state.
const MOVE: &str = "→ ";

/// `state × operation × caller → answer`.
pub struct Table {
    /// How a prescription in a state looks, by state in the order of the text.
    pub states: Vec<(String, String)>,
    pub operations: Vec<Operation>,
    /// The status code of each reason.
    pub codes: BTreeMap<String, String>,
    /// What time does, by state.
    pub time: BTreeMap<String, String>,
    everywhere: BTreeMap<String, String>,
}

pub struct Operation {
    pub name: String,
    rows: BTreeMap<String, Vec<Clause>>,
}

/// One answer and where it is given; everywhere else without states.
struct Clause {
    answer: String,
    states: Vec<String>,
}

/// A step that succeeds and changes the prescription.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: String,
    pub operation: String,
    pub caller: String,
    pub to: String,
}

impl Table {
    /// Reads the text; a mistake in it panics with the place.
    pub fn read() -> Table {
        let mut table = Table {
            states: Vec::new(),
            operations: Vec::new(),
            codes: BTreeMap::new(),
            time: BTreeMap::new(),
            everywhere: BTreeMap::new(),
        };
        let mut known = Vocabulary::default();
        for (title, entries) in sections() {
            match title.split([':', ' ']).next().unwrap_or_default() {
                "States" => {
                    known.states = entries.iter().map(|(state, _)| state.clone()).collect();
                    table.states = entries;
                }
                "Groups" => known.groups = entries.into_iter().collect(),
                "Words" => known.words = entries.into_iter().collect(),
                "Codes" => table.codes = by_reason(&entries),
                "Everywhere" => table.everywhere = entries.into_iter().collect(),
                "Time" => table.time = entries.into_iter().map(|(from, to)| (from, target(&to))).collect(),
                name => table.operations.push(Operation::read(name, &entries, &known)),
            }
        }
        table.check();
        table
    }

    pub fn text() -> &'static str {
        TEXT
    }

    /// Whether the door decides a cell by the kind of caller or the method alone, whatever the prescription is.
    pub fn is_of_the_door(&self, operation: &Operation, caller: &str) -> bool {
        !operation.rows.contains_key(caller)
    }

    /// The answer of one cell.
    pub fn answer<'a>(&'a self, operation: &'a Operation, caller: &str, state: &str) -> &'a str {
        if let Some(clauses) = operation.rows.get(caller).or_else(|| operation.rows.get("others")) {
            let named = clauses.iter().find(|clause| clause.states.iter().any(|own| own == state));
            let clause = named.or_else(|| clauses.iter().find(|clause| clause.states.is_empty()));
            return &clause
                .unwrap_or_else(|| panic!("{}, {caller}: no answer in {state}", operation.name))
                .answer;
        }
        let common = self.everywhere.get(caller).or_else(|| self.everywhere.get("others"));
        common.expect("an answer for everybody")
    }

    /// The state after a cell that moves.
    pub fn target<'a>(&self, answer: &'a str) -> Option<&'a str> {
        answer.strip_prefix(MOVE)
    }

    pub fn edges(&self) -> BTreeSet<Edge> {
        let mut edges = BTreeSet::new();
        for (state, _) in &self.states {
            for operation in &self.operations {
                for caller in operation.callers() {
                    if let Some(to) = self.target(self.answer(operation, &caller, state)) {
                        let (from, to) = (state.clone(), to.to_owned());
                        edges.insert(Edge { from, operation: operation.name.clone(), caller, to });
                    }
                }
            }
        }
        edges
    }

    pub fn look(&self, state: &str) -> &str {
        &self.states.iter().find(|(name, _)| name == state).expect("a known state").1
    }

    /// Every word is known, every cell has one answer, every reason a code.
    fn check(&self) {
        let known =
            |state: &str| assert!(self.states.iter().any(|(own, _)| own == state), "no state {state}");
        self.time.iter().for_each(|(from, to)| [from, to].into_iter().for_each(|state| known(state)));
        for operation in &self.operations {
            for (caller, clauses) in &operation.rows {
                let place = format!("{}, {caller}", operation.name);
                let base = caller.split(", ").next().unwrap_or_default();
                assert!(CALLERS.contains(&base) || base == "others", "{place}: no such caller");
                let named: Vec<&String> = clauses.iter().flat_map(|clause| &clause.states).collect();
                named.iter().for_each(|state| known(state));
                let distinct: BTreeSet<_> = named.iter().collect();
                assert_eq!(distinct.len(), named.len(), "{place}: a state has two answers");
                let rest = clauses.iter().filter(|clause| clause.states.is_empty()).count();
                assert_eq!(
                    rest,
                    usize::from(named.len() < self.states.len()),
                    "{place}: one answer for the rest"
                );
            }
            for caller in operation.callers() {
                for (state, _) in &self.states {
                    let answer = self.answer(operation, &caller, state);
                    match self.target(answer) {
                        Some(to) => known(to),
                        None if answer.contains('_') => {
                            assert!(self.codes.contains_key(answer), "{answer} has no code")
                        }
                        None => {}
                    }
                }
            }
        }
    }
}

impl Operation {
    fn read(name: &str, entries: &[(String, String)], known: &Vocabulary) -> Operation {
        let mut rows = BTreeMap::new();
        for (callers, answers) in entries {
            for caller in callers.split(" / ") {
                let answers: Vec<&str> =
                    answers.split(';').flat_map(|clause| known.clauses(clause.trim())).collect();
                let clauses = answers.into_iter().map(|clause| Clause::read(clause, known)).collect();
                assert!(rows.insert(caller.to_owned(), clauses).is_none(), "{name}, {caller}: twice");
            }
        }
        Operation { name: name.to_owned(), rows }
    }

    /// Reads change nothing, and what roles do among themselves never gets past the door.
    pub fn is_read(&self) -> bool {
        self.name.starts_with("Get") || self.name.starts_with("List") || self.rows.contains_key("others")
    }

    /// Everybody, and the callers with a twist that this operation names.
    pub fn callers(&self) -> Vec<String> {
        let twisted = self.rows.keys().filter(|caller| caller.contains(", ")).cloned();
        CALLERS.iter().map(|caller| (*caller).to_owned()).chain(twisted).collect()
    }
}

impl Clause {
    /// `ANSWER in state, state`, `else ANSWER`, or `ANSWER` alone.
    fn read(text: &str, known: &Vocabulary) -> Clause {
        let Some((answer, states)) = text.split_once(" in ") else {
            let answer = text.strip_prefix("else ").unwrap_or(text).to_owned();
            return Clause { answer, states: Vec::new() };
        };
        let states = states.split(',').flat_map(|word| known.expand(word.trim())).collect();
        Clause { answer: answer.to_owned(), states }
    }
}

/// Short forms of the text.
#[derive(Default)]
struct Vocabulary {
    states: Vec<String>,
    groups: BTreeMap<String, String>,
    words: BTreeMap<String, String>,
}

impl Vocabulary {
    /// A clause, or the clauses that a word stands for.
    fn clauses<'a>(&'a self, text: &'a str) -> Vec<&'a str> {
        self.words.get(text).map_or(vec![text], |clauses| clauses.split(';').map(str::trim).collect())
    }

    /// A state, the states of a group, or with a star every state that begins so.
    fn expand(&self, word: &str) -> Vec<String> {
        if let Some(start) = word.strip_suffix('*') {
            return self.states.iter().filter(|state| state.starts_with(start)).cloned().collect();
        }
        let of_group = |group: &String| group.split(", ").map(str::to_owned).collect();
        self.groups.get(word).map_or_else(|| vec![word.to_owned()], of_group)
    }
}

/// Titles stand at the margin, entries two blanks in, and what continues an entry stands deeper.
fn sections() -> Vec<(String, Vec<(String, String)>)> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in TEXT.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            sections.push((line.to_owned(), Vec::new()));
            continue;
        }
        let entries = &mut sections.last_mut().expect("a title first").1;
        match entries.last_mut() {
            Some(entry) if 2 < indent => *entry = format!("{entry} {}", line.trim()),
            _ => entries.push(line.trim().to_owned()),
        }
    }
    let pair = |entry: String| {
        let (key, value) = entry.split_once(": ").unwrap_or_else(|| panic!("no colon: {entry}"));
        (key.to_owned(), value.to_owned())
    };
    sections.into_iter().map(|(title, entries)| (title, entries.into_iter().map(pair).collect())).collect()
}

fn by_reason(entries: &[(String, String)]) -> BTreeMap<String, String> {
    let pairs = entries
        .iter()
        .flat_map(|(code, reasons)| reasons.split(", ").map(move |reason| (reason.to_owned(), code.clone())));
    pairs.collect()
}

fn target(answer: &str) -> String {
    answer.strip_prefix(MOVE).unwrap_or_else(|| panic!("time moves: {answer}")).to_owned()
}
