//! Family mutual aid: file, consent, withdraw, list, and the check before a quote.

use liufang_kernel::document::Document;
use liufang_kernel::region::{RegionPack, Relation};
use liufang_kernel::{Date, Sensitive};
use liufang_platform::{Begun, Call, CallMeta};

use super::App;
use crate::domain::mutual_aid::{MutualAid, MutualAidState, check_filing, check_places, payers};
use crate::domain::person::same_name;
use crate::domain::throttle::HOLDER_GUESSES;
use crate::domain::verification::Purpose;
use crate::error::IdentityError;
use crate::store::{self, Connection};

/// Files mutual aid for the caller.
pub struct File {
    pub holder_name: Sensitive<String>,
    pub holder_document: Document,
    pub relation: Relation,
    pub region: String,
}

/// The holder's consent.
pub struct Consent {
    pub mutual_aid_id: String,
    pub verification_id: String,
}

/// Who may pay for whom, and when.
pub struct Check {
    pub beneficiary_person_id: String,
    pub holder_person_ids: Vec<String>,
    pub date: Date,
    pub region: String,
}

/// Asks what a region allows.
pub struct AskRules {
    pub region: String,
    pub date: Date,
}

/// Who may lend to whom.
pub struct Rules {
    pub relations: Vec<Relation>,
    pub payer_insutypes: Vec<String>,
    pub beneficiary_insutypes: Vec<String>,
    pub same_region: bool,
    /// Days a consent holds; 0 until it is withdrawn.
    pub filing_days: u32,
}

/// Filings of a person, or the payers of a check.
pub struct Filings(pub Vec<MutualAid>);

