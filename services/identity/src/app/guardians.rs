//! Guardians of children: filed by the guardian or imported by the agency, decided, ended, listed.

use liufang_kernel::document::Document;
use liufang_kernel::sensitive::mask;
use liufang_kernel::{Date, Sensitive, Timestamp};
use liufang_platform::rpc::Invalid;
use liufang_platform::{Begun, Call, CallMeta, Principal, PrincipalKind, Work};
use serde::{Deserialize, Serialize};

use super::persons::reader_of;
use super::{App, Imported, RowProblem, serves};
use crate::domain::access_purpose::AccessPurpose;
use crate::domain::guardian::{
    Evidence, GuardianRelation, GuardianState, Guardianship, OF_AGE, PairRefused, check_pair,
    last_day_of_childhood,
};
use crate::domain::person::{Person, same_name};
use crate::domain::throttle::HOLDER_GUESSES;
use crate::domain::verification::Purpose;
use crate::error::IdentityError;
use crate::reasons;
use crate::store::{self, Connection};
use crate::wire::Row;
use crate::wire::page::Page;

/// A relation in an agency's books.
pub struct GuardianRow {
    pub guardian: Document,
    pub child: Document,
    pub relation: GuardianRelation,
    pub begin: Date,
    pub end: Option<Date>,
}

/// Files for the caller.
pub struct File {
    pub child_name: Sensitive<String>,
    pub child: Document,
    pub relation: GuardianRelation,
    pub evidence: Evidence,
    pub evidence_no: Sensitive<String>,
    pub verification_id: String,
}

/// The agency's decision.
pub struct Decide {
    pub guardianship_id: String,
    pub confirmed: bool,
}

/// A relation as it is shown; names are masked.
#[derive(Clone, Serialize, Deserialize)]
pub struct GuardianView {
    pub guardianship_id: String,
    pub guardian_person_id: String,
    pub child_person_id: String,
    pub relation: GuardianRelation,
    pub evidence: Option<Evidence>,
    pub state: GuardianState,
    pub region: String,
    pub begin: String,
    pub end: String,
    pub guardian_name: String,
    pub child_name: String,
}

/// Relations of a person.
pub struct Guardians(pub Vec<GuardianView>);

/// A page of filings and the key of the next one.
pub struct Filings {
    pub filings: Vec<Filing>,
    pub next: Option<String>,
}

/// What the agency decides on.
pub struct Filing {
    pub view: GuardianView,
    pub evidence_no: Sensitive<String>,
    pub filed_at: Timestamp,
}

