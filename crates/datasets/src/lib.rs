#![doc = include_str!("../README.md")]

pub mod augment;
mod codes;
mod config;
mod digest;
mod duplicates;
mod error;
mod events;
mod files;
#[cfg(test)]
mod fixtures;
pub mod formats;
mod guard;
mod label_names;
mod label_sets;
mod levels;
mod loading;
#[cfg(test)]
mod mutated;
mod packed;
mod preparation;
mod prepare;
mod prepare_sessions;
mod prepare_source;
mod prepare_windows;
mod prepared;
mod random;
mod recordings;
mod row_keys;
mod sequence;
mod series;
mod shown;
mod sources;
mod step_labels;
mod target_kind;
mod word_vectors;

pub use augment::{AUGMENTATIONS, AugmentConfig, AugmentationConfig, Augmenter, Corpus};
pub use config::{DataConfig, Validation};
pub use digest::{DataMark, sha256};
pub use error::DataError;
pub use files::Files;
pub use levels::Levels;
pub use loading::{
    Batch, BatchInputs, Loader, LoaderOptions, Pool, StepBatches, ViewBatches, Views, evaluation_batches,
};
pub use packed::{Packed, PackedPart, pack};
pub use preparation::{
    CalibrationPart, ClassOrder, Fold, Forecast, LabelsConfig, Normalize, Per, Processor, SegmentConfig, SessionSplit,
    SessionsConfig, SplitRecord, TargetUnit, TextUnit, TokenizerKind, TransformConfig, WindowsConfig,
    trained_tokenizer,
};
pub use prepare::prepare;
pub use prepare_source::prepare_source;
pub use prepared::{AsRead, Prepared};
pub use row_keys::RowKeys;
pub use semiseq_audio::{Frames, LogMelConfig, MfccConfig, SoundConfig, WaveformConfig};
pub use sequence::{Dataset, PackedRow, Sequence, Target, Window};
pub use series::Series;
pub use shown::{harmless, one_line, shown};
#[cfg(feature = "fetch")]
pub use sources::fetch::fetch;
pub use sources::{
    Description, FETCH_FOLDER, FETCHABLES, Fetchable, Source, WholeRecording, dataset_from_rows, dataset_of, describe,
    input_path, is_built_in, latest_of, latest_windows, open, read_input, read_like, recording, synthetic,
    written_without_spaces,
};
pub use target_kind::TargetKind;
pub use word_vectors::WordVectors;
