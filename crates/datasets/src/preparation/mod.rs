//! From raw sequences to what a model reads: splits, labels that may be seen, scaling, windows, words.

pub(crate) mod calibration;
pub(crate) mod counting;
pub(crate) mod folds;
pub(crate) mod groups;
pub(crate) mod held_out;
pub(crate) mod hugging_face;
pub(crate) mod labels;
pub(crate) mod missing;
pub(crate) mod processor;
pub(crate) mod resample;
pub(crate) mod scaling;
pub(crate) mod segment;
pub(crate) mod sessions;
pub(crate) mod split;
pub(crate) mod target_unit;
pub(crate) mod text;
pub(crate) mod trained_tokenizer;
pub(crate) mod transcripts;
pub(crate) mod transform;
pub(crate) mod unicode;
pub(crate) mod windows;

pub use calibration::CalibrationPart;
pub use labels::{ClassOrder, Fold, LabelsConfig};
pub use processor::{Forecast, Processor};
pub use segment::{Per, SegmentConfig};
pub use sessions::{SessionSplit, SessionsConfig};
pub use split::SplitRecord;
pub use target_unit::TargetUnit;
pub use trained_tokenizer::{TokenizerKind, trained_tokenizer};
pub use transform::{Normalize, TextUnit, TransformConfig};
pub use windows::WindowsConfig;
