//! Any bytes as a file of the format `jsonl`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("jsonl", "a.jsonl", bytes));
