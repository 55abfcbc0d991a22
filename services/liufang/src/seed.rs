//! See the module list in services/liufang/README.md.
