//! What has been handed out of each line, and the use status that follows from it.

use liufang_kernel::Quantity;
use liufang_kernel::codes::substance_key;

use super::refusal::{LineProblem, Refusal};
use super::state::Use;

/// One line as far as dispensing is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineUse {
    pub line_no: i32,
    /// Prescribed national drug code.
    pub drug: String,
    pub prescribed: Quantity,
    pub dispensed: Quantity,
}

/// What is handed out of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOut {
    pub line_no: i32,
    /// Billing units.
    pub quantity: Quantity,
    /// What was dispensed: the same substance and dosage form (`domain.md` §6.1).
    pub drug: String,
    /// Maker's lot 批号.
    pub lot: String,
    /// The pharmacy's own batch `bchno`; may be empty.
    pub batch: String,
}

impl LineUse {
    /// `takeDrugFlag`: everything prescribed was handed out.
    pub fn is_taken(&self) -> bool {
        self.dispensed >= self.prescribed
    }
}

/// Applies a hand-out to the lines; all of it or nothing. A line may come from several lots, each a part of its own.
///
/// # Errors
/// [`Refusal::Line`] names the first line that cannot be handed out so.
pub fn hand_out(lines: &[LineUse], given: &[HandOut]) -> Result<Vec<LineUse>, Refusal> {
    let mut next = lines.to_vec();
    for part in given {
        let refuse = |why| Refusal::Line { line: part.line_no, why };
        let line = next
            .iter_mut()
            .find(|line| line.line_no == part.line_no)
            .ok_or_else(|| refuse(LineProblem::Unknown))?;
        if line.is_taken() {
            return Err(refuse(LineProblem::Taken));
        }
        if substance_key(&line.drug) != substance_key(&part.drug) {
            return Err(refuse(LineProblem::OtherDrug));
        }
        if line.prescribed - line.dispensed < part.quantity {
            return Err(refuse(LineProblem::TooMuch));
        }
        line.dispensed += part.quantity;
    }
    Ok(next)
}

/// The use axis, from the lines alone.
pub fn use_of(lines: &[LineUse]) -> Use {
    if lines.iter().all(LineUse::is_taken) {
        Use::Used
    } else if lines.iter().any(|line| line.dispensed.is_positive()) {
        Use::PartlyUsed
    } else {
        Use::Unused
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DRUG: &str = "XC08CAB037A001020180517";

    fn line(line_no: i32, prescribed: i64) -> LineUse {
        let prescribed = Quantity::whole(prescribed);
        LineUse { line_no, drug: DRUG.to_owned(), prescribed, dispensed: Quantity::ZERO }
    }

    fn part(line_no: i32, quantity: i64) -> HandOut {
        let quantity = Quantity::whole(quantity);
        HandOut { line_no, quantity, drug: DRUG.to_owned(), lot: "L1".to_owned(), batch: String::new() }
    }

    #[test]
    fn in_parts_and_in_full() {
        let lines = [line(1, 2), line(2, 1)];
        let partly = hand_out(&lines, &[part(1, 1)]).unwrap();
        assert_eq!(use_of(&partly), Use::PartlyUsed);
        let full = hand_out(&partly, &[part(1, 1), part(2, 1)]).unwrap();
        assert_eq!(use_of(&full), Use::Used);
        let refused = |line, why| Err(Refusal::Line { line, why });
        assert_eq!(hand_out(&full, &[part(1, 1)]), refused(1, LineProblem::Taken));
        assert_eq!(hand_out(&partly, &[part(1, 2)]), refused(1, LineProblem::TooMuch));
        assert_eq!(hand_out(&lines, &[part(3, 1)]), refused(3, LineProblem::Unknown));
        let two_lots = hand_out(&lines, &[part(1, 1), HandOut { lot: "L2".into(), ..part(1, 1) }]).unwrap();
        assert!(two_lots[0].is_taken());
        assert_eq!(hand_out(&lines, &[part(2, 1), part(2, 1)]), refused(2, LineProblem::Taken));
    }

    #[test]
    fn another_pack_of_the_same_substance_is_fine_another_drug_is_not() {
        let other_maker = HandOut { drug: "XC08CAB037A001020209999".to_owned(), ..part(1, 1) };
        assert!(hand_out(&[line(1, 1)], &[other_maker]).is_ok());
        let other_drug = HandOut { drug: "XC09CAB037A001020180517".to_owned(), ..part(1, 1) };
        assert!(hand_out(&[line(1, 1)], &[other_drug]).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_prescribed(steps in prop::collection::vec((1_i32..4, 1_i64..6), 0..30)) {
            let mut lines = vec![line(1, 5), line(2, 3), line(3, 1)];
            for (line_no, quantity) in steps {
                if let Ok(next) = hand_out(&lines, &[part(line_no, quantity)]) {
                    lines = next;
                }
                prop_assert!(lines.iter().all(|line| line.dispensed <= line.prescribed));
                let used = lines.iter().all(|line| line.dispensed == line.prescribed);
                prop_assert_eq!(use_of(&lines) == Use::Used, used);
            }
        }
    }
}
