//! Institutions and agreements on the wire.

use liufang_kernel::codes::is_region_code;
use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1::GeoPoint;
use liufang_proto::identity::v1 as pb;

use super::{Row, date, date_or_today, page};
use crate::app::institutions::{Dated, Get, List, Listed, NoticeRow};
use crate::domain::agreement::{AgreementEvent, AgreementState, Change, Timeline};
use crate::domain::institution::{CAPABILITIES, Institution, InstitutionKind};
use crate::store::institution::Filter;

pub fn import(
    request: pb::ImportInstitutionsRequest,
    _: &CallMeta,
) -> Result<Vec<Row<Institution>>, Violations> {
    super::rows(request.rows, institution)
}

fn institution(row: pb::Institution) -> Row<Institution> {
    let mut violations = Violations::new();
    let kind = InstitutionKind::from_code(row.kind);
    violations.check(kind.is_some(), "kind", "must be HOSPITAL, PHARMACY or COMMUNITY");
    let fits = kind.is_none_or(|kind| kind.fits(&row.fixmedins_code));
    violations.check(fits, "fixmedins_code", "must be H or P, 6 + 5 digits, as the kind asks");
    let name = violations.text("fixmedins_name", &row.fixmedins_name, 200);
    let level_known = ["", "1", "2", "3"].contains(&row.level.as_str());
    violations.check(level_known, "level", "must be 1, 2, 3 or empty");
    violations.check(is_region_code(&row.admdvs), "admdvs", "must be six digits");
    violations.check(is_region_code(&row.region), "region", "must be six digits");
    let chain = violations.optional_text("chain", &row.chain, 100);
    let known = row.capabilities.iter().all(|word| CAPABILITIES.contains(&word.as_str()));
    violations.check(known, "capabilities", "must be known words");
    let address = violations.optional_text("address", &row.address, 300);
    let location = row.location.unwrap_or_default();
    let on_map =
        location.lat_e6.unsigned_abs() <= 90_000_000 && location.lng_e6.unsigned_abs() <= 180_000_000;
    violations.check(on_map, "location", "must be a point of the map in millionths of a degree");
    let events: Vec<AgreementEvent> =
        row.timeline.into_iter().filter_map(|own| event(&mut violations, own)).collect();
    let timeline = violations.take("timeline", Timeline::new(events));
    let own = kind.zip(timeline).map(|(kind, timeline)| Institution {
        code: row.fixmedins_code,
        name,
        kind,
        level: row.level,
        admdvs: row.admdvs,
        region: row.region,
        chain,
        capabilities: row.capabilities,
        lat_e6: location.lat_e6,
        lng_e6: location.lng_e6,
        address,
        timeline,
    });
    violations.finish(own)
}

fn event(violations: &mut Violations, row: pb::AgreementEvent) -> Option<AgreementEvent> {
    let effective = date(violations, "timeline.effective_date", &row.effective_date);
    let change = change(violations, "timeline.change", &row.change);
    let notice = violations.optional_text("timeline.notice", &row.notice, 100);
    Some(AgreementEvent { effective: effective?, change: change?, notice })
}

fn change(violations: &mut Violations, field: &str, word: &str) -> Option<Change> {
    let change = Change::from_word(word);
    violations.check(change.is_some(), field, "must be new, suspended, resumed, terminated or changed");
    change
}

pub fn notice(
    request: pb::ImportAgreementNoticeRequest,
    _: &CallMeta,
) -> Result<Vec<Row<NoticeRow>>, Violations> {
    let mut violations = Violations::new();
    let notice = violations.text("notice", &request.notice, 100);
    let rows = super::rows(request.rows, |row| notice_row(row, &notice));
    match rows {
        Ok(rows) => violations.finish(Some(rows)),
        Err(more) => {
            for (field, problem) in more.iter() {
                violations.add(field, problem);
            }
            Err(violations)
        }
    }
}

