//! Any bytes as a recording of the format `flac`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("audio", "a.flac", bytes));
