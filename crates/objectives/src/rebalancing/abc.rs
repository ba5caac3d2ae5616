//! ABC (Lee et al. 2021, "ABC: auxiliary balanced classifier for class-imbalanced semi-supervised learning").
//!
//! A second head `g` on the same representation learns from as many sequences of each class, and predicts. Its labelled
//! term is `mean(M · CE(g, y))` with `M ~ Bernoulli(n_min / n_y)` (eq. 2). Its unlabelled one is `mean(1[max q ≥ τ] ·
//! M' · CE(g(strong), q))` with `q = g(weak)` (eq. 4), where `M' ~ Bernoulli(1 - t (1 - n_min / n_c))` of `q`'s
//! likeliest class `c`, with `t` the part of the stage that is done: at first every sure pseudo-label counts, in the
//! end as many of each class. Both terms reach the encoder.
//!
//! The authors take the mean over two strong views' sums; here there is one strong view.
//!
//! # Cost
//!
//! A linear layer on vectors that are there.
//!
//! # When it fails
//!
//! In short stages with few labels of the rarest class most labels are left out of most steps, and the second head is
//! trained by a handful. It predicts alone, so that a head that is behind costs accuracy: train longer.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Distribution, Tensor};
use schemars::JsonSchema;
use semiseq_models::SequenceModel;
use semiseq_schema::{Problem, check_range};
use serde::{Deserialize, Serialize};

use crate::objective::Setting;
use crate::over::Over;
use crate::parts::losses::{cross_entropy_of_rows, soft_cross_entropy_of_rows, weighted_mean};
use crate::parts::memory::remembered;
use crate::parts::pseudo_labels::PseudoLabels;
use crate::rebalancing::{Rebalancing, Seen, SeenLabels, counts_of, for_outputs};
use crate::step::Targets;
use crate::terms::Terms;

/// `[stage.rebalancing.abc]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AbcConfig {
    /// ≥ 0, the weight of both terms. Default 1, the paper's.
    pub weight: f64,
    /// τ in [0, 1], the confidence of the second head from which its pseudo-label counts. Default 0.95, the paper's.
    pub threshold: f64,
}

impl Default for AbcConfig {
    fn default() -> Self {
        Self { weight: 1.0, threshold: 0.95 }
    }
}

impl AbcConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_range(problems, &format!("{path}.weight"), self.weight, 0.0, f64::INFINITY, "the paper uses 1");
        check_range(problems, &format!("{path}.threshold"), self.threshold, 0.0, 1.0, "the paper uses 0.95");
    }

    pub(crate) fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> Abc {
        let outputs = setting.model.outputs();
        let counts = counts_of(setting, outputs.max(2));
        let least = counts.iter().copied().fold(f64::INFINITY, f64::min);
        let rates: Vec<f32> = counts.iter().map(|count| (least / count) as f32).collect();
        Abc {
            head: LinearConfig::new(setting.model.pooled_size(), counts.len()).init(setting.device),
            rates: remembered(Tensor::from_data(rates.as_slice(), setting.device)),
            outputs,
            config: self.clone(),
        }
    }
}

/// ABC's second head.
#[derive(Module, Debug)]
pub struct Abc {
    head: Linear,
    /// `n_min / n_c`, `[classes]`
    rates: Param<Tensor<1>>,
    #[module(skip)]
    outputs: usize,
    #[module(skip)]
    config: AbcConfig,
}

/// 1 with the probability of each row, `[rows]`. The device's generator is seeded anew each step.
fn coins(rates: Tensor<1>) -> Tensor<1> {
    rates.random_like(Distribution::Uniform(0.0, 1.0)).lower(rates).float()
}

impl Rebalancing for Abc {
    fn labeled<M: SequenceModel>(&mut self, terms: Terms, _model: &M, seen: &SeenLabels<'_>) -> Terms {
        let Targets::Classes { classes, known } = &seen.part.targets else { return terms };
        let kept = coins(self.rates.val().detach().select(0, classes.clone()));
        let each = cross_entropy_of_rows(self.head.forward(seen.hidden.clone()), classes.clone());
        let loss = weighted_mean(each * kept, Some(known.clone()));
        terms.add("balanced", self.config.weight, loss).over(Over::Labels(None))
    }

    fn pseudo_labels<M: SequenceModel>(&mut self, pseudo_labels: &mut PseudoLabels, _model: &M, seen: &Seen<'_>) {
        let said = softmax(self.head.forward(seen.weak.clone()).detach(), 1);
        let [rows, _] = said.dims();
        let (confidence, labels) = said.clone().max_dim_with_indices(1);
        let sure = confidence.reshape([rows]).greater_equal_elem(self.config.threshold).float();
        let rates = (self.rates.val().detach().neg() + 1.0) * seen.context.progress();
        let kept = coins((rates.neg() + 1.0).select(0, labels.reshape([rows]))) * sure;
        let each = soft_cross_entropy_of_rows(self.head.forward(seen.strong.clone()), said);
        let loss = pseudo_labels.mean(each * kept.clone());
        pseudo_labels.more.push(("balanced_unlabeled", self.config.weight, loss));
        pseudo_labels.watched.push(("balanced_mask_rate", pseudo_labels.mean(kept)));
    }

    fn vote(&self, _logits: Tensor<2>, hidden: Tensor<2>) -> Option<Tensor<2>> {
        Some(for_outputs(self.head.forward(hidden), self.outputs))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn as_many_of_each_class_are_kept() {
        let device = Device::flex();
        device.seed(3);
        // 4000 labels of a class with 10 times the rarest's, and 4000 of the rarest.
        let rates = Tensor::<1>::cat(vec![Tensor::full([4000], 0.1, &device), Tensor::ones([4000], &device)], 0);
        let kept: Vec<f32> = coins(rates).into_data().iter::<f32>().collect();
        let frequent: f32 = kept[..4000].iter().sum();
        assert!((frequent - 400.0).abs() < 80.0, "{frequent} of 4000");
        assert_eq!(kept[4000..].iter().sum::<f32>(), 4000.0);
    }
}
