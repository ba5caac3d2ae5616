//! Any bytes as a file of the format `npz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("npz", "a.npz", bytes));
