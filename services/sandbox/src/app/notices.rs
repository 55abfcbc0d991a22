//! The channel's notices: signed, queued with the payment, sent by a worker until taken or refused.

use liufang_kernel::Fault as _;
use liufang_platform::{Work, hash};

use super::App;
use crate::domain::channel::Payment;
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store::notices::Notice;
use crate::{peers, store, wire};

/// Attempts before a notice that nobody takes is given up; the merchant asks by itself.
const ATTEMPTS: i32 = 8;

impl App {
    /// Queues the notice of a payment's present state, as the dial bends it.
    pub(super) async fn queue_notice(
        &self,
        work: &Work,
        payment: &Payment,
        dial: Dial,
    ) -> Result<(), SandboxError> {
        // a channel that gives no answer sends no word either: only asking helps
        if !dial.answers() {
            return Ok(());
        }
        let now = self.clock.now();
        let wrong = i64::from(dial == Dial::WrongAmount);
        let body = wire::notice(payment, payment.amount.0 + wrong, &self.ids.next("ntc"), now);
        let key =
            if dial == Dial::ForgedNotice { "not-the-channels-key" } else { self.key_of(payment.channel) };
        let signature = hash::hmac_sha256_hex(key.as_bytes(), &body);
        let copies = if dial == Dial::DuplicateNotice { 2 } else { 1 };
        for _ in 0..copies {
            let notice = Notice {
                row_id: self.ids.next("ntr"),
                channel: payment.channel,
                body: body.clone(),
                signature: signature.clone(),
                attempts: 0,
            };
            store::notices::insert(work.tx(), notice, now).await?;
        }
        Ok(())
    }

    /// Sends one due notice; answers how many were due.
    pub async fn send_notice_step(&self) -> Result<usize, SandboxError> {
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        let Some(notice) = store::notices::take(work.tx(), now, now.plus_seconds(2)).await? else {
            return Ok(0);
        };
        work.done().await?;
        match self.send_wired(&notice).await? {
            None => {}
            Some(wired) => return self.wired_sent(&notice, wired, now).await,
        }
        let sent = peers::notify(&self.peers, &notice).await;
        let state = match &sent {
            Ok(()) => Some("sent"),
            Err(fault) if fault.is_refusal() || notice.attempts >= ATTEMPTS => Some("refused"),
            Err(_) => None,
        };
        if let Err(fault) = &sent {
            tracing::info!(reason = %fault.doc().reason, attempts = notice.attempts, "notice not taken");
        }
        if let Some(state) = state {
            let work = self.db.begin_step().await?;
            store::notices::end(work.tx(), &notice.row_id, state).await?;
            work.done().await?;
        }
        Ok(1)
    }
}
