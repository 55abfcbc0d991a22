//! The closed word lists of a region pack.

use toml::Spanned;
use toml::de::DeValue;

use super::reader::{Mistakes, Value, words};

words! {
    /// The only offset a pack may name: all dates and times of the trade are China time.
    pub enum TimeZone { China = "+08:00", }
}

words! {
    /// How mutual-aid money stands in a settlement (`domain.md` §3.4, identities I7a and I7b).
    pub enum MutualAidConvention {
        /// I7a: `psn_part_amt = acct_pay + acct_mulaid_pay + psn_cash_pay`.
        Separate = "separate",
        /// I7b: `psn_part_amt = acct_pay + psn_cash_pay`, `acct_mulaid_pay` is part of `acct_pay`.
        Inside = "inside",
    }
}

words! {
    /// What the account holder is to the patient (`domain.md` §9.2). The words no region lists exist so that such a
    /// filing is refused by rule, with a reason, and not as unreadable.
    pub enum Relation {
        Spouse = "spouse",
        Parent = "parent",
        Child = "child",
        Sibling = "sibling",
        Grandparent = "grandparent",
        Grandchild = "grandchild",
        /// Parents-in-law are not covered.
        ParentInLaw = "parent_in_law",
        ChildInLaw = "child_in_law",
        Other = "other",
    }
}

words! {
    /// The two ways of buying that a pack can open.
    pub enum SchemeKind {
        /// Non-prescription drugs from personal accounts through a purchase platform.
        OtcAccount = "otc_account",
        /// Online renewal of a chronic-disease prescription.
        ChronicRenewal = "chronic_renewal",
    }
}

words! {
    /// Who settles a prescription that is filled over the counter.
    pub enum CounterSettlement {
        /// The pharmacy's own system.
        Own = "own",
        /// The order of the house, where the pharmacy asks for one.
        House = "house",
    }
}

words! {
    /// Who pays a part of an order.
    pub enum LegKind {
        /// 统筹基金, advanced by the institution.
        Fund = "fund",
        /// 个人账户 of the patient.
        OwnAccount = "own_account",
        /// 个人账户 of a relative who filed mutual aid.
        RelativeAccount = "relative_account",
        /// WeChat, Alipay, UnionPay or bank card.
        Channel = "channel",
    }
}

words! {
    /// The parts an order's cost falls into. The drug parts are the national line parts (`domain.md` §3.2).
    pub enum CostKind {
        /// `inscp_scp_amt`: inside the policy scope, with deductible and personal share.
        DrugInScope = "drug_in_scope",
        /// `preselfpay_amt`: first self-pay of class 乙.
        DrugFirstSelfpay = "drug_first_selfpay",
        /// `overlmt_amt`: above the price limit.
        DrugOverLimit = "drug_over_limit",
        /// `fulamt_ownpay_amt`: class 丙, not approved, or without the 医保 mark.
        DrugSelfPaid = "drug_self_paid",
        /// 诊察费, or 医事服务费 in Beijing.
        Consultation = "consultation",
        Delivery = "delivery",
        Packing = "packing",
    }
}

words! {
    /// How goods reach the patient.
    pub enum Fulfilment { Delivery = "delivery", PickUp = "pick_up", }
}

words! {
    /// A step of real-name verification (`domain.md` §7).
    pub enum VerificationStep {
        IdNumber = "id_number",
        Phone = "phone",
        Carrier = "carrier",
        Face = "face",
    }
}

words! {
    /// 甲 and 乙 class of non-prescription drugs.
    pub enum OtcClass { A = "甲", B = "乙", }
}

words! {
    /// Whether a 双跨 drug (`rx_flag` 2) may be sold without a prescription.
    pub enum DoubleCross {
        /// Only the pack that is registered as OTC.
        OtcPackOnly = "otc_pack_only",
        Refused = "refused",
    }
}

words! {
    /// When a pharmacy's product stands for the hospital's.
    pub enum Parity {
        /// Same maker and same specification.
        Exact = "exact",
        /// Same generic name, dosage form and strength; any maker, any pack.
        Generic = "generic",
    }
}

