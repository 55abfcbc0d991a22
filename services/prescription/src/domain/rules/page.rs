//! The published catalogue of rules and tables, written from what runs.

use std::fmt::Write as _;

use super::child_dose_rows::CHILDREN;
use super::contraindication_rows::ROWS;
use super::contraindications::State;
use super::dose_rows::HIGHEST;
use super::interaction_rows::TABLES;
use super::{RULES, Severity, groups};

const HEAD: &str = "# The rules of a prescription

Written from `src/domain/rules/` by the test `the_page_says_what_runs`; change the code, then run it with `UPDATE_EXPECT=1`.

A finding names its rule and, where the rule has a table, the row. `BLOCK` forbids the prescription, `WARN` wants the doctor's written
reason, which is kept with the finding and the doctor's code, `NOTE` informs. Every rule runs before issue and again at the claim;
what was stated about the patient with the request (pregnancy, breast-feeding, kidney function) is not kept, only what the rules found.
The same sheet gives the same findings in the same order, however its lines were ordered.

The tables say in our own words what labels say, from general knowledge: no row has been compared with the text of a maker's label.
Labels differ by maker and change. A pharmacist reviews every row before release.
";

/// `RULES.md`.
pub fn page() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## Rules\n| rule | severities | finds | source |\n|---|---|---|---|\n");
    for rule in RULES {
        let severities: Vec<&str> = rule.severities.iter().map(|severity| severity.word()).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            rule.id,
            severities.join(", "),
            rule.finds,
            rule.source
        );
    }
    interactions(&mut text);
    contraindications(&mut text);
    doses(&mut text);
    children(&mut text);
    groups_table(&mut text);
    text
}

fn interactions(text: &mut String) {
    let count: usize = TABLES.iter().map(|(_, rows)| rows.len()).sum();
    let _ = writeln!(text, "\n## Interactions: {count} rows");
    for (title, rows) in TABLES {
        let _ = writeln!(text, "\n### {title}\n| row | severity | statement | source |\n|---|---|---|---|");
        for row in *rows {
            line(text, &row.id(), row.severity, row.effect, row.source);
        }
    }
}

fn contraindications(text: &mut String) {
    let _ = writeln!(text, "\n## Contraindications: {} rows\n", ROWS.len());
    text.push_str("Of several limits of one drug the most severe that holds is told.\n\n");
    text.push_str("| row | severity | statement | source |\n|---|---|---|---|\n");
    for row in ROWS {
        line(text, &row.id(), row.severity, row.statement, row.source);
    }
    text.push_str("\nDiseases by registered chronic disease or ICD-10 diagnosis:\n\n| word | codes begin with |\n|---|---|\n");
    let mut told = Vec::new();
    for row in ROWS {
        if let State::Disease(word, codes) = row.state
            && !told.contains(&row.state)
        {
            told.push(row.state);
            let _ = writeln!(text, "| {word} | {} |", codes.join(" "));
        }
    }
}

fn doses(text: &mut String) {
    let _ = writeln!(text, "\n## Highest doses: {} rows\n", HIGHEST.len());
    text.push_str("| part of the generic name | a day, µg | at a time, µg |\n|---|---|---|\n");
    for row in HIGHEST {
        let _ = writeln!(text, "| {} | {} | {} |", row.name, row.daily_ug, row.single_ug);
    }
}

fn children(text: &mut String) {
    let _ = writeln!(text, "\n## Highest doses of children: {} rows\n", CHILDREN.len());
    text.push_str("Of the figures of a row the smaller counts. Combinations have no rows.\n\n");
    text.push_str("| part of the generic name | years | grams | a day, µg | a day and kg, µg | statement | source |\n|---|---|---|---|---|---|---|\n");
    let some = |figure: i64| if figure == 0 { String::new() } else { figure.to_string() };
    for row in CHILDREN {
        let grams = match row.weights {
            (_, 0) => String::new(),
            (from, to) => format!("{from} to under {to}"),
        };
        let (from, to) = row.ages;
        let (daily, per_kg) = (some(row.daily_ug), some(row.per_kg_ug));
        let source = format!("{}说明书【儿童用药】", row.name);
        let _ = writeln!(
            text,
            "| {} | {from}–{to} | {grams} | {daily} | {per_kg} | {} | {source} |",
            row.name, row.statement
        );
    }
}

fn groups_table(text: &mut String) {
    text.push_str("\n## Groups\n\nA drug belongs by the class part of its code or a part of its generic name; drugs used on the skin, in eyes, ");
    text.push_str("ears or nose belong to none.\n\n| group | classes | names |\n|---|---|---|\n");
    for row in groups::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} |", row.word, row.classes.join(" "), row.names.join(" "));
    }
}

fn line(text: &mut String, id: &str, severity: Severity, statement: &str, source: &str) {
    let _ = writeln!(text, "| `{id}` | {} | {statement} | {source} |", severity.word());
}
