//! Cases: a finding opens one or joins the open one about the same thing; an inspector closes it with an outcome.

use serde::{Deserialize, Serialize};

/// Which kind of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    TraceCodeResold,
    SaleWithoutStock,
    PriceOutOfRange,
    SupplyBeyondNeed,
    AgreementBreach,
}

impl Kind {
    pub const ALL: [Kind; 5] = [
        Kind::TraceCodeResold,
        Kind::SaleWithoutStock,
        Kind::PriceOutOfRange,
        Kind::SupplyBeyondNeed,
        Kind::AgreementBreach,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Kind::TraceCodeResold => "trace_code_resold",
            Kind::SaleWithoutStock => "sale_without_stock",
            Kind::PriceOutOfRange => "price_out_of_range",
            Kind::SupplyBeyondNeed => "supply_beyond_need",
            Kind::AgreementBreach => "agreement_breach",
        }
    }

    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// `sev_deg` (`domain.md` §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    Clear,
    HighlySuspect,
    SlightlySuspect,
}

impl Severity {
    /// 1, 2, 3: the smaller the worse.
    pub const fn code(self) -> &'static str {
        match self {
            Severity::Clear => "1",
            Severity::HighlySuspect => "2",
            Severity::SlightlySuspect => "3",
        }
    }
}

/// What a rule found. Evidence holds facts, never personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// E.g. `SV01`.
    pub rule: &'static str,
    pub kind: Kind,
    pub severity: Severity,
    pub fixmedins_code: String,
    /// Trace code, drug code or order the case is about.
    pub subject: String,
    /// Findings of one institution with the same kind and key are one case.
    pub key: String,
    pub evidence: String,
}

impl Finding {
    /// Identity of the open case it belongs to.
    pub fn open_key(&self) -> String {
        format!("{}|{}|{}", self.kind.word(), self.fixmedins_code, self.key)
    }
}

/// State of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    Open,
    Inspecting,
    Closed,
}

impl State {
    pub const ALL: [State; 3] = [State::Open, State::Inspecting, State::Closed];

    pub const fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Inspecting => "inspecting",
            State::Closed => "closed",
        }
    }

    pub fn from_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A closed case stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the case is closed")]
pub struct Closed;

/// Sends an inspection; sending it twice is one.
///
/// # Errors
/// [`Closed`].
pub fn inspect(state: State) -> Result<State, Closed> {
    if state == State::Closed { Err(Closed) } else { Ok(State::Inspecting) }
}

/// Closes with an outcome; the same outcome again is harmless.
///
/// # Errors
/// [`Closed`] when another outcome stands.
pub fn close(state: State, present: &str, outcome: &str) -> Result<State, Closed> {
    if state == State::Closed && present != outcome { Err(Closed) } else { Ok(State::Closed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_stays_closed() {
        assert_eq!(inspect(State::Open), Ok(State::Inspecting));
        assert_eq!(inspect(State::Inspecting), Ok(State::Inspecting));
        assert_eq!(inspect(State::Closed), Err(Closed));
        assert_eq!(close(State::Open, "", "fine"), Ok(State::Closed));
        assert_eq!(close(State::Closed, "fine", "fine"), Ok(State::Closed));
        assert_eq!(close(State::Closed, "fine", "not fine"), Err(Closed));
    }

    #[test]
    fn words_go_both_ways() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
        }
        for state in State::ALL {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert!(Severity::Clear < Severity::SlightlySuspect && Severity::Clear.code() < "2");
    }
}
