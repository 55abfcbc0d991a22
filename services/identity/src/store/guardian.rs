//! Guardians and their children.

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Timestamp};
use liufang_platform::DbFault;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, IntoActiveModel, QueryOrder, QuerySelect};

use super::vault::{Column as Sealed, Vault};
use crate::domain::guardian::{DECISION_DAYS, Evidence, GuardianRelation, GuardianState, Guardianship};
use crate::error::IdentityError;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guardianship")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub guardianship_id: String,
    pub guardian_person_id: String,
    pub child_person_id: String,
    pub relation: i32,
    pub evidence: i32,
    pub evidence_no_sealed: String,
    pub region: String,
    pub state: i32,
    pub filed_at_us: i64,
    pub begin_date: Option<String>,
    pub end_date: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A relation by its id.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    guardianship_id: &str,
) -> Result<Option<Guardianship>, IdentityError> {
    let row = Entity::find_by_id(guardianship_id).one(connection).await?;
    row.map(|row| read(vault, row)).transpose()
}

/// The waiting or active relation of a pair.
pub async fn of_pair<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    guardian: &str,
    child: &str,
) -> Result<Option<Guardianship>, IdentityError> {
    let row = Entity::find()
        .filter(Column::GuardianPersonId.eq(guardian))
        .filter(Column::ChildPersonId.eq(child))
        .filter(Column::State.is_in([GuardianState::Filed.code(), GuardianState::Active.code()]))
        .one(connection)
        .await?;
    row.map(|row| read(vault, row)).transpose()
}

/// Relations of a person on either side, newest first.
pub async fn of_person<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    person_id: &str,
) -> Result<Vec<Guardianship>, IdentityError> {
    let either =
        Condition::any().add(Column::GuardianPersonId.eq(person_id)).add(Column::ChildPersonId.eq(person_id));
    let rows = Entity::find().filter(either).order_by_desc(Column::GuardianshipId).all(connection).await?;
    rows.into_iter().map(|row| read(vault, row)).collect()
}

/// Whether somebody may act for a child on `today`.
pub async fn has_guardian<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    child: &str,
    today: Date,
) -> Result<bool, IdentityError> {
    let rows = Entity::find()
        .filter(Column::ChildPersonId.eq(child))
        .filter(Column::State.eq(GuardianState::Active.code()))
        .all(connection)
        .await?;
    for row in rows {
        if read(vault, row)?.covers(today) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Filings that wait, oldest first, after the one `after`; an empty region is every region.
pub async fn waiting<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    region: &str,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Guardianship>, IdentityError> {
    let mut query = Entity::find().filter(Column::State.eq(GuardianState::Filed.code()));
    if !region.is_empty() {
        query = query.filter(Column::Region.eq(region));
    }
    if let Some(after) = after {
        query = query.filter(Column::GuardianshipId.gt(after));
    }
    let rows = query.order_by_asc(Column::GuardianshipId).limit(limit).all(connection).await?;
    rows.into_iter().map(|row| read(vault, row)).collect()
}

/// Adds a relation; a living one of the same pair loses the race.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    vault: &Vault,
    own: &Guardianship,
) -> Result<(), IdentityError> {
    let row = Model {
        guardianship_id: own.guardianship_id.clone(),
        guardian_person_id: own.guardian_person_id.clone(),
        child_person_id: own.child_person_id.clone(),
        relation: own.relation.code(),
        evidence: own.evidence.map_or(0, Evidence::code),
        evidence_no_sealed: vault.seal(Sealed::EvidenceNo, own.evidence_no.reveal()),
        region: own.region.clone(),
        state: own.state.code(),
        filed_at_us: own.filed_at.0,
        begin_date: own.begin.map(date_text),
        end_date: own.end.map(date_text),
    };
    super::once(Entity::insert(row.into_active_model()).exec_without_returning(connection).await)
}

/// Saves state and dates; loses the race when the state is no longer `from`.
pub async fn advance<C: ConnectionTrait>(
    connection: &C,
    own: &Guardianship,
    from: GuardianState,
) -> Result<(), IdentityError> {
    let sql = "UPDATE guardianship SET state = $1, begin_date = $2, end_date = $3 \
               WHERE guardianship_id = $4 AND state = $5";
    let values = [
        own.state.code().into(),
        own.begin.map(date_text).into(),
        own.end.map(date_text).into(),
        own.guardianship_id.clone().into(),
        from.code().into(),
    ];
    let moved = super::run(connection, sql, values).await?;
    if moved == 1 { Ok(()) } else { Err(DbFault::LostRace.into()) }
}

/// Ends relations whose last day is over, and filings nobody decided.
pub async fn lapse<C: ConnectionTrait>(
    connection: &C,
    today: Date,
    now: Timestamp,
) -> Result<u64, IdentityError> {
    let ended = GuardianState::Ended.code();
    let over = "UPDATE guardianship SET state = $1 WHERE state = $2 AND end_date < $3";
    let active = GuardianState::Active.code();
    let mut lapsed =
        super::run(connection, over, [ended.into(), active.into(), date_text(today).into()]).await?;
    let undecided = "UPDATE guardianship SET state = $1 WHERE state = $2 AND filed_at_us < $3";
    let before = now.plus_days(-DECISION_DAYS);
    let filed = GuardianState::Filed.code();
    lapsed += super::run(connection, undecided, [ended.into(), filed.into(), before.0.into()]).await?;
    Ok(lapsed)
}

fn read(vault: &Vault, row: Model) -> Result<Guardianship, IdentityError> {
    let evidence = match row.evidence {
        0 => None,
        code => Some(super::stored(Evidence::from_code(code))?),
    };
    Ok(Guardianship {
        relation: super::stored(GuardianRelation::from_code(row.relation))?,
        evidence,
        evidence_no: vault.open(Sealed::EvidenceNo, &row.evidence_no_sealed)?,
        state: super::stored(GuardianState::from_code(row.state))?,
        filed_at: Timestamp(row.filed_at_us),
        begin: super::stored_end(row.begin_date.as_deref())?,
        end: super::stored_end(row.end_date.as_deref())?,
        guardianship_id: row.guardianship_id,
        guardian_person_id: row.guardian_person_id,
        child_person_id: row.child_person_id,
        region: row.region,
    })
}