impl App {
    /// Files. Order of refusals: region, relation, holder not found, places, schemes, an existing filing.
    pub async fn file_mutual_aid(&self, call: Call<File>) -> Result<MutualAid, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body } = call;
        let beneficiary = meta.principal.person()?;
        let today = meta.now.china_date();
        let pack = self.pack(&body.region)?;
        if !pack.relation_allowed(body.relation, today) {
            return Err(IdentityError::RelationNotAllowed);
        }
        let counted = [("person", format!("holder:{beneficiary}"), HOLDER_GUESSES)];
        let (guess, attempts_left) = self.begin_guess(&counted, meta.now).await?;
        let blind = self.vault.document_blind(&body.holder_document);
        let holder = store::person::find_by_certno(guess.tx(), &self.vault, &blind).await?;
        let holder = holder.filter(|holder| same_name(holder.name.reveal(), body.holder_name.reveal()));
        let Some(holder) = holder else {
            guess.done().await?;
            return Err(IdentityError::HolderNotFound { attempts_left });
        };
        guess.cancel().await?;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        if holder.person_id == beneficiary {
            return Err(IdentityError::RelationNotAllowed);
        }
        let own = store::person::insurances(work.tx(), beneficiary).await?;
        check_filing(pack, body.relation, &holder.insurances, &own, today)?;
        store::mutual_aid::lapse(work.tx(), today, meta.now).await?;
        let region = &body.region;
        let living =
            store::mutual_aid::find_living(work.tx(), &holder.person_id, beneficiary, region).await?;
        if let Some(living) = living {
            return Err(IdentityError::MutualAidExists { mutual_aid_id: living.mutual_aid_id });
        }
        let filing = MutualAid {
            mutual_aid_id: self.deps.ids.next("aid"),
            holder_person_id: holder.person_id,
            beneficiary_person_id: beneficiary.to_owned(),
            relation: body.relation.word().to_owned(),
            region: body.region,
            state: MutualAidState::Filed,
            filed_at: meta.now,
            begin: None,
            end: None,
        };
        store::mutual_aid::insert(work.tx(), &filing).await?;
        // the filing tells the beneficiary that this person is known and insured here
        let reader = match meta.principal.actor() {
            Some(guardian) => super::acting::reader(guardian),
            None => super::persons::reader_of(meta.principal.kind, beneficiary),
        };
        let reading = self.reading(&reader, "file_mutual_aid", meta.now);
        store::access::insert(work.tx(), &filing.holder_person_id, reading).await?;
        Ok(work.commit(filing).await?)
    }

    /// The holder consents with a verification made for this. The region's rules are asked again on the day.
    pub async fn consent_mutual_aid(&self, call: Call<Consent>) -> Result<MutualAid, IdentityError> {
        let Call { meta, body } = call;
        let person_id = meta.principal.person()?;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut filing = self.own_filing(work.tx(), &body.mutual_aid_id, &meta).await?;
        if filing.holder_person_id != person_id {
            return Err(IdentityError::MutualAidNotFound);
        }
        let purposes = [Purpose::MutualAid];
        self.use_verification(&work, &body.verification_id, &purposes, Some(person_id), &meta).await?;
        if filing.state != MutualAidState::Filed {
            return Err(IdentityError::MutualAidState { state: filing.state });
        }
        let today = meta.now.china_date();
        let pack = self.pack(&filing.region)?;
        let relation = Relation::from_word(&filing.relation).ok_or(IdentityError::Stored("relation"))?;
        let holder = store::person::insurances(work.tx(), &filing.holder_person_id).await?;
        let beneficiary = store::person::insurances(work.tx(), &filing.beneficiary_person_id).await?;
        check_filing(pack, relation, &holder, &beneficiary, today)?;
        filing.consent(today, pack.deadlines(today).map(|rules| rules.mutual_aid_filing_days));
        store::mutual_aid::advance(work.tx(), &filing, MutualAidState::Filed).await?;
        Ok(work.commit(filing).await?)
    }

    /// Either side ends it.
    pub async fn withdraw_mutual_aid(&self, call: Call<String>) -> Result<MutualAid, IdentityError> {
        let Call { meta, body: mutual_aid_id } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut filing = self.own_filing(work.tx(), &mutual_aid_id, &meta).await?;
        let from = filing.state;
        if from == MutualAidState::Withdrawn {
            return Err(IdentityError::MutualAidState { state: from });
        }
        filing.withdraw(meta.now.china_date());
        store::mutual_aid::advance(work.tx(), &filing, from).await?;
        Ok(work.commit(filing).await?)
    }

    /// Filings where the caller is holder or beneficiary, newest first.
    pub async fn list_mutual_aid(&self, call: Call<()>) -> Result<Filings, IdentityError> {
        let person_id = call.meta.principal.person()?;
        Ok(Filings(store::mutual_aid::of_person(self.deps.db.read(), person_id).await?))
    }

    /// The filings that may pay. A named holder must have one and be insured here, and so must the patient; without
    /// names, whoever does not qualify is left out.
    pub async fn check_mutual_aid(&self, call: Call<Check>) -> Result<Filings, IdentityError> {
        let body = call.body;
        let db = self.deps.db.read();
        let pack = self.pack(&body.region)?;
        let all = store::mutual_aid::for_beneficiary(db, &body.beneficiary_person_id, &body.region).await?;
        let missing = |holder: &str| IdentityError::MutualAidNotFiled { holder_person_id: holder.to_owned() };
        let good = payers(&all, &body.holder_person_ids, body.date).map_err(missing)?;
        let own = store::person::insurances(db, &body.beneficiary_person_id).await?;
        let mut filings = Vec::with_capacity(good.len());
        for filing in good {
            let holder = store::person::insurances(db, &filing.holder_person_id).await?;
            match check_places(pack, &holder, &own, body.date) {
                Ok(()) => filings.push(filing.clone()),
                Err(refused) if !body.holder_person_ids.is_empty() => return Err(refused.into()),
                Err(_) => {}
            }
        }
        Ok(Filings(filings))
    }

    /// Who may lend to whom in a region on a date; no relation where there is no mutual aid then.
    pub fn mutual_aid_rules(&self, call: Call<AskRules>) -> Result<Rules, IdentityError> {
        let AskRules { region, date } = call.body;
        let pack = self.pack(&region)?;
        let own = pack.mutual_aid(date);
        let texts = |list: Option<&Vec<String>>| list.cloned().unwrap_or_default();
        Ok(Rules {
            relations: own.map(|own| own.relations.clone()).unwrap_or_default(),
            payer_insutypes: texts(own.map(|own| &own.payer_insutypes)),
            beneficiary_insutypes: texts(own.map(|own| &own.beneficiary_insutypes)),
            same_region: own.is_some_and(|own| own.same_region),
            filing_days: pack.deadlines(date).map_or(0, |rules| rules.mutual_aid_filing_days),
        })
    }

    fn pack(&self, region: &str) -> Result<&RegionPack, IdentityError> {
        self.deps.regions.get(region).ok_or(IdentityError::RegionUnknown)
    }

    /// A filing of the caller; another person's does not exist.
    async fn own_filing<C: Connection>(
        &self,
        connection: &C,
        mutual_aid_id: &str,
        meta: &CallMeta,
    ) -> Result<MutualAid, IdentityError> {
        let person_id = meta.principal.person()?;
        let filing = store::mutual_aid::find(connection, mutual_aid_id).await?;
        filing.filter(|filing| filing.concerns(person_id)).ok_or(IdentityError::MutualAidNotFound)
    }
}
