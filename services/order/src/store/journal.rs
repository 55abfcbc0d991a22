//! The saga's journal. A row is one idempotent call to be made; an order's rows run one after another.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{Condition, IntoActiveModel, QueryOrder, Statement};

use crate::domain::{Argument, Drop, Next, Step};
use crate::error::OrderError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub step: String,
    pub state: String,
    pub compensation: bool,
    pub attempts: i32,
    pub next_at_us: i64,
    pub operation: String,
    pub argument: String,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

const OPEN: &str = "open";
const DONE: &str = "done";
const REFUSED: &str = "refused";
const DROPPED: &str = "dropped";
pub(super) const ARGUMENT: &str = "journal.argument";

/// A step to be made.
#[derive(Clone)]
pub struct Entry {
    pub order_id: String,
    pub position: i64,
    pub step: Step,
    pub attempts: i32,
    pub due: Timestamp,
    /// The caller's operation that asked for it; empty when nobody waits.
    pub operation: String,
    pub argument: Argument,
}

impl Entry {
    /// The idempotency key of the call: the same after a crash, another for another attempt of the patient.
    pub fn key(&self) -> String {
        format!("{}:{}:{}", self.order_id, self.step.as_str(), self.position)
    }
}

fn read(row: Model, cipher: &Cipher) -> Result<Entry, OrderError> {
    let unreadable = || OrderError::Unreadable("journal row");
    let argument = if row.argument.is_empty() {
        Argument::default()
    } else {
        let text = cipher.open(ARGUMENT, &row.argument)?;
        serde_json::from_str(&text).map_err(|_| unreadable())?
    };
    Ok(Entry {
        step: Step::parse(&row.step).ok_or_else(unreadable)?,
        order_id: row.order_id,
        position: row.position,
        attempts: row.attempts,
        due: Timestamp(row.next_at_us),
        operation: row.operation,
        argument,
    })
}

