//! A class for each sequence.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use semiseq_datasets::{Batch, Dataset, Processor, Target, TargetKind};
use semiseq_models::NumberHead;
use semiseq_objectives::losses::class_logits;
use semiseq_schema::Scores;

use crate::tasks::judged::{Judged, JudgedClasses};
use crate::tasks::measures::{ClassPredictions, Confusion};
use crate::tasks::outputs::{Outputs, rows};
use crate::tasks::prediction::{ClassPrediction, Prediction};
use crate::tasks::task::Task;

/// A class for each sequence.
#[derive(Debug)]
pub struct Classification;

impl Task for Classification {
    fn targets(&self) -> TargetKind {
        TargetKind::Classify
    }

    fn outputs(&self, count: usize, _numbers: Option<&NumberHead>) -> Outputs {
        Outputs::Classes(vec![Vec::new(); count])
    }

    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>) {
        let Outputs::Classes(classes) = outputs else { return };
        for (index, row) in batch.indices.iter().zip(rows(softmax(class_logits(logits), 1))) {
            classes[*index] = row;
        }
    }

    fn score(&self, outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>) {
        let predictions = predictions(outputs, dataset);
        scored(&predictions, &dataset.classes)
    }

    fn judged(&self, outputs: &Outputs, dataset: &Dataset, processor: &Processor) -> Option<Box<dyn Judged>> {
        let predictions = predictions(outputs, dataset);
        let rows = (0..predictions.truth.len()).collect();
        Some(Box::new(JudgedClasses::new(predictions, rows, dataset.classes.len())?.in_order(processor.ordered())))
    }

    fn prediction(&self, outputs: &Outputs, index: usize, processor: &Processor) -> Prediction {
        match outputs {
            Outputs::Classes(rows) => Prediction::Class(ClassPrediction::of(&rows[index], processor.classes())),
            _ => Prediction::Nothing,
        }
    }

    fn selects_by(&self) -> &'static str {
        "accuracy"
    }

    fn takes_votes(&self) -> bool {
        true
    }
}

/// The distributions of those sequences whose class is known, beside the truth.
pub fn predictions(outputs: &Outputs, dataset: &Dataset) -> ClassPredictions {
    let mut gathered = ClassPredictions::default();
    if let Outputs::Classes(rows) = outputs {
        for (row, target) in rows.iter().zip(&dataset.targets) {
            if let Target::Class(class) = target {
                gathered.push(row.clone(), *class);
            }
        }
    }
    gathered
}

/// Scores and confusion; nothing where no class is known.
pub(super) fn scored(predictions: &ClassPredictions, classes: &[String]) -> (Scores, Option<Confusion>) {
    match predictions.truth.is_empty() {
        true => (Scores::new(), None),
        false => (predictions.scores(classes), Some(predictions.confusion(classes))),
    }
}
