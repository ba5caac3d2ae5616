//! Means over an epoch of what its steps said.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use semiseq_objectives::{Over, Role, Terms, Watched};
use semiseq_schema::Scores;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::learner::position::Exact;
use crate::tasks::host;

/// Means over an epoch of what the steps said: over all rows of its batches, whichever batch they stood in. Values stay
/// on the device until read.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Means {
    /// Nothing of it is left when a checkpoint is written.
    #[serde(skip)]
    pending: Vec<Pending>,
    shown: BTreeMap<String, Mean>,
    /// Each term of the loss with its weight, by its name and its place among those of one name.
    terms: BTreeMap<String, Mean>,
    /// Each term without its weight.
    plain: BTreeMap<String, Mean>,
    /// Where players take turns each step has a loss of its own, and the epoch's is their mean.
    steps: Mean,
    turns: bool,
    /// Values that are `e` to the power of a term's mean, with the term's name.
    exponentials: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Pending {
    watched: Vec<Watched>,
    values: Tensor<1>,
    turns: bool,
}

/// `Σ count · value / Σ count`.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Mean {
    sum: Exact,
    count: Exact,
}

impl Mean {
    fn add(&mut self, value: f64, count: f64) {
        // Not a number times 0 is to be noticed too.
        if count > 0.0 || !value.is_finite() {
            self.sum.0 += value * count.max(f64::MIN_POSITIVE);
            self.count.0 += count;
        }
    }

    /// `None` where nothing was counted.
    fn value(self) -> Option<f64> {
        let Self { sum: Exact(sum), count: Exact(count) } = self;
        if !sum.is_finite() {
            return Some(sum);
        }
        (count > 0.0).then(|| sum / count)
    }
}

impl Means {
    /// Notes what a batch said; `count` tells how many of its rows a mean is over.
    pub fn push(&mut self, terms: &Terms, count: impl Fn(&Over) -> f64) {
        let (watched, values) = terms.watched(count);
        if !values.is_empty() {
            self.pending.push(Pending { watched, values: Tensor::cat(values, 0), turns: terms.turns() });
        }
        for (name, value) in terms.constants() {
            self.shown.entry((*name).to_string()).or_default().add(*value, 1.0);
        }
        let named = |(name, term): &(&str, &str)| ((*name).to_string(), (*term).to_string());
        self.exponentials.extend(terms.exponentials().iter().map(named));
    }

    pub fn read(&mut self) {
        for Pending { watched, values, turns } in std::mem::take(&mut self.pending) {
            let values = host(values);
            let mut places: BTreeMap<&str, usize> = BTreeMap::new();
            let mut total = 0.0;
            for (index, (Watched { name, role }, value)) in watched.into_iter().zip(&values).enumerate() {
                let mut show = |count: f64| self.shown.entry(name.to_string()).or_default().add(*value, count);
                match role {
                    Role::Term { weight, count, shown } => {
                        if shown {
                            show(count);
                        }
                        self.plain.entry(name.to_string()).or_default().add(*value, count);
                        let place = places.entry(name).or_default();
                        self.terms.entry(format!("{name} {place}")).or_default().add(weight * value, count);
                        *place += 1;
                        total += weight * value;
                    }
                    Role::Monitor { count } => show(count),
                    Role::Counted => show(values[index + 1]),
                    Role::Count => {}
                }
            }
            if !places.is_empty() {
                self.steps.add(total, 1.0);
                self.turns |= turns;
            }
        }
    }

    /// The means so far; what was never counted is left out.
    pub fn scores(&self) -> Scores {
        let known = |(name, mean): (&String, &Mean)| Some((name.clone(), mean.value()?));
        let mut scores: Scores = self.shown.iter().filter_map(known).collect();
        if let Some(mean) = self.steps.value() {
            let terms = || self.terms.values().filter_map(|mean| mean.value()).sum();
            scores.insert("loss".into(), if self.turns { mean } else { terms() });
        }
        for (name, term) in &self.exponentials {
            if let Some(mean) = self.plain.get(term).and_then(|mean| mean.value()) {
                scores.insert(name.clone(), mean.exp());
            }
        }
        scores
    }

    pub fn check(&self, label: &str, epoch: usize, step: usize) -> Result<(), Error> {
        match self.scores().get("loss") {
            Some(loss) if !loss.is_finite() => Err(Error::runtime(
                format!("{label}: the loss is not a finite number any more (epoch {epoch}, by step {step})"),
                "lower the learning rate, or set `grad_clip_norm = 1.0` in the stage's optimiser; the last checkpoint \
                 is kept, where one was written",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn number(value: f32) -> Tensor<1> {
        Tensor::from_data([value], &Device::flex().autodiff())
    }

    /// A step whose term is over so many rows and whose monitor over so many.
    fn step(means: &mut Means, loss: f32, rows: f64, right: &[f32], counted: &[f32]) {
        let device = Device::flex().autodiff();
        let (right, counted) = (Tensor::from_data(right, &device), Tensor::from_data(counted, &device));
        let terms = Terms::default().add("next_token", 2.0, number(loss)).over(Over::Batch);
        let terms = terms.monitor_rows("accuracy", right, counted).exponential("perplexity", "next_token");
        means.push(&terms, |_| rows);
    }

    #[test]
    fn a_mean_is_over_all_rows_of_an_epoch_and_perplexity_is_its_power() {
        let mut means = Means::default();
        step(&mut means, 1.0, 3.0, &[1.0, 0.0], &[1.0, 0.0]);
        step(&mut means, 5.0, 1.0, &[0.0, 0.0], &[1.0, 1.0]);
        means.read();
        let scores = means.scores();
        // (3 · 1 + 1 · 5) / 4 = 2, twice in the loss; one of three rows that count is right.
        assert_eq!(scores["loss"], 4.0);
        assert!((scores["perplexity"] - 2f64.exp()).abs() < 1e-9);
        assert!((scores["accuracy"] - 1.0 / 3.0).abs() < 1e-6);
        assert!(!scores.contains_key("next_token"), "a term that stands alone is the loss");
    }

    #[test]
    fn what_is_never_counted_has_no_mean() {
        let mut means = Means::default();
        step(&mut means, 1.0, 1.0, &[1.0], &[0.0]);
        means.read();
        assert!(!means.scores().contains_key("accuracy"));
    }

    #[test]
    fn a_loss_that_is_no_number_is_noticed_even_where_nothing_counts() {
        let mut means = Means::default();
        step(&mut means, f32::NAN, 0.0, &[1.0], &[1.0]);
        means.read();
        assert!(means.check("stage", 1, 1).is_err());
    }

    #[test]
    fn the_loss_of_players_who_take_turns_is_the_mean_of_their_steps() {
        let mut means = Means::default();
        for (name, loss) in [("critic", 1.0), ("critic", 2.0), ("generator", 6.0)] {
            means.push(&Terms::turn(name, number(loss)), |_| 4.0);
        }
        means.push(&Terms::turn("critic", number(3.0)).add("penalty", 2.0, number(1.5)), |_| 4.0);
        means.read();
        let scores = means.scores();
        let found = ["critic", "generator", "penalty", "loss"].map(|name| scores[name]);
        assert_eq!(found, [2.0, 6.0, 1.5, (1.0 + 2.0 + 6.0 + 6.0) / 4.0]);
    }
}
