//! The published reasons of this service.

use liufang_kernel::{Class, ReasonDoc};

macro_rules! reasons {
    ($($name:ident = $class:ident, $zh:literal, $en:literal;)*) => {
        $(pub(super) static $name: ReasonDoc = ReasonDoc::new(stringify!($name), Class::$class, $zh, $en);)*
        /// Every reason this service can answer with.
        pub const REASONS: &[&ReasonDoc] = &[$(&$name),*];
    };
}

reasons! {
    QUOTE_NOT_FOUND = NotFound, "未找到该费用试算", "no such quote";
    PAYMENT_NOT_FOUND = NotFound, "未找到该支付单", "no such payment";
    CLAIM_NOT_FOUND = NotFound, "未找到该申报", "no such claim";
    QUOTE_LEG_FORBIDDEN = Precondition, "该费用不得由医保支付", "an insured leg may not pay this";
    QUOTE_EXPIRED = Precondition, "费用试算已过期，请重新试算", "the quote has expired; ask for a new one";
    QUOTE_USED = Precondition, "费用试算已被使用，请重新试算", "the quote has been used; ask for a new one";
    NOT_INSURED = Precondition, "参保状态不正常或未参保", "no insurance in normal state on that date";
    INSURED_ELSEWHERE = Precondition, "参保地不在本统筹区", "insured in another region";
    INSTITUTION_NOT_DESIGNATED = Precondition, "该机构当日不是本统筹区的定点医药机构", "the institution is not designated in this region on that date";
    SCHEME_NOT_OPEN = Precondition, "本统筹区当日未开通该业务", "the region has no such scheme on that date";
    DISEASE_NOT_IN_SCHEME = Precondition, "该病种不在线上续方范围内", "the disease is not part of the scheme";
    DISEASE_NOT_REGISTERED = Precondition, "未办理该慢性病认定", "the person is not registered for the disease";
    CONSULTATION_FEE_MISMATCH = Precondition, "诊察费与本统筹区标准不符", "the fee differs from the region's for this hospital level";
    INSUFFICIENT_BALANCE = Precondition, "个人账户可用余额已变化，请重新试算", "an account has less free than quoted; ask for a new quote";
    CHANNEL_REQUIRED = Precondition, "有现金部分，请选择支付渠道", "a cash part is left: choose a channel";
    PAYMENT_ENDED = Precondition, "支付单已结束", "the payment has ended";
    PAYMENT_CAPTURED = Precondition, "支付单已结算，请走退款", "the payment is captured; refund it instead";
    PAYMENT_NOT_CAPTURED = Precondition, "支付单未结算，不能退款", "the payment is not captured";
    CAPTURE_LINE_UNKNOWN = Precondition, "保留的行不在该支付单中", "the payment has no such line";
    CAPTURE_NOT_LESS = Precondition, "保留数量须少于试算数量", "what is kept is not less than what was quoted";
    CAPTURE_WHOLE_ONLY = Precondition, "该支付单只能整单结算", "what would stay cannot be settled; capture the whole or void it";
    REFUND_LINE_UNKNOWN = Precondition, "退货行或费用不在该支付单中", "the payment has no such line or fee";
    REFUND_TOO_MUCH = Precondition, "退货数量超过剩余数量", "more comes back than is left";
    REFUND_WHOLE_ONLY = Precondition, "该支付单只能整单退款", "what would stay cannot be settled again; return the payment whole";
    PAYMENT_NOT_STUCK = Precondition, "支付单无需人工处理", "the payment does not wait for a person";
    PAYMENT_BUSY = Aborted, "支付单正在处理，请以同一幂等键重试", "somebody else moved the payment; retry under the same key";
    NOTICE_FROM_OUTSIDE = PermissionDenied, "支付通知须由渠道适配服务转交", "notices come through the service that speaks to the channel";
    NOTICE_SIGNATURE_INVALID = PermissionDenied, "通知签名无效", "the signature of the notice is wrong";
    NOTICE_AMOUNT_MISMATCH = Precondition, "通知金额与订单不符，已上报核查", "the notice names another amount; it was raised";
    NOTICE_ORDER_UNKNOWN = NotFound, "通知的订单不存在", "no payment has this channel order number";
    DAY_CLOSED = Precondition, "该日已对平关账", "the day is closed with other totals";
    CLAIM_STATE = Precondition, "申报状态不允许该操作", "the claim is not in a state for this";
    DEDUCTION_TOO_LARGE = Precondition, "扣款超过申报金额", "more is deducted than claimed";
    INSURER_TRIAL_REFUSED = Precondition, "医保中心预结算未通过", "the insurer refused the trial settlement";
    INSURER_AMOUNT_MISMATCH = Precondition, "医保中心计算结果与试算不一致，请重新试算", "the insurer calculates other amounts; ask for a new quote";
    INSURER_NO_ANSWER = Unavailable, "医保中心未应答，请稍后重试", "the insurer gave no answer; try again";
    ROW_KEY_REUSED = AlreadyExists, "行键已用于另一笔入账", "the row key was used with another content";
    ACCOUNT_OF_OTHER_REGION = Precondition, "个人账户属于其他统筹区", "the account is kept by another region, whose fund alone fills it";
    TRANSFER_REUSED = AlreadyExists, "该记账编号已用于另一笔分录", "the kind and reference of the transfer stand for another booking";
    DETAIL_FILE_NOT_FOUND = NotFound, "未找到该对账明细文件或已过期", "no such file of details, or it has expired";
    DETAIL_FILE_COMPARED = Precondition, "该对账明细文件已完成对账，不能再追加", "the file has been compared; hand in a new one";
    DETAIL_FILE_NOT_COMPARED = Precondition, "该对账明细文件尚未对账", "the file has not been compared yet";
    DETAIL_ROW_REPEATED = Precondition, "对账明细中同一报文号与退费标志重复", "a message id stands in the file twice with the same refund flag";
    STATEMENT_NOT_FOUND = NotFound, "未找到该渠道对账单", "no such statement";
    STATEMENT_CHANGED = Precondition, "该渠道该日对账单已导入且内容不同", "another statement of that channel, institution and day has been taken";
    STATEMENT_DAY_OPEN = Precondition, "该日尚未结束，没有对账单", "the day is not over: there is no statement of it";
    STATEMENT_UNREADABLE = Precondition, "渠道对账单无法读取", "the channel's statement cannot be read";
    STATEMENT_NOT_FETCHED = Unavailable, "渠道未给出可信的对账单，请稍后重试", "the channel gave no statement that can be trusted; try again";
    STATEMENT_LINE_REPEATED = Precondition, "对账单中的交易已在其他日期的对账单中", "a line stands in the statement of another day";
    CLAIM_LINE_NOT_FOUND = NotFound, "申报中没有该明细或该明细未被扣款", "the claim has no such line, or nothing was cut of it";
    CLAIM_PAYMENT_TOO_LARGE = Precondition, "支付金额超过应付余额", "more is paid than is left of the claim";
    SETTLEMENT_INTERNAL = Internal, "系统内部错误", "an internal error; quote the request id";
}
