//! Payments and refunds by day. A refund may be told before its payment: they meet when the view is read.

use liufang_kernel::Fen;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{rows, run};
use crate::domain::fund::{Amounts, Row};

/// A captured payment.
pub struct Payment {
    pub payment_id: String,
    pub fixmedins_code: String,
    pub region: String,
    /// `yyyy-MM-dd`.
    pub day: String,
    pub amounts: Amounts,
}

/// Which rows of the view.
pub struct Span<'a> {
    pub from: &'a str,
    /// Inclusive.
    pub to: &'a str,
    /// Empty: all.
    pub fixmedins_code: &'a str,
    /// Empty: all.
    pub region: &'a str,
}

pub async fn captured(conn: &impl ConnectionTrait, payment: &Payment) -> Result<(), DbFault> {
    let sql = "INSERT INTO payment (payment_id, fixmedins_code, region, day, fund_fen, account_fen, relative_fen, \
               cash_fen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (payment_id) DO NOTHING";
    let values = vec![
        payment.payment_id.as_str().into(),
        payment.fixmedins_code.as_str().into(),
        payment.region.as_str().into(),
        payment.day.as_str().into(),
        payment.amounts.fund.0.into(),
        payment.amounts.account.0.into(),
        payment.amounts.relative.0.into(),
        payment.amounts.cash.0.into(),
    ];
    run(conn, sql, values).await?;
    Ok(())
}

pub async fn refunded(conn: &impl ConnectionTrait, payment_id: &str, day: &str) -> Result<(), DbFault> {
    let sql = "INSERT INTO refund (payment_id, day) VALUES ($1, $2) ON CONFLICT (payment_id) DO NOTHING";
    run(conn, sql, vec![payment_id.into(), day.into()]).await?;
    Ok(())
}

/// A part of a payment that went back.
pub struct Part<'a> {
    pub refund_id: &'a str,
    pub payment_id: &'a str,
    pub day: &'a str,
    pub amounts: Amounts,
}

pub async fn partly_refunded(conn: &impl ConnectionTrait, part: &Part<'_>) -> Result<(), DbFault> {
    let sql = "INSERT INTO part_refund (refund_id, payment_id, day, fund_fen, account_fen, relative_fen, cash_fen) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (refund_id) DO NOTHING";
    let values = vec![
        part.refund_id.into(),
        part.payment_id.into(),
        part.day.into(),
        part.amounts.fund.0.into(),
        part.amounts.account.0.into(),
        part.amounts.relative.0.into(),
        part.amounts.cash.0.into(),
    ];
    run(conn, sql, values).await?;
    Ok(())
}

/// Totals by day and institution; a refund counts negative on its own day, less the parts that went back before.
pub async fn view(conn: &impl ConnectionTrait, span: Span<'_>) -> Result<Vec<Row>, DbFault> {
    let sql = "SELECT day, fixmedins_code, CAST(SUM(fund) AS BIGINT) AS fund, CAST(SUM(account) AS BIGINT) AS account, \
               CAST(SUM(relative) AS BIGINT) AS relative, CAST(SUM(cash) AS BIGINT) AS cash, \
               CAST(SUM(settled) AS BIGINT) AS settled FROM (\
               SELECT day, fixmedins_code, region, fund_fen AS fund, account_fen AS account, relative_fen AS relative, \
               cash_fen AS cash, 1 AS settled FROM payment WHERE day >= $1 AND day <= $2 \
               UNION ALL \
               SELECT refund.day, payment.fixmedins_code, payment.region, -fund_fen, -account_fen, -relative_fen, \
               -cash_fen, 0 FROM refund JOIN payment ON payment.payment_id = refund.payment_id \
               WHERE refund.day >= $1 AND refund.day <= $2 \
               UNION ALL \
               SELECT refund.day, payment.fixmedins_code, payment.region, part.fund_fen, part.account_fen, \
               part.relative_fen, part.cash_fen, 0 FROM refund JOIN payment ON payment.payment_id = refund.payment_id \
               JOIN part_refund part ON part.payment_id = refund.payment_id \
               WHERE refund.day >= $1 AND refund.day <= $2 \
               UNION ALL \
               SELECT part.day, payment.fixmedins_code, payment.region, -part.fund_fen, -part.account_fen, \
               -part.relative_fen, -part.cash_fen, 0 FROM part_refund part \
               JOIN payment ON payment.payment_id = part.payment_id \
               WHERE part.day >= $1 AND part.day <= $2) AS entries \
               WHERE ($3 = '' OR fixmedins_code = $3) AND ($4 = '' OR region = $4) \
               GROUP BY day, fixmedins_code ORDER BY day, fixmedins_code";
    let values = vec![span.from.into(), span.to.into(), span.fixmedins_code.into(), span.region.into()];
    let mut view = Vec::new();
    for row in rows(conn, sql, values).await? {
        let amounts = Amounts {
            fund: Fen(row.try_get("", "fund")?),
            account: Fen(row.try_get("", "account")?),
            relative: Fen(row.try_get("", "relative")?),
            cash: Fen(row.try_get("", "cash")?),
        };
        view.push(Row {
            day: row.try_get("", "day")?,
            fixmedins_code: row.try_get("", "fixmedins_code")?,
            amounts,
            settlements: row.try_get("", "settled")?,
        });
    }
    Ok(view)
}
