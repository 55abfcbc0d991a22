//! Drug interactions by table, within the sheet and with what the person has already.

use super::groups::{Group, Groups};
use super::interaction_rows::TABLES;
use super::{Rule, Severity};

/// Two drugs that should not meet.
pub const INTERACTION: Rule = Rule {
    id: "RX_INTERACTION",
    severities: &[Severity::Block, Severity::Warn, Severity::Note],
    finds: "two drugs that a row of the interaction table joins, on the sheet or with what is in force or in hand",
    source: "药品说明书【药物相互作用】",
    look: |scene, report| {
        for row in rows() {
            for (item, earlier) in scene.pairs() {
                if row.joins(item.groups, earlier.groups) {
                    let evidence = format!("with line {}: {}", earlier.no(), row.effect);
                    report.find_by(row.severity, item.no(), evidence, (row.source, &row.id()));
                }
            }
            for item in &scene.items {
                let other = scene.others.iter().find(|other| row.joins(item.groups, other.groups));
                if let Some(other) = other {
                    let name = &other.line.generic_name;
                    let evidence = format!("with {name} of another prescription: {}", row.effect);
                    report.find_by(row.severity, item.no(), evidence, (row.source, &row.id()));
                }
            }
        }
    },
};

/// One row: any drug of `a` with any of `b`.
pub struct Row {
    pub a: Group,
    pub b: Group,
    pub severity: Severity,
    /// What the label says, in our own words.
    pub effect: &'static str,
    /// The label and its section.
    pub source: &'static str,
}

impl Row {
    /// `a+b`, the name of the row in findings and pages.
    pub fn id(&self) -> String {
        format!("{}+{}", self.a.word(), self.b.word())
    }

    /// Whether two drugs meet in this row, in either order.
    pub fn joins(&self, one: Groups, other: Groups) -> bool {
        (one.has(self.a) && other.has(self.b)) || (one.has(self.b) && other.has(self.a))
    }
}

/// Every row of every part.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    TABLES.iter().flat_map(|(_, rows)| rows.iter())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::rules::groups;

    fn groups_of(name: &str) -> Groups {
        Groups::of("", name, "片剂")
    }

    fn found(one: &str, other: &str) -> Vec<(String, Severity)> {
        let (one, other) = (groups_of(one), groups_of(other));
        let back = rows().filter(|row| row.joins(other, one)).count();
        let found: Vec<_> =
            rows().filter(|row| row.joins(one, other)).map(|row| (row.id(), row.severity)).collect();
        assert_eq!(found.len(), back, "either order");
        found
    }

    #[test]
    fn every_row_is_there_once_and_names_its_label() {
        assert!(150 <= rows().count());
        let mut seen = BTreeSet::new();
        for row in rows() {
            let pair = (row.a.min(row.b), row.a.max(row.b));
            assert!(seen.insert(pair) && row.a != row.b, "{} is there twice", row.id());
            let label = row.source.split_once("说明书【").is_some_and(|(drug, section)| {
                !drug.is_empty()
                    && matches!(section, "禁忌】" | "药物相互作用】" | "注意事项】" | "用法用量】")
            });
            assert!(label && !row.effect.is_empty(), "{}: {}", row.id(), row.source);
            let forbidden = row.source.ends_with("【禁忌】");
            assert!(!forbidden || row.severity != Severity::Note, "{} is forbidden, not noted", row.id());
        }
    }

    #[test]
    fn every_row_has_drugs_that_meet_in_it() {
        for row in rows() {
            let sample = |group: Group| {
                let known = groups::ALL.iter().find(|known| known.group == group).unwrap();
                match known.names.first() {
                    Some(name) => Groups::of("", name, "片剂"),
                    None => {
                        Groups::of(&format!("X{:A<5}A001A001010100001", known.classes[0]), "某药", "片剂")
                    }
                }
            };
            assert!(row.joins(sample(row.a), sample(row.b)), "{}", row.id());
        }
    }

    #[test]
    fn well_known_pairs() {
        use Severity::{Block, Note, Warn};
        let cases = [
            ("辛伐他汀片", "克拉霉素片", "simvastatin+clarithromycin", Block),
            ("单硝酸异山梨酯缓释片", "枸橼酸西地那非片", "nitrate+pde5_inhibitor", Block),
            ("马来酸依那普利片", "沙库巴曲缬沙坦钠片", "ace_inhibitor+sacubitril", Block),
            ("马来酸依那普利片", "缬沙坦胶囊", "ace_inhibitor+arb", Warn),
            ("硫酸氢氯吡格雷片", "奥美拉唑肠溶胶囊", "clopidogrel+omeprazole", Warn),
            ("华法林钠片", "左甲状腺素钠片", "warfarin+thyroid_hormone", Warn),
            ("左甲状腺素钠片", "碳酸钙D3片", "thyroid_hormone+calcium", Note),
            ("消渴丸", "甘精胰岛素注射液", "sulfonylurea+insulin", Note),
            ("甲巯咪唑片", "盐酸普萘洛尔片", "antithyroid+beta_blocker", Note),
        ];
        for (one, other, id, severity) in cases {
            assert!(
                found(one, other).contains(&(id.to_owned(), severity)),
                "{one} {other}: {:?}",
                found(one, other)
            );
        }
    }

    #[test]
    fn common_pairs_of_the_scheme_are_free() {
        let free = [
            ("苯磺酸氨氯地平片", "缬沙坦胶囊"),
            ("盐酸二甲双胍片", "达格列净片"),
            ("阿司匹林肠溶片", "阿托伐他汀钙片"),
            ("苯磺酸氨氯地平片", "阿托伐他汀钙片"),
            ("盐酸二甲双胍片", "阿卡波糖片"),
        ];
        for (one, other) in free {
            assert_eq!(found(one, other), [], "{one} {other}");
        }
    }
}
