//! Deliveries. Every change is guarded by the version it was decided on.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{row, rows, run};
use crate::domain::delivery::State;
use crate::domain::geo::Point;
use crate::domain::outside::COURIER;

/// A delivery as stored. Contact and codes are sealed.
#[derive(Clone)]
pub struct Delivery {
    pub delivery_id: String,
    pub order_id: String,
    pub person_id: String,
    pub fixmedins_code: String,
    pub region: String,
    pub platform: String,
    pub state: State,
    /// Empty while nobody is assigned.
    pub courier_code: String,
    pub from: Point,
    pub contact_sealed: String,
    pub cold_chain: bool,
    pub promised_at: Timestamp,
    pub fee: Fen,
    pub failed_attempts: i32,
    pub hand_over_code_sealed: String,
    pub recipient_code_sealed: String,
    /// Place in the courier's route.
    pub route_index: i32,
    /// Of the last track point.
    pub last_sequence: i64,
    pub version: i64,
    pub created_at: Timestamp,
}

const COLUMNS: &str = "delivery_id, order_id, person_id, fixmedins_code, region, platform, state, courier_code, \
     from_lat_e6, from_lng_e6, contact_sealed, cold_chain, promised_at_us, fee_fen, failed_attempts, \
     hand_over_code_sealed, recipient_code_sealed, route_index, last_sequence, version, created_at_us";

fn delivery(row: &QueryResult) -> Result<Delivery, DbFault> {
    let word: String = row.try_get("", "state")?;
    let from = Point { lat_e6: row.try_get("", "from_lat_e6")?, lng_e6: row.try_get("", "from_lng_e6")? };
    Ok(Delivery {
        delivery_id: row.try_get("", "delivery_id")?,
        order_id: row.try_get("", "order_id")?,
        person_id: row.try_get("", "person_id")?,
        fixmedins_code: row.try_get("", "fixmedins_code")?,
        region: row.try_get("", "region")?,
        platform: row.try_get("", "platform")?,
        // only this file writes the column
        state: State::from_word(&word).unwrap_or(State::Cancelled),
        courier_code: row.try_get("", "courier_code")?,
        from,
        contact_sealed: row.try_get("", "contact_sealed")?,
        cold_chain: row.try_get("", "cold_chain")?,
        promised_at: Timestamp(row.try_get("", "promised_at_us")?),
        fee: Fen(row.try_get("", "fee_fen")?),
        failed_attempts: row.try_get("", "failed_attempts")?,
        hand_over_code_sealed: row.try_get("", "hand_over_code_sealed")?,
        recipient_code_sealed: row.try_get("", "recipient_code_sealed")?,
        route_index: row.try_get("", "route_index")?,
        last_sequence: row.try_get("", "last_sequence")?,
        version: row.try_get("", "version")?,
        created_at: Timestamp(row.try_get("", "created_at_us")?),
    })
}

pub async fn find(conn: &impl ConnectionTrait, delivery_id: &str) -> Result<Option<Delivery>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE delivery_id = $1");
    row(conn, &sql, vec![delivery_id.into()]).await?.as_ref().map(delivery).transpose()
}

pub async fn find_by_order(conn: &impl ConnectionTrait, order_id: &str) -> Result<Option<Delivery>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE order_id = $1");
    row(conn, &sql, vec![order_id.into()]).await?.as_ref().map(delivery).transpose()
}

/// Writes a new delivery; false when the order has one.
pub async fn insert(conn: &impl ConnectionTrait, new: &Delivery) -> Result<bool, DbFault> {
    let sql = format!(
        "INSERT INTO delivery ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
         $16, $17, $18, $19, $20, $21) ON CONFLICT (order_id) DO NOTHING"
    );
    let values = vec![
        new.delivery_id.as_str().into(),
        new.order_id.as_str().into(),
        new.person_id.as_str().into(),
        new.fixmedins_code.as_str().into(),
        new.region.as_str().into(),
        new.platform.as_str().into(),
        new.state.word().into(),
        new.courier_code.as_str().into(),
        new.from.lat_e6.into(),
        new.from.lng_e6.into(),
        new.contact_sealed.as_str().into(),
        new.cold_chain.into(),
        new.promised_at.0.into(),
        new.fee.0.into(),
        new.failed_attempts.into(),
        new.hand_over_code_sealed.as_str().into(),
        new.recipient_code_sealed.as_str().into(),
        new.route_index.into(),
        new.last_sequence.into(),
        new.version.into(),
        new.created_at.0.into(),
    ];
    Ok(run(conn, &sql, values).await? == 1)
}

/// Writes `after` over the row that still has `before_version`; false when somebody changed it meanwhile.
pub async fn replace(
    conn: &impl ConnectionTrait,
    before_version: i64,
    after: &Delivery,
) -> Result<bool, DbFault> {
    let sql = "UPDATE delivery SET state = $1, courier_code = $2, failed_attempts = $3, route_index = $4, \
               last_sequence = $5, version = $6 WHERE delivery_id = $7 AND version = $8";
    let values = vec![
        after.state.word().into(),
        after.courier_code.as_str().into(),
        after.failed_attempts.into(),
        after.route_index.into(),
        after.last_sequence.into(),
        after.version.into(),
        after.delivery_id.as_str().into(),
        before_version.into(),
    ];
    Ok(run(conn, sql, values).await? == 1)
}

/// Moves a delivery within its courier's route; its state and version stay.
pub async fn set_route_index(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    courier_code: &str,
    index: i32,
) -> Result<(), DbFault> {
    let sql = "UPDATE delivery SET route_index = $1 WHERE delivery_id = $2 AND courier_code = $3";
    run(conn, sql, vec![index.into(), delivery_id.into(), courier_code.into()]).await?;
    Ok(())
}

/// What a courier has open, in the order to serve.
pub async fn of_courier(conn: &impl ConnectionTrait, courier_code: &str) -> Result<Vec<Delivery>, DbFault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delivery WHERE courier_code = $1 AND state IN ('assigned', 'picked_up', 'returning') \
         ORDER BY route_index, promised_at_us, delivery_id"
    );
    rows(conn, &sql, vec![courier_code.into()]).await?.iter().map(delivery).collect()
}

/// Regions where goods wait at a pharmacy for our own couriers.
pub async fn regions_with_work(conn: &impl ConnectionTrait) -> Result<Vec<String>, DbFault> {
    let sql = "SELECT DISTINCT region FROM delivery WHERE state IN ('ready', 'assigned') AND courier_code <> $1 \
               ORDER BY region";
    rows(conn, sql, vec![COURIER.into()]).await?.iter().map(|row| Ok(row.try_get("", "region")?)).collect()
}

/// What the planner works on: goods at a pharmacy and on board, earliest promise first; not what the outside company
/// carries.
pub async fn plannable(
    conn: &impl ConnectionTrait,
    region: &str,
    limit: i64,
) -> Result<Vec<Delivery>, DbFault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delivery WHERE region = $1 AND state IN ('ready', 'assigned', 'picked_up', 'returning') \
         AND courier_code <> $3 ORDER BY promised_at_us, delivery_id LIMIT $2"
    );
    rows(conn, &sql, vec![region.into(), limit.into(), COURIER.into()]).await?.iter().map(delivery).collect()
}
