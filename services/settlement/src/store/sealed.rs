//! Every sealed column of this service.

use liufang_platform::SealedTable;

use super::quote;

pub const SEALED: &[SealedTable] =
    &[SealedTable { table: "quote", key: "quote_id", columns: &[("sealed_body", quote::BODY)] }];
