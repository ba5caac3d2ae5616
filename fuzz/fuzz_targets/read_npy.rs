//! Any bytes as a file of the format `npy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("npy", "a.npy", bytes));
