//! Every method of the door of one installation in this process: two bytes choose method, caller and writing.
#![no_main]

use std::sync::LazyLock;

use liufang_tests::fuzz::surface::Running;

static RUNNING: LazyLock<Running> = LazyLock::new(Running::start);

libfuzzer_sys::fuzz_target!(|data: &[u8]| RUNNING.guess(data));
