//! Deliveries: their states, the codes that prove a hand-over, distances, and who carries what.

pub mod assign;
pub mod clock;
pub mod code;
pub mod cold;
pub mod delivery;
pub mod geo;
pub mod outside;
pub mod route;
