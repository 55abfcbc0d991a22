//! The outside parties of a development mesh.
