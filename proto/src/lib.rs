//! The contracts of Liufang, generated from `proto/liufang/**`.
//!
//! Messages do not implement the derived `Debug`: many carry personal data. [`DESCRIPTORS`] holds the whole descriptor
//! set with the access options that every server enforces.

/// The encoded `FileDescriptorSet`, with source comments and custom options.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The table of a prescription's states as text (`liufang/prescription/v1/states.txt`): state × operation × caller → answer,
/// and the order of checks. Its grammar is at its head.
pub const PRESCRIPTION_STATES: &str = include_str!("../liufang/prescription/v1/states.txt");
/// Likewise of a payment's states (`liufang/settlement/v1/states.txt`).
pub const SETTLEMENT_STATES: &str = include_str!("../liufang/settlement/v1/states.txt");

macro_rules! package {
    ($($name:ident),*) => {$(
        pub mod $name {
            pub mod v1 {
                #![allow(clippy::large_enum_variant, clippy::doc_markdown, clippy::doc_lazy_continuation)]
                include!(concat!(env!("OUT_DIR"), "/liufang.", stringify!($name), ".v1.rs"));
            }
        }
    )*};
}

package!(common, dispatch, hooks, identity, inventory, order, prescription, sandbox, settlement, supervision);
