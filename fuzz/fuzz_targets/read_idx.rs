//! Any bytes as a file of the format `idx`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("idx", "t-images-idx3-ubyte", bytes));
