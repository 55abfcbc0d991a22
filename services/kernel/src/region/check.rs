//! What must fit together between the tables of a pack. All of it is looked at; nothing stops at the first mistake.

use super::reader::Mistakes;
use super::terms::{InForce, Terms};
use super::words::*;
use super::{Benefit, RegionPack, Scheme};
use crate::codes::is_region_code;
use crate::money::Fen;

pub(super) fn check(pack: &RegionPack, mistakes: &mut Mistakes<'_>) {
    check_places(pack, mistakes);
    each_terms(pack, &mut |path, terms| check_terms(path, terms, mistakes));
    for (index, scheme) in pack.schemes.iter().enumerate() {
        check_scheme(pack, scheme, &format!("scheme[{}]", index + 1), mistakes);
    }
    for (index, benefit) in pack.benefits.iter().enumerate() {
        check_benefit(benefit, &format!("benefit[{}]", index + 1), mistakes);
    }
    check_fees_and_limits(pack, mistakes);
    check_one_answer(pack, mistakes);
}

/// Calls `visit` with the path and terms of every dated row.
pub(super) fn each_terms(pack: &RegionPack, visit: &mut dyn FnMut(&str, &Terms)) {
    fn rows<T: InForce>(name: &str, rows: &[T], visit: &mut dyn FnMut(&str, &Terms)) {
        for (index, row) in rows.iter().enumerate() {
            visit(&format!("{name}[{}]", index + 1), row.terms());
        }
    }
    rows("mutual_aid", &pack.mutual_aid, visit);
    rows("scheme", &pack.schemes, visit);
    rows("benefit", &pack.benefits, visit);
    rows("consultation_fee", &pack.consultation_fees, visit);
    rows("delivery", &pack.deliveries, visit);
    rows("deadline", &pack.deadlines, visit);
    rows("prescription", &pack.prescriptions, visit);
    rows("online_sale", &pack.online_sales, visit);
    rows("negative_list", &pack.negative_lists, visit);
}

fn check_places(pack: &RegionPack, mistakes: &mut Mistakes<'_>) {
    let code = &pack.region.code;
    if !is_region_code(code) {
        mistakes.add(format!("region.code: `{code}` is not 6 digits"));
    }
    if pack.region.child_under_age.is_some_and(|age| !(14..=18).contains(&age)) {
        mistakes.add("region.child_under_age: must be 14 to 18".to_owned());
    }
    for (index, place) in pack.insured_places.iter().enumerate() {
        if !is_region_code(&place.code) {
            mistakes.add(format!("insured_place[{}].code: `{}` is not 6 digits", index + 1, place.code));
        }
    }
    let codes = pack.insured_places.iter().map(|place| place.code.as_str());
    no_twins("insured_place.code", codes, mistakes);
    if !pack.is_insured_place(code) {
        mistakes.add(format!("insured_place: the region's own code `{code}` is not among them"));
    }
}

fn check_terms(path: &str, terms: &Terms, mistakes: &mut Mistakes<'_>) {
    if terms.valid_to.is_some_and(|last| last < terms.valid_from) {
        mistakes.add(format!("{path}: valid_to lies before valid_from"));
    }
    if terms.source.is_none() && !terms.illustrative {
        mistakes.add(format!("{path}: needs a source, or illustrative = true"));
    }
}

fn check_scheme(pack: &RegionPack, scheme: &Scheme, path: &str, mistakes: &mut Mistakes<'_>) {
    let otc = scheme.kind == SchemeKind::OtcAccount;
    if scheme.otc.is_some() != otc || scheme.chronic.is_some() == otc {
        mistakes.add(format!("{path}: kind {} needs exactly its own rules table", scheme.kind));
    }
    each_digits(&format!("{path}.insutypes"), &scheme.insutypes, 3, mistakes);
    check_legs(pack, scheme, path, mistakes);
    let Some(chronic) = &scheme.chronic else { return };
    no_twins(&format!("{path}.chronic.diseases"), chronic.diseases.iter().map(|d| d.code.as_str()), mistakes);
    for disease in &chronic.diseases {
        let national = disease.code.len() == 6
            && disease.code.strip_prefix('M').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        if !national && disease.illustrative != Some(true) {
            mistakes.add(format!(
                "{path}.chronic.diseases: local code `{}` needs illustrative = true",
                disease.code
            ));
        }
        if !pack.benefits.iter().any(|row| row.disease.selects(Some(&disease.code))) {
            mistakes.add(format!("benefit: no row for disease `{}` of {path}", disease.code));
        }
    }
}

fn check_legs(pack: &RegionPack, scheme: &Scheme, path: &str, mistakes: &mut Mistakes<'_>) {
    no_twins(&format!("{path}.legs"), scheme.legs.iter().map(|leg| leg.kind.word()), mistakes);
    if scheme.legs.last().is_none_or(|leg| leg.kind != LegKind::Channel) {
        mistakes.add(format!("{path}.legs: the channel must be there and come last"));
    }
    for leg in scheme.legs.iter().filter(|leg| leg.kind != LegKind::Channel) {
        for cost in leg.pays.iter().filter(|cost| matches!(cost, CostKind::Delivery | CostKind::Packing)) {
            mistakes.add(format!("{path}.legs: {} can never pay {cost}", leg.kind));
        }
        let allowed = [CostKind::DrugInScope, CostKind::Consultation];
        if leg.kind == LegKind::Fund && leg.pays.iter().any(|cost| !allowed.contains(cost)) {
            mistakes.add(format!("{path}.legs: the fund pays drug_in_scope and consultation alone"));
        }
    }
    for cost in CostKind::ALL.iter().filter(|cost| !scheme.may_pay(LegKind::Channel, **cost)) {
        mistakes.add(format!("{path}.legs: nobody pays what is left of {cost}; the channel must"));
    }
    let lends = scheme.legs.iter().any(|leg| leg.kind == LegKind::RelativeAccount);
    if lends && pack.mutual_aid(scheme.since()).is_none() {
        mistakes.add(format!("{path}.legs: relative_account without a mutual_aid row in force"));
    }
}

