//! A class for each step of a sequence.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use semiseq_datasets::{Batch, Dataset, Processor, Target, TargetKind};
use semiseq_models::NumberHead;
use semiseq_objectives::losses::class_logits;
use semiseq_schema::Scores;

use crate::tasks::classification::scored;
use crate::tasks::judged::{Judged, JudgedClasses};
use crate::tasks::measures::{ClassPredictions, Confusion};
use crate::tasks::outputs::{Outputs, rows};
use crate::tasks::prediction::{ClassPrediction, Prediction};
use crate::tasks::task::Task;

/// A class for each step of a sequence.
#[derive(Debug)]
pub struct Tagging;

impl Task for Tagging {
    fn targets(&self) -> TargetKind {
        TargetKind::Tag
    }

    fn outputs(&self, count: usize, _numbers: Option<&NumberHead>) -> Outputs {
        Outputs::Steps(vec![Vec::new(); count])
    }

    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>) {
        let (Outputs::Steps(steps) | Outputs::Paths { steps, .. }) = outputs else { return };
        let rows = rows(softmax(class_logits(logits), 1));
        for (position, (index, length)) in batch.indices.iter().zip(&batch.lengths).enumerate() {
            steps[*index] = rows[position * batch.time..position * batch.time + length].to_vec();
        }
    }

    fn take_paths(&self, outputs: &mut Outputs, batch: &Batch, paths: Vec<Vec<usize>>) {
        if let Outputs::Steps(steps) = outputs {
            let steps = std::mem::take(steps);
            *outputs = Outputs::Paths { paths: vec![Vec::new(); steps.len()], steps };
        }
        if let Outputs::Paths { paths: all, .. } = outputs {
            batch.indices.iter().zip(paths).for_each(|(index, path)| all[*index] = path);
        }
    }

    fn score(&self, outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>) {
        scored(&gathered(outputs, dataset).0, &dataset.classes)
    }

    fn judged(&self, outputs: &Outputs, dataset: &Dataset, processor: &Processor) -> Option<Box<dyn Judged>> {
        let (predictions, sequences) = gathered(outputs, dataset);
        let judged = JudgedClasses::new(predictions, sequences, dataset.classes.len())?;
        Some(Box::new(judged.in_order(processor.ordered()).with_spans(&dataset.classes)))
    }

    fn prediction(&self, outputs: &Outputs, index: usize, processor: &Processor) -> Prediction {
        let (Outputs::Steps(steps) | Outputs::Paths { steps, .. }) = outputs else { return Prediction::Nothing };
        let one = |row: &Vec<f64>| ClassPrediction::of(row, processor.classes());
        let mut predictions: Vec<ClassPrediction> = steps[index].iter().map(one).collect();
        if let Outputs::Paths { paths, .. } = outputs {
            for (prediction, class) in predictions.iter_mut().zip(&paths[index]) {
                prediction.label = prediction.probabilities[*class].0.clone();
            }
        }
        Prediction::Steps(predictions)
    }

    fn selects_by(&self) -> &'static str {
        "accuracy"
    }

    fn takes_votes(&self) -> bool {
        true
    }
}

/// The distributions of all steps whose class is known beside the truth, and which of the sequences with known classes
/// each step is of.
pub(super) fn gathered(outputs: &Outputs, dataset: &Dataset) -> (ClassPredictions, Vec<usize>) {
    let (mut predictions, mut sequences) = (ClassPredictions::default(), Vec::new());
    let (steps, paths) = match outputs {
        Outputs::Steps(steps) => (steps, None),
        Outputs::Paths { steps, paths } => (steps, Some(paths)),
        _ => return (predictions, sequences),
    };
    let known = steps.iter().zip(&dataset.targets).enumerate().filter_map(|(row, (rows, target))| match target {
        Target::Steps(classes) if !classes.is_empty() => Some((row, rows, classes)),
        _ => None,
    });
    for (sequence, (place, rows, classes)) in known.enumerate() {
        if let Some(paths) = paths {
            predictions.said.extend(paths[place].iter().take(classes.len()));
        }
        for (row, class) in rows.iter().zip(classes) {
            predictions.push(row.clone(), *class);
            sequences.push(sequence);
        }
    }
    (predictions, sequences)
}
