#![doc = include_str!("../README.md")]

pub mod arff;
pub mod edf;
#[cfg(test)]
mod mutated;
pub mod npy;
pub mod npz;
pub mod signals;
pub mod time;
pub mod wfdb;
