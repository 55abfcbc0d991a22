//! Highest doses of children: data only. A part of the Chinese generic name, a band of ages, and what the label's 【儿童用药】 (or the
//! label of the same substance where children are studied) lets them have: in micrograms a day, in micrograms a day for each
//! kilogram, or both, and then the smaller counts. The first row that fits name, age and weight is used. Statements are in our
//! own words, from general knowledge; review with a pharmacist before release, labels change.

/// One row.
pub struct Child {
    pub name: &'static str,
    /// Full years, first and last.
    pub ages: (i32, i32),
    /// From so many grams on, below so many; both 0: whatever the weight.
    pub weights: (i64, i64),
    /// A day; 0: by weight alone.
    pub daily_ug: i64,
    /// A day for each kilogram; 0: whatever the weight.
    pub per_kg_ug: i64,
    /// What the label says.
    pub statement: &'static str,
}

impl Child {
    /// The row says nothing without a weight.
    pub const fn needs_weight(&self) -> bool {
        self.per_kg_ug != 0 || self.weights.1 != 0
    }

    pub fn id(&self) -> String {
        match self.weights {
            (_, 0) => format!("{} {}–{}", self.name, self.ages.0, self.ages.1),
            (from, to) => format!("{} {}–{} {from}–{to} g", self.name, self.ages.0, self.ages.1),
        }
    }
}

const fn a_day(name: &'static str, ages: (i32, i32), daily_ug: i64, statement: &'static str) -> Child {
    Child { name, ages, weights: (0, 0), daily_ug, per_kg_ug: 0, statement }
}

const fn per_kg(
    name: &'static str,
    ages: (i32, i32),
    per_kg_ug: i64,
    daily_ug: i64,
    statement: &'static str,
) -> Child {
    Child { name, ages, weights: (0, 0), daily_ug, per_kg_ug, statement }
}

const fn by_weight(
    name: &'static str,
    ages: (i32, i32),
    weights: (i64, i64),
    daily_ug: i64,
    statement: &'static str,
) -> Child {
    Child { name, ages, weights, daily_ug, per_kg_ug: 0, statement }
}

/// Heavier than anybody.
const NO_END: i64 = 1_000_000;

pub const CHILDREN: &[Child] = &[
    a_day("左氨氯地平", (6, 17), 2_500, "6 to 17 years: up to 2.5 mg a day, more was not studied"),
    a_day("氨氯地平", (6, 17), 5_000, "6 to 17 years: 2.5 to 5 mg once a day, more was not studied"),
    per_kg(
        "缬沙坦",
        (6, 16),
        2_700,
        160_000,
        "6 to 16 years: up to 2.7 mg/kg (160 mg) once a day was studied",
    ),
    per_kg(
        "氯沙坦",
        (6, 16),
        1_400,
        100_000,
        "6 to 16 years: doses above 1.4 mg/kg (100 mg) a day were not studied",
    ),
    by_weight(
        "奥美沙坦",
        (6, 16),
        (1, 35_000),
        20_000,
        "6 to 16 years, 20 to under 35 kg: at most 20 mg once a day",
    ),
    by_weight(
        "奥美沙坦",
        (6, 16),
        (35_000, NO_END),
        40_000,
        "6 to 16 years from 35 kg: at most 40 mg once a day",
    ),
    by_weight("坎地沙坦", (6, 16), (1, 50_000), 16_000, "6 to 16 years below 50 kg: at most 16 mg a day"),
    by_weight("坎地沙坦", (6, 16), (50_000, NO_END), 32_000, "6 to 16 years from 50 kg: at most 32 mg a day"),
    per_kg(
        "依那普利",
        (0, 16),
        580,
        40_000,
        "up to 16 years: doses above 0.58 mg/kg (40 mg) a day were not studied",
    ),
    per_kg(
        "赖诺普利",
        (6, 16),
        610,
        40_000,
        "6 to 16 years: doses above 0.61 mg/kg (40 mg) a day were not studied",
    ),
    per_kg(
        "琥珀酸美托洛尔",
        (6, 16),
        2_000,
        200_000,
        "6 to 16 years: doses above 2 mg/kg (200 mg) a day were not studied",
    ),
    a_day(
        "阿托伐他汀",
        (10, 17),
        20_000,
        "10 to 17 years with familial hypercholesterolaemia: at most 20 mg a day",
    ),
    a_day(
        "瑞舒伐他汀",
        (8, 9),
        10_000,
        "8 to 9 years with familial hypercholesterolaemia: at most 10 mg a day",
    ),
    a_day(
        "瑞舒伐他汀",
        (10, 17),
        20_000,
        "10 to 17 years with familial hypercholesterolaemia: at most 20 mg a day",
    ),
    a_day(
        "辛伐他汀",
        (10, 17),
        40_000,
        "10 to 17 years with familial hypercholesterolaemia: at most 40 mg a day",
    ),
    a_day("普伐他汀", (8, 13), 20_000, "8 to 13 years with familial hypercholesterolaemia: 20 mg a day"),
    a_day("普伐他汀", (14, 17), 40_000, "14 to 17 years with familial hypercholesterolaemia: 40 mg a day"),
    a_day(
        "洛伐他汀",
        (10, 17),
        40_000,
        "10 to 17 years with familial hypercholesterolaemia: at most 40 mg a day",
    ),
    a_day("二甲双胍", (10, 17), 2_000_000, "10 years and above: at most 2 g a day in parts"),
    per_kg("左甲状腺素", (1, 5), 6, 0, "1 to 5 years: 5 to 6 µg/kg a day"),
    per_kg("左甲状腺素", (6, 11), 5, 0, "6 to 11 years: 4 to 5 µg/kg a day"),
    per_kg("左甲状腺素", (12, 17), 3, 0, "12 years and above, still growing: 2 to 3 µg/kg a day"),
    per_kg("布洛芬", (0, 11), 40_000, 1_200_000, "below 12 years: at most 40 mg/kg a day in parts"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_can_hold_and_none_hides_another() {
        for (index, row) in CHILDREN.iter().enumerate() {
            assert!(row.ages.0 <= row.ages.1 && row.ages.1 < 18, "{}", row.name);
            assert!(
                0 < row.daily_ug.max(row.per_kg_ug) && 0 <= row.daily_ug.min(row.per_kg_ug),
                "{}",
                row.name
            );
            let hidden = CHILDREN[index + 1..].iter().find(|later| {
                let ages = later.ages.0 <= row.ages.1 && row.ages.0 <= later.ages.1;
                let weights = row.weights == (0, 0) || later.weights.0 < row.weights.1;
                later.name.contains(row.name) && ages && weights
            });
            assert!(hidden.is_none(), "{} hides {}", row.id(), hidden.map_or(String::new(), Child::id));
        }
    }
}
