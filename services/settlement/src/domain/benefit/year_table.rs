//! Plays `years.txt`: people through a year, from the region pack to the totals.

use liufang_kernel::Date;
use liufang_kernel::region::{HospitalLevel, InstitutionKind, RegionPack, Scheme, SchemeKind};
use liufang_kernel::timestamp::parse_date;

use super::case_table::{TODAY, beijing, expected, fee, line, qinhuangdao, yuan};
use super::*;
use crate::domain::accumulate::{Addition, Scope, additions};
use crate::domain::entitlement::{Entitlement, Standing, YearSoFar};
use crate::domain::quote::{Cover, QuoteKind};

/// Somebody's year.
struct Person {
    pack: RegionPack,
    cover: Cover,
    age: u32,
    registered: Vec<String>,
    used: Vec<(Scope, Addition)>,
}

impl Person {
    fn read(text: &str) -> Person {
        let mut words = text.split_whitespace();
        let pack = if words.next() == Some("beijing") { beijing() } else { qinhuangdao() };
        let (insutype, psn_type) = words.next().unwrap().split_once('/').unwrap();
        let cover = Cover {
            insutype: insutype.into(),
            psn_type: psn_type.into(),
            place: pack.region.code.clone(),
            normal: true,
            begin: parse_date("2020-01-01").unwrap(),
            end: None,
        };
        let age = words.next().unwrap().parse().unwrap();
        let (mut registered, mut before) = (Vec::new(), Addition::default());
        for word in words {
            match word.split_once('=').unwrap() {
                ("registered", codes) => {
                    registered =
                        codes.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
                }
                ("used_ded", value) => before.deductible = yuan(value),
                ("used_exp", value) => before.expense = yuan(value),
                ("used_fund", value) => before.fund_paid = yuan(value),
                other => panic!("unknown word {other:?}"),
            }
        }
        Person { pack, cover, age, registered, used: vec![(Scope::All, before)] }
    }

    fn used(&self, scope: &Scope) -> Addition {
        let of_scope = self.used.iter().filter(|(own, _)| own == scope);
        of_scope.fold(Addition::default(), |sum, (_, addition)| Addition {
            deductible: sum.deductible + addition.deductible,
            expense: sum.expense + addition.expense,
            fund_paid: sum.fund_paid + addition.fund_paid,
        })
    }
}

/// `buy`, `otc` or `visit`.
struct Purchase {
    kind: QuoteKind,
    institution_kind: InstitutionKind,
    level: Option<HospitalLevel>,
    disease: String,
    wallets: Wallets,
    date: Date,
}

impl Purchase {
    fn read(kind: QuoteKind, text: &str) -> Purchase {
        let mut words = text.split_whitespace();
        let (place, level) = words.next().map(|place| place.split_once('/').unwrap_or((place, ""))).unwrap();
        let mut purchase = Purchase {
            kind,
            institution_kind: match place {
                "hospital" => InstitutionKind::Hospital,
                "community" => InstitutionKind::Community,
                _ => InstitutionKind::Pharmacy,
            },
            level: match level {
                "1" => Some(HospitalLevel::One),
                "2" => Some(HospitalLevel::Two),
                "3" => Some(HospitalLevel::Three),
                _ => None,
            },
            disease: String::new(),
            wallets: Wallets::default(),
            date: TODAY,
        };
        for word in words {
            match word.split_once('=') {
                Some(("own", value)) => purchase.wallets.own = Some(purse("own", value)),
                Some(("rel", value)) => purchase.wallets.relatives.push(purse("rel", value)),
                Some(("on", value)) => purchase.date = parse_date(value).unwrap(),
                None => purchase.disease = word.to_owned(),
                other => panic!("unknown word {other:?}"),
            }
        }
        purchase
    }
}

fn purse(person_id: &str, available: &str) -> Purse {
    Purse { person_id: person_id.into(), available: yuan(available) }
}

/// The scheme whose legs pay.
fn scheme(person: &Person, kind: QuoteKind) -> Scheme {
    let of = |pack: &RegionPack, kind| pack.scheme(kind, TODAY).cloned().unwrap();
    match kind {
        QuoteKind::OtcAccount => of(&person.pack, SchemeKind::OtcAccount),
        QuoteKind::ChronicRenewal | QuoteKind::Consultation => of(&qinhuangdao(), SchemeKind::ChronicRenewal),
    }
}

fn play(person: &mut Person, purchase: &Purchase, lines: &[ChargeLine], fees: Vec<OutsideFee>) -> Totals {
    let scheme = scheme(person, purchase.kind);
    let registered: Vec<&str> = person.registered.iter().map(String::as_str).collect();
    let standing = Standing {
        kind: purchase.kind,
        scheme: Some(&scheme),
        cover: Some(&person.cover),
        age: person.age,
        disease: &purchase.disease,
        registered: &registered,
        institution_kind: purchase.institution_kind,
        level: purchase.level,
        date: purchase.date,
    };
    let entitlement = Entitlement::of(&person.pack, &standing);
    let year = YearSoFar {
        all: person.used(&Scope::All),
        disease: person.used(&Scope::Disease(purchase.disease.clone())),
    };
    let consultation = purchase.kind == QuoteKind::Consultation;
    let case = Case {
        lines,
        consultation,
        outside: OutsideFees::new(fees),
        rules: LineRules {
            class_b_first_selfpay: entitlement.class_b_first_selfpay(),
            needs_mark: purchase.kind == QuoteKind::OtcAccount,
            row: entitlement.row(),
        },
        scheme: Some(&scheme),
        fund: entitlement.rule(year),
        wallets: purchase.wallets.clone(),
        convention: person.pack.region.mutual_aid_convention,
        agency: "agency",
    };
    let totals = settle(&case).unwrap().totals;
    let disease = (purchase.kind == QuoteKind::ChronicRenewal).then_some(purchase.disease.as_str());
    person.used.extend(additions(&totals, disease, consultation));
    totals
}

#[test]
fn every_year() {
    let (mut person, mut purchase, mut name) = (None, None, "");
    let (mut lines, mut fees, mut played) = (Vec::new(), Vec::new(), 0);
    for text in include_str!("years.txt").lines() {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "person" => person = Some(Person::read(rest)),
            "case" => {
                name = rest;
                (lines, fees) = (Vec::new(), Vec::new());
            }
            "buy" => purchase = Some(Purchase::read(QuoteKind::ChronicRenewal, rest)),
            "otc" => purchase = Some(Purchase::read(QuoteKind::OtcAccount, rest)),
            "visit" => purchase = Some(Purchase::read(QuoteKind::Consultation, rest)),
            "line" => lines.push(line(lines.len() as i32 + 1, rest)),
            "fee" => fees.push(fee(rest)),
            "gives" => {
                let person = person.as_mut().unwrap();
                let fees = std::mem::take(&mut fees);
                let mut totals = play(person, purchase.as_ref().unwrap(), &lines, fees);
                totals.fund_ratio.clear();
                totals.funds.clear();
                totals.balance = None;
                assert_eq!(totals, expected(rest), "{name}");
                played += 1;
            }
            _ => assert!(text.is_empty() || word == "#", "{text}"),
        }
    }
    assert_eq!(played, 67, "a case was added or lost");
}
