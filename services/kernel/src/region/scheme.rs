//! What a scheme opens: who may buy what, where, and which money pays which part.

use super::reader::table;
use super::terms::InForce;
use super::words::*;

table! {
    /// One dated way of buying (`[[scheme]]`).
    pub struct Scheme: terms {
        kind: SchemeKind,
        name_zh: String,
        name_en: String,
        /// Insurance types (`insutype`) of the patients.
        insutypes: Vec<String>,
        /// National `med_type` values an order of this scheme may carry.
        med_types: Vec<String>,
        /// Capabilities the selling pharmacy must have.
        required_capabilities: Vec<String>,
        /// Purchase platforms that may act for a patient; empty when patients come themselves.
        platforms: Vec<String>,
        fulfilment: Vec<Fulfilment>,
        verification: Verification,
        /// Who pays what, in the order in which money is taken.
        legs: Vec<Leg>,
        /// Present when `kind` is `otc_account`.
        otc: Option<OtcRules>,
        /// Present when `kind` is `chronic_renewal`.
        chronic: Option<ChronicRules>,
    }
}

table! {
    /// The steps a person passes before the first order.
    pub struct Verification {
        steps: Vec<VerificationStep>,
        /// No publication names these steps.
        illustrative: Option<bool>,
    }
}

table! {
    /// One payer and the cost parts it may carry.
    pub struct Leg {
        kind: LegKind,
        pays: Vec<CostKind>,
    }
}

table! {
    /// Rules of a non-prescription sale (`domain.md` §9.1, §12).
    pub struct OtcRules {
        /// `rx_flag` values that may be sold; `"0"` is a non-prescription drug.
        rx_flags: Vec<String>,
        double_cross: DoubleCross,
        otc_classes: Vec<OtcClass>,
        /// Accounts pay for goods with the blue 医保 mark alone.
        account_needs_mark: bool,
        /// Goods without the mark may be in the basket, paid by channel.
        sells_unmarked: bool,
        /// Class 甲 OTC may not be given away.
        refuse_gift_classes: Vec<OtcClass>,
    }
}

table! {
    /// Rules of a chronic-disease renewal (`domain.md` §9.3).
    pub struct ChronicRules {
        parity: Parity,
        price_ceiling: PriceCeiling,
        fund_advanced_by: Vec<Advancer>,
        fund_owed_by: Vec<FundDebtor>,
        /// Who settles a sale at the counter; nothing means [`CounterSettlement::Own`].
        counter_settlement: Option<CounterSettlement>,
        diseases: Vec<Disease>,
    }
}

table! {
    /// A disease that opens the scheme when it is registered.
    pub struct Disease {
        /// National 门诊慢特病 code, or a local one.
        code: String,
        name_zh: String,
        name_en: String,
        /// ICD-10 hints; never decide by them.
        icd10: Vec<String>,
        /// The code is local and invented: no national code was found.
        illustrative: Option<bool>,
        note: Option<String>,
    }
}

impl Scheme {
    /// Whether a leg of this kind exists and may carry this part.
    pub fn may_pay(&self, leg: LegKind, cost: CostKind) -> bool {
        self.legs.iter().any(|own| own.kind == leg && own.pays.contains(&cost))
    }

    /// The payers of a cost part, in the order in which money is taken.
    pub fn payers(&self, cost: CostKind) -> impl Iterator<Item = LegKind> {
        self.legs.iter().filter(move |leg| leg.pays.contains(&cost)).map(|leg| leg.kind)
    }

    /// The disease of a chronic scheme by its code.
    pub fn disease(&self, code: &str) -> Option<&Disease> {
        self.chronic.as_ref()?.diseases.iter().find(|disease| disease.code == code)
    }

    /// Whether the house settles sales at the counter.
    pub fn settles_counter(&self) -> bool {
        let rules = self.chronic.as_ref();
        rules.and_then(|rules| rules.counter_settlement) == Some(CounterSettlement::House)
    }

    /// First day in force.
    pub fn since(&self) -> time::Date {
        self.terms().valid_from
    }
}
