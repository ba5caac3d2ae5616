//! Any bytes in the place of `checksums.json` of a finished run.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::run_file("checksums.json", bytes));
