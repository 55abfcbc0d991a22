//! The designation agreement 定点协议 as a dated timeline: any date, also in the past, has one answer.
//!
//! Invariant: a [`Timeline`] that exists can be told as a story: it begins with `new`, suspends what is active, resumes
//! what is suspended, and nothing but a new agreement follows a termination. At most one event a day.

use liufang_kernel::Date;

/// One kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    New,
    /// 中止.
    Suspended,
    Resumed,
    /// 解除.
    Terminated,
    /// Other terms; the state stays.
    Changed,
}

impl Change {
    pub const ALL: [Change; 5] =
        [Change::New, Change::Suspended, Change::Resumed, Change::Terminated, Change::Changed];

    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::Suspended => "suspended",
            Change::Resumed => "resumed",
            Change::Terminated => "terminated",
            Change::Changed => "changed",
        }
    }

    /// Reads the word of the contract.
    pub fn from_word(word: &str) -> Option<Change> {
        Change::ALL.into_iter().find(|change| change.word() == word)
    }
}

/// State on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgreementState {
    /// No agreement yet.
    None,
    Active,
    Suspended,
    Terminated,
}

impl AgreementState {
    /// The state after `change`, or `None` where the change makes no sense.
    pub const fn after(self, change: Change) -> Option<AgreementState> {
        match (self, change) {
            (AgreementState::None | AgreementState::Terminated, Change::New) => Some(AgreementState::Active),
            (AgreementState::Active, Change::Suspended) => Some(AgreementState::Suspended),
            (AgreementState::Suspended, Change::Resumed) => Some(AgreementState::Active),
            (AgreementState::Active | AgreementState::Suspended, Change::Terminated) => {
                Some(AgreementState::Terminated)
            }
            (AgreementState::Active, Change::Changed) => Some(AgreementState::Active),
            (AgreementState::Suspended, Change::Changed) => Some(AgreementState::Suspended),
            _ => None,
        }
    }
}

/// One point of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementEvent {
    /// First day of the new state.
    pub effective: Date,
    pub change: Change,
    /// Number of the notice; may be empty.
    pub notice: String,
}

/// Why events are no timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    #[error("two events on {0}")]
    SameDay(Date),
    #[error("{} on {date} cannot follow", change.word())]
    OutOfTurn { date: Date, change: Change },
}

/// Events in the order of their dates, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline(Vec<AgreementEvent>);

impl Timeline {
    /// Sorts and checks `events`.
    ///
    /// # Errors
    /// The first event, by date, that does not fit.
    pub fn new(mut events: Vec<AgreementEvent>) -> Result<Timeline, TimelineError> {
        events.sort_by_key(|event| event.effective);
        let mut state = AgreementState::None;
        let mut last = None;
        for event in &events {
            if last == Some(event.effective) {
                return Err(TimelineError::SameDay(event.effective));
            }
            let out_of_turn = TimelineError::OutOfTurn { date: event.effective, change: event.change };
            state = state.after(event.change).ok_or(out_of_turn)?;
            last = Some(event.effective);
        }
        Ok(Timeline(events))
    }

    /// The timeline with one more event; the same event again changes nothing.
    pub fn with(&self, event: AgreementEvent) -> Result<Timeline, TimelineError> {
        let known = |own: &&AgreementEvent| own.effective == event.effective && own.change == event.change;
        if self.0.iter().find(known).is_some() {
            return Ok(self.clone());
        }
        let mut events = self.0.clone();
        events.push(event);
        Timeline::new(events)
    }

    /// The state on `date`; an event holds from the first moment of its day.
    pub fn state_on(&self, date: Date) -> AgreementState {
        let past = self.0.iter().take_while(|event| event.effective <= date);
        // the invariant: every event fits the state before it
        past.fold(AgreementState::None, |state, event| state.after(event.change).unwrap_or(state))
    }

