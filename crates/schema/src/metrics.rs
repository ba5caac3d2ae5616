//! The table of metrics: how each is named to people, which way it gets better, and what it is good for.

use std::collections::BTreeMap;

/// Metric names and values, as they stand in `metrics.jsonl` and `summary.json`.
pub type Scores = BTreeMap<String, f64>;

/// Metric names, each with the ends of a 95 % interval, as they stand in `summary.json`.
pub type Intervals = BTreeMap<String, [f64; 2]>;

/// What is known of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// As it stands in `metrics.jsonl` and `summary.json`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Whether `early_stopping` may go by it: it is measured at each validation, and tells how good the model is.
    pub stops: bool,
    /// Whether it may stand for a run as a whole; the first that a run has does.
    pub headline: bool,
    /// Whether it stands in full lists alone, and not in the columns of short tables. Of these a validation measures
    /// none but that which early stopping names.
    pub detailed: bool,
}

/// All that have a place of their own, in the order in which tables show them; objectives add their terms and monitors.
pub const METRICS: [Metric; 56] = [
    stopping("accuracy", "accuracy", true).headlines(),
    stopping("micro_f1", "micro F1", true).headlines(),
    stopping("macro_f1", "macro F1", true),
    stopping("subset_accuracy", "subset accuracy, all labels right", true),
    stopping("hamming_loss", "Hamming loss", false),
    detail("span_f1", "span F1", true),
    detail("span_precision", "span precision", true),
    detail("span_recall", "span recall", true),
    detail("balanced_accuracy", "balanced accuracy", true),
    detail("auroc", "AUROC", true),
    detail("auprc", "AUPRC, average precision", true),
    detail("cohen_kappa", "Cohen's κ", true),
    detail("quadratic_kappa", "quadratic weighted κ", true),
    detail("level_mae", "mean absolute error, levels", false),
    detail("matthews_correlation", "Matthews correlation", true),
    detail("macro_precision", "macro precision", true),
    detail("macro_recall", "macro recall", true),
    detail("top_3_accuracy", "top-3 accuracy", true),
    detail("top_5_accuracy", "top-5 accuracy", true),
    detail("sensitivity_at_95_specificity", "sensitivity at 95 % specificity", true),
    detail("brier", "Brier score", false),
    monitor("set_coverage", "coverage of the sets", true).detailed(),
    monitor("set_size", "classes in a set", false).detailed(),
    monitor("coverage", "share that is answered", true).detailed(),
    monitor("selective_accuracy", "accuracy of what is answered", true).detailed(),
    stopping("r2", "R²", true).headlines(),
    stopping("mse", "mean squared error", false).headlines(),
    stopping("mae", "mean absolute error", false),
    detail("pinball", "pinball loss", false),
    monitor("interval_coverage", "coverage of the intervals", true).detailed(),
    monitor("interval_width", "width of the intervals", false).detailed(),
    detail("mase", "mean absolute scaled error", false),
    detail("smape", "symmetric mean absolute error, %", false),
    stopping("character_error_rate", "character error rate", false).headlines(),
    stopping("word_error_rate", "word error rate", false),
    stopping("exact_match", "exact match", true).headlines(),
    stopping("recall@20", "recall@20", true).headlines(),
    stopping("mrr@20", "mean reciprocal rank@20", true),
    stopping("ndcg@20", "nDCG@20", true),
    stopping("recall@10", "recall@10", true),
    stopping("mrr@10", "mean reciprocal rank@10", true),
    stopping("ndcg@10", "nDCG@10", true),
    stopping("token_error_rate", "token error rate", false),
    stopping("perplexity", "perplexity", false).headlines(),
    stopping("elbo", "evidence lower bound, nats", true).headlines(),
    stopping("loss", "loss", false).headlines(),
    monitor("reconstruction", "reconstruction", false),
    monitor("kl", "divergence, nats", false),
    monitor("active_units", "active units", true),
    monitor("sample_spread", "sample spread", true),
    stopping("ece", "calibration error", false),
    monitor("mask_rate", "mask rate", true),
    monitor("pseudo_label_accuracy", "pseudo-label accuracy", true),
    monitor("teacher_agreement", "teacher agreement", true),
    monitor("teacher_weight", "teacher weight", true),
    monitor("samples_per_second", "samples per second", true),
];

const fn monitor(name: &'static str, title: &'static str, higher_is_better: bool) -> Metric {
    Metric::new(name, title, higher_is_better)
}

const fn stopping(name: &'static str, title: &'static str, higher_is_better: bool) -> Metric {
    Metric::new(name, title, higher_is_better).stops()
}

const fn detail(name: &'static str, title: &'static str, higher_is_better: bool) -> Metric {
    stopping(name, title, higher_is_better).detailed()
}

impl Metric {
    /// One that is shown and nothing more: an objective's own.
    pub const fn new(name: &'static str, title: &'static str, higher_is_better: bool) -> Self {
        Self { name, title, higher_is_better, stops: false, headline: false, detailed: false }
    }

    /// The same, which early stopping may go by.
    #[must_use]
    pub const fn stops(self) -> Self {
        Self { stops: true, ..self }
    }

    const fn headlines(self) -> Self {
        Self { headline: true, ..self }
    }

    const fn detailed(self) -> Self {
        Self { detailed: true, ..self }
    }
}

/// The row of a metric; nothing for a term or monitor that an objective names.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// Whether a larger value is better; what the table does not have counts as a loss.
pub fn higher_is_better(name: &str) -> bool {
    metric(name).is_some_and(|metric| metric.higher_is_better)
}

/// A metric's name for people.
pub fn title(name: &str) -> String {
    metric(name).map_or_else(|| name.replace('_', " "), |metric| metric.title.to_string())
}

/// The score that stands for a run as a whole.
pub fn headline(scores: &Scores) -> Option<(&'static Metric, f64)> {
    METRICS.iter().filter(|metric| metric.headline).find_map(|metric| Some((metric, *scores.get(metric.name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_by_its_first_headline() {
        let scores = Scores::from([("loss".into(), 1.0), ("r2".into(), 0.5), ("mse".into(), 2.0), ("x".into(), 3.0)]);
        assert_eq!(headline(&scores).map(|(metric, value)| (metric.name, value)), Some(("r2", 0.5)));
        assert_eq!(headline(&Scores::new()), None);
    }

    #[test]
    fn names_are_unique_and_what_is_not_in_the_table_counts_as_a_loss() {
        let names: std::collections::BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        assert!(higher_is_better("elbo") && !higher_is_better("kl") && !higher_is_better("mine"));
        assert_eq!((title("macro_f1").as_str(), title("my_term").as_str()), ("macro F1", "my term"));
    }
}
