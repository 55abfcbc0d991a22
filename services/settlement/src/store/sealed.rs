//! Every sealed column of this service.

use liufang_platform::SealedTable;

use super::{quote, refund};

pub const SEALED: &[SealedTable] = &[
    SealedTable { table: "quote", key: "quote_id", columns: &[("sealed_body", quote::BODY)] },
    SealedTable { table: "refund", key: "refund_id", columns: &[("sealed_body", refund::BODY)] },
];
