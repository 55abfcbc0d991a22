//! Whether a follow-up visit may be booked (`domain.md` §9.3; internet diagnosis art. 16: never a first visit).

use liufang_kernel::region::{HospitalLevel, RegionPack, SchemeKind};
use liufang_kernel::{Date, Fen, Timestamp};

use super::refusal::Refusal;
use super::slot::Slot;

/// Capability an institution of the scheme needs.
pub const CHRONIC_RENEWAL: &str = "chronic_renewal";

/// A chronic disease registered for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub disease: String,
    pub from: Date,
    /// Last day; `None` while it lasts.
    pub to: Option<Date>,
}

impl Registration {
    /// Whether it is in force on `date`; both ends belong to it.
    pub fn covers(&self, date: Date) -> bool {
        self.from <= date && self.to.is_none_or(|last| date <= last)
    }
}

/// What booking needs to know of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    pub verified: bool,
    pub registrations: Vec<Registration>,
}

/// What booking needs to know of the hospital, on the day of the slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hospital {
    pub agreement_active: bool,
    pub capabilities: Vec<String>,
    pub level: Option<HospitalLevel>,
}

/// What the patient asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish<'a> {
    pub disease: &'a str,
    pub first_rx_ref: &'a str,
}

/// Whether `disease` is registered on `date`; both ends belong to it.
///
/// # Errors
/// [`Refusal::DiseaseNotRegistered`].
pub fn check_registered(registrations: &[Registration], disease: &str, date: Date) -> Result<(), Refusal> {
    let covers = |row: &Registration| {
        row.disease == disease && row.from <= date && row.to.is_none_or(|last| date <= last)
    };
    if registrations.iter().any(covers) { Ok(()) } else { Err(Refusal::DiseaseNotRegistered) }
}

/// Whether the hospital takes part on the day.
///
/// # Errors
/// [`Refusal::NotDesignated`] says whether the agreement or the capability is missing.
pub fn check_designated(hospital: &Hospital) -> Result<(), Refusal> {
    if !hospital.agreement_active {
        Err(Refusal::NotDesignated("AGREEMENT"))
    } else if !hospital.capabilities.iter().any(|capability| capability == CHRONIC_RENEWAL) {
        Err(Refusal::NotDesignated("CAPABILITY"))
    } else {
        Ok(())
    }
}

/// Checks a booking and answers the consultation fee 诊察费 of the hospital's level.
///
/// Order: person verified → hospital designated → follow-up → disease in the scheme → registered → slot.
///
/// # Errors
/// The first refusal in that order.
pub fn check(
    wish: &Wish<'_>,
    slot: &Slot,
    patient: &Patient,
    hospital: &Hospital,
    pack: &RegionPack,
    now: Timestamp,
) -> Result<Fen, Refusal> {
    if !patient.verified {
        return Err(Refusal::IdentityNotVerified);
    }
    check_designated(hospital)?;
    let date = slot.starts_at.china_date();
    let first_allowed = pack.prescription_limits(date).is_some_and(|limits| limits.first_visit_online);
    if wish.first_rx_ref.is_empty() && !first_allowed {
        return Err(Refusal::FirstVisitOnline);
    }
    let scheme = pack.scheme(SchemeKind::ChronicRenewal, date).ok_or(Refusal::DiseaseNotInScheme)?;
    scheme.disease(wish.disease).ok_or(Refusal::DiseaseNotInScheme)?;
    check_registered(&patient.registrations, wish.disease, date)?;
    if slot.ends_at <= now {
        return Err(Refusal::SlotOver);
    }
    if slot.available <= 0 {
        return Err(Refusal::SlotFull);
    }
    let level = hospital.level.ok_or(Refusal::FeeUnknown)?;
    pack.consultation_fee(level, date).map(|fee| fee.fee_fen).ok_or(Refusal::FeeUnknown)
}

#[cfg(test)]
mod tests {
    use liufang_kernel::timestamp::parse_date;

    use super::*;

    fn date(text: &str) -> Date {
        parse_date(text).unwrap()
    }

    fn pack() -> RegionPack {
        RegionPack::parse(include_str!("../../../../deploy/regions/qinhuangdao.toml")).unwrap()
    }

    fn outcome(
        edit: impl FnOnce(&mut Wish<'_>, &mut Slot, &mut Patient, &mut Hospital),
    ) -> Result<Fen, Refusal> {
        let now = Timestamp::start_of(date("2026-11-22"));
        let mut wish = Wish { disease: "M03900", first_rx_ref: "R1" };
        let mut slot = Slot {
            slot_id: "s".into(),
            hospital: "H".into(),
            department: "d".into(),
            doctor: "D".into(),
            doctor_name: "n".into(),
            starts_at: now.plus_seconds(60),
            ends_at: now.plus_seconds(600),
            capacity: 1,
            available: 1,
        };
        let from = date("2025-01-01");
        let mut patient = Patient {
            verified: true,
            registrations: vec![Registration { disease: "M03900".into(), from, to: None }],
        };
        let mut hospital = Hospital {
            agreement_active: true,
            capabilities: vec![CHRONIC_RENEWAL.into()],
            level: Some(HospitalLevel::Three),
        };
        edit(&mut wish, &mut slot, &mut patient, &mut hospital);
        check(&wish, &slot, &patient, &hospital, &pack(), now)
    }

    #[test]
    fn the_fee_follows_the_level() {
        let three = outcome(|_, _, _, _| {}).unwrap();
        let two = outcome(|_, _, _, hospital| hospital.level = Some(HospitalLevel::Two)).unwrap();
        assert!(two < three);
        assert_eq!(outcome(|_, _, _, hospital| hospital.level = None), Err(Refusal::FeeUnknown));
    }

    #[test]
    fn every_refusal() {
        assert_eq!(outcome(|_, _, p, _| p.verified = false), Err(Refusal::IdentityNotVerified));
        assert_eq!(outcome(|w, _, _, _| w.first_rx_ref = ""), Err(Refusal::FirstVisitOnline));
        assert_eq!(outcome(|w, _, _, _| w.disease = "M05300"), Err(Refusal::DiseaseNotInScheme));
        assert_eq!(outcome(|w, _, _, _| w.disease = "M01600"), Err(Refusal::DiseaseNotRegistered));
        assert_eq!(
            outcome(|_, _, p, _| p.registrations[0].to = Some(date("2026-11-21"))),
            Err(Refusal::DiseaseNotRegistered)
        );
        assert_eq!(outcome(|_, s, _, _| s.available = 0), Err(Refusal::SlotFull));
        assert_eq!(outcome(|_, s, _, _| s.ends_at = Timestamp(0)), Err(Refusal::SlotOver));
        assert_eq!(
            outcome(|_, _, _, h| h.agreement_active = false),
            Err(Refusal::NotDesignated("AGREEMENT"))
        );
        assert_eq!(outcome(|_, _, _, h| h.capabilities.clear()), Err(Refusal::NotDesignated("CAPABILITY")));
    }
}
