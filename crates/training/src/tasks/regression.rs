//! A number for each sequence.

use burn::tensor::Tensor;
use semiseq_datasets::{Batch, Dataset, Processor, Target, TargetKind};
use semiseq_models::NumberHead;
use semiseq_schema::Scores;

use crate::tasks::judged::{Judged, JudgedNumbers};
use crate::tasks::measures::{Confusion, regression_scores};
use crate::tasks::outputs::{Outputs, host};
use crate::tasks::prediction::Prediction;
use crate::tasks::quantiles::told;
use crate::tasks::task::Task;

/// A number for each sequence. Targets are standardised by the training labels; what is told is in the units of the
/// data.
#[derive(Debug)]
pub struct Regression;

impl Task for Regression {
    fn targets(&self) -> TargetKind {
        TargetKind::Regress
    }

    fn outputs(&self, count: usize, numbers: Option<&NumberHead>) -> Outputs {
        match numbers.filter(|head| !head.levels().is_empty()) {
            Some(head) => Outputs::Quantiles { head: head.clone(), rows: vec![Vec::new(); count] },
            None => Outputs::Numbers(vec![0.0; count]),
        }
    }

    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>) {
        match outputs {
            Outputs::Numbers(numbers) => {
                batch.indices.iter().zip(host(logits)).for_each(|(index, number)| numbers[*index] = number);
            }
            Outputs::Quantiles { head, rows } => {
                batch.indices.iter().zip(told(head, logits)).for_each(|(index, row)| rows[*index] = row);
            }
            _ => {}
        }
    }

    fn score(&self, outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>) {
        match gathered(outputs, dataset) {
            Some(judged) => (regression_scores(&judged.predictions, &judged.truth), None),
            None => (Scores::new(), None),
        }
    }

    fn judged(&self, outputs: &Outputs, dataset: &Dataset, _processor: &Processor) -> Option<Box<dyn Judged>> {
        Some(Box::new(gathered(outputs, dataset)?))
    }

    fn prediction(&self, outputs: &Outputs, index: usize, _processor: &Processor) -> Prediction {
        match outputs {
            Outputs::Numbers(numbers) => Prediction::Number(numbers[index]),
            Outputs::Quantiles { head, rows } => Prediction::Quantiles {
                number: rows[index][0],
                quantiles: head.levels().iter().copied().zip(rows[index][1..].iter().copied()).collect(),
            },
            _ => Prediction::Nothing,
        }
    }

    fn selects_by(&self) -> &'static str {
        "mse"
    }

    fn in_units(&self, outputs: Outputs, processor: &Processor) -> Outputs {
        match outputs {
            Outputs::Numbers(numbers) => {
                Outputs::Numbers(numbers.into_iter().map(|number| processor.number(number)).collect())
            }
            Outputs::Quantiles { head, rows } => {
                let in_units = |row: Vec<f64>| row.into_iter().map(|number| processor.number(number)).collect();
                Outputs::Quantiles { head, rows: rows.into_iter().map(in_units).collect() }
            }
            other => other,
        }
    }

    /// All but the loss, which is of the numbers of deviation 1 that the model learns.
    fn scores_in_units(&self, mut scores: Scores, processor: &Processor) -> Scores {
        let unit = processor.number_unit();
        for (name, factor) in [("mse", unit * unit), ("mae", unit), ("pinball", unit), ("interval_width", unit)] {
            scores.entry(name.into()).and_modify(|value| *value *= factor);
        }
        scores
    }

    fn tells_loss(&self) -> bool {
        false
    }

    fn takes_votes(&self) -> bool {
        true
    }
}

/// What is said of those sequences whose target is known, beside it; `None` where none is.
fn gathered(outputs: &Outputs, dataset: &Dataset) -> Option<JudgedNumbers> {
    let known = dataset.targets.iter().enumerate().filter_map(|(row, target)| match target {
        Target::Number(truth) => Some((row, *truth)),
        _ => None,
    });
    let (places, truth): (Vec<usize>, Vec<f64>) = known.unzip();
    let (predictions, quantiles, levels) = match outputs {
        Outputs::Numbers(numbers) => (places.iter().map(|row| numbers[*row]).collect(), Vec::new(), Vec::new()),
        Outputs::Quantiles { head, rows } => (
            places.iter().map(|row| rows[*row][0]).collect(),
            places.iter().map(|row| rows[*row][1..].to_vec()).collect(),
            head.levels().to_vec(),
        ),
        _ => return None,
    };
    (!truth.is_empty()).then_some(JudgedNumbers { predictions, truth, quantiles, levels })
}

#[cfg(test)]
mod tests {
    use semiseq_datasets::{Sequence, TransformConfig};

    use super::*;

    #[test]
    fn numbers_and_their_errors_are_told_in_the_units_of_the_data() {
        let targets = [1996.0, 2004.0].map(Target::Number).to_vec();
        let raw = Dataset { sequences: vec![Sequence::Tokens(vec![1]); 2], targets, ..Dataset::default() };
        let processor = Processor::fit(&TransformConfig::default(), &raw).expect("fits").with_labels(&raw.targets);
        let prepared = processor.apply(raw).expect("tokens");
        // The second is half a deviation, 2 years, too early.
        let said = Outputs::Numbers(vec![-1.0, 0.5]);
        let (scores, _) = Regression.score(&said, &prepared);
        let scores = Regression.scores_in_units(scores, &processor);
        assert_eq!([scores["mse"], scores["mae"], scores["loss"]], [2.0, 1.0, 0.125]);
        assert!((scores["r2"] - (1.0 - 4.0 / 32.0)).abs() < 1e-12);
        assert_eq!(Regression.in_units(said, &processor), Outputs::Numbers(vec![1996.0, 2002.0]));
    }
}
