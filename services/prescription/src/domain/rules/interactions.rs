//! Drug interactions by table, within the sheet and with what the person has already.

use super::interaction_rows::ROWS;
use super::{Case, Report, Rule, Severity};

/// Two drugs that should not meet.
pub const INTERACTION: Rule =
    Rule { id: "RX_INTERACTION", source: "药品说明书【药物相互作用】", look: interaction };

/// One row: any name of `a` with any name of `b`. Names are parts of Chinese generic names.
pub struct Row {
    pub a: &'static [&'static str],
    pub b: &'static [&'static str],
    pub severity: Severity,
    pub effect: &'static str,
    pub source: &'static str,
}

impl Row {
    /// Whether the two names meet in this row, in either order.
    pub fn joins(&self, one: &str, other: &str) -> bool {
        let is = |names: &[&str], name: &str| names.iter().any(|part| name.contains(part));
        (is(self.a, one) && is(self.b, other)) || (is(self.a, other) && is(self.b, one))
    }
}

fn interaction(case: &Case<'_>, report: &mut Report) {
    for (index, line) in case.lines.iter().enumerate() {
        for row in ROWS {
            for earlier in &case.lines[..index] {
                if row.joins(&line.generic_name, &earlier.generic_name) {
                    let evidence = format!("with line {}: {}", earlier.line_no, row.effect);
                    report.find_by(row.severity, line.line_no, evidence, row.source);
                }
            }
            let other =
                case.other_lines.iter().find(|other| row.joins(&line.generic_name, &other.generic_name));
            if let Some(other) = other {
                let evidence =
                    format!("with {} of another prescription in force: {}", other.generic_name, row.effect);
                report.find_by(row.severity, line.line_no, evidence, row.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_join_in_both_directions_and_name_their_source() {
        assert!(20 <= ROWS.len());
        for row in ROWS {
            assert!(!row.source.is_empty() && !row.effect.is_empty());
            for (a, b) in row.a.iter().zip(row.b) {
                assert!(row.joins(a, b) && row.joins(b, a), "{a} {b}");
            }
        }
    }

    #[test]
    fn common_pairs_of_the_scheme_are_free() {
        let free = [
            ("苯磺酸氨氯地平片", "缬沙坦胶囊"),
            ("盐酸二甲双胍片", "达格列净片"),
            ("阿司匹林肠溶片", "阿托伐他汀钙片"),
            ("苯磺酸氨氯地平片", "阿托伐他汀钙片"),
        ];
        for (one, other) in free {
            assert!(!ROWS.iter().any(|row| row.joins(one, other)), "{one} {other}");
        }
    }
}
