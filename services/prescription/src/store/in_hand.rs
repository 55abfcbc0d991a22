//! What a person was handed out on any prescription, and when last.

use std::collections::BTreeMap;

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use super::{StoreError, line};
use crate::domain::rules::HandedOut;

/// Lines with something handed out and not taken back, of the person's prescriptions made after `since`, with their
/// numbers; without those of the series that `besides` is of, whose uses follow each other. The person's index leads; hand-outs
/// are read by prescription.
pub async fn of_person(
    conn: &impl ConnectionTrait,
    person: &str,
    besides: &str,
    since: Timestamp,
) -> Result<Vec<(String, HandedOut)>, StoreError> {
    let query = Statement::from_sql_and_values(
        conn.get_database_backend(),
        "SELECT h.hi_rxno, h.line_no, MAX(h.at_us) AS at_us FROM prescription p \
         JOIN hand_out h ON h.hi_rxno = p.hi_rxno AND h.reversed_at_us = 0 \
         WHERE p.person_id = $1 AND p.created_at_us > $2 AND (p.series = '' \
         OR p.series NOT IN (SELECT own.series FROM prescription own WHERE own.hi_rxno = $3)) GROUP BY h.hi_rxno, h.line_no",
        [person.into(), since.0.into(), besides.into()],
    );
    let mut last: BTreeMap<(String, i32), Timestamp> = BTreeMap::new();
    for row in conn.query_all_raw(query).await? {
        let key = (row.try_get("", "hi_rxno")?, row.try_get("", "line_no")?);
        last.insert(key, Timestamp(row.try_get("", "at_us")?));
    }
    if last.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers: Vec<String> = last.keys().map(|(rx, _)| rx.clone()).collect();
    numbers.dedup();
    let lines = line::of_all(conn, &numbers).await?;
    let handed_out = lines.into_iter().filter_map(|(rx, line)| {
        let at = *last.get(&(rx.clone(), line.line_no))?;
        Some((rx, HandedOut { line, at }))
    });
    Ok(handed_out.collect())
}
