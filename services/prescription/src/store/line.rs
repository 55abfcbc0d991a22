//! Drug lines.

use liufang_kernel::{Quantity, UnitPrice};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, QueryOrder, Set};

use super::StoreError;
use crate::domain::dispense::LineUse;
use crate::domain::prescription::Line;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rx_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hi_rxno: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_no: i32,
    pub drug: String,
    pub generic_name: String,
    pub dosage_form: String,
    pub strength: String,
    pub maker: String,
    pub route: String,
    pub dose_e4: i64,
    pub dose_unit: String,
    pub frequency: String,
    pub days_e4: i64,
    pub quantity_e4: i64,
    pub billing_unit: String,
    pub price_micro: i64,
    pub approval: String,
    pub dispensed_e4: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Line {
    fn from(row: Model) -> Line {
        Line {
            line_no: row.line_no,
            drug: row.drug,
            generic_name: row.generic_name,
            dosage_form: row.dosage_form,
            strength: row.strength,
            maker: row.maker,
            route: row.route,
            dose: Quantity(row.dose_e4),
            dose_unit: row.dose_unit,
            frequency: row.frequency,
            days: Quantity(row.days_e4),
            quantity: Quantity(row.quantity_e4),
            billing_unit: row.billing_unit,
            price: UnitPrice(row.price_micro),
            approval: row.approval,
            dispensed: Quantity(row.dispensed_e4),
        }
    }
}

/// The lines of several prescriptions, as `(hi_rxno, line)` by number and line.
pub async fn of_all(conn: &impl ConnectionTrait, rx: &[String]) -> Result<Vec<(String, Line)>, StoreError> {
    let query = Entity::find().filter(Column::HiRxno.is_in(rx.iter().map(String::as_str)));
    let rows = query.order_by_asc(Column::HiRxno).order_by_asc(Column::LineNo).all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.hi_rxno.clone(), Line::from(row))).collect())
}

pub async fn insert_all(
    conn: &impl ConnectionTrait,
    hi_rxno: &str,
    lines: &[Line],
) -> Result<(), StoreError> {
    let rows = lines.iter().map(|line| ActiveModel {
        hi_rxno: Set(hi_rxno.to_owned()),
        line_no: Set(line.line_no),
        drug: Set(line.drug.clone()),
        generic_name: Set(line.generic_name.clone()),
        dosage_form: Set(line.dosage_form.clone()),
        strength: Set(line.strength.clone()),
        maker: Set(line.maker.clone()),
        route: Set(line.route.clone()),
        dose_e4: Set(line.dose.0),
        dose_unit: Set(line.dose_unit.clone()),
        frequency: Set(line.frequency.clone()),
        days_e4: Set(line.days.0),
        quantity_e4: Set(line.quantity.0),
        billing_unit: Set(line.billing_unit.clone()),
        price_micro: Set(line.price.0),
        approval: Set(line.approval.clone()),
        dispensed_e4: Set(line.dispensed.0),
    });
    Entity::insert_many(rows).exec_without_returning(conn).await?;
    Ok(())
}

/// Writes what has been handed out. The prescription's version guards the whole.
pub async fn put_dispensed(
    conn: &impl ConnectionTrait,
    hi_rxno: &str,
    lines: &[LineUse],
) -> Result<(), StoreError> {
    for line in lines {
        Entity::update_many()
            .col_expr(Column::DispensedE4, Expr::value(line.dispensed.0))
            .filter(Column::HiRxno.eq(hi_rxno))
            .filter(Column::LineNo.eq(line.line_no))
            .exec(conn)
            .await?;
    }
    Ok(())
}
