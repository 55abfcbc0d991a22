//! The insurer's centre behind its hook contract (2102, 2103, 2601).

use liufang_platform::{Mesh, PeerFault, outgoing};
use liufang_proto::hooks::v1 as pb;
use pb::InsurerOutcome;
use pb::insurer_hook_client::InsurerHookClient;
use tonic::Request;

use super::Outside;
use crate::domain::benefit::Totals;
use crate::domain::payment::{InsurerSays, Journal};

impl Outside {
    fn insurer(&self) -> InsurerHookClient<Mesh> {
        InsurerHookClient::new(self.mesh("hook.insurer"))
    }

    /// Settles; answers the settlement number with a success.
    pub async fn settle(&self, journal: &Journal, totals: &Totals) -> (InsurerSays, String) {
        let body = pb::SettleRequest {
            msgid: journal.msgid.clone(),
            fixmedins_code: journal.fixmedins_code.clone(),
            psn_no: journal.person_id.clone(),
            insutype: journal.insutype.clone(),
            medfee_sumamt_fen: totals.medical.0,
            fund_pay_sumamt_fen: totals.fund.0,
            acct_pay_fen: totals.account.0,
            acct_mulaid_pay_fen: totals.mutual_aid.0,
            psn_cash_pay_fen: totals.cash.0,
        };
        match self.insurer().settle(outgoing::keyed(body, &journal.msgid)).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                (says(reply.outcome()), reply.setl_id)
            }
            Err(status) if PeerFault::from(status.clone()).is_refusal() => {
                (InsurerSays::Rejected, String::new())
            }
            Err(_) => (InsurerSays::Unknown, String::new()),
        }
    }

    /// What became of the settlement.
    pub async fn query_message(&self, journal: &Journal) -> (InsurerSays, String) {
        let body = pb::QueryMessageRequest { msgid: journal.msgid.clone() };
        match self.insurer().query_message(Request::new(body)).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let says = if reply.reversed { InsurerSays::Reversed } else { says(reply.outcome()) };
                (says, reply.setl_id)
            }
            Err(_) => (InsurerSays::Unknown, String::new()),
        }
    }

    /// Reverses the settlement whole.
    pub async fn reverse(&self, journal: &Journal) -> InsurerSays {
        let body = pb::ReverseRequest { msgid: journal.reverse_msgid.clone(), omsgid: journal.msgid.clone() };
        match self.insurer().reverse(outgoing::keyed(body, &journal.reverse_msgid)).await {
            Ok(reply) => says(reply.into_inner().outcome()),
            Err(status) if PeerFault::from(status.clone()).is_refusal() => InsurerSays::Rejected,
            Err(_) => InsurerSays::Unknown,
        }
    }
}

fn says(outcome: InsurerOutcome) -> InsurerSays {
    match outcome {
        InsurerOutcome::Success => InsurerSays::Done,
        InsurerOutcome::Rejected => InsurerSays::Rejected,
        InsurerOutcome::NotFound => InsurerSays::NotFound,
        InsurerOutcome::Unspecified => InsurerSays::Unknown,
    }
}
