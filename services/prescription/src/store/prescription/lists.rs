//! Lists: a person's prescriptions, a pharmacy's queue, and what time has caught up with.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{Condition, ConnectionTrait, Iterable as _, QueryOrder, QuerySelect, QueryTrait};

use super::{Column, Entity, Model, with_lines};
use crate::domain::prescription::{Line, Prescription};
use crate::domain::state::{Review, State, Use};
use crate::store::sealed::{self, open};
use crate::store::{StoreError, line};

/// What waits in a pharmacy's queue.
pub struct Waiting {
    pub hi_rxno: String,
    pub order_id: String,
    /// Empty once claimed.
    pub token: String,
    pub claimed: bool,
    pub nominated_at: Timestamp,
}

/// Without what no list shows. The signed document above all lies outside the row, so that every one read costs as much again as its
/// row; what comes back is never a [`super::Record`], which could be written.
fn shown(query: Select<Entity>) -> Select<Entity> {
    Column::iter().fold(query.select_only(), |query, column| match column {
        Column::DocumentSealed
        | Column::DoctorSignature
        | Column::PharmacistSignature
        | Column::DoctorKey
        | Column::PharmacistKey
        | Column::TokenSealed
        | Column::HospitalOpinionSealed
        | Column::EndReasonSealed => query.expr_as(Expr::cust("''"), column.as_str()),
        column => query.column(column),
    })
}

async fn sheets(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    rows: Vec<Model>,
) -> Result<Vec<Prescription>, StoreError> {
    Ok(with_lines(conn, cipher, rows).await?.into_iter().map(|record| record.rx).collect())
}

/// A page of a person's prescriptions, newest first, after the row `(created_at_us, hi_rxno)`.
pub async fn of_person(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    person: &str,
    after: Option<(i64, String)>,
    limit: u64,
) -> Result<Vec<(i64, Prescription)>, StoreError> {
    let query =
        shown(Entity::find()).filter(Column::PersonId.eq(person)).apply_if(after, |query, (at, rx)| {
            let same_moment = Condition::all().add(Column::CreatedAtUs.eq(at)).add(Column::HiRxno.lt(rx));
            query.filter(Condition::any().add(Column::CreatedAtUs.lt(at)).add(same_moment))
        });
    let query = query.order_by_desc(Column::CreatedAtUs).order_by_desc(Column::HiRxno).limit(limit);
    let rows = query.all(conn).await?;
    let created: Vec<i64> = rows.iter().map(|row| row.created_at_us).collect();
    Ok(created.into_iter().zip(sheets(conn, cipher, rows).await?).collect())
}

/// What a pharmacy is nominated for or holds at `now`, and nobody has finished; oldest first, at most 500.
pub async fn at_pharmacy(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    pharmacy: &str,
    now: Timestamp,
) -> Result<Vec<Waiting>, StoreError> {
    let query = Entity::find()
        .select_only()
        .columns([Column::HiRxno, Column::OrderId, Column::TokenSealed, Column::Holder])
        .column(Column::NominatedAtUs)
        .filter(Column::Nominee.eq(pharmacy))
        .filter(Column::State.eq(State::Active.code()))
        // the index knows places, not differences: what is used up and still in force is not walked over
        .filter(Column::Used.is_in([Use::Unused.code(), Use::PartlyUsed.code()]))
        .filter(Column::ValidUntilUs.gt(now.0))
        .order_by_asc(Column::NominatedAtUs)
        .limit(500);
    let rows: Vec<(String, String, String, String, i64)> = query.into_tuple().all(conn).await?;
    let waiting = |(hi_rxno, order_id, token, holder, at): (String, String, String, String, i64)| {
        let token = open(cipher, sealed::TOKEN, &token)?;
        let (claimed, nominated_at) = (!holder.is_empty(), Timestamp(at));
        Ok(Waiting { hi_rxno, order_id, token, claimed, nominated_at })
    };
    rows.into_iter().map(waiting).collect()
}

/// What a person may have filled at a counter at `now`, oldest first, at most 100; with `only` that one alone.
pub async fn at_counter(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    person: &str,
    only: &str,
    now: Timestamp,
) -> Result<Vec<Prescription>, StoreError> {
    let query = shown(Entity::find())
        .filter(Column::PersonId.eq(person))
        .filter(Column::State.eq(State::Active.code()))
        .filter(Column::Used.ne(Use::Used.code()))
        .filter(Column::Holder.eq(""))
        .filter(Column::ValidUntilUs.gt(now.0))
        .filter(Column::OpensAtUs.lte(now.0))
        .apply_if((!only.is_empty()).then_some(only), |query, only| query.filter(Column::HiRxno.eq(only)))
        .order_by_asc(Column::CreatedAtUs)
        .limit(100);
    let rows = query.all(conn).await?;
    sheets(conn, cipher, rows).await
}

/// Lines of the person's active prescriptions, with their numbers; without those of the series that `besides` is of, whose
/// uses follow each other.
pub async fn active_lines(
    conn: &impl ConnectionTrait,
    person: &str,
    besides: &str,
    now: Timestamp,
) -> Result<Vec<(String, Line)>, StoreError> {
    let own = Entity::find_by_id(besides.to_owned()).select_only().column(Column::Series);
    let series: Option<String> = own.into_tuple().one(conn).await?;
    let series = series.filter(|series| !series.is_empty());
    let numbers: Vec<String> = Entity::find()
        .select_only()
        .column(Column::HiRxno)
        .filter(Column::PersonId.eq(person))
        .filter(Column::State.eq(State::Active.code()))
        .filter(Column::ValidUntilUs.gt(now.0))
        .apply_if(series, |query, series| query.filter(Column::Series.ne(series)))
        .into_tuple()
        .all(conn)
        .await?;
    line::of_all(conn, &numbers).await
}

/// Numbers of prescriptions whose time has passed and that nobody has marked yet.
pub async fn overdue(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    // a state at a time: asked for several at once, a database with many ended ones behind it takes to reading all of them
    let mut numbers = Vec::new();
    for state in State::ALL.iter().filter(|state| !state.is_terminal()) {
        let found: Vec<String> = Entity::find()
            .select_only()
            .column(Column::HiRxno)
            .filter(Column::State.eq(state.code()))
            .filter(Column::ValidUntilUs.lte(now.0))
            .order_by_asc(Column::ValidUntilUs)
            .limit(limit)
            .into_tuple()
            .all(conn)
            .await?;
        numbers.extend(found);
    }
    Ok(numbers)
}

/// Numbers of prescriptions whose claim has lapsed unreviewed.
pub async fn lapsed(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let numbers = Entity::find()
        .select_only()
        .column(Column::HiRxno)
        .filter(Column::State.eq(State::Active.code()))
        .filter(Column::Review.eq(Review::Pending.code()))
        .filter(Column::ClaimUntilUs.gt(0))
        .filter(Column::ClaimUntilUs.lte(now.0))
        .order_by_asc(Column::ClaimUntilUs)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(numbers)
}
