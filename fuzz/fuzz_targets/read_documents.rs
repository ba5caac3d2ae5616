//! Any bytes as a folder of documents.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::documents(bytes));
