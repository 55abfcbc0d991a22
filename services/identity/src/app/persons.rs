//! Persons: import, the person's own view, what other roles may know, and who asked.

use liufang_kernel::document::Document;
use liufang_kernel::phone::Phone;
use liufang_kernel::{Sensitive, Timestamp};
use liufang_platform::rpc::Invalid;
use liufang_platform::{Begun, Call, CallMeta, PrincipalKind, Work};

use super::{App, Imported, RowProblem};
use crate::domain::access_purpose::AccessPurpose;
use crate::domain::person::{Health, Insurance, Person};
use crate::error::IdentityError;
use crate::store;
use crate::store::access::Reading;
use crate::wire::Row;
use crate::wire::page::Page;
use crate::{reasons, store::person::Imported as ImportedPerson};

/// Roles that may see a person's name, number and phone.
const CONTACT_ROLES: [&str; 2] = ["dispatch", "prescription"];

/// One row of an import.
pub struct PersonRow {
    pub name: Sensitive<String>,
    pub document: Document,
    pub phone: Option<Phone>,
    pub insurances: Vec<Insurance>,
    pub health: Health,
}

/// What another role asks.
pub struct ForService {
    pub person_id: String,
    pub purpose: AccessPurpose,
    pub with_contact: bool,
}

/// The caller's own data; masked when it travels through a purchase platform.
pub struct Me {
    pub person: Person,
    pub masked: bool,
}

/// What another role learns.
pub struct Told {
    pub person: Person,
    pub with_contact: bool,
}

/// A page of readings and the key of the next one.
pub struct Readings {
    pub records: Vec<Reading>,
    pub next: Option<String>,
}

