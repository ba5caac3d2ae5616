//! Any bytes as a file of the format `ts`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("ts", "a.ts", bytes));
