//! Any number of labels for each sequence.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use semiseq_datasets::{Batch, Dataset, Processor, Target, TargetKind};
use semiseq_models::NumberHead;
use semiseq_schema::Scores;

use crate::tasks::judged::{Judged, JudgedLabels};
use crate::tasks::measures::Confusion;
use crate::tasks::outputs::{Outputs, rows};
use crate::tasks::prediction::{LabelsPrediction, Prediction};
use crate::tasks::task::Task;

/// Any number of labels for each sequence.
#[derive(Debug)]
pub struct MultiLabel;

impl Task for MultiLabel {
    fn targets(&self) -> TargetKind {
        TargetKind::MultiLabel
    }

    fn outputs(&self, count: usize, _numbers: Option<&NumberHead>) -> Outputs {
        Outputs::Labels(vec![Vec::new(); count])
    }

    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>) {
        let Outputs::Labels(labels) = outputs else { return };
        for (index, row) in batch.indices.iter().zip(rows(sigmoid(logits))) {
            labels[*index] = row;
        }
    }

    fn score(&self, outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>) {
        (gathered(outputs, dataset).map(|judged| judged.scores()).unwrap_or_default(), None)
    }

    fn judged(&self, outputs: &Outputs, dataset: &Dataset, _processor: &Processor) -> Option<Box<dyn Judged>> {
        Some(Box::new(gathered(outputs, dataset)?.with_rankings()))
    }

    fn prediction(&self, outputs: &Outputs, index: usize, processor: &Processor) -> Prediction {
        match outputs {
            Outputs::Labels(rows) => Prediction::Labels(LabelsPrediction::of(&rows[index], processor.classes())),
            _ => Prediction::Nothing,
        }
    }

    fn selects_by(&self) -> &'static str {
        "micro_f1"
    }

    fn takes_votes(&self) -> bool {
        true
    }
}

/// The probabilities of those sequences whose labels are known, beside the truth; `None` where there are none.
fn gathered(outputs: &Outputs, dataset: &Dataset) -> Option<JudgedLabels> {
    let Outputs::Labels(rows) = outputs else { return None };
    let classes = dataset.classes.len();
    let known = rows.iter().zip(&dataset.targets).filter_map(|(row, target)| match target {
        Target::Labels(held) => {
            let mut truth = vec![false; classes];
            held.iter().for_each(|class| truth[*class] = true);
            Some((row.clone(), truth))
        }
        _ => None,
    });
    let (probabilities, truth): (Vec<Vec<f64>>, Vec<Vec<bool>>) = known.unzip();
    (!truth.is_empty() && classes > 0).then(|| JudgedLabels::new(probabilities, truth))
}
