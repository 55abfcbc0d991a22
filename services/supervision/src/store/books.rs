//! What the rules compare with: sold codes, prices, supplies.

use liufang_kernel::{Timestamp, UnitPrice};
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, rows, run};
use crate::domain::rules::{Price, Supply};

/// Notes a sold code. Answers the earlier sale (order, institution) when one stands.
pub async fn sell_code(
    conn: &impl ConnectionTrait,
    code: &str,
    order_id: &str,
    fixmedins_code: &str,
) -> Result<Option<(String, String)>, DbFault> {
    let sql = "INSERT INTO sold_code (drug_trac_codg, order_id, fixmedins_code, returned) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (drug_trac_codg) DO UPDATE SET order_id = excluded.order_id, \
               fixmedins_code = excluded.fixmedins_code, returned = excluded.returned WHERE sold_code.returned";
    let values = vec![code.into(), order_id.into(), fixmedins_code.into(), false.into()];
    if run(conn, sql, values).await? == 1 {
        return Ok(None);
    }
    let sql = "SELECT order_id, fixmedins_code FROM sold_code WHERE drug_trac_codg = $1";
    let Some(found) = row(conn, sql, vec![code.into()]).await? else { return Ok(None) };
    Ok(Some((found.try_get("", "order_id")?, found.try_get("", "fixmedins_code")?)))
}

/// A code came back with the order's return: it may be sold again.
pub async fn return_code(conn: &impl ConnectionTrait, code: &str, order_id: &str) -> Result<(), DbFault> {
    let sql = "UPDATE sold_code SET returned = $1 WHERE drug_trac_codg = $2 AND order_id = $3";
    run(conn, sql, vec![true.into(), code.into(), order_id.into()]).await?;
    Ok(())
}

/// Takes a price unless a newer one is known; false when the news came too late.
pub async fn set_price(
    conn: &impl ConnectionTrait,
    price: &Price,
    region: &str,
    at: Timestamp,
) -> Result<bool, DbFault> {
    let sql = "INSERT INTO price (fixmedins_code, med_list_codg, region, price_micro, at_us) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (fixmedins_code, med_list_codg) DO UPDATE SET \
               region = excluded.region, price_micro = excluded.price_micro, at_us = excluded.at_us \
               WHERE price.at_us < excluded.at_us";
    let values = vec![
        price.fixmedins_code.as_str().into(),
        price.med_list_codg.as_str().into(),
        region.into(),
        price.price.0.into(),
        at.0.into(),
    ];
    Ok(run(conn, sql, values).await? == 1)
}

/// What the others in the region ask for the drug.
pub async fn other_prices(
    conn: &impl ConnectionTrait,
    price: &Price,
    region: &str,
) -> Result<Vec<UnitPrice>, DbFault> {
    let sql =
        "SELECT price_micro FROM price WHERE med_list_codg = $1 AND region = $2 AND fixmedins_code <> $3";
    let values =
        vec![price.med_list_codg.as_str().into(), region.into(), price.fixmedins_code.as_str().into()];
    rows(conn, sql, values).await?.iter().map(|row| Ok(UnitPrice(row.try_get("", "price_micro")?))).collect()
}

/// A person's supplies of a substance that may still last.
pub async fn supplies(
    conn: &impl ConnectionTrait,
    person_id: &str,
    substance: &str,
    lasting_at: Timestamp,
) -> Result<Vec<Supply>, DbFault> {
    let sql = "SELECT order_id, hi_rxno, fixmedins_code, at_us, lasts_until_us FROM supply \
               WHERE person_id = $1 AND substance = $2 AND lasts_until_us > $3";
    let found = rows(conn, sql, vec![person_id.into(), substance.into(), lasting_at.0.into()]).await?;
    let mut supplies = Vec::with_capacity(found.len());
    for row in found {
        supplies.push(Supply {
            order_id: row.try_get("", "order_id")?,
            hi_rxno: row.try_get("", "hi_rxno")?,
            fixmedins_code: row.try_get("", "fixmedins_code")?,
            substance: substance.to_owned(),
            at: Timestamp(row.try_get("", "at_us")?),
            lasts_until: Timestamp(row.try_get("", "lasts_until_us")?),
        });
    }
    Ok(supplies)
}

/// Notes a supply once per order.
pub async fn insert_supply(
    conn: &impl ConnectionTrait,
    person_id: &str,
    supply: &Supply,
) -> Result<(), DbFault> {
    let sql = "INSERT INTO supply (person_id, substance, order_id, hi_rxno, fixmedins_code, at_us, lasts_until_us) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (person_id, substance, order_id) DO NOTHING";
    let values = vec![
        person_id.into(),
        supply.substance.as_str().into(),
        supply.order_id.as_str().into(),
        supply.hi_rxno.as_str().into(),
        supply.fixmedins_code.as_str().into(),
        supply.at.0.into(),
        supply.lasts_until.0.into(),
    ];
    run(conn, sql, values).await?;
    Ok(())
}
