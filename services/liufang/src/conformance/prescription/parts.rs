//! Parts of a prescription: what is left of it, and how much of that an operation of the table buys or hands out.

use liufang_kernel::Quantity;
use liufang_proto::order::v1::CounterSaleLine;
use liufang_proto::prescription::v1::{DispensedLine, RxLine};

/// What nobody has handed out.
#[derive(Clone)]
pub struct Left {
    lines: Vec<(RxLine, Quantity)>,
    /// Somebody has had a part: what is left is the rest.
    rest: bool,
}

impl Left {
    pub fn of(lines: &[RxLine]) -> Left {
        let number = |text: &str| text.parse::<Quantity>().unwrap_or_default();
        let left = |line: &RxLine| number(&line.drug_cnt) - number(&line.dispensed_cnt);
        let lines_left = lines.iter().map(|line| (line.clone(), left(line)));
        let mut left: Vec<_> = lines_left.filter(|(_, packs)| Quantity::default() < *packs).collect();
        if left.is_empty() {
            // of what is used up another pack is asked for
            left = lines.iter().take(1).map(|line| (line.clone(), Quantity::whole(1))).collect();
        }
        let rest = lines.iter().any(|line| Quantity::default() < number(&line.dispensed_cnt));
        Left { lines: left, rest }
    }

    /// Of an untouched prescription its last line, of a rest everything.
    pub fn a_line(&self) -> Vec<i32> {
        let skipped = if self.rest { 0 } else { self.lines.len().saturating_sub(1) };
        self.lines.iter().skip(skipped).map(|(line, _)| line.line_no).collect()
    }

    /// Of an untouched prescription one pack of its first line, of a rest everything.
    fn a_part(&self) -> Vec<(RxLine, Quantity)> {
        match self.lines.first() {
            Some((line, _)) if !self.rest => vec![(line.clone(), Quantity::whole(1))],
            _ => self.lines.clone(),
        }
    }

    /// As the pharmacy names it to the house that settles it.
    pub fn part_to_settle(&self) -> Vec<CounterSaleLine> {
        let named = |(line, packs): (RxLine, Quantity)| CounterSaleLine {
            line_no: line.line_no,
            quantity: packs.to_string(),
        };
        self.a_part().into_iter().map(named).collect()
    }

    /// As a counter hands it out that settles by itself: everything, a part, or more than there is.
    pub fn handed_out(&self, whole: bool, too_much: bool) -> Vec<DispensedLine> {
        let lines = if whole { self.lines.clone() } else { self.a_part() };
        let handed = |(line, packs): (RxLine, Quantity)| DispensedLine {
            line_no: line.line_no,
            quantity: if too_much { "9".to_owned() } else { packs.to_string() },
            med_list_codg: line.med_list_codg,
            manu_lotnum: "L1".to_owned(),
            bchno: String::new(),
        };
        lines.into_iter().map(handed).collect()
    }
}
