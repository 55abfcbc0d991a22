//! What still stands under a person.

use liufang_kernel::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use super::StoreError;
use crate::domain::state::{State, Use, VisitState};

/// The first thing that needs the person, by its word in the contract; none when nothing does. A prescription that was used up
/// needs nobody any more; what is kept of it is kept under the opaque id.
pub async fn of_person(
    conn: &impl ConnectionTrait,
    person: &str,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let visits = list(&[VisitState::Booked, VisitState::Paid, VisitState::Taken].map(VisitState::code));
    let sql = format!("SELECT visit_id FROM visit WHERE person_id = $1 AND state IN ({visits}) LIMIT 1");
    let open = Statement::from_sql_and_values(conn.get_database_backend(), sql, [person.into()]);
    if conn.query_one_raw(open).await?.is_some() {
        return Ok(Some("visit_open"));
    }
    let states: Vec<i32> =
        State::ALL.iter().filter(|state| !state.is_terminal()).map(|state| state.code()).collect();
    let sql = format!(
        "SELECT hi_rxno FROM prescription WHERE person_id = $1 AND state IN ({}) AND used <> {} AND valid_until_us > $2 \
         LIMIT 1",
        list(&states),
        Use::Used.code()
    );
    let values = [person.into(), now.0.into()];
    let valid = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.query_one_raw(valid).await?.map(|_| "prescription_in_force"))
}

fn list(codes: &[i32]) -> String {
    codes.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")
}
