//! Orders that ended long ago and still hold how somebody is reached.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use crate::domain::State;
use crate::error::OrderError;

/// Orders of a region that have a contact and whose story ended before `since`, oldest first.
pub async fn outlived(
    conn: &impl ConnectionTrait,
    region: &str,
    since: Timestamp,
    limit: u64,
) -> Result<Vec<String>, OrderError> {
    let ended = State::ALL.into_iter().filter(|state| state.is_final());
    let ended: Vec<String> = ended.map(|state| format!("'{}'", state.as_str())).collect();
    let sql = format!(
        "SELECT order_id FROM purchase_order WHERE region = $1 AND created_at_us < $2 AND (door <> '' \
         OR collection_code <> '' OR hand_over_code <> '' OR return_note <> '') AND state IN ({}) AND NOT EXISTS \
         (SELECT 1 FROM story WHERE story.order_id = purchase_order.order_id AND story.at_us >= $2) \
         ORDER BY created_at_us LIMIT $3",
        ended.join(", ")
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [region.into(), since.0.into(), limit.into()];
    let found = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(found).await?;
    rows.iter().map(|row| Ok(row.try_get("", "order_id")?)).collect()
}

/// Takes the contact out of an order; its version stays, as nobody learns anything new of it. False when somebody wrote the
/// order meanwhile.
pub async fn forget(conn: &impl ConnectionTrait, order_id: &str, version: i64) -> Result<bool, OrderError> {
    let sql = "UPDATE purchase_order SET door = '', collection_code = '', hand_over_code = '', return_note = '' \
               WHERE order_id = $1 AND version = $2";
    let values = [order_id.into(), version.into()];
    let done =
        conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected() == 1)
}
