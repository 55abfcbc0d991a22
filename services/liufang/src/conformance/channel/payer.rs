//! The test payer of the kit, and what is asked of the channel.

use std::time::Duration;

use clap::{Args, ValueEnum};
use liufang_kernel::Timestamp;
use liufang_platform::Ids;
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1 as pb;

/// How long a payment may be paid.
const LIFE_S: i64 = 600;

/// A channel that has a hook.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Wechat,
    Alipay,
    Unionpay,
    BankCard,
}

/// Where the payer stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scene {
    Qr,
    InApp,
    App,
    Web,
    AuthCode,
}

/// The test payer.
#[derive(Args, Clone)]
pub struct Payer {
    /// Which channel it is.
    #[arg(long, value_enum, default_value = "unionpay")]
    channel: Kind,
    /// Institution code of the pharmacy whose goods are paid.
    #[arg(long, default_value = "P13030200001")]
    fixmedins_code: String,
    /// What is paid, in fen.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i64).range(2..=1_000_000))]
    amount_fen: i64,
    /// Where the payer stands.
    #[arg(long, value_enum, default_value = "qr")]
    scene: Scene,
    /// Who pays, as the channel knows them.
    #[arg(long, default_value = "payer-of-the-kit")]
    payer_id: String,
    /// The code that the payer shows; for the scene auth-code.
    #[arg(long, default_value = "")]
    auth_code: String,
    /// Somebody who does not pay; for the payment that is closed.
    #[arg(long, default_value = "idle-payer-of-the-kit")]
    idle_payer_id: String,
    /// How long a payer and a refund may take, in seconds.
    #[arg(long, default_value_t = 30)]
    wait_seconds: u64,
}

impl Payer {
    pub fn channel(&self) -> i32 {
        let channel = match self.channel {
            Kind::Wechat => Channel::Wechat,
            Kind::Alipay => Channel::Alipay,
            Kind::Unionpay => Channel::Unionpay,
            Kind::BankCard => Channel::BankCard,
        };
        channel.into()
    }

    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.wait_seconds)
    }

    pub fn order(&self, now: Timestamp) -> pb::CreatePaymentRequest {
        let scene = match self.scene {
            Scene::Qr => pb::PaymentScene::Qr,
            Scene::InApp => pb::PaymentScene::InApp,
            Scene::App => pb::PaymentScene::App,
            Scene::Web => pb::PaymentScene::Web,
            Scene::AuthCode => pb::PaymentScene::AuthCode,
        };
        pb::CreatePaymentRequest {
            channel: self.channel(),
            channel_order_no: number(),
            amount_fen: self.amount_fen,
            expires_at_us: now.plus_seconds(LIFE_S).0,
            payer_id: self.payer_id.clone(),
            auth_code: self.auth_code.clone(),
            scene: scene.into(),
            fixmedins_code: self.fixmedins_code.clone(),
            ..Default::default()
        }
    }

    /// One that nobody pays. A channel that cannot close a code which may yet be scanned closes it when its time is over.
    pub fn idle_order(&self, now: Timestamp) -> pb::CreatePaymentRequest {
        let soon = i64::try_from(self.wait_seconds / 2).unwrap_or(LIFE_S);
        pb::CreatePaymentRequest {
            payer_id: self.idle_payer_id.clone(),
            expires_at_us: now.plus_seconds(soon.max(1)).0,
            ..self.order(now)
        }
    }

    pub fn statement(&self, stmt_date: &str) -> pb::FetchStatementRequest {
        pb::FetchStatementRequest {
            channel: self.channel(),
            fixmedins_code: self.fixmedins_code.clone(),
            stmt_date: stmt_date.to_owned(),
        }
    }
}

/// A number as settlement makes them: letters and digits, at most 32.
pub fn number() -> String {
    format!("KT{}", Ids.digits(26))
}

pub fn refund_number() -> String {
    format!("KR{}", Ids.digits(24))
}

/// A refund of some of an order.
pub fn back(order: &pb::CreatePaymentRequest, refund_no: &str, amount_fen: i64) -> pb::RefundPaymentRequest {
    pb::RefundPaymentRequest {
        channel: order.channel,
        channel_order_no: order.channel_order_no.clone(),
        refund_no: refund_no.to_owned(),
        amount_fen,
    }
}
