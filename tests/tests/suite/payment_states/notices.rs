//! Notices of a channel: true, repeated, late, about nothing, of another amount, of another channel, forged, unreadable.

use std::sync::atomic::Ordering;

use liufang::client::{Answer, Refusal};
use liufang_platform::hash::hmac_sha256_hex;
use liufang_proto::common::v1::Channel as PaidBy;
use liufang_proto::hooks::v1::{ChannelNotice, ChannelState};
use liufang_proto::sandbox::v1::ListChannelBookRequest;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;
use liufang_proto::settlement::v1::{NotifyPaymentRequest, PaymentState};
use liufang_tests::{World, eventually};
use prost::Message as _;
use sea_orm::{ConnectionTrait as _, Statement};
use tonic::Code;

use super::{Player, Story, role_of};

/// What the channel's leg of a story comes to: its delivery.
const CASH: i64 = 500;

/// What is refused or raised here is logged.
pub(super) fn announce(world: &mut World) {
    world.expect_log("notice with a wrong signature");
    world.expect_log("difference raised");
}

impl Player {
    /// Hands a notice in as `caller` would.
    pub(super) async fn tell(&self, operation: &str, caller: &str, story: &Story) -> Answer<()> {
        let (base, twists) = caller.split_once(", ").unwrap_or((caller, ""));
        let notice = self.notice(operation, twists, story).await;
        if operation == "NotifyAgain" {
            // what becomes of the first is asked by itself
            drop(self.hand_in(base, &notice).await);
        }
        self.hand_in(base, &notice).await
    }

    async fn notice(&self, operation: &str, twists: &str, story: &Story) -> NotifyPaymentRequest {
        let twist = |own: &str| twists.split(" and ").any(|one| one == own);
        let state = match () {
            () if twist("malformed") => ChannelState::Open,
            () if operation == "NotifyRefunded" => ChannelState::Refunded,
            () => ChannelState::Paid,
        };
        let body = ChannelNotice {
            notice_id: format!("notice-{}", self.notices.fetch_add(1, Ordering::SeqCst)),
            channel_order_no: self.number(story).await,
            state: state.into(),
            amount_fen: if twist("wrong amount") { CASH + 1 } else { CASH },
            channel_trade_no: "T1".to_owned(),
            at_us: 1,
            refund_no: String::new(),
        }
        .encode_to_vec();
        let signature = match twist("forged") {
            true => "00".repeat(32),
            false => hmac_sha256_hex(b"liufang-dev-channel-key", &body),
        };
        let channel = if operation == "NotifyOther" { PaidBy::Alipay } else { PaidBy::Wechat };
        NotifyPaymentRequest { channel: channel.into(), body, signature }
    }

    /// The payment's number at the channel.
    async fn number(&self, story: &Story) -> String {
        match story.payment_id.as_str() {
            "" => "LF_no_such_payment".to_owned(),
            id => self.settlement.payment(id).await.channel_order_no,
        }
    }

    /// Until it meets nobody who is writing the same payment, as channels do.
    async fn hand_in(&self, base: &str, notice: &NotifyPaymentRequest) -> Answer<()> {
        eventually("the notice is answered", || async {
            let answer = self.hand_in_once(base, notice.clone()).await;
            let busy = matches!(&answer, Err(refusal) if refusal.code == Code::Aborted);
            (!busy).then_some(answer)
        })
        .await
    }

    async fn hand_in_once(&self, base: &str, notice: NotifyPaymentRequest) -> Answer<()> {
        if matches!(base, "order" | "channels" | "other role") {
            let request = self.settlement.as_role(role_of(base), notice);
            let mut payments = PaymentServiceClient::new(self.settlement.channel());
            return payments.notify_payment(request).await.map(drop).map_err(Refusal::from);
        }
        let send = |channel, request| async move {
            PaymentServiceClient::new(channel).notify_payment(request).await
        };
        self.session(base).write(notice, send).await.map(drop)
    }

    /// The payer has paid at the channel, whatever it has told us.
    pub(super) async fn pays(&self, world: &World, story: &Story) {
        let sql = "INSERT INTO channel_payment (channel_order_no, channel, channel_trade_no, amount_fen, \
                   freight_fen, refunded_fen, state, created_at_us) VALUES ($1, $2, 'T1', $3, $3, 0, 'paid', 1) \
                   ON CONFLICT (channel_order_no) DO UPDATE SET state = 'paid'";
        let values = [self.number(story).await.into(), i32::from(PaidBy::Wechat).into(), CASH.into()];
        let sandbox = world.database("sandbox").await;
        let paid = Statement::from_sql_and_values(sandbox.get_database_backend(), sql, values);
        assert_eq!(sandbox.execute_raw(paid).await.unwrap().rows_affected(), 1);
        sandbox.close().await.unwrap();
    }

    /// The channel has the cash of what is paid, and no other.
    pub(super) async fn cash_went(&self, payment_id: &str, state: PaymentState) {
        let channel_order_no = self.settlement.payment(payment_id).await.channel_order_no;
        let back = if state == PaymentState::Captured { 0 } else { CASH };
        eventually("cash of a payment that has ended goes back", || async {
            let body = ListChannelBookRequest { channel_order_no: channel_order_no.clone() };
            let rows = self.cast.public().list_channel_book(body).await.unwrap().rows;
            let [row] = &rows[..] else { panic!("{} rows of one number", rows.len()) };
            (row.amount_fen == CASH && row.refunded_fen == back).then_some(())
        })
        .await;
        self.settlement.payment_in(payment_id, &[state]).await;
    }

    /// What a person must look at, after every notice that moves nothing has come in this state.
    pub(super) async fn raised_as_due(&self, world: &World, state: &str, story: &Story) {
        let settlement = world.database("settlement").await;
        let sql = "SELECT kind FROM raised_difference WHERE payment_id = $1 ORDER BY kind";
        let values = [story.payment_id.as_str().into()];
        let query = Statement::from_sql_and_values(settlement.get_database_backend(), sql, values);
        let rows = settlement.query_all_raw(query).await.unwrap();
        let raised: Vec<String> = rows.iter().map(|row| row.try_get("", "kind").unwrap()).collect();
        settlement.close().await.unwrap();
        let mut due = vec!["NOTICE_AMOUNT_MISMATCH"];
        // paid before anybody asked, given back without our asking
        if matches!(state, "authorised" | "pending" | "captured") {
            due.insert(0, "NOTICE_AFTER_END");
        }
        assert_eq!(raised, due, "in {state}");
    }
}
