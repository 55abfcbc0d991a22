//! The rules, each a pure function with an id. They suspect; a person decides.

mod price;
mod sale;
mod supply;

pub use price::{Price, price_jump, price_range};
pub use sale::{Sale, agreement_breach, codes_missing, known_code_resold, refused_resale};
pub use supply::{Supply, too_soon};
