//! Settlement rows (what 3201 adds up) and receivables by debtor.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::Rows;
use sea_orm::ConnectionTrait;

use super::{all, exec, one};
use crate::app::claim::Receivable;
use crate::domain::claim::{Amounts, DayTotals, TotalKey};
use crate::error::SettlementError;

/// One settlement or refund to note.
#[derive(Clone, Copy)]
pub struct Booked<'a> {
    pub payment_id: &'a str,
    pub refund: bool,
    /// Number of the partial return; 0 for the capture and for a return of everything at once.
    pub part_no: i64,
    pub stmt_date: &'a str,
    pub fixmedins_code: &'a str,
    pub at: Timestamp,
}

/// Notes an insured settlement.
pub async fn insert_settlement(
    conn: &impl ConnectionTrait,
    booked: &Booked<'_>,
    key: &TotalKey,
    amounts: &Amounts,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO settlement_row (payment_id, refund, stmt_date, fixmedins_code, insutype, clr_type, \
               agency, medical_fen, fund_fen, account_fen, cash_fen, part_no) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = [
        booked.payment_id.into(),
        booked.refund.into(),
        booked.stmt_date.into(),
        booked.fixmedins_code.into(),
        key.insutype.clone().into(),
        key.clr_type.clone().into(),
        key.agency.clone().into(),
        amounts.medical.0.into(),
        amounts.fund.0.into(),
        amounts.account.0.into(),
        amounts.cash.0.into(),
        booked.part_no.into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}

/// Notes what a debtor owes; negative on a refund.
pub async fn insert(
    conn: &impl ConnectionTrait,
    booked: &Booked<'_>,
    debtor_kind: &str,
    debtor: &str,
    amount: Fen,
) -> Result<(), SettlementError> {
    if amount.is_zero() {
        return Ok(());
    }
    let sql = "INSERT INTO receivable (payment_id, refund, debtor_kind, fixmedins_code, debtor, amount_fen, \
               stmt_date, at_us, open, part_no) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = [
        booked.payment_id.into(),
        booked.refund.into(),
        debtor_kind.into(),
        booked.fixmedins_code.into(),
        debtor.into(),
        amount.0.into(),
        booked.stmt_date.into(),
        booked.at.0.into(),
        true.into(),
        booked.part_no.into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}

/// As [`insert_settlement`], of several.
pub fn settling(
    conn: &impl ConnectionTrait,
    booked: &[(Booked<'_>, TotalKey, Amounts)],
) -> Result<Option<Part>, SettlementError> {
    let columns = [
        "payment_id",
        "refund",
        "stmt_date",
        "fixmedins_code",
        "insutype",
        "clr_type",
        "agency",
        "medical_fen",
        "fund_fen",
        "account_fen",
        "cash_fen",
        "part_no",
    ];
    let mut rows = Rows::new(&columns);
    for (booked, key, amounts) in booked {
        rows.push([
            booked.payment_id.into(),
            booked.refund.into(),
            booked.stmt_date.into(),
            booked.fixmedins_code.into(),
            key.insutype.clone().into(),
            key.clr_type.clone().into(),
            key.agency.clone().into(),
            amounts.medical.0.into(),
            amounts.fund.0.into(),
            amounts.account.0.into(),
            amounts.cash.0.into(),
            booked.part_no.into(),
        ]);
    }
    Ok(rows.inserted(conn, "settlement_row", "")?)
}

/// What a debtor owes.
pub struct Owed<'a> {
    pub booked: Booked<'a>,
    /// `agency` or `channel`.
    pub debtor_kind: &'static str,
    pub debtor: &'a str,
    /// Negative on a refund.
    pub amount: Fen,
}

/// As [`insert`], of several debts.
pub fn owing(conn: &impl ConnectionTrait, owed: &[Owed<'_>]) -> Result<Option<Part>, SettlementError> {
    let columns = [
        "payment_id",
        "refund",
        "debtor_kind",
        "fixmedins_code",
        "debtor",
        "amount_fen",
        "stmt_date",
        "at_us",
        "open",
        "part_no",
    ];
    let mut rows = Rows::new(&columns);
    for owed in owed.iter().filter(|owed| !owed.amount.is_zero()) {
        rows.push([
            owed.booked.payment_id.into(),
            owed.booked.refund.into(),
            owed.debtor_kind.into(),
            owed.booked.fixmedins_code.into(),
            owed.debtor.into(),
            owed.amount.0.into(),
            owed.booked.stmt_date.into(),
            owed.booked.at.0.into(),
            true.into(),
            owed.booked.part_no.into(),
        ]);
    }
    Ok(rows.inserted(conn, "receivable", "")?)
}

/// Our totals of the days from `begin` to `end`, both included.
pub async fn totals(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    (begin, end): (&str, &str),
) -> Result<DayTotals, SettlementError> {
    let sql = "SELECT insutype, clr_type, agency, refund, CAST(SUM(medical_fen) AS BIGINT) AS medical_fen, \
               CAST(SUM(fund_fen) AS BIGINT) AS fund_fen, CAST(SUM(account_fen) AS BIGINT) AS account_fen, \
               CAST(SUM(cash_fen) AS BIGINT) AS cash_fen, COUNT(*) AS settlements FROM settlement_row \
               WHERE fixmedins_code = $1 AND stmt_date >= $2 AND stmt_date <= $3 \
               GROUP BY insutype, clr_type, agency, refund";
    let mut totals = DayTotals::new();
    for row in all(conn, sql, [fixmedins_code.into(), begin.into(), end.into()]).await? {
        let key = TotalKey {
            insutype: row.try_get("", "insutype")?,
            clr_type: row.try_get("", "clr_type")?,
            agency: row.try_get("", "agency")?,
            refund: row.try_get("", "refund")?,
        };
        let amounts = Amounts {
            medical: Fen(row.try_get("", "medical_fen")?),
            fund: Fen(row.try_get("", "fund_fen")?),
            account: Fen(row.try_get("", "account_fen")?),
            cash: Fen(row.try_get("", "cash_fen")?),
            count: row.try_get("", "settlements")?,
        };
        totals.insert(key, amounts);
    }
    Ok(totals)
}

/// Institutions with settlements on the days from `begin` to `end`.
pub async fn institutions_of(
    conn: &impl ConnectionTrait,
    (begin, end): (&str, &str),
) -> Result<Vec<String>, SettlementError> {
    let sql = "SELECT DISTINCT fixmedins_code FROM settlement_row WHERE stmt_date >= $1 AND stmt_date <= $2 \
               ORDER BY fixmedins_code";
    let rows = all(conn, sql, [begin.into(), end.into()]).await?;
    rows.iter().map(|row| Ok(row.try_get("", "fixmedins_code")?)).collect()
}

/// Closes what an agency owed an institution for a day.
pub async fn close(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    agency: &str,
    stmt_date: &str,
) -> Result<(), SettlementError> {
    let sql = "UPDATE receivable SET open = $1 WHERE debtor_kind = 'agency' AND fixmedins_code = $2 \
               AND debtor = $3 AND stmt_date = $4 AND open = $5";
    let values = [false.into(), fixmedins_code.into(), agency.into(), stmt_date.into(), true.into()];
    exec(conn, sql, values).await?;
    Ok(())
}

/// Whose receivables: an institution's, or those that debtors of these names owe.
#[derive(Clone, Copy, Debug)]
pub enum Side<'a> {
    Creditor(&'a str),
    Debtor([&'a str; 2]),
}

/// A page of open receivables with their ages, after an institution and a debtor, by both. `ages` are the moments from which
/// on something is at most 30, 60 and 90 days old.
pub async fn open(
    conn: &impl ConnectionTrait,
    side: Side<'_>,
    (institution, debtor): (&str, &str),
    ages: [Timestamp; 3],
    limit: i64,
) -> Result<Vec<Receivable>, SettlementError> {
    let (whose, [one, other]) = match side {
        Side::Creditor(own) => ("fixmedins_code IN ($8, $9)", [own; 2]),
        Side::Debtor(names) => ("debtor IN ($8, $9)", names),
    };
    let sql = format!(
        "SELECT fixmedins_code, debtor, CAST(SUM(amount_fen) AS BIGINT) AS open_fen, MIN(at_us) AS oldest, \
         CAST(SUM(CASE WHEN at_us >= $2 THEN amount_fen ELSE 0 END) AS BIGINT) AS days_30, \
         CAST(SUM(CASE WHEN at_us < $2 AND at_us >= $3 THEN amount_fen ELSE 0 END) AS BIGINT) AS days_60, \
         CAST(SUM(CASE WHEN at_us < $3 AND at_us >= $4 THEN amount_fen ELSE 0 END) AS BIGINT) AS days_90, \
         CAST(SUM(CASE WHEN at_us < $4 THEN amount_fen ELSE 0 END) AS BIGINT) AS days_more \
         FROM receivable WHERE open = $1 AND {whose} AND (fixmedins_code > $5 OR (fixmedins_code = $5 AND debtor > $6)) \
         GROUP BY fixmedins_code, debtor ORDER BY fixmedins_code, debtor LIMIT $7"
    );
    let [days_30, days_60, days_90] = ages.map(|age| age.0.into());
    let place = [institution.into(), debtor.into(), limit.into(), one.into(), other.into()];
    let values = [true.into(), days_30, days_60, days_90].into_iter().chain(place);
    let mut found = Vec::new();
    for row in &all(conn, &sql, values).await? {
        let fen = |column: &str| Ok::<_, SettlementError>(Fen(row.try_get("", column)?));
        let open = fen("open_fen")?;
        found.push(Receivable {
            fixmedins_code: row.try_get("", "fixmedins_code")?,
            debtor: row.try_get("", "debtor")?,
            open,
            oldest_at: Timestamp(if open.is_zero() { 0 } else { row.try_get("", "oldest")? }),
            ages: [fen("days_30")?, fen("days_60")?, fen("days_90")?, fen("days_more")?],
            on_account: Fen::ZERO,
        });
    }
    for row in &mut found {
        row.on_account = on_account(conn, &row.fixmedins_code, &row.debtor).await?;
        row.open -= row.on_account;
    }
    Ok(found)
}

/// What an agency paid of an institution's claims that it has not paid whole.
async fn on_account(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    agency: &str,
) -> Result<Fen, SettlementError> {
    let sql = "SELECT CAST(COALESCE(SUM(paid_fen), 0) AS BIGINT) AS fen FROM claim \
               WHERE fixmedins_code = $1 AND agency = $2 AND state <> 'paid'";
    let row = one(conn, sql, [fixmedins_code.into(), agency.into()]).await?;
    Ok(Fen(row.ok_or(SettlementError::Stored("sum"))?.try_get("", "fen")?))
}

/// Institutions whose open receivables differ from the ledger's accounts; zero in good order.
pub async fn mismatches(conn: &impl ConnectionTrait) -> Result<i64, SettlementError> {
    // the last 12 characters are the institution; accounts of one channel and those of all are taken together
    let sql = "SELECT COUNT(*) AS n FROM (SELECT kind, institution, SUM(owed) AS owed, SUM(ledger) AS ledger FROM \
               (SELECT debtor_kind AS kind, fixmedins_code AS institution, amount_fen AS owed, 0 AS ledger \
               FROM receivable WHERE open = $1 UNION ALL \
               SELECT 'agency', fixmedins_code, -paid_fen, 0 FROM claim WHERE state <> 'paid' UNION ALL \
               SELECT CASE WHEN account LIKE 'receivable:agency:%' THEN 'agency' ELSE 'channel' END, \
               SUBSTR(account, LENGTH(account) - 11), 0, balance_fen FROM book_balance \
               WHERE account LIKE 'receivable:%') AS sides \
               GROUP BY kind, institution HAVING SUM(owed) <> SUM(ledger)) AS differing";
    let row = one(conn, sql, [true.into()]).await?.ok_or(SettlementError::Stored("count"))?;
    Ok(row.try_get("", "n")?)
}
