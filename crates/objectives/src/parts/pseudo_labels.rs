//! What the methods of FixMatch's kind share: the weak view says what the label is, and the strong view has to agree.

use burn::tensor::{Int, Tensor};
use semiseq_models::SequenceModel;

use crate::parts::consistency::decisions;
use crate::parts::losses::{
    class_logits, cross_entropy_of_rows, probabilities, soft_cross_entropy_of_rows, weighted_mean,
};
use crate::step::{Part, Targets};
use crate::terms::Terms;

/// What the model says about the weak view, without graph, and the logits of the strong one. Where a sequence has any
/// number of labels, each label is a row of two classes: it holds, or not.
pub(crate) struct PseudoLabels {
    /// `[rows, classes]`, of the weak view
    pub probabilities: Tensor<2>,
    /// The largest of each row, `[rows]`
    pub confidence: Tensor<1>,
    /// The likeliest class of each row, `[rows]`
    pub labels: Tensor<1, Int>,
    /// Logits of the weak view, without graph, `[rows, classes]`
    pub weak: Tensor<2>,
    /// `[rows, classes]`, of the strong view, or of the weak one where there is none
    pub strong: Tensor<2>,
    /// 1 for rows that are no padding, `[rows]`; `None` where all count
    pub rows: Option<Tensor<1>>,
    /// Weights of a method against imbalance, `[rows]`; `None` where all weigh alike
    pub weights: Option<Tensor<1>>,
    /// 1 where such a method lets a pseudo-label count, in place of the objective's threshold, `[rows]`
    pub sure: Option<Tensor<1>>,
    /// Further terms of such a method: name, weight and mean over the rows, `[1]`
    pub more: Vec<(&'static str, f64, Tensor<1>)>,
    /// What it watches, `[1]`
    pub watched: Vec<(&'static str, Tensor<1>)>,
}

impl PseudoLabels {
    pub fn of<M: SequenceModel>(model: &M, part: &Part) -> Self {
        let weak = decisions(model, model.forward(part.weak.clone()));
        let strong = decisions(model, model.forward(part.strong_or_weak()));
        Self::new(weak, strong, part.row_mask(model.per_step()))
    }

    /// From the logits of both views, `[rows, outputs]`, and 1 for rows that are no padding.
    pub fn new(weak: Tensor<2>, strong: Tensor<2>, rows: Option<Tensor<1>>) -> Self {
        let weak = class_logits(weak).detach();
        let probabilities = probabilities(weak.clone());
        let [count, _] = probabilities.dims();
        let (confidence, labels) = probabilities.clone().max_dim_with_indices(1);
        Self {
            probabilities,
            confidence: confidence.reshape([count]),
            labels: labels.reshape([count]),
            weak,
            strong: class_logits(strong),
            rows,
            weights: None,
            sure: None,
            more: Vec::new(),
            watched: Vec::new(),
        }
    }

    /// Takes other distributions for those of the weak view. `[rows, classes]`
    pub fn take(&mut self, probabilities: Tensor<2>) {
        let [count, _] = probabilities.dims();
        let (confidence, labels) = probabilities.clone().max_dim_with_indices(1);
        self.probabilities = probabilities;
        self.confidence = confidence.reshape([count]);
        self.labels = labels.reshape([count]);
    }

    /// `mean(weight · CE(strong view, pseudo-label))` over all rows that are no padding. Weights `[rows]`, output
    /// `[1]`.
    pub fn loss(&self, weights: Tensor<1>) -> Tensor<1> {
        let each = cross_entropy_of_rows(self.strong.clone(), self.labels.clone());
        weighted_mean(self.weighed(each) * weights, self.rows.clone())
    }

    /// Values of the rows, times the weights of a method against imbalance. Both `[rows]`
    pub fn weighed(&self, values: Tensor<1>) -> Tensor<1> {
        match &self.weights {
            Some(weights) => values * weights.clone(),
            None => values,
        }
    }

    /// Mean over the rows that are no padding, `[1]`.
    pub fn mean(&self, values: Tensor<1>) -> Tensor<1> {
        weighted_mean(values, self.rows.clone())
    }

    /// Mean distribution over the rows that are no padding, `[1, classes]`.
    pub fn mean_distribution(&self) -> Tensor<2> {
        let [count, classes] = self.probabilities.dims();
        match &self.rows {
            Some(rows) => {
                let sum = (self.probabilities.clone() * rows.clone().reshape([count, 1])).sum_dim(0);
                sum / rows.clone().sum().clamp_min(1e-12).reshape([1, 1])
            }
            None => self.probabilities.clone().mean_dim(0),
        }
        .reshape([1, classes])
    }

    /// Adds the term with what a researcher watches: how much weight the rows have, and how many of the pseudo-labels
    /// that count are right.
    pub fn terms(&self, terms: Terms, part: &Part, weight: f64, weights: Tensor<1>) -> Terms {
        let weights = self.sure.clone().unwrap_or(weights);
        let loss = self.loss(weights.clone());
        self.terms_with(terms, part, weight, loss, weights)
    }

    /// The same with a loss of the method's own.
    pub fn terms_with(&self, terms: Terms, part: &Part, weight: f64, loss: Tensor<1>, weights: Tensor<1>) -> Terms {
        let rate = self.mean(weights.clone());
        let terms = terms.add("unlabeled", weight, loss).monitor("mask_rate", rate);
        let terms = self.more.iter().fold(terms, |terms, (name, weight, loss)| terms.add(name, *weight, loss.clone()));
        let watch = |terms: Terms, (name, value): &(&'static str, Tensor<1>)| terms.monitor(name, value.clone());
        let terms = self.watched.iter().fold(terms, watch);
        match &part.targets {
            Targets::Classes { classes, known } => {
                let right = self.labels.clone().equal(classes.clone()).float();
                terms.monitor_rows("pseudo_label_accuracy", right, known.clone() * weights)
            }
            Targets::Labels { labels, known } => {
                let [rows, count] = labels.dims();
                let right = self.labels.clone().equal(labels.clone().int().reshape([rows * count])).float();
                let known = known.clone().reshape([rows, 1]).expand([rows, count]).reshape([rows * count]);
                terms.monitor_rows("pseudo_label_accuracy", right, known * weights)
            }
            Targets::Numbers { .. } | Targets::Sequences { .. } => terms,
        }
    }
}

/// Adds `mean(1[max q ≥ τ] · CE(logits, q))` for a distribution `q` as the label, with what a researcher watches.
/// Logits and distributions `[rows, classes]`.
pub(crate) fn soft_pseudo_label_terms(
    terms: Terms,
    part: &Part,
    weight: f64,
    logits: Tensor<2>,
    distributions: Tensor<2>,
    threshold: f64,
) -> Terms {
    let mut pseudo_labels = PseudoLabels::new(logits.clone(), logits.clone(), None);
    pseudo_labels.take(distributions.clone());
    let sure = pseudo_labels.confidence.clone().greater_equal_elem(threshold).float();
    let each = soft_cross_entropy_of_rows(logits, distributions);
    let loss = pseudo_labels.mean(each * sure.clone());
    pseudo_labels.terms_with(terms, part, weight, loss, sure)
}
