//! Any bytes as a table with a row per step.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::long_table(bytes));
