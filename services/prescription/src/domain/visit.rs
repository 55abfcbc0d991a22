//! The state machine of a visit: booked → paid → taken → completed, or cancelled before it is taken.

use liufang_kernel::{Fen, Timestamp};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::state::VisitState;

/// A visit as callers see it. Has no `Debug`: the condition is personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    pub visit_id: String,
    pub person_id: String,
    pub hospital: String,
    pub department: String,
    pub doctor: String,
    pub slot_id: String,
    pub starts_at: Timestamp,
    pub state: VisitState,
    pub fee: Fen,
    pub pay_by: Timestamp,
    pub disease: String,
    pub first_rx_ref: String,
    /// In the patient's words; empty for those who may not see it.
    pub condition: String,
    /// The order that paid; empty before.
    pub order_id: String,
    /// ICD-10 of the recorded consultation; empty before.
    pub diagnosis: String,
    pub version: i64,
}

/// What can be asked of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VisitOperation {
    /// The patient cancels an unpaid visit; a paid one is cancelled through its order, which refunds the fee.
    Cancel,
    MarkPaid {
        order_id: String,
    },
    /// The order gives up.
    Release {
        order_id: String,
    },
    Take {
        doctor: String,
    },
    Record {
        doctor: String,
        follow_up: bool,
    },
    /// The payment deadline has passed.
    TimeOut,
}

/// What a decision does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitMove {
    /// Nothing: it was done before.
    Stay,
    To(VisitState),
}

impl VisitMove {
    /// Whether the slot gets its place back.
    pub fn frees_slot(self) -> bool {
        self == VisitMove::To(VisitState::Cancelled)
    }
}

/// Decides `operation`. Compensations of the order (`Release`, repeated `MarkPaid`) are harmless twice.
///
/// # Errors
/// [`Refusal::VisitState`] with the present state, or the refusal of the practitioner or of a first visit.
pub fn decide(visit: &Visit, operation: &VisitOperation, now: Timestamp) -> Result<VisitMove, Refusal> {
    use VisitState::{Booked, Cancelled, Completed, Paid, Taken};
    let state = visit.state;
    let wrong_state = Err(Refusal::VisitState(state));
    match operation {
        VisitOperation::Cancel => match state {
            Booked => Ok(VisitMove::To(Cancelled)),
            Cancelled => Ok(VisitMove::Stay),
            Paid | Taken | Completed => wrong_state,
        },
        VisitOperation::MarkPaid { order_id } => match state {
            Booked => Ok(VisitMove::To(Paid)),
            Paid | Taken | Completed if visit.order_id == *order_id => Ok(VisitMove::Stay),
            _ => wrong_state,
        },
        VisitOperation::Release { order_id } => match state {
            Booked => Ok(VisitMove::To(Cancelled)),
            Paid if visit.order_id == *order_id => Ok(VisitMove::To(Cancelled)),
            Cancelled => Ok(VisitMove::Stay),
            _ => wrong_state,
        },
        VisitOperation::Take { doctor } => {
            own_doctor(visit, doctor)?;
            match state {
                Paid => Ok(VisitMove::To(Taken)),
                Taken => Ok(VisitMove::Stay),
                _ => wrong_state,
            }
        }
        VisitOperation::Record { doctor, follow_up } => {
            own_doctor(visit, doctor)?;
            if state != Taken {
                return wrong_state;
            }
            if *follow_up { Ok(VisitMove::To(Completed)) } else { Err(Refusal::FirstVisitOnline) }
        }
        VisitOperation::TimeOut => {
            let late = state == Booked && visit.pay_by <= now;
            Ok(if late { VisitMove::To(Cancelled) } else { VisitMove::Stay })
        }
    }
}

/// Checks that a prescription may be written on this visit.
///
/// # Errors
/// Another doctor's visit, or one whose consultation is not recorded.
pub fn may_prescribe(visit: &Visit, doctor: &str) -> Result<(), Refusal> {
    own_doctor(visit, doctor)?;
    if visit.state == VisitState::Completed { Ok(()) } else { Err(Refusal::VisitState(visit.state)) }
}

fn own_doctor(visit: &Visit, doctor: &str) -> Result<(), Refusal> {
    if visit.doctor == doctor {
        Ok(())
    } else {
        Err(Refusal::PractitionerNotAllowed("NOT_THE_DOCTOR_OF_THE_VISIT"))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn visit(state: VisitState) -> Visit {
        let order_id = if state == VisitState::Booked { String::new() } else { "O1".to_owned() };
        Visit {
            visit_id: "v".into(),
            person_id: "p".into(),
            hospital: "H".into(),
            department: "d".into(),
            doctor: "D1".into(),
            slot_id: "s".into(),
            starts_at: NOW,
            state,
            fee: Fen(1_500),
            pay_by: NOW,
            disease: "M03900".into(),
            first_rx_ref: "r".into(),
            condition: String::new(),
            order_id,
            diagnosis: String::new(),
            version: 1,
        }
    }

    #[test]
    fn the_whole_table() {
        let order_id = "O1".to_owned();
        let doctor = "D1".to_owned();
        let operations = [
            VisitOperation::Cancel,
            VisitOperation::MarkPaid { order_id: order_id.clone() },
            VisitOperation::MarkPaid { order_id: "O2".to_owned() },
            VisitOperation::Release { order_id },
            VisitOperation::Release { order_id: "O2".to_owned() },
            VisitOperation::Take { doctor: doctor.clone() },
            VisitOperation::Record { doctor, follow_up: true },
            VisitOperation::TimeOut,
        ];
        let mut table = String::new();
        for operation in operations {
            let cells: Vec<String> = VisitState::ALL
                .iter()
                .map(|state| match decide(&visit(*state), &operation, NOW) {
                    Ok(VisitMove::Stay) => "stay".to_owned(),
                    Ok(VisitMove::To(next)) => next.word().to_owned(),
                    Err(_) => "refused".to_owned(),
                })
                .collect();
            table.push_str(&format!("{}\n", cells.join(" ")));
        }
        expect![[r#"
            CANCELLED refused refused refused stay
            PAID stay stay stay refused
            PAID refused refused refused refused
            CANCELLED CANCELLED refused refused stay
            CANCELLED refused refused refused stay
            refused TAKEN stay refused refused
            refused refused COMPLETED refused refused
            CANCELLED stay stay stay stay
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn a_first_visit_is_not_recorded_online() {
        let record = VisitOperation::Record { doctor: "D1".into(), follow_up: false };
        assert_eq!(decide(&visit(VisitState::Taken), &record, NOW), Err(Refusal::FirstVisitOnline));
    }

    #[test]
    fn only_the_visits_doctor_prescribes() {
        let done = visit(VisitState::Completed);
        assert_eq!(may_prescribe(&done, "D1"), Ok(()));
        assert!(may_prescribe(&done, "D2").is_err());
        assert!(may_prescribe(&visit(VisitState::Taken), "D1").is_err());
    }
}
