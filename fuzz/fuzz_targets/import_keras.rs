//! Any bytes as weights of Keras.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::weights("a.weights.h5", bytes));
