//! Fees, deadlines and limits that hold for every scheme of a region.

use super::reader::table;
use super::words::*;
use time::Date;

use crate::money::Fen;
use crate::timestamp::Timestamp;

table! {
    /// Whom the pack is for (`[region]`).
    pub struct Identity {
        /// 医保区划, 6 digits.
        code: String,
        name_zh: String,
        name_en: String,
        time_zone: TimeZone,
        mutual_aid_convention: MutualAidConvention,
        /// Whoever is younger may have a guardian who acts for them; 18 where it is not said (民法典 art. 17).
        child_under_age: Option<u32>,
        /// The centre is asked for a trial (2101) before anything is held; absent: no.
        insurer_trial: Option<bool>,
        /// The insured part is paid through the mobile-payment interface (6201–6401); absent: no.
        mobile_payment: Option<bool>,
    }
}

table! {
    /// A place of insurance (`insuplc_admdvs`) that belongs to the region.
    pub struct InsuredPlace {
        code: String,
        name_zh: String,
        name_en: String,
        /// The code is not in a public list.
        illustrative: Option<bool>,
    }
}

table! {
    /// Family mutual aid 家庭共济 (`[[mutual_aid]]`, `domain.md` §9.2).
    pub struct MutualAid: terms {
        relations: Vec<Relation>,
        /// Insurance types an account may be lent from.
        payer_insutypes: Vec<String>,
        beneficiary_insutypes: Vec<String>,
        /// Both must be insured in this region.
        same_region: bool,
    }
}

table! {
    /// Fee of one consultation (`[[consultation_fee]]`); `fee_fen = fund_fen + patient_fen`.
    pub struct ConsultationFee: terms {
        level: HospitalLevel,
        visit: VisitKind,
        fee_fen: Fen,
        fund_fen: Fen,
        patient_fen: Fen,
    }
}

table! {
    /// Price of bringing goods to the door (`[[delivery]]`). Never part of an insured amount.
    pub struct DeliveryRules: terms {
        base_fee_fen: Fen,
        /// Distance that the base fee covers.
        base_distance_m: u32,
        /// For every further kilometre begun.
        per_km_fen: Fen,
        max_distance_m: u32,
        /// Added when any good must stay at 2–8 °C.
        cold_chain_surcharge_fen: Fen,
        packing_fee_fen: Fen,
        cold_chain_packing_fee_fen: Fen,
        promised_minutes: u32,
        /// Years that name, phone and address of a finished order are kept; without it for ever.
        keep_contact_years: Option<u32>,
    }
}

/// What a delivery costs the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryPrice {
    pub delivery: Fen,
    pub packing: Fen,
}

impl DeliveryRules {
    /// Contacts of what ended before this moment are no longer kept; none: they are kept for ever. The day of the end counts
    /// whole, and the 29th of February as the 28th.
    pub fn contacts_kept_since(&self, today: Date) -> Option<Timestamp> {
        let years = i32::try_from(self.keep_contact_years?).ok()?;
        let year = today.year().checked_sub(years)?;
        let day = today
            .replace_year(year)
            .or_else(|_| today.replace_day(28).and_then(|day| day.replace_year(year)));
        Some(Timestamp::start_of(day.ok()?))
    }

    /// The price for a distance in metres; `None` beyond the longest distance served.
    pub fn price(&self, distance_m: u32, cold_chain: bool) -> Option<DeliveryPrice> {
        if distance_m > self.max_distance_m {
            return None;
        }
        let further_km = i64::from(distance_m.saturating_sub(self.base_distance_m).div_ceil(1000));
        let distance_fee = Fen(self.per_km_fen.0.checked_mul(further_km)?);
        let surcharge = if cold_chain { self.cold_chain_surcharge_fen } else { Fen::ZERO };
        let packing = if cold_chain { self.cold_chain_packing_fee_fen } else { self.packing_fee_fen };
        Some(DeliveryPrice { delivery: self.base_fee_fen + distance_fee + surcharge, packing })
    }
}

table! {
    /// Deadlines of the region's own processes (`[[deadline]]`).
    pub struct Deadlines: terms {
        quote_validity_seconds: u32,
        /// From placing to payment; the reservation of stock ends at the same moment.
        payment_seconds: u32,
        /// How long a claimed prescription stays with a pharmacy that has not reviewed it.
        claim_seconds: u32,
        face_proof_seconds: u32,
        mutual_aid_filing_days: u32,
    }
}

table! {
    /// Limits of a prescription (`[[prescription]]`, `domain.md` §8).
    pub struct PrescriptionLimits: terms {
        validity_days: u32,
        /// Longest validity a doctor may set.
        validity_days_max: u32,
        ordinary_supply_days: u32,
        emergency_supply_days: u32,
        /// Class-2 psychotropic drugs.
        psychotropic_supply_days: u32,
        /// Long prescription 长期处方 in the normal case.
        long_supply_days: u32,
        /// Long prescription for stable patients, after strict assessment and with the patient's consent.
        long_supply_days_stable: u32,
        /// A refill may come this many days before what was handed out is used up.
        refill_early_days: u32,
        max_kinds: u32,
        /// A pharmacy's pass needs a second pharmacist (rchk_*) where a drug is under special control.
        second_review_controlled: Option<bool>,
        /// Likewise for long prescriptions 长期处方.
        second_review_long: Option<bool>,
        first_visit_online: bool,
        /// Years that a sheet is kept (`domain.md` §8); without it nothing is ever erased.
        keep_ordinary_years: Option<u32>,
        /// Toxic and class-2 psychotropic drugs.
        keep_special_years: Option<u32>,
        /// Narcotic and class-1 psychotropic drugs.
        keep_narcotic_years: Option<u32>,
        /// Medical records made online, and the sheets that belong to them.
        keep_online_record_years: Option<u32>,
    }
}

table! {
    /// Drugs that never leave a shelf over the net (`[[online_sale]]`, `domain.md` §8).
    pub struct OnlineSale: terms {
        bans: Vec<OnlineBan>,
        /// Glucose-lowering injections such as insulin are outside the ban on injections.
        glucose_lowering_injections_allowed: bool,
    }
}

table! {
    /// Drugs named in the NMPA negative list (`[[negative_list]]`).
    pub struct NegativeList: terms {
        /// Parts of Chinese generic names: `华法林` names `华法林钠片`.
        names_zh: Vec<String>,
    }
}

impl NegativeList {
    /// Whether a generic name holds one of the listed names.
    pub fn names(&self, generic_name_zh: &str) -> bool {
        self.names_zh.iter().any(|name| generic_name_zh.contains(name.as_str()))
    }
}
