//! One step of a prescription: load → decide → guarded write → feed → news, inside a given unit of work.

use liufang_kernel::Timestamp;
use liufang_platform::{DbFault, Work};

use super::{App, Outcome};
use crate::domain::access::{Reader, View, view};
use crate::domain::lifecycle::decide;
use crate::domain::operation::Operation;
use crate::error::{Missing, PrescriptionError};
use crate::events;
use crate::store::{self, prescription::Record};

/// How often a lost race is decided again before the caller is told to retry.
const TRIES: usize = 5;

/// What an edit did beyond the decided status.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Nothing,
    Changed,
}

impl App {
    /// Moves a prescription on. `plan` names the operation on the row as it stands, or refuses; `edit` completes the next
    /// row. When somebody else was faster the newer row is decided again, so the loser of a race hears the reason and not
    /// only that it lost. A step that changes nothing writes nothing.
    pub(super) async fn step(
        &self,
        work: &Work,
        hi_rxno: &str,
        now: Timestamp,
        plan: impl Fn(&Record) -> Outcome<Operation> + Send + Sync,
        edit: impl Fn(&mut Record) -> Outcome<Edit> + Send + Sync,
    ) -> Outcome<Record> {
        for _ in 0..TRIES {
            let before = self.load(work, hi_rxno).await?;
            let status = before.status();
            let next = decide(&status, &plan(&before)?, now)?;
            let still = next.status == status;
            let mut after = before.clone();
            after.put(next.status);
            if edit(&mut after)? == Edit::Nothing && still {
                return Ok(before);
            }
            after.rx.version += 1;
            if !store::prescription::advance(work.tx(), &self.deps.cipher, &after).await? {
                continue;
            }
            self.write_lines(work, &before, &after).await?;
            let (status, place) = (after.status(), (hi_rxno, after.rx.hospital.as_str()));
            store::change::note(work.tx(), place, &before.rx.nominee, &status, now).await?;
            for news in &next.news {
                events::push(work, &after.rx, news, now).await?;
            }
            return Ok(after);
        }
        Err(DbFault::LostRace.into())
    }

    async fn load(&self, work: &Work, hi_rxno: &str) -> Outcome<Record> {
        let found = store::prescription::get(work.tx(), &self.deps.cipher, hi_rxno).await?;
        found.ok_or(PrescriptionError::Missing(Missing::Prescription))
    }

    async fn write_lines(&self, work: &Work, before: &Record, after: &Record) -> Outcome<()> {
        let changed: Vec<_> = after
            .rx
            .lines
            .iter()
            .zip(&before.rx.lines)
            .filter(|(new, old)| new.dispensed != old.dispensed)
            .map(|(new, _)| new.as_use())
            .collect();
        Ok(store::line::put_dispensed(work.tx(), &after.rx.hi_rxno, &changed).await?)
    }
}

/// Edits nothing.
pub(super) fn no_edit(_: &mut Record) -> Outcome<Edit> {
    Ok(Edit::Nothing)
}

/// The pharmacy was chosen for it or holds it, or the row does not exist for it: how a prescription of others ended is not
/// its business.
pub(super) fn of_pharmacy(record: &Record, pharmacy: &str) -> Outcome<()> {
    match view(&Reader::Pharmacy(pharmacy.to_owned()), &record.rx) {
        View::Nothing => Err(PrescriptionError::Missing(Missing::Prescription)),
        View::Full | View::Outline => Ok(()),
    }
}

/// The row belongs to the calling hospital, or does not exist for it.
pub(super) fn of_hospital(record: &Record, hospital: &str) -> Outcome<()> {
    if record.rx.hospital == hospital {
        Ok(())
    } else {
        Err(PrescriptionError::Missing(Missing::Prescription))
    }
}
