//! Whether the cells keep the published order of checks: a caller who sends one more thing wrong is told of whichever is
//! checked first.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};

use super::table::{Operation, Table};

/// Checks every row with a twist, e.g. `pharmacy, wrong secret`, against the row without and the operation's order.
pub fn check(table: &Table) -> Result<()> {
    for operation in &table.operations {
        for caller in operation.callers() {
            if let Some((base, twists)) = caller.split_once(", ") {
                row(table, operation, base, twists)?;
            }
        }
    }
    Ok(())
}

fn row(table: &Table, operation: &Operation, base: &str, twists: &str) -> Result<()> {
    let name = &operation.name;
    let Some(order) = table.order.get(name) else { bail!("{name} needs a row in the order of checks") };
    let place = |reason: &str| order.iter().position(|own| own == reason);
    let mut wrong = Vec::new();
    for twist in twists.split(" and ") {
        let own = of_twist(operation, base, twist);
        let [reason] = own.as_slice() else {
            bail!("{name}, {base}, {twist}: one reason beside those of {base}, not {own:?}")
        };
        wrong.push(*reason);
    }
    for (state, _) in &table.states {
        let plain = table.answer(operation, base, state);
        let mut reasons = wrong.clone();
        if table.codes.contains_key(plain) {
            reasons.push(plain);
        }
        for reason in &reasons {
            ensure!(place(reason).is_some(), "{name}: {reason} has no place in the order of checks");
        }
        let first = reasons.into_iter().min_by_key(|reason| place(reason)).unwrap_or_default();
        let answer = table.answer(operation, &format!("{base}, {twists}"), state);
        ensure!(answer == first, "{name}, {base}, {twists}, in {state}: {first} comes first, not {answer}");
    }
    Ok(())
}

/// The reason that only the row with the twist has. One that is never seen behind what `base` is refused with anyway is told by the
/// same twist of another caller.
fn of_twist<'a>(operation: &'a Operation, base: &str, twist: &str) -> Vec<&'a str> {
    let own = beside(operation, base, twist);
    if !own.is_empty() {
        return own;
    }
    let others = operation.rows.keys().filter_map(|caller| caller.split_once(", "));
    let others = others.filter(|(other, own)| *other != base && *own == twist);
    let seen: BTreeSet<&str> = others.flat_map(|(other, _)| beside(operation, other, twist)).collect();
    seen.into_iter().collect()
}

fn beside<'a>(operation: &'a Operation, base: &str, twist: &str) -> Vec<&'a str> {
    let answers = |caller: &str| -> BTreeSet<&'a str> {
        let clauses = operation.rows.get(caller).map_or(&[][..], Vec::as_slice);
        clauses.iter().map(|clause| clause.answer.as_str()).collect()
    };
    let plain = answers(base);
    answers(&format!("{base}, {twist}")).into_iter().filter(|answer| !plain.contains(answer)).collect()
}
