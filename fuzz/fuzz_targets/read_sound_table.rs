//! Any bytes as a table of recordings.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("audio", "a.csv", bytes));
