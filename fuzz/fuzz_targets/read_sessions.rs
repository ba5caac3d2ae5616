//! Any bytes as a table of users, items and times.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| semiseq_fuzz::reader("sessions", "a.csv", bytes));
