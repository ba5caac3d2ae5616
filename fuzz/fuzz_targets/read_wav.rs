//! Any bytes as a recording of the format `wav`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("audio", "a.wav", bytes));
