//! Where data come from: files, downloads, formulas.

pub(crate) mod checks;
pub(crate) mod describe;
pub(crate) mod fetch;
pub(crate) mod latest;
pub(crate) mod locate;
pub(crate) mod open;
pub(crate) mod parts;
pub(crate) mod read;
pub(crate) mod recordings;
pub mod synthetic;

pub use describe::{Description, describe, written_without_spaces};
pub use fetch::{FETCHABLES, FOLDER as FETCH_FOLDER, Fetchable};
pub use latest::{WholeRecording, latest_of, latest_windows, recording};
pub use locate::{input_path, is_built_in};
pub use open::open;
pub use parts::Source;
pub use read::{dataset_from_rows, dataset_of, read_input, read_like};
