//! Any bytes as a file of the format `ucr`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("ucr", "a.txt", bytes));
