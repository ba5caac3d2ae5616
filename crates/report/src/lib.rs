#![doc = include_str!("../README.md")]

pub mod confusion;
pub mod curves;
pub mod images;
pub mod map;
mod material;
pub mod page;
mod shown;

pub use material::Material;
