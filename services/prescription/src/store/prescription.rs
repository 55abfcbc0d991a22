//! Prescriptions: the row with everything only this service may see, and the queries that find rows.

use liufang_kernel::Timestamp;
use liufang_platform::Cipher;
use sea_orm::ConnectionTrait;
use sea_orm::entity::prelude::*;

use super::{StoreError, line};
use crate::domain::lifecycle::Status;
use crate::domain::prescription::{Line, Prescription};

mod archive;
mod lists;
mod row;
mod series;

pub use archive::{archive, outlived};
pub use lists::{active_lines, at_counter, at_pharmacy, lapsed, of_person, overdue};
use row::{read, written};
pub use series::{later, postpone, restore};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prescription")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hi_rxno: String,
    pub trace_code: String,
    pub hosp_rxno: String,
    pub visit_id: String,
    pub person_id: String,
    pub hospital: String,
    pub doctor: String,
    pub disease: String,
    pub diagnosis: String,
    pub long_rx: bool,
    pub renews: String,
    pub issued_at_us: i64,
    pub valid_until_us: i64,
    pub findings_sealed: String,
    pub state: i32,
    pub review: i32,
    pub used: i32,
    pub nominee: String,
    pub holder: String,
    pub order_id: String,
    pub nominated_at_us: i64,
    pub claim_until_us: i64,
    pub token_hash: String,
    pub token_sealed: String,
    pub secret_hash: String,
    pub hospital_pharmacist: String,
    pub hospital_opinion_sealed: String,
    pub pharmacy_pharmacist: String,
    pub review_opinion_sealed: String,
    pub end_reason_sealed: String,
    pub document_sealed: String,
    pub doctor_signature: String,
    pub pharmacist_signature: String,
    pub doctor_key: String,
    pub pharmacist_key: String,
    pub version: i64,
    pub created_at_us: i64,
    pub revoke_asked: bool,
    pub series: String,
    pub use_no: i32,
    pub uses: i32,
    pub min_interval_days: i32,
    pub opens_at_us: i64,
    /// The opening as signed.
    pub planned_at_us: i64,
    /// The uses after the first, JSON; on the first alone.
    pub later_uses: String,
    pub handed: bool,
    pub keep_until_us: i64,
    pub archived_at_us: i64,
    /// Of the signed document, once it is gone.
    pub document_hash: String,
    pub second_pharmacist: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A prescription with what never leaves this service as a whole. Has no `Debug`.
#[derive(Clone)]
pub struct Record {
    pub rx: Prescription,
    pub nominated_at: Timestamp,
    /// When an unreviewed claim lapses; 0 while nobody holds it.
    pub claim_until: Timestamp,
    /// The present claim has handed out something.
    pub handed: bool,
    /// Until when it is kept; zero: no end is set.
    pub keep_until: Timestamp,
    /// Of the signed document, once it is gone.
    pub document_hash: String,
    /// Keyed hash of the circulation token; stays while the nomination stands, so that a second claim is told `HELD`.
    pub token_hash: String,
    /// The token itself, sealed: the nominated pharmacy reads it from its queue. Empty once claimed.
    pub token: String,
    /// Keyed hash of the claim secret; the secret is nowhere.
    pub secret_hash: String,
    pub hospital_opinion: String,
    /// Why it was revoked or given back last.
    pub end_reason: String,
    pub signed: Signed,
}

/// The canonical document and its signatures.
#[derive(Clone, Default)]
pub struct Signed {
    pub document: String,
    pub doctor_signature: String,
    pub pharmacist_signature: String,
    /// The keys that verified.
    pub doctor_key: String,
    pub pharmacist_key: String,
}

impl Record {
    /// As it begins: unsigned, chosen by nobody.
    pub fn new(rx: Prescription) -> Record {
        Record {
            rx,
            nominated_at: Timestamp(0),
            claim_until: Timestamp(0),
            handed: false,
            keep_until: Timestamp(0),
            document_hash: String::new(),
            token_hash: String::new(),
            token: String::new(),
            secret_hash: String::new(),
            hospital_opinion: String::new(),
            end_reason: String::new(),
            signed: Signed::default(),
        }
    }

