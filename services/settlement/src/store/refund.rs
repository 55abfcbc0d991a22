//! Partial returns.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::Cipher;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::{Deserialize, Serialize};

use super::{all, exec, one};
use crate::domain::refund::{Returned, Terms};
use crate::error::SettlementError;

pub(super) const BODY: &str = "settlement.refund.body";

/// What a return is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    pub returned: Returned,
    pub before: Terms,
    pub rest: Terms,
}

/// One return with the numbers the outside knows it by, fixed before the first call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub refund_id: String,
    pub payment_id: String,
    /// 1, 2, …
    pub part_no: i64,
    pub booked: bool,
    pub body: Body,
    /// At the channel; empty when it gives nothing back.
    pub refund_no: String,
    /// The reversal, the message that is reversed with its settlement, and the message of the rest; empty without the insurer.
    pub reverse_msgid: String,
    pub reversed_msgid: String,
    pub reversed_setl_id: String,
    pub rest_msgid: String,
    /// Of the rest.
    pub setl_id: String,
    pub amount: Fen,
    /// Of it in cash, whoever took it.
    pub cash: Fen,
    pub reason: String,
    pub started_at: Timestamp,
    pub booked_at: Timestamp,
}

impl Refund {
    /// Reference of the two transfers in the ledger.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.payment_id, self.part_no)
    }
}

/// Sums of fund, accounts and cash that are undone and made again, for the auditor.
pub type Sums = [Fen; 6];

pub async fn insert(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    refund: &Refund,
    sums: Sums,
) -> Result<(), SettlementError> {
    let body = serde_json::to_string(&refund.body).map_err(|_| SettlementError::Stored("refund"))?;
    let sql = "INSERT INTO refund (refund_id, payment_id, part_no, reference, state, sealed_body, refund_no, \
               reversed_msgid, rest_msgid, setl_id, amount_fen, cash_fen, reason, started_at_us, booked_at_us, \
               reverse_msgid, reversed_setl_id, \
               back_fund_fen, back_account_fen, back_cash_fen, again_fund_fen, again_account_fen, again_cash_fen) \
               VALUES ($1, $2, $3, $4, 'started', $5, $6, $7, $8, '', $9, $10, $11, $12, 0, $13, $14, $15, $16, $17, $18, $19, $20)";
    let values = [
        refund.refund_id.clone().into(),
        refund.payment_id.clone().into(),
        refund.part_no.into(),
        refund.reference().into(),
        cipher.seal(BODY, &body).into(),
        refund.refund_no.clone().into(),
        refund.reversed_msgid.clone().into(),
        refund.rest_msgid.clone().into(),
        refund.amount.0.into(),
        refund.cash.0.into(),
        refund.reason.clone().into(),
        refund.started_at.0.into(),
        refund.reverse_msgid.clone().into(),
        refund.reversed_setl_id.clone().into(),
    ];
    exec(conn, sql, values.into_iter().chain(sums.map(|sum| sum.0.into()))).await?;
    Ok(())
}

/// The returns of a payment, in order.
pub async fn of_payment(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    payment_id: &str,
) -> Result<Vec<Refund>, SettlementError> {
    let sql = "SELECT refund_id, payment_id, part_no, state, sealed_body, refund_no, reverse_msgid, reversed_msgid, reversed_setl_id, rest_msgid, setl_id, \
               amount_fen, cash_fen, reason, started_at_us, booked_at_us FROM refund WHERE payment_id = $1 \
               ORDER BY part_no";
    let rows = all(conn, sql, [payment_id.into()]).await?;
    rows.iter().map(|row| read(cipher, row)).collect()
}

fn read(cipher: &Cipher, row: &QueryResult) -> Result<Refund, SettlementError> {
    let sealed: String = row.try_get("", "sealed_body")?;
    let body = cipher.open(BODY, &sealed)?;
    let state: String = row.try_get("", "state")?;
    Ok(Refund {
        refund_id: row.try_get("", "refund_id")?,
        payment_id: row.try_get("", "payment_id")?,
        part_no: row.try_get("", "part_no")?,
        booked: state == "booked",
        body: serde_json::from_str(&body).map_err(|_| SettlementError::Stored("refund"))?,
        refund_no: row.try_get("", "refund_no")?,
        reverse_msgid: row.try_get("", "reverse_msgid")?,
        reversed_msgid: row.try_get("", "reversed_msgid")?,
        reversed_setl_id: row.try_get("", "reversed_setl_id")?,
        rest_msgid: row.try_get("", "rest_msgid")?,
        setl_id: row.try_get("", "setl_id")?,
        amount: Fen(row.try_get("", "amount_fen")?),
        cash: Fen(row.try_get("", "cash_fen")?),
        reason: row.try_get("", "reason")?,
        started_at: Timestamp(row.try_get("", "started_at_us")?),
        booked_at: Timestamp(row.try_get("", "booked_at_us")?),
    })
}

/// Ends a return; each once.
pub async fn book(
    conn: &impl ConnectionTrait,
    refund_id: &str,
    setl_id: &str,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "UPDATE refund SET state = 'booked', setl_id = $1, booked_at_us = $2 \
               WHERE refund_id = $3 AND state = 'started'";
    match exec(conn, sql, [setl_id.into(), now.0.into(), refund_id.into()]).await? {
        1 => Ok(()),
        _ => Err(SettlementError::LostRace),
    }
}

/// Cash that went back by booked returns of a payment.
pub async fn cash_back(conn: &impl ConnectionTrait, payment_id: &str) -> Result<Fen, SettlementError> {
    let sql = "SELECT CAST(COALESCE(SUM(cash_fen), 0) AS BIGINT) AS cash FROM refund \
               WHERE payment_id = $1 AND state = 'booked'";
    let row = one(conn, sql, [payment_id.into()]).await?.ok_or(SettlementError::Stored("sum"))?;
    Ok(Fen(row.try_get("", "cash")?))
}
