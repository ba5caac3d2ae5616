//! What is shown of a finished run: one page in one file, and the pictures of the run folder.
//!
//! [`Material::of`] asks a [`semiseq_training::FinishedRun`] for all of it, [`Material::write`] writes it into the run folder.

pub mod confusion;
pub mod curves;
pub mod images;
pub mod map;
mod material;
pub mod page;
mod shown;

pub use material::Material;
