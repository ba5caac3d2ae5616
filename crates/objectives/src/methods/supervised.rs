//! Supervised learning: cross-entropy with label smoothing and class weights; where a sequence has any number of labels
//! (`output = "multi-label"`) the binary cross-entropy of each, the mean over them; for numbers squared error, or what
//! the regressor's `output` asks for, the negative log likelihood of a normal distribution or the pinball loss of
//! quantiles. Of a tagger with `output = "crf"` it is the negative log-likelihood of all tags of a sequence together,
//! over the number of its steps.
//!
//! # Cost
//!
//! One pass forward and back over the labelled batch; everything else is measured beside this.
//!
//! # When it fails
//!
//! With few labels it fits them long before it has learned the input: training accuracy is 1 while test accuracy
//! stands still. A first stage without labels, or a method with unlabelled data, is then worth more than more
//! steps. With rare classes accuracy hides them: read the macro F1, and set `class_weights = "balanced"`.

use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use schemars::JsonSchema;
use semiseq_datasets::{Pool, Views};
use semiseq_models::{Crf, Input, NumberHead, SequenceModel, Sequences};
use semiseq_schema::{Problem, check_range, problem};
use serde::{Deserialize, Serialize};

use crate::objective::{Needs, Objective, Setting, Survey};
use crate::over::Over;
use crate::parts::crf_loss::{CrfLoss, crf_loss};
use crate::parts::losses::{
    all_right, binary_cross_entropy, class_logits, cross_entropy, forecast_error, per_weight, right,
};
use crate::parts::number_losses::number_loss;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{AnyRebalancing, Rebalancing, RebalancingConfig, Seen, SeenLabels};
use crate::step::{Part, Step, StepContext, Targets};
use crate::terms::Terms;

/// `[stage.objective.supervised]`, and `supervised = { … }` inside every other objective.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SupervisedConfig {
    /// ε in [0, 1): how much of the target is spread over all classes (Szegedy et al. 2016 use 0.1); with `output =
    /// "multi-label"` over both answers to each label.
    pub label_smoothing: f64,
    /// Weights of the classes, in the order of their names; or `"balanced"`: `n / (K · n_c)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<ClassWeights>,
    /// λ of `λ Σ|w|` over the weight matrices (not the biases). Default 0.
    pub l1: f64,
    /// λ of `λ Σ w²` over the weight matrices (not the biases). Default 0.
    pub l2: f64,
    /// `[stage.rebalancing]`, which stands beside the objective in a config.
    #[serde(skip)]
    pub rebalancing: Option<RebalancingConfig>,
}

/// How the classes weigh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ClassWeights {
    /// A weight per class.
    Given(Vec<f64>),
    /// `"balanced"`.
    Named(String),
}

/// The supervised objective.
#[derive(Module, Debug)]
pub struct Supervised {
    class_weights: Option<Param<Tensor<1>>>,
    /// The same on the host.
    #[module(skip)]
    weights: Option<Arc<[f32]>>,
    /// The method against imbalance, where there is one.
    rebalancing: Option<AnyRebalancing>,
    /// What the columns of the logits mean where the targets are numbers.
    #[module(skip)]
    numbers: NumberHead,
    #[module(skip)]
    config: SupervisedConfig,
}

impl SupervisedConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(
            problems,
            &format!("{path}.label_smoothing"),
            self.label_smoothing,
            0.0,
            0.999,
            "0.1 is usual, 0 switches it off",
        );
        for (field, value) in [("l1", self.l1), ("l2", self.l2)] {
            check_range(problems, &format!("{path}.{field}"), value, 0.0, f64::INFINITY, "1e-4 is a usual start");
        }
        match &self.class_weights {
            Some(ClassWeights::Named(name)) if name != "balanced" => problems.push(problem(
                format!("{path}.class_weights"),
                format!("must be `balanced` or a list of numbers, got `{name}`"),
                None,
            )),
            Some(ClassWeights::Given(weights))
                if weights.iter().any(|weight| !(weight.is_finite() && *weight >= 0.0))
                    || weights.iter().all(|weight| *weight == 0.0) =>
            {
                problems.push(problem(
                    format!("{path}.class_weights"),
                    format!("must be finite numbers of at least 0, one of them above 0; got {weights:?}"),
                    Some("`\"balanced\"` weighs a class by how rare it is"),
                ))
            }
            _ => {}
        }
    }

    /// Builds the objective.
    pub fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Supervised {
        let rebalancing = self.rebalancing.as_ref().map(|config| config.init(setting));
        let weights: Option<Arc<[f32]>> = match &self.class_weights {
            Some(ClassWeights::Given(weights)) => Some(weights.iter().map(|weight| *weight as f32).collect()),
            Some(ClassWeights::Named(_)) => Some(balanced(setting.class_counts).into()),
            None => rebalancing.as_ref().and_then(Rebalancing::class_weights),
        };
        let class_weights =
            weights.as_deref().map(|weights| Param::from_data(weights, setting.device).set_require_grad(false));
        let numbers = setting.model.numbers().cloned().unwrap_or(NumberHead::Means);
        Supervised { class_weights, weights, rebalancing, numbers, config: self.clone() }
    }
}

