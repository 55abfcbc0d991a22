//! Every sealed column, and the context each is bound to.

use liufang_platform::SealedTable;

pub const REQUEST: &str = "channel_order.request";
pub const PAY_PARAMS: &str = "channel_order.pay_params";
pub const NOTICE: &str = "notice.body";

pub const SEALED: &[SealedTable] = &[
    SealedTable {
        table: "channel_order",
        key: "channel_order_no",
        columns: &[("request_sealed", REQUEST), ("pay_params_sealed", PAY_PARAMS)],
    },
    SealedTable { table: "notice", key: "row_id", columns: &[("body_sealed", NOTICE)] },
];
