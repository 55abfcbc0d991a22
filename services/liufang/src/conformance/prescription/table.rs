//! The table as a person reads it, and every cell of it as the player asks.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};

use super::consistent;

/// Callers every operation is tried by where the text has no `Callers`; the rows of an operation may name further ones, e.g.
/// `pharmacy, wrong secret`.
const CALLERS: [&str; 13] = [
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
    /// By operation: reasons, the first to be checked first.
    pub order: BTreeMap<String, Vec<String>>,
    everywhere: BTreeMap<String, String>,
}

/// A method, or a way to call it, with its rows.
pub struct Operation {
    pub name: String,
    pub(super) rows: BTreeMap<String, Vec<Clause>>,
    /// Who tries every operation.
    callers: Vec<String>,
}

/// One answer and where it is given; everywhere else without states.
pub(super) struct Clause {
    pub answer: String,
    pub states: Vec<String>,
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
    /// Reads and checks the text.
    ///
    /// # Errors
    /// The place of the first mistake: an unknown word, a cell without an answer or with two, an order of checks that the
    /// cells do not keep.
    pub fn read(text: &str) -> Result<Table> {
        let mut table = Table {
            states: Vec::new(),
            operations: Vec::new(),
            codes: BTreeMap::new(),
            time: BTreeMap::new(),
            order: BTreeMap::new(),
            everywhere: BTreeMap::new(),
        };
        let mut known = Vocabulary::default();
        for (title, entries) in sections(text)? {
            match title.split([':', ' ']).next().unwrap_or_default() {
                "States" => {
                    known.states = entries.iter().map(|(state, _)| state.clone()).collect();
                    table.states = entries;
                }
                "Groups" => {
                    for (name, words) in entries {
                        let states = words.split(", ").flat_map(|word| known.expand(word)).collect();
                        known.groups.insert(name, states);
                    }
                }
                "Callers" => known.callers = entries.into_iter().map(|(caller, _)| caller).collect(),
                "Words" => known.words = entries.into_iter().collect(),
                "Codes" => table.codes = by_reason(&entries),
                "Everywhere" => table.everywhere = entries.into_iter().collect(),
                "Order" => {
                    let rows =
                        entries.into_iter().map(|(operation, reasons)| (operation, known.reasons(&reasons)));
                    table.order = rows.collect();
                }
                "Time" => {
                    let moves = entries.into_iter().map(|(from, to)| Ok((from, target(&to)?)));
                    table.time = moves.collect::<Result<_>>()?;
                }
                name => table.operations.push(Operation::read(name, &entries, &known)?),
            }
        }
        table.check()?;
        consistent::check(&table)?;
        Ok(table)
    }

    /// The part of it that speaks of some states: cells that lead elsewhere are left out.
    #[must_use]
    pub fn within(mut self, states: &[&str]) -> Table {
        self.states.retain(|(state, _)| states.contains(&state.as_str()));
        self.time.clear();
        self
    }

    /// Whether the door decides a cell by the kind of caller or the method alone, whatever the prescription is.
    pub fn is_of_the_door(&self, operation: &Operation, caller: &str) -> bool {
        !operation.rows.contains_key(caller)
    }

    /// The answer of one cell; empty where the table has none, which reading it refuses.
    pub fn answer<'a>(&'a self, operation: &'a Operation, caller: &str, state: &str) -> &'a str {
        if let Some(clauses) = operation.rows.get(caller).or_else(|| operation.rows.get("others")) {
            let named = clauses.iter().find(|clause| clause.states.iter().any(|own| own == state));
            let clause = named.or_else(|| clauses.iter().find(|clause| clause.states.is_empty()));
            return clause.map_or("", |clause| &clause.answer);
        }
        let common = self.everywhere.get(caller).or_else(|| self.everywhere.get("others"));
        common.map_or("", String::as_str)
    }

    /// The status code of an answer as the contract writes it; `OK` for one that is no refusal.
    pub fn code(&self, answer: &str) -> &str {
        self.codes.get(answer).map_or("OK", String::as_str)
    }

