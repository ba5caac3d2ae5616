//! What a stage minimises: the trait that every objective implements, what it asks for, and what it is built from.
//!
//! An objective is a Burn [`Module`]: what it learns (a decoder) is trained beside the model, and
//! what it remembers (a teacher, an ensemble) travels in the checkpoint.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use semiseq_datasets::{Pool, Prepared, Sequence, Target, TargetUnit, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, State};
use semiseq_schema::Scores;
use serde::{Deserialize, Serialize};

use crate::over::Over;
use crate::parts::sampling::Request;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// What an objective asks of the loader.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Which sequences: labelled only, labelled and unlabelled side by side, or all as unlabelled.
    pub pool: Pool,
    /// Which views of each sequence.
    pub views: Views,
}

/// What an objective measures on a validation batch.
pub type Measures = Vec<Measure>;

/// What is measured on a validation batch, by name, so that the whole part's number does not depend on how its rows
/// stand in batches.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The name in the scores.
    pub name: &'static str,
    /// A mean `[1]`, or sums.
    pub values: Tensor<1>,
    /// How batches come together.
    pub gathered: Gathered,
}

/// How the values of several batches come together.
#[derive(Clone, Debug)]
pub enum Gathered {
    /// As the mean over what each of them is the mean over; the batch stands for both parts.
    Mean(Over),
    /// As sums, of which the number is made. Those of a batch may be fewer than another's: what is missing counts as
    /// zeros.
    Sums(fn(&[f64]) -> f64),
}

impl Measure {
    /// A mean over some rows of the batch. Shape `[1]`.
    pub fn new(name: &'static str, mean: Tensor<1>, over: Over) -> Self {
        Self { name, values: mean, gathered: Gathered::Mean(over) }
    }

    /// A number that is no mean, made of sums over the rows, `[sums]`.
    pub fn of_sums(name: &'static str, sums: Tensor<1>, number: fn(&[f64]) -> f64) -> Self {
        Self { name, values: sums, gathered: Gathered::Sums(number) }
    }
}

/// All training sequences, as the model that validation would use sees them.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The pooled representation of each sequence as it is, without dropout, `[train, pooled_size]`.
    pub vectors: Tensor<2>,
    /// What the head makes of them, `[train, outputs]`.
    pub logits: Tensor<2>,
    /// The generation that begins, counted from 0.
    pub generation: usize,
    /// The classes of those that have a label; those without one are hidden.
    pub classes: Vec<Option<usize>>,
}

/// What a stage minimises.
pub trait Objective<M: SequenceModel>: Module + ModuleDisplay {
    /// Which batches and views [`Objective::step`] wants.
    fn needs(&self) -> Needs;

    /// Whether the objective wants to see the vectors of all training sequences before this step.
    fn surveys(&self, _context: &StepContext) -> bool {
        false
    }

    /// Takes what it asked for by [`Objective::surveys`].
    fn survey(self, _survey: &Survey) -> Self {
        self
    }

    /// Into how many generations of as many steps the stage is cut. Before each but the first the objective gets a
    /// survey; then all begins as the stage began, the weights, the optimiser, the schedule and what the objective
    /// remembers, but for what the survey told it. [`StepContext`] counts the steps of the generation.
    fn generations(&self) -> usize {
        1
    }

    /// Sequences without a label that stand among the labelled ones from this generation on, each with a class.
    fn given(&self) -> Vec<(usize, usize)> {
        Vec::new()
    }

    /// The loss of one step as named terms, each with what it is the mean over. Runs on the autodiff device.
    ///
    /// Where gradients are gathered over several batches
    /// (`gradient_accumulation`), each batch is a call, and each term weighs by
    /// its share of the rows that it is the mean over: together they are the loss of one large batch, if the term is a
    /// sum over rows. Terms that compare the rows of a batch with each other or with its means (contrastive ones,
    /// thresholds and distributions that follow the batch) see small batches.
    ///
    /// Where a step goes back itself (`backward`), it goes through a copy of the model that learns nothing
    /// ([`fresh_copy`](crate::weight_average::fresh_copy)): a pass back takes apart the way from a model's copies on
    /// other devices to its weights.
    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms;

    /// Called after the optimiser moved the model: where a teacher follows its student.
    fn after_update(self, _model: &M, _context: &StepContext) -> Self {
        self
    }

