//! The tracking, append-only.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{rows, run};
use crate::domain::delivery::State;
use crate::domain::geo::Point;

/// One point of the tracking.
#[derive(Clone, Debug)]
pub struct TrackPoint {
    pub sequence: i64,
    /// By the clock of whoever told it.
    pub at: Timestamp,
    pub state: State,
    pub position: Option<Point>,
    /// E.g. `assigned`, `attempt_failed:no_one_home`.
    pub note: String,
}

/// Appends a point; its sequence comes from the delivery row.
pub async fn append(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    point: &TrackPoint,
) -> Result<(), DbFault> {
    let place = point.position.unwrap_or_default();
    let sql = "INSERT INTO track_point (delivery_id, sequence, at_us, state, has_position, lat_e6, lng_e6, note) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vec![
        delivery_id.into(),
        point.sequence.into(),
        point.at.0.into(),
        point.state.word().into(),
        point.position.is_some().into(),
        place.lat_e6.into(),
        place.lng_e6.into(),
        point.note.as_str().into(),
    ];
    run(conn, sql, values).await?;
    Ok(())
}

/// Points after a sequence number, oldest first, at most 100.
pub async fn after(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    sequence: i64,
) -> Result<Vec<TrackPoint>, DbFault> {
    let sql = "SELECT sequence, at_us, state, has_position, lat_e6, lng_e6, note FROM track_point \
               WHERE delivery_id = $1 AND sequence > $2 ORDER BY sequence LIMIT 100";
    rows(conn, sql, vec![delivery_id.into(), sequence.into()]).await?.iter().map(point).collect()
}

fn point(row: &QueryResult) -> Result<TrackPoint, DbFault> {
    let word: String = row.try_get("", "state")?;
    let has_position: bool = row.try_get("", "has_position")?;
    let place = Point { lat_e6: row.try_get("", "lat_e6")?, lng_e6: row.try_get("", "lng_e6")? };
    Ok(TrackPoint {
        sequence: row.try_get("", "sequence")?,
        at: Timestamp(row.try_get("", "at_us")?),
        state: State::from_word(&word).unwrap_or(State::Cancelled),
        position: has_position.then_some(place),
        note: row.try_get("", "note")?,
    })
}
