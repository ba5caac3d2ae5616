//! What a stage minimises. One file an objective; one `mod` line and one registry row each.
//!
//! An objective is a Burn [`Module`]: what it learns (a decoder) is trained beside the model, and
//! what it remembers (a teacher, an ensemble) travels in the checkpoint.

mod autoencoder;
mod contrastive_predictive_coding;
mod entropy_minimisation;
mod fixmatch;
mod flexmatch;
mod freematch;
mod guess;
mod language_model;
pub mod losses;
mod masked_reconstruction;
mod mean_teacher;
mod next_step;
mod pi_model;
mod pseudo_label;
mod ramp;
mod softmatch;
mod step;
mod supervised;
mod temporal_ensembling;
mod terms;
mod uda;

pub use autoencoder::{Autoencoder, AutoencoderConfig, DecoderKind, bag_of_words, reconstruction};
pub use contrastive_predictive_coding::{ContrastivePredictiveCoding, ContrastivePredictiveCodingConfig, info_nce};
pub use entropy_minimisation::{EntropyMinimisation, EntropyMinimisationConfig};
pub use fixmatch::{FixMatch, FixMatchConfig};
pub use flexmatch::{FlexMatch, FlexMatchConfig};
pub use freematch::{FreeMatch, FreeMatchConfig};
pub use language_model::{LanguageModel, LanguageModelConfig, next_token};
pub use masked_reconstruction::{MaskedReconstruction, MaskedReconstructionConfig, hidden_error};
pub use mean_teacher::{Consistency, MeanTeacher, MeanTeacherConfig};
pub use next_step::{NextStep, NextStepConfig, foretold_error};
pub use pi_model::{PiModel, PiModelConfig};
pub use pseudo_label::{PseudoLabel, PseudoLabelConfig};
pub use ramp::gaussian_ramp_up;
pub use softmatch::{SoftMatch, SoftMatchConfig};
pub use step::{Part, Step, StepContext, Targets};
pub use supervised::{ClassWeights, Supervised, SupervisedConfig};
pub use temporal_ensembling::{TemporalEnsembling, TemporalEnsemblingConfig};
pub use terms::Terms;
pub use uda::{SignalAnnealing, Uda, UdaConfig};

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use semiseq_datasets::{Pool, Problem, Views};
use semiseq_models::SequenceModel;
use serde::{Deserialize, Serialize};

use crate::metrics::Scores;

/// What an objective asks of the loader.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Which sequences: labelled only, labelled and unlabelled side by side, or all as unlabelled.
    pub pool: Pool,
    /// Which views of each sequence.
    pub views: Views,
}

/// What a stage minimises.
pub trait Objective<M: SequenceModel>: Module + ModuleDisplay {
    /// Which batches and views [`Objective::step`] wants.
    fn needs(&self) -> Needs;

    /// The loss of one step as named terms. Runs on the autodiff device.
    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms;

    /// Called after the optimiser moved the model: where a teacher follows its student.
    fn after_update(self, _model: &M, _context: &StepContext) -> Self {
        self
    }

