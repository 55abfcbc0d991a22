//! The insurer's settlements, years and accounts.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{row, rows, run};
use crate::domain::insurer::{Claim, OPENING, Settlement, YearSum};
use crate::domain::sheet::Sheet;

const COLUMNS: &str = "msgid, setl_id, fixmedins_code, insutype, medfee_sumamt_fen, fund_pay_sumamt_fen, \
                       acct_pay_fen, acct_mulaid_pay_fen, psn_cash_pay_fen, reversed, asked, answer, person_index, \
                       created_at_us";

/// Rows of before have no sheet.
fn sheet(row: &QueryResult, column: &str) -> Result<Sheet, DbFault> {
    let text: String = row.try_get("", column)?;
    if text.is_empty() {
        Ok(Sheet::default())
    } else {
        serde_json::from_str(&text).map_err(|_| DbFault::Reply)
    }
}

fn settlement(row: &QueryResult) -> Result<Settlement, DbFault> {
    let claim = Claim {
        msgid: row.try_get("", "msgid")?,
        fixmedins_code: row.try_get("", "fixmedins_code")?,
        insutype: row.try_get("", "insutype")?,
        medfee_sumamt: Fen(row.try_get("", "medfee_sumamt_fen")?),
        fund_pay_sumamt: Fen(row.try_get("", "fund_pay_sumamt_fen")?),
        acct_pay: Fen(row.try_get("", "acct_pay_fen")?),
        acct_mulaid_pay: Fen(row.try_get("", "acct_mulaid_pay_fen")?),
        psn_cash_pay: Fen(row.try_get("", "psn_cash_pay_fen")?),
        sheet: sheet(row, "asked")?,
    };
    Ok(Settlement {
        claim,
        setl_id: row.try_get("", "setl_id")?,
        reversed: row.try_get("", "reversed")?,
        answer: sheet(row, "answer")?,
        person_index: row.try_get("", "person_index")?,
        at: Timestamp(row.try_get("", "created_at_us")?),
    })
}

pub async fn find(conn: &impl ConnectionTrait, msgid: &str) -> Result<Option<Settlement>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM insurer_settlement WHERE msgid = $1");
    row(conn, &sql, vec![msgid.into()]).await?.as_ref().map(settlement).transpose()
}

/// A page by time, after the row that `after` names.
pub async fn list(
    conn: &impl ConnectionTrait,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<Settlement>, DbFault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM insurer_settlement WHERE created_at_us > $1 OR (created_at_us = $1 AND msgid > $2) \
         ORDER BY created_at_us, msgid LIMIT $3"
    );
    rows(conn, &sql, vec![after.0.into(), after.1.into(), limit.into()])
        .await?
        .iter()
        .map(settlement)
        .collect()
}

/// Writes a settlement; false when its message id was taken meanwhile.
pub async fn insert(conn: &impl ConnectionTrait, settlement: &Settlement) -> Result<bool, DbFault> {
    let Settlement { claim, setl_id, reversed, answer, person_index, at } = settlement;
    let sql = format!(
        "INSERT INTO insurer_settlement ({COLUMNS}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (msgid) DO NOTHING"
    );
    let text = |sheet: &Sheet| serde_json::to_string(sheet).map_err(|_| DbFault::Reply);
    let values = vec![
        claim.msgid.as_str().into(),
        setl_id.as_str().into(),
        claim.fixmedins_code.as_str().into(),
        claim.insutype.as_str().into(),
        claim.medfee_sumamt.0.into(),
        claim.fund_pay_sumamt.0.into(),
        claim.acct_pay.0.into(),
        claim.acct_mulaid_pay.0.into(),
        claim.psn_cash_pay.0.into(),
        (*reversed).into(),
        text(&claim.sheet)?.into(),
        text(answer)?.into(),
        person_index.as_str().into(),
        at.0.into(),
    ];
    Ok(run(conn, &sql, values).await? == 1)
}

/// Reverses a settlement; false when there is none that stands.
pub async fn reverse(conn: &impl ConnectionTrait, msgid: &str) -> Result<bool, DbFault> {
    let sql = "UPDATE insurer_settlement SET reversed = $1 WHERE msgid = $2 AND reversed = $3";
    Ok(run(conn, sql, vec![true.into(), msgid.into(), false.into()]).await? == 1)
}

/// Adds to a person's year, or takes back with `sign` -1.
pub async fn add(
    conn: &impl ConnectionTrait,
    person: &str,
    year: i64,
    sum: &YearSum,
    sign: i64,
) -> Result<(), DbFault> {
    let sql = "INSERT INTO insurer_year (person_index, year, insutype, deductible_fen, scope_fen, fund_fen, account_fen) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (person_index, year, insutype) DO UPDATE SET \
               deductible_fen = insurer_year.deductible_fen + $4, scope_fen = insurer_year.scope_fen + $5, \
               fund_fen = insurer_year.fund_fen + $6, account_fen = insurer_year.account_fen + $7";
    let signed = |amount: Fen| (amount.0 * sign).into();
    let values = vec![
        person.into(),
        year.into(),
        sum.insutype.as_str().into(),
        signed(sum.deductible),
        signed(sum.scope),
        signed(sum.fund),
        signed(sum.account),
    ];
    run(conn, sql, values).await.map(drop)
}

/// The rows of a person's year.
pub async fn year(conn: &impl ConnectionTrait, person: &str, year: i64) -> Result<Vec<YearSum>, DbFault> {
    let sql = "SELECT insutype, deductible_fen, scope_fen, fund_fen, account_fen FROM insurer_year \
               WHERE person_index = $1 AND year = $2 ORDER BY insutype";
    let read = |row: &QueryResult| {
        Ok(YearSum {
            insutype: row.try_get("", "insutype")?,
            deductible: Fen(row.try_get("", "deductible_fen")?),
            scope: Fen(row.try_get("", "scope_fen")?),
            fund: Fen(row.try_get("", "fund_fen")?),
            account: Fen(row.try_get("", "account_fen")?),
        })
    };
    rows(conn, sql, vec![person.into(), year.into()]).await?.iter().map(read).collect()
}

/// Balance of an account; that of a new one where there is none yet.
pub async fn balance(conn: &impl ConnectionTrait, person: &str) -> Result<Fen, DbFault> {
    let sql = "SELECT balance_fen FROM insurer_account WHERE person_index = $1";
    let found = row(conn, sql, vec![person.into()]).await?;
    Ok(found.map(|row| row.try_get("", "balance_fen")).transpose()?.map_or(OPENING, Fen))
}

/// Moves an account and answers its balance; one that is new is opened.
pub async fn pay(conn: &impl ConnectionTrait, person: &str, amount: Fen) -> Result<Fen, DbFault> {
    let sql = "INSERT INTO insurer_account (person_index, balance_fen) VALUES ($1, $2) \
               ON CONFLICT (person_index) DO UPDATE SET balance_fen = insurer_account.balance_fen - $3 \
               RETURNING balance_fen";
    let values = vec![person.into(), (OPENING - amount).0.into(), amount.0.into()];
    let found = row(conn, sql, values).await?.ok_or(DbFault::LostRace)?;
    Ok(Fen(found.try_get("", "balance_fen")?))
}
