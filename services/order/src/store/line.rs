//! Rows of order lines; written once.

use liufang_kernel::{Fen, Quantity, UnitPrice};
use sea_orm::entity::prelude::*;

use crate::domain::Line;
use crate::error::OrderError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_no: i32,
    pub med_list_codg: String,
    pub name: String,
    pub quantity_e4: i64,
    pub price_micro: i64,
    pub amount_fen: i64,
    pub hi_mark: bool,
    pub chrgitm_lv: String,
    pub first_selfpay: String,
    /// -1: none.
    pub pay_standard_micro: i64,
    pub restricted: bool,
    pub hosp_appr_flag: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a line.
pub fn write(order_id: &str, line: &Line) -> Model {
    Model {
        order_id: order_id.to_owned(),
        line_no: i32::try_from(line.line_no).unwrap_or(i32::MAX),
        med_list_codg: line.med_list_codg.clone(),
        name: line.name.clone(),
        quantity_e4: line.quantity.0,
        price_micro: line.price.0,
        amount_fen: line.amount.0,
        hi_mark: line.hi_mark,
        chrgitm_lv: line.chrgitm_lv.clone(),
        first_selfpay: line.first_selfpay.to_string(),
        pay_standard_micro: line.pay_standard.map_or(-1, |price| price.0),
        restricted: line.restricted,
        hosp_appr_flag: line.hosp_appr_flag.clone(),
    }
}

/// The line of a row.
pub fn read(row: Model) -> Result<Line, OrderError> {
    Ok(Line {
        line_no: u32::try_from(row.line_no).unwrap_or_default(),
        med_list_codg: row.med_list_codg,
        name: row.name,
        quantity: Quantity(row.quantity_e4),
        price: UnitPrice(row.price_micro),
        amount: Fen(row.amount_fen),
        hi_mark: row.hi_mark,
        chrgitm_lv: row.chrgitm_lv,
        first_selfpay: row.first_selfpay.parse().map_err(|_| OrderError::Unreadable("line row"))?,
        pay_standard: (0 <= row.pay_standard_micro).then_some(UnitPrice(row.pay_standard_micro)),
        restricted: row.restricted,
        hosp_appr_flag: row.hosp_appr_flag,
    })
}