words! {
    /// The highest price per billing unit a pharmacy may ask.
    pub enum PriceCeiling { Hospital = "hospital", None = "none", }
}

words! {
    /// Who lays out the fund's share until it is cleared.
    pub enum Advancer { Hospital = "hospital", Pharmacy = "pharmacy", }
}

words! {
    /// Who owes the advanced fund share.
    pub enum FundDebtor {
        /// 经办机构.
        Agency = "agency",
        /// A commissioned commercial insurer.
        CommercialInsurer = "commercial_insurer",
    }
}

words! {
    /// Kinds of institution that benefits differ by.
    pub enum InstitutionKind { Hospital = "hospital", Community = "community", Pharmacy = "pharmacy", }
}

words! {
    /// Level of a hospital (医院等级).
    pub enum HospitalLevel { One = "1", Two = "2", Three = "3", }
}

words! {
    /// Kind of visit a consultation fee is for.
    pub enum VisitKind { Ordinary = "ordinary", Emergency = "emergency", }
}

words! {
    /// The fund that a tier is charged to, by its settlement field (`domain.md` §3.3).
    pub enum Fund {
        /// `hifp_pay`, pooled basic fund 统筹基金.
        Basic = "hifp",
        /// `hifob_pay`, employee large-amount mutual fund 职工大额.
        LargeAmount = "hifob",
        /// `hifmi_pay`, resident serious illness 居民大病.
        SeriousIllness = "hifmi",
        /// `cvlserv_pay`, civil-servant subsidy 公务员补助.
        CivilServant = "cvlserv",
        /// `hifes_pay`, enterprise supplementary 企业补充.
        Enterprise = "hifes",
        /// `maf_pay`, medical assistance 医疗救助.
        Assistance = "maf",
        /// `hifdm_pay`, disabled servicemen 伤残人员.
        Serviceman = "hifdm",
        /// `oth_pay`, any other.
        Other = "oth",
    }
}

words! {
    /// Which money of the year moves a person into the next tier; the published text has both readings.
    pub enum TierReading {
        /// What the fund has paid this year.
        PaidByFund = "paid_by_fund",
        /// What was spent inside the policy scope this year.
        Expense = "expense",
    }
}

words! {
    /// How the caps of several registered diseases combine.
    pub enum CapRule {
        /// Each disease has its own cap.
        EachOwn = "each_own",
        /// The highest cap, and a supplement for every further disease.
        HighestPlusSupplement = "highest_plus_supplement",
        /// One common cap: the sum of all.
        Sum = "sum",
    }
}

words! {
    /// Why a drug may not be sold online (`domain.md` §8). The first seven are the classes never sold online.
    pub enum OnlineBan {
        Vaccine = "vaccine",
        BloodProduct = "blood_product",
        Narcotic = "narcotic",
        Psychotropic = "psychotropic",
        Toxic = "toxic",
        Radioactive = "radioactive",
        Precursor = "precursor",
        /// Named in the NMPA negative list.
        NegativeList = "negative_list",
        HospitalPreparation = "hospital_preparation",
        /// 中药配方颗粒.
        FormulaGranule = "formula_granule",
        /// Injections other than glucose-lowering ones.
        Injection = "injection",
        /// Compound ephedrine, codeine or tramadol products.
        CompoundAddictive = "compound_addictive",
    }
}

/// A key column of a rule table: one word, or `"*"` for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector<T> {
    Any,
    Only(T),
}

impl<T> Selector<T> {
    /// Whether `value` is selected; `None` is selected by `"*"` alone.
    pub fn selects<V: ?Sized>(&self, value: Option<&V>) -> bool
    where
        T: PartialEq<V>,
    {
        match self {
            Selector::Any => true,
            Selector::Only(own) => value.is_some_and(|value| own == value),
        }
    }

    /// A row that names its value beats a row for all.
    pub fn is_specific(&self) -> bool {
        matches!(self, Selector::Only(_))
    }
}

impl<T: Value> Value for Selector<T> {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        if value.get_ref().as_str() == Some("*") {
            return Some(Selector::Any);
        }
        T::read(value, path, mistakes).map(Selector::Only)
    }
}
