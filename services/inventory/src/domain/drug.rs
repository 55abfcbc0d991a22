//! Catalogue drugs and what an institution lists. Field names follow the national interfaces (`domain.md` §6.1).

use liufang_kernel::codes::{self, DrugCodeKind};
use liufang_kernel::{Ratio, UnitPrice};
use serde::{Deserialize, Serialize};

/// Whether a prescription is needed (`rx_flag`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RxFlag {
    /// 0 非处方药.
    Otc,
    /// 1 处方药.
    Rx,
    /// 2 双跨: depends on the pack.
    Double,
}

impl RxFlag {
    /// Reads the national code.
    pub fn from_code(code: &str) -> Option<RxFlag> {
        match code {
            "0" => Some(RxFlag::Otc),
            "1" => Some(RxFlag::Rx),
            "2" => Some(RxFlag::Double),
            _ => None,
        }
    }

    /// The national code.
    pub fn code(self) -> &'static str {
        match self {
            RxFlag::Otc => "0",
            RxFlag::Rx => "1",
            RxFlag::Double => "2",
        }
    }
}

/// A drug of the national catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drug {
    pub med_list_codg: String,
    pub generic_name: String,
    pub generic_name_en: String,
    pub trade_name: String,
    pub dosage_form: String,
    pub strength: String,
    pub pack: String,
    /// Smallest preparation units in a billing unit; at least 1.
    pub units_per_pack: u32,
    pub billing_unit: String,
    pub maker: String,
    pub approval_no: String,
    /// 1 甲, 2 乙, 3 自费.
    pub chrgitm_lv: String,
    pub first_selfpay_ratio: Ratio,
    pub rx_flag: RxFlag,
    /// 甲, 乙 or empty.
    pub otc_class: String,
    pub restricted: bool,
    pub negotiated: bool,
    /// `none`, or the controlled class.
    pub controlled: String,
    pub storage: String,
    /// Empty, or why it may not be sold online.
    pub online_forbidden: String,
    pub hi_mark: bool,
    /// Seven digits of the domestic trace code, or empty.
    pub trace_prefix: String,
    /// 支付标准 per billing unit.
    pub pay_standard: Option<UnitPrice>,
    pub disease_codes: Vec<String>,
}

impl Drug {
    /// Substance and dosage form: what two products must share before they can be compared at all.
    pub fn substance(&self) -> &str {
        codes::substance_key(&self.med_list_codg)
    }

    /// Packs are sold whole; only herbal slices 中药饮片 are weighed (`domain.md` §4.2).
    pub fn is_weighed(&self) -> bool {
        codes::drug_code_kind(&self.med_list_codg) == Some(DrugCodeKind::Herbal)
    }

    /// Whether the drug itself is kept out of online sale (`domain.md` §8), before any regional list.
    pub fn is_online_forbidden(&self) -> bool {
        !self.online_forbidden.is_empty() || self.controlled != "none"
    }

    /// Lower-case text that a search looks into.
    pub fn search_text(&self) -> String {
        [&self.generic_name, &self.generic_name_en, &self.trade_name, &self.maker, &self.med_list_codg]
            .map(|part| part.to_lowercase())
            .join("\n")
    }
}

/// What an institution sells: its mapping (3301), price and marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub fixmedins_code: String,
    pub med_list_codg: String,
    /// The institution's own code.
    pub fixmedins_hilist_id: String,
    /// Per billing unit.
    pub price: UnitPrice,
    pub online: bool,
    /// For 双跨 drugs: this is the pack registered as OTC.
    pub otc_pack: bool,
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// An invented drug of maker `maker` with `units` units of `strength` in a pack.
    pub fn drug(code: &str, maker: &str, strength: &str, units: u32) -> Drug {
        Drug {
            med_list_codg: code.into(),
            generic_name: "氨氯地平片".into(),
            generic_name_en: "Amlodipine".into(),
            trade_name: String::new(),
            dosage_form: "片剂".into(),
            strength: strength.into(),
            pack: format!("{units}片/盒"),
            units_per_pack: units,
            billing_unit: "盒".into(),
            maker: maker.into(),
            approval_no: "国药准字H00000001".into(),
            chrgitm_lv: "1".into(),
            first_selfpay_ratio: Ratio::ZERO,
            rx_flag: RxFlag::Rx,
            otc_class: String::new(),
            restricted: false,
            negotiated: false,
            controlled: "none".into(),
            storage: "normal".into(),
            online_forbidden: String::new(),
            hi_mark: true,
            trace_prefix: "8123456".into(),
            pay_standard: None,
            disease_codes: Vec::new(),
        }
    }

    pub const AMLODIPINE: &str = "XC08CAB037A001020180517";
    pub const OTHER_PACK: &str = "XC08CAB037A001020280517";
    pub const OTHER_DRUG: &str = "XA10BAE041A001010100863";
}
