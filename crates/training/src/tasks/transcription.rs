//! A transcript for each sequence, which the last stage's objective writes and measures itself.

use burn::tensor::Tensor;
use semiseq_datasets::{Batch, Dataset, Processor, TargetKind};
use semiseq_models::NumberHead;
use semiseq_schema::Scores;

use crate::tasks::measures::Confusion;
use crate::tasks::outputs::Outputs;
use crate::tasks::prediction::Prediction;
use crate::tasks::task::Task;

/// A shorter text for each sequence. The model has no head for it: the objective answers.
#[derive(Debug)]
pub struct Transcription;

impl Task for Transcription {
    fn targets(&self) -> TargetKind {
        TargetKind::Transcribe
    }

    fn outputs(&self, _count: usize, _numbers: Option<&NumberHead>) -> Outputs {
        Outputs::Nothing
    }

    fn take(&self, _outputs: &mut Outputs, _batch: &Batch, _logits: Tensor<2>) {}

    fn score(&self, _outputs: &Outputs, _dataset: &Dataset) -> (Scores, Option<Confusion>) {
        (Scores::new(), None)
    }

    fn prediction(&self, outputs: &Outputs, index: usize, processor: &Processor) -> Prediction {
        match outputs {
            Outputs::Answers(rows) => Prediction::Answer(processor.target_text(&rows[index])),
            _ => Prediction::Nothing,
        }
    }

    fn selects_by(&self) -> &'static str {
        "loss"
    }
}
