//! Mutual-aid filings.

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Timestamp};
use liufang_platform::DbFault;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, IntoActiveModel, Order, QueryOrder};

use crate::domain::mutual_aid::{CONSENT_DAYS, MutualAid, MutualAidState};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mutual_aid")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub mutual_aid_id: String,
    pub holder_person_id: String,
    pub beneficiary_person_id: String,
    pub relation: String,
    pub region: String,
    pub state: i32,
    pub filed_at_us: i64,
    pub begin_date: Option<String>,
    pub end_date: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A filing by its id.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    mutual_aid_id: &str,
) -> Result<Option<MutualAid>, IdentityError> {
    Entity::find_by_id(mutual_aid_id).one(connection).await?.map(read).transpose()
}

/// The waiting or active filing of a pair.
pub async fn find_living<C: ConnectionTrait>(
    connection: &C,
    holder: &str,
    beneficiary: &str,
    region: &str,
) -> Result<Option<MutualAid>, IdentityError> {
    let row = Entity::find()
        .filter(Column::HolderPersonId.eq(holder))
        .filter(Column::BeneficiaryPersonId.eq(beneficiary))
        .filter(Column::Region.eq(region))
        .filter(Column::State.ne(MutualAidState::Withdrawn.code()))
        .one(connection)
        .await?;
    row.map(read).transpose()
}

/// Filings of a person on either side, newest first.
pub async fn of_person<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
) -> Result<Vec<MutualAid>, IdentityError> {
    let either = Condition::any()
        .add(Column::HolderPersonId.eq(person_id))
        .add(Column::BeneficiaryPersonId.eq(person_id));
    list(connection, either, Order::Desc).await
}

/// Filings for a beneficiary in a region, in filing order.
pub async fn for_beneficiary<C: ConnectionTrait>(
    connection: &C,
    person_id: &str,
    region: &str,
) -> Result<Vec<MutualAid>, IdentityError> {
    let own = Condition::all().add(Column::BeneficiaryPersonId.eq(person_id)).add(Column::Region.eq(region));
    list(connection, own, Order::Asc).await
}

async fn list<C: ConnectionTrait>(
    connection: &C,
    condition: Condition,
    order: Order,
) -> Result<Vec<MutualAid>, IdentityError> {
    let rows = Entity::find()
        .filter(condition)
        .order_by(Column::FiledAtUs, order.clone())
        .order_by(Column::MutualAidId, order)
        .all(connection)
        .await?;
    rows.into_iter().map(read).collect()
}

/// Adds a filing; a living one of the same pair loses the race.
pub async fn insert<C: ConnectionTrait>(connection: &C, filing: &MutualAid) -> Result<(), IdentityError> {
    let row = Model {
        mutual_aid_id: filing.mutual_aid_id.clone(),
        holder_person_id: filing.holder_person_id.clone(),
        beneficiary_person_id: filing.beneficiary_person_id.clone(),
        relation: filing.relation.clone(),
        region: filing.region.clone(),
        state: filing.state.code(),
        filed_at_us: filing.filed_at.0,
        begin_date: filing.begin.map(date_text),
        end_date: filing.end.map(date_text),
    };
    super::once(Entity::insert(row.into_active_model()).exec_without_returning(connection).await)
}

/// Saves state and dates, when the filing is still in state `from`.
pub async fn advance<C: ConnectionTrait>(
    connection: &C,
    filing: &MutualAid,
    from: MutualAidState,
) -> Result<(), IdentityError> {
    let sql = "UPDATE mutual_aid SET state = $1, begin_date = $2, end_date = $3 WHERE mutual_aid_id = $4 AND state = $5";
    let values = [
        filing.state.code().into(),
        filing.begin.map(date_text).into(),
        filing.end.map(date_text).into(),
        filing.mutual_aid_id.clone().into(),
        from.code().into(),
    ];
    if super::run(connection, sql, values).await? == 1 { Ok(()) } else { Err(DbFault::LostRace.into()) }
}

/// Ends what has run out: active filings after their last day and filings nobody consented to.
pub async fn lapse<C: ConnectionTrait>(
    connection: &C,
    today: Date,
    now: Timestamp,
) -> Result<u64, IdentityError> {
    let withdrawn = MutualAidState::Withdrawn.code();
    let over = "UPDATE mutual_aid SET state = $1 WHERE state = $2 AND end_date < $3";
    let active = MutualAidState::Active.code();
    let mut lapsed =
        super::run(connection, over, [withdrawn.into(), active.into(), date_text(today).into()]).await?;
    let forgotten = "UPDATE mutual_aid SET state = $1 WHERE state = $2 AND filed_at_us < $3";
    let before = now.plus_days(-CONSENT_DAYS);
    let filed = MutualAidState::Filed.code();
    lapsed += super::run(connection, forgotten, [withdrawn.into(), filed.into(), before.0.into()]).await?;
    Ok(lapsed)
}

fn read(row: Model) -> Result<MutualAid, IdentityError> {
    Ok(MutualAid {
        state: super::stored(MutualAidState::from_code(row.state))?,
        filed_at: Timestamp(row.filed_at_us),
        begin: super::stored_end(row.begin_date.as_deref())?,
        end: super::stored_end(row.end_date.as_deref())?,
        mutual_aid_id: row.mutual_aid_id,
        holder_person_id: row.holder_person_id,
        beneficiary_person_id: row.beneficiary_person_id,
        relation: row.relation,
        region: row.region,
    })
}
