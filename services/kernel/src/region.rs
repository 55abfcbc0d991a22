//! Region packs: what differs between cities, as dated data (`deploy/regions/*.toml`, documented there).
//!
//! Owns the typed form of a pack, its reader that lists every mistake at once, and the look-ups by date. Deliberately
//! knows no city: a rule that cannot be said in a pack belongs in a service. Invariant: a [`RegionPack`] that exists is
//! consistent; no two rows answer the same question on the same day.

mod benefit;
mod check;
mod history;
mod reader;
mod rules;
mod scheme;
mod terms;
#[cfg(test)]
mod tests;
mod values;
mod words;

use time::Date;
use toml::de::DeTable;

pub use benefit::{Benefit, BenefitQuery, Tier, combined_cap};
pub use history::rewritten;
pub use rules::{
    ConsultationFee, Deadlines, DeliveryPrice, DeliveryRules, Identity, InsuredPlace, MutualAid,
    NegativeList, OnlineSale, PrescriptionLimits,
};
pub use scheme::{ChronicRules, Disease, Leg, OtcRules, Scheme, Verification};
pub use terms::{InForce, Terms};
pub use words::*;

use reader::{Mistakes, Table};
use terms::in_force;

/// Everything a region decides by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionPack {
    pub region: Identity,
    pub insured_places: Vec<InsuredPlace>,
    pub mutual_aid: Vec<MutualAid>,
    pub schemes: Vec<Scheme>,
    pub benefits: Vec<Benefit>,
    pub consultation_fees: Vec<ConsultationFee>,
    pub deliveries: Vec<DeliveryRules>,
    pub deadlines: Vec<Deadlines>,
    pub prescriptions: Vec<PrescriptionLimits>,
    pub online_sales: Vec<OnlineSale>,
    pub negative_lists: Vec<NegativeList>,
}

impl RegionPack {
    /// Reads and checks a pack.
    ///
    /// # Errors
    /// Every mistake of the text: syntax, unknown and missing keys, wrong kinds of value, and — once the tables can be
    /// read — whatever does not fit together between them.
    pub fn parse(text: &str) -> Result<RegionPack, Vec<String>> {
        let mut mistakes = Mistakes::new(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            mistakes.note(error.span().map_or(0, |span| span.start), "syntax", error.message());
        }
        if !errors.is_empty() {
            return mistakes.finish(None);
        }
        let pack = RegionPack::read(Table::root(&document), &mut mistakes);
        if let Some(pack) = &pack {
            check::check(pack, &mut mistakes);
        }
        mistakes.finish(pack)
    }

    fn read(mut table: Table<'_>, mistakes: &mut Mistakes<'_>) -> Option<RegionPack> {
        let region = table.take("region", mistakes);
        let insured_places = table.take("insured_place", mistakes);
        let mutual_aid = table.take("mutual_aid", mistakes);
        let schemes = table.take("scheme", mistakes);
        let benefits = table.take("benefit", mistakes);
        let consultation_fees = table.take("consultation_fee", mistakes);
        let deliveries = table.take("delivery", mistakes);
        let deadlines = table.take("deadline", mistakes);
        let prescriptions = table.take("prescription", mistakes);
        let online_sales = table.take("online_sale", mistakes);
        let negative_lists = table.take("negative_list", mistakes);
        table.finish(mistakes);
        Some(RegionPack {
            region: region?,
            insured_places: insured_places?,
            mutual_aid: mutual_aid?,
            schemes: schemes?,
            benefits: benefits?,
            consultation_fees: consultation_fees?,
            deliveries: deliveries?,
            deadlines: deadlines?,
            prescriptions: prescriptions?,
            online_sales: online_sales?,
            negative_lists: negative_lists?,
        })
    }

    /// The scheme of this kind that is open on `date`.
    pub fn scheme(&self, kind: SchemeKind, date: Date) -> Option<&Scheme> {
        self.schemes.iter().find(|scheme| scheme.kind == kind && scheme.terms.cover(date))
    }

    /// The most specific row for a person, disease and place: a row that names the disease beats one for all, then kind
    /// of institution, level and age. `None`: the fund does not pay.
    pub fn benefit(&self, query: &BenefitQuery<'_>) -> Option<&Benefit> {
        self.benefits.iter().filter(|row| row.applies(query)).max_by_key(|row| row.precedence())
    }

    /// The ordinary consultation fee, which is also the online one.
    pub fn consultation_fee(&self, level: HospitalLevel, date: Date) -> Option<&ConsultationFee> {
        self.fee(level, VisitKind::Ordinary, date)
    }

    /// The fee of an emergency visit.
    pub fn emergency_fee(&self, level: HospitalLevel, date: Date) -> Option<&ConsultationFee> {
        self.fee(level, VisitKind::Emergency, date)
    }

    fn fee(&self, level: HospitalLevel, visit: VisitKind, date: Date) -> Option<&ConsultationFee> {
        let mut fees = self.consultation_fees.iter();
        fees.find(|fee| fee.level == level && fee.visit == visit && fee.terms.cover(date))
    }

    /// Whether a place of insurance belongs to the region. Never guess this from the first digits: pools have codes of
    /// their own (`domain.md` §6.3).
    pub fn is_insured_place(&self, code: &str) -> bool {
        self.insured_places.iter().any(|place| place.code == code)
    }

    /// Mutual-aid rules on `date`; `None` where the region has none.
    pub fn mutual_aid(&self, date: Date) -> Option<&MutualAid> {
        in_force(&self.mutual_aid, date)
    }

    /// Whether an account may be lent within this relation.
    pub fn relation_allowed(&self, relation: Relation, date: Date) -> bool {
        self.mutual_aid(date).is_some_and(|rules| rules.relations.contains(&relation))
    }

    pub fn delivery(&self, date: Date) -> Option<&DeliveryRules> {
        in_force(&self.deliveries, date)
    }

    pub fn deadlines(&self, date: Date) -> Option<&Deadlines> {
        in_force(&self.deadlines, date)
    }

    pub fn prescription_limits(&self, date: Date) -> Option<&PrescriptionLimits> {
        in_force(&self.prescriptions, date)
    }

    /// Why a drug may not be sold online: its own class (the catalogue's `online_forbidden`), or its generic name in the
    /// negative list. A class the region does not ban is no reason.
    pub fn online_ban(
        &self,
        class: Option<OnlineBan>,
        generic_name_zh: &str,
        date: Date,
    ) -> Option<OnlineBan> {
        let bans = in_force(&self.online_sales, date).map_or(&[][..], |rules| &rules.bans);
        let listed = || {
            let list = in_force(&self.negative_lists, date)?;
            list.names(generic_name_zh).then_some(OnlineBan::NegativeList)
        };
        class.or_else(listed).filter(|ban| bans.contains(ban))
    }

    /// Whether glucose-lowering injections are outside the ban on injections.
    pub fn glucose_lowering_injections_allowed(&self, date: Date) -> bool {
        in_force(&self.online_sales, date).is_some_and(|rules| rules.glucose_lowering_injections_allowed)
    }

    /// The kinds of rows, with their number, whose figures are invented; shown to operators so that no pack goes live
    /// unnoticed.
    pub fn illustrative(&self) -> Vec<String> {
        let mut found = Vec::new();
        check::each_terms(self, &mut |path, terms| {
            if terms.illustrative {
                found.push(path.to_owned());
            }
        });
        found
    }
}
