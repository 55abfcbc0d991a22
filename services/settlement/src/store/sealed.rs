//! Every sealed column of this service.

use liufang_platform::SealedTable;

use super::{mobile, payer, quote, refund};

pub const SEALED: &[SealedTable] = &[
    SealedTable { table: "quote", key: "quote_id", columns: &[("sealed_body", quote::BODY)] },
    SealedTable { table: "refund", key: "refund_id", columns: &[("sealed_body", refund::BODY)] },
    SealedTable {
        table: "channel_payer",
        key: "payment_id",
        columns: &[("payer_sealed", payer::PAYER), ("pay_params_sealed", payer::PAY_PARAMS)],
    },
    // empty once the order has ended
    SealedTable { table: "mobile_order", key: "med_org_ord", columns: &[("secret_sealed", mobile::SECRET)] },
];
