//! Every sealed column of this service, and the context each is bound to. Changing one makes its column unreadable.

use liufang_platform::SealedTable;

pub const CONTACT: &str = "delivery.contact";
pub const HAND_OVER_CODE: &str = "delivery.hand_over_code";
pub const RECIPIENT_CODE: &str = "delivery.recipient_code";

pub const SEALED: &[SealedTable] = &[SealedTable {
    table: "delivery",
    key: "delivery_id",
    columns: &[
        ("contact_sealed", CONTACT),
        ("hand_over_code_sealed", HAND_OVER_CODE),
        ("recipient_code_sealed", RECIPIENT_CODE),
    ],
}];
