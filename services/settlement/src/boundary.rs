//! Boundaries between two steps: here the process may end, and whatever was begun goes on in another one.
//!
//! Each is passed where it stands ([`liufang_platform::point`]); the suite ends a process at every one of [`Boundary::all`] and
//! compares the books, so that a new step without a case fails it.

use liufang_platform::point;

use crate::domain::payment::Step;

/// Where the process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// A quote is committed, nobody was told.
    Quoted,
    /// The holds are committed, nobody was told.
    Authorised,
    /// A capture is begun and committed, nobody outside was asked.
    Started,
    /// The same, of less than was quoted.
    Less,
    /// The holds are given back, or the deadline moved to now; nobody was told.
    Voided,
    /// A return of everything is begun and committed, nobody outside was asked.
    Refunding,
    /// A return of a part is begun and committed, nobody outside was asked.
    Returning,
    /// A channel's notice is committed, and the channel was not told.
    Noticed,
    /// The outside has answered the step, and the answer is not written.
    Heard(Step),
    /// Everything of the step that books is written, and not committed.
    Uncommitted(Step),
    /// What the step came to is committed; nobody was told, nothing that follows is begun.
    Written(Step),
}

impl Boundary {
    /// Every boundary.
    pub fn all() -> Vec<Boundary> {
        use Boundary::{Authorised, Less, Noticed, Quoted, Refunding, Returning, Started, Voided};
        let mut all = vec![Quoted, Authorised, Started, Less, Voided, Refunding, Returning, Noticed];
        for step in Step::ALL.iter().filter(|step| **step != Step::Idle) {
            let first = if step.books() { Boundary::Uncommitted } else { Boundary::Heard };
            all.extend([first(*step), Boundary::Written(*step)]);
        }
        all
    }

    /// Its name, e.g. `heard settle_insurer`.
    pub fn name(self) -> String {
        let (word, step) = match self {
            Boundary::Quoted => ("quoted", None),
            Boundary::Authorised => ("authorised", None),
            Boundary::Started => ("started", None),
            Boundary::Less => ("less", None),
            Boundary::Voided => ("voided", None),
            Boundary::Refunding => ("refunding", None),
            Boundary::Returning => ("returning", None),
            Boundary::Noticed => ("noticed", None),
            Boundary::Heard(step) => ("heard", Some(step)),
            Boundary::Uncommitted(step) => ("uncommitted", Some(step)),
            Boundary::Written(step) => ("written", Some(step)),
        };
        step.map_or_else(|| word.to_owned(), |step| format!("{word} {}", step.as_str()))
    }

    /// The running code stands here.
    pub(crate) fn pass(self) {
        point::pass(|| self.name());
    }
}
