//! Every sealed column of the sandbox, and the context each is bound to.

use liufang_platform::SealedTable;

pub const PATTERN: &str = "dial.pattern";
pub const TEXT: &str = "message.text";

pub const SEALED: &[SealedTable] = &[
    SealedTable { table: "dial", key: "dial_id", columns: &[("pattern_sealed", PATTERN)] },
    SealedTable { table: "message", key: "request_id", columns: &[("text_sealed", TEXT)] },
];
