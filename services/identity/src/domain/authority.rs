//! Who vouches for a signing certificate, and what is known about revocations: paths up to a trusted authority, lists with
//! their moments, and what follows for a signature.

use liufang_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::certificate::{Revocation, RevocationReason};
use super::coded::coded;

/// A certificate of a path. `issuer` is who issued it; empty for a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub issuer: String,
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// From a signer up to a trusted root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub links: Vec<Link>,
}

/// Why there is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    UnknownIssuer,
    Signature,
    NotAnAuthority,
    Usage,
    PathLength,
    Extension,
    TooLong,
    Unreadable,
}

impl Broken {
    pub const fn word(self) -> &'static str {
        match self {
            Broken::UnknownIssuer => "unknown_issuer",
            Broken::Signature => "signature",
            Broken::NotAnAuthority => "not_an_authority",
            Broken::Usage => "key_usage",
            Broken::PathLength => "path_length",
            Broken::Extension => "critical_extension",
            Broken::TooLong => "too_long",
            Broken::Unreadable => "unreadable",
        }
    }
}

/// A row of a revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Hexadecimal.
    pub serial: String,
    pub revocation: Revocation,
    /// certificateHold: over when the next list no longer has it.
    pub hold: bool,
}

impl Revoked {
    /// What stands after a newer list: the earlier moment, the worse reason; a revocation for good ends a hold.
    #[must_use]
    pub fn after(mut self, next: &Revoked) -> Revoked {
        if self.hold {
            return next.clone();
        }
        self.revocation.at = self.revocation.at.min(next.revocation.at);
        if next.revocation.reason == RevocationReason::KeyCompromise {
            self.revocation.reason = RevocationReason::KeyCompromise;
        }
        self
    }
}

coded! {
    /// How the newest list of an authority stands.
    pub enum ListState {
        Current = 1,
        /// The next one should be here.
        Stale = 2,
        /// There never was one.
        Missing = 3,
    }
}

/// What is done while revocations are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleRule {
    Refuse,
    Warn,
}

coded! {
    /// What speaks against a certificate that is inside its own validity and not revoked itself.
    pub enum Problem {
        /// Nobody who is trusted vouches for it, or one who does was revoked.
        Untrusted = 1,
        /// An authority above it is outside its validity. What was signed before stays good.
        AuthorityExpired = 2,
        /// A list is stale or missing, and the rule refuses then.
        RevocationsUnknown = 3,
    }
}

/// What is known about revocations.
pub trait Known {
    /// Of a certificate of an authority.
    fn revocation(&self, issuer: &str, serial: &str) -> Option<Revocation>;
    /// How the authority's list stands.
    fn list(&self, issuer: &str) -> ListState;
}

/// What the authorities say of a certificate at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub problem: Option<Problem>,
    /// Of the certificate itself, by its authority.
    pub revocation: Option<Revocation>,
    /// Whether a list that should be newer was relied on.
    #[serde(default)]
    pub unsure: bool,
}

/// What holds at `at`: of several paths the best.
pub fn standing(paths: &[Path], known: &impl Known, rule: StaleRule, at: Timestamp) -> Standing {
    let all = paths.iter().map(|path| one(path, known, rule, at));
    let best = all.min_by_key(|own| (own.revocation.is_some(), own.problem.map_or(0, weight), own.unsure));
    best.unwrap_or(Standing { problem: Some(Problem::Untrusted), revocation: None, unsure: false })
}

/// Worse problems are larger.
const fn weight(problem: Problem) -> i32 {
    match problem {
        Problem::RevocationsUnknown => 1,
        Problem::AuthorityExpired => 2,
        Problem::Untrusted => 3,
    }
}

fn one(path: &Path, known: &impl Known, rule: StaleRule, at: Timestamp) -> Standing {
    let (own, above) = match path.links.split_first() {
        Some(split) => split,
        None => return Standing { problem: Some(Problem::Untrusted), revocation: None, unsure: false },
    };
    let ended = |link: &Link| {
        known.revocation(&link.issuer, &link.serial).is_some_and(|revocation| {
            revocation.at <= at || revocation.reason == RevocationReason::KeyCompromise
        })
    };
    let outside = |link: &Link| at < link.not_before || link.not_after < at;
    let issued = || path.links.iter().filter(|link| !link.issuer.is_empty());
    let unsure = issued().any(|link| known.list(&link.issuer) != ListState::Current);
    let problem = if above.iter().any(ended) {
        Some(Problem::Untrusted)
    } else if above.iter().any(outside) {
        Some(Problem::AuthorityExpired)
    } else {
        (unsure && rule == StaleRule::Refuse).then_some(Problem::RevocationsUnknown)
    };
    Standing { problem, revocation: known.revocation(&own.issuer, &own.serial), unsure }
}

