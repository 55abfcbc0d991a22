//! Files of details (3202), their results, and our rows they are compared with.

use liufang_kernel::{Fen, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{all, exec, one};
use crate::domain::reconcile::{Book, Difference, Line};
use crate::error::SettlementError;

/// By what a row of 3202 is known: the message that settled or reversed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DetailKey {
    pub msgid: String,
    pub refund: bool,
}

/// What a row of 3202 says; negative on refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetailAmounts {
    pub medical: Fen,
    pub fund: Fen,
    pub account: Fen,
}

/// A row of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailRow {
    pub setl_id: String,
    pub line: Line<DetailKey, DetailAmounts>,
}

/// A file as it was handed in, and what came of it.
#[derive(Clone, Debug)]
pub struct DetailFile {
    pub fixmedins_code: String,
    pub begin: String,
    pub end: String,
    pub compared: bool,
    /// Agreed, 101, 102, 103.
    pub counts: [i64; 4],
    pub expires_at: Timestamp,
}

pub async fn find(conn: &impl ConnectionTrait, file: &str) -> Result<Option<DetailFile>, SettlementError> {
    let sql = "SELECT fixmedins_code, stmt_begndate, stmt_enddate, state, agreed, centre_more, \
               institution_more, amounts_differ, expires_at_us FROM detail_file WHERE file_qury_no = $1";
    let Some(row) = one(conn, sql, [file.into()]).await? else { return Ok(None) };
    let state: String = row.try_get("", "state")?;
    let count = |column: &str| row.try_get::<i64>("", column);
    Ok(Some(DetailFile {
        fixmedins_code: row.try_get("", "fixmedins_code")?,
        begin: row.try_get("", "stmt_begndate")?,
        end: row.try_get("", "stmt_enddate")?,
        compared: state == "compared",
        counts: [
            count("agreed")?,
            count("centre_more")?,
            count("institution_more")?,
            count("amounts_differ")?,
        ],
        expires_at: Timestamp(row.try_get("", "expires_at_us")?),
    }))
}

/// Opens a file.
pub async fn open(
    conn: &impl ConnectionTrait,
    (file, fixmedins_code): (&str, &str),
    (begin, end): (&str, &str),
    expires_at: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO detail_file (file_qury_no, fixmedins_code, stmt_begndate, stmt_enddate, state, lines, \
               agreed, centre_more, institution_more, amounts_differ, expires_at_us) \
               VALUES ($1, $2, $3, $4, 'open', 0, 0, 0, 0, 0, $5)";
    let values = [file.into(), fixmedins_code.into(), begin.into(), end.into(), expires_at.0.into()];
    exec(conn, sql, values).await?;
    Ok(())
}

/// Forgets an institution's files that have expired, a few at a time.
pub async fn forget(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "SELECT file_qury_no FROM detail_file WHERE fixmedins_code = $1 AND expires_at_us < $2 \
               ORDER BY expires_at_us LIMIT 5";
    for row in all(conn, sql, [fixmedins_code.into(), now.0.into()]).await? {
        let file: String = row.try_get("", "file_qury_no")?;
        for table in ["detail_line", "detail_result", "detail_file"] {
            let sql = format!("DELETE FROM {table} WHERE file_qury_no = $1");
            exec(conn, &sql, [file.clone().into()]).await?;
        }
    }
    Ok(())
}

/// Adds lines to an open file; `None` when one of them stands there already, and the lines of the file otherwise.
pub async fn add(
    conn: &impl ConnectionTrait,
    file: &str,
    rows: &[DetailRow],
) -> Result<Option<i64>, SettlementError> {
    let mut added = 0;
    for chunk in rows.chunks(500) {
        let mut values: Vec<Value> = Vec::new();
        let mut places = Vec::new();
        for row in chunk {
            let first = values.len() + 1;
            let says = row.line.says;
            values.extend([
                file.into(),
                row.line.key.msgid.clone().into(),
                row.line.key.refund.into(),
                row.setl_id.clone().into(),
                says.medical.0.into(),
                says.fund.0.into(),
                says.account.0.into(),
            ]);
            places.push(placed(first, values.len()));
        }
        let sql = format!(
            "INSERT INTO detail_line (file_qury_no, msgid, refund, setl_id, medical_fen, fund_fen, account_fen) \
             VALUES {} ON CONFLICT (file_qury_no, msgid, refund) DO NOTHING",
            places.join(", ")
        );
        added += exec(conn, &sql, values).await?;
    }
    if added != u64::try_from(rows.len()).unwrap_or(u64::MAX) {
        return Ok(None);
    }
    let sql = "UPDATE detail_file SET lines = lines + $1 WHERE file_qury_no = $2 AND state = 'open' RETURNING lines";
    let count = i64::try_from(added).unwrap_or(i64::MAX);
    let row = one(conn, sql, [count.into(), file.into()]).await?.ok_or(SettlementError::LostRace)?;
    Ok(Some(row.try_get("", "lines")?))
}

fn placed(first: usize, last: usize) -> String {
    let places: Vec<String> = (first..=last).map(|n| format!("${n}")).collect();
    format!("({})", places.join(", "))
}

/// The lines of a file, in no order.
pub async fn lines(conn: &impl ConnectionTrait, file: &str) -> Result<Vec<DetailRow>, SettlementError> {
    let sql = "SELECT msgid, refund, setl_id, medical_fen, fund_fen, account_fen FROM detail_line \
               WHERE file_qury_no = $1";
    all(conn, sql, [file.into()]).await?.iter().map(read).collect()
}

