//! Methods against class imbalance, beside an objective: `[stage.rebalancing.NAME]`. One file each; a `mod` line here
//! and a row in the registry below make one known.
//!
//! A method changes what an objective of FixMatch's kind makes of a step at a few places, all of them behind
//! [`Supervised`](crate::methods::supervised::Supervised), which every objective holds: the logits and the loss of the
//! labelled part, the pseudo-labels for the unlabelled one and how they count, further terms from layers of its own,
//! and what is predicted. What it remembers and learns lies in the objective's module, and so travels in the
//! checkpoint.

mod abc;
mod adsh;
mod balanced_sampling;
mod class_weights;
mod cossl;
mod crest;
mod darp;
mod daso;
mod debiaspl;
mod focal;
mod logit_adjustment;
mod saw;
mod tras;

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::notes::module_doc;
use crate::objective::{Setting, Survey};
use crate::parts::pseudo_labels::PseudoLabels;
use crate::step::{Part, StepContext};
use crate::terms::Terms;

/// How far into an objective a method reaches: each reaches as far as those before it and further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The loss of the labelled part, the rows that are drawn for it, and what is predicted.
    Labels,
    /// The pseudo-labels for unlabelled sequences too.
    PseudoLabels,
    /// The threshold from which a pseudo-label counts too.
    Threshold,
}

/// What a run has to know of a method before it is built.
#[derive(Clone, Copy, Debug)]
pub struct RebalancingKind {
    /// How far it reaches.
    pub reach: Reach,
    /// It works with one label per sequence, and so not with a tagger.
    pub whole: bool,
    /// It has a say in what is predicted.
    pub votes: bool,
    /// It makes the labelled loss itself, without label smoothing and class weights.
    pub own_loss: bool,
    /// Labelled rows are drawn class by class, a class with `n` of them as often as `n` to this power.
    pub drawn_by: Option<f64>,
    /// Rows so drawn stand beside the labelled ones, in a batch of their own.
    pub beside: bool,
    /// It begins the stage anew some times.
    pub restarts: bool,
}

impl RebalancingKind {
    fn of(reach: Reach) -> Self {
        Self { reach, whole: false, votes: false, own_loss: false, drawn_by: None, beside: false, restarts: false }
    }
}

/// The unlabelled part of a step, as a method sees it.
pub(crate) struct Seen<'a> {
    /// What the head reads of the weak view, without graph. `[rows, pooled_size]`
    pub weak: Tensor<2>,
    /// The same of the strong view. `[rows, pooled_size]`
    pub strong: Tensor<2>,
    /// The part itself.
    pub part: &'a Part,
    /// Labelled sequences that were drawn class by class, where the method asked for them.
    pub balanced: Option<&'a Part>,
    /// Where the stage stands.
    pub context: &'a StepContext,
}

/// The labelled part of a step, as a method sees it.
pub(crate) struct SeenLabels<'a> {
    /// What the head reads of the weak view. `[rows, pooled_size]`
    pub hidden: Tensor<2>,
    /// The part itself.
    pub part: &'a Part,
    /// Where the stage stands.
    pub context: &'a StepContext,
}

/// The places at which a method changes a step; each leaves it as it is unless the method says otherwise.
pub(crate) trait Rebalancing {
    /// Weights of the classes in the labelled loss, one per class.
    fn class_weights(&self) -> Option<Arc<[f32]>> {
        None
    }

    /// The logits that the labelled loss reads. `[rows, outputs]`, two columns or more come back.
    fn adjusted(&self, logits: Tensor<2>) -> Tensor<2> {
        logits
    }

    /// A labelled loss of its own, a mean over the known labels, `[1]`. Logits `[rows, outputs]`, classes and known
    /// `[rows]`.
    fn loss(&self, _logits: Tensor<2>, _classes: Tensor<1, Int>, _known: Tensor<1>) -> Option<Tensor<1>> {
        None
    }

    /// Adds terms of the labelled part, and notes what it learns of it.
    fn labeled<M: SequenceModel>(&mut self, terms: Terms, _model: &M, _seen: &SeenLabels<'_>) -> Terms {
        terms
    }

