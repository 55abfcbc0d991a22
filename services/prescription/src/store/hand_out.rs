//! What was handed out of which line, for which order.

use liufang_kernel::{Quantity, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ConnectionTrait, QueryOrder, QuerySelect, QueryTrait, Set, Statement};

use super::StoreError;
use crate::domain::dispense::HandOut;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hand_out")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hand_out_id: String,
    pub hi_rxno: String,
    pub order_id: String,
    pub pharmacy: String,
    pub line_no: i32,
    pub quantity_e4: i64,
    pub drug: String,
    pub lot: String,
    pub at_us: i64,
    /// 0 while it stands.
    pub reversed_at_us: i64,
    pub batch: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Where a hand-out belongs.
pub struct Place<'a> {
    pub hi_rxno: &'a str,
    pub order_id: &'a str,
    pub pharmacy: &'a str,
    pub at: Timestamp,
}

pub async fn insert_all(
    conn: &impl ConnectionTrait,
    place: &Place<'_>,
    parts: &[(String, HandOut)],
) -> Result<(), StoreError> {
    let rows = parts.iter().map(|(id, part)| ActiveModel {
        hand_out_id: Set(id.clone()),
        hi_rxno: Set(place.hi_rxno.to_owned()),
        order_id: Set(place.order_id.to_owned()),
        pharmacy: Set(place.pharmacy.to_owned()),
        line_no: Set(part.line_no),
        quantity_e4: Set(part.quantity.0),
        drug: Set(part.drug.clone()),
        lot: Set(part.lot.clone()),
        at_us: Set(place.at.0),
        reversed_at_us: Set(0),
        batch: Set(part.batch.clone()),
    });
    Entity::insert_many(rows).exec_without_returning(conn).await?;
    Ok(())
}

/// Whether a pharmacy handed out anything under `order_id`, reversed or not.
pub async fn is_of(
    conn: &impl ConnectionTrait,
    hi_rxno: &str,
    order_id: &str,
    pharmacy: &str,
) -> Result<bool, StoreError> {
    let row = Entity::find()
        .filter(Column::HiRxno.eq(hi_rxno))
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::Pharmacy.eq(pharmacy))
        .one(conn)
        .await?;
    Ok(row.is_some())
}

/// What stands of what a pharmacy handed out of a prescription.
pub async fn standing(
    conn: &impl ConnectionTrait,
    hi_rxno: &str,
    pharmacy: &str,
) -> Result<Vec<HandOut>, StoreError> {
    let rows = Entity::find()
        .filter(Column::HiRxno.eq(hi_rxno))
        .filter(Column::Pharmacy.eq(pharmacy))
        .filter(Column::ReversedAtUs.eq(0))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(part).collect())
}

/// A page of what a pharmacy handed out, newest first, after the row `(at_us, hand_out_id)`.
pub async fn of_pharmacy(
    conn: &impl ConnectionTrait,
    pharmacy: &str,
    after: Option<(i64, String)>,
    limit: u64,
) -> Result<Vec<Model>, StoreError> {
    let query = Entity::find().filter(Column::Pharmacy.eq(pharmacy)).apply_if(after, |query, (at, id)| {
        let same_moment = Condition::all().add(Column::AtUs.eq(at)).add(Column::HandOutId.lt(id));
        query.filter(Condition::any().add(Column::AtUs.lt(at)).add(same_moment))
    });
    let query = query.order_by_desc(Column::AtUs).order_by_desc(Column::HandOutId).limit(limit);
    Ok(query.all(conn).await?)
}

fn part(row: Model) -> HandOut {
    HandOut {
        line_no: row.line_no,
        quantity: Quantity(row.quantity_e4),
        drug: row.drug,
        lot: row.lot,
        batch: row.batch,
    }
}

/// Marks what the order was handed as reversed and answers it with the pharmacy; nothing the second time. One statement: of two
/// reversals at once each row is answered to one.
pub async fn reverse(
    conn: &impl ConnectionTrait,
    hi_rxno: &str,
    order_id: &str,
    now: Timestamp,
) -> Result<Vec<(String, HandOut)>, StoreError> {
    let reverse = Statement::from_sql_and_values(
        conn.get_database_backend(),
        "UPDATE hand_out SET reversed_at_us = $1 WHERE hi_rxno = $2 AND order_id = $3 AND reversed_at_us = 0 \
         RETURNING pharmacy, line_no, quantity_e4, drug, lot, batch",
        [now.0.into(), hi_rxno.into(), order_id.into()],
    );
    let mut back = Vec::new();
    for row in conn.query_all_raw(reverse).await? {
        let part = HandOut {
            line_no: row.try_get("", "line_no")?,
            quantity: Quantity(row.try_get("", "quantity_e4")?),
            drug: row.try_get("", "drug")?,
            lot: row.try_get("", "lot")?,
            batch: row.try_get("", "batch")?,
        };
        back.push((row.try_get("", "pharmacy")?, part));
    }
    Ok(back)
}
