//! Any bytes as a file of word vectors.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::word_vectors(bytes));
