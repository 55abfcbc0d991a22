//! The door over real sockets: three protocols, one answer; what may not pass does not.

mod acting;
mod backend;
mod client;
mod ended;
mod limits;
mod passing;
mod refusals;
mod streams;
mod surface;
