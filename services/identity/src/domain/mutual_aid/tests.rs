use time::macros::date;

use super::*;
use crate::domain::person::InsuranceState;

const TODAY: Date = date!(2026 - 11 - 22);

fn beijing() -> RegionPack {
    RegionPack::parse(include_str!("../../../../../deploy/regions/beijing.toml")).unwrap()
}

fn insured(insutype: &str, place: &str) -> Vec<Insurance> {
    vec![Insurance {
        insutype: insutype.to_owned(),
        psn_type: "1101".to_owned(),
        insured_place: place.to_owned(),
        state: InsuranceState::Normal,
        begin: date!(2015 - 01 - 01),
        end: None,
    }]
}

fn filing(holder: &str, state: MutualAidState, begin: Option<Date>, end: Option<Date>) -> MutualAid {
    MutualAid {
        mutual_aid_id: format!("aid_{holder}"),
        holder_person_id: holder.to_owned(),
        beneficiary_person_id: "patient".to_owned(),
        relation: "spouse".to_owned(),
        region: "110000".to_owned(),
        state,
        filed_at: Timestamp(0),
        begin,
        end,
    }
}

#[test]
fn relation_place_and_scheme_decide() {
    let pack = beijing();
    let employee = insured("310", "110105");
    let resident = insured("390", "110101");
    let outside = insured("310", "130302");
    let check =
        |relation, holder: &[Insurance], own: &[Insurance]| check_filing(&pack, relation, holder, own, TODAY);
    assert_eq!(check(Relation::Spouse, &employee, &resident), Ok(()));
    assert_eq!(check(Relation::Grandparent, &employee, &employee), Ok(()));
    assert_eq!(check(Relation::ParentInLaw, &outside, &outside), Err(AidRefused::RelationNotAllowed));
    assert_eq!(check(Relation::Child, &outside, &resident), Err(AidRefused::InsuredElsewhere(Party::Holder)));
    assert_eq!(
        check(Relation::Child, &employee, &outside),
        Err(AidRefused::InsuredElsewhere(Party::Beneficiary))
    );
    assert_eq!(check(Relation::Child, &resident, &resident), Err(AidRefused::HolderNotEmployee));
    assert_eq!(check(Relation::Child, &[], &resident), Err(AidRefused::InsuredElsewhere(Party::Holder)));
    let before = date!(2020 - 01 - 01);
    assert_eq!(
        check_filing(&pack, Relation::Spouse, &employee, &resident, before),
        Err(AidRefused::RelationNotAllowed)
    );
}

#[test]
fn a_filing_pays_between_consent_and_end() {
    let begin = Some(date!(2026 - 01 - 10));
    let end = Some(date!(2026 - 06 - 30));
    let active = filing("a", MutualAidState::Active, begin, end);
    assert!(active.covers(date!(2026 - 01 - 10)) && active.covers(date!(2026 - 06 - 30)));
    assert!(!active.covers(date!(2026 - 01 - 09)) && !active.covers(date!(2026 - 07 - 01)));
    assert!(!filing("a", MutualAidState::Filed, None, None).covers(TODAY));
}

#[test]
fn consent_opens_and_withdrawal_closes_but_the_past_stays() {
    let mut aid = filing("a", MutualAidState::Filed, None, None);
    aid.consent(TODAY, Some(365));
    assert_eq!((aid.begin, aid.end), (Some(TODAY), Some(date!(2027 - 11 - 21))));
    let later = date!(2027 - 01 - 05);
    aid.withdraw(later);
    assert!(aid.covers(TODAY) && aid.covers(date!(2027 - 01 - 04)) && !aid.covers(later));
    let mut same_day = filing("a", MutualAidState::Filed, None, None);
    same_day.consent(TODAY, None);
    assert_eq!(same_day.end, None);
    same_day.withdraw(TODAY);
    assert!(!same_day.covers(TODAY));
    let mut refused = filing("a", MutualAidState::Filed, None, None);
    refused.withdraw(TODAY);
    assert_eq!((refused.state, refused.covers(TODAY)), (MutualAidState::Withdrawn, false));
}

#[test]
fn the_missing_holder_is_named() {
    let since = Some(date!(2026 - 01 - 01));
    let filings = [
        filing("a", MutualAidState::Active, since, None),
        filing("b", MutualAidState::Filed, None, None),
        filing("c", MutualAidState::Active, since, None),
    ];
    let holders = |found: Vec<&MutualAid>| -> Vec<String> {
        found.into_iter().map(|filing| filing.holder_person_id.clone()).collect()
    };
    assert_eq!(payers(&filings, &[], TODAY).map(holders), Ok(vec!["a".to_owned(), "c".to_owned()]));
    assert_eq!(payers(&filings, &["c".to_owned()], TODAY).map(holders), Ok(vec!["c".to_owned()]));
    assert_eq!(payers(&filings, &["a".to_owned(), "b".to_owned()], TODAY), Err("b"));
}
