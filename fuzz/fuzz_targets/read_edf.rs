//! Any bytes as a file of the format `edf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("edf", "a.edf", bytes));
