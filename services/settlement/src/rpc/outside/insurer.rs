//! The insurer's centre behind its hook contract (2101, 2102, 2103, 2601).
//!
//! A success is believed only when the centre's own calculation keeps every identity and is ours.

use liufang_kernel::region::MutualAidConvention;
use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Mesh, PeerFault, outgoing};
use liufang_proto::hooks::v1 as pb;
use pb::InsurerOutcome;
use pb::insurer_hook_client::InsurerHookClient;
use tonic::{Request, Status};

use super::Outside;
use crate::domain::benefit::{Calculation, Totals, check_answer, mirrors};
use crate::domain::payment::{InsurerSays, Journal};
use crate::domain::quote::Quote;
use crate::wire::insurer as wire;

/// A quote and how its region counts mutual aid.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub quote: &'a Quote,
    pub convention: MutualAidConvention,
    /// A success without a calculation is believed: the contract of the release before. Never in production.
    pub bare_believed: bool,
}

impl Asked<'_> {
    /// Whether a success stands. `theirs` is `None` where the centre told no calculation: that is none of ours either.
    fn judge(self, msgid: &str, says: InsurerSays, theirs: Option<Calculation>) -> InsurerSays {
        if says != InsurerSays::Done {
            return says;
        }
        let Some(theirs) = theirs else {
            if self.bare_believed {
                tracing::warn!(msgid, "the insurer settles without telling its calculation");
                return says;
            }
            tracing::error!(msgid, "the insurer settles without telling its calculation");
            return InsurerSays::Differs(Fen::ZERO);
        };
        match check_answer(&self.quote.totals, &self.quote.lines, &theirs, self.convention) {
            Ok(()) => InsurerSays::Done,
            Err(mismatch) => {
                tracing::error!(msgid, %mismatch, "the insurer calculates otherwise");
                InsurerSays::Differs(theirs.totals.fund)
            }
        }
    }
}

impl Outside {
    fn insurer(&self) -> InsurerHookClient<Mesh> {
        InsurerHookClient::new(self.mesh("hook.insurer"))
    }

    /// Settles; answers the settlement number with a success.
    pub async fn settle(&self, journal: &Journal, asked: Asked<'_>) -> (InsurerSays, String) {
        let body = wire::request(&journal.msgid, asked.quote, journal.created_at);
        match self.insurer().settle(outgoing::keyed(body, &journal.msgid)).await {
            Ok(reply) => settled(&journal.msgid, asked, reply.into_inner()),
            Err(status) => (silence(status), String::new()),
        }
    }

    /// Asks for a calculation that is not booked.
    pub async fn trial(&self, msgid: &str, asked: Asked<'_>, at: Timestamp) -> InsurerSays {
        let body = pb::TrialRequest { settle: Some(wire::request(msgid, asked.quote, at)) };
        match self.insurer().trial(Request::new(body)).await {
            Ok(reply) => settled(msgid, asked, reply.into_inner().settle.unwrap_or_default()).0,
            Err(status) => silence(status),
        }
    }

    /// What became of the settlement.
    pub async fn query_message(&self, journal: &Journal, asked: Asked<'_>) -> (InsurerSays, String) {
        let body = pb::QueryMessageRequest { msgid: journal.msgid.clone() };
        match self.insurer().query_message(Request::new(body)).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let said = if reply.reversed { InsurerSays::Reversed } else { says(reply.outcome()) };
                let theirs = wire::calculation(reply.setlinfo, &reply.setldetail, &reply.detlcutinfo);
                (asked.judge(&journal.msgid, said, theirs), reply.setl_id)
            }
            Err(_) => (InsurerSays::Unknown, String::new()),
        }
    }

    /// Reverses the settlement whole (2103). `ours`: what was settled; `None` where the centre settled something else, whose
    /// reversal is nothing of ours.
    pub async fn reverse(&self, journal: &Journal, ours: Option<&Totals>) -> InsurerSays {
        let body = pb::ReverseRequest {
            msgid: journal.reverse_msgid.clone(),
            omsgid: journal.msgid.clone(),
            setl_id: journal.setl_id.clone(),
        };
        match self.insurer().reverse(outgoing::keyed(body, &journal.reverse_msgid)).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let theirs = reply.setlinfo.clone().map(wire::totals);
                match (says(reply.outcome()), ours, theirs) {
                    (InsurerSays::Done, Some(ours), Some(theirs)) if !mirrors(ours, &theirs) => {
                        InsurerSays::Differs(theirs.fund)
                    }
                    (said, ..) => said,
                }
            }
            Err(status) => silence(status),
        }
    }

    /// Takes back a message whose answer was lost (2601).
    pub async fn revoke(&self, journal: &Journal) -> InsurerSays {
        let body = pb::RevokeRequest {
            msgid: journal.reverse_msgid.clone(),
            omsgid: journal.msgid.clone(),
            oinfno: "2102".to_owned(),
        };
        match self.insurer().revoke(outgoing::keyed(body, &journal.reverse_msgid)).await {
            Ok(reply) => says(reply.into_inner().outcome()),
            Err(status) => silence(status),
        }
    }
}

fn settled(msgid: &str, asked: Asked<'_>, reply: pb::SettleResponse) -> (InsurerSays, String) {
    let theirs = wire::calculation(reply.setlinfo.clone(), &reply.setldetail, &reply.detlcutinfo);
    (asked.judge(msgid, says(reply.outcome()), theirs), reply.setl_id)
}

/// A refusal of the call itself is a no; everything else is no answer.
fn silence(status: Status) -> InsurerSays {
    if PeerFault::from(status).is_refusal() { InsurerSays::Rejected } else { InsurerSays::Unknown }
}

fn says(outcome: InsurerOutcome) -> InsurerSays {
    match outcome {
        InsurerOutcome::Success => InsurerSays::Done,
        InsurerOutcome::Rejected => InsurerSays::Rejected,
        InsurerOutcome::NotFound => InsurerSays::NotFound,
        InsurerOutcome::Unspecified => InsurerSays::Unknown,
    }
}
