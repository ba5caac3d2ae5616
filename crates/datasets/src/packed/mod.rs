//! More than memory holds: the sequences of a part in a file, read row by row at the places that are asked for.
//!
//! `prepare` goes over the sources once and writes what it reads into such files; fits the preprocessing on them; and
//! writes what is prepared into others, which training reads ([`crate::Sequence::Packed`]). These are kept under a
//! digest of sources and settings, so that the next run begins at once. Splits, order and views are functions of row
//! numbers, so that nothing else differs from data in memory.

mod cache;
mod config;
mod failure;
mod file;
mod layout;
mod prepare;
mod sink;
pub(crate) mod spool;
mod work;
mod writer;

pub use cache::PackedPart;
pub use config::Packed;
pub use prepare::pack;
pub(crate) use prepare::{Outcome, prepared};
pub(crate) use sink::{Sink, Store};
