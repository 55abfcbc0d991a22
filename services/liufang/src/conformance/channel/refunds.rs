//! What was paid goes back, in two parts, and never more than was paid.

use std::io::Write;

use anyhow::Result;
use liufang_platform::outgoing::keyed;
use liufang_proto::hooks::v1 as pb;
use pb::ChannelState::{Paid, Refunded};
use pb::RefundState::{Accepted, NotFound, Processing};
use tonic::{Request, Status};

use super::super::failed;
use super::payer::{back, number, refund_number};
use super::{Kit, PATIENCE, is, patiently, turned_down, word};

pub type Heard = Result<pb::RefundPaymentResponse, Status>;
type Known = Result<pb::QueryRefundResponse, Status>;

impl Kit<'_> {
    pub async fn refunds(&mut self, out: &mut impl Write, order: &pb::CreatePaymentRequest) -> Result<()> {
        let (part, rest) = (back(order, &refund_number(), 1), order.amount_fen - 1);
        let known = self.query_refund(&part).await;
        let unknown = known.as_ref().is_ok_and(|known| known.state() == NotFound);
        self.note(out, "an unknown refund is not found", unknown, state_of(&known))?;
        let strange =
            self.refund(&pb::RefundPaymentRequest { channel_order_no: number(), ..part.clone() }).await;
        let (kept, seen) = refused(&strange);
        self.note(out, "nothing of an unknown payment goes back", kept, seen)?;
        let part = pb::RefundPaymentRequest { refund_no: refund_number(), ..part };
        self.goes_back(out, "a part goes back", &part).await?;
        self.stands(out, order, 1).await?;
        self.goes_back(out, "the same refund again is the same refund", &part).await?;
        let known = self.query_refund(&part).await;
        let told = known.as_ref().is_ok_and(|known| known.state() == Accepted && known.amount_fen == 1);
        self.note(out, "a question tells the refund and its amount", told, state_of(&known))?;
        if rest > 1 {
            let other = pb::RefundPaymentRequest { amount_fen: 2, ..part.clone() };
            let (kept, seen) = refused(&self.refund(&other).await);
            self.note(out, "the same refund with another amount is refused", kept, seen)?;
        }
        for (case, amount) in [("more than is left", rest + 1), ("nothing", 0), ("less than nothing", -1)] {
            let (kept, seen) = refused(&self.refund(&back(order, &refund_number(), amount)).await);
            self.note(out, &format!("a refund of {case} is refused"), kept, seen)?;
        }
        self.stands(out, order, 1).await?;
        self.goes_back(out, "the rest goes back", &back(order, &refund_number(), rest)).await?;
        self.stands(out, order, order.amount_fen).await?;
        let (kept, seen) = refused(&self.refund(&back(order, &refund_number(), 1)).await);
        self.note(out, "what went back does not go back again", kept, seen)
    }

    /// A payment that was not meant to be.
    pub async fn give_back(&mut self, out: &mut impl Write, order: &pb::CreatePaymentRequest) -> Result<()> {
        let whole = back(order, &refund_number(), order.amount_fen);
        self.goes_back(out, "what a faster payer paid goes back", &whole).await
    }

    async fn stands(
        &mut self,
        out: &mut impl Write,
        order: &pb::CreatePaymentRequest,
        refunded: i64,
    ) -> Result<()> {
        let told = self.query(&order.channel_order_no).await;
        let state = if refunded == order.amount_fen { Refunded } else { Paid };
        let sums = told
            .as_ref()
            .is_ok_and(|told| (told.amount_fen, told.refunded_fen) == (order.amount_fen, refunded));
        let case = format!("{refunded} of {} fen are back by the channel's books", order.amount_fen);
        self.note(out, &case, is(&told, state) && sums, word(&told))
    }

    /// Done, at once or after a while; what is said about it is one thing.
    async fn goes_back(
        &mut self,
        out: &mut impl Write,
        case: &str,
        body: &pb::RefundPaymentRequest,
    ) -> Result<()> {
        let heard = self.refund(body).await;
        let one = heard.as_ref().is_ok_and(|told| {
            // a channel of before the state says only that it is done
            told.accepted == (told.state() == Accepted)
                || (told.accepted && told.state() == pb::RefundState::Unspecified)
        });
        if !heard.as_ref().is_ok_and(|told| told.state() == Processing) {
            let done = one && heard.as_ref().is_ok_and(|told| told.accepted);
            return self.note(out, case, done, said(&heard));
        }
        let in_hand = |known: &Known| known.as_ref().is_ok_and(|known| known.state() == Processing);
        let known = self.until(|known| !in_hand(known), || self.query_refund(body)).await;
        let done = one && known.as_ref().is_ok_and(|known| known.state() == Accepted);
        self.note(out, case, done, state_of(&known))
    }

    pub async fn refund(&self, body: &pb::RefundPaymentRequest) -> Heard {
        let mut client = self.client.clone();
        patiently(PATIENCE, client.refund_payment(keyed(body.clone(), &body.refund_no))).await
    }

    async fn query_refund(&self, body: &pb::RefundPaymentRequest) -> Known {
        let body = pb::QueryRefundRequest {
            channel: body.channel,
            channel_order_no: body.channel_order_no.clone(),
            refund_no: body.refund_no.clone(),
        };
        let mut client = self.client.clone();
        patiently(PATIENCE, client.query_refund(Request::new(body))).await
    }
}

/// Whether it was refused with a reason that a machine can read.
pub fn refused(heard: &Heard) -> (bool, String) {
    let kept = match heard {
        Ok(told) => {
            let reason = &told.reason;
            let readable = !reason.is_empty() && !reason.contains(char::is_whitespace);
            !told.accepted && !matches!(told.state(), Accepted | Processing) && readable
        }
        Err(status) => turned_down(status),
    };
    (kept, said(heard))
}

fn said(heard: &Heard) -> String {
    match heard {
        Ok(told) if told.accepted => "ACCEPTED".to_owned(),
        Ok(told) => told.state().as_str_name().trim_start_matches("REFUND_STATE_").to_owned(),
        Err(status) => failed(status),
    }
}

fn state_of(known: &Known) -> String {
    match known {
        Ok(known) => known.state().as_str_name().trim_start_matches("REFUND_STATE_").to_owned(),
        Err(status) => failed(status),
    }
}
