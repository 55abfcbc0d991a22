//! What the channels' own formats need of the books.

use liufang_kernel::{Fen, Timestamp};
use liufang_proto::hooks::v1 as hooks;
use prost::Message as _;

use super::App;
use crate::domain::channel::Payment;
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store;
use crate::store::notices::Notice;
use crate::store::wire::Wired;

/// A late notice comes this long after it was due.
const LATE_S: i64 = 120;
/// Attempts before a notice that nobody takes is given up; WeChat Pay gives up after half a minute.
const ATTEMPTS: i32 = 8;

/// What became of a notice in a channel's own format.
pub enum Sent {
    Taken,
    NotTaken,
    /// Its dial says so.
    Later,
}

impl App {
    /// The dial of a call in a channel's own format.
    pub async fn wire_dial(&self, method: &str, keys: &[&str]) -> Result<Dial, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, &format!("PaymentWire/{method}"), keys).await?;
        work.done().await?;
        Ok(dial)
    }

    /// Notes where notices of a payment go.
    pub async fn wire(&self, channel_order_no: &str, wired: &Wired) -> Result<(), SandboxError> {
        let work = self.db.begin_step().await?;
        store::wire::insert(work.tx(), channel_order_no, wired, self.clock.now()).await?;
        Ok(work.done().await?)
    }

    /// A payment as it stands in the books, without anybody's dial.
    pub async fn in_books(&self, channel_order_no: &str) -> Result<Option<Payment>, SandboxError> {
        Ok(store::channel::find(self.db.read(), channel_order_no).await?)
    }

    /// A refund as it stands in the books: its payment and amount.
    pub async fn refund_in_books(&self, refund_no: &str) -> Result<Option<(String, Fen)>, SandboxError> {
        Ok(store::channel::find_refund(self.db.read(), refund_no).await?)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn secret(&self) -> String {
        self.ids.secret()
    }

    /// Sends the notice of a payment that came in a channel's own format; none for others.
    pub(super) async fn send_wired(&self, notice: &Notice) -> Result<Option<Sent>, SandboxError> {
        let Ok(body) = hooks::ChannelNotice::decode(notice.body.as_slice()) else { return Ok(None) };
        let number = &body.channel_order_no;
        let Some(wired) = store::wire::find(self.db.read(), number).await? else { return Ok(None) };
        let Some(payment) = self.in_books(number).await? else { return Ok(None) };
        let dial = match self.wire_dial("Notice", &[number]).await? {
            Dial::Late => return Ok(Some(Sent::Later)),
            // bent when it was queued
            Dial::Normal if !self.is_signed(notice) => Dial::BadSignature,
            dial => dial,
        };
        let told = Payment { amount: Fen(body.amount_fen), ..payment };
        let taken = self.wires.notify(self, &told, &wired, &body.notice_id, dial).await;
        Ok(Some(if taken { Sent::Taken } else { Sent::NotTaken }))
    }

    fn is_signed(&self, notice: &Notice) -> bool {
        let key = self.key_of(notice.channel).as_bytes();
        liufang_platform::hash::hmac_sha256_hex(key, &notice.body) == notice.signature
    }

    pub(super) async fn wired_sent(
        &self,
        notice: &Notice,
        sent: Sent,
        now: Timestamp,
    ) -> Result<usize, SandboxError> {
        let work = self.db.begin_step().await?;
        match sent {
            Sent::Taken => store::notices::end(work.tx(), &notice.row_id, "sent").await?,
            Sent::NotTaken if notice.attempts >= ATTEMPTS => {
                store::notices::end(work.tx(), &notice.row_id, "refused").await?;
            }
            Sent::NotTaken => {}
            Sent::Later => {
                store::notices::put_off(work.tx(), &notice.row_id, now.plus_seconds(LATE_S)).await?;
            }
        }
        work.done().await?;
        Ok(1)
    }
}
