//! Lines of claims and their payments.

use liufang_kernel::{Fen, Timestamp};
use sea_orm::ConnectionTrait;

use super::{all, exec, one};
use crate::app::claim_line::{Deduction, Objection};
use crate::domain::claim::{Claim, Paying};
use crate::error::SettlementError;

/// One settlement or refund of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimLine {
    /// Empty: what was cut of the claim as a whole.
    pub payment_id: String,
    pub refund: bool,
    pub amount: Fen,
    pub deducted: Fen,
    pub reason: String,
    pub appeal: String,
}

/// The claimed amount of a line; `None` when the claim has none such.
pub async fn amount(
    conn: &impl ConnectionTrait,
    claim: &Claim,
    payment_id: &str,
    refund: bool,
) -> Result<Option<Fen>, SettlementError> {
    let sql = "SELECT CAST(SUM(amount_fen) AS BIGINT) AS fen FROM receivable WHERE payment_id = $1 AND refund = $2 \
               AND debtor_kind = 'agency' AND fixmedins_code = $3 AND debtor = $4 AND stmt_date = $5";
    let values = [
        payment_id.into(),
        refund.into(),
        claim.fixmedins_code.clone().into(),
        claim.agency.clone().into(),
        claim.stmt_date.clone().into(),
    ];
    let row = one(conn, sql, values).await?.ok_or(SettlementError::Stored("sum"))?;
    Ok(row.try_get::<Option<i64>>("", "fen")?.map(Fen))
}

/// Nothing is cut any more; what was said to it stays.
pub async fn uncut(conn: &impl ConnectionTrait, claim_id: &str) -> Result<(), SettlementError> {
    let sql = "UPDATE claim_line SET deducted_fen = 0, reason = '' WHERE claim_id = $1";
    exec(conn, sql, [claim_id.into()]).await?;
    Ok(())
}

pub async fn cut(
    conn: &impl ConnectionTrait,
    claim_id: &str,
    line: &Deduction,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO claim_line (claim_id, payment_id, refund, deducted_fen, reason, appeal) \
               VALUES ($1, $2, $3, $4, $5, '') ON CONFLICT (claim_id, payment_id, refund) DO UPDATE \
               SET deducted_fen = excluded.deducted_fen, reason = excluded.reason";
    let values = [
        claim_id.into(),
        line.payment_id.clone().into(),
        line.refund.into(),
        line.deducted.0.into(),
        line.reason.clone().into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}

/// Notes an objection; false when nothing was cut there.
pub async fn appeal(
    conn: &impl ConnectionTrait,
    claim_id: &str,
    line: &Objection,
) -> Result<bool, SettlementError> {
    let sql = "UPDATE claim_line SET appeal = $1 WHERE claim_id = $2 AND payment_id = $3 AND refund = $4 \
               AND deducted_fen > 0";
    let values =
        [line.text.clone().into(), claim_id.into(), line.payment_id.clone().into(), line.refund.into()];
    Ok(exec(conn, sql, values).await? == 1)
}

/// A page of a claim's lines after one, with what was cut of the whole claim before all of them.
pub async fn list(
    conn: &impl ConnectionTrait,
    claim: &Claim,
    (payment_id, refund): (&str, bool),
    limit: i64,
) -> Result<Vec<ClaimLine>, SettlementError> {
    let sql = "SELECT payment_id, refund, amount_fen, deducted_fen, reason, appeal FROM (\
               SELECT r.payment_id, r.refund, r.amount_fen, COALESCE(l.deducted_fen, 0) AS deducted_fen, \
               COALESCE(l.reason, '') AS reason, COALESCE(l.appeal, '') AS appeal FROM \
               (SELECT payment_id, refund, CAST(SUM(amount_fen) AS BIGINT) AS amount_fen FROM receivable \
               WHERE debtor_kind = 'agency' AND fixmedins_code = $2 AND debtor = $3 AND stmt_date = $4 \
               GROUP BY payment_id, refund) AS r \
               LEFT JOIN claim_line l ON l.claim_id = $1 AND l.payment_id = r.payment_id AND l.refund = r.refund \
               UNION ALL SELECT payment_id, refund, 0, deducted_fen, reason, appeal FROM claim_line \
               WHERE claim_id = $1 AND payment_id = '') AS lines \
               WHERE payment_id > $5 OR (payment_id = $5 AND refund > $6) ORDER BY payment_id, refund LIMIT $7";
    // before the first page stands nothing, not even the line of the whole claim
    let first = payment_id.is_empty();
    let sql = if first { sql.replace("payment_id > $5 OR", "payment_id >= $5 OR") } else { sql.to_owned() };
    let values = [
        claim.claim_id.clone().into(),
        claim.fixmedins_code.clone().into(),
        claim.agency.clone().into(),
        claim.stmt_date.clone().into(),
        payment_id.into(),
        refund.into(),
        limit.into(),
    ];
    let mut lines = Vec::new();
    for row in all(conn, &sql, values).await? {
        lines.push(ClaimLine {
            payment_id: row.try_get("", "payment_id")?,
            refund: row.try_get("", "refund")?,
            amount: Fen(row.try_get("", "amount_fen")?),
            deducted: Fen(row.try_get("", "deducted_fen")?),
            reason: row.try_get("", "reason")?,
            appeal: row.try_get("", "appeal")?,
        });
    }
    Ok(lines)
}

/// Notes a payment of a claim and answers which it is.
pub async fn insert_payment(
    conn: &impl ConnectionTrait,
    claim: &Claim,
    paying: Paying,
    bank_reference: &str,
    now: Timestamp,
) -> Result<i64, SettlementError> {
    let sql = "INSERT INTO claim_payment (claim_id, payment_no, amount_fen, bank_reference, at_us) \
               SELECT $1, COUNT(*) + 1, $2, $3, $4 FROM claim_payment WHERE claim_id = $1 RETURNING payment_no";
    let values = [claim.claim_id.clone().into(), paying.amount.0.into(), bank_reference.into(), now.0.into()];
    let row = one(conn, sql, values).await?.ok_or(SettlementError::Stored("claim payment"))?;
    Ok(row.try_get("", "payment_no")?)
}
