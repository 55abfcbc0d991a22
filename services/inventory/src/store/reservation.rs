//! Reservations, their lines and picks.

use std::collections::HashMap;

use liufang_kernel::{Date, Quantity, Timestamp, UnitPrice, timestamp};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::sql;
use crate::domain::shift::{OtherPick, Shift};
use crate::domain::{Line, Pick, Reservation, ReservationState};
use crate::error::InventoryError;

const COLUMNS: &str = "reservation_id, order_id, fixmedins_code, state, expires_at_us";

#[derive(FromQueryResult)]
struct Row {
    reservation_id: String,
    order_id: String,
    fixmedins_code: String,
    state: i32,
    expires_at_us: i64,
}

#[derive(FromQueryResult)]
struct LineRow {
    reservation_id: String,
    line_no: i32,
    med_list_codg: String,
    quantity_e4: i64,
    price_micro: i64,
    used_up: String,
}

#[derive(FromQueryResult)]
struct PickRow {
    reservation_id: String,
    line_no: i32,
    lot_id: String,
    med_list_codg: String,
    manu_lotnum: String,
    quantity_e4: i64,
}

/// A date column that is empty without a demand.
fn day(text: &str) -> Result<Option<Date>, InventoryError> {
    let unreadable = InventoryError::Corrupt("reservation line");
    if text.is_empty() { Ok(None) } else { timestamp::parse_date(text).map(Some).ok_or(unreadable) }
}

async fn assemble(conn: &impl ConnectionTrait, rows: Vec<Row>) -> Result<Vec<Reservation>, InventoryError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sql::texts(rows.iter().map(|row| &row.reservation_id));
    let places = sql::list(1, rows.len());
    let query = format!(
        "SELECT reservation_id, line_no, med_list_codg, quantity_e4, price_micro, used_up FROM reservation_line \
         WHERE reservation_id IN ({places}) ORDER BY reservation_id, line_no"
    );
    let mut lines: HashMap<String, Vec<Line>> = HashMap::new();
    for row in sql::rows::<LineRow>(conn, query, ids.clone()).await? {
        lines.entry(row.reservation_id).or_default().push(Line {
            line_no: row.line_no,
            med_list_codg: row.med_list_codg,
            quantity: Quantity(row.quantity_e4),
            price: UnitPrice(row.price_micro),
            used_up: day(&row.used_up)?,
        });
    }
    let query = format!(
        "SELECT p.reservation_id, p.line_no, p.lot_id, lot.med_list_codg, lot.manu_lotnum, p.quantity_e4 \
         FROM reservation_pick AS p JOIN lot ON lot.lot_id = p.lot_id \
         WHERE p.quantity_e4 > 0 AND p.reservation_id IN ({places}) \
         ORDER BY p.reservation_id, p.line_no, lot.expy_end, p.lot_id"
    );
    let mut picks: HashMap<String, Vec<Pick>> = HashMap::new();
    for row in sql::rows::<PickRow>(conn, query, ids).await? {
        picks.entry(row.reservation_id).or_default().push(Pick {
            line_no: row.line_no,
            lot_id: row.lot_id,
            med_list_codg: row.med_list_codg,
            manu_lotnum: row.manu_lotnum,
            quantity: Quantity(row.quantity_e4),
        });
    }
    let build = |row: Row| {
        let state = ReservationState::from_number(row.state).ok_or(InventoryError::Corrupt("reservation"))?;
        Ok(Reservation {
            lines: lines.remove(&row.reservation_id).unwrap_or_default(),
            picks: picks.remove(&row.reservation_id).unwrap_or_default(),
            reservation_id: row.reservation_id,
            order_id: row.order_id,
            fixmedins_code: row.fixmedins_code,
            state,
            expires_at: Timestamp(row.expires_at_us),
        })
    };
    rows.into_iter().map(build).collect()
}