    /// The loss of a validation batch where the task's own loss does not tell (reconstruction).
    /// Shape `[1]`: the mean over the batch. `None`: use the task's metrics.
    fn validate(&self, _model: &M, _part: &Part) -> Option<Tensor<1>> {
        None
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
    /// Where new parameters live.
    pub device: &'a Device,
}

macro_rules! registry {
    ($($name:literal $variant:ident $config:ident $module:ty, $summary:literal;)*) => {
        /// `[stage.objective.NAME]`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum ObjectiveConfig {
            $(#[doc = $summary] #[serde(rename = $name)] $variant($config),)*
        }

        /// Any objective that a config can name.
        #[derive(Module, Debug)]
        #[allow(clippy::large_enum_variant, reason = "one objective a stage; a box would only hide it")]
        pub enum AnyObjective<M: Module> {
            $(#[doc = $summary] $variant($module),)*
        }

        /// Name and one-line summary of every objective.
        pub const OBJECTIVES: &[(&str, &str)] = &[$(($name, $summary),)*];

        impl ObjectiveConfig {
            /// The name in the config.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Whether the objective looks at no label.
            pub fn unsupervised(&self) -> bool {
                matches!(
                    self,
                    Self::Autoencoder(_)
                        | Self::LanguageModel(_)
                        | Self::NextStep(_)
                        | Self::MaskedReconstruction(_)
                        | Self::ContrastivePredictiveCoding(_)
                )
            }

            /// Whether the objective works on words and not on values.
            pub fn needs_tokens(&self) -> bool {
                match self {
                    Self::Autoencoder(config) => config.decoder == DecoderKind::BagOfWords,
                    other => matches!(other, Self::LanguageModel(_)),
                }
            }

            /// Whether the objective works on values and not on words.
            pub fn needs_values(&self) -> bool {
                matches!(self, Self::NextStep(_) | Self::MaskedReconstruction(_))
            }

            /// Whether an encoder that reads backwards too would see what it has to foretell.
            pub fn needs_causal(&self) -> bool {
                matches!(self, Self::LanguageModel(_) | Self::NextStep(_) | Self::ContrastivePredictiveCoding(_))
            }

            /// Whether the objective works on class distributions.
            pub fn needs_classes(&self) -> bool {
                !self.unsupervised() && !matches!(self, Self::Supervised(_))
            }

            /// Whether the objective remembers a label a sequence, and so has no use for a label a step.
            pub fn needs_whole(&self) -> bool {
                matches!(self, Self::FlexMatch(_))
            }

            /// What the loss of an unsupervised objective is called in a summary.
            pub(crate) fn scores(&self, loss: f64, values: bool) -> Scores {
                match self {
                    Self::LanguageModel(_) => {
                        Scores::from([("loss".into(), loss), ("perplexity".into(), loss.exp())])
                    }
                    Self::ContrastivePredictiveCoding(_) => Scores::from([("loss".into(), loss)]),
                    _ => Scores::from([(if values { "mse" } else { "loss" }.into(), loss)]),
                }
            }

            pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
                match self { $(Self::$variant(config) => config.check(path, problems),)* }
            }

            /// Builds the objective for a stage.
            pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> AnyObjective<M> {
                match self { $(Self::$variant(config) => AnyObjective::$variant(config.init(setting)),)* }
            }
        }

        impl<M: SequenceModel> Objective<M> for AnyObjective<M> {
            fn needs(&self) -> Needs {
                match self { $(Self::$variant(objective) => Objective::<M>::needs(objective),)* }
            }
            fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
                match self { $(Self::$variant(objective) => objective.step(model, step, context),)* }
            }
            fn after_update(self, model: &M, context: &StepContext) -> Self {
                match self { $(Self::$variant(objective) => Self::$variant(objective.after_update(model, context)),)* }
            }
            fn validate(&self, model: &M, part: &Part) -> Option<Tensor<1>> {
                match self { $(Self::$variant(objective) => objective.validate(model, part),)* }
            }
            fn evaluated(&self, model: &M) -> M {
                match self { $(Self::$variant(objective) => objective.evaluated(model),)* }
            }
        }
    };
}

registry! {
    "supervised" Supervised SupervisedConfig Supervised, "Cross-entropy or squared error on the labelled part";
    "entropy-minimisation" EntropyMinimisation EntropyMinimisationConfig EntropyMinimisation, "Confident predictions on unlabelled data (Grandvalet & Bengio 2005)";
    "pseudo-label" PseudoLabel PseudoLabelConfig PseudoLabel, "Its own likeliest class as the label of unlabelled data (Lee 2013)";
    "pi-model" PiModel PiModelConfig PiModel, "The same prediction under two draws of noise (Laine & Aila 2017)";
    "temporal-ensembling" TemporalEnsembling TemporalEnsemblingConfig TemporalEnsembling, "The prediction of its own past epochs (Laine & Aila 2017)";
    "mean-teacher" MeanTeacher MeanTeacherConfig MeanTeacher<M>, "The prediction of the average of its own past weights (Tarvainen & Valpola 2017)";
    "uda" Uda UdaConfig Uda, "The sharpened prediction for the weak view, predicted for the strong one (Xie et al. 2020)";
    "fixmatch" FixMatch FixMatchConfig FixMatch, "A sure guess for the weak view as the label of the strong one (Sohn et al. 2020)";
    "flexmatch" FlexMatch FlexMatchConfig FlexMatch, "FixMatch with a lower threshold for classes that are learned slowly (Zhang et al. 2021)";
    "freematch" FreeMatch FreeMatchConfig FreeMatch, "FixMatch with thresholds that follow the model's confidence (Wang et al. 2023)";
    "softmatch" SoftMatch SoftMatchConfig SoftMatch, "FixMatch with weights in place of a threshold (Chen et al. 2023)";
    "autoencoder" Autoencoder AutoencoderConfig Autoencoder, "Rebuild the sequence from the encoder's vector (Dai & Le 2015)";
    "language-model" LanguageModel LanguageModelConfig LanguageModel, "The next word of each text (Dai & Le 2015)";
    "next-step" NextStep NextStepConfig NextStep, "The values some steps later (Srivastava et al. 2015)";
    "masked-reconstruction" MaskedReconstruction MaskedReconstructionConfig MaskedReconstruction, "Runs of values that were hidden (Zerveas et al. 2021)";
    "contrastive-predictive-coding" ContrastivePredictiveCoding ContrastivePredictiveCodingConfig ContrastivePredictiveCoding, "Which sequence the steps to come belong to (van den Oord et al. 2018)";
}
