//! Truncated backpropagation through time with carried state (Williams & Peng 1990; as recurrent language models are
//! trained, Mikolov et al. 2010).
//!
//! A recording is read in order, in as many streams side by side as the batch has rows: the window of a step begins
//! where that of the step before ended, with the states that it left. Gradients stop at the window's beginning, what
//! the recording was like before does not. The states begin at zero with each epoch.
//!
//! # Cost
//!
//! One pass over each window, like `supervised`, but windows do not overlap, so that an epoch has fewer of them.
//! The state that is carried costs nothing.
//!
//! # When it fails
//!
//! Where recordings are short beside a window there is nothing to carry. The batch is as many streams as it has
//! rows: with few recordings and a large batch each stream is short. Steps of one epoch resemble each other, so
//! that the gradient is noisier than with windows drawn at random.

use burn::module::Module;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{SequenceModel, State};
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::methods::supervised::{Supervised, SupervisedConfig};
use crate::objective::{Needs, Objective, Setting};
use crate::step::{Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.truncated-backpropagation]`, for a forecaster with `every_step`, and windows that follow each
/// other (`stride` as long as `input`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TruncatedBackpropagationConfig {
    /// The supervised loss.
    pub supervised: SupervisedConfig,
}

/// The objective, with the states that the last windows left.
#[derive(Module, Debug)]
pub struct TruncatedBackpropagation {
    supervised: Supervised,
    #[module(skip)]
    carried: Option<Carried>,
}

#[derive(Clone, Debug)]
struct Carried {
    states: Vec<State>,
    epoch: usize,
}

impl TruncatedBackpropagationConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        self.supervised.check(&format!("{path}.supervised"), problems);
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> TruncatedBackpropagation {
        TruncatedBackpropagation { supervised: self.supervised.init(setting), carried: None }
    }
}

impl<M: SequenceModel> Objective<M> for TruncatedBackpropagation {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Streams, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        let Some(part) = &step.labeled else { return Terms::default() };
        let before = self.carried.take().filter(|carried| carried.epoch == context.epoch);
        let before = before.map(|carried| carried.states.into_iter().map(State::detach).collect());
        match model.forward_from(part.weak.clone(), before) {
            Some((forecasts, states)) => {
                self.carried = Some(Carried { states, epoch: context.epoch });
                self.supervised.terms(model, forecasts, &part.targets)
            }
            // A model without states to carry learns from each window by itself.
            None => self.supervised.labeled_terms(model, Some(part)),
        }
    }

    fn states(&self) -> Vec<State> {
        self.carried.as_ref().map(|carried| carried.states.clone()).unwrap_or_default()
    }

    fn take_states(&mut self, states: Vec<State>, epoch: usize) {
        self.carried = (!states.is_empty()).then_some(Carried { states, epoch });
    }
}
