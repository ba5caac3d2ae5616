//! What a run writes beside its weights: metrics, curves, the confusion matrix, TensorBoard events.

pub mod confusion;
pub mod curves;
pub mod files;
pub mod metrics_log;
pub mod tensorboard;