    /// What is measured on a validation batch where the task's own scores do not tell: means, the first of them `loss`,
    /// each with what it is the mean over. Empty: use the task's metrics.
    fn measure(&self, _model: &M, _part: &Part) -> Measures {
        Measures::new()
    }

    /// What is wrong with a run that goes on but comes to nothing (a collapsed posterior), with a remedy, from the
    /// means of an epoch. A run says it once per stage.
    fn warning(&self, _train: &Scores, _context: &StepContext) -> Option<String> {
        None
    }

    /// Samples of a generative objective: values `[count, time, features]` or tokens `[count, time]`. `None` where the
    /// objective makes none.
    fn generate(&self, _model: &M, _request: &Request<'_>) -> Option<Input> {
        None
    }

    /// What the objective makes of sequences from their vectors alone, for people to see: values `[batch, time,
    /// features]` or tokens `[batch, time]`. `None` where it rebuilds none.
    fn rebuild(&self, _model: &M, _sequences: &Sequences) -> Option<Input> {
        None
    }

    /// The sequence that answers each sequence, where the objective writes one: tokens without their end, or values; or
    /// the tokens that it names for what follows, the likeliest first.
    /// `None` where it does not.
    fn answer(&self, _model: &M, _sequences: &Sequences) -> Option<Vec<Sequence>> {
        None
    }

    /// Logits `[rows, classes]` that stand in for the model's own wherever it is asked for classes, off the autodiff
    /// device: where layers of the objective have a say. `None`: the model answers alone.
    fn vote(&self, _model: &M, _sequences: &Sequences) -> Option<Tensor<2>> {
        None
    }

    /// Recurrent states that the objective carries from one step of an epoch to the next, for a checkpoint inside the
    /// epoch.
    fn states(&self) -> Vec<State> {
        Vec::new()
    }

    /// Takes up what [`Objective::states`] gave in that epoch.
    fn take_states(&mut self, _states: Vec<State>, _epoch: usize) {}

    /// Tables of what the objective remembers, by file name, for the run folder.
    fn tables(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The model that validation and the result use; a teacher may stand in for its student.
    fn evaluated(&self, model: &M) -> M {
        model.clone()
    }
}

/// What an objective is built from, besides its settings.
pub struct Setting<'a, M> {
    /// The model at the start of the stage.
    pub model: &'a M,
    /// Sequences in the training part.
    pub train_size: usize,
    /// How often each class stands among the labels, for class weights.
    pub class_counts: &'a [usize],
    /// How often each token stands in the training part; empty of values, and of a finished run.
    pub token_counts: &'a [usize],
    /// What target sequences hold, where there are some.
    pub target: Option<TargetSize>,
    /// What other methods say of the training sequences, for an objective that is taught by them.
    pub teachers: &'a [Teacher],
    /// Where new parameters live.
    pub device: &'a Device,
}

/// What another method says of the training sequences.
#[derive(Clone, Debug, PartialEq)]
pub struct Teacher {
    /// Features and method.
    pub name: String,
    /// A distribution over the classes for each training sequence; zeros where nothing is said.
    pub said: Vec<Vec<f64>>,
    /// The share of labelled sequences that it tells right when they are left out, where that is known.
    pub left_out: Option<f64>,
}

/// What target sequences hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSize {
    /// Values a step, or tokens of the vocabulary, of which the last ends a sequence.
    pub input: InputSize,
    /// Steps of the longest target of the training part.
    pub longest: usize,
    /// What a token is.
    #[serde(default)]
    pub unit: TargetUnit,
}

impl TargetSize {
    /// Of prepared data; `None` where targets are no sequences.
    pub fn of(data: &Prepared) -> Option<Self> {
        let sequences = data.train.targets.iter().filter_map(|target| match target {
            Target::Sequence(sequence) => Some(sequence),
            _ => None,
        });
        let longest = sequences.clone().map(Sequence::len).max()?;
        let input = match (sequences.clone().next()?.values(), data.processor.target_vocabulary()) {
            (Some((_, channels)), _) => InputSize::Values(channels),
            (None, vocabulary) => InputSize::Tokens(vocabulary?),
        };
        Some(Self { input, longest, unit: data.processor.target_unit().unwrap_or_default() })
    }
}
