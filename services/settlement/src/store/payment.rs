//! Payments and their journal.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::{Rows, among, words};
use sea_orm::entity::prelude::*;
use sea_orm::{Iterable as _, QueryOrder, QuerySelect, Value};

use crate::domain::payment::{Journal, PaymentState, Step};
use crate::error::SettlementError;

mod entity {
    use sea_orm::entity::prelude::*;
    use serde::Deserialize;

    #[derive(Clone, Debug, PartialEq, Eq, Deserialize, DeriveEntityModel)]
    #[sea_orm(table_name = "payment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub payment_id: String,
        pub quote_id: String,
        pub order_id: String,
        pub person_id: String,
        pub fixmedins_code: String,
        pub region: String,
        pub insutype: String,
        pub agency: String,
        pub state: String,
        pub step: String,
        pub attempts: i64,
        pub next_at_us: i64,
        pub version: i64,
        pub legs: String,
        pub cash_fen: i64,
        pub freight_fen: i64,
        pub channel: String,
        pub channel_order_no: String,
        pub refund_no: String,
        pub msgid: String,
        pub reverse_msgid: String,
        pub setl_id: String,
        pub hold_expires_at_us: i64,
        pub captured_at_us: i64,
        pub refunded_fen: i64,
        pub failure_reason: String,
        pub refund_reason: String,
        pub created_at_us: i64,
        pub mobile: i64,
        pub returned_stas: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use entity::{ActiveModel, Column, Entity, Model};

fn to_model(journal: &Journal) -> Result<Model, SettlementError> {
    let j = journal.clone();
    Ok(Model {
        legs: serde_json::to_string(&j.legs).map_err(|_| SettlementError::Stored("payment legs"))?,
        payment_id: j.payment_id,
        quote_id: j.quote_id,
        order_id: j.order_id,
        person_id: j.person_id,
        fixmedins_code: j.fixmedins_code,
        region: j.region,
        insutype: j.insutype,
        agency: j.agency,
        state: j.state.as_str().to_owned(),
        step: j.step.as_str().to_owned(),
        attempts: j.attempts,
        next_at_us: j.next_at.0,
        version: j.version,
        cash_fen: j.cash.0,
        freight_fen: j.freight.0,
        channel: j.channel,
        channel_order_no: j.channel_order_no,
        refund_no: j.refund_no,
        msgid: j.msgid,
        reverse_msgid: j.reverse_msgid,
        setl_id: j.setl_id,
        hold_expires_at_us: j.hold_expires_at.0,
        captured_at_us: j.captured_at.0,
        refunded_fen: j.refunded.0,
        failure_reason: j.failure_reason,
        refund_reason: j.refund_reason,
        created_at_us: j.created_at.0,
        mobile: i64::from(j.mobile),
        returned_stas: i64::from(j.returned_stas),
    })
}

fn to_journal(m: Model) -> Result<Journal, SettlementError> {
    Ok(Journal {
        state: PaymentState::parse(&m.state).ok_or(SettlementError::Stored("payment state"))?,
        step: Step::parse(&m.step).ok_or(SettlementError::Stored("payment step"))?,
        legs: serde_json::from_str(&m.legs).map_err(|_| SettlementError::Stored("payment legs"))?,
        payment_id: m.payment_id,
        quote_id: m.quote_id,
        order_id: m.order_id,
        person_id: m.person_id,
        fixmedins_code: m.fixmedins_code,
        region: m.region,
        insutype: m.insutype,
        agency: m.agency,
        attempts: m.attempts,
        next_at: Timestamp(m.next_at_us),
        version: m.version,
        cash: Fen(m.cash_fen),
        freight: Fen(m.freight_fen),
        channel: m.channel,
        channel_order_no: m.channel_order_no,
        refund_no: m.refund_no,
        msgid: m.msgid,
        reverse_msgid: m.reverse_msgid,
        setl_id: m.setl_id,
        hold_expires_at: Timestamp(m.hold_expires_at_us),
        captured_at: Timestamp(m.captured_at_us),
        refunded: Fen(m.refunded_fen),
        failure_reason: m.failure_reason,
        refund_reason: m.refund_reason,
        created_at: Timestamp(m.created_at_us),
        mobile: m.mobile != 0,
        returned_stas: i32::try_from(m.returned_stas).map_err(|_| SettlementError::Stored("ordStas"))?,
    })
}

/// All columns of these payments, for one statement.
fn wide(journals: &[Journal]) -> Result<Rows, SettlementError> {
    let names: Vec<&'static str> = Column::iter().map(|column| column.as_str()).collect();
    let mut rows = Rows::new(&names);
    for journal in journals {
        let row: ActiveModel = to_model(journal)?.into();
        let cells = Column::iter().map(|column| row.get(column).into_value());
        let cells: Option<Vec<Value>> = cells.collect();
        rows.push_row(cells.ok_or(SettlementError::Stored("payment"))?);
    }
    Ok(rows)
}

pub fn inserting(conn: &impl ConnectionTrait, journals: &[Journal]) -> Result<Option<Part>, SettlementError> {
    Ok(wide(journals)?.inserted(conn, "payment", "")?)
}

/// Writes the rows if nobody has since they were read, and counts their versions up. It has to touch all of them: fewer mean that
/// somebody has written one, and nothing of the transaction may stay.
pub fn saving(conn: &impl ConnectionTrait, journals: &[Journal]) -> Result<Option<Part>, SettlementError> {
    let sets = Column::iter().map(|column| column.as_str()).filter(|name| *name != "payment_id");
    let sets = sets.map(|name| match name {
        "version" => "version = v.version + 1".to_owned(),
        name => format!("{name} = v.{name}"),
    });
    let sets = sets.collect::<Vec<_>>().join(", ");
    let rows = wide(journals)?;
    let update = |rows: &str| {
        format!(
            "UPDATE payment SET {sets} FROM {rows} \
             WHERE payment.payment_id = v.payment_id AND payment.version = v.version"
        )
    };
    Ok(rows.part(|| rows.joined(conn, update).map(Part::counted))?)
}

/// A payment as it is stored.
pub use entity::Model as Stored;

impl Stored {
    pub fn read(self) -> Result<Journal, SettlementError> {
        to_journal(self)
    }
}

/// These payments; the rows are [`Stored`].
pub fn named(conn: &impl ConnectionTrait, ids: &[&str]) -> Option<Part> {
    if ids.is_empty() {
        return None;
    }
    let sql = format!("SELECT * FROM payment WHERE payment_id {}", among(conn, 1));
    Some(Part::rows(super::statement(conn, &sql, [words(conn, ids.iter().copied())])))
}

/// Payments of these persons whose capture has begun; the rows are [`Stored`].
pub fn pending_of_all<'a>(
    conn: &impl ConnectionTrait,
    persons: impl IntoIterator<Item = &'a str>,
) -> Option<Part> {
    let mut persons = persons.into_iter().peekable();
    persons.peek()?;
    let sql = format!("SELECT * FROM payment WHERE person_id {} AND state = $2", among(conn, 1));
    let values = [words(conn, persons), PaymentState::Pending.as_str().into()];
    Some(Part::rows(super::statement(conn, &sql, values)))
}

