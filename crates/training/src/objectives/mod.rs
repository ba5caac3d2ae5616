//! What a stage minimises. One file an objective; one `mod` line and one registry row each.
//!
//! An objective is a Burn [`Module`]: what it learns (a decoder) is trained beside the model, and
//! what it remembers (a teacher, an ensemble) travels in the checkpoint.

mod adamatch;
mod adversarial;
mod adversarial_noise;
mod adversary;
mod autoencoder;
mod bank;
mod co_training;
mod comatch;
mod contrastive_predictive_coding;
mod crmatch;
mod cross_view;
mod dash;
mod defixmatch;
mod draws;
mod entropy_minimisation;
mod fixmatch;
mod flexmatch;
mod freematch;
mod gan;
mod generate;
mod guess;
mod interpolation_consistency;
mod joint;
mod language_model;
pub mod losses;
mod masked_reconstruction;
mod mean_teacher;
mod mixing;
mod mixmatch;
mod next_step;
mod noisy_student;
mod pi_model;
mod pseudo_label;
mod ramp;
mod remixmatch;
mod scheduled_sampling;
mod self_training;
mod semi_supervised_gan;
mod semi_supervised_vae;
mod sequence_to_sequence;
mod simmatch;
mod softmatch;
pub(crate) mod step;
mod supervised;
mod temporal_ensembling;
mod terms;
mod tri_training;
mod truncated_backpropagation;
mod uda;
mod vae;
mod virtual_adversarial;

pub use adamatch::{AdaMatch, AdaMatchConfig};
pub use adversarial::{Adversarial, AdversarialConfig};
pub use adversarial_noise::Read;
pub use autoencoder::{Autoencoder, AutoencoderConfig, DecoderKind, bag_of_words, reconstruction};
pub use co_training::{CoTraining, CoTrainingConfig, given_loss};
pub use comatch::{CoMatch, CoMatchConfig, graph_contrast};
pub use contrastive_predictive_coding::{ContrastivePredictiveCoding, ContrastivePredictiveCodingConfig, info_nce};
pub use crmatch::{CrMatch, CrMatchConfig, kept_apart};
pub use cross_view::{CrossView, CrossViewConfig};
pub use dash::{Dash, DashConfig};
pub use defixmatch::{DeFixMatch, DeFixMatchConfig};
pub use entropy_minimisation::{EntropyMinimisation, EntropyMinimisationConfig};
pub use fixmatch::{FixMatch, FixMatchConfig};
pub use flexmatch::{FlexMatch, FlexMatchConfig};
pub use freematch::{FreeMatch, FreeMatchConfig};
pub use gan::{Gan, GanConfig, GanLoss, critic_loss, generator_loss, gradient_penalty};
pub use generate::Request;
pub use interpolation_consistency::{InterpolationConsistency, InterpolationConsistencyConfig};
pub use joint::{Joint, JointConfig, JointPart};
pub use language_model::{LanguageModel, LanguageModelConfig, next_token};
pub use masked_reconstruction::{MaskedReconstruction, MaskedReconstructionConfig, hidden_error};
pub use mean_teacher::{Consistency, MeanTeacher, MeanTeacherConfig};
pub use mixing::{Mixture, sharpened};
pub use mixmatch::{MixMatch, MixMatchConfig};
pub use next_step::{NextStep, NextStepConfig, foretold_error};
pub use noisy_student::{NoisyStudent, NoisyStudentConfig};
pub use pi_model::{PiModel, PiModelConfig};
pub use pseudo_label::{PseudoLabel, PseudoLabelConfig};
pub use ramp::gaussian_ramp_up;
pub use remixmatch::{ReMixMatch, ReMixMatchConfig};
pub use scheduled_sampling::{Decay, ScheduledSamplingConfig};
pub use self_training::{SelfTraining, SelfTrainingConfig};
pub use semi_supervised_gan::{SemiSupervisedGan, SemiSupervisedGanConfig, feature_matching, made_loss, real_loss};
pub use semi_supervised_vae::{Rebuild, SemiSupervisedVae, SemiSupervisedVaeConfig, marginal_bound};
pub use sequence_to_sequence::{SequenceToSequence, SequenceToSequenceConfig};
pub use simmatch::{SimMatch, SimMatchConfig, matched};
pub use softmatch::{SoftMatch, SoftMatchConfig};
pub use step::{Part, Step, StepContext, Targets};
pub use supervised::{ClassWeights, Supervised, SupervisedConfig};
pub use temporal_ensembling::{TemporalEnsembling, TemporalEnsemblingConfig};
pub use terms::Terms;
pub use tri_training::{TriTraining, TriTrainingConfig, agreed_loss, orthogonality};
pub use truncated_backpropagation::{TruncatedBackpropagation, TruncatedBackpropagationConfig};
pub use uda::{SignalAnnealing, Uda, UdaConfig};
pub use vae::{Annealing, Vae, VaeConfig, divergence, negative_log_likelihood, reparameterised, with_free_bits};
pub use virtual_adversarial::{VirtualAdversarial, VirtualAdversarialConfig};

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use semiseq_datasets::{Pool, Prepared, Problem, Sequence, Target, Views};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences};
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

