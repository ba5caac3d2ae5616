//! The objectives that a config can name: a row each, and the types that hold any of them.

use burn::module::Module;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_datasets::Sequence;
use semiseq_models::{Input, SequenceModel, Sequences, State};
use semiseq_schema::{Problem, Scores};
use serde::{Deserialize, Serialize};

use crate::notes::module_doc;
use crate::objective::{Measures, Needs, Objective, Setting, Survey};
use crate::parts::sampling::Request;
use crate::step::{Part, Step, StepContext};
use crate::terms::Terms;

/// What a run has to know of an objective before it is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// It predicts no label, and is judged by what it measures itself.
    pub unsupervised: bool,
    /// It reads labels, be it only to be told the class, and not to predict it.
    pub reads_labels: bool,
    /// It never reads unlabelled sequences beside labelled ones: `unlabeled_ratio` says nothing to it.
    pub unpaired: bool,
    /// It works on class distributions.
    pub classes: bool,
    /// It works where a sequence has any number of labels.
    pub multi_label: bool,
    /// It works where the tags of a sequence are decided together.
    pub chains: bool,
    /// It works on numbers with a variance of each sequence's own.
    pub gaussian: bool,
    /// It works with one label per sequence, and so has no use for a label per step.
    pub whole: bool,
    /// It works on words and not on values.
    pub tokens: bool,
    /// It reads more from the logits than the distribution over the classes.
    pub unnormalised: bool,
    /// It works on values and not on words.
    pub values: bool,
    /// It works with a vector for each step.
    pub steps: bool,
    /// An encoder that reads backwards too would see what it has to predict.
    pub causal: bool,
    /// It reads a recording in its order.
    pub streams: bool,
    /// An average of the weights stands in for the model.
    pub teaches: bool,
    /// It learns from what the run's references say.
    pub taught: bool,
    /// It writes a sequence for a sequence.
    pub answers: bool,
    /// The sequence that it writes is a transcript: a shorter one, in the order of the steps.
    pub transcribes: bool,
    /// It names what a sequence goes on to, the likeliest first.
    pub recommends: bool,
    /// It sorts sequences into clusters.
    pub clusters: bool,
    /// It can make samples.
    pub generates: bool,
    /// Samples can be asked for by class.
    pub by_class: bool,
    /// There is something to see: samples, or sequences rebuilt.
    pub shows: bool,
    /// Its own layers have a say in what a run predicts.
    pub votes: bool,
    /// Two players, for whom the mean of the gradient is short: β₁ of Adam is 0.5 unless said otherwise.
    pub plays: bool,
}

/// Of an objective that looks at no labels.
fn unsupervised() -> Kind {
    Kind { unsupervised: true, unpaired: true, ..Kind::default() }
}

/// Of one that predicts classes or numbers.
fn labels() -> Kind {
    Kind { reads_labels: true, ..Kind::default() }
}

/// Of one that predicts any number of labels too.
fn multi_label() -> Kind {
    Kind { multi_label: true, ..labels() }
}

fn classes() -> Kind {
    Kind { classes: true, ..labels() }
}

fn whole() -> Kind {
    Kind { whole: true, ..classes() }
}

/// Of an objective that makes samples too.
fn maker(kind: Kind) -> Kind {
    Kind { generates: true, shows: true, ..kind }
}

/// Of an objective that predicts what comes.
fn causal(kind: Kind) -> Kind {
    Kind { causal: true, steps: true, ..kind }
}

impl Kind {
    /// Whether the objective is asked anything after training, and so has to be kept beside the model.
    pub fn speaks(&self) -> bool {
        self.shows || self.votes || self.recommends || self.clusters
    }

