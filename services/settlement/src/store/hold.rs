//! Holds on personal accounts. Every statement guards itself: each hold is ended once.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::{Rows, among, words};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Deserialize;

use super::{all, exec, one};
use crate::error::SettlementError;

/// A hold to be placed.
pub struct Placed<'a> {
    pub hold_id: String,
    pub payment_id: &'a str,
    pub person_id: &'a str,
    pub amount: Fen,
    pub expires_at: Timestamp,
}

/// Notes holds. That the money was free is the account's guard ([`super::account::moving`]).
pub fn placing(conn: &impl ConnectionTrait, placed: &[Placed<'_>]) -> Result<Option<Part>, SettlementError> {
    let columns = ["hold_id", "payment_id", "person_id", "amount_fen", "state", "expires_at_us"];
    let mut rows = Rows::new(&columns);
    for hold in placed {
        rows.push([
            hold.hold_id.clone().into(),
            hold.payment_id.into(),
            hold.person_id.into(),
            hold.amount.0.into(),
            "held".into(),
            hold.expires_at.0.into(),
        ]);
    }
    Ok(rows.inserted(conn, "hold", "")?)
}

/// What a payment had held on an account, as its hold ends.
#[derive(Deserialize, FromQueryResult)]
pub struct Ended {
    pub payment_id: String,
    pub person_id: String,
    pub amount_fen: i64,
}

/// Ends the open holds of payments; the rows are [`Ended`].
pub fn ending(conn: &impl ConnectionTrait, payments: &[&str], state: &str) -> Option<Part> {
    if payments.is_empty() {
        return None;
    }
    let sql = format!(
        "UPDATE hold SET state = $2 WHERE payment_id {} AND state = 'held' \
         RETURNING payment_id, person_id, amount_fen",
        among(conn, 1)
    );
    let values = [words(conn, payments.iter().copied()), state.into()];
    Some(Part::rows(super::statement(conn, &sql, values)))
}

/// The open holds of a payment, always in the same order, so that two transactions lock accounts in one.
async fn take_open(
    conn: &impl ConnectionTrait,
    payment_id: &str,
    state: &str,
) -> Result<Vec<(String, Fen)>, SettlementError> {
    let sql = "SELECT hold_id, person_id, amount_fen FROM hold WHERE payment_id = $1 AND state = 'held' \
               ORDER BY person_id, hold_id";
    let mut taken = Vec::new();
    for row in all(conn, sql, [payment_id.into()]).await? {
        let hold_id: String = row.try_get("", "hold_id")?;
        let ended = "UPDATE hold SET state = $1 WHERE hold_id = $2 AND state = 'held'";
        if exec(conn, ended, [state.into(), hold_id.into()]).await? == 1 {
            taken.push((row.try_get("", "person_id")?, Fen(row.try_get("", "amount_fen")?)));
        }
    }
    Ok(taken)
}

/// Gives the open holds of a payment back.
pub async fn release(conn: &impl ConnectionTrait, payment_id: &str) -> Result<(), SettlementError> {
    for (person_id, amount) in take_open(conn, payment_id, "released").await? {
        let sql =
            "UPDATE personal_account SET held_fen = held_fen - $1 WHERE person_id = $2 AND held_fen >= $1";
        if exec(conn, sql, [amount.0.into(), person_id.into()]).await? != 1 {
            return Err(SettlementError::Stored("held amount below its holds"));
        }
    }
    Ok(())
}

/// Makes the open holds of a payment as small as `needs` says, by person; who is not in it holds nothing any more. A hold never
/// grows.
pub async fn shrink(
    conn: &impl ConnectionTrait,
    payment_id: &str,
    needs: &std::collections::BTreeMap<&str, Fen>,
) -> Result<(), SettlementError> {
    let sql = "SELECT hold_id, person_id, amount_fen FROM hold WHERE payment_id = $1 AND state = 'held' \
               ORDER BY person_id, hold_id";
    for row in all(conn, sql, [payment_id.into()]).await? {
        let (hold_id, person_id): (String, String) =
            (row.try_get("", "hold_id")?, row.try_get("", "person_id")?);
        let held = Fen(row.try_get("", "amount_fen")?);
        let need = needs.get(person_id.as_str()).copied().unwrap_or_default();
        if need == held {
            continue;
        }
        if need > held {
            return Err(SettlementError::Stored("held amount below its holds"));
        }
        let touched = if need.is_zero() {
            let ended = "UPDATE hold SET state = 'reduced' WHERE hold_id = $1 AND state = 'held'";
            exec(conn, ended, [hold_id.into()]).await?
        } else {
            let smaller = "UPDATE hold SET amount_fen = $1 WHERE hold_id = $2 AND state = 'held'";
            exec(conn, smaller, [need.0.into(), hold_id.into()]).await?
        };
        let free =
            "UPDATE personal_account SET held_fen = held_fen - $1 WHERE person_id = $2 AND held_fen >= $1";
        let freed = exec(conn, free, [(held - need).0.into(), person_id.into()]).await?;
        if (touched, freed) != (1, 1) {
            return Err(SettlementError::LostRace);
        }
    }
    Ok(())
}

/// An open hold as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenHold {
    pub hold_id: String,
    pub order_id: String,
    pub amount: Fen,
    pub expires_at: Timestamp,
    pub for_relative: bool,
    /// Whose order it is, when it is a relative's.
    pub other_person_id: String,
}

/// A page of a person's open holds after one of them.
pub async fn open(
    conn: &impl ConnectionTrait,
    person_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<OpenHold>, SettlementError> {
    let sql = "SELECT h.hold_id, h.amount_fen, h.expires_at_us, p.order_id, p.person_id FROM hold h \
               JOIN payment p ON p.payment_id = h.payment_id \
               WHERE h.person_id = $1 AND h.state = 'held' AND h.hold_id > $2 ORDER BY h.hold_id LIMIT $3";
    let mut holds = Vec::new();
    for row in all(conn, sql, [person_id.into(), after.into(), limit.into()]).await? {
        let patient: String = row.try_get("", "person_id")?;
        holds.push(OpenHold {
            hold_id: row.try_get("", "hold_id")?,
            order_id: row.try_get("", "order_id")?,
            amount: Fen(row.try_get("", "amount_fen")?),
            expires_at: Timestamp(row.try_get("", "expires_at_us")?),
            for_relative: patient != person_id,
            other_person_id: if patient == person_id { String::new() } else { patient },
        });
    }
    Ok(holds)
}

/// Held amounts that differ from the sum of the open holds; zero in good order.
pub async fn mismatches(conn: &impl ConnectionTrait) -> Result<i64, SettlementError> {
    let sql = "SELECT COUNT(*) AS n FROM personal_account a WHERE a.held_fen <> COALESCE(\
               (SELECT SUM(h.amount_fen) FROM hold h WHERE h.person_id = a.person_id AND h.state = 'held'), 0)";
    let row = one(conn, sql, []).await?.ok_or(SettlementError::Stored("count"))?;
    Ok(row.try_get("", "n")?)
}
