//! Any bytes as a file of the format `wfdb`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("wfdb", "a.hea", bytes));
