#![doc = include_str!("../README.md")]

pub mod arff;
#[cfg(feature = "arrow")]
pub mod arrow;
pub mod columns;
pub mod edf;
#[cfg(test)]
mod mutated;
pub mod npy;
pub mod npz;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod png;
pub mod signals;
pub mod time;
pub mod wfdb;
