//! Language model (Bengio et al. 2003; as pretraining, Dai & Le 2015, "Semi-supervised sequence learning").
//!
//! From the encoder's vector at each step a softmax over the vocabulary has to make the next token likely. The loss is
//! the mean cross-entropy of the tokens from the second to the last real one; `e` to its power is the perplexity. As a
//! first stage it sees every training text, labelled or not; the next stage takes embedding and encoder over.
//!
//! Dai & Le start each text with the state of the one before, and cut the gradient after some hundred steps; our texts
//! are read one by one from a state of zeros, as the classifier reads them.
//!
//! # Cost
//!
//! One product with the vocabulary for each word: the dearest of the first stages on text.
//!
//! # When it fails
//!
//! A few thousand short texts are too little to learn a language from: its vectors then say less of a text's
//! subject than those of `autoencoder` with `decoder = "bag-of-words"`, at a fraction of the cost. The encoder has
//! to read forward only.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences, StepOutputs};
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::objective::{Measure, Measures, Needs, Objective, Setting};
use crate::over::Over;
use crate::parts::losses::weighted_mean;
use crate::parts::sampling::{Picker, Request};
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// All tokens but the first of each text.
const PREDICTED_STEPS: Over = Over::Steps(1);

/// `[stage.objective.language-model]`. It has no settings of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageModelConfig {}

impl LanguageModelConfig {
    pub(crate) fn check(&self, _path: &str, _problems: &mut Vec<Problem>) {}

    /// Builds the objective with a fresh softmax.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> LanguageModel {
        let vocabulary = match setting.model.input_size() {
            InputSize::Tokens(vocabulary) => vocabulary,
            // A run refuses values before it comes here.
            InputSize::Values(_) => 1,
        };
        LanguageModel { head: LinearConfig::new(setting.model.pooled_size(), vocabulary).init(setting.device) }
    }
}

/// The language model objective, with the softmax that it trains.
#[derive(Module, Debug)]
pub struct LanguageModel {
    head: Linear,
}

impl LanguageModel {
    fn loss<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Option<Tensor<1>> {
        let [_, time] = sequences.dims();
        if time < 2 {
            return None;
        }
        let states = model.states(sequences.clone());
        Some(next_token(StepOutputs::new(states.narrow(1, 0, time - 1), &self.head), sequences))
    }
}

/// Mean cross-entropy of each token but the first, over those that are no padding.
///
/// # Shapes
///
/// - logits: `[batch, time - 1, vocabulary]`, what is expected after each step but the last; output `[1]`
///
/// # Panics
///
/// If the sequences hold values instead of tokens.
pub fn next_token(logits: impl Into<StepOutputs>, sequences: &Sequences) -> Tensor<1> {
    let Input::Tokens(tokens) = &sequences.input else { panic!("a language model needs tokens") };
    let [batch, time] = tokens.dims();
    let rows = batch * (time - 1);
    let each = logits.into().cross_entropy(tokens.clone().narrow(1, 1, time - 1)).reshape([rows]);
    weighted_mean(each, sequences.mask.clone().map(|mask| mask.narrow(1, 1, time - 1).reshape([rows])))
}

impl<M: SequenceModel> Objective<M> for LanguageModel {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::All, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, _context: &StepContext) -> Terms {
        let loss = step.unlabeled.as_ref().and_then(|part| self.loss(model, &part.weak));
        match loss {
            Some(loss) => Terms::default()
                .add("next_token", 1.0, loss)
                .over(PREDICTED_STEPS)
                .exponential("perplexity", "next_token"),
            None => Terms::default(),
        }
    }

    fn measure(&self, model: &M, part: &Part) -> Measures {
        self.loss(model, &part.weak).map(|loss| vec![Measure::new("loss", loss, PREDICTED_STEPS)]).unwrap_or_default()
    }

    /// Each text begins with its opening and goes on word by word.
    fn generate(&self, model: &M, request: &Request<'_>) -> Option<Input> {
        let mut picker = Picker::new(request);
        let count = request.count();
        let first: Tensor<1, Int> = Tensor::from_data(request.openings, request.device);
        let mut tokens: Tensor<2, Int> = first.reshape([count, 1]);
        for length in 1..request.time() {
            let states = model.states(Sequences { input: Input::Tokens(tokens.clone()), mask: None });
            let [_, _, width] = states.dims();
            let last = states.narrow(1, length - 1, 1).reshape([count, width]);
            let next = picker.pick(self.head.forward(last)).reshape([count, 1]);
            tokens = Tensor::cat(vec![tokens, next], 1);
        }
        Some(Input::Tokens(tokens))
    }
}