    /// Every cell: state, operation, caller, status code, answer, with tabs between.
    pub fn cells(&self) -> Vec<String> {
        let mut cells = Vec::new();
        for (state, _) in &self.states {
            for operation in &self.operations {
                for caller in operation.callers() {
                    let answer = self.answer(operation, &caller, state);
                    let code = self.code(answer);
                    cells.push(format!("{state}\t{}\t{caller}\t{code}\t{answer}", operation.name));
                }
            }
        }
        cells
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
                    let to = self.target(self.answer(operation, &caller, state));
                    if let Some(to) = to.filter(|to| self.states.iter().any(|(own, _)| own == to)) {
                        let (from, to) = (state.clone(), to.to_owned());
                        edges.insert(Edge { from, operation: operation.name.clone(), caller, to });
                    }
                }
            }
        }
        edges
    }

    /// How a prescription in a state looks; empty for a state the table does not have.
    pub fn look(&self, state: &str) -> &str {
        self.states.iter().find(|(name, _)| name == state).map_or("", |(_, look)| look)
    }

    fn knows(&self, state: &str) -> Result<()> {
        ensure!(self.states.iter().any(|(own, _)| own == state), "no state {state}");
        Ok(())
    }

    /// Every word is known, every cell has one answer, every reason a code.
    fn check(&self) -> Result<()> {
        for (from, to) in &self.time {
            self.knows(from)?;
            self.knows(to)?;
        }
        for operation in &self.operations {
            for (caller, clauses) in &operation.rows {
                self.check_row(operation, caller, clauses)
                    .with_context(|| format!("{}, {caller}", operation.name))?;
            }
            for caller in operation.callers() {
                for (state, _) in &self.states {
                    let answer = self.answer(operation, &caller, state);
                    match self.target(answer) {
                        Some(to) => self.knows(to)?,
                        None if answer.is_empty() => {
                            bail!("{}, {caller}: no answer in {state}", operation.name)
                        }
                        None if answer.contains('_') => {
                            ensure!(self.codes.contains_key(answer), "{answer} has no code")
                        }
                        None => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn check_row(&self, operation: &Operation, caller: &str, clauses: &[Clause]) -> Result<()> {
        let base = caller.split(", ").next().unwrap_or_default();
        let known = operation.callers.iter().any(|own| own == base);
        ensure!(known || base == "others", "no such caller");
        let named: Vec<&String> = clauses.iter().flat_map(|clause| &clause.states).collect();
        named.iter().try_for_each(|state| self.knows(state))?;
        let distinct: BTreeSet<_> = named.iter().collect();
        ensure!(distinct.len() == named.len(), "a state has two answers");
        let rest = clauses.iter().filter(|clause| clause.states.is_empty()).count();
        ensure!(rest == usize::from(named.len() < self.states.len()), "one answer for the rest");
        Ok(())
    }
}

impl Operation {
    fn read(name: &str, entries: &[(String, String)], known: &Vocabulary) -> Result<Operation> {
        let mut rows = BTreeMap::new();
        for (callers, answers) in entries {
            for caller in callers.split(" / ") {
                let answers: Vec<&str> =
                    answers.split(';').flat_map(|clause| known.clauses(clause.trim())).collect();
                let clauses = answers.into_iter().map(|clause| Clause::read(clause, known)).collect();
                ensure!(rows.insert(caller.to_owned(), clauses).is_none(), "{name}, {caller}: twice");
            }
        }
        let callers = match known.callers.as_slice() {
            [] => CALLERS.map(str::to_owned).to_vec(),
            own => own.to_vec(),
        };
        Ok(Operation { name: name.to_owned(), rows, callers })
    }

    /// Reads change nothing, and what roles do among themselves never gets past the door.
    pub fn is_read(&self) -> bool {
        self.name.starts_with("Get") || self.name.starts_with("List") || self.rows.contains_key("others")
    }

    /// Everybody, and the callers with a twist that this operation names.
    pub fn callers(&self) -> Vec<String> {
        let twisted = self.rows.keys().filter(|caller| caller.contains(", ")).cloned();
        self.callers.iter().cloned().chain(twisted).collect()
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
    groups: BTreeMap<String, Vec<String>>,
    words: BTreeMap<String, String>,
    callers: Vec<String>,
}

impl Vocabulary {
    /// A clause, or the clauses that a word stands for.
    fn clauses<'a>(&'a self, text: &'a str) -> Vec<&'a str> {
        self.words.get(text).map_or(vec![text], |clauses| clauses.split(';').map(str::trim).collect())
    }

    /// Reasons with commas between; a word stands for those of its clauses.
    fn reasons(&self, text: &str) -> Vec<String> {
        let clauses = text.split(", ").flat_map(|word| self.clauses(word));
        clauses.map(|clause| clause.split(" in ").next().unwrap_or_default().to_owned()).collect()
    }

    /// A state, the states of a group, or with a star every state that begins so.
    fn expand(&self, word: &str) -> Vec<String> {
        if let Some(start) = word.strip_suffix('*') {
            return self.states.iter().filter(|state| state.starts_with(start)).cloned().collect();
        }
        self.groups.get(word).cloned().unwrap_or_else(|| vec![word.to_owned()])
    }
}

type Section = (String, Vec<(String, String)>);

/// Titles stand at the margin, entries two blanks in, and what continues an entry stands deeper.
fn sections(text: &str) -> Result<Vec<Section>> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        if indent == 0 {
            sections.push((line.to_owned(), Vec::new()));
            continue;
        }
        let (_, entries) = sections.last_mut().context("a title first")?;
        match entries.last_mut() {
            Some(entry) if 2 < indent => *entry = format!("{entry} {}", line.trim()),
            _ => entries.push(line.trim().to_owned()),
        }
    }
    let pair = |entry: &String| {
        let (key, value) = entry.split_once(": ").with_context(|| format!("no colon: {entry}"))?;
        Ok((key.to_owned(), value.to_owned()))
    };
    let section = |(title, entries): (String, Vec<String>)| {
        Ok((title, entries.iter().map(pair).collect::<Result<Vec<_>>>()?))
    };
    sections.into_iter().map(section).collect()
}

fn by_reason(entries: &[(String, String)]) -> BTreeMap<String, String> {
    let pairs = entries
        .iter()
        .flat_map(|(code, reasons)| reasons.split(", ").map(move |reason| (reason.to_owned(), code.clone())));
    pairs.collect()
}

fn target(answer: &str) -> Result<String> {
    let to = answer.strip_prefix(MOVE).with_context(|| format!("time moves: {answer}"))?;
    Ok(to.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = liufang_proto::PRESCRIPTION_STATES;

    #[test]
    fn the_published_table_reads() {
        let table = Table::read(PUBLISHED).unwrap();
        let cells = table.cells();
        assert!(cells.contains(&"held\tRevoke\thospital\tFAILED_PRECONDITION\tPRESCRIPTION_HELD".to_owned()));
        assert!(cells.contains(&"active\tClaim\tnobody\tUNAUTHENTICATED\tTOKEN_MISSING".to_owned()));
        assert!(cells.contains(&"draft\tReviewDraft\thospital\tOK\t→ reviewed".to_owned()));
        // a group of groups
        assert!(
            cells.contains(
                &"rest-held\tDispenseAtCounter\tpharmacy\tFAILED_PRECONDITION\tPRESCRIPTION_OF_OTHER_ORDER"
                    .to_owned()
            )
        );
    }

    /// A change of the text that must be refused, with a part of what is said.
    #[track_caller]
    fn refused(from: &str, to: &str, says: &str) {
        assert!(PUBLISHED.contains(from), "{from} is not in the table");
        let error = Table::read(&PUBLISHED.replacen(from, to, 1)).err().expect("a mistake");
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }

    #[test]
    fn a_table_may_name_its_own_callers() {
        let table = Table::read(liufang_proto::SETTLEMENT_STATES).unwrap();
        let cells = table.cells();
        assert!(cells.contains(&"pending\tVoid\torder\tOK\t→ expired".to_owned()));
        assert!(cells.contains(&"captured\tRefund\tpatient\tUNIMPLEMENTED\tMETHOD_NOT_FOUND".to_owned()));
        assert!(!cells.iter().any(|cell| cell.contains("\thospital\t")));
    }

    #[test]
    fn mistakes_are_found_before_anything_is_played() {
        refused("→ reviewed in draft", "→ reviewd in draft", "no state reviewd");
        refused("  active: → expired\n", "  active: expired\n", "time moves");
        refused("REVIEW_ALREADY_DONE, REVIEW_NOT_PASSED", "REVIEW_NOT_PASSED", "has no code");
        refused("  other patient: UNLISTED", "  stranger: UNLISTED", "no such caller");
        refused("OUTLINE in nominated, part-nominated;", "OUTLINE in nominated, held;", "two answers");
        refused("; else PRESCRIPTION_HELD", "", "one answer for the rest");
    }

    #[test]
    fn cells_keep_the_order_of_checks() {
        let rule = "Review: PRESCRIPTION_NOT_FOUND, PRESCRIPTION_EXPIRED, PRESCRIPTION_NOT_HELD, CLAIM_SECRET_INVALID,";
        let other = "Review: PRESCRIPTION_NOT_FOUND, PRESCRIPTION_EXPIRED, CLAIM_SECRET_INVALID, PRESCRIPTION_NOT_HELD,";
        refused(rule, other, "comes first");
        refused(
            "hospital, forged token: ended; else TOKEN_INVALID",
            "hospital, forged token: TOKEN_INVALID",
            "comes first",
        );
    }
}
