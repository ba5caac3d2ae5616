//! Sequence data: files and formulas → sequences → label splits → views → batches.
//!
//! Everything here is plain host memory, without Burn: the crate compiles in seconds, and a batch is a
//! `Vec` that the training crate uploads. All randomness comes from explicit seeds.

pub mod augment;
mod batch;
mod config;
mod describe;
mod duplicates;
mod error;
mod fetch;
pub mod formats;
pub mod formula;
mod guard;
mod labels;
mod levels;
mod loader;
mod mark;
mod missing;
#[cfg(test)]
mod mutated;
mod prepare;
mod processor;
mod random;
mod scaling;
mod sequence;
mod shown;
mod source;
mod split;
mod text;
mod unicode;
mod windows;

pub use augment::{AugmentConfig, AugmentationConfig, Augmenter, Corpus};
pub use batch::{Batch, BatchInputs, evaluation_batches};
pub use config::{DataConfig, LabelsConfig, Normalize, TextUnit, TransformConfig};
pub use describe::{Description, describe, written_without_spaces};
pub use error::DataError;
pub use fetch::{FETCHABLES, FOLDER as FETCH_FOLDER, Fetchable, fetch};
pub use levels::Levels;
pub use loader::{Loader, LoaderOptions, Pool, StepBatches, ViewBatches, Views};
pub use mark::{DataMark, sha256};
pub use prepare::{Prepared, Task, prepare, prepare_source};
pub use processor::{Forecast, Processor};
pub use sequence::{Dataset, Sequence, Series, Target, Window};
pub use shown::{harmless, one_line, shown};
pub use source::{
    Recording, Source, dataset_from_rows, input_path, is_built_in, latest_of, latest_windows, open, read_input,
    read_like, recording,
};
pub use split::SplitRecord;
pub use windows::WindowsConfig;