    /// Changes the pseudo-labels, and notes what it learns of them.
    fn pseudo_labels<M: SequenceModel>(&mut self, _pseudo_label: &mut PseudoLabels, _model: &M, _seen: &Seen<'_>) {}

    /// After the optimiser moved the model.
    fn after_update<M: SequenceModel>(self, _model: &M, _context: &StepContext) -> Self
    where
        Self: Sized,
    {
        self
    }

    /// Whether it wants to see all training sequences before this step.
    fn surveys(&self, _context: &StepContext) -> bool {
        false
    }

    /// Takes what it asked for.
    fn survey(self, _survey: &Survey) -> Self
    where
        Self: Sized,
    {
        self
    }

    /// Into how many generations it cuts the stage; see [`Objective::generations`](crate::Objective::generations).
    fn generations(&self) -> usize {
        1
    }

    /// Sequences without a label that stand among the labelled ones, each with a class.
    fn given(&self) -> Vec<(usize, usize)> {
        Vec::new()
    }

    /// The model that stands in for the one that is trained, where one does.
    fn evaluated<M: SequenceModel>(&self, _model: &M) -> Option<M> {
        None
    }

    /// What is predicted, `[rows, classes]`, from the head's logits and what the head reads.
    fn vote(&self, _logits: Tensor<2>, _hidden: Tensor<2>) -> Option<Tensor<2>> {
        None
    }
}

/// A row is the file, the name in configs, the name in the enums, the settings, the module, what it does, and what
/// kind it is.
macro_rules! registry {
    ($($file:ident $name:literal $variant:ident $config:ident $module:ident, $summary:literal,
        |$given:pat_param| $kind:expr;)*) => {
        $(pub use self::$file::*;)*

        /// `[stage.rebalancing.NAME]`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
        pub enum RebalancingConfig {
            $(#[doc = $summary] #[serde(rename = $name)] $variant($config),)*
        }

        /// Any method that a config can name.
        #[derive(Module, Debug)]
        #[allow(clippy::large_enum_variant, reason = "one per stage; a box would only hide it")]
        pub enum AnyRebalancing {
            $(#[doc = $summary] $variant($module),)*
        }

        /// Name and one-line summary of every method.
        pub const REBALANCINGS: &[(&str, &str)] = &[$(($name, $summary),)*];

        /// What the module of a method says of it: source, equations, cost, and when it fails.
        pub fn rebalancing_notes(name: &str) -> Option<String> {
            match name {
                $($name => Some(module_doc(include_str!(concat!(stringify!($file), ".rs")))),)*
                _ => None,
            }
        }

        impl RebalancingConfig {
            /// The name in the config.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// What a run has to know of it.
            pub fn kind(&self) -> RebalancingKind {
                match self { $(Self::$variant($given) => $kind,)* }
            }

            /// Notes every value out of range; `path` is the key of the method's table.
            pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
                match self { $(Self::$variant(config) => config.check(path, problems),)* }
            }

            pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> AnyRebalancing {
                match self { $(Self::$variant(config) => AnyRebalancing::$variant(config.init(setting)),)* }
            }
        }

        impl Rebalancing for AnyRebalancing {
            fn class_weights(&self) -> Option<Arc<[f32]>> {
                match self { $(Self::$variant(method) => method.class_weights(),)* }
            }
            fn adjusted(&self, logits: Tensor<2>) -> Tensor<2> {
                match self { $(Self::$variant(method) => method.adjusted(logits),)* }
            }
            fn loss(&self, logits: Tensor<2>, classes: Tensor<1, Int>, known: Tensor<1>) -> Option<Tensor<1>> {
                match self { $(Self::$variant(method) => method.loss(logits, classes, known),)* }
            }
            fn labeled<M: SequenceModel>(&mut self, terms: Terms, model: &M, seen: &SeenLabels<'_>) -> Terms {
                match self { $(Self::$variant(method) => method.labeled(terms, model, seen),)* }
            }
            fn pseudo_labels<M: SequenceModel>(&mut self, found: &mut PseudoLabels, model: &M, seen: &Seen<'_>) {
                match self { $(Self::$variant(method) => method.pseudo_labels(found, model, seen),)* }
            }
            fn after_update<M: SequenceModel>(self, model: &M, context: &StepContext) -> Self {
                match self { $(Self::$variant(method) => Self::$variant(method.after_update(model, context)),)* }
            }
            fn surveys(&self, context: &StepContext) -> bool {
                match self { $(Self::$variant(method) => method.surveys(context),)* }
            }
            fn survey(self, survey: &Survey) -> Self {
                match self { $(Self::$variant(method) => Self::$variant(method.survey(survey)),)* }
            }
            fn generations(&self) -> usize {
                match self { $(Self::$variant(method) => method.generations(),)* }
            }
            fn given(&self) -> Vec<(usize, usize)> {
                match self { $(Self::$variant(method) => method.given(),)* }
            }
            fn evaluated<M: SequenceModel>(&self, model: &M) -> Option<M> {
                match self { $(Self::$variant(method) => method.evaluated(model),)* }
            }
            fn vote(&self, logits: Tensor<2>, hidden: Tensor<2>) -> Option<Tensor<2>> {
                match self { $(Self::$variant(method) => method.vote(logits, hidden),)* }
            }
        }
    };
}

registry! {
    class_weights "class-weights" ClassWeights ClassWeightsConfig ClassWeighting, "Rare classes weigh more in the labelled loss (Cui et al. 2019)",
        |_| RebalancingKind::of(Reach::Labels);
    balanced_sampling "balanced-sampling" BalancedSampling BalancedSamplingConfig BalancedSampling, "Labelled rows of rare classes are drawn as often as others (Kang et al. 2020)",
        |config| RebalancingKind { whole: true, drawn_by: Some(config.power), ..RebalancingKind::of(Reach::Labels) };
    logit_adjustment "logit-adjustment" LogitAdjustment LogitAdjustmentConfig LogitAdjustment, "Logits are moved by how frequent each class is (Menon et al. 2021)",
        |config| RebalancingKind { votes: config.votes(), ..RebalancingKind::of(Reach::Labels) };
    focal "focal" Focal FocalConfig Focal, "Labels that are predicted well weigh less (Lin et al. 2017)",
        |_| RebalancingKind { own_loss: true, ..RebalancingKind::of(Reach::Labels) };
    debiaspl "debiaspl" DebiasPl DebiasPlConfig DebiasPl, "Pseudo-labels freed of the classes that the model leans to (Wang et al. 2022)",
        |_| RebalancingKind::of(Reach::PseudoLabels);
    abc "abc" Abc AbcConfig Abc, "A second head that learns from as many sequences of each class (Lee et al. 2021)",
        |_| RebalancingKind { whole: true, votes: true, ..RebalancingKind::of(Reach::PseudoLabels) };
    darp "darp" Darp DarpConfig Darp, "The pseudo-labels nearest to the model's that have the labels' shares of classes (Kim et al. 2020)",
        |_| RebalancingKind { whole: true, ..RebalancingKind::of(Reach::PseudoLabels) };
    daso "daso" Daso DasoConfig Daso, "Pseudo-labels blended with what class prototypes say, the more for frequent classes (Oh et al. 2022)",
        |_| RebalancingKind { whole: true, ..RebalancingKind::of(Reach::PseudoLabels) };
    cossl "cossl" Cossl CosslConfig Cossl, "A second head on an averaged encoder's vectors, those of rare classes blended, makes the pseudo-labels (Fan et al. 2022)",
        |_| {
            let own = RebalancingKind { whole: true, votes: true, ..RebalancingKind::of(Reach::PseudoLabels) };
            RebalancingKind { drawn_by: Some(0.0), beside: true, ..own }
        };
    crest "crest" Crest CrestConfig Crest, "In generations, sure pseudo-labels become labels, those of rare classes most (Wei et al. 2021)",
        |_| RebalancingKind { whole: true, restarts: true, ..RebalancingKind::of(Reach::PseudoLabels) };
    saw "saw" Saw SawConfig Saw, "Pseudo-labels weigh by how rare their class is among the pseudo-labels (Lai et al. 2022)",
        |_| RebalancingKind { whole: true, own_loss: true, ..RebalancingKind::of(Reach::PseudoLabels) };
    adsh "adsh" Adsh AdshConfig Adsh, "A threshold for each class that the same share of its pseudo-labels passes (Guo & Li 2022)",
        |_| RebalancingKind { whole: true, ..RebalancingKind::of(Reach::Threshold) };
    tras "tras" Tras TrasConfig Tras, "A second head taught by the first one's logits, moved to rare classes (Wei et al. 2022)",
        |_| RebalancingKind { whole: true, votes: true, ..RebalancingKind::of(Reach::Threshold) };
}

/// How often each class stands among the labels, at least once: a class without labels would weigh without bound.
fn counts_of<M>(setting: &Setting<'_, M>, classes: usize) -> Vec<f64> {
    (0..classes).map(|class| setting.class_counts.get(class).copied().unwrap_or(0).max(1) as f64).collect()
}

/// Weights by the effective number of sequences (Cui et al. 2019, eq. 6), `(1 - β) / (1 - β^n)`, scaled to sum to the
/// number of classes.
fn effective_weights(counts: &[f64], beta: f64) -> Vec<f64> {
    let each =
        counts.iter().map(|count| if beta >= 1.0 { 1.0 / count } else { (1.0 - beta) / (1.0 - beta.powf(*count)) });
    let weights: Vec<f64> = each.collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum * counts.len() as f64).collect()
}

/// One column for a sigmoid classifier, whose logit is the second class's over the first's; `[rows, outputs]`.
fn for_outputs(logits: Tensor<2>, outputs: usize) -> Tensor<2> {
    let [rows, classes] = logits.dims();
    if outputs == 1 && classes == 2 {
        logits.clone().slice([0..rows, 1..2]) - logits.slice([0..rows, 0..1])
    } else {
        logits
    }
}
