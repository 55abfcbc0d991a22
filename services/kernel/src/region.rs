//! Region packs.
