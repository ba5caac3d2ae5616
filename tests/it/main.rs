//! The program and the library as their users use them.

mod audio;
mod bad_input;
mod bad_runs;
mod book;
mod commands;
mod common;
mod earlier;
mod examples;
mod exchange;
mod forecasting;
mod formats;
mod house;
mod images;
mod imports;
mod label;
mod many_hosts;
mod packed;
mod recommendation;
mod reference;
mod run;
mod seeds;
mod sequence_to_sequence;
mod several_files;
mod transcripts;
mod tune;