    /// Events by date.
    pub fn events(&self) -> &[AgreementEvent] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::date;

    use super::*;

    fn event(effective: Date, change: Change) -> AgreementEvent {
        AgreementEvent { effective, change, notice: String::new() }
    }

    fn sample() -> Timeline {
        Timeline::new(vec![
            event(date!(2026 - 05 - 01), Change::Suspended),
            event(date!(2024 - 07 - 01), Change::New),
            event(date!(2026 - 08 - 01), Change::Resumed),
        ])
        .unwrap()
    }

    #[test]
    fn any_date_has_one_answer() {
        let timeline = sample();
        for (date, state) in [
            (date!(2024 - 06 - 30), AgreementState::None),
            (date!(2024 - 07 - 01), AgreementState::Active),
            (date!(2026 - 04 - 30), AgreementState::Active),
            (date!(2026 - 05 - 01), AgreementState::Suspended),
            (date!(2026 - 08 - 01), AgreementState::Active),
        ] {
            assert_eq!(timeline.state_on(date), state, "{date}");
        }
    }

    #[test]
    fn a_notice_must_fit_the_whole_story() {
        let timeline = sample();
        let add = |date, change| timeline.with(event(date, change));
        assert_eq!(add(date!(2026 - 05 - 01), Change::Suspended), Ok(timeline.clone()), "known already");
        assert_eq!(
            add(date!(2026 - 05 - 01), Change::Terminated),
            Err(TimelineError::SameDay(date!(2026 - 05 - 01)))
        );
        // a termination in between would leave the later resumption hanging
        let hanging = TimelineError::OutOfTurn { date: date!(2026 - 08 - 01), change: Change::Resumed };
        assert_eq!(add(date!(2026 - 06 - 01), Change::Terminated), Err(hanging));
        assert!(add(date!(2027 - 01 - 01), Change::Terminated).is_ok());
        assert!(Timeline::new(vec![event(date!(2026 - 01 - 01), Change::Resumed)]).is_err());
    }

    fn events() -> impl Strategy<Value = Vec<AgreementEvent>> {
        let one = (0_i64..40, prop::sample::select(Change::ALL.to_vec()))
            .prop_map(|(day, change)| event(date!(2026 - 01 - 01) + Duration::days(day), change));
        prop::collection::vec(one, 0..7)
    }

    proptest! {
        #[test]
        fn the_order_of_input_does_not_matter(events in events()) {
            let mut reversed = events.clone();
            reversed.reverse();
            let one = Timeline::new(events);
            let other = Timeline::new(reversed);
            prop_assert_eq!(one.is_ok(), other.is_ok());
            if let (Ok(one), Ok(other)) = (one, other) {
                prop_assert_eq!(one, other);
            }
        }

        #[test]
        fn later_events_never_change_the_past(events in events(), extra in 40_i64..60, change in 0_usize..5) {
            let Ok(timeline) = Timeline::new(events) else { return Ok(()) };
            let added = event(date!(2026 - 01 - 01) + Duration::days(extra), Change::ALL[change]);
            let Ok(longer) = timeline.with(added) else { return Ok(()) };
            for day in 0..extra {
                let date = date!(2026 - 01 - 01) + Duration::days(day);
                prop_assert_eq!(timeline.state_on(date), longer.state_on(date));
            }
        }

        #[test]
        fn built_by_notices_or_at_once_is_the_same(events in events()) {
            let Ok(whole) = Timeline::new(events) else { return Ok(()) };
            let mut grown = Timeline::default();
            for event in whole.events() {
                grown = grown.with(event.clone()).unwrap();
            }
            prop_assert_eq!(&grown, &whole);
            for day in -1..41 {
                let date = date!(2026 - 01 - 01) + Duration::days(day);
                let active = whole.state_on(date);
                prop_assert!(active != AgreementState::None || whole.events().iter().all(|e| date < e.effective));
            }
        }
    }
}