/// The region a payment is booked in.
pub async fn region_of(
    conn: &impl ConnectionTrait,
    payment_id: &str,
) -> Result<Option<String>, SettlementError> {
    let sql = "SELECT region FROM payment WHERE payment_id = $1";
    let row = super::one(conn, sql, [payment_id.into()]).await?;
    row.map(|row| Ok(row.try_get("", "region")?)).transpose()
}

pub async fn find(conn: &impl ConnectionTrait, payment_id: &str) -> Result<Option<Journal>, SettlementError> {
    Entity::find_by_id(payment_id).one(conn).await?.map(to_journal).transpose()
}

/// The newest payment of an order.
pub async fn of_order(
    conn: &impl ConnectionTrait,
    order_id: &str,
) -> Result<Option<Journal>, SettlementError> {
    let found = Entity::find().filter(Column::OrderId.eq(order_id)).order_by_desc(Column::CreatedAtUs);
    found.one(conn).await?.map(to_journal).transpose()
}

pub async fn by_channel_order(
    conn: &impl ConnectionTrait,
    channel_order_no: &str,
) -> Result<Option<Journal>, SettlementError> {
    let found = Entity::find().filter(Column::ChannelOrderNo.eq(channel_order_no));
    found.one(conn).await?.map(to_journal).transpose()
}

