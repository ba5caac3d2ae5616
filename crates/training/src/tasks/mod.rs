//! What a run predicts: one file per task, from the model's numbers to scores and to what people read.
//!
//! A [`Task`] is derived once, from the checked config ([`Purpose::of`]), stored in `model.json`, and asked from then
//! on by the learner, the finished run, `predict` and the report.

mod calibrated;
mod calibration;
mod classification;
mod clusters;
pub(crate) mod compatibility;
pub mod evaluate;
mod forecasting;
mod head;
mod judged;
pub mod measures;
mod multi_label;
mod naive;
mod next_item;
mod nothing;
mod outputs;
mod prediction;
mod purpose;
mod quantiles;
mod registry;
mod regression;
mod sequence_to_sequence;
mod spans;
mod tagging;
mod tallies;
mod task;
mod transcription;

pub use calibrated::Calibrated;
pub(crate) use calibrated::labelled;
pub(crate) use calibration::least_labels;
pub use calibration::{Calibration, Conformal};
pub use classification::{Classification, predictions};
pub use clusters::Clusters;
pub use forecasting::Forecasting;
pub use head::head_size;
pub(crate) use head::width;
pub use judged::{ClassEvaluation, Evaluation, Judged, JudgedScore, Proportion};
pub(crate) use judged::{further, intervals};
pub use multi_label::MultiLabel;
pub use next_item::NextItemTask;
pub use nothing::Nothing;
pub use outputs::Outputs;
pub(crate) use outputs::host;
pub use prediction::{ClassPrediction, LabelsPrediction, Prediction};
pub use purpose::{Judge, Predictor, Purpose};
pub use registry::task_of;
pub use regression::Regression;
pub use sequence_to_sequence::SequenceToSequenceTask;
pub use tagging::Tagging;
pub use task::Task;
pub use transcription::Transcription;
