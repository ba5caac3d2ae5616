//! A task of classes with what a calibration found.

use burn::tensor::Tensor;
use semiseq_datasets::{Batch, Dataset, Processor, TargetKind};
use semiseq_models::NumberHead;
use semiseq_objectives::losses::class_logits;
use semiseq_schema::Scores;

use crate::tasks::calibration::Calibration;
use crate::tasks::classification::{predictions, scored};
use crate::tasks::judged::{Judged, JudgedClasses};
use crate::tasks::measures::{ClassPredictions, Confusion};
use crate::tasks::outputs::Outputs;
use crate::tasks::prediction::{ClassPrediction, Prediction};
use crate::tasks::tagging::gathered;
use crate::tasks::task::Task;

/// Classes of sequences or of steps, with the temperature, the threshold and the sets of a calibration.
#[derive(Debug)]
pub struct Calibrated {
    inner: &'static dyn Task,
    calibration: Calibration,
}

impl Calibrated {
    /// A task of classes, calibrated.
    pub fn new(inner: &'static dyn Task, calibration: Calibration) -> Self {
        Self { inner, calibration }
    }

    /// What the calibration found.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Whole sequences beside their truth, decided by the threshold; `None` for steps, which have none.
    fn decided(&self, outputs: &Outputs, dataset: &Dataset) -> Option<ClassPredictions> {
        (self.targets() == TargetKind::Classify)
            .then(|| ClassPredictions { threshold: self.calibration.threshold, ..predictions(outputs, dataset) })
    }

    fn prediction_of(&self, mut class: ClassPrediction) -> ClassPrediction {
        if let (Some(threshold), [first, second]) = (self.calibration.threshold, &class.probabilities[..]) {
            class.label = if second.1 >= threshold { second.0.clone() } else { first.0.clone() };
        }
        class.set = self.calibration.conformal.map(|sets| {
            let held = class.probabilities.iter().filter(|(_, probability)| sets.holds(*probability));
            held.map(|(name, _)| name.clone()).collect()
        });
        class
    }
}

/// The distributions of all rows whose class is known, sequences or steps, beside the truth.
pub(crate) fn labelled(outputs: &Outputs, dataset: &Dataset) -> ClassPredictions {
    match outputs {
        Outputs::Steps(_) | Outputs::Paths { .. } => gathered(outputs, dataset).0,
        _ => predictions(outputs, dataset),
    }
}

impl Task for Calibrated {
    fn targets(&self) -> TargetKind {
        self.inner.targets()
    }

    fn outputs(&self, count: usize, numbers: Option<&NumberHead>) -> Outputs {
        self.inner.outputs(count, numbers)
    }

    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>) {
        let logits = match self.calibration.temperature {
            Some(temperature) => class_logits(logits) / temperature,
            None => logits,
        };
        self.inner.take(outputs, batch, logits);
    }

    fn score(&self, outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>) {
        match self.decided(outputs, dataset) {
            Some(predictions) => scored(&predictions, &dataset.classes),
            None => self.inner.score(outputs, dataset),
        }
    }

    fn judged(&self, outputs: &Outputs, dataset: &Dataset, processor: &Processor) -> Option<Box<dyn Judged>> {
        let Some(predictions) = self.decided(outputs, dataset) else {
            return self.inner.judged(outputs, dataset, processor);
        };
        let rows = (0..predictions.truth.len()).collect();
        let judged = JudgedClasses::new(predictions, rows, dataset.classes.len())?;
        Some(Box::new(judged.with_sets(self.calibration.conformal).in_order(processor.ordered())))
    }

    fn prediction(&self, outputs: &Outputs, index: usize, processor: &Processor) -> Prediction {
        match self.inner.prediction(outputs, index, processor) {
            Prediction::Class(class) => Prediction::Class(self.prediction_of(class)),
            other => other,
        }
    }

    fn selects_by(&self) -> &'static str {
        self.inner.selects_by()
    }

    fn takes_votes(&self) -> bool {
        self.inner.takes_votes()
    }
}
