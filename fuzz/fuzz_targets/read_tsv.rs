//! Any bytes as a file of the format `tsv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("tsv", "a.tsv", bytes));
