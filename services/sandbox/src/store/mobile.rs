//! Orders of the mobile-payment centre.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{row, run};
use crate::domain::insurer::Claim;

/// An order; what it paid is a settlement under `claim.msgid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub pay_ord_id: String,
    pub pay_token: String,
    pub claim: Claim,
    pub person_index: String,
    pub ord_stas: i64,
    /// Empty until it is given back.
    pub app_refd_sn: String,
}

const COLUMNS: &str = "pay_ord_id, pay_token, claim, person_index, ord_stas, app_refd_sn";

fn order(row: &QueryResult) -> Result<Order, DbFault> {
    let claim: String = row.try_get("", "claim")?;
    Ok(Order {
        pay_ord_id: row.try_get("", "pay_ord_id")?,
        pay_token: row.try_get("", "pay_token")?,
        claim: serde_json::from_str(&claim).map_err(|_| DbFault::Reply)?,
        person_index: row.try_get("", "person_index")?,
        ord_stas: row.try_get("", "ord_stas")?,
        app_refd_sn: row.try_get("", "app_refd_sn")?,
    })
}

/// By the merchant's number.
pub async fn of(conn: &impl ConnectionTrait, med_org_ord: &str) -> Result<Option<Order>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM mobile_order WHERE med_org_ord = $1");
    row(conn, &sql, vec![med_org_ord.into()]).await?.as_ref().map(order).transpose()
}

/// By the centre's number.
pub async fn find(conn: &impl ConnectionTrait, pay_ord_id: &str) -> Result<Option<Order>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM mobile_order WHERE pay_ord_id = $1");
    row(conn, &sql, vec![pay_ord_id.into()]).await?.as_ref().map(order).transpose()
}

/// Writes an order; false when its number was taken meanwhile.
pub async fn insert(conn: &impl ConnectionTrait, order: &Order) -> Result<bool, DbFault> {
    let sql = format!(
        "INSERT INTO mobile_order (med_org_ord, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (med_org_ord) DO NOTHING"
    );
    let claim = serde_json::to_string(&order.claim).map_err(|_| DbFault::Reply)?;
    let values = vec![
        order.claim.msgid.as_str().into(),
        order.pay_ord_id.as_str().into(),
        order.pay_token.as_str().into(),
        claim.into(),
        order.person_index.as_str().into(),
        order.ord_stas.into(),
        order.app_refd_sn.as_str().into(),
    ];
    Ok(run(conn, &sql, values).await? == 1)
}

/// An order that has something to be done, and how often it was worked on.
pub struct OrderWork {
    pub order: Order,
    pub turns: i64,
}

/// Says when the order is worked on next.
pub async fn work_at(conn: &impl ConnectionTrait, pay_ord_id: &str, at: Timestamp) -> Result<(), DbFault> {
    let sql = "UPDATE mobile_order SET work_at_us = $1 WHERE pay_ord_id = $2";
    run(conn, sql, vec![at.0.into(), pay_ord_id.into()]).await.map(drop)
}

/// Takes the next order that is due and puts it off until `again_at`, so that nobody else works on it meanwhile.
pub async fn take(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    again_at: Timestamp,
) -> Result<Option<OrderWork>, DbFault> {
    let sql = format!(
        "UPDATE mobile_order SET turns = turns + 1, work_at_us = $1 WHERE pay_ord_id = \
         (SELECT pay_ord_id FROM mobile_order WHERE work_at_us > 0 AND work_at_us <= $2 \
         ORDER BY work_at_us LIMIT 1) AND work_at_us <= $2 RETURNING {COLUMNS}, turns"
    );
    let Some(found) = row(conn, &sql, vec![again_at.0.into(), now.0.into()]).await? else { return Ok(None) };
    Ok(Some(OrderWork { order: order(&found)?, turns: found.try_get("", "turns")? }))
}

/// Moves an order.
pub async fn save(
    conn: &impl ConnectionTrait,
    pay_ord_id: &str,
    ord_stas: i64,
    app_refd_sn: &str,
) -> Result<(), DbFault> {
    let sql = "UPDATE mobile_order SET ord_stas = $1, app_refd_sn = $2 WHERE pay_ord_id = $3";
    run(conn, sql, vec![ord_stas.into(), app_refd_sn.into(), pay_ord_id.into()]).await.map(drop)
}
