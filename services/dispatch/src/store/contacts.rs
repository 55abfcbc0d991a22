//! Deliveries that ended long ago and still hold how somebody is reached.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{rows, run};

/// Deliveries of a region that have a contact and whose tracking ended before `since`, oldest first.
pub async fn outlived(
    conn: &impl ConnectionTrait,
    region: &str,
    since: Timestamp,
    limit: u64,
) -> Result<Vec<String>, DbFault> {
    let sql = "SELECT delivery_id FROM delivery WHERE region = $1 AND created_at_us < $2 AND contact_sealed <> '' \
               AND state IN ('delivered', 'returned', 'cancelled') AND NOT EXISTS (SELECT 1 FROM track_point \
               WHERE track_point.delivery_id = delivery.delivery_id AND track_point.at_us >= $2) \
               ORDER BY created_at_us LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows(conn, sql, vec![region.into(), since.0.into(), limit.into()]).await?;
    found.iter().map(|row| Ok(row.try_get("", "delivery_id")?)).collect()
}

/// Takes contact and codes out of a delivery, and the places out of its tracking: the last ones are close to the door. False when
/// somebody wrote the delivery meanwhile.
pub async fn forget(conn: &impl ConnectionTrait, delivery_id: &str, version: i64) -> Result<bool, DbFault> {
    let sql = "UPDATE delivery SET contact_sealed = '', hand_over_code_sealed = '', recipient_code_sealed = '' \
               WHERE delivery_id = $1 AND version = $2";
    if run(conn, sql, vec![delivery_id.into(), version.into()]).await? == 0 {
        return Ok(false);
    }
    let places = "UPDATE track_point SET has_position = FALSE, lat_e6 = 0, lng_e6 = 0 WHERE delivery_id = $1";
    run(conn, places, vec![delivery_id.into()]).await?;
    Ok(true)
}
