//! Any bytes as a file of the format `png`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("png", "a.png", bytes));
