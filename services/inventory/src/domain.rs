//! What inventory decides: who may sell what at which price, which lot goes first, which pack may leave the shop.
//!
//! Pure functions over values. Time, ids and region policy are arguments; nothing here does I/O.

pub mod basket;
pub mod book;
pub mod dispense;
pub mod drug;
pub mod geo;
pub mod give_back;
pub mod lot;
pub mod movement;
pub mod offer;
pub mod parity;
pub mod pick;
pub mod report;
pub mod reservation;
pub mod shift;
pub mod stock;
pub mod trace;

pub use basket::{Ask, LineReason, LineRefusal, Priced};
pub use drug::{Drug, Listing, RxFlag};
pub use lot::{Lot, LotState, Origin};
pub use movement::{Movement, MovementKind};
pub use report::{RowRefusal, RowReport};
pub use reservation::{Line, Pick, Reservation, ReservationState};
pub use trace::{TraceRecord, TraceState};
