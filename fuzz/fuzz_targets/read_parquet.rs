//! Any bytes as a file of the format `parquet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("parquet", "a.parquet", bytes));
