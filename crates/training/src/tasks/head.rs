//! How much the model's head says.

use semiseq_datasets::Processor;
use semiseq_models::{HeadSize, Output};

use crate::recipe::ModelKind;

/// The size of a model's head for data that `processor` prepares: a forecaster's as the windows are cut, the
/// columns of a regressor, one of a sigmoid, and otherwise as many logits as there are classes, at least two where a
/// sequence has one class.
pub fn head_size(kind: ModelKind, processor: &Processor) -> HeadSize {
    match (kind, processor.forecast()) {
        (ModelKind::Forecaster { .. }, Some(forecast)) => {
            HeadSize::Forecast { horizon: forecast.windows.horizon, channels: forecast.columns.len() }
        }
        (ModelKind::Regressor { columns, .. }, _) => HeadSize::Logits(columns),
        (ModelKind::Classifier { output: Output::Sigmoid }, _) => HeadSize::Logits(1),
        (ModelKind::Classifier { output: Output::MultiLabel }, _) => HeadSize::Logits(processor.classes().len().max(1)),
        _ => HeadSize::Logits(processor.classes().len().max(2)),
    }
}

/// Columns of the logits of such a head; `None` where the sizes of a damaged file are beyond all numbers.
pub(crate) fn width(head: HeadSize) -> Option<usize> {
    match head {
        HeadSize::Logits(logits) => Some(logits),
        HeadSize::Forecast { horizon, channels } => horizon.checked_mul(channels),
    }
}