/// Named means over a batch, each `[1]`.
pub type Measures = Vec<(&'static str, Tensor<1>)>;

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

    /// What is measured on a validation batch where the task's own scores do not tell: means over the batch, shape `[1]`, the
    /// first of them `loss`. Empty: use the task's metrics. An objective with one number gives [`Objective::validate`].
    fn measure(&self, model: &M, part: &Part) -> Measures {
        self.validate(model, part).map(|loss| vec![("loss", loss)]).unwrap_or_default()
    }

    /// What is wrong with a run that goes on but comes to nothing (a collapsed posterior), with a remedy, from the means of
    /// an epoch. A run says it once a stage.
    fn warning(&self, _train: &Scores, _context: &StepContext) -> Option<String> {
        None
    }

    /// Samples of a generative objective: values `[count, time, features]` or tokens `[count, time]`. `None` where the
    /// objective makes none.
    fn generate(&self, _model: &M, _request: &Request<'_>) -> Option<Input> {
        None
    }

    /// What the objective makes of sequences from their vectors alone, for people to see: values `[batch, time, features]` or
    /// tokens `[batch, time]`. `None` where it rebuilds none.
    fn rebuild(&self, _model: &M, _sequences: &Sequences) -> Option<Input> {
        None
    }

    /// The sequence that answers each sequence, where the objective writes one: tokens without their end, or values. `None`
    /// where it does not.
    fn answer(&self, _model: &M, _sequences: &Sequences) -> Option<Vec<Sequence>> {
        None
    }

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
    /// What target sequences hold, where there are some.
    pub target: Option<TargetSize>,
    /// Where new parameters live.
    pub device: &'a Device,
}

/// What target sequences hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSize {
    /// Values a step, or tokens of the vocabulary, of which the last ends a sequence.
    pub input: InputSize,
    /// Steps of the longest target of the training part.
    pub longest: usize,
}

impl TargetSize {
    /// Of prepared data; `None` where targets are no sequences.
    pub fn of(data: &Prepared) -> Option<Self> {
        let sequences = data.train.targets.iter().filter_map(|target| match target {
            Target::Sequence(sequence) => Some(sequence),
            _ => None,
        });
        let longest = sequences.clone().map(Sequence::len).max()?;
        let input = match (sequences.clone().next()?, data.processor.target_vocabulary()) {
            (Sequence::Series(series), _) => InputSize::Values(series.channels),
            (_, vocabulary) => InputSize::Tokens(vocabulary?),
        };
        Some(Self { input, longest })
    }
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

