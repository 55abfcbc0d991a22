//! The insurer's settlements.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::{row, rows, run};
use crate::domain::insurer::{Claim, Settlement};

const COLUMNS: &str = "msgid, setl_id, fixmedins_code, insutype, medfee_sumamt_fen, fund_pay_sumamt_fen, \
                       acct_pay_fen, acct_mulaid_pay_fen, psn_cash_pay_fen, reversed";

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
    };
    Ok(Settlement { claim, setl_id: row.try_get("", "setl_id")?, reversed: row.try_get("", "reversed")? })
}

pub async fn find(conn: &impl ConnectionTrait, msgid: &str) -> Result<Option<Settlement>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM insurer_settlement WHERE msgid = $1");
    row(conn, &sql, vec![msgid.into()]).await?.as_ref().map(settlement).transpose()
}

/// By time, at most 1000.
pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Settlement>, DbFault> {
    let sql = format!("SELECT {COLUMNS} FROM insurer_settlement ORDER BY created_at_us, msgid LIMIT 1000");
    rows(conn, &sql, vec![]).await?.iter().map(settlement).collect()
}

/// Writes a settlement; false when its message id was taken meanwhile.
pub async fn insert(
    conn: &impl ConnectionTrait,
    settlement: &Settlement,
    at: Timestamp,
) -> Result<bool, DbFault> {
    let Settlement { claim, setl_id, reversed } = settlement;
    let sql = format!(
        "INSERT INTO insurer_settlement ({COLUMNS}, created_at_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (msgid) DO NOTHING"
    );
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
        at.0.into(),
    ];
    Ok(run(conn, &sql, values).await? == 1)
}

/// Reverses a settlement; false when there is none.
pub async fn reverse(conn: &impl ConnectionTrait, msgid: &str) -> Result<bool, DbFault> {
    let sql = "UPDATE insurer_settlement SET reversed = $1 WHERE msgid = $2";
    Ok(run(conn, sql, vec![true.into(), msgid.into()]).await? == 1)
}