/// The order's reservation, held against others until the transaction ends: the version is raised first, so that on
/// PostgreSQL a second writer waits and then reads what the first one left.
pub async fn lock(
    conn: &impl ConnectionTrait,
    order_id: &str,
) -> Result<Option<Reservation>, InventoryError> {
    let query =
        format!("UPDATE reservation SET version = version + 1 WHERE order_id = $1 RETURNING {COLUMNS}");
    let rows = sql::rows(conn, query, vec![order_id.into()]).await?;
    Ok(assemble(conn, rows).await?.pop())
}

/// Takes the dispensing desk of the order's institution until the transaction ends. Taken before any reservation.
pub async fn lock_desk(conn: &impl ConnectionTrait, order_id: &str) -> Result<(), DbErr> {
    let query = "INSERT INTO dispensing_desk (fixmedins_code, version) \
         SELECT fixmedins_code, 1 FROM reservation WHERE order_id = $1 \
         ON CONFLICT (fixmedins_code) DO UPDATE SET version = dispensing_desk.version + 1";
    sql::run(conn, query, vec![order_id.into()]).await?;
    Ok(())
}

/// Writes a new reservation with lines and picks. `false` when the order has one meanwhile.
pub async fn insert(conn: &impl ConnectionTrait, reservation: &Reservation) -> Result<bool, DbErr> {
    let id = &reservation.reservation_id;
    let query = format!(
        "INSERT INTO reservation ({COLUMNS}, version) VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT (order_id) DO NOTHING"
    );
    let values: Vec<Value> = vec![
        id.clone().into(),
        reservation.order_id.clone().into(),
        reservation.fixmedins_code.clone().into(),
        reservation.state.number().into(),
        reservation.expires_at.0.into(),
    ];
    if sql::run(conn, query, values).await? == 0 {
        return Ok(false);
    }
    let line = |line: &Line| -> Vec<Value> {
        let keys = [id.clone().into(), line.line_no.into(), line.med_list_codg.clone().into()];
        let used_up = line.used_up.map(timestamp::date_text).unwrap_or_default();
        keys.into_iter().chain([line.quantity.0.into(), line.price.0.into(), used_up.into()]).collect()
    };
    let into = "reservation_line (reservation_id, line_no, med_list_codg, quantity_e4, price_micro, used_up)";
    sql::insert(conn, into, 6, reservation.lines.iter().map(line).collect(), "").await?;
    insert_picks(conn, id, &reservation.picks).await?;
    Ok(true)
}

async fn insert_picks(conn: &impl ConnectionTrait, id: &str, picks: &[Pick]) -> Result<(), DbErr> {
    let pick = |pick: &Pick| -> Vec<Value> {
        vec![id.into(), pick.line_no.into(), pick.lot_id.clone().into(), pick.quantity.0.into()]
    };
    let into = "reservation_pick (reservation_id, line_no, lot_id, quantity_e4)";
    sql::insert(conn, into, 4, picks.iter().map(pick).collect(), "").await?;
    Ok(())
}

/// Replaces what was reserved by what was sold.
pub async fn replace_picks(conn: &impl ConnectionTrait, id: &str, picks: &[Pick]) -> Result<(), DbErr> {
    sql::run(conn, "DELETE FROM reservation_pick WHERE reservation_id = $1", vec![id.into()]).await?;
    insert_picks(conn, id, picks).await
}

/// Writes state and deadline of a locked reservation.
pub async fn save(conn: &impl ConnectionTrait, reservation: &Reservation) -> Result<(), DbErr> {
    let query = "UPDATE reservation SET state = $1, expires_at_us = $2 WHERE reservation_id = $3";
    let values: Vec<Value> = vec![
        reservation.state.number().into(),
        reservation.expires_at.0.into(),
        reservation.reservation_id.clone().into(),
    ];
    sql::run(conn, query, values).await?;
    Ok(())
}

/// Marks a held reservation whose deadline has passed as expired and hands it over; `None` when it is not held any more.
pub async fn expire(
    conn: &impl ConnectionTrait,
    reservation_id: &str,
    now: Timestamp,
) -> Result<Option<Reservation>, InventoryError> {
    let query = format!(
        "UPDATE reservation SET state = {expired}, version = version + 1 \
         WHERE reservation_id = $1 AND state = {held} AND expires_at_us <= $2 RETURNING {COLUMNS}",
        expired = ReservationState::Expired.number(),
        held = ReservationState::Held.number(),
    );
    let rows = sql::rows(conn, query, vec![reservation_id.into(), now.0.into()]).await?;
    Ok(assemble(conn, rows).await?.pop())
}

