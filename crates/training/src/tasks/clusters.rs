//! A cluster for each sequence, which the last stage's objective says and measures itself.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use semiseq_datasets::{Batch, Dataset, Processor, TargetKind};
use semiseq_models::NumberHead;
use semiseq_schema::Scores;

use crate::tasks::measures::Confusion;
use crate::tasks::outputs::{Outputs, rows};
use crate::tasks::prediction::{ClassPrediction, Prediction};
use crate::tasks::task::Task;

/// The cluster of each sequence, and the probability of each. Clusters have numbers for names, from 0 on. The model has
/// no head for it: the objective has a say.
#[derive(Debug)]
pub struct Clusters;

impl Task for Clusters {
    fn targets(&self) -> TargetKind {
        TargetKind::Unsupervised
    }

    fn outputs(&self, count: usize, _numbers: Option<&NumberHead>) -> Outputs {
        Outputs::Classes(vec![Vec::new(); count])
    }

    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>) {
        let Outputs::Classes(clusters) = outputs else { return };
        for (index, row) in batch.indices.iter().zip(rows(softmax(logits, 1))) {
            clusters[*index] = row;
        }
    }

    fn score(&self, _outputs: &Outputs, _dataset: &Dataset) -> (Scores, Option<Confusion>) {
        (Scores::new(), None)
    }

    fn prediction(&self, outputs: &Outputs, index: usize, _processor: &Processor) -> Prediction {
        match outputs {
            Outputs::Classes(rows) => Prediction::Class(ClassPrediction::of(&rows[index], &[])),
            _ => Prediction::Nothing,
        }
    }

    fn selects_by(&self) -> &'static str {
        "loss"
    }

    fn takes_votes(&self) -> bool {
        true
    }
}
