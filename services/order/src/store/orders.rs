//! Finding, listing and guarded writing of orders.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::{line, purchase};
use crate::domain::{Line, Order, State};
use crate::error::OrderError;

/// One order.
pub async fn find(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    id: &str,
) -> Result<Option<Order>, OrderError> {
    let Some(row) = purchase::Entity::find_by_id(id).one(conn).await? else { return Ok(None) };
    let lines = lines(conn, std::slice::from_ref(&row.order_id)).await?;
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    purchase::read(row, lines, cipher).map(Some)
}

/// How many orders are paying though they had to be paid before `deadline`.
pub async fn paying_since(conn: &impl ConnectionTrait, deadline: Timestamp) -> Result<i64, OrderError> {
    let query = purchase::Entity::find()
        .filter(purchase::Column::State.eq(State::Paying.as_str()))
        .filter(purchase::Column::PayByUs.lte(deadline.0));
    Ok(i64::try_from(query.count(conn).await?).unwrap_or(i64::MAX))
}

/// Whether an order that is not over is for this person, or lent for by them. The second look is by state: few orders are open.
pub async fn is_open_for(conn: &impl ConnectionTrait, person: &str) -> Result<bool, OrderError> {
    use purchase::Column;
    let open = || State::ALL.into_iter().filter(|state| !state.is_final()).map(State::as_str);
    let own = Column::PersonId.eq(person);
    // a JSON list of ids, which need no escape
    let lent = Column::Holders.contains(format!("\"{person}\""));
    for whose in [own, lent] {
        let found = purchase::Entity::find().filter(whose).filter(Column::State.is_in(open())).one(conn);
        if found.await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes a new order with its lines; false when it is there already.
pub async fn insert(conn: &impl ConnectionTrait, cipher: &Cipher, order: &Order) -> Result<bool, OrderError> {
    use sea_orm::sea_query::OnConflict;
    let row = purchase::write(order, cipher)?.into_active_model();
    let nothing = OnConflict::column(purchase::Column::OrderId).do_nothing().to_owned();
    let insert = purchase::Entity::insert(row).on_conflict(nothing);
    if insert.exec_without_returning(conn).await? == 0 {
        return Ok(false);
    }
    if !order.lines.is_empty() {
        let rows = order.lines.iter().map(|own| line::write(&order.id, own).into_active_model());
        line::Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(true)
}

/// Writes an order that was read with `version`; false when somebody else wrote it meanwhile.
pub async fn update(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    order: &Order,
    version: i64,
) -> Result<bool, OrderError> {
    let row = purchase::write(order, cipher)?.into_active_model().reset_all();
    let update = purchase::Entity::update_many()
        .set(row)
        .filter(purchase::Column::OrderId.eq(order.id.as_str()))
        .filter(purchase::Column::Version.eq(version));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Whose orders are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Person(String),
    Platform(String),
    Institution(String),
}

/// Orders of an owner, newest first. `after` is the last one seen; an empty `states` means every visible one.
pub async fn list(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    owner: &Owner,
    states: &[State],
    after: Option<&(Timestamp, String)>,
    limit: u64,
) -> Result<Vec<Order>, OrderError> {
    use purchase::Column;
    let own = match owner {
        Owner::Person(id) => Column::PersonId.eq(id.as_str()),
        Owner::Platform(code) => Column::Platform.eq(code.as_str()),
        Owner::Institution(code) => Column::FixmedinsCode.eq(code.as_str()),
    };
    let words = states.iter().map(|state| state.as_str());
    let mut query = purchase::Entity::find().filter(own).filter(Column::State.is_in(words));
    if let Some((at, id)) = after {
        let same_moment =
            Condition::all().add(Column::CreatedAtUs.eq(at.0)).add(Column::OrderId.lt(id.as_str()));
        query = query.filter(Condition::any().add(Column::CreatedAtUs.lt(at.0)).add(same_moment));
    }
    let query = query.order_by_desc(Column::CreatedAtUs).order_by_desc(Column::OrderId).limit(limit);
    let rows = query.all(conn).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.order_id.clone()).collect();
    let lines = lines(conn, &ids).await?;
    let mut orders = Vec::with_capacity(rows.len());
    for row in rows {
        let own = lines.iter().filter(|(id, _)| *id == row.order_id).map(|(_, line)| line.clone()).collect();
        orders.push(purchase::read(row, own, cipher)?);
    }
    Ok(orders)
}

/// Unpaid orders whose time is over, oldest first.
pub async fn unpaid(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, OrderError> {
    use purchase::Column;
    let waiting = [State::Placing, State::Reserving, State::AwaitingPayment].map(State::as_str);
    let query = purchase::Entity::find()
        .filter(Column::State.is_in(waiting))
        .filter(Column::PayByUs.lte(now.0))
        .order_by_asc(Column::PayByUs)
        .limit(limit);
    Ok(query.all(conn).await?.into_iter().map(|row| row.order_id).collect())
}

/// An order that pays for the visit, or did.
pub async fn of_visit(conn: &impl ConnectionTrait, visit_id: &str) -> Result<Option<String>, OrderError> {
    use purchase::Column;
    let alive = State::ALL.into_iter().filter(|state| state.is_visible() && !state.has_ended());
    let query = purchase::Entity::find()
        .filter(Column::VisitId.eq(visit_id))
        .filter(Column::State.is_in(alive.map(State::as_str)));
    Ok(query.one(conn).await?.map(|row| row.order_id))
}

async fn lines(conn: &impl ConnectionTrait, ids: &[String]) -> Result<Vec<(String, Line)>, OrderError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = line::Entity::find()
        .filter(line::Column::OrderId.is_in(ids.iter().map(String::as_str)))
        .order_by_asc(line::Column::LineNo);
    let rows = query.all(conn).await?;
    rows.into_iter().map(|row| Ok((row.order_id.clone(), line::read(row)?))).collect()
}
