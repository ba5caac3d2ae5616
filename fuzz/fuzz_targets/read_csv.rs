//! Any bytes as a file of the format `csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("csv", "a.csv", bytes));
