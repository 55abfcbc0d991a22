//! Protobuf to commands and back. Reading a request collects every violation.

pub mod certificate;
pub mod guardian;
pub mod institution;
pub mod mutual_aid;
pub mod page;
pub mod person;
pub mod practitioner;
pub mod provider;
pub mod token;
pub mod verification;

use liufang_kernel::document::{Document, DocumentType};
use liufang_kernel::timestamp::parse_date;
use liufang_kernel::{Date, Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1 as common;
use liufang_proto::identity::v1 as pb;

use crate::app::{Done, Imported, RowProblem};

/// Rows of one batch.
pub const MAX_ROWS: usize = 500;

/// A batch row as it was read: the row, or what is wrong with it.
pub type Row<T> = Result<T, Violations>;

/// Rows of a batch, each read on its own; only the size of the batch is a violation of the request.
fn rows<P, T>(rows: Vec<P>, read: impl Fn(P) -> Row<T>) -> Result<Vec<Row<T>>, Violations> {
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(Violations::of("rows", format!("must have 1 to {MAX_ROWS} rows")));
    }
    Ok(rows.into_iter().map(read).collect())
}

/// A required identifier.
fn id(field: &str, value: &str) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let value = violations.text(field, value, 128);
    violations.finish(Some(value))
}

/// A document by its type and number; `fields` are their names.
fn document(
    violations: &mut Violations,
    fields: (&str, &str),
    cert_type: &str,
    certno: &str,
    meta: &CallMeta,
) -> Option<Document> {
    let kind = DocumentType::from_code(cert_type);
    violations.check(kind.is_some(), fields.0, "must be empty, 01, 07, 08, 16 or 17");
    if kind.is_none() && certno.trim().is_empty() {
        violations.add(fields.1, "must not be empty");
    }
    violations.take(fields.1, Document::parse(kind?, certno, meta.now.china_date()))
}

/// A required `yyyy-MM-dd`.
fn date(violations: &mut Violations, field: &str, text: &str) -> Option<Date> {
    let date = parse_date(text);
    violations.check(date.is_some(), field, "must be a date yyyy-MM-dd");
    date
}

/// An optional `yyyy-MM-dd`; `Some(None)` when the field is empty.
fn optional_date(violations: &mut Violations, field: &str, text: &str) -> Option<Option<Date>> {
    if text.is_empty() { Some(None) } else { date(violations, field, text).map(Some) }
}

/// A date that defaults to today in China.
fn date_or_today(violations: &mut Violations, field: &str, text: &str, now: Timestamp) -> Option<Date> {
    optional_date(violations, field, text).map(|date| date.unwrap_or_else(|| now.china_date()))
}

impl From<RowProblem> for common::RowError {
    fn from(own: RowProblem) -> common::RowError {
        common::RowError { row: own.row, reason: own.reason, message: own.message }
    }
}

impl From<Imported> for pb::ImportPersonsResponse {
    fn from(own: Imported) -> pb::ImportPersonsResponse {
        let errors = own.errors.into_iter().map(Into::into).collect();
        pb::ImportPersonsResponse { person_ids: own.ids, errors }
    }
}

macro_rules! errors_only {
    ($($response:ident),*) => {$(
        impl From<Imported> for pb::$response {
            fn from(own: Imported) -> pb::$response {
                pb::$response { errors: own.errors.into_iter().map(Into::into).collect() }
            }
        }
    )*};
}
errors_only!(ImportInstitutionsResponse, ImportAgreementNoticeResponse, ImportPractitionersResponse);

macro_rules! done {
    ($($response:ident),*) => {$(
        impl From<Done> for pb::$response {
            fn from(_: Done) -> pb::$response {
                pb::$response {}
            }
        }
    )*};
}
done!(RevokeTokenResponse, RevokeSessionResponse, RegisterClientResponse);