            /// Whether the objective predicts no label, and is judged by what it measures itself.
            pub fn unsupervised(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().all(|part| part.objective.unsupervised());
                }
                matches!(
                    self,
                    Self::Autoencoder(_)
                        | Self::LanguageModel(_)
                        | Self::NextStep(_)
                        | Self::MaskedReconstruction(_)
                        | Self::ContrastivePredictiveCoding(_)
                        | Self::Vae(_)
                        | Self::Gan(_)
                        | Self::SequenceToSequence(_)
                )
            }

            /// Whether the objective writes a sequence for a sequence.
            pub fn answers(&self) -> bool {
                match self {
                    Self::Joint(config) => config.parts.iter().any(|part| part.objective.answers()),
                    other => matches!(other, Self::SequenceToSequence(_)),
                }
            }

            /// Whether the objective reads labels, be it only to be told the class, and not to predict it.
            pub fn reads_labels(&self) -> bool {
                match self {
                    Self::Joint(config) => config.parts.iter().any(|part| part.objective.reads_labels()),
                    Self::Gan(config) => config.conditional,
                    Self::SequenceToSequence(_) => true,
                    other => !other.unsupervised(),
                }
            }

            /// Whether the objective works on words and not on values.
            pub fn needs_tokens(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.needs_tokens());
                }
                match self {
                    Self::Autoencoder(config) => config.decoder == DecoderKind::BagOfWords,
                    other => matches!(other, Self::LanguageModel(_)),
                }
            }

            /// Whether the objective works on values and not on words.
            pub fn needs_values(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.needs_values());
                }
                matches!(
                    self,
                    Self::NextStep(_) | Self::MaskedReconstruction(_) | Self::Gan(_) | Self::SemiSupervisedGan(_)
                )
            }

            /// Whether an encoder that reads backwards too would see what it has to foretell.
            pub fn needs_causal(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.needs_causal());
                }
                matches!(self, Self::LanguageModel(_) | Self::NextStep(_) | Self::ContrastivePredictiveCoding(_))
            }

            /// Whether the objective works with a vector for each step.
            pub(crate) fn needs_steps(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.needs_steps());
                }
                self.needs_causal() || matches!(self, Self::MaskedReconstruction(_) | Self::CrossView(_))
            }

            /// Whether the objective reads a recording in its order.
            pub(crate) fn needs_streams(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.needs_streams());
                }
                matches!(self, Self::TruncatedBackpropagation(_))
            }

            /// Whether an average of the weights stands in for the model.
            pub(crate) fn teaches(&self) -> bool {
                matches!(self, Self::MeanTeacher(_) | Self::InterpolationConsistency(_))
            }

            /// Whether the objective works on class distributions.
            pub fn needs_classes(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.needs_classes());
                }
                !self.unsupervised() && !matches!(self, Self::Supervised(_) | Self::TruncatedBackpropagation(_))
            }

            /// Whether the objective works with one label a sequence, and so has no use for a label a step.
            pub fn needs_whole(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.needs_whole());
                }
                matches!(
                    self,
                    Self::FlexMatch(_)
                        | Self::SemiSupervisedVae(_)
                        | Self::SemiSupervisedGan(_)
                        | Self::MixMatch(_)
                        | Self::ReMixMatch(_)
                        | Self::InterpolationConsistency(_)
                        | Self::CrossView(_)
                        | Self::CoTraining(_)
                        | Self::CoMatch(_)
                        | Self::SimMatch(_)
                        | Self::CrMatch(_)
                )
            }

            /// Adds to what an unsupervised objective measured what its users call it in a summary.
            pub(crate) fn scores(&self, mut measured: Scores, values: bool) -> Scores {
                if let Self::Joint(config) = self {
                    return match config.parts.first() {
                        Some(first) => first.objective.scores(measured, values),
                        None => measured,
                    };
                }
                let Some(loss) = measured.get("loss").copied() else { return measured };
                match self {
                    Self::SequenceToSequence(_) if measured.contains_key("mae") => {
                        measured.remove("loss");
                        measured.insert("mse".into(), loss);
                    }
                    Self::LanguageModel(_) | Self::SequenceToSequence(_) => {
                        measured.insert("perplexity".into(), loss.exp());
                    }
                    Self::ContrastivePredictiveCoding(_) | Self::Vae(_) | Self::Gan(_) => {}
                    _ if values => {
                        measured.remove("loss");
                        measured.insert("mse".into(), loss);
                    }
                    _ => {}
                }
                measured
            }

            /// Whether the objective can make samples.
            pub fn generates(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.generates());
                }
                match self {
                    Self::SemiSupervisedVae(config) => config.rebuild == Rebuild::Sequence,
                    other => matches!(
                        other,
                        Self::LanguageModel(_) | Self::Vae(_) | Self::Gan(_) | Self::SemiSupervisedGan(_)
                    ),
                }
            }

            /// Whether there is something to see: samples, or sequences rebuilt.
            pub(crate) fn shows(&self) -> bool {
                match self {
                    Self::Joint(config) => config.parts.iter().any(|part| part.objective.shows()),
                    other => other.generates() || matches!(other, Self::Autoencoder(_) | Self::SequenceToSequence(_)),
                }
            }

            /// Whether samples can be asked for by class.
            pub fn generates_by_class(&self) -> bool {
                if let Self::Joint(config) = self {
                    return config.parts.iter().any(|part| part.objective.generates_by_class());
                }
                match self {
                    Self::SemiSupervisedVae(_) => self.generates(),
                    Self::Gan(config) => config.conditional,
                    _ => false,
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
            fn measure(&self, model: &M, part: &Part) -> Measures {
                match self { $(Self::$variant(objective) => objective.measure(model, part),)* }
            }
            fn warning(&self, train: &Scores, context: &StepContext) -> Option<String> {
                match self { $(Self::$variant(objective) => Objective::<M>::warning(objective, train, context),)* }
            }
            fn generate(&self, model: &M, request: &Request<'_>) -> Option<Input> {
                match self { $(Self::$variant(objective) => objective.generate(model, request),)* }
            }
            fn rebuild(&self, model: &M, sequences: &Sequences) -> Option<Input> {
                match self { $(Self::$variant(objective) => objective.rebuild(model, sequences),)* }
            }
            fn answer(&self, model: &M, sequences: &Sequences) -> Option<Vec<Sequence>> {
                match self { $(Self::$variant(objective) => objective.answer(model, sequences),)* }
            }
            fn tables(&self) -> Vec<(&'static str, String)> {
                match self { $(Self::$variant(objective) => Objective::<M>::tables(objective),)* }
            }
            fn evaluated(&self, model: &M) -> M {
                match self { $(Self::$variant(objective) => objective.evaluated(model),)* }
            }
        }
    };
}

