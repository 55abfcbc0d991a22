//! States of a person in which a drug is forbidden or wants care, by table.

use super::contraindication_rows::ROWS;
use super::groups::Group;
use super::{Facts, Report, Rule, Scene, Severity};

const ALL: &[Severity] = &[Severity::Block, Severity::Warn, Severity::Note];

/// Another disease of the person.
pub const CONTRAINDICATION: Rule = Rule {
    id: "RX_CONTRAINDICATION",
    severities: ALL,
    finds: "a drug with a registered chronic disease or a diagnosis that its label warns of",
    source: "药品说明书【禁忌】【注意事项】",
    look: |scene, report| look(scene, report, |state| matches!(state, State::Disease(_, _))),
};

/// Pregnancy, by its weeks.
pub const PREGNANCY: Rule = Rule {
    id: "RX_PREGNANCY",
    severities: ALL,
    finds: "a drug whose label warns of pregnancy, when weeks of pregnancy are stated (geso_val)",
    source: "药品说明书【孕妇及哺乳期妇女用药】",
    look: |scene, report| look(scene, report, |state| matches!(state, State::PregnantFrom(_))),
};

/// Lactation.
pub const LACTATION: Rule = Rule {
    id: "RX_LACTATION",
    severities: ALL,
    finds: "a drug whose label warns of breast-feeding, when it is stated (suck_prd_flag)",
    source: "药品说明书【孕妇及哺乳期妇女用药】",
    look: |scene, report| look(scene, report, |state| matches!(state, State::Lactating)),
};

/// Children and the old.
pub const AGE: Rule = Rule {
    id: "RX_AGE",
    severities: ALL,
    finds: "a drug whose label warns of the person's age",
    source: "药品说明书【儿童用药】【老年用药】",
    look: |scene, report| {
        look(scene, report, |state| matches!(state, State::AgeBelow(_) | State::AgeFrom(_)))
    },
};

/// Kidney function.
pub const RENAL: Rule = Rule {
    id: "RX_RENAL",
    severities: ALL,
    finds: "a drug whose label sets a limit of kidney function above the stated one (egfr); a note when none is stated",
    source: "药品说明书【用法用量】【禁忌】: kidney function",
    look: |scene, report| {
        look(scene, report, |state| matches!(state, State::EgfrBelow(_)));
        let unknown = scene.stated.facts.as_ref().is_some_and(|facts| facts.egfr.is_none());
        for item in scene.items.iter().filter(|_| unknown) {
            let forbids = |row: &&Row| {
                let limit = matches!(row.state, State::EgfrBelow(_)) && row.severity == Severity::Block;
                limit && item.groups.has(row.drug)
            };
            if let Some(row) = ROWS.iter().find(forbids) {
                let evidence = format!("kidney function is not stated; {}", row.statement);
                report.find_by(Severity::Note, item.no(), evidence, (row.source, &row.id()));
            }
        }
    },
};

/// A state of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// From this week of pregnancy on; 1 is all of it.
    PregnantFrom(i32),
    Lactating,
    /// Full years below.
    AgeBelow(i32),
    /// Full years from.
    AgeFrom(i32),
    /// ml/min/1.73 m² below.
    EgfrBelow(i32),
    /// A word, and the beginnings of ICD-10 codes or codes of chronic diseases that mean it.
    Disease(&'static str, &'static [&'static str]),
}

impl State {
    fn holds(self, scene: &Scene<'_>) -> bool {
        let stated = |holds: fn(&Facts, i32) -> bool, limit: i32| {
            scene.stated.facts.as_ref().is_some_and(|facts| holds(facts, limit))
        };
        match self {
            State::PregnantFrom(week) => stated(|facts, week| week <= facts.weeks_pregnant, week),
            State::Lactating => stated(|facts, _| facts.lactating, 0),
            State::EgfrBelow(limit) => {
                stated(|facts, limit| facts.egfr.is_some_and(|egfr| egfr < limit), limit)
            }
            State::AgeBelow(years) => scene.age < years,
            State::AgeFrom(years) => years <= scene.age,
            State::Disease(_, codes) => {
                let has = |own: &str| codes.iter().any(|code| own.starts_with(code));
                has(scene.disease) || scene.conditions.iter().any(|own| has(own))
            }
        }
    }

    /// As findings and pages name it.
    pub fn word(self) -> String {
        match self {
            State::PregnantFrom(1) => "pregnancy".to_owned(),
            State::PregnantFrom(week) => format!("pregnancy_from_week_{week}"),
            State::Lactating => "lactation".to_owned(),
            State::AgeBelow(years) => format!("age_below_{years}"),
            State::AgeFrom(years) => format!("age_from_{years}"),
            State::EgfrBelow(limit) => format!("egfr_below_{limit}"),
            State::Disease(word, _) => word.to_owned(),
        }
    }
}

/// One row.
pub struct Row {
    pub drug: Group,
    pub state: State,
    pub severity: Severity,
    /// What the label says, in our own words.
    pub statement: &'static str,
    pub source: &'static str,
}

impl Row {
    /// `drug@state`.
    pub fn id(&self) -> String {
        format!("{}@{}", self.drug.word(), self.state.word())
    }
}

/// Rows of one kind. Of several limits of one drug the most severe that holds is told.
fn look(scene: &Scene<'_>, report: &mut Report, kind: fn(State) -> bool) {
    for item in &scene.items {
        let mut told: Vec<&Row> = Vec::new();
        let holds = |row: &&Row| kind(row.state) && item.groups.has(row.drug) && row.state.holds(scene);
        for row in ROWS.iter().filter(holds) {
            let ranked = !matches!(row.state, State::Disease(_, _));
            let known = told.iter_mut().find(|known| ranked && known.drug == row.drug);
            match known {
                Some(known) if row.severity < known.severity => *known = row,
                Some(_) => {}
                None => told.push(row),
            }
        }
        for row in told {
            report.find_by(row.severity, item.no(), row.statement, (row.source, &row.id()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_there_once_and_names_its_source() {
        let mut seen = BTreeSet::new();
        for row in ROWS {
            assert!(seen.insert(row.id()), "{} is there twice", row.id());
            assert!(row.source.contains("说明书【") && !row.statement.is_empty(), "{}", row.id());
            if let State::Disease(_, codes) = row.state {
                let plain = |code: &&str| {
                    code.len() >= 3
                        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
                };
                assert!(codes.iter().all(plain) && !codes.is_empty(), "{}", row.id());
            }
        }
        let limits = [State::PregnantFrom(1), State::Lactating, State::EgfrBelow(30)];
        for state in limits {
            assert!(ROWS.iter().any(|row| row.state == state), "{state:?}");
        }
    }
}
