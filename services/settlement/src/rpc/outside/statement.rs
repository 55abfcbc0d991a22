//! A channel's statement of a day, through its hook.

use liufang_platform::PeerFault;
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1 as pb;
use pb::payment_channel_client::PaymentChannelClient;
use tonic::{Code, Request};

use super::Outside;
use crate::domain::fetch::{Bill, BillSays};
use crate::domain::statement::StatementFormat;
use crate::store::statement::Of;
use crate::wire::channel::channel_of;

impl Outside {
    /// Asks for a statement. Whatever is no answer that counts leaves the day as it is.
    pub async fn fetch_statement(&self, of: Of<'_>) -> BillSays {
        let body = pb::FetchStatementRequest {
            channel: channel_of(of.channel).unwrap_or(Channel::Unspecified) as i32,
            fixmedins_code: of.fixmedins_code.to_owned(),
            stmt_date: of.stmt_date.to_owned(),
        };
        let mut hook = PaymentChannelClient::new(self.mesh(&format!("hook.{}", of.channel)));
        match hook.fetch_statement(Request::new(body)).await {
            Ok(reply) => says(reply.into_inner()),
            // a channel of before
            Err(status) if status.code() == Code::Unimplemented => BillSays::Unsupported,
            Err(status) => BillSays::Unknown(reason(&PeerFault::from(status))),
        }
    }
}

fn reason(fault: &PeerFault) -> String {
    use liufang_kernel::Fault as _;
    fault.doc().reason.to_string()
}

fn says(reply: pb::FetchStatementResponse) -> BillSays {
    let format = match reply.form() {
        pb::StatementForm::Wechat => Some(StatementFormat::Wechat),
        pb::StatementForm::Alipay => Some(StatementFormat::Alipay),
        pb::StatementForm::Generic => Some(StatementFormat::Generic),
        pb::StatementForm::Unspecified => None,
    };
    match (reply.state(), format) {
        (pb::StatementState::Ready, Some(format)) => {
            BillSays::Ready(Bill { format, text: reply.text, shared: reply.shared })
        }
        (pb::StatementState::Ready, None) => BillSays::Unknown("STATEMENT_FORM_UNKNOWN".to_owned()),
        (pb::StatementState::NotReady, _) => BillSays::NotReady,
        (pb::StatementState::None, _) => BillSays::Nothing,
        (pb::StatementState::Unsupported, _) => BillSays::Unsupported,
        (pb::StatementState::Unspecified, _) => BillSays::Unknown("STATEMENT_STATE_UNKNOWN".to_owned()),
    }
}