/// A page of all payments in the order of their ids, for the auditor; a row that cannot be read stands as `None`.
pub async fn page(
    conn: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<(String, Option<Journal>)>, SettlementError> {
    let found =
        Entity::find().filter(Column::PaymentId.gt(after)).order_by_asc(Column::PaymentId).limit(limit);
    let read = |row: Model| (row.payment_id.clone(), to_journal(row).ok());
    Ok(found.all(conn).await?.into_iter().map(read).collect())
}

/// Payments by a number we gave them outside: at the channel, or the message's at the insurer.
pub async fn numbered(
    conn: &impl ConnectionTrait,
    column: Number,
    numbers: &[String],
) -> Result<Vec<Journal>, SettlementError> {
    let column = match column {
        Number::Channel => Column::ChannelOrderNo,
        Number::Message => Column::Msgid,
    };
    let found = Entity::find().filter(column.is_in(numbers.iter().map(String::as_str)));
    found.all(conn).await?.into_iter().map(to_journal).collect()
}

/// Whose number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Channel,
    Message,
}

/// Writes the row if nobody has since it was read, and counts its version up.
///
/// # Errors
/// [`SettlementError::LostRace`] when somebody has.
pub async fn save(conn: &impl ConnectionTrait, journal: &mut Journal) -> Result<(), SettlementError> {
    let read = journal.version;
    let mut row = to_model(journal)?;
    row.version = read + 1;
    let row: ActiveModel = row.into();
    let update = Entity::update_many()
        .set(row.reset_all())
        .filter(Column::PaymentId.eq(&journal.payment_id))
        .filter(Column::Version.eq(read));
    if update.exec(conn).await?.rows_affected == 1 {
        journal.version = read + 1;
        return Ok(());
    }
    Err(SettlementError::LostRace)
}

/// Running payments whose pause or lease is over, oldest first.
pub async fn due(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, SettlementError> {
    let running = [PaymentState::Pending.as_str(), PaymentState::Refunding.as_str()];
    let found = Entity::find()
        .filter(Column::State.is_in(running))
        .filter(Column::NextAtUs.lte(now.0))
        .order_by_asc(Column::NextAtUs)
        .limit(limit);
    Ok(found.select_only().column(Column::PaymentId).into_tuple().all(conn).await?)
}

/// Since when the oldest payment is open whose outcome is not known: since it was made, or, where late cash goes back, since
/// the notice of it.
pub async fn oldest_pending(conn: &impl ConnectionTrait) -> Result<Option<Timestamp>, SettlementError> {
    let sql = "SELECT MIN(COALESCE((SELECT MIN(late.raised_at_us) FROM raised_difference late \
               WHERE late.payment_id = payment.payment_id AND late.kind = $1 AND payment.step IN ($2, $3)), \
               payment.created_at_us)) AS since FROM payment WHERE payment.state = $4";
    let steps = [Step::ReturnCash, Step::Fail].map(Step::as_str);
    let values = [super::notice::AFTER_END, steps[0], steps[1], PaymentState::Pending.as_str()];
    let row = super::one(conn, sql, values.map(Into::into)).await?;
    let since: Option<i64> = row.map(|row| row.try_get("", "since")).transpose()?.flatten();
    Ok(since.map(Timestamp))
}

/// Payments of a person whose capture has begun.
pub async fn pending_of(
    conn: &impl ConnectionTrait,
    person_id: &str,
) -> Result<Vec<Journal>, SettlementError> {
    let found = Entity::find()
        .filter(Column::PersonId.eq(person_id))
        .filter(Column::State.eq(PaymentState::Pending.as_str()));
    found.all(conn).await?.into_iter().map(to_journal).collect()
}

/// Authorised payments whose hold has ended, oldest first.
pub async fn overdue(
    conn: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, SettlementError> {
    let found = Entity::find()
        .filter(Column::State.eq(PaymentState::Authorised.as_str()))
        .filter(Column::HoldExpiresAtUs.lte(now.0))
        .order_by_asc(Column::HoldExpiresAtUs)
        .limit(limit);
    Ok(found.select_only().column(Column::PaymentId).into_tuple().all(conn).await?)
}