/// The newest list of an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListHead {
    pub issuer: String,
    pub issuer_text: String,
    pub fingerprint: String,
    /// Hexadecimal without leading zeros; empty when it has none.
    pub number: String,
    pub this_update: Timestamp,
    pub next_update: Timestamp,
}

impl ListHead {
    pub fn state(&self, at: Timestamp) -> ListState {
        if at <= self.next_update { ListState::Current } else { ListState::Stale }
    }

    /// Whether `next` is older than this one: an old list played again would make revoked certificates good.
    pub fn is_newer_than(&self, next: &ListHead) -> bool {
        let numbered = !self.number.is_empty() && !next.number.is_empty();
        let number = |own: &ListHead| (own.number.len(), own.number.clone());
        next.this_update < self.this_update || (numbered && number(next) < number(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_700_000_000_000_000);

    /// Revocations by issuer and serial, and the state of every list.
    struct Facts(Vec<(&'static str, &'static str, Revocation)>, ListState);

    impl Known for Facts {
        fn revocation(&self, issuer: &str, serial: &str) -> Option<Revocation> {
            self.0.iter().find(|row| row.0 == issuer && row.1 == serial).map(|row| row.2)
        }
        fn list(&self, _: &str) -> ListState {
            self.1
        }
    }

    fn link(issuer: &str, serial: &str) -> Link {
        Link {
            issuer: issuer.to_owned(),
            serial: serial.to_owned(),
            not_before: AT.plus_days(-100),
            not_after: AT.plus_days(100),
        }
    }

    fn path() -> Path {
        Path { links: vec![link("issuing", "01"), link("root", "02"), link("", "03")] }
    }

    #[test]
    fn every_link_must_hold() {
        let fine = Facts(Vec::new(), ListState::Current);
        assert_eq!(standing(&[path()], &fine, StaleRule::Refuse, AT), Standing::default());
        let late = standing(&[path()], &fine, StaleRule::Refuse, AT.plus_days(101));
        assert_eq!(late.problem, Some(Problem::AuthorityExpired));
        let gone = Revocation { at: AT, reason: RevocationReason::Cessation };
        let above = Facts(vec![("root", "02", gone)], ListState::Current);
        assert_eq!(standing(&[path()], &above, StaleRule::Warn, AT).problem, Some(Problem::Untrusted));
        assert_eq!(standing(&[path()], &above, StaleRule::Warn, AT.plus_days(-1)).problem, None, "before");
        let own = Facts(vec![("issuing", "01", gone)], ListState::Current);
        assert_eq!(standing(&[path()], &own, StaleRule::Warn, AT).revocation, Some(gone));
        assert_eq!(standing(&[], &fine, StaleRule::Warn, AT).problem, Some(Problem::Untrusted));
    }

    #[test]
    fn the_best_of_several_paths_counts() {
        let gone = Revocation { at: AT, reason: RevocationReason::Cessation };
        let facts = Facts(vec![("old", "02", gone)], ListState::Current);
        let old = Path { links: vec![link("issuing", "01"), link("old", "02"), link("", "03")] };
        let one = standing(&[old.clone(), path()], &facts, StaleRule::Warn, AT);
        assert_eq!(one, Standing::default());
        assert_eq!(standing(&[old], &facts, StaleRule::Warn, AT).problem, Some(Problem::Untrusted));
    }

    #[test]
    fn a_stale_list_is_a_matter_of_the_rule() {
        for state in [ListState::Stale, ListState::Missing] {
            let facts = Facts(Vec::new(), state);
            let warned = standing(&[path()], &facts, StaleRule::Warn, AT);
            assert_eq!((warned.problem, warned.unsure), (None, true));
            let refused = standing(&[path()], &facts, StaleRule::Refuse, AT);
            assert_eq!(refused.problem, Some(Problem::RevocationsUnknown));
        }
    }

    #[test]
    fn an_older_list_is_known_by_its_moment_and_by_its_number() {
        let list = |number: &str, days: i64| ListHead {
            issuer: String::new(),
            issuer_text: String::new(),
            fingerprint: String::new(),
            number: number.to_owned(),
            this_update: AT.plus_days(days),
            next_update: AT.plus_days(days + 7),
        };
        assert!(list("0f", 1).is_newer_than(&list("10", 0)), "made before");
        assert!(list("1000", 1).is_newer_than(&list("ff", 1)), "a smaller number");
        assert!(!list("0f", 1).is_newer_than(&list("10", 1)) && !list("", 1).is_newer_than(&list("01", 1)));
        assert_eq!(list("01", 0).state(AT.plus_days(7)), ListState::Current);
        assert_eq!(list("01", 0).state(Timestamp(AT.plus_days(7).0 + 1)), ListState::Stale);
    }
}