    /// Of several objectives at once: what one of them needs, all of them need.
    pub(crate) fn of_all(kinds: impl Iterator<Item = Self>) -> Self {
        let kinds: Vec<Self> = kinds.collect();
        // Labels for one part and all sequences for another are read side by side.
        let alike = kinds.iter().all(|one| one.reads_labels == kinds[0].reads_labels);
        kinds.into_iter().fold(
            Self { unpaired: alike, multi_label: true, chains: true, ..unsupervised() },
            |all, one| Self {
                unsupervised: all.unsupervised && one.unsupervised,
                reads_labels: all.reads_labels || one.reads_labels,
                unpaired: all.unpaired && one.unpaired,
                classes: all.classes || one.classes,
                multi_label: all.multi_label && (one.multi_label || !one.reads_labels),
                chains: all.chains && (one.chains || !one.reads_labels),
                gaussian: all.gaussian || one.gaussian,
                whole: all.whole || one.whole,
                tokens: all.tokens || one.tokens,
                unnormalised: all.unnormalised || one.unnormalised,
                values: all.values || one.values,
                steps: all.steps || one.steps,
                causal: all.causal || one.causal,
                streams: all.streams || one.streams,
                teaches: all.teaches || one.teaches,
                taught: all.taught || one.taught,
                answers: all.answers || one.answers,
                transcribes: all.transcribes || one.transcribes,
                recommends: all.recommends || one.recommends,
                clusters: all.clusters || one.clusters,
                generates: all.generates || one.generates,
                by_class: all.by_class || one.by_class,
                shows: all.shows || one.shows,
                votes: all.votes || one.votes,
                plays: all.plays || one.plays,
            },
        )
    }
}

