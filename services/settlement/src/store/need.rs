//! What still stands under a person.

use sea_orm::ConnectionTrait;

use super::one;
use crate::domain::payment::PaymentState;
use crate::error::SettlementError;

/// The first thing that needs the person, by its word in the contract; none when nothing does. A payment needs whoever it is
/// for and every account that is to pay or to be paid back until it has ended; an account needs its owner until it is empty.
pub async fn of_person(
    conn: &impl ConnectionTrait,
    person: &str,
) -> Result<Option<&'static str>, SettlementError> {
    let running = [PaymentState::Authorised, PaymentState::Pending, PaymentState::Refunding];
    let running: Vec<String> = running.map(|state| format!("'{}'", state.as_str())).to_vec();
    let running = running.join(", ");
    let own = format!("SELECT payment_id FROM payment WHERE person_id = $1 AND state IN ({running}) LIMIT 1");
    let held = "SELECT hold_id FROM hold WHERE person_id = $1 AND state = 'held' LIMIT 1".to_owned();
    // by state: few payments run. The legs are JSON; ids need no escape
    let lent = format!("SELECT payment_id FROM payment WHERE state IN ({running}) AND legs LIKE $1 LIMIT 1");
    let account =
        "SELECT person_id FROM personal_account WHERE person_id = $1 AND balance_fen <> 0".to_owned();
    let quoted = format!("%\"{person}\"%");
    for (sql, value, word) in [
        (own, person, "payment_open"),
        (held, person, "payment_open"),
        (lent, quoted.as_str(), "payment_open"),
        (account, person, "account_balance"),
    ] {
        if one(conn, &sql, [value.into()]).await?.is_some() {
            return Ok(Some(word));
        }
    }
    Ok(None)
}
