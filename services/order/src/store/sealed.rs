//! Every sealed column of this service.

use liufang_platform::SealedTable;

use super::{journal, purchase};

pub const SEALED: &[SealedTable] = &[
    SealedTable {
        table: "purchase_order",
        key: "order_id",
        columns: &[
            ("quote", purchase::QUOTE),
            ("door", purchase::DOOR),
            ("collection_code", purchase::COLLECTION),
            ("hand_over_code", purchase::HAND_OVER),
            ("return_note", purchase::NOTE),
        ],
    },
    SealedTable { table: "journal", key: "order_id", columns: &[("argument", journal::ARGUMENT)] },
];