/// A row is the file in `methods/`, the name in configs, the name in the enums, the settings, the objective, what it
/// does, and what kind it is.
macro_rules! registry {
    (
        $($file:ident $name:literal $variant:ident $config:ident $module:ty, $summary:literal,
            |$given:pat_param| $kind:expr;)*
    ) => {
        $(pub use crate::methods::$file::*;)*

        /// `[stage.objective.NAME]`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
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

        /// What the module of an objective says of it: source, equations, what differs for sequences.
        pub fn notes(name: &str) -> Option<String> {
            match name {
                $($name => Some(module_doc(include_str!(concat!("methods/", stringify!($file), ".rs")))),)*
                _ => None,
            }
        }

        impl ObjectiveConfig {
            /// The name in the config.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// What a run has to know of it.
            pub fn kind(&self) -> Kind {
                let kind = match self { $(Self::$variant($given) => $kind,)* };
                let votes = self.rebalancing().is_some_and(|method| method.kind().votes);
                Kind { votes: kind.votes || votes, ..kind }
            }

            /// Notes every value out of range; `path` is the key of the objective's table.
            pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
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
            fn surveys(&self, context: &StepContext) -> bool {
                match self { $(Self::$variant(objective) => Objective::<M>::surveys(objective, context),)* }
            }
            fn survey(self, survey: &Survey) -> Self {
                match self { $(Self::$variant(one) => Self::$variant(Objective::<M>::survey(one, survey)),)* }
            }
            fn generations(&self) -> usize {
                match self { $(Self::$variant(objective) => Objective::<M>::generations(objective),)* }
            }
            fn given(&self) -> Vec<(usize, usize)> {
                match self { $(Self::$variant(objective) => Objective::<M>::given(objective),)* }
            }
            fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
                match self { $(Self::$variant(objective) => objective.step(model, step, context),)* }
            }
            fn after_update(self, model: &M, context: &StepContext) -> Self {
                match self { $(Self::$variant(objective) => Self::$variant(objective.after_update(model, context)),)* }
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
            fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
                match self { $(Self::$variant(objective) => objective.vote(model, sequences),)* }
            }
            fn states(&self) -> Vec<State> {
                match self { $(Self::$variant(objective) => Objective::<M>::states(objective),)* }
            }
            fn take_states(&mut self, states: Vec<State>, epoch: usize) {
                match self { $(Self::$variant(objective) => Objective::<M>::take_states(objective, states, epoch),)* }
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
    supervised "supervised" Supervised SupervisedConfig Supervised, "Cross-entropy or squared error on the labelled part",
        |_| Kind { unpaired: true, chains: true, ..multi_label() };
    truncated_backpropagation "truncated-backpropagation" TruncatedBackpropagation TruncatedBackpropagationConfig TruncatedBackpropagation, "Squared error along a recording, with the state carried on (Williams & Peng 1990)",
        |_| Kind { streams: true, unpaired: true, ..labels() };
    entropy_minimisation "entropy-minimisation" EntropyMinimisation EntropyMinimisationConfig EntropyMinimisation, "Confident predictions on unlabelled data (Grandvalet & Bengio 2005)",
        |_| Kind { multi_label: true, ..classes() };
    pseudo_label "pseudo-label" PseudoLabel PseudoLabelConfig PseudoLabel, "Its own likeliest class as the label of unlabelled data (Lee 2013)",
        |_| classes();
    pi_model "pi-model" PiModel PiModelConfig PiModel, "The same prediction under two draws of noise (Laine & Aila 2017)",
        |_| multi_label();
    temporal_ensembling "temporal-ensembling" TemporalEnsembling TemporalEnsemblingConfig TemporalEnsembling, "The prediction of its own past epochs (Laine & Aila 2017)",
        |_| Kind { whole: true, ..multi_label() };
    mean_teacher "mean-teacher" MeanTeacher MeanTeacherConfig MeanTeacher<M>, "The prediction of the average of its own past weights (Tarvainen & Valpola 2017)",
        |config| {
            let kl = config.consistency == Consistency::Kl;
            Kind { teaches: true, classes: kl, multi_label: !kl, ..labels() }
        };
    adversarial "adversarial" Adversarial AdversarialConfig Adversarial, "The same label under the noise that harms most, labels only (Miyato et al. 2017)",
        |_| Kind { unpaired: true, ..classes() };
    virtual_adversarial "virtual-adversarial" VirtualAdversarial VirtualAdversarialConfig VirtualAdversarial, "The same prediction under the noise that changes it most (Miyato et al. 2018)",
        |_| Kind { multi_label: true, ..classes() };
    interpolation_consistency "interpolation-consistency" InterpolationConsistency InterpolationConsistencyConfig InterpolationConsistency<M>, "For a mixture the mixture of the predictions (Verma et al. 2019)",
        |_| Kind { teaches: true, ..whole() };
    cross_view "cross-view" CrossView CrossViewConfig CrossView, "From a part of the sequence what the model says of the whole (Clark et al. 2018)",
        |_| Kind { steps: true, ..whole() };
    self_training "self-training" SelfTraining SelfTrainingConfig SelfTraining<M>, "In rounds, labels from the model of the round before (Yarowsky 1995)",
        |_| classes();
    noisy_student "noisy-student" NoisyStudent NoisyStudentConfig NoisyStudent<M>, "Self-training whose student reads the strong view (Xie et al. 2020)",
        |_| classes();
    co_training "co-training" CoTraining CoTrainingConfig CoTraining<M>, "Two models that give each other labels (Blum & Mitchell 1998)",
        |_| whole();
    tri_training "tri-training" TriTraining TriTrainingConfig TriTraining, "The label on which two of three layers agree (Ruder & Plank 2018)",
        |_| Kind { votes: true, ..classes() };
    distillation "distillation" Distillation DistillationConfig Distillation, "What plain methods say of the same sequences (Hinton et al. 2015)",
        |_| Kind { taught: true, ..whole() };
    label_propagation "label-propagation" LabelPropagation LabelPropagationConfig LabelPropagation, "Labels that spread to neighbours by the encoder's vectors (Iscen et al. 2019)",
        |_| whole();
    mixmatch "mixmatch" MixMatch MixMatchConfig MixMatch, "Sharpened pseudo-labels on mixtures of sequences (Berthelot et al. 2019)",
        |_| whole();
    remixmatch "remixmatch" ReMixMatch ReMixMatchConfig ReMixMatch, "MixMatch with aligned pseudo-labels and strong views (Berthelot et al. 2020)",
        |_| whole();
    ucvme "ucvme" Ucvme UcvmeConfig Ucvme<M>, "Numbers that two nets and their dropout agree on, and how sure they are (Dai et al. 2023)",
        |_| Kind { gaussian: true, votes: true, ..labels() };
    uda "uda" Uda UdaConfig Uda, "The sharpened prediction for the weak view, predicted for the strong one (Xie et al. 2020)",
        |_| classes();
    fixmatch "fixmatch" FixMatch FixMatchConfig FixMatch, "A sure pseudo-label for the weak view as the label of the strong one (Sohn et al. 2020)",
        |_| Kind { multi_label: true, ..classes() };
    flexmatch "flexmatch" FlexMatch FlexMatchConfig FlexMatch, "FixMatch with a lower threshold for classes that are learned slowly (Zhang et al. 2021)",
        |_| whole();
    freematch "freematch" FreeMatch FreeMatchConfig FreeMatch, "FixMatch with thresholds that follow the model's confidence (Wang et al. 2023)",
        |_| classes();
    softmatch "softmatch" SoftMatch SoftMatchConfig SoftMatch, "FixMatch with weights in place of a threshold (Chen et al. 2023)",
        |_| classes();
    dash "dash" Dash DashConfig Dash<M>, "FixMatch that picks by a falling limit on the loss (Xu et al. 2021)",
        |_| classes();
    adamatch "adamatch" AdaMatch AdaMatchConfig AdaMatch, "FixMatch with aligned pseudo-labels and a threshold from the labelled part (Berthelot et al. 2022)",
        |_| classes();
    comatch "comatch" CoMatch CoMatchConfig CoMatch, "Pseudo-labels smoothed by their neighbours, and vectors as alike as pseudo-labels (Li et al. 2021)",
        |_| whole();
    simmatch "simmatch" SimMatch SimMatchConfig SimMatch, "Alike to the same labelled sequences, weak and strong (Zheng et al. 2022)",
        |_| whole();
    crmatch "crmatch" CrMatch CrMatchConfig CrMatch, "FixMatch whose vectors keep the views apart (Fan et al. 2023)",
        |_| whole();
    defixmatch "defixmatch" DeFixMatch DeFixMatchConfig DeFixMatch, "FixMatch with its bias taken out (Schmutz et al. 2023)",
        |_| classes();
    joint "joint" Joint JointConfig Joint<M>, "Several objectives at once, each with its weight",
        |config| config.kind();
    autoencoder "autoencoder" Autoencoder AutoencoderConfig Autoencoder, "Rebuild the sequence from the encoder's vector (Dai & Le 2015)",
        |config| {
            let words = config.decoder == DecoderKind::BagOfWords;
            Kind { tokens: words, shows: !words, ..unsupervised() }
        };
    deep_clustering "deep-clustering" DeepClustering DeepClusteringConfig DeepClustering, "Clusters that are learned with the vectors (Xie et al. 2016; Guo et al. 2017)",
        |config| {
            let words = config.rebuilds() && config.decoder == DecoderKind::BagOfWords;
            Kind { tokens: words, clusters: true, shows: config.reconstruction > 0.0 && !words, ..unsupervised() }
        };
    vae "vae" Vae VaeConfig Vae, "Rebuild the sequence from a draw of a Gaussian (Kingma & Welling 2014; Bowman et al. 2016)",
        |_| maker(unsupervised());
    semi_supervised_vae "semi-supervised-vae" SemiSupervisedVae SemiSupervisedVaeConfig SemiSupervisedVae, "A VAE with the class as a latent, summed out (Kingma et al. 2014)",
        |config| match config.rebuild {
            Rebuild::Sequence => Kind { by_class: true, ..maker(whole()) },
            Rebuild::Summary => whole(),
        };
    gan "gan" Gan GanConfig Gan, "Series that a critic takes for real, also by class (Esteban et al. 2017)",
        |config| {
            let conditional = config.conditional;
            let kind = Kind { reads_labels: conditional, classes: conditional, whole: conditional, ..unsupervised() };
            Kind { values: true, by_class: conditional, ..maker(kind) }
        };
    semi_supervised_gan "semi-supervised-gan" SemiSupervisedGan SemiSupervisedGanConfig SemiSupervisedGan<M>, "A classifier that also tells made series from real ones (Salimans et al. 2016)",
        |_| Kind { values: true, teaches: true, plays: true, unnormalised: true, ..maker(whole()) };
    sequence_to_sequence "sequence-to-sequence" SequenceToSequence SequenceToSequenceConfig SequenceToSequence, "Another sequence for each sequence (Sutskever et al. 2014; Bahdanau et al. 2015)",
        |_| Kind { reads_labels: true, answers: true, shows: true, ..unsupervised() };
    ctc "ctc" Ctc CtcConfig Ctc, "A transcript for each sequence, without alignments (Graves et al. 2006)",
        |_| Kind { reads_labels: true, answers: true, transcribes: true, shows: true, steps: true, ..unsupervised() };
    language_model "language-model" LanguageModel LanguageModelConfig LanguageModel, "The next word of each text (Dai & Le 2015)",
        |_| Kind { tokens: true, ..causal(maker(unsupervised())) };
    next_item "next-item" NextItem NextItemConfig NextItem, "The next item of each session (Hidasi & Karatzoglou 2018)",
        |_| Kind { tokens: true, recommends: true, ..causal(unsupervised()) };
    next_step "next-step" NextStep NextStepConfig NextStep, "The values some steps later (Srivastava et al. 2015)",
        |_| Kind { values: true, ..causal(unsupervised()) };
    masked_reconstruction "masked-reconstruction" MaskedReconstruction MaskedReconstructionConfig MaskedReconstruction, "Runs of values that were hidden (Zerveas et al. 2021)",
        |_| Kind { values: true, steps: true, ..unsupervised() };
    contrastive_predictive_coding "contrastive-predictive-coding" ContrastivePredictiveCoding ContrastivePredictiveCodingConfig ContrastivePredictiveCoding, "Which sequence the steps to come belong to (van den Oord et al. 2018)",
        |_| causal(unsupervised());
}

impl ObjectiveConfig {
    /// All class weights that are given, by their key within the objective's table, with the length of the list; `None`
    /// where a word stands for them.
    pub fn class_weights(&self) -> Vec<(String, Option<usize>)> {
        let found = self.settings_called("class_weights").into_iter();
        found.map(|(key, weights)| (key, weights.as_array().map(Vec::len))).collect()
    }

    /// The key of a label smoothing that is not 0, within the objective's table.
    pub fn label_smoothing(&self) -> Option<String> {
        let found = self.settings_called("label_smoothing").into_iter();
        found.filter(|(_, value)| value.as_float().is_some_and(|value| value > 0.0)).map(|(key, _)| key).next()
    }

    /// All settings of this name, whichever objective it is and however deep in the parts of a joint one, by their key
    /// within the objective's table.
    fn settings_called(&self, name: &str) -> Vec<(String, toml::Value)> {
        fn gather(path: &str, name: &str, value: &toml::Value, found: &mut Vec<(String, toml::Value)>) {
            let under = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            match value {
                toml::Value::Table(table) => {
                    for (key, value) in table {
                        match value {
                            value if key == name => found.push((under(key), value.clone())),
                            value => gather(&under(key), name, value, found),
                        }
                    }
                }
                toml::Value::Array(values) => {
                    let each = values.iter().enumerate();
                    each.for_each(|(index, value)| gather(&under(&index.to_string()), name, value, found));
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        if let Ok(toml::Value::Table(objective)) = toml::Value::try_from(self) {
            objective.values().for_each(|settings| gather("", name, settings, &mut found));
        }
        found
    }

    /// Adds to what an unsupervised objective measured what its users call it in a summary.
    pub fn scores(&self, mut measured: Scores, values: bool) -> Scores {
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
            Self::ContrastivePredictiveCoding(_)
            | Self::Ctc(_)
            | Self::DeepClustering(_)
            | Self::Gan(_)
            | Self::Vae(_) => {}
            _ if values => {
                measured.remove("loss");
                measured.insert("mse".into(), loss);
            }
            _ => {}
        }
        measured
    }
}
