//! Loading, in the order in which later rows need earlier ones.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use liufang_proto::identity::v1::{
    ImportGuardiansRequest, ImportInstitutionsRequest, ImportPersonsRequest, ImportPractitionersRequest,
};
use liufang_proto::inventory::v1::{ImportDrugsRequest, PublishListingsRequest, RecordMovementsRequest};
use liufang_proto::prescription::v1::PublishSlotsRequest;
use liufang_proto::settlement::v1::CreditAccountsRequest;

use super::report::SeedReport;
use super::rows::{PersonRow, PriceRow, StockRow};
use super::{Seed, SeedSet, cast, people, stock, visits};
use crate::client::{Gateway, Operator};

/// Rows of one call; every import takes at most 500.
const BATCH: usize = 200;
/// A refused load names so many rows.
const SHOWN: usize = 20;

/// One loading.
pub struct Loader {
    seed: Seed,
    gateway: Gateway,
    operator: Operator,
    set: SeedSet,
    report: SeedReport,
}

impl Loader {
    pub fn new(seed: Seed, gateway: &Gateway, operator_token: &str, set: SeedSet) -> Loader {
        let operator = Operator::new(gateway, operator_token);
        Loader { seed, gateway: gateway.clone(), operator, set, report: SeedReport::default() }
    }

    /// Sends everything; refused rows are an error, all of them named.
    pub async fn run(mut self) -> Result<SeedReport> {
        let started = Instant::now();
        self.institutions().await.context("institutions")?;
        self.practitioners().await.context("practitioners")?;
        self.drugs().await.context("drugs")?;
        self.persons().await.context("persons")?;
        self.guardians().await.context("guardians")?;
        self.machines().await.context("machine clients")?;
        self.hospitals().await.context("hospitals")?;
        self.pharmacies().await.context("pharmacies")?;
        self.report.took = started.elapsed();
        let refused = &self.report.refused;
        if !refused.is_empty() {
            let shown: Vec<_> = refused.iter().take(SHOWN).map(String::as_str).collect();
            bail!("{} seed rows were refused:\n  {}", refused.len(), shown.join("\n  "));
        }
        Ok(self.report)
    }

    async fn institutions(&mut self) -> Result<()> {
        for rows in self.seed.institutions.chunks(BATCH) {
            let rows: Vec<_> = rows.iter().map(people::institution).collect();
            self.report.count("institutions", rows.len());
            let reply = self.operator.import_institutions(ImportInstitutionsRequest { rows }).await?;
            self.report.refuse("institution", &reply.errors);
        }
        for notice in people::notices(&self.seed) {
            self.report.count("agreement changes", notice.rows.len());
            let reply = self.operator.import_agreement_notice(notice).await?;
            self.report.refuse("agreement change", &reply.errors);
        }
        Ok(())
    }

    async fn practitioners(&mut self) -> Result<()> {
        for rows in self.seed.practitioners.chunks(BATCH) {
            let rows = rows.iter().map(people::signer).collect::<Result<Vec<_>>>()?;
            self.report.count("practitioners", rows.len());
            let reply = self.operator.import_practitioners(ImportPractitionersRequest { rows }).await?;
            self.report.refuse("practitioner", &reply.errors);
        }
        self.certificates().await
    }

    /// Signing certificates of the demo authority. Where an installation does not trust it, nobody of the seed signs, unless it
    /// says `uncertified_keys`.
    async fn certificates(&mut self) -> Result<()> {
        for row in &self.seed.practitioners {
            match self.operator.register_certificate(people::certificate(row)?).await {
                Ok(_) => self.report.count("certificates", 1),
                Err(refusal) if refusal.reason == "CERTIFICATE_UNTRUSTED" => return Ok(()),
                Err(refusal) => return Err(refusal).context(row.code.clone()),
            }
        }
        Ok(())
    }

    async fn drugs(&mut self) -> Result<()> {
        for rows in self.seed.drugs.chunks(BATCH) {
            let rows: Vec<_> = rows.iter().map(stock::drug).collect();
            self.report.count("drugs", rows.len());
            let reply = self.operator.import_drugs(ImportDrugsRequest { rows }).await?;
            self.report.refuse("drug", &reply.errors);
        }
        Ok(())
    }

