//! Next-step prediction for series: the encoder's vector at each step predicts the values some steps later (the
//! sequence model of Dai & Le 2015 with a linear output and the squared error in place of a softmax; Srivastava et al.
//! 2015 call it the future predictor).
//!
//! As a first stage it sees every training series, labelled or not; the next stage takes the encoder over.
//!
//! # Cost
//!
//! A linear layer per step: hardly more than the encoder's own pass.
//!
//! # When it fails
//!
//! Smooth series: the next value is nearly the last one, and copying it is all that is learned; raise `ahead`.
//! Series of noise have nothing to predict. The encoder has to read forward only.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, each_step};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::weighted_mean;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// `[stage.objective.next-step]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NextStepConfig {
    /// How many steps later, at least 1. Default 1. Raise it for smooth series, whose next value is nearly the last
    /// one.
    pub ahead: usize,
}

impl Default for NextStepConfig {
    fn default() -> Self {
        Self { ahead: 1 }
    }
}

impl NextStepConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        if self.ahead == 0 {
            problems.push(problem(format!("{path}.ahead"), "must be at least 1, got 0", None));
        }
    }

    /// Builds the objective with a fresh output layer.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> NextStep {
        let features = match setting.model.input_size() {
            InputSize::Values(features) => features,
            // A run refuses tokens before it comes here.
            InputSize::Tokens(_) => 1,
        };
        let head = LinearConfig::new(setting.model.pooled_size(), features).init(setting.device);
        NextStep { head, ahead: self.ahead }
    }
}

/// The objective, with the output layer that it trains.
#[derive(Module, Debug)]
pub struct NextStep {
    head: Linear,
    #[module(skip)]
    ahead: usize,
}

impl NextStep {
    /// `None` where the series are too short to look ahead.
    fn loss<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Option<Tensor<1>> {
        let [_, time] = sequences.dims();
        if time <= self.ahead {
            return None;
        }
        let states = model.states(sequences.clone()).narrow(1, 0, time - self.ahead);
        Some(next_step_error(each_step(&self.head, states), sequences))
    }
}

/// Mean squared error against the values that come later, over the steps that are no padding: the first predicted step
/// stands for the first one that has as many before it as are missing.
///
/// # Shapes
///
/// - forecast: `[batch, time - ahead, features]`; output `[1]`
///
/// # Panics
///
/// If the sequences hold tokens instead of values.
pub fn next_step_error(forecast: Tensor<3>, sequences: &Sequences) -> Tensor<1> {
    let Input::Values(values) = &sequences.input else { panic!("next-step prediction needs values") };
    let [batch, steps, _] = forecast.dims();
    let [_, time, _] = values.dims();
    let difference = forecast - values.clone().narrow(1, time - steps, steps);
    let each = (difference.clone() * difference).mean_dim(2).reshape([batch * steps]);
    let mask = sequences.mask.clone().map(|mask| mask.narrow(1, time - steps, steps).reshape([batch * steps]));
    weighted_mean(each, mask)
}

impl<M: SequenceModel> Objective<M> for NextStep {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let loss = step.unlabeled.as_ref().and_then(|part| self.loss(model, &part.weak));
        let terms = |loss| Terms::default().add("next_step", 1.0, loss).over(Over::Steps(self.ahead));
        loss.map_or_else(Terms::default, terms)
    }

    fn measure(&self, model: &M, part: &Part) -> Measures {
        let measure = |loss| vec![Measure::new("loss", loss, Over::Steps(self.ahead))];
        self.loss(model, &part.weak).map(measure).unwrap_or_default()
    }
}