fn balanced(counts: &[usize]) -> Vec<f32> {
    let total: usize = counts.iter().sum();
    counts.iter().map(|count| total as f32 / (counts.len() * (*count).max(1)) as f32).collect()
}

impl Supervised {
    /// The supervised term and the training accuracy, from the logits of the labelled part.
    pub(crate) fn terms<M: SequenceModel>(&self, model: &M, logits: Tensor<2>, targets: &Targets) -> Terms {
        self.terms_with(model, self.loss(logits.clone(), targets), logits, targets)
    }

    /// The same with a supervised loss of the method's own, over several views of the labelled part; the accuracy is of
    /// the logits given.
    pub(crate) fn terms_with<M: SequenceModel>(
        &self,
        model: &M,
        loss: Tensor<1>,
        logits: Tensor<2>,
        targets: &Targets,
    ) -> Terms {
        let terms = Terms::new(loss).over(self.over());
        let terms = match targets {
            Targets::Classes { classes, known } => {
                terms.monitor_rows("accuracy", right(logits, classes.clone()), known.clone())
            }
            Targets::Labels { labels, known } => {
                terms.monitor_rows("subset_accuracy", all_right(logits, labels.clone()), known.clone())
            }
            Targets::Numbers { .. } | Targets::Sequences { .. } => terms,
        };
        self.with_penalty(terms, "penalty", model)
    }

    /// Adds the penalty on the weight matrices of a module, where there is one.
    pub(crate) fn with_penalty(&self, terms: Terms, name: &'static str, module: &impl Module) -> Terms {
        if self.config.l1 == 0.0 && self.config.l2 == 0.0 {
            return terms;
        }
        let mut penalty = Penalty { l1: self.config.l1, l2: self.config.l2, sum: None };
        module.visit(&mut penalty);
        match penalty.sum {
            Some(sum) => terms.add(name, 1.0, sum).over(Over::Batch),
            None => terms,
        }
    }

    /// Cross-entropy against mixed labels with the smoothing and the class weights of [`Supervised::loss`], which it
    /// equals where each row's label is one class: the sum is divided by the weights that the labels have. `[1]`
    ///
    /// # Shapes
    ///
    /// - logits: `[rows, outputs]`, labels: `[rows, classes]`, distributions, or zeros where a label is unknown
    pub(crate) fn mixed_loss(&self, logits: Tensor<2>, labels: Tensor<2>) -> Tensor<1> {
        let [_, classes] = labels.dims();
        let weights: Tensor<2> = match &self.class_weights {
            Some(weights) => weights.val().reshape([1, classes]),
            None => Tensor::ones([1, classes], &labels.device()),
        };
        let smoothing = self.config.label_smoothing;
        let known = labels.clone().sum_dim(1);
        let smooth = labels.clone() * (1.0 - smoothing) + known * (smoothing / classes as f64);
        let sum = -(log_softmax(class_logits(logits), 1) * smooth * weights.clone()).sum();
        per_weight(sum, (labels * weights).sum())
    }

    /// What [`Supervised::loss`] is the mean over.
    pub fn over(&self) -> Over {
        Over::Labels(self.weights.clone())
    }