    async fn persons(&mut self) -> Result<()> {
        let chosen: Vec<&PersonRow> = self.seed.persons.iter().filter(|row| wanted(row, self.set)).collect();
        for chunk in chosen.chunks(BATCH) {
            let rows = chunk.iter().map(|row| people::person(row)).collect::<Result<Vec<_>>>()?;
            self.report.count("persons", rows.len());
            let reply = self.operator.import_persons(ImportPersonsRequest { rows }).await?;
            self.report.refuse("person", &reply.errors);
            let known = chunk.iter().zip(reply.person_ids).filter(|(_, id)| !id.is_empty());
            let ids: Vec<(&PersonRow, String)> = known.map(|(row, id)| (*row, id)).collect();
            let rows: Vec<_> = ids.iter().filter_map(|(row, id)| people::credit(row, id)).collect();
            self.report.count("credits", rows.len());
            let reply = self.operator.credit_accounts(CreditAccountsRequest { rows }).await?;
            self.report.refuse("credit", &reply.errors);
            self.report.fresh += usize::try_from(reply.taken).unwrap_or_default();
            self.report.person_ids.extend(ids.into_iter().map(|(row, id)| (row.row, id)));
        }
        Ok(())
    }

    async fn guardians(&mut self) -> Result<()> {
        let loaded = |row: u32| self.seed.person(row).is_ok_and(|person| wanted(person, self.set));
        let rows = self.seed.guardians.iter().filter(|row| loaded(row.child) && loaded(row.guardian));
        let rows = rows.map(|row| people::guardian(&self.seed, row)).collect::<Result<Vec<_>>>()?;
        self.report.count("guardians", rows.len());
        let reply = self.operator.import_guardians(ImportGuardiansRequest { rows }).await?;
        let mut errors = reply.errors;
        // loaded before
        errors.retain(|error| error.reason != "GUARDIAN_EXISTS");
        self.report.refuse("guardian", &errors);
        Ok(())
    }

    async fn machines(&mut self) -> Result<()> {
        for registration in cast::registrations(&self.seed)? {
            let name = registration.client_id.clone();
            self.operator.register_client(registration).await.context(name)?;
            self.report.count("machine clients", 1);
        }
        Ok(())
    }

    async fn hospitals(&mut self) -> Result<()> {
        for (hospital, rows) in stock::by_hospital(&self.seed, self.set) {
            let his = cast::his(&self.gateway, hospital)?;
            for chunk in rows.chunks(BATCH) {
                let rows: Vec<_> = chunk.iter().map(|row: &&PriceRow| stock::hospital_listing(row)).collect();
                self.report.count("listings", rows.len());
                let reply = his
                    .publish_listings(PublishListingsRequest { rows })
                    .await
                    .context(hospital.to_owned())?;
                self.report.refuse(hospital, &reply.errors);
            }
        }
        for (hospital, slots) in visits::slots(&self.seed, self.set, self.gateway.now()) {
            let his = cast::his(&self.gateway, hospital)?;
            for rows in slots.chunks(BATCH) {
                self.report.count("slots", rows.len());
                let body = PublishSlotsRequest { rows: rows.to_vec() };
                let reply = his.publish_slots(body).await.context(hospital.to_owned())?;
                self.report.refuse(hospital, &reply.errors);
            }
        }
        Ok(())
    }

    async fn pharmacies(&mut self) -> Result<()> {
        let now = self.gateway.now();
        for (pharmacy, rows) in stock::by_pharmacy(&self.seed, self.set) {
            let pos = cast::pos(&self.gateway, pharmacy)?;
            let listings = stock::shop_listings(&self.seed, &rows)?;
            for rows in listings.chunks(BATCH) {
                self.report.count("listings", rows.len());
                let body = PublishListingsRequest { rows: rows.to_vec() };
                let reply = pos.publish_listings(body).await.context(pharmacy.to_owned())?;
                self.report.refuse(pharmacy, &reply.errors);
            }
            for chunk in rows.chunks(BATCH) {
                let rows = chunk.iter().map(|row: &&StockRow| stock::purchase(&self.seed, row, now));
                let rows = rows.collect::<Result<Vec<_>>>()?;
                self.report.count("stock movements", rows.len());
                let body = RecordMovementsRequest { fixmedins_code: pharmacy.to_owned(), rows };
                let reply = pos.record_movements(body).await.context(pharmacy.to_owned())?;
                self.report.refuse(pharmacy, &reply.errors);
                self.report.fresh += usize::try_from(reply.taken).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// The people of the stories and some more around them.
fn wanted(row: &PersonRow, set: SeedSet) -> bool {
    set == SeedSet::Full || (1..=40).contains(&row.row) || (151..=190).contains(&row.row)
}
