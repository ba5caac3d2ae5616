//! What a run writes beside its weights: metrics, curves, the confusion matrix, TensorBoard events, the report.

pub mod cells;
pub mod confusion;
pub mod curves;
pub mod files;
pub mod map;
pub mod metrics_log;
pub mod pictures;
pub mod report;
pub mod tensorboard;
pub mod terminal;
