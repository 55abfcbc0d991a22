//! Highest usual daily doses of common drugs of the scheme's diseases.

use liufang_kernel::Quantity;

use super::strength::{MassE4, mass, strength};
use super::{Case, Drug, Report, Rule, Severity};
use crate::domain::frequency::{Usage, usage};
use crate::domain::prescription::Line;

/// A dose above the label's daily maximum needs a reason.
pub const MAX_DOSE: Rule =
    Rule { id: "RX_MAX_DOSE", source: "药品说明书【用法用量】", look: max_dose };

/// Part of the Chinese generic name and the highest daily dose in micrograms; the first row that fits is used.
const HIGHEST: &[(&str, i64)] = &[
    ("左氨氯地平", 5_000),
    ("氨氯地平", 10_000),
    ("非洛地平", 10_000),
    ("沙库巴曲缬沙坦", 400_000),
    ("缬沙坦", 320_000),
    ("厄贝沙坦", 300_000),
    ("氯沙坦", 100_000),
    ("替米沙坦", 80_000),
    ("奥美沙坦", 40_000),
    ("坎地沙坦", 32_000),
    ("培哚普利", 8_000),
    ("依那普利", 40_000),
    ("贝那普利", 40_000),
    ("福辛普利", 40_000),
    ("氢氯噻嗪", 100_000),
    ("吲达帕胺", 2_500),
    ("比索洛尔", 20_000),
    ("二甲双胍", 2_550_000),
    ("阿卡波糖", 600_000),
    ("格列美脲", 8_000),
    ("格列齐特缓释", 120_000),
    ("格列吡嗪控释", 20_000),
    ("瑞格列奈", 16_000),
    ("吡格列酮", 45_000),
    ("西格列汀", 100_000),
    ("维格列汀", 100_000),
    ("利格列汀", 5_000),
    ("沙格列汀", 5_000),
    ("达格列净", 10_000),
    ("恩格列净", 25_000),
    ("阿司匹林肠溶", 300_000),
    ("氯吡格雷", 75_000),
    ("替格瑞洛", 180_000),
    ("阿托伐他汀", 80_000),
    ("瑞舒伐他汀", 20_000),
    ("辛伐他汀", 40_000),
    ("匹伐他汀", 4_000),
    ("依折麦布", 10_000),
    ("曲美他嗪片", 60_000),
    ("伊伐布雷定", 15_000),
    ("甲巯咪唑", 60_000),
    ("丙硫氧嘧啶", 600_000),
    ("左甲状腺素", 300),
];

fn max_dose(case: &Case<'_>, report: &mut Report) {
    for (line, drug) in case.known() {
        let row = HIGHEST.iter().find(|(name, _)| drug.generic_name.contains(name));
        let (Some((name, limit)), Some(daily)) = (row, daily_mass(line, drug)) else { continue };
        if daily.above(*limit) {
            let evidence = format!("{name}: above {} mg a day", Quantity(limit * 10));
            report.find(Severity::Warn, line.line_no, evidence);
        }
    }
}

/// A daily mass as an exact fraction.
struct Daily {
    numerator: MassE4,
    days: i128,
}

impl Daily {
    fn above(&self, micrograms: i64) -> bool {
        self.numerator > i128::from(micrograms) * 10_000 * self.days
    }
}

fn daily_mass(line: &Line, drug: &Drug) -> Option<Daily> {
    let Some(Usage::Regular(frequency)) = usage(line.frequency.as_bytes()) else { return None };
    let single = mass(line.dose, &line.dose_unit).or_else(|| {
        let per_unit = strength(&drug.strength)?;
        super::strength::is_preparation_unit(&line.dose_unit)
            .then(|| per_unit * i128::from(line.dose.0) / 10_000)
    })?;
    let times = i128::from(frequency.times);
    // rarer than daily: the single dose is what counts on the day it is taken
    let days = if frequency.times < frequency.days { times } else { i128::from(frequency.days) };
    Some(Daily { numerator: single * times, days })
}