/// Held reservations past their deadline, oldest first; asked before the writer is taken.
pub async fn due(conn: &impl ConnectionTrait, now: Timestamp, limit: u64) -> Result<Vec<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Due {
        reservation_id: String,
    }
    let query = format!(
        "SELECT reservation_id FROM reservation WHERE state = {} AND expires_at_us <= $1 \
         ORDER BY expires_at_us LIMIT $2",
        ReservationState::Held.number()
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sql::rows::<Due>(conn, query, vec![now.0.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(|row| row.reservation_id).collect())
}

#[derive(FromQueryResult)]
struct OtherRow {
    reservation_id: String,
    line_no: i32,
    lot_id: String,
    quantity_e4: i64,
    used_up: String,
}

/// Picks that other held reservations have on `lots`, with these reservations locked.
pub async fn lock_others(
    conn: &impl ConnectionTrait,
    own_id: &str,
    lots: &[String],
) -> Result<Vec<OtherPick>, InventoryError> {
    if lots.is_empty() {
        return Ok(Vec::new());
    }
    let places = sql::list(2, lots.len());
    let mut values: Vec<Value> = vec![own_id.into()];
    values.extend(sql::texts(lots));
    let held = ReservationState::Held.number();
    let lock = format!(
        "UPDATE reservation SET version = version + 1 WHERE state = {held} AND reservation_id <> $1 AND \
         reservation_id IN (SELECT reservation_id FROM reservation_pick WHERE lot_id IN ({places}) AND quantity_e4 > 0)"
    );
    sql::run(conn, lock, values.clone()).await?;
    let query = format!(
        "SELECT p.reservation_id, p.line_no, p.lot_id, p.quantity_e4, l.used_up FROM reservation_pick AS p \
         JOIN reservation AS r ON r.reservation_id = p.reservation_id \
         JOIN reservation_line AS l ON l.reservation_id = p.reservation_id AND l.line_no = p.line_no \
         WHERE r.state = {held} AND r.reservation_id <> $1 AND p.quantity_e4 > 0 AND p.lot_id IN ({places}) \
         ORDER BY p.lot_id, p.reservation_id DESC, p.line_no"
    );
    let rows = sql::rows::<OtherRow>(conn, query, values).await?;
    let other = |row: OtherRow| {
        Ok(OtherPick {
            used_up: day(&row.used_up)?,
            reservation_id: row.reservation_id,
            line_no: row.line_no,
            lot_id: row.lot_id,
            quantity: Quantity(row.quantity_e4),
        })
    };
    rows.into_iter().map(other).collect()
}

/// Moves parts of other reservations' picks to other lots.
pub async fn shift(conn: &impl ConnectionTrait, shifts: &[Shift]) -> Result<(), InventoryError> {
    for shift in shifts {
        let take = "UPDATE reservation_pick SET quantity_e4 = quantity_e4 - $1 \
             WHERE reservation_id = $2 AND line_no = $3 AND lot_id = $4 AND quantity_e4 >= $1";
        let key = |lot: &String| -> Vec<Value> {
            let id = shift.reservation_id.clone();
            vec![shift.quantity.0.into(), id.into(), shift.line_no.into(), lot.clone().into()]
        };
        if sql::run(conn, take, key(&shift.from)).await? != 1 {
            return Err(InventoryError::lost_race());
        }
        let give = "INSERT INTO reservation_pick (quantity_e4, reservation_id, line_no, lot_id) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (reservation_id, line_no, lot_id) \
             DO UPDATE SET quantity_e4 = reservation_pick.quantity_e4 + excluded.quantity_e4";
        sql::run(conn, give, key(&shift.to)).await?;
    }
    Ok(())
}