    /// The moving part.
    pub fn status(&self) -> Status {
        let rx = &self.rx;
        Status {
            state: rx.state,
            review: rx.review,
            used: rx.used,
            doctor: rx.doctor.clone(),
            hospital_pharmacist: rx.hospital_pharmacist.clone(),
            pharmacy_pharmacist: rx.pharmacy_pharmacist.clone(),
            nominee: rx.nominee.clone(),
            holder: rx.holder.clone(),
            order_id: rx.order_id.clone(),
            valid_until: rx.valid_until,
            claim_until: self.claim_until,
            revoke_asked: rx.revoke_asked,
            handed: self.handed,
            opens_at: rx.series.opens_at,
        }
    }

    /// Takes over a decided status. Token and secret die with nomination and claim.
    pub fn put(&mut self, status: Status) {
        if status.nominee.is_empty() {
            self.token_hash.clear();
            self.token.clear();
        }
        if status.holder.is_empty() {
            self.secret_hash.clear();
        } else {
            self.token.clear();
        }
        self.claim_until = status.claim_until;
        self.handed = status.handed;
        let rx = &mut self.rx;
        rx.state = status.state;
        rx.review = status.review;
        rx.used = status.used;
        rx.hospital_pharmacist = status.hospital_pharmacist;
        rx.pharmacy_pharmacist = status.pharmacy_pharmacist;
        rx.nominee = status.nominee;
        rx.holder = status.holder;
        rx.order_id = status.order_id;
        rx.revoke_asked = status.revoke_asked;
    }
}

pub async fn get(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    hi_rxno: &str,
) -> Result<Option<Record>, StoreError> {
    one(conn, cipher, Entity::find_by_id(hi_rxno.to_owned())).await
}

/// By the keyed hash of a circulation token.
pub async fn by_token(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    token_hash: &str,
) -> Result<Option<Record>, StoreError> {
    one(conn, cipher, Entity::find().filter(Column::TokenHash.eq(token_hash))).await
}

/// A person's prescription by the hospital's own number.
pub async fn by_hospital_number(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    (hospital, number, person): (&str, &str, &str),
) -> Result<Option<Record>, StoreError> {
    let query = Entity::find()
        .filter(Column::Hospital.eq(hospital))
        .filter(Column::HospRxno.eq(number))
        .filter(Column::PersonId.eq(person));
    one(conn, cipher, query).await
}

/// Inserts a draft with its lines; [`StoreError::Exists`] when the hospital used its number before.
pub async fn insert(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    record: &Record,
    now: Timestamp,
) -> Result<(), StoreError> {
    Entity::insert(row::new(record, cipher, now)?).exec_without_returning(conn).await?;
    line::insert_all(conn, &record.rx.hi_rxno, &record.rx.lines).await
}

/// Writes everything that can change, decided on version `record.rx.version - 1`; false when somebody else was faster.
pub async fn advance(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    record: &Record,
) -> Result<bool, StoreError> {
    let changed = Entity::update_many()
        .set(written(record, cipher)?)
        .filter(Column::HiRxno.eq(&record.rx.hi_rxno))
        .filter(Column::Version.eq(record.rx.version - 1))
        .exec(conn)
        .await?;
    Ok(changed.rows_affected == 1)
}

async fn one(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    query: Select<Entity>,
) -> Result<Option<Record>, StoreError> {
    let rows: Vec<Model> = query.one(conn).await?.into_iter().collect();
    Ok(with_lines(conn, cipher, rows).await?.pop())
}

async fn with_lines(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    rows: Vec<Model>,
) -> Result<Vec<Record>, StoreError> {
    let numbers: Vec<String> = rows.iter().map(|row| row.hi_rxno.clone()).collect();
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let lines = line::of_all(conn, &numbers).await?;
    let own = |number: &str| {
        lines.iter().filter(|(rx, _)| rx == number).map(|(_, line)| line.clone()).collect::<Vec<Line>>()
    };
    rows.into_iter().map(|row| read(own(&row.hi_rxno), row, cipher)).collect()
}