impl App {
    /// Imports row by row; a refused row does not stop the others.
    pub async fn import_persons(&self, call: Call<Vec<Row<PersonRow>>>) -> Result<Imported, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut imported = Imported::default();
        for (row, index) in body.into_iter().zip(0_i32..) {
            match self.import_person(&work, row, index, &meta).await? {
                Ok(person_id) => imported.ids.push(person_id),
                Err(problem) => {
                    imported.ids.push(String::new());
                    imported.errors.push(problem);
                }
            }
        }
        Ok(work.commit(imported).await?)
    }

    /// While another region's insurance has not ended the person is not the caller's: a suspended row may be taken up again, a
    /// future one begins. Only the caller's own rows may be ended then.
    async fn import_person(
        &self,
        work: &Work,
        row: Row<PersonRow>,
        index: i32,
        meta: &CallMeta,
    ) -> Result<Result<String, RowProblem>, IdentityError> {
        let row = match row {
            Ok(row) => row,
            Err(violations) => {
                return Ok(Err(RowProblem::new(index, Invalid::reason(), violations.to_string())));
            }
        };
        let outside = |message: &str| RowProblem::new(index, &reasons::OUTSIDE_REGION, message);
        if !row.insurances.iter().all(|own| self.is_of_caller(own, meta)) {
            return Ok(Err(outside("insurances.insuplc_admdvs: not a place of the caller's region")));
        }
        let blind = self.vault.document_blind(&row.document);
        let today = meta.now.china_date();
        let known = store::person::find_by_certno(work.tx(), &self.vault, &blind).await?;
        let known_rows = known.iter().flat_map(|known| known.insurances.clone());
        let (own, elsewhere): (Vec<_>, Vec<_>) = known_rows.partition(|own| self.is_of_caller(own, meta));
        let mut person = ImportedPerson {
            name: row.name.reveal(),
            document: &row.document,
            phone: row.phone.as_ref().map_or("", |phone| phone.reveal()),
            insurances: &[],
            health: &row.health,
        };
        if let Some(known) = &known
            && elsewhere.iter().any(|row| !row.has_ended(today))
        {
            let ends = !row.insurances.is_empty() && row.insurances.iter().all(|own| own.has_ended(today));
            if own.is_empty() || !ends {
                return Ok(Err(outside("insurances: the person is insured outside the caller's region")));
            }
            // the person is not the caller's any more, who may only end what it began
            person = ImportedPerson {
                name: known.name.reveal(),
                document: &row.document,
                phone: "",
                insurances: &[],
                health: known.health.reveal(),
            };
        }
        // rows of other regions stay
        let insurances = [row.insurances.clone(), elsewhere].concat();
        person.insurances = &insurances;
        let fresh_id = self.deps.ids.next("per");
        Ok(Ok(store::person::import(work.tx(), &self.vault, &person, fresh_id, meta.now).await?))
    }

    /// An agency of one region speaks of insurance there.
    pub(super) fn is_of_caller(&self, row: &Insurance, meta: &CallMeta) -> bool {
        let region = &meta.principal.region;
        let pack = self.deps.regions.get(region);
        region.is_empty() || pack.is_some_and(|pack| pack.is_insured_place(&row.insured_place))
    }

    /// The caller's own data.
    pub async fn get_me(&self, call: Call<()>) -> Result<Me, IdentityError> {
        let person_id = call.meta.principal.person()?;
        let mut person = self.person(person_id).await?;
        person.verified = person.verified || self.is_ward(person_id, call.meta.now).await?;
        Ok(Me { person, masked: !call.meta.principal.client.is_empty() })
    }

    /// A person for another role. The reading is on record before anything is told.
    pub async fn get_person_for_service(&self, call: Call<ForService>) -> Result<Told, IdentityError> {
        let Call { meta, body } = call;
        let role = &meta.principal.subject;
        if !body.purpose.is_of(role) {
            return Err(IdentityError::PurposeNotAllowed);
        }
        if body.with_contact && !CONTACT_ROLES.contains(&role.as_str()) {
            return Err(IdentityError::ContactNotAllowed);
        }
        let mut person = self.person(&body.person_id).await?;
        person.verified = person.verified || self.is_ward(&body.person_id, meta.now).await?;
        self.note_readings(&[&body.person_id], role, body.purpose, meta.now).await?;
        Ok(Told { person, with_contact: body.with_contact })
    }

    /// Who read the caller's data, newest first.
    pub async fn list_access_records(&self, call: Call<Page>) -> Result<Readings, IdentityError> {
        let Call { meta, body: page } = call;
        let person_id = meta.principal.person()?;
        let limit = u64::try_from(page.size + 1).unwrap_or(u64::MAX);
        let db = self.deps.db.read();
        let mut records = store::access::page(db, person_id, page.after.as_deref(), limit).await?;
        let more = records.len() > page.size;
        records.truncate(page.size);
        let next = records.last().filter(|_| more).map(|last| last.record_id.clone());
        Ok(Readings { records, next })
    }

    async fn person(&self, person_id: &str) -> Result<Person, IdentityError> {
        let found = store::person::find(self.deps.db.read(), &self.vault, person_id).await?;
        found.ok_or(IdentityError::PersonNotFound)
    }

    pub(super) async fn note_readings(
        &self,
        persons: &[&str],
        reader: &str,
        purpose: AccessPurpose,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        if persons.is_empty() {
            return Ok(());
        }
        let work = self.deps.db.begin_step().await?;
        for person_id in persons {
            store::access::insert(work.tx(), person_id, self.reading(reader, purpose, now)).await?;
        }
        Ok(work.done().await?)
    }

    /// A reading made now.
    pub(super) fn reading(&self, reader: &str, purpose: AccessPurpose, now: Timestamp) -> Reading {
        let record_id = self.deps.ids.next("acr");
        Reading { record_id, reader: reader.to_owned(), purpose: purpose.word().to_owned(), at: now }
    }
}

/// How a caller is named in access records.
pub(super) fn reader_of(kind: PrincipalKind, subject: &str) -> String {
    format!("{}:{subject}", kind.label())
}