fn check_benefit(row: &Benefit, path: &str, mistakes: &mut Mistakes<'_>) {
    each_digits(&format!("{path}.insutype"), std::slice::from_ref(&row.insutype), 3, mistakes);
    each_digits(&format!("{path}.psn_types"), &row.psn_types, 2, mistakes);
    if row.psn_types.is_empty() {
        mistakes.add(format!("{path}.psn_types: must not be empty"));
    }
    if row.tiers.first().is_none_or(|tier| tier.above_fen != Fen::ZERO) {
        mistakes.add(format!("{path}.tiers: the first must begin above 0"));
    }
    if row.tiers.windows(2).any(|pair| pair[1].above_fen <= pair[0].above_fen) {
        mistakes.add(format!("{path}.tiers: must ascend"));
    }
    let supplement = row.cap_rule == CapRule::HighestPlusSupplement;
    if row.cap_supplement_fen.is_some() != supplement {
        mistakes.add(format!("{path}.cap_supplement_fen: belongs to cap_rule highest_plus_supplement alone"));
    }
}

fn check_fees_and_limits(pack: &RegionPack, mistakes: &mut Mistakes<'_>) {
    for (index, fee) in pack.consultation_fees.iter().enumerate() {
        if fee.fee_fen != fee.fund_fen + fee.patient_fen {
            mistakes.add(format!("consultation_fee[{}]: fee_fen is not fund_fen + patient_fen", index + 1));
        }
    }
    for (index, rules) in pack.deliveries.iter().enumerate() {
        if rules.max_distance_m < rules.base_distance_m {
            mistakes.add(format!("delivery[{}]: max_distance_m is below base_distance_m", index + 1));
        }
    }
    for (index, rules) in pack.deadlines.iter().enumerate() {
        if rules.quote_validity_seconds == 0 || rules.payment_seconds == 0 || rules.claim_seconds == 0 {
            mistakes.add(format!("deadline[{}]: a deadline of 0 seconds is always over", index + 1));
        }
    }
    for (index, limits) in pack.prescriptions.iter().enumerate() {
        let ordered = limits.validity_days <= limits.validity_days_max
            && limits.ordinary_supply_days <= limits.long_supply_days
            && limits.long_supply_days <= limits.long_supply_days_stable;
        if !ordered || limits.validity_days == 0 || limits.max_kinds == 0 {
            mistakes.add(format!("prescription[{}]: limits contradict each other", index + 1));
        }
    }
}

/// No two rows may answer the same question on the same day.
fn check_one_answer(pack: &RegionPack, mistakes: &mut Mistakes<'_>) {
    one_answer("mutual_aid", &pack.mutual_aid, |_, _| true, mistakes);
    one_answer("scheme", &pack.schemes, |a, b| a.kind == b.kind, mistakes);
    one_answer("benefit", &pack.benefits, same_benefit_key, mistakes);
    let same_fee =
        |a: &super::ConsultationFee, b: &super::ConsultationFee| (a.level, a.visit) == (b.level, b.visit);
    one_answer("consultation_fee", &pack.consultation_fees, same_fee, mistakes);
    one_answer("delivery", &pack.deliveries, |_, _| true, mistakes);
    one_answer("deadline", &pack.deadlines, |_, _| true, mistakes);
    one_answer("prescription", &pack.prescriptions, |_, _| true, mistakes);
    one_answer("online_sale", &pack.online_sales, |_, _| true, mistakes);
    one_answer("negative_list", &pack.negative_lists, |_, _| true, mistakes);
}

fn same_benefit_key(a: &Benefit, b: &Benefit) -> bool {
    a.insutype == b.insutype
        && a.psn_types.iter().any(|group| b.psn_types.contains(group))
        && (&a.disease, a.institution_kind, a.level) == (&b.disease, b.institution_kind, b.level)
        && a.min_age.unwrap_or(0) == b.min_age.unwrap_or(0)
}

fn one_answer<T: InForce>(
    name: &str,
    rows: &[T],
    same_question: impl Fn(&T, &T) -> bool,
    mistakes: &mut Mistakes<'_>,
) {
    for (second, row) in rows.iter().enumerate() {
        for (first, other) in rows.iter().enumerate().take(second) {
            if same_question(other, row) && other.terms().overlap(row.terms()) {
                mistakes.add(format!(
                    "{name}[{}] and {name}[{}] hold on the same day",
                    first + 1,
                    second + 1
                ));
            }
        }
    }
}

fn each_digits(path: &str, values: &[String], length: usize, mistakes: &mut Mistakes<'_>) {
    for value in values {
        if value.len() != length || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            mistakes.add(format!("{path}: `{value}` is not {length} digits"));
        }
    }
}

fn no_twins<'a>(path: &str, values: impl Iterator<Item = &'a str>, mistakes: &mut Mistakes<'_>) {
    let mut values: Vec<&str> = values.collect();
    values.sort_unstable();
    let mut reported = "";
    for pair in values.windows(2) {
        if pair[0] == pair[1] && pair[0] != reported {
            reported = pair[0];
            mistakes.add(format!("{path}: `{reported}` appears twice"));
        }
    }
}
