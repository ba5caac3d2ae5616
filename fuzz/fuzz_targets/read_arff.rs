//! Any bytes as a file of the format `arff`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("arff", "a.arff", bytes));
