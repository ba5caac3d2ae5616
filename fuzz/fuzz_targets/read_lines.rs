//! Any bytes as a file of the format `lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("lines", "a.pos", bytes));
