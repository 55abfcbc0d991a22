//! Notices: checked, opened, written, answered; settlement is told by a worker, so that a channel never waits for it.

use http::HeaderMap;
use liufang_kernel::{Fault as _, Fen, Timestamp};
use liufang_platform::hash;
use liufang_proto::common::v1 as common;
use liufang_proto::hooks::v1 as pb;
use prost::Message as _;

use super::App;
use crate::domain::{Channel, RefundState, Said};
use crate::error::ChannelError;
use crate::peers::{self, Notify};
use crate::store;
use crate::store::notice::Notice;

/// A notice nobody takes for so long is given up: settlement asks by itself.
const GIVEN_UP_AFTER_S: i64 = 86_400;
/// Nobody else tells a notice meanwhile.
const LEASE_S: i64 = 15;
/// Longest pause between two attempts.
const LONGEST_S: i64 = 300;

impl App {
    /// Takes a notice of WeChat Pay.
    pub async fn wechat_notice(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), ChannelError> {
        let wechat = self.wechat.as_ref().ok_or(ChannelError::NotServed)?;
        let now = self.clock.now();
        wechat.learn(headers, self.moment()).await;
        let opened = wechat.notice(headers, body, now);
        let (envelope, noticed, _) = opened.ok_or(ChannelError::NotTheChannels)?;
        if let Some(refund_no) = &noticed.refund {
            return self.refund_noticed(&noticed.no, refund_no).await;
        }
        self.take(Channel::Wechat, envelope.id, &noticed.no, noticed.said.as_ref(), now).await
    }

    /// Takes a notice of Alipay.
    pub async fn alipay_notice(&self, body: &[u8]) -> Result<(), ChannelError> {
        let alipay = self.alipay.as_ref().ok_or(ChannelError::NotServed)?;
        let noticed = alipay.notice(body).ok_or(ChannelError::NotTheChannels)?;
        self.take(Channel::Alipay, noticed.id, &noticed.no, Some(&noticed.said), self.clock.now()).await
    }

    /// A refund that was in hand is done; settlement asks for it by itself.
    async fn refund_noticed(&self, no: &str, refund_no: &str) -> Result<(), ChannelError> {
        let known = store::refund::find(self.db.read(), refund_no).await?;
        if known.is_some_and(|refund| refund.channel_order_no == no) {
            let work = self.db.begin_step().await?;
            store::refund::learn(work.tx(), refund_no, RefundState::Accepted).await?;
            work.done().await?;
        }
        Ok(())
    }

    /// Writes a notice once. One that tells of no payment is answered and forgotten: it changes nothing.
    async fn take(
        &self,
        channel: Channel,
        notice_id: String,
        no: &str,
        said: Option<&Said>,
        now: Timestamp,
    ) -> Result<(), ChannelError> {
        let (state, amount, trade_no) = match said {
            Some(Said::Paid { amount, trade_no }) => (pb::ChannelState::Paid, *amount, trade_no),
            // our own refunds are known from their answers; a stranger's is seen by asking
            _ => return Ok(()),
        };
        let body = body(&notice_id, no, state, (amount, trade_no), now);
        let notice = Notice {
            row_id: self.ids.next("ntc"),
            channel: channel.word().to_owned(),
            notice_id,
            channel_order_no: no.to_owned(),
            body: hex(&body),
            attempts: 0,
            taken_at: now,
        };
        let work = self.db.begin_step().await?;
        store::notice::insert(work.tx(), &self.cipher, &notice).await?;
        Ok(work.done().await?)
    }

    /// Worker step: tells settlement of one notice; answers how many were due.
    pub async fn deliver_step(&self) -> Result<usize, ChannelError> {
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        let due = store::notice::take(work.tx(), &self.cipher, now, now.plus_seconds(LEASE_S)).await?;
        let Some(notice) = due else { return Ok(0) };
        work.done().await?;
        let told = self.tell(&notice).await;
        let work = self.db.begin_step().await?;
        match told {
            Ok(()) => store::notice::end(work.tx(), &notice.row_id, "told").await?,
            Err(fault) if fault.is_refusal() => {
                let reason = fault.doc().reason.to_string();
                tracing::warn!(notice = notice.row_id, reason, "settlement refuses a notice");
                store::notice::end(work.tx(), &notice.row_id, "refused").await?;
            }
            Err(_) if now >= notice.taken_at.plus_seconds(GIVEN_UP_AFTER_S) => {
                tracing::error!(notice = notice.row_id, "a notice is given up");
                store::notice::end(work.tx(), &notice.row_id, "given_up").await?;
            }
            Err(_) => {
                let pause = (1_i64 << notice.attempts.clamp(0, 16)).min(LONGEST_S);
                store::notice::put_off(work.tx(), &notice.row_id, now.plus_seconds(pause)).await?;
            }
        }
        work.done().await?;
        Ok(1)
    }

    async fn tell(&self, notice: &Notice) -> Result<(), liufang_platform::PeerFault> {
        let alipay = notice.channel == Channel::Alipay.word();
        let key = if alipay { &self.alipay_key } else { &self.wechat_key };
        let channel = if alipay { common::Channel::Alipay } else { common::Channel::Wechat };
        let body = unhex(&notice.body);
        let signature = hash::hmac_sha256_hex(key.as_bytes(), &body);
        let notify = Notify { channel: channel.into(), body, signature, key: notice.row_id.clone() };
        peers::notify(&self.peers, notify).await
    }
}

fn body(notice_id: &str, no: &str, state: pb::ChannelState, paid: (Fen, &str), now: Timestamp) -> Vec<u8> {
    let notice = pb::ChannelNotice {
        notice_id: notice_id.to_owned(),
        channel_order_no: no.to_owned(),
        state: state.into(),
        amount_fen: paid.0.0,
        channel_trade_no: paid.1.to_owned(),
        at_us: now.0,
        refund_no: String::new(),
    };
    notice.encode_to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len() / 2).filter_map(|at| text.get(2 * at..2 * at + 2));
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}