    /// Cross-entropy of a class or of each label, or the loss of a number, as the targets and the head say. `[1]`
    ///
    /// # Panics
    ///
    /// If the targets are sequences of tokens, which `sequence-to-sequence` learns.
    pub fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        match targets {
            Targets::Classes { classes, known } => {
                let logits = match &self.rebalancing {
                    Some(method) => method.adjusted(logits),
                    None => logits,
                };
                let own = self.rebalancing.as_ref();
                let own = own.and_then(|method| method.loss(logits.clone(), classes.clone(), known.clone()));
                if let Some(loss) = own {
                    return loss;
                }
                let weights = self.class_weights.as_ref().map(|weights| weights.val());
                cross_entropy(logits, classes.clone(), known.clone(), self.config.label_smoothing, weights)
            }
            Targets::Labels { labels, known } => {
                binary_cross_entropy(logits, labels.clone(), known.clone(), self.config.label_smoothing)
            }
            Targets::Numbers { numbers, known } => number_loss(&self.numbers, logits, numbers.clone(), known.clone()),
            Targets::Sequences { target, known, past } => match &target.input {
                Input::Values(future) => forecast_error(logits, future.clone(), past.clone(), known.clone()),
                Input::Tokens(_) => panic!("a head does not write sequences of tokens"),
            },
        }
    }

    /// The terms of the labelled part, or none where the step has no labelled part.
    pub(crate) fn labeled_terms<M: SequenceModel>(&self, model: &M, part: Option<&Part>) -> Terms {
        match part {
            Some(part) => {
                let logits = model.forward(part.weak.clone());
                match model.crf() {
                    Some(crf) => self.chain_terms(model, crf, logits, part),
                    None => self.terms(model, logits, &part.targets),
                }
            }
            None => Terms::default(),
        }
    }

    /// The negative log-likelihood of the tags of each sequence together, in the mean over their steps as cross-entropy
    /// is. Logits `[batch * time, tags]`.
    fn chain_terms<M: SequenceModel>(&self, model: &M, crf: &Crf, logits: Tensor<2>, part: &Part) -> Terms {
        let Targets::Classes { classes, known } = &part.targets else { return Terms::default() };
        let ([rows, tags], batch) = (logits.dims(), part.indices.len().max(1));
        let time = rows / batch;
        let host = |values: burn::tensor::TensorData| values.iter::<f32>().collect::<Vec<_>>();
        let (tagged, counted) = (host(classes.clone().float().into_data()), host(known.clone().into_data()));
        let truth: Vec<Vec<usize>> = tagged
            .chunks(time.max(1))
            .zip(counted.chunks(time.max(1)))
            .map(|(row, known)| {
                let real = row.iter().zip(known).filter(|(_, known)| **known > 0.0);
                real.map(|(tag, _)| *tag as usize).collect()
            })
            .collect();
        let CrfLoss { losses, log_probabilities } = crf_loss(crf, logits.reshape([batch, time, tags]), &truth);
        let loss = per_weight(losses.sum(), known.clone().sum());
        self.terms_with(model, loss, log_probabilities, &part.targets)
    }

    /// The same with what a method against imbalance adds.
    pub(crate) fn rebalanced_terms<M: SequenceModel>(
        &mut self,
        model: &M,
        part: Option<&Part>,
        context: &StepContext,
    ) -> Terms {
        let Some(part) = part.filter(|_| self.rebalancing.is_some()) else { return self.labeled_terms(model, part) };
        let hidden = hidden(model, &part.weak);
        let terms = self.terms(model, model.head(hidden.clone()), &part.targets);
        match &mut self.rebalancing {
            Some(method) => method.labeled(terms, model, &SeenLabels { hidden, part, context }),
            None => terms,
        }
    }

    /// The same from the logits of the labelled part, for objectives that leave some of its labels out.
    pub(crate) fn and_rebalanced<M: SequenceModel>(
        &mut self,
        terms: Terms,
        model: &M,
        part: &Part,
        context: &StepContext,
    ) -> Terms {
        match &mut self.rebalancing {
            Some(method) => {
                method.labeled(terms, model, &SeenLabels { hidden: hidden(model, &part.weak), part, context })
            }
            None => terms,
        }
    }

    /// The pseudo-labels for the unlabelled part, as a method against imbalance has them.
    pub(crate) fn pseudo_labels<M: SequenceModel>(
        &mut self,
        model: &M,
        part: &Part,
        balanced: Option<&Part>,
        context: &StepContext,
    ) -> PseudoLabels {
        let Some(method) = &mut self.rebalancing else { return PseudoLabels::of(model, part) };
        let (weak, strong) = (hidden(model, &part.weak).detach(), hidden(model, &part.strong_or_weak()));
        let logits = [&weak, &strong].map(|hidden| model.head(hidden.clone()));
        let [of_weak, of_strong] = logits;
        let mut pseudo_labels = PseudoLabels::new(of_weak, of_strong, part.row_mask(model.per_step()));
        method.pseudo_labels(&mut pseudo_labels, model, &Seen { weak, strong, part, balanced, context });
        pseudo_labels
    }

    /// After the optimiser moved the model.
    #[must_use]
    pub(crate) fn after_update<M: SequenceModel>(mut self, model: &M, context: &StepContext) -> Self {
        self.rebalancing = self.rebalancing.map(|method| method.after_update(model, context));
        self
    }

    /// Whether a method against imbalance wants to see all training sequences before this step.
    pub(crate) fn surveys(&self, context: &StepContext) -> bool {
        self.rebalancing.as_ref().is_some_and(|method| method.surveys(context))
    }

    /// Hands it what it asked for.
    #[must_use]
    pub(crate) fn survey(mut self, survey: &Survey) -> Self {
        self.rebalancing = self.rebalancing.map(|method| method.survey(survey));
        self
    }

    /// Into how many generations it cuts the stage.
    pub(crate) fn generations(&self) -> usize {
        self.rebalancing.as_ref().map_or(1, Rebalancing::generations)
    }

    /// Sequences without a label that it puts among the labelled ones, each with a class.
    pub(crate) fn given(&self) -> Vec<(usize, usize)> {
        self.rebalancing.as_ref().map_or(Vec::new(), Rebalancing::given)
    }

    /// The model that validation and the result use.
    pub(crate) fn evaluated<M: SequenceModel>(&self, model: &M) -> M {
        self.rebalancing.as_ref().and_then(|method| method.evaluated(model)).unwrap_or_else(|| model.clone())
    }

    /// What is predicted, where a method against imbalance has a say in it. `[rows, outputs]`
    pub(crate) fn voted<M: SequenceModel>(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        let method = self.rebalancing.as_ref()?;
        let hidden = hidden(model, sequences);
        method.vote(model.head(hidden.clone()), hidden)
    }
}