impl App {
    /// Imports row by row; a refused row does not stop the others.
    pub async fn import_guardians(
        &self,
        call: Call<Vec<Row<GuardianRow>>>,
    ) -> Result<Imported, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        store::guardian::lapse(work.tx(), meta.now.china_date(), meta.now).await?;
        let mut imported = Imported::default();
        for (row, index) in body.into_iter().zip(0_i32..) {
            let told = match row {
                Ok(row) => self.import_guardian(&work, &row, index, &meta).await?,
                Err(wrong) => Err(RowProblem::new(index, Invalid::reason(), wrong.to_string())),
            };
            match told {
                Ok(guardianship_id) => imported.ids.push(guardianship_id),
                Err(problem) => {
                    imported.ids.push(String::new());
                    imported.errors.push(problem);
                }
            }
        }
        Ok(work.commit(imported).await?)
    }

    /// Order of refusals: unknown persons, region, ages, a living relation.
    async fn import_guardian(
        &self,
        work: &Work,
        row: &GuardianRow,
        index: i32,
        meta: &CallMeta,
    ) -> Result<Result<String, RowProblem>, IdentityError> {
        let problem = |reason, message: &str| Ok(Err(RowProblem::new(index, reason, message)));
        let Some(guardian) = self.of_document(work.tx(), &row.guardian).await? else {
            return problem(&reasons::PERSON_NOT_FOUND, "guardian_certno: no person has this document");
        };
        let Some(child) = self.of_document(work.tx(), &row.child).await? else {
            return problem(&reasons::PERSON_NOT_FOUND, "child_certno: no person has this document");
        };
        let today = meta.now.china_date();
        let Some((region, of_age)) =
            self.childhood(&child, today).filter(|(region, _)| serves(&meta.principal, region))
        else {
            return problem(&reasons::OUTSIDE_REGION, "child_certno: not insured in the caller's region");
        };
        match check_pair(child.birth_date, guardian.birth_date, of_age, today) {
            Err(PairRefused::NotAChild) => return problem(&reasons::NOT_A_CHILD, "child_certno: is of age"),
            Err(PairRefused::GuardianNotAdult) => {
                return problem(&reasons::GUARDIAN_NOT_ADULT, "guardian_certno: is not of age");
            }
            Ok(()) => {}
        }
        let living =
            store::guardian::of_pair(work.tx(), &self.vault, &guardian.person_id, &child.person_id).await?;
        let last_day = last_day_of_childhood(child.birth_date, of_age);
        if let Some(mut living) = living {
            // what the guardian filed is what the books say: confirmed
            if living.state != GuardianState::Filed {
                return problem(&reasons::GUARDIAN_EXISTS, "guardian_certno: already this child's guardian");
            }
            living.confirm(row.begin, row.end.unwrap_or(last_day).min(last_day));
            store::guardian::advance(work.tx(), &living, GuardianState::Filed).await?;
            return Ok(Ok(living.guardianship_id));
        }
        let own = Guardianship {
            guardianship_id: self.deps.ids.next("grd"),
            guardian_person_id: guardian.person_id,
            child_person_id: child.person_id,
            relation: row.relation,
            evidence: None,
            evidence_no: Sensitive::default(),
            region,
            state: GuardianState::Active,
            filed_at: meta.now,
            begin: Some(row.begin),
            end: Some(row.end.unwrap_or(last_day).min(last_day)),
        };
        store::guardian::insert(work.tx(), &self.vault, &own).await?;
        Ok(Ok(own.guardianship_id))
    }

    /// Files for the caller. Order of refusals: child not found, ages, region, a living relation, the verification.
    pub async fn file_guardian(&self, call: Call<File>) -> Result<GuardianView, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body } = call;
        let caller = meta.principal.person()?;
        let today = meta.now.china_date();
        let counted = [("person", format!("child:{caller}"), HOLDER_GUESSES)];
        let (guess, attempts_left) = self.begin_guess(&counted, meta.now).await?;
        let child = self.of_document(guess.tx(), &body.child).await?;
        let child = child.filter(|child| same_name(child.name.reveal(), body.child_name.reveal()));
        let Some(child) = child else {
            guess.done().await?;
            return Err(IdentityError::ChildNotFound { attempts_left });
        };
        guess.cancel().await?;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let guardian = store::person::find(work.tx(), &self.vault, caller).await?;
        let guardian = guardian.ok_or(IdentityError::PersonNotFound)?;
        let (region, of_age) = self.childhood(&child, today).ok_or(IdentityError::RegionUnknown)?;
        check_pair(child.birth_date, guardian.birth_date, of_age, today)?;
        store::guardian::lapse(work.tx(), today, meta.now).await?;
        let living = store::guardian::of_pair(work.tx(), &self.vault, caller, &child.person_id).await?;
        if let Some(living) = living {
            return Err(IdentityError::GuardianExists { guardianship_id: living.guardianship_id });
        }
        let purposes = [Purpose::Guardian];
        self.use_verification(&work, &body.verification_id, &purposes, Some(caller), &meta).await?;
        let own = Guardianship {
            guardianship_id: self.deps.ids.next("grd"),
            guardian_person_id: caller.to_owned(),
            child_person_id: child.person_id.clone(),
            relation: body.relation,
            evidence: Some(body.evidence),
            evidence_no: body.evidence_no,
            region,
            state: GuardianState::Filed,
            filed_at: meta.now,
            begin: None,
            end: None,
        };
        store::guardian::insert(work.tx(), &self.vault, &own).await?;
        // the filing tells the guardian that this child is known and insured here
        let reading = self.reading(&super::acting::reader(caller), AccessPurpose::FileGuardian, meta.now);
        store::access::insert(work.tx(), &child.person_id, reading).await?;
        Ok(work.commit(view(&own, Some(&guardian), Some(&child), today)).await?)
    }

    /// Filings that wait for the caller. That the agency looked is on record for both.
    pub async fn list_guardian_filings(&self, call: Call<Page>) -> Result<Filings, IdentityError> {
        let Call { meta, body: page } = call;
        let region = &meta.principal.region;
        let limit = u64::try_from(page.size + 1).unwrap_or(u64::MAX);
        let work = self.deps.db.begin_step().await?;
        let after = page.after.as_deref();
        let mut found = store::guardian::waiting(work.tx(), &self.vault, region, after, limit).await?;
        let more = found.len() > page.size;
        found.truncate(page.size);
        let next = found.last().filter(|_| more).map(|last| last.guardianship_id.clone());
        let reader = reader_of(meta.principal.kind, &meta.principal.subject);
        let mut filings = Vec::with_capacity(found.len());
        for own in found {
            for person_id in [&own.guardian_person_id, &own.child_person_id] {
                let reading = self.reading(&reader, AccessPurpose::DecideGuardian, meta.now);
                store::access::insert(work.tx(), person_id, reading).await?;
            }
            let view = self.guardian_view(work.tx(), &own, &meta).await?;
            filings.push(Filing { view, evidence_no: own.evidence_no, filed_at: own.filed_at });
        }
        work.done().await?;
        Ok(Filings { filings, next })
    }

    /// Confirms or refuses a filing. The child's age is looked at again on the day.
    pub async fn decide_guardian(&self, call: Call<Decide>) -> Result<GuardianView, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut own = self.guardianship(work.tx(), &body.guardianship_id, &meta.principal).await?;
        if own.state != GuardianState::Filed {
            let state = own.state_on(meta.now.china_date());
            return Err(IdentityError::GuardianState { state });
        }
        if body.confirmed {
            let today = meta.now.china_date();
            let child = store::person::find(work.tx(), &self.vault, &own.child_person_id).await?;
            let child = child.ok_or(IdentityError::PersonNotFound)?;
            let guardian = store::person::find(work.tx(), &self.vault, &own.guardian_person_id).await?;
            let guardian = guardian.ok_or(IdentityError::PersonNotFound)?;
            let of_age = self.of_age(&own.region);
            check_pair(child.birth_date, guardian.birth_date, of_age, today)?;
            own.confirm(today, last_day_of_childhood(child.birth_date, of_age));
        } else {
            own.state = GuardianState::Refused;
        }
        store::guardian::advance(work.tx(), &own, GuardianState::Filed).await?;
        let view = self.guardian_view(work.tx(), &own, &meta).await?;
        Ok(work.commit(view).await?)
    }

    /// Ends a relation from this moment on, or takes a filing back.
    pub async fn end_guardian(&self, call: Call<String>) -> Result<GuardianView, IdentityError> {
        let Call { meta, body: guardianship_id } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut own = self.guardianship(work.tx(), &guardianship_id, &meta.principal).await?;
        let today = meta.now.china_date();
        let from = own.state;
        if !matches!(own.state_on(today), GuardianState::Filed | GuardianState::Active) {
            return Err(IdentityError::GuardianState { state: own.state_on(today) });
        }
        own.finish(today);
        store::guardian::advance(work.tx(), &own, from).await?;
        let view = self.guardian_view(work.tx(), &own, &meta).await?;
        Ok(work.commit(view).await?)
    }

    /// Relations where the caller is guardian or child, newest first.
    pub async fn list_guardians(&self, call: Call<()>) -> Result<Guardians, IdentityError> {
        let person_id = call.meta.principal.person()?;
        let db = self.deps.db.read();
        let mut views = Vec::new();
        for own in store::guardian::of_person(db, &self.vault, person_id).await? {
            views.push(self.guardian_view(db, &own, &call.meta).await?);
        }
        Ok(Guardians(views))
    }

    /// A relation the caller may decide about: a guardian's own, or one of the caller's region. Another's does not exist.
    async fn guardianship<C: Connection>(
        &self,
        connection: &C,
        guardianship_id: &str,
        principal: &Principal,
    ) -> Result<Guardianship, IdentityError> {
        let found = store::guardian::find(connection, &self.vault, guardianship_id).await?;
        let own = found.ok_or(IdentityError::GuardianNotFound)?;
        match principal.kind {
            PrincipalKind::Patient if own.guardian_person_id != principal.subject => {
                Err(IdentityError::GuardianNotFound)
            }
            PrincipalKind::Patient => Ok(own),
            _ if serves(principal, &own.region) => Ok(own),
            _ => Err(IdentityError::OutsideRegion),
        }
    }

    async fn of_document<C: Connection>(
        &self,
        connection: &C,
        document: &Document,
    ) -> Result<Option<Person>, IdentityError> {
        let blind = self.vault.document_blind(document);
        store::person::find_by_certno(connection, &self.vault, &blind).await
    }

    /// The region a child is insured in, and the age its people come of age at.
    fn childhood(&self, child: &Person, today: Date) -> Option<(String, u32)> {
        let region = self.region_of(&child.insurances, today)?.region.code.clone();
        let of_age = self.of_age(&region);
        Some((region, of_age))
    }

    fn of_age(&self, region: &str) -> u32 {
        self.deps.regions.get(region).and_then(|pack| pack.region.child_under_age).unwrap_or(OF_AGE)
    }

    async fn guardian_view<C: Connection>(
        &self,
        connection: &C,
        own: &Guardianship,
        meta: &CallMeta,
    ) -> Result<GuardianView, IdentityError> {
        let guardian = store::person::find(connection, &self.vault, &own.guardian_person_id).await?;
        let child = store::person::find(connection, &self.vault, &own.child_person_id).await?;
        Ok(view(own, guardian.as_ref(), child.as_ref(), meta.now.china_date()))
    }
}

/// Whoever was erased has no name any more.
fn view(own: &Guardianship, guardian: Option<&Person>, child: Option<&Person>, today: Date) -> GuardianView {
    let name = |person: Option<&Person>| person.map_or_else(String::new, |person| mask(person.name.reveal()));
    GuardianView {
        guardianship_id: own.guardianship_id.clone(),
        guardian_person_id: own.guardian_person_id.clone(),
        child_person_id: own.child_person_id.clone(),
        relation: own.relation,
        evidence: own.evidence,
        state: own.state_on(today),
        region: own.region.clone(),
        begin: crate::domain::day::text(own.begin),
        end: crate::domain::day::text(own.end),
        guardian_name: name(guardian),
        child_name: name(child),
    }
}
