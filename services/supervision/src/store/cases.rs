//! Cases.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::{Deserialize, Serialize};

use super::{row, rows, run};
use crate::domain::case::{Finding, Kind, State};

/// A case as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    pub case_id: String,
    pub kind: Kind,
    pub sev_deg: String,
    pub fixmedins_code: String,
    pub region: String,
    pub subject: String,
    pub evidence: String,
    pub state: State,
    pub outcome: String,
    pub opened_at: Timestamp,
    pub occurrences: i32,
}

/// Which cases to list, newest first.
pub struct Filter<'a> {
    /// Empty: all.
    pub region: &'a str,
    pub state: Option<State>,
    /// Empty: all.
    pub fixmedins_code: &'a str,
    /// Opened before this case.
    pub before: Option<(i64, String)>,
    pub limit: i64,
}

const COLUMNS: &str = "case_id, kind, sev_deg, fixmedins_code, region, subject, evidence, state, outcome, \
                       opened_at_us, occurrences";

fn case(row: &QueryResult) -> Result<Case, DbFault> {
    let (kind, state): (String, String) = (row.try_get("", "kind")?, row.try_get("", "state")?);
    Ok(Case {
        case_id: row.try_get("", "case_id")?,
        // only this file writes the columns
        kind: Kind::from_word(&kind).unwrap_or(Kind::AgreementBreach),
        sev_deg: row.try_get("", "sev_deg")?,
        fixmedins_code: row.try_get("", "fixmedins_code")?,
        region: row.try_get("", "region")?,
        subject: row.try_get("", "subject")?,
        evidence: row.try_get("", "evidence")?,
        state: State::from_word(&state).unwrap_or(State::Closed),
        outcome: row.try_get("", "outcome")?,
        opened_at: Timestamp(row.try_get("", "opened_at_us")?),
        occurrences: row.try_get("", "occurrences")?,
    })
}

/// Opens a case, or joins the open one with the same key: one statement, so two findings at once are one case.
pub async fn open_or_join(
    conn: &impl ConnectionTrait,
    case_id: String,
    finding: &Finding,
    region: &str,
    at: Timestamp,
) -> Result<(), DbFault> {
    let sql = "INSERT INTO supervision_case (case_id, open_key, rule_id, kind, sev_deg, fixmedins_code, region, \
               subject, evidence, state, outcome, opened_at_us, last_seen_at_us, occurrences) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', '', $10, $10, 1) \
               ON CONFLICT (open_key) DO UPDATE SET occurrences = supervision_case.occurrences + 1, \
               evidence = excluded.evidence, rule_id = excluded.rule_id, last_seen_at_us = excluded.last_seen_at_us, \
               sev_deg = CASE WHEN excluded.sev_deg < supervision_case.sev_deg THEN excluded.sev_deg \
               ELSE supervision_case.sev_deg END";
    let values = vec![
        case_id.into(),
        finding.open_key().into(),
        finding.rule.into(),
        finding.kind.word().into(),
        finding.severity.code().into(),
        finding.fixmedins_code.as_str().into(),
        region.into(),
        finding.subject.as_str().into(),
        finding.evidence.as_str().into(),
        at.0.into(),
    ];
    run(conn, sql, values).await?;
    Ok(())
}

pub async fn find(conn: &impl ConnectionTrait, case_id: &str) -> Result<Option<Case>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM supervision_case WHERE case_id = $1");
    row(conn, &sql, vec![case_id.into()]).await?.as_ref().map(case).transpose()
}

pub async fn list(conn: &impl ConnectionTrait, filter: Filter<'_>) -> Result<Vec<Case>, DbFault> {
    let (opened, case_id) = filter.before.unwrap_or((i64::MAX, String::new()));
    let sql = format!(
        "SELECT {COLUMNS} FROM supervision_case WHERE ($1 = '' OR region = $1) AND ($2 = '' OR state = $2) \
         AND ($3 = '' OR fixmedins_code = $3) AND (opened_at_us < $4 OR (opened_at_us = $4 AND case_id < $5)) \
         ORDER BY opened_at_us DESC, case_id DESC LIMIT $6"
    );
    let values = vec![
        filter.region.into(),
        filter.state.map_or("", State::word).into(),
        filter.fixmedins_code.into(),
        opened.into(),
        case_id.into(),
        filter.limit.into(),
    ];
    rows(conn, &sql, values).await?.iter().map(case).collect()
}

/// Moves a case on; false when somebody else did first. Closing frees its key for a new case.
pub async fn move_on(
    conn: &impl ConnectionTrait,
    before: &Case,
    state: State,
    outcome: &str,
) -> Result<bool, DbFault> {
    let sql = "UPDATE supervision_case SET state = $1, outcome = $2, \
               open_key = CASE WHEN $1 = 'closed' THEN NULL ELSE open_key END \
               WHERE case_id = $3 AND state = $4";
    let values =
        vec![state.word().into(), outcome.into(), before.case_id.as_str().into(), before.state.word().into()];
    Ok(run(conn, sql, values).await? == 1)
}

/// How many cases of a kind are not closed.
pub async fn open_of(conn: &impl ConnectionTrait, kind: Kind) -> Result<i64, DbFault> {
    let sql = "SELECT COUNT(*) AS count FROM supervision_case WHERE open_key IS NOT NULL AND kind = $1";
    let row = row(conn, sql, vec![kind.word().into()]).await?;
    Ok(row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or(0))
}
