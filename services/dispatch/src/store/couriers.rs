//! Couriers and shifts.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{row, rows, run};
use crate::domain::geo::Point;

/// A courier's present or last shift.
#[derive(Clone, Debug)]
pub struct Shift {
    pub courier_code: String,
    pub region: String,
    pub on_shift: bool,
    pub capacity: i32,
    pub cold_box: bool,
    pub position: Point,
    /// By the courier's clock.
    pub position_at: Timestamp,
    /// Last time the position went into a tracking.
    pub tracked_at: Timestamp,
}

const COLUMNS: &str =
    "courier_code, region, on_shift, capacity, cold_box, lat_e6, lng_e6, position_at_us, tracked_at_us";

fn shift(row: &QueryResult) -> Result<Shift, DbFault> {
    Ok(Shift {
        courier_code: row.try_get("", "courier_code")?,
        region: row.try_get("", "region")?,
        on_shift: row.try_get("", "on_shift")?,
        capacity: row.try_get("", "capacity")?,
        cold_box: row.try_get("", "cold_box")?,
        position: Point { lat_e6: row.try_get("", "lat_e6")?, lng_e6: row.try_get("", "lng_e6")? },
        position_at: Timestamp(row.try_get("", "position_at_us")?),
        tracked_at: Timestamp(row.try_get("", "tracked_at_us")?),
    })
}

pub async fn find(conn: &impl ConnectionTrait, courier_code: &str) -> Result<Option<Shift>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM courier WHERE courier_code = $1");
    row(conn, &sql, vec![courier_code.into()]).await?.as_ref().map(shift).transpose()
}

/// Couriers of a region on shift.
pub async fn on_shift(conn: &impl ConnectionTrait, region: &str) -> Result<Vec<Shift>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM courier WHERE region = $1 AND on_shift ORDER BY courier_code");
    rows(conn, &sql, vec![region.into()]).await?.iter().map(shift).collect()
}

/// Starts a shift, or changes the running one.
pub async fn start(conn: &impl ConnectionTrait, shift: &Shift) -> Result<(), DbFault> {
    let sql = format!(
        "INSERT INTO courier ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (courier_code) DO UPDATE SET region = excluded.region, on_shift = excluded.on_shift, \
         capacity = excluded.capacity, cold_box = excluded.cold_box, lat_e6 = excluded.lat_e6, \
         lng_e6 = excluded.lng_e6, position_at_us = excluded.position_at_us"
    );
    let values = vec![
        shift.courier_code.as_str().into(),
        shift.region.as_str().into(),
        shift.on_shift.into(),
        shift.capacity.into(),
        shift.cold_box.into(),
        shift.position.lat_e6.into(),
        shift.position.lng_e6.into(),
        shift.position_at.0.into(),
        shift.tracked_at.0.into(),
    ];
    run(conn, &sql, values).await?;
    Ok(())
}

pub async fn end(conn: &impl ConnectionTrait, courier_code: &str) -> Result<(), DbFault> {
    let sql = "UPDATE courier SET on_shift = $1 WHERE courier_code = $2";
    run(conn, sql, vec![false.into(), courier_code.into()]).await?;
    Ok(())
}

/// Takes a position unless a newer one is known; false when it came too late.
pub async fn move_to(
    conn: &impl ConnectionTrait,
    courier_code: &str,
    position: Point,
    at: Timestamp,
) -> Result<bool, DbFault> {
    let sql = "UPDATE courier SET lat_e6 = $1, lng_e6 = $2, position_at_us = $3 \
               WHERE courier_code = $4 AND position_at_us < $3";
    let values = vec![position.lat_e6.into(), position.lng_e6.into(), at.0.into(), courier_code.into()];
    Ok(run(conn, sql, values).await? == 1)
}

/// Notes that the position went into the trackings.
pub async fn tracked(conn: &impl ConnectionTrait, courier_code: &str, at: Timestamp) -> Result<(), DbFault> {
    let sql = "UPDATE courier SET tracked_at_us = $1 WHERE courier_code = $2";
    run(conn, sql, vec![at.0.into(), courier_code.into()]).await?;
    Ok(())
}
