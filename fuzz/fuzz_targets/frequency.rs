#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| liufang_tests::fuzz::parsers::frequency(data));
