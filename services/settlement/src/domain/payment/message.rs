//! Which message to the insurer a step sends.

use super::journal::Journal;
use super::machine::InsurerSays;
use super::states::Step;

/// A message by its own number and the number of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    pub msgid: &'a str,
    pub infno: &'static str,
}

impl Journal {
    /// What the step sends; a question sends nothing that is booked.
    pub fn message(&self) -> Option<Message<'_>> {
        let either = |direct, mobile| if self.mobile { mobile } else { direct };
        match self.step {
            Step::SettleInsurer | Step::SettleRest => {
                Some(Message { msgid: &self.msgid, infno: either("2102", "6202") })
            }
            Step::ReverseInsurer | Step::UndoInsurer | Step::ReversePart => {
                Some(Message { msgid: &self.reverse_msgid, infno: either("2103", "6203") })
            }
            Step::RevokeInsurer => {
                Some(Message { msgid: &self.reverse_msgid, infno: either("2601", "6401") })
            }
            _ => None,
        }
    }

    /// The message that an answer at this step is about.
    pub fn answered(&self) -> Option<&str> {
        match self.step {
            Step::AskInsurer | Step::AskRest => Some(&self.msgid),
            _ => self.message().map(|message| message.msgid),
        }
    }
}

impl InsurerSays {
    /// The word of the log; `None` for no answer.
    pub fn outcome(self) -> Option<&'static str> {
        match self {
            InsurerSays::Done => Some("done"),
            InsurerSays::Reversed => Some("reversed"),
            InsurerSays::Rejected => Some("rejected"),
            InsurerSays::NotFound => Some("not_found"),
            InsurerSays::Differs(_) => Some("differs"),
            InsurerSays::Stuck => Some("stuck"),
            InsurerSays::Unknown => None,
        }
    }
}