/// Appends a step; a worker may take it from `due` on.
pub async fn append(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    order_id: &str,
    position: i64,
    next: &Next,
    operation: &str,
    due: Timestamp,
) -> Result<(), OrderError> {
    let argument = if next.argument == Argument::default() {
        String::new()
    } else {
        let text = serde_json::to_string(&next.argument).map_err(|_| OrderError::Unreadable("argument"))?;
        cipher.seal(ARGUMENT, &text)
    };
    let row = Model {
        order_id: order_id.to_owned(),
        position,
        step: next.step.as_str().to_owned(),
        state: OPEN.to_owned(),
        compensation: next.step.is_compensation(),
        attempts: 0,
        next_at_us: due.0,
        operation: operation.to_owned(),
        argument,
        reason: String::new(),
    };
    Entity::insert(row.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// The first step of an order that is still to be made.
pub async fn first_open(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    order_id: &str,
) -> Result<Option<Entry>, OrderError> {
    let query = Entity::find()
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::State.eq(OPEN))
        .order_by_asc(Column::Position);
    query.one(conn).await?.map(|row| read(row, cipher)).transpose()
}

/// Orders whose first open step is due, oldest first. Later steps wait for it and do not count: they are older than those of
/// other orders and would take their places.
pub async fn due(conn: &impl ConnectionTrait, now: Timestamp, limit: u64) -> Result<Vec<String>, OrderError> {
    let sql = "SELECT order_id FROM journal WHERE state = $1 AND next_at_us <= $2 AND NOT EXISTS \
               (SELECT 1 FROM journal earlier WHERE earlier.order_id = journal.order_id AND earlier.state = $1 \
               AND earlier.position < journal.position) ORDER BY next_at_us LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [OPEN.into(), now.0.into(), limit.into()];
    let query = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(query).await?;
    rows.iter().map(|row| Ok(row.try_get("", "order_id")?)).collect()
}

/// Since when the oldest order waits that should get on: its first open step is due and nobody has tried it, or it was tried
/// in vain, which counts from the last line of the order's story. A payment under way has a deadline of its own and does not
/// count.
pub async fn oldest_late(
    conn: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Option<Timestamp>, OrderError> {
    let sql = "SELECT MIN(CASE WHEN attempts = 0 THEN next_at_us ELSE \
               (SELECT MAX(at_us) FROM story WHERE story.order_id = journal.order_id) END) AS since \
               FROM journal WHERE state = $1 AND (attempts > 0 OR next_at_us <= $2) AND NOT EXISTS \
               (SELECT 1 FROM journal earlier WHERE earlier.order_id = journal.order_id AND earlier.state = $1 \
               AND earlier.position < journal.position) AND NOT EXISTS \
               (SELECT 1 FROM purchase_order paying WHERE paying.order_id = journal.order_id \
               AND paying.state = 'paying' AND paying.pay_by_us > $2)";
    let values = [OPEN.into(), now.0.into()];
    let query = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let row = conn.query_one_raw(query).await?;
    let since: Option<i64> = row.map(|row| row.try_get("", "since")).transpose()?.flatten();
    Ok(since.map(Timestamp))
}

/// Takes a step until `until`; false when somebody else took it first.
pub async fn lease(conn: &impl ConnectionTrait, entry: &Entry, until: Timestamp) -> Result<bool, OrderError> {
    let update = own(entry)
        .col_expr(Column::Attempts, Expr::value(entry.attempts + 1))
        .col_expr(Column::NextAtUs, Expr::value(until.0))
        .filter(Column::Attempts.eq(entry.attempts));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Puts a step off after a try.
pub async fn postpone(
    conn: &impl ConnectionTrait,
    entry: &Entry,
    until: Timestamp,
) -> Result<(), OrderError> {
    own(entry)
        .col_expr(Column::Attempts, Expr::value(entry.attempts + 1))
        .col_expr(Column::NextAtUs, Expr::value(until.0))
        .exec(conn)
        .await?;
    Ok(())
}

/// Ends a step; false when it is over already. A sealed argument is forgotten with it.
pub async fn finish(
    conn: &impl ConnectionTrait,
    entry: &Entry,
    refusal: Option<&str>,
) -> Result<bool, OrderError> {
    let state = if refusal.is_some() { REFUSED } else { DONE };
    let update = own(entry)
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::Argument, Expr::value(""))
        .col_expr(Column::Reason, Expr::value(refusal.unwrap_or_default()));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Whether a step was given up while it was being made.
pub async fn was_dropped(conn: &impl ConnectionTrait, entry: &Entry) -> Result<bool, OrderError> {
    let row = Entity::find_by_id((entry.order_id.clone(), entry.position)).one(conn).await?;
    Ok(row.is_some_and(|row| row.state == DROPPED))
}

/// Gives open steps up.
pub async fn drop_open(conn: &impl ConnectionTrait, order_id: &str, which: Drop) -> Result<(), OrderError> {
    if which == Drop::None {
        return Ok(());
    }
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(DROPPED))
        .col_expr(Column::Argument, Expr::value(""))
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::State.eq(OPEN));
    if which == Drop::Forward {
        update = update.filter(Column::Compensation.eq(false));
    }
    update.exec(conn).await?;
    Ok(())
}

/// News of a refusal ends the operations whose forward steps are open: the steps keep the reason, and their callers lose them.
pub async fn lose(conn: &impl ConnectionTrait, order_id: &str, reason: &str) -> Result<(), OrderError> {
    let open = Condition::all()
        .add(Column::OrderId.eq(order_id))
        .add(Column::State.eq(OPEN))
        .add(Column::Compensation.eq(false))
        .add(Column::Operation.ne(""));
    let rows = Entity::find().filter(open.clone()).all(conn).await?;
    let noted = Entity::update_many().col_expr(Column::Reason, Expr::value(reason)).filter(open);
    noted.exec(conn).await?;
    for row in rows {
        disown(conn, order_id, &row.operation).await?;
    }
    Ok(())
}

/// Why an operation lost its steps to news that came before their answer; the newest such loss.
pub async fn lost(
    conn: &impl ConnectionTrait,
    order_id: &str,
    operation: &str,
) -> Result<Option<String>, OrderError> {
    let query = Entity::find()
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::Operation.eq(failed(operation)))
        .filter(Column::State.eq(DROPPED))
        .filter(Column::Reason.ne(""))
        .order_by_desc(Column::Position);
    Ok(query.one(conn).await?.map(|row| row.reason))
}

/// Why a step was given up while it was being made, when that was a refusal.
pub async fn dropped_because(
    conn: &impl ConnectionTrait,
    entry: &Entry,
) -> Result<Option<String>, OrderError> {
    let row = Entity::find_by_id((entry.order_id.clone(), entry.position)).one(conn).await?;
    let row = row.filter(|row| row.state == DROPPED && !row.reason.is_empty());
    Ok(row.map(|row| row.reason))
}

/// Whether a caller's operation is under way or done already, so that a repeat resumes it. A refused one was [`disown`]ed and
/// starts anew.
pub async fn knows(conn: &impl ConnectionTrait, order_id: &str, operation: &str) -> Result<bool, OrderError> {
    let query = Entity::find().filter(Column::OrderId.eq(order_id)).filter(Column::Operation.eq(operation));
    Ok(query.one(conn).await?.is_some())
}

/// What the steps of a refused operation are filed under.
pub fn failed(operation: &str) -> String {
    format!("{operation}/failed")
}

/// Takes the steps of an operation that was refused from its caller: a repeat does not find them.
pub async fn disown(conn: &impl ConnectionTrait, order_id: &str, operation: &str) -> Result<(), OrderError> {
    Entity::update_many()
        .col_expr(Column::Operation, Expr::value(failed(operation)))
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::Operation.eq(operation))
        .exec(conn)
        .await?;
    Ok(())
}

fn own(entry: &Entry) -> sea_orm::UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::OrderId.eq(entry.order_id.as_str()))
        .filter(Column::Position.eq(entry.position))
        .filter(Column::State.eq(OPEN))
}