/// What an objective beside which methods against imbalance stand leaves to them: the lines of its [`Objective`].
macro_rules! rebalanced {
    () => {
        fn after_update(mut self, model: &M, context: &StepContext) -> Self {
            self.supervised = self.supervised.after_update(model, context);
            self
        }

        fn surveys(&self, context: &StepContext) -> bool {
            self.supervised.surveys(context)
        }

        fn survey(mut self, survey: &crate::objective::Survey) -> Self {
            self.supervised = self.supervised.survey(survey);
            self
        }

        fn generations(&self) -> usize {
            self.supervised.generations()
        }

        fn given(&self) -> Vec<(usize, usize)> {
            self.supervised.given()
        }

        fn evaluated(&self, model: &M) -> M {
            self.supervised.evaluated(model)
        }

        fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
            self.supervised.voted(model, sequences)
        }
    };
}
pub(crate) use rebalanced;

/// What the head reads, `[rows, pooled_size]`.
pub(crate) fn hidden<M: SequenceModel>(model: &M, sequences: &Sequences) -> Tensor<2> {
    model.hidden(model.embed(sequences.clone()), sequences.mask.clone())
}

/// `λ₁ Σ|w| + λ₂ Σw²` over parameters of two or more dimensions.
struct Penalty {
    l1: f64,
    l2: f64,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Penalty {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D < 2 || !param.is_require_grad() {
            return;
        }
        let weight = param.val();
        let mut add = |term: Tensor<1>| {
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + term,
                None => term,
            });
        };
        if self.l1 > 0.0 {
            add(weight.clone().abs().sum() * self.l1);
        }
        if self.l2 > 0.0 {
            add((weight.clone() * weight).sum() * self.l2);
        }
    }
}

impl<M: SequenceModel> Objective<M> for Supervised {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Labeled, views: Views::WEAK }
    }

    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        self.rebalanced_terms(model, step.labeled.as_ref(), context)
    }

    fn vote(&self, model: &M, sequences: &Sequences) -> Option<Tensor<2>> {
        self.voted(model, sequences)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use semiseq_models::{HeadSize, InputSize, ModelConfig};

    use super::*;

    #[test]
    fn mixed_labels_whose_classes_all_weigh_nothing_move_nothing() {
        let device = Device::flex().autodiff();
        let model: ModelConfig =
            serde_json::from_str(r#"{"classifier": {"encoder": {"gru": {"hidden": 2}}}}"#).expect("a model");
        let model = model.init(InputSize::Values(1), HeadSize::Logits(2), &device);
        let config: SupervisedConfig =
            serde_json::from_str(r#"{"label_smoothing": 0.1, "class_weights": [0.0, 1.0]}"#).expect("a config");
        let setting = Setting {
            model: &model,
            train_size: 2,
            class_counts: &[1, 1],
            token_counts: &[],
            target: None,
            teachers: &[],
            device: &device,
        };
        let supervised = config.init(&setting);
        let found = |labels: [[f32; 2]; 2]| {
            let logits = Tensor::<2>::from_data([[2.0, 0.0], [1.0, 0.0]], &device).require_grad();
            let loss = supervised.mixed_loss(logits.clone(), Tensor::from_data(labels, &device));
            let gradient = logits.grad(&loss.backward()).expect("a gradient");
            (loss.into_scalar::<f32>(), gradient.into_data().iter::<f32>().collect::<Vec<_>>())
        };
        assert_eq!(found([[1.0, 0.0], [1.0, 0.0]]), (0.0, vec![0.0; 4]));
        // The class that weighs 1 has 0.1/2 of each target by smoothing, and 0.9/4 more of the second; its labels weigh
        // 1/4.
        let surprise = |logit: f32| (1.0 + logit.exp()).ln();
        let expected = 4.0 * (0.05 * surprise(2.0) + (0.05 + 0.225) * surprise(1.0));
        let (loss, _) = found([[1.0, 0.0], [0.75, 0.25]]);
        assert!((loss - expected).abs() < 1e-5, "{loss} against {expected}");
    }
}
