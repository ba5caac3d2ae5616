#![doc = include_str!("../README.md")]

pub mod centres;
pub mod charts;
pub mod confusion;
pub mod curves;
mod facts;
pub mod images;
pub mod map;
mod material;
mod mattered;
pub mod page;
mod sample;
mod shown;
pub mod trajectories;

pub use facts::Facts;
pub use material::Material;