fn notice_row(row: pb::AgreementChange, notice: &str) -> Row<NoticeRow> {
    let mut violations = Violations::new();
    let fixmedins_code = violations.text("fixmedins_code", &row.fixmedins_code, 12);
    let effective = date(&mut violations, "effective_date", &row.effective_date);
    let change = change(&mut violations, "change", &row.change);
    let row = effective.zip(change).map(|(effective, change)| NoticeRow {
        fixmedins_code,
        event: AgreementEvent { effective, change, notice: notice.to_owned() },
    });
    violations.finish(row)
}

pub fn get(request: pb::GetInstitutionRequest, meta: &CallMeta) -> Result<Get, Violations> {
    let mut violations = Violations::new();
    let fixmedins_code = violations.text("fixmedins_code", &request.fixmedins_code, 12);
    let date: Option<Date> = date_or_today(&mut violations, "date", &request.date, meta.now);
    violations.finish(date.map(|date| Get { fixmedins_code, date }))
}

pub fn list(request: pb::ListInstitutionsRequest, meta: &CallMeta) -> Result<List, Violations> {
    let mut violations = Violations::new();
    let region = request.region;
    violations.check(region.is_empty() || is_region_code(&region), "region", "must be empty or six digits");
    let kind = InstitutionKind::from_code(request.kind);
    violations.check(kind.is_some() || request.kind == 0, "kind", "must be a known kind or unspecified");
    let capability = request.capability;
    let known = capability.is_empty() || CAPABILITIES.contains(&capability.as_str());
    violations.check(known, "capability", "must be empty or a known word");
    let date = date_or_today(&mut violations, "date", &request.date, meta.now);
    let page = page::read(&mut violations, request.page);
    let list = date.map(|date| List {
        filter: Filter { region, kind, capability },
        date,
        include_inactive: request.include_inactive,
        page,
    });
    violations.finish(list)
}

fn state(own: AgreementState) -> pb::AgreementState {
    match own {
        AgreementState::None => pb::AgreementState::Unspecified,
        AgreementState::Active => pb::AgreementState::Active,
        AgreementState::Suspended => pb::AgreementState::Suspended,
        AgreementState::Terminated => pb::AgreementState::Terminated,
    }
}

impl From<Dated> for pb::Institution {
    fn from(dated: Dated) -> pb::Institution {
        let own = dated.institution;
        let timeline = own.timeline.events().iter().map(|event| pb::AgreementEvent {
            effective_date: date_text(event.effective),
            change: event.change.word().to_owned(),
            notice: event.notice.clone(),
        });
        pb::Institution {
            timeline: timeline.collect(),
            fixmedins_code: own.code,
            fixmedins_name: own.name,
            kind: own.kind.code(),
            level: own.level,
            admdvs: own.admdvs,
            region: own.region,
            chain: own.chain,
            capabilities: own.capabilities,
            location: Some(GeoPoint { lat_e6: own.lat_e6, lng_e6: own.lng_e6 }),
            address: own.address,
            agreement_state: state(dated.state).into(),
        }
    }
}

impl From<Dated> for pb::GetInstitutionResponse {
    fn from(own: Dated) -> pb::GetInstitutionResponse {
        pb::GetInstitutionResponse { institution: Some(own.into()) }
    }
}

impl From<Listed> for pb::ListInstitutionsResponse {
    fn from(own: Listed) -> pb::ListInstitutionsResponse {
        pb::ListInstitutionsResponse {
            institutions: own.institutions.into_iter().map(Into::into).collect(),
            next_page_token: page::token(own.next.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_off_the_map_is_named() {
        let places =
            [(i32::MIN, 0), (0, i32::MIN), (90_000_001, 0), (0, -180_000_001), (-90_000_000, 180_000_000)];
        let wrong = places.map(|(lat_e6, lng_e6)| {
            let row = pb::Institution { location: Some(GeoPoint { lat_e6, lng_e6 }), ..Default::default() };
            let violations = institution(row).expect_err("empty names are refused too");
            violations.iter().any(|(field, _)| field == "location")
        });
        assert_eq!(wrong, [true, true, true, true, false]);
    }
}
