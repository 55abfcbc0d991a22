//! What came of one try of a step, as the person can read it later. Holds nothing personal: the ID number is its index.

use liufang_kernel::Timestamp;

use super::verification::{Outcome, Purpose, Session, Step};

/// How long a try is remembered: longer than the six months that network logs are kept at least (网络安全法 art. 21).
pub const KEEP_DAYS: i64 = 3 * 365;
/// Characters of a session's id that may be shown.
const TAIL: usize = 6;

/// Whose session a try belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub certno_blind: String,
    pub session_tail: String,
    pub purpose: Purpose,
    /// Purchase platform of the session; empty for the person's own app.
    pub platform: String,
}

impl Subject {
    pub fn new(certno_blind: String, verification_id: &str, purpose: Purpose, platform: &str) -> Subject {
        Subject { certno_blind, session_tail: tail(verification_id), purpose, platform: platform.to_owned() }
    }
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEvent {
    /// Time-ordered.
    pub event_id: String,
    pub subject: Subject,
    pub step: Step,
    /// A word of [`Heard`].
    pub outcome: String,
    pub provider: String,
    pub at: Timestamp,
}

/// What was heard, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    InTime(Outcome),
    /// The code was handed to the carrier.
    CodeSent,
    /// The last refusal: the ID number is locked out.
    Locked,
    /// After the caller had been told that there was no answer. It counts for nothing.
    Late(Outcome),
}

impl Heard {
    /// What an attempt came to, with the session as it stands after it.
    pub fn of(outcome: Outcome, session: &Session) -> Heard {
        if outcome == Outcome::Fail && session.locked_until.is_some() {
            Heard::Locked
        } else {
            Heard::InTime(outcome)
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Heard::InTime(Outcome::Pass) => "pass",
            Heard::InTime(Outcome::Fail) => "fail",
            Heard::InTime(Outcome::Pending) => "pending",
            Heard::InTime(Outcome::NoAnswer) | Heard::Late(Outcome::NoAnswer | Outcome::Pending) => {
                "no_answer"
            }
            Heard::CodeSent => "code_sent",
            Heard::Locked => "locked",
            Heard::Late(Outcome::Pass) => "late_pass",
            Heard::Late(Outcome::Fail) => "late_fail",
        }
    }
}

/// The end of an id, to tell sessions apart.
fn tail(id: &str) -> String {
    let skip = id.chars().count().saturating_sub(TAIL);
    id.chars().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_session_is_told() {
        let subject = Subject::new("blind".to_owned(), "vrf_0123456789abcdef", Purpose::SignIn, "jd");
        assert_eq!(subject.session_tail, "abcdef");
        assert_eq!(tail(""), "");
        assert_eq!(tail("短"), "短");
    }

    #[test]
    fn the_last_refusal_is_a_lock() {
        let now = Timestamp(1_700_000_000_000_000);
        let mut session = Session::open(Purpose::SignIn, now);
        for left in (0..5).rev() {
            session.record(Step::IdNumber, Outcome::Fail, now).unwrap();
            let heard = Heard::of(Outcome::Fail, &session);
            assert_eq!(heard.word(), if left == 0 { "locked" } else { "fail" });
        }
        assert_eq!(Heard::of(Outcome::NoAnswer, &session).word(), "no_answer");
        assert_eq!(Heard::Late(Outcome::Pass).word(), "late_pass");
    }
}
