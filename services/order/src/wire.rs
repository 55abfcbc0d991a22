//! Between messages and the domain: requests in, naming every bad field; orders out.

mod counter;
mod page;
mod render;
mod request;

pub use counter::{pay_counter, place_counter};
pub use page::list_orders;
pub use render::{order_state, told};
pub use request::{collect, dispense, give_back, order_id, pay, person_needed, place, requote, watch};
