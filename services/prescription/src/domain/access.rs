//! Who may read a prescription, and how much of it.

use liufang_kernel::Quantity;

use super::dispense::HandOut;
use super::prescription::{Line, Prescription};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A patient, by person.
    Patient(String),
    /// A hospital, by institution code.
    Hospital(String),
    /// A pharmacy, by institution code.
    Pharmacy(String),
    /// Another role of the mesh.
    Role,
}

/// How much the reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Full,
    /// A nominated pharmacy before its claim: that there is a prescription and whether it is still good.
    Outline,
    /// As if it did not exist.
    Nothing,
}

/// Decides what `reader` sees. The hospital's own pharmacy works under the hospital's code, so a point-of-sale client of
/// the issuing hospital is still a pharmacy: full only after the claim.
pub fn view(reader: &Reader, prescription: &Prescription) -> View {
    let full = match reader {
        Reader::Patient(person) => *person == prescription.person_id,
        Reader::Hospital(code) => *code == prescription.hospital,
        Reader::Pharmacy(code) => *code == prescription.holder,
        Reader::Role => true,
    };
    let nominated = matches!(reader, Reader::Pharmacy(code) if *code == prescription.nominee);
    match (full, nominated) {
        (true, _) => View::Full,
        (false, true) => View::Outline,
        (false, false) => View::Nothing,
    }
}

/// `prescription` as `reader` may see it; `None` when it does not exist for them.
pub fn shown(reader: &Reader, prescription: Prescription) -> Option<Prescription> {
    match view(reader, &prescription) {
        View::Full => Some(prescription),
        View::Outline => Some(outline(prescription)),
        View::Nothing => None,
    }
}

/// What a pharmacy still reads of a prescription that it handed out a part of and holds no more: its own lines and quantities and
/// the states. What others did with the rest is not its business.
pub fn own_part(prescription: Prescription, own: &[HandOut]) -> Prescription {
    let of = |line_no: i32| {
        let parts = own.iter().filter(|part| part.line_no == line_no);
        parts.fold(Quantity::ZERO, |sum, part| sum + part.quantity)
    };
    let lines = prescription.lines.into_iter().map(|line| Line { dispensed: of(line.line_no), ..line });
    Prescription {
        lines: lines.filter(|line| line.dispensed.is_positive()).collect(),
        findings: Vec::new(),
        nominee: String::new(),
        holder: String::new(),
        order_id: String::new(),
        pharmacy_pharmacist: String::new(),
        second_pharmacist: String::new(),
        review_opinion: String::new(),
        revoke_asked: false,
        ..prescription
    }
}

fn outline(prescription: Prescription) -> Prescription {
    Prescription {
        trace_code: String::new(),
        hosp_rxno: String::new(),
        visit_id: String::new(),
        person_id: String::new(),
        doctor: String::new(),
        disease: String::new(),
        diagnosis: String::new(),
        renews: String::new(),
        lines: Vec::new(),
        findings: Vec::new(),
        hospital_pharmacist: String::new(),
        pharmacy_pharmacist: String::new(),
        second_pharmacist: String::new(),
        review_opinion: String::new(),
        ..prescription
    }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::Timestamp;

    use super::*;
    use crate::domain::state::{Review, State, Use};

    fn sample() -> Prescription {
        Prescription {
            hi_rxno: "rx1".into(),
            trace_code: "1".into(),
            hosp_rxno: "h1".into(),
            visit_id: "v1".into(),
            person_id: "p1".into(),
            hospital: "H1".into(),
            doctor: "D1".into(),
            disease: "M03900".into(),
            diagnosis: "I10".into(),
            long_rx: false,
            renews: String::new(),
            issued_at: Timestamp(0),
            valid_until: Timestamp(1),
            lines: vec![],
            findings: vec![],
            state: State::Active,
            review: Review::Pending,
            used: Use::Unused,
            nominee: "P1".into(),
            holder: String::new(),
            order_id: "o1".into(),
            hospital_pharmacist: String::new(),
            pharmacy_pharmacist: String::new(),
            second_pharmacist: String::new(),
            review_opinion: String::new(),
            revoke_asked: false,
            series: Default::default(),
            archived_at: Timestamp(0),
            version: 1,
        }
    }

    #[test]
    fn the_content_opens_with_the_claim() {
        let pharmacy = Reader::Pharmacy("P1".into());
        let seen = shown(&pharmacy, sample()).unwrap();
        assert!(seen.person_id.is_empty() && seen.disease.is_empty() && seen.doctor.is_empty());
        let held = Prescription { holder: "P1".into(), ..sample() };
        assert!(shown(&pharmacy, held.clone()).unwrap() == held);
        assert!(shown(&Reader::Pharmacy("P2".into()), held).is_none());
    }

    #[test]
    fn others_do_not_learn_that_it_exists() {
        assert_eq!(view(&Reader::Patient("p2".into()), &sample()), View::Nothing);
        assert_eq!(view(&Reader::Hospital("H2".into()), &sample()), View::Nothing);
        assert_eq!(view(&Reader::Patient("p1".into()), &sample()), View::Full);
        assert_eq!(view(&Reader::Role, &sample()), View::Full);
    }
}
