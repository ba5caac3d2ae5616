//! An objective, and its settings in `[stage.objective]`.

use burn::module::Module;
use burn::tensor::activation::softmax;
use semiseq::objectives::losses::{cross_entropy, probabilities};
use semiseq::prelude::*;
use semiseq::schema::problem;
use serde::{Deserialize, Serialize};

/// `[stage.objective]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Weight of the second term.
    weight: f64,
}

/// Cross-entropy, and predictions on unlabelled data pushed towards using all classes alike.
#[derive(Module, Debug)]
pub struct Balanced {
    weight: f64,
}

impl<M: SequenceModel> Objective<M> for Balanced {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let (Some(labeled), Some(unlabeled)) = (&step.labeled, &step.unlabeled) else { return Terms::default() };
        let Targets::Classes { classes, known } = &labeled.targets else { return Terms::default() };
        let logits = model.forward(labeled.weak.clone());
        let supervised = cross_entropy(logits, classes.clone(), known.clone(), 0.0, None);
        let logits = model.forward(unlabeled.weak.clone());
        let confidence = probabilities(logits.clone()).max_dim(1).mean();
        let mean = softmax(logits, 1).mean_dim(0);
        let negative_entropy = (mean.clone() * mean.log()).sum();
        // The entropy of a batch's mean is no mean over its rows.
        let terms = Terms::new(supervised).add("balance", self.weight, negative_entropy).over(Over::Batch);
        terms.monitor("confidence", confidence)
    }
}

impl ObjectiveSettings for Settings {
    type Objective<M: SequenceModel> = Balanced;

    fn name(&self) -> &str {
        "balanced"
    }

    fn kind(&self) -> Kind {
        Kind { reads_labels: true, classes: true, ..Kind::default() }
    }

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.weight < 0.0 {
            problems.push(problem(format!("{path}.weight"), format!("must be at least 0, got {}", self.weight), None));
        }
    }

    fn init<M: SequenceModel>(&self, _setting: &Setting<'_, M>) -> Balanced {
        Balanced { weight: self.weight }
    }

    fn metrics(&self) -> &'static [Metric] {
        const OWN: [Metric; 1] = [Metric::new("confidence", "confidence on unlabelled series", true)];
        &OWN
    }
}
