//! Magic numbers: which made-up identity, phone or capture leads to which outcome.
//!
//! Phones `1990000xxxx`, the range of the seed people, always pass: nobody meets a failure by accident.

/// Phones of ordinary invented people.
const ORDINARY_PHONES: &str = "1990000";

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    /// The provider answers that its own source is silent.
    NoAnswer,
    /// It is still at work, and passes a moment later.
    Later,
    /// The call fails before anything happened.
    LostRequest,
    /// It happened, but the call fails.
    LostAnswer,
}

/// Registry check (name and document), by the sequence of an ID number (digits 15 to 17), or the last three characters of any
/// other document.
pub fn registry(certno: &str) -> Verdict {
    let shown =
        if certno.len() == 18 { certno.get(14..17) } else { certno.get(certno.len().saturating_sub(3)..) };
    match shown {
        Some("991") => Verdict::Fail,
        Some("992") => Verdict::NoAnswer,
        Some("993") => Verdict::LostRequest,
        Some("994") => Verdict::Later,
        _ => Verdict::Pass,
    }
}

/// Carrier check (name, ID number, phone), by the phone's ending.
pub fn carrier(phone: &str) -> Verdict {
    match magic_ending(phone) {
        Some("0001") => Verdict::Fail,
        Some("0002") => Verdict::NoAnswer,
        Some("0003") => Verdict::LostRequest,
        Some("0004") => Verdict::Later,
        _ => Verdict::Pass,
    }
}

/// Text message, by the phone's ending.
pub fn message(phone: &str) -> Verdict {
    match magic_ending(phone) {
        Some("1001") => Verdict::Fail,
        Some("1002") => Verdict::NoAnswer,
        Some("1003") => Verdict::LostRequest,
        Some("1004") => Verdict::LostAnswer,
        _ => Verdict::Pass,
    }
}

/// Where the mobile-payment centre leaves an order that is paid under this authorisation: `…-stas-14` at 14. What is not one of
/// these numbers is paid.
pub fn ord_stas(pay_auth_no: &str) -> Option<i64> {
    let (_, code) = pay_auth_no.rsplit_once("-stas-")?;
    let code = code.parse().ok()?;
    [2, 3, 4, 5, 13, 14, 15, 16].contains(&code).then_some(code)
}

/// Whether a courier company takes a job, by the recipient's phone.
pub fn job_accepted(phone: &str) -> bool {
    magic_ending(phone) != Some("2001")
}

/// Face check, by the reference of the capture; an unknown reference never passes.
pub fn face(capture_ref: &str) -> Verdict {
    let is = |word: &str| {
        capture_ref.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if is("face-pass") {
        Verdict::Pass
    } else if is("face-no-answer") {
        Verdict::NoAnswer
    } else if is("face-pending") {
        Verdict::Later
    } else if is("face-late") {
        Verdict::LostAnswer
    } else {
        Verdict::Fail
    }
}

fn magic_ending(phone: &str) -> Option<&str> {
    if phone.starts_with(ORDINARY_PHONES) {
        return None;
    }
    phone.get(phone.len().checked_sub(4)?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_people_pass() {
        for phone in ["19900000001", "19900001001", "19900002001"] {
            assert_eq!((carrier(phone), message(phone)), (Verdict::Pass, Verdict::Pass), "{phone}");
            assert!(job_accepted(phone));
        }
        assert_eq!(registry("130302199001010011"), Verdict::Pass);
    }

    #[test]
    fn endings_decide() {
        assert_eq!(carrier("19911110001"), Verdict::Fail);
        assert_eq!(carrier("19911110002"), Verdict::NoAnswer);
        assert_eq!(carrier("19911110003"), Verdict::LostRequest);
        assert_eq!(message("19911111004"), Verdict::LostAnswer);
        assert_eq!(registry("13030219900101991X"), Verdict::Fail);
        assert_eq!((registry("TEST00991"), registry("USA110185061992")), (Verdict::Fail, Verdict::NoAnswer));
        assert_eq!((registry("TEST00994"), carrier("19911110004")), (Verdict::Later, Verdict::Later));
        assert_eq!(registry("TEST00300"), Verdict::Pass);
        assert!(!job_accepted("19911112001"));
    }

    #[test]
    fn only_a_known_capture_passes() {
        assert_eq!(face("face-pass"), Verdict::Pass);
        assert_eq!(face("face-pass-7"), Verdict::Pass);
        assert_eq!(face("face-late"), Verdict::LostAnswer);
        assert_eq!(face("face-pending"), Verdict::Later);
        for text in ["", "face-passed", "face-fail", "anything"] {
            assert_eq!(face(text), Verdict::Fail, "{text}");
        }
    }

    #[test]
    fn odd_input_is_no_panic() {
        for text in ["", "1", "电话号码", "一二三四五六七"] {
            let _ = (carrier(text), message(text), registry(text), face(text));
        }
    }
}