/// Our settlements and refunds of a day, in no order.
pub async fn ours(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    stmt_date: &str,
) -> Result<Vec<DetailRow>, SettlementError> {
    // goods that came back: the payment knows the settlement of what stays, the returns know what stood before them
    let sql = "SELECT CASE WHEN s.part_no > 0 AND s.refund = TRUE THEN r.reverse_msgid WHEN s.part_no > 0 THEN r.rest_msgid \
               WHEN s.refund = TRUE THEN p.reverse_msgid ELSE COALESCE(f.reversed_msgid, p.msgid) END AS msgid, s.refund, \
               CASE WHEN s.part_no > 0 AND s.refund = TRUE THEN r.reversed_setl_id WHEN s.part_no > 0 THEN r.setl_id \
               ELSE COALESCE(f.reversed_setl_id, p.setl_id) END AS setl_id, \
               s.medical_fen, s.fund_fen, s.account_fen FROM settlement_row s \
               JOIN payment p ON p.payment_id = s.payment_id \
               LEFT JOIN refund r ON r.payment_id = s.payment_id AND r.part_no = s.part_no \
               LEFT JOIN refund f ON f.payment_id = s.payment_id AND f.reversed_msgid <> '' AND f.part_no = \
               (SELECT MIN(part_no) FROM refund g WHERE g.payment_id = s.payment_id AND g.reversed_msgid <> '') \
               WHERE s.fixmedins_code = $1 AND s.stmt_date = $2";
    all(conn, sql, [fixmedins_code.into(), stmt_date.into()]).await?.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<DetailRow, SettlementError> {
    let key = DetailKey { msgid: row.try_get("", "msgid")?, refund: row.try_get("", "refund")? };
    let says = DetailAmounts {
        medical: Fen(row.try_get("", "medical_fen")?),
        fund: Fen(row.try_get("", "fund_fen")?),
        account: Fen(row.try_get("", "account_fen")?),
    };
    Ok(DetailRow { setl_id: row.try_get("", "setl_id")?, line: Line { key, says } })
}

/// Keeps the result of a comparison; nothing when a twin has done so.
pub async fn keep(
    conn: &impl ConnectionTrait,
    file: &str,
    counts: [i64; 4],
    rows: &[(String, Difference<DetailKey, DetailAmounts>)],
) -> Result<(), SettlementError> {
    let sql = "UPDATE detail_file SET state = 'compared', agreed = $1, centre_more = $2, institution_more = $3, \
               amounts_differ = $4 WHERE file_qury_no = $5 AND state = 'open'";
    let [agreed, centre, institution, differ] = counts.map(Value::from);
    if exec(conn, sql, [agreed, centre, institution, differ, file.into()]).await? != 1 {
        return Err(SettlementError::LostRace);
    }
    for (chunk, first_no) in rows.chunks(500).zip((0_i64..).step_by(500)) {
        let mut values: Vec<Value> = Vec::new();
        let mut places = Vec::new();
        for ((setl_id, row), line_no) in chunk.iter().zip(first_no..) {
            let first = values.len() + 1;
            let present = i64::from(row.ours.is_some()) + 2 * i64::from(row.theirs.is_some());
            let sides = [row.ours.unwrap_or_default(), row.theirs.unwrap_or_default()];
            values.extend([file.into(), line_no.into(), row.key.msgid.clone().into(), row.key.refund.into()]);
            values.extend([setl_id.clone().into(), present.into()]);
            values.extend(sides.iter().flat_map(|side| {
                [Value::from(side.medical.0), Value::from(side.fund.0), Value::from(side.account.0)]
            }));
            places.push(placed(first, values.len()));
        }
        let sql = format!(
            "INSERT INTO detail_result (file_qury_no, line_no, msgid, refund, setl_id, present, \
             centre_medical_fen, centre_fund_fen, centre_account_fen, institution_medical_fen, \
             institution_fund_fen, institution_account_fen) VALUES {}",
            places.join(", ")
        );
        exec(conn, &sql, values).await?;
    }
    Ok(())
}

/// The next differences of a file after a line, with their line and the number of the insurer's.
pub async fn results(
    conn: &impl ConnectionTrait,
    file: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String, Difference<DetailKey, DetailAmounts>)>, SettlementError> {
    let sql = "SELECT line_no, msgid, refund, setl_id, present, centre_medical_fen, centre_fund_fen, \
               centre_account_fen, institution_medical_fen, institution_fund_fen, institution_account_fen \
               FROM detail_result WHERE file_qury_no = $1 AND line_no > $2 ORDER BY line_no LIMIT $3";
    let mut found = Vec::new();
    for row in all(conn, sql, [file.into(), after.into(), limit.into()]).await? {
        let side = |name: &str| {
            let fen = |what: &str| row.try_get("", &format!("{name}_{what}_fen")).map(Fen);
            Ok::<_, SettlementError>(DetailAmounts {
                medical: fen("medical")?,
                fund: fen("fund")?,
                account: fen("account")?,
            })
        };
        let present: i64 = row.try_get("", "present")?;
        let difference = Difference {
            key: DetailKey { msgid: row.try_get("", "msgid")?, refund: row.try_get("", "refund")? },
            with: Book::Institution,
            ours: (present & 1 != 0).then(|| side("centre")).transpose()?,
            theirs: (present & 2 != 0).then(|| side("institution")).transpose()?,
        };
        found.push((row.try_get("", "line_no")?, row.try_get("", "setl_id")?, difference));
    }
    Ok(found)
}