registry! {
    "supervised" Supervised SupervisedConfig Supervised, "Cross-entropy or squared error on the labelled part";
    "truncated-backpropagation" TruncatedBackpropagation TruncatedBackpropagationConfig TruncatedBackpropagation, "Squared error along a recording, with the state carried on (Williams & Peng 1990)";
    "entropy-minimisation" EntropyMinimisation EntropyMinimisationConfig EntropyMinimisation, "Confident predictions on unlabelled data (Grandvalet & Bengio 2005)";
    "pseudo-label" PseudoLabel PseudoLabelConfig PseudoLabel, "Its own likeliest class as the label of unlabelled data (Lee 2013)";
    "pi-model" PiModel PiModelConfig PiModel, "The same prediction under two draws of noise (Laine & Aila 2017)";
    "temporal-ensembling" TemporalEnsembling TemporalEnsemblingConfig TemporalEnsembling, "The prediction of its own past epochs (Laine & Aila 2017)";
    "mean-teacher" MeanTeacher MeanTeacherConfig MeanTeacher<M>, "The prediction of the average of its own past weights (Tarvainen & Valpola 2017)";
    "adversarial" Adversarial AdversarialConfig Adversarial, "The same label under the noise that harms most, labels only (Miyato et al. 2017)";
    "virtual-adversarial" VirtualAdversarial VirtualAdversarialConfig VirtualAdversarial, "The same prediction under the noise that changes it most (Miyato et al. 2018)";
    "interpolation-consistency" InterpolationConsistency InterpolationConsistencyConfig InterpolationConsistency<M>, "For a mixture the mixture of the predictions (Verma et al. 2019)";
    "cross-view" CrossView CrossViewConfig CrossView, "From a part of the sequence what the model says of the whole (Clark et al. 2018)";
    "self-training" SelfTraining SelfTrainingConfig SelfTraining<M>, "In rounds, labels from the model of the round before (Yarowsky 1995)";
    "noisy-student" NoisyStudent NoisyStudentConfig NoisyStudent<M>, "Self-training whose student reads the strong view (Xie et al. 2020)";
    "co-training" CoTraining CoTrainingConfig CoTraining<M>, "Two models that give each other labels (Blum & Mitchell 1998)";
    "tri-training" TriTraining TriTrainingConfig TriTraining, "The label on which two of three layers agree (Ruder & Plank 2018)";
    "mixmatch" MixMatch MixMatchConfig MixMatch, "Sharpened guesses on mixtures of sequences (Berthelot et al. 2019)";
    "remixmatch" ReMixMatch ReMixMatchConfig ReMixMatch, "MixMatch with aligned guesses and strong views (Berthelot et al. 2020)";
    "uda" Uda UdaConfig Uda, "The sharpened prediction for the weak view, predicted for the strong one (Xie et al. 2020)";
    "fixmatch" FixMatch FixMatchConfig FixMatch, "A sure guess for the weak view as the label of the strong one (Sohn et al. 2020)";
    "flexmatch" FlexMatch FlexMatchConfig FlexMatch, "FixMatch with a lower threshold for classes that are learned slowly (Zhang et al. 2021)";
    "freematch" FreeMatch FreeMatchConfig FreeMatch, "FixMatch with thresholds that follow the model's confidence (Wang et al. 2023)";
    "softmatch" SoftMatch SoftMatchConfig SoftMatch, "FixMatch with weights in place of a threshold (Chen et al. 2023)";
    "dash" Dash DashConfig Dash, "FixMatch that picks by a falling limit on the loss (Xu et al. 2021)";
    "adamatch" AdaMatch AdaMatchConfig AdaMatch, "FixMatch with aligned guesses and a threshold from the labelled part (Berthelot et al. 2022)";
    "comatch" CoMatch CoMatchConfig CoMatch, "Guesses smoothed by their neighbours, and vectors as alike as guesses (Li et al. 2021)";
    "simmatch" SimMatch SimMatchConfig SimMatch, "Alike to the same labelled sequences, weak and strong (Zheng et al. 2022)";
    "crmatch" CrMatch CrMatchConfig CrMatch, "FixMatch whose vectors keep the views apart (Fan et al. 2023)";
    "defixmatch" DeFixMatch DeFixMatchConfig DeFixMatch, "FixMatch with its bias taken out (Schmutz et al. 2023)";
    "joint" Joint JointConfig Joint<M>, "Several objectives at once, each with its weight";
    "autoencoder" Autoencoder AutoencoderConfig Autoencoder, "Rebuild the sequence from the encoder's vector (Dai & Le 2015)";
    "vae" Vae VaeConfig Vae, "Rebuild the sequence from a draw of a Gaussian (Kingma & Welling 2014; Bowman et al. 2016)";
    "semi-supervised-vae" SemiSupervisedVae SemiSupervisedVaeConfig SemiSupervisedVae, "A VAE with the class as a latent, summed out (Kingma et al. 2014)";
    "gan" Gan GanConfig Gan, "Series that a critic takes for real, also by class (Esteban et al. 2017)";
    "semi-supervised-gan" SemiSupervisedGan SemiSupervisedGanConfig SemiSupervisedGan, "A classifier that also tells made series from real ones (Salimans et al. 2016)";
    "sequence-to-sequence" SequenceToSequence SequenceToSequenceConfig SequenceToSequence, "Another sequence for each sequence (Sutskever et al. 2014; Bahdanau et al. 2015)";
    "language-model" LanguageModel LanguageModelConfig LanguageModel, "The next word of each text (Dai & Le 2015)";
    "next-step" NextStep NextStepConfig NextStep, "The values some steps later (Srivastava et al. 2015)";
    "masked-reconstruction" MaskedReconstruction MaskedReconstructionConfig MaskedReconstruction, "Runs of values that were hidden (Zerveas et al. 2021)";
    "contrastive-predictive-coding" ContrastivePredictiveCoding ContrastivePredictiveCodingConfig ContrastivePredictiveCoding, "Which sequence the steps to come belong to (van den Oord et al. 2018)";
}
