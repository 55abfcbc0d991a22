//! Reading prescriptions.

use liufang_platform::{Call, Principal, PrincipalKind};

use super::commands::Page;
use super::replies::PrescriptionPage;
use super::{App, Outcome};
use crate::domain::access::{Reader, View, own_part, shown, view};
use crate::domain::prescription::Prescription;
use crate::error::{Missing, PrescriptionError};
use crate::store;

impl App {
    /// One prescription, as its reader may see it.
    pub async fn get_prescription(&self, call: Call<String>) -> Outcome<Prescription> {
        let reader = reader(&call.meta.principal)?;
        let found = store::prescription::get(self.deps.db.read(), &self.deps.cipher, &call.body).await?;
        let missing = PrescriptionError::Missing(Missing::Prescription);
        let Some(record) = found else { return Err(missing) };
        if let Reader::Pharmacy(pharmacy) = &reader
            && view(&reader, &record.rx) != View::Full
        {
            let own = store::hand_out::standing(self.deps.db.read(), &call.body, pharmacy).await?;
            if !own.is_empty() {
                return Ok(own_part(record.rx, &own));
            }
        }
        shown(&reader, record.rx).ok_or(missing)
    }

    /// The patient's own, newest first.
    pub async fn list_my_prescriptions(&self, call: Call<Page>) -> Outcome<PrescriptionPage> {
        let person = call.meta.principal.person()?;
        let Page { size, after } = call.body;
        let (conn, cipher) = (self.deps.db.read(), &self.deps.cipher);
        // one more than asked tells whether there is a next page
        let mut rows = store::prescription::of_person(conn, cipher, person, after, size + 1).await?;
        let more = size < rows.len() as u64;
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = rows.last().map(|(at, record)| (*at, record.rx.hi_rxno.clone()));
        let items = rows.into_iter().map(|(_, record)| record.rx).collect();
        Ok(PrescriptionPage { items, next: last.filter(|_| more) })
    }
}

/// Who asks, in the domain's words.
pub(super) fn reader(principal: &Principal) -> Outcome<Reader> {
    Ok(match principal.kind {
        PrincipalKind::Service => Reader::Role,
        PrincipalKind::His => Reader::Hospital(principal.institution()?.to_owned()),
        PrincipalKind::Pos => Reader::Pharmacy(principal.institution()?.to_owned()),
        _ => Reader::Patient(principal.person()?.to_owned()),
    })
}
