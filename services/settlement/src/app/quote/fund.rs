//! How much of the year's benefit is used.

use liufang_platform::Cipher;

use super::CreateQuote;
use crate::domain::accumulate::{Addition, Scope};
use crate::domain::decide::Inputs;
use crate::domain::entitlement::{Entitlement, YearSoFar};
use crate::domain::lane::Books;
use crate::store;
use crate::store::accumulator::Year;

/// The year so far of somebody with a benefit row, and the accumulators it was read from.
pub(super) fn year_so_far(
    cipher: &Cipher,
    body: &CreateQuote,
    inputs: &Inputs,
    entitlement: &Entitlement<'_>,
    books: &Books,
) -> (YearSoFar, Vec<(Scope, Addition)>) {
    let Entitlement::Tiered { .. } = entitlement else { return (YearSoFar::default(), Vec::new()) };
    let year = inputs.year_of();
    let of = Year { person_id: &body.person_id, year, insutype: &inputs.insutype };
    let read = |scope: Scope| {
        let key = store::accumulator::key(cipher, of, &scope);
        (scope, books.years.get(&key).copied().unwrap_or_default())
    };
    let all = read(Scope::All);
    let disease = read(Scope::Disease(body.dise_codg.clone()));
    (YearSoFar { all: all.1, disease: disease.1 }, vec![all, disease])
}
