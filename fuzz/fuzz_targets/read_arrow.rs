//! Any bytes as a file of the format `arrow`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("arrow", "a.arrow", bytes));
