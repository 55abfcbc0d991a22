//! One holder at a time: claim, lost secret, giving back.

use liufang_kernel::Timestamp;
use liufang_kernel::region::RegionPack;
use liufang_platform::{Begun, Call};

use super::commands::GiveBack;
use super::examine::Subject;
use super::replies::{Claimed, Secret};
use super::transition::{Edit, of_pharmacy};
use super::{App, Outcome};
use crate::domain::lifecycle::decide;
use crate::domain::operation::Operation;
use crate::domain::prescription::Prescription;
use crate::domain::refusal::Refusal;
use crate::domain::rules::{self, Finding};
use crate::error::PrescriptionError;
use crate::rpc::identity::{self, Person};
use crate::signature::verifies;
use crate::store::{self, prescription::Record, sealed};

/// What a release was examined to.
pub(super) struct Admitted {
    /// For the label; personal.
    pub name: String,
    pub findings: Vec<Finding>,
    pub until: Timestamp,
}

impl App {
    /// Claims with the circulation token. The fresh secret is told once and kept as a keyed hash only; the signatures
    /// are checked again at release.
    pub async fn claim(&self, call: Call<String>) -> Outcome<Claimed> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let now = call.meta.now;
        let pharmacy = call.meta.principal.institution()?;
        let hash = self.deps.cipher.blind(sealed::TOKEN_HASH, &call.body);
        let found = store::prescription::by_token(self.deps.db.read(), &self.deps.cipher, &hash).await?;
        let record = found.ok_or(Refusal::TokenInvalid)?;
        let dry = Operation::Claim { pharmacy: pharmacy.to_owned(), until: now };
        // the losers of a race are turned away before a name is read
        decide(&record.status(), &dry, now)?;
        let Admitted { name, findings, until } = self.admitted_to_claim(&record, pharmacy, now).await?;
        let operation = Operation::Claim { pharmacy: pharmacy.to_owned(), until };
        let work = match self.deps.db.begin::<Claimed>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let secret = self.deps.ids.secret();
        let plan = |record: &Record| {
            // a newer nomination has another token
            if record.token_hash == hash { Ok(operation.clone()) } else { Err(Refusal::TokenInvalid.into()) }
        };
        let edit = |record: &mut Record| {
            record.secret_hash = self.secret_hash(&secret);
            record.rx.findings.clone_from(&findings);
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &record.rx.hi_rxno, now, plan, edit).await?;
        Ok(work.commit(Claimed { prescription: record.rx, secret, name }).await?)
    }

    /// What every release needs, with an order or without: good signatures, an agreement in force today before a name is
    /// read, and the rules once more.
    pub(super) async fn admitted_to_claim(
        &self,
        record: &Record,
        pharmacy: &str,
        now: Timestamp,
    ) -> Outcome<Admitted> {
        check_signatures(record)?;
        self.check_certificates(record).await?;
        let region = self.designated(pharmacy, now).await?;
        let person =
            identity::person(&self.deps.peers, &record.rx.person_id, identity::Purpose::Claim, true).await?;
        let pack = self.pack(&region)?;
        let findings = self.examined_again(record, &person, pack, now).await?;
        let deadlines = pack.deadlines(now.china_date()).ok_or(Refusal::NotDesignated("REGION"))?;
        let until = now.plus_seconds(i64::from(deadlines.claim_seconds));
        Ok(Admitted { name: person.identity.name, findings, until })
    }

    /// The region of a pharmacy whose agreement is in force today.
    pub(super) async fn designated(&self, pharmacy: &str, now: Timestamp) -> Outcome<String> {
        let institution = identity::institution(&self.deps.peers, pharmacy, now.china_date()).await?;
        if !institution.hospital.agreement_active {
            return Err(Refusal::NotDesignated("AGREEMENT").into());
        }
        Ok(institution.region)
    }

    /// The certificates both signed with are still relied on: one that was revoked from before the signature on, or because
    /// its key was compromised, ends what it signed.
    async fn check_certificates(&self, record: &Record) -> Outcome<()> {
        let (rx, signed) = (&record.rx, &record.signed);
        let pairs = [
            ("doctor_certificate", &rx.doctor, &signed.doctor_key),
            ("pharmacist_certificate", &rx.hospital_pharmacist, &signed.pharmacist_key),
        ];
        let mut bad = Vec::new();
        for (which, code, key) in pairs {
            let signer = identity::practitioner(&self.deps.peers, code).await?;
            if signer.is_some_and(|signer| !signer.relied_on(key, rx.issued_at)) {
                bad.push(which);
            }
        }
        if bad.is_empty() { Ok(()) } else { Err(Refusal::SignatureInvalid(bad).into()) }
    }

    /// The findings of issue, and after them what the rules find today and did not find then: a new allergy, another
    /// prescription, a drug that was taken off. The pharmacist sees the new warnings; a new block forbids the release.
    async fn examined_again(
        &self,
        record: &Record,
        person: &Person,
        pack: &RegionPack,
        now: Timestamp,
    ) -> Outcome<Vec<Finding>> {
        let rx = &record.rx;
        let drugs = self.catalogue(&rx.lines).await?;
        let today = self.examine(&Subject::of(rx), person, &drugs, pack, now).await?;
        let findings = rules::with_new(&rx.findings, today);
        if rules::blocked(&findings) { Err(PrescriptionError::Blocked(findings)) } else { Ok(findings) }
    }

    /// The holder lost the secret: the old one is void.
    pub async fn recover_secret(&self, call: Call<String>) -> Outcome<Secret> {
        let pharmacy = call.meta.principal.institution()?;
        let work = match self.deps.db.begin::<Secret>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let secret = self.deps.ids.secret();
        let plan = |record: &Record| {
            of_pharmacy(record, pharmacy)?;
            Ok(Operation::RecoverSecret { pharmacy: pharmacy.to_owned() })
        };
        let edit = |record: &mut Record| {
            record.secret_hash = self.secret_hash(&secret);
            Ok(Edit::Changed)
        };
        self.step(&work, &call.body, call.meta.now, plan, edit).await?;
        Ok(work.commit(Secret(secret)).await?)
    }

    /// Gives the prescription back; the secret dies with the claim.
    pub async fn give_back(&self, call: Call<GiveBack>) -> Outcome<Prescription> {
        let pharmacy = call.meta.principal.institution()?;
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let body = &call.body;
        let plan = |record: &Record| {
            of_pharmacy(record, pharmacy)?;
            let secret_matches = self.is_secret(record, body.secret.reveal());
            Ok(Operation::GiveBack { pharmacy: pharmacy.to_owned(), secret_matches })
        };
        let edit = |record: &mut Record| {
            record.end_reason.clone_from(body.reason.reveal());
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, call.meta.now, plan, edit).await?;
        Ok(work.commit(super::pharmacy_review::after_release(record.rx)).await?)
    }

    pub(super) fn secret_hash(&self, secret: &str) -> String {
        self.deps.cipher.blind(sealed::SECRET_HASH, secret)
    }

    /// Whether `secret` is the one of the present claim. Keyed hashes of 256-bit secrets are compared, so timing tells
    /// nothing about the secret.
    pub(super) fn is_secret(&self, record: &Record, secret: &str) -> bool {
        !record.secret_hash.is_empty() && record.secret_hash == self.secret_hash(secret)
    }
}

/// The stored document still carries both signatures.
fn check_signatures(record: &Record) -> Result<(), Refusal> {
    let signed = &record.signed;
    let document = signed.document.as_bytes();
    let pairs = [
        ("doctor", &signed.doctor_key, &signed.doctor_signature),
        ("pharmacist", &signed.pharmacist_key, &signed.pharmacist_signature),
    ];
    let bad: Vec<&'static str> = pairs
        .into_iter()
        .filter(|(_, key, own)| !verifies(key, own, document))
        .map(|(who, _, _)| who)
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(Refusal::SignatureInvalid(bad)) }
}
