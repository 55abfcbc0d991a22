//! The catalogue's rows.

use anyhow::Result;
use liufang_kernel::UnitPrice;

use super::super::table::Row;
use super::owned;

/// A row of `drugs.tsv`.
#[derive(Clone, Debug)]
pub struct DrugRow {
    pub code: String,
    pub generic_name: String,
    pub generic_name_en: String,
    pub trade_name: String,
    pub dosage_form: String,
    pub strength: String,
    pub pack: String,
    pub units_per_pack: i32,
    pub billing_unit: String,
    pub maker: String,
    pub approval_no: String,
    pub chrgitm_lv: String,
    pub first_selfpay_ratio: String,
    pub rx_flag: String,
    /// 甲, 乙 or empty. A 双跨 pack with a class is the OTC pack.
    pub otc_class: String,
    pub restricted: bool,
    pub negotiated: bool,
    pub controlled: String,
    pub storage: String,
    pub online_forbidden: String,
    pub hi_mark: bool,
    pub trace_prefix: String,
    /// 支付标准 per billing unit, yuan.
    pub pay_standard: Option<UnitPrice>,
    pub diseases: Vec<String>,
}

impl DrugRow {
    pub(in crate::seed) fn read(row: &Row<'_, '_>) -> Result<DrugRow> {
        // ten-thousandths of a fen are millionths of a yuan, which is what a unit price counts
        let pay_standard = match row.raw("pay_standard_fen_e4")? {
            "" => None,
            _ => Some(UnitPrice(row.value("pay_standard_fen_e4")?)),
        };
        Ok(DrugRow {
            code: row.text("med_list_codg")?,
            generic_name: row.text("generic_name_zh")?,
            generic_name_en: row.text("generic_name_en")?,
            trade_name: row.text("trade_name")?,
            dosage_form: row.text("dosage_form")?,
            strength: row.text("strength")?,
            pack: row.text("pack")?,
            units_per_pack: row.value("units_per_pack")?,
            billing_unit: row.text("billing_unit")?,
            maker: row.text("maker")?,
            approval_no: row.text("approval_number")?,
            chrgitm_lv: row.text("chrgitm_lv")?,
            first_selfpay_ratio: row.text("first_selfpay_ratio")?,
            rx_flag: row.text("rx_flag")?,
            otc_class: row.text("otc_class")?,
            restricted: row.flag("restricted")?,
            negotiated: row.flag("negotiated")?,
            controlled: row.text("controlled_class")?,
            storage: row.text("storage")?,
            online_forbidden: row.text("online_forbidden")?,
            hi_mark: row.flag("hi_mark")?,
            trace_prefix: row.text("trace_prefix")?,
            pay_standard,
            diseases: owned(row.list("diseases", ',')?),
        })
    }

    /// A 双跨 drug whose pack is registered as OTC.
    pub fn is_otc_pack(&self) -> bool {
        self.rx_flag == "2" && !self.otc_class.is_empty()
    }
}
