//! Listings, price history, and what can be bought where.

use std::collections::HashMap;

use liufang_kernel::{Date, Quantity, Timestamp, UnitPrice, timestamp};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::sql;
use crate::domain::Listing;
use crate::domain::stock::FreeStock;
use crate::error::InventoryError;

const COLUMNS: &str = "fixmedins_code, med_list_codg, fixmedins_hilist_id, price_micro, online, otc_pack";

#[derive(FromQueryResult)]
struct Row {
    fixmedins_code: String,
    med_list_codg: String,
    fixmedins_hilist_id: String,
    price_micro: i64,
    online: bool,
    otc_pack: bool,
}

impl From<Row> for Listing {
    fn from(row: Row) -> Listing {
        Listing {
            fixmedins_code: row.fixmedins_code,
            med_list_codg: row.med_list_codg,
            fixmedins_hilist_id: row.fixmedins_hilist_id,
            price: UnitPrice(row.price_micro),
            online: row.online,
            otc_pack: row.otc_pack,
        }
    }
}

/// Listings of `drugs` in `institutions`.
pub async fn of(
    conn: &impl ConnectionTrait,
    institutions: &[String],
    drugs: &[String],
) -> Result<Vec<Listing>, InventoryError> {
    if institutions.is_empty() || drugs.is_empty() {
        return Ok(Vec::new());
    }
    let (shops, codes) = (sql::list(1, institutions.len()), sql::list(1 + institutions.len(), drugs.len()));
    let query = format!(
        "SELECT {COLUMNS} FROM listing WHERE fixmedins_code IN ({shops}) AND med_list_codg IN ({codes}) \
         ORDER BY fixmedins_code, med_list_codg"
    );
    let values = sql::texts(institutions.iter().chain(drugs));
    Ok(sql::rows::<Row>(conn, query, values).await?.into_iter().map(Listing::from).collect())
}

/// Inserts or replaces listings.
pub async fn upsert(conn: &impl ConnectionTrait, rows: &[Listing], now: Timestamp) -> Result<(), DbErr> {
    let values = |row: &Listing| -> Vec<Value> {
        vec![
            row.fixmedins_code.clone().into(),
            row.med_list_codg.clone().into(),
            row.fixmedins_hilist_id.clone().into(),
            row.price.0.into(),
            row.online.into(),
            row.otc_pack.into(),
            now.0.into(),
        ]
    };
    let tail = "ON CONFLICT (fixmedins_code, med_list_codg) DO UPDATE SET \
         fixmedins_hilist_id = excluded.fixmedins_hilist_id, price_micro = excluded.price_micro, \
         online = excluded.online, otc_pack = excluded.otc_pack, updated_at_us = excluded.updated_at_us";
    let into = format!("listing ({COLUMNS}, updated_at_us)");
    sql::insert(conn, &into, 7, rows.iter().map(values).collect(), tail).await?;
    Ok(())
}

/// Keeps the new prices of `rows`.
pub async fn keep_prices(conn: &impl ConnectionTrait, rows: &[Listing], now: Timestamp) -> Result<(), DbErr> {
    let values = |row: &Listing| -> Vec<Value> {
        let keys = [row.fixmedins_code.clone().into(), row.med_list_codg.clone().into()];
        keys.into_iter().chain([now.0.into(), row.price.0.into()]).collect()
    };
    let into = "listing_price (fixmedins_code, med_list_codg, at_us, price_micro)";
    let tail =
        "ON CONFLICT (fixmedins_code, med_list_codg, at_us) DO UPDATE SET price_micro = excluded.price_micro";
    sql::insert(conn, into, 4, rows.iter().map(values).collect(), tail).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Available {
    fixmedins_code: String,
    med_list_codg: String,
    expy_end: String,
    free_e4: i64,
}

/// What of `drugs` can be sold today, by institution and drug. Absent: nothing.
pub async fn available(
    conn: &impl ConnectionTrait,
    institutions: &[String],
    drugs: &[String],
    today: Date,
) -> Result<HashMap<(String, String), FreeStock>, InventoryError> {
    if institutions.is_empty() || drugs.is_empty() {
        return Ok(HashMap::new());
    }
    let (shops, codes) = (sql::list(2, institutions.len()), sql::list(2 + institutions.len(), drugs.len()));
    // PostgreSQL sums BIGINT into NUMERIC
    let query = format!(
        "SELECT fixmedins_code, med_list_codg, expy_end, CAST(SUM(on_hand_e4 - reserved_e4) AS BIGINT) AS free_e4 \
         FROM lot WHERE state = 'ok' AND expy_end > $1 AND fixmedins_code IN ({shops}) \
         AND med_list_codg IN ({codes}) GROUP BY fixmedins_code, med_list_codg, expy_end"
    );
    let mut values: Vec<Value> = vec![timestamp::date_text(today).into()];
    values.extend(sql::texts(institutions.iter().chain(drugs)));
    let rows = sql::rows::<Available>(conn, query, values).await?;
    let mut available: HashMap<_, FreeStock> = HashMap::new();
    for row in rows {
        let expires = timestamp::parse_date(&row.expy_end).ok_or(InventoryError::Corrupt("lot"))?;
        let free = available.entry((row.fixmedins_code, row.med_list_codg)).or_default();
        free.add((expires - today).whole_days(), Quantity(row.free_e4));
    }
    Ok(available)
}

/// A listed OTC drug of an institution.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OnlineOffer {
    pub fixmedins_code: String,
    pub med_list_codg: String,
    pub price_micro: i64,
}

/// Listings sold online without prescription at `institutions` whose drug matches `query`.
pub async fn online_offers(
    conn: &impl ConnectionTrait,
    institutions: &[String],
    query: &str,
    only_hi_mark: bool,
) -> Result<Vec<OnlineOffer>, InventoryError> {
    if institutions.is_empty() {
        return Ok(Vec::new());
    }
    let shops = sql::list(4, institutions.len());
    let statement = format!(
        "SELECT listing.fixmedins_code, listing.med_list_codg, listing.price_micro FROM listing \
         JOIN drug ON drug.med_list_codg = listing.med_list_codg \
         WHERE drug.search_text LIKE $1 ESCAPE '\\' AND listing.online = $2 AND (drug.hi_mark = $2 OR $3 = $2) \
         AND (drug.rx_flag = '0' OR (drug.rx_flag = '2' AND listing.otc_pack = $2)) \
         AND drug.online_forbidden = '' AND drug.controlled = 'none' AND listing.fixmedins_code IN ({shops}) \
         ORDER BY listing.fixmedins_code, listing.med_list_codg"
    );
    let mut values: Vec<Value> = vec![sql::contains(query).into(), true.into(), (!only_hi_mark).into()];
    values.extend(sql::texts(institutions));
    Ok(sql::rows(conn, statement, values).await?)
}
