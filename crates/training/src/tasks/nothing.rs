//! Nothing is predicted: no stage reads labels, and the objective measures itself.

use burn::tensor::Tensor;
use semiseq_datasets::{Batch, Dataset, Processor, TargetKind};
use semiseq_models::NumberHead;
use semiseq_schema::Scores;

use crate::tasks::measures::Confusion;
use crate::tasks::outputs::Outputs;
use crate::tasks::prediction::Prediction;
use crate::tasks::task::Task;

/// Nothing is predicted.
#[derive(Debug)]
pub struct Nothing;

impl Task for Nothing {
    fn targets(&self) -> TargetKind {
        TargetKind::Unsupervised
    }

    fn outputs(&self, _count: usize, _numbers: Option<&NumberHead>) -> Outputs {
        Outputs::Nothing
    }

    fn take(&self, _outputs: &mut Outputs, _batch: &Batch, _logits: Tensor<2>) {}

    fn score(&self, _outputs: &Outputs, _dataset: &Dataset) -> (Scores, Option<Confusion>) {
        (Scores::new(), None)
    }

    fn prediction(&self, _outputs: &Outputs, _index: usize, _processor: &Processor) -> Prediction {
        Prediction::Nothing
    }

    fn selects_by(&self) -> &'static str {
        "loss"
    }
}
