//! The trait of tasks: what a run predicts of a sequence, from the model's numbers to scores and to what people read.

use std::fmt::Debug;

use burn::tensor::Tensor;
use semiseq_datasets::{Batch, Dataset, Prepared, Processor, TargetKind};
use semiseq_models::NumberHead;
use semiseq_schema::Scores;

use crate::tasks::judged::Judged;
use crate::tasks::measures::Confusion;
use crate::tasks::outputs::Outputs;
use crate::tasks::prediction::Prediction;

/// What a run predicts of a sequence. One file per task; [`crate::tasks::task_of`] gives the one of some targets.
pub trait Task: Debug + Send + Sync {
    /// How the targets of the data are read.
    fn targets(&self) -> TargetKind;

    /// The place of what will be said of `count` sequences; `numbers` is what the columns of the model's head mean
    /// where it says numbers.
    fn outputs(&self, count: usize, numbers: Option<&NumberHead>) -> Outputs;

    /// Takes what the model's head says of a batch: logits `[batch, outputs]`, or `[batch * time, outputs]` of a model
    /// that says something of each step.
    fn take(&self, outputs: &mut Outputs, batch: &Batch, logits: Tensor<2>);

    /// Takes the classes of all steps that are most probable together, a way for each sequence of the batch, where the
    /// model decides them so; what [`Task::take`] took before are the probabilities of single steps.
    fn take_paths(&self, _outputs: &mut Outputs, _batch: &Batch, _paths: Vec<Vec<usize>>) {}

    /// Scores of outputs against the targets of a data set, both as they were prepared, and the confusion matrix of
    /// classes. Sequences without a target do not count; empty where none has one.
    fn score(&self, outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>);

    /// The same, of which any rows can be looked at: for the scores of a finished run, and their intervals. `None`
    /// where nothing is known to score against, or [`Task::score`] says all that there is to say.
    fn judged(&self, _outputs: &Outputs, _dataset: &Dataset, _processor: &Processor) -> Option<Box<dyn Judged>> {
        None
    }

    /// What is predicted of one sequence, in the words and units of the data; `outputs` are [`Task::in_units`].
    fn prediction(&self, outputs: &Outputs, index: usize, processor: &Processor) -> Prediction;

    /// The metric that chooses among validations, unless early stopping names another.
    fn selects_by(&self) -> &'static str;

    /// Whether the model is asked at the end of each sequence alone, though it could say something at each step.
    fn asks_at_end(&self) -> bool {
        false
    }

    /// Whether layers of the objective may have a say ([`semiseq_objectives::Objective::vote`]).
    fn takes_votes(&self) -> bool {
        false
    }

    /// Outputs in the units of the data.
    fn in_units(&self, outputs: Outputs, _processor: &Processor) -> Outputs {
        outputs
    }

    /// Scores in the units in which they are told.
    fn scores_in_units(&self, scores: Scores, _processor: &Processor) -> Scores {
        scores
    }

    /// Whether the loss stands among the scores of a finished run; it does not where it is one of the other scores.
    fn tells_loss(&self) -> bool {
        true
    }

    /// Scores on the test part of predictions that any model has to beat, by their names in `summary.json`.
    fn naive(&self, _data: &Prepared, _season: Option<usize>) -> Vec<(&'static str, Scores)> {
        Vec::new()
    }
}
