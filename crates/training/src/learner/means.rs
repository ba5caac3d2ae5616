//! Means over an epoch of what its steps said.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::evaluate::host;
use super::position::Exact;
use crate::error::Error;
use crate::metrics::Scores;
use crate::objectives::Terms;

/// Means over an epoch of what the steps said; values stay on the device until read.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Means {
    /// Nothing of it is left when a checkpoint is written.
    #[serde(skip)]
    pending: Vec<(Vec<&'static str>, Tensor<1>)>,
    sums: BTreeMap<String, Exact>,
    counts: BTreeMap<String, usize>,
}

impl Means {
    pub fn push(&mut self, terms: &Terms, total: &Tensor<1>) {
        let (names, values) = terms.watched(total);
        self.pending.push((names, Tensor::cat(values, 0)));
        for (name, value) in terms.constants() {
            self.add(name, *value);
        }
    }

    pub fn read(&mut self) {
        for (names, values) in std::mem::take(&mut self.pending) {
            for (name, value) in names.into_iter().zip(host(values)) {
                self.add(name, value);
            }
        }
    }

    fn add(&mut self, name: &str, value: f64) {
        self.sums.entry(name.to_string()).or_default().0 += value;
        *self.counts.entry(name.to_string()).or_default() += 1;
    }

    pub fn scores(&self) -> Scores {
        self.sums.iter().map(|(name, sum)| (name.clone(), sum.0 / self.counts[name] as f64)).collect()
    }

    pub fn check(&self, label: &str, epoch: usize, step: usize) -> Result<(), Error> {
        match self.sums.get("loss") {
            Some(Exact(loss)) if !loss.is_finite() => Err(Error::runtime(
                format!("{label}: the loss is not a finite number any more (epoch {epoch}, by step {step})"),
                "lower the learning rate, or set `grad_clip_norm = 1.0` in the stage's optimiser; the last good checkpoint is kept",
            )),
            _ => Ok(()),
        }
    }
}
