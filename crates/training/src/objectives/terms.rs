//! The named parts of a loss, and what a researcher watches beside it.

use burn::tensor::Tensor;

/// A loss as named, weighted terms, with monitors that carry no gradient.
///
/// Each name appears on the dashboard, in `metrics.jsonl` and in the curves.
#[derive(Debug, Default)]
pub struct Terms {
    terms: Vec<(&'static str, f64, Tensor<1>)>,
    monitors: Vec<(&'static str, Tensor<1>)>,
    constants: Vec<(&'static str, f64)>,
    turns: bool,
}

impl Terms {
    /// Starts with the supervised term, weight 1. Shape `[1]`.
    pub fn new(supervised: Tensor<1>) -> Self {
        Self::default().add("supervised", 1.0, supervised)
    }

    /// Starts the step of one of two players who take turns: each loss is named, though it stands alone in its step.
    pub fn turn(name: &'static str, loss: Tensor<1>) -> Self {
        Self { turns: true, ..Self::default() }.add(name, 1.0, loss)
    }

    /// Adds `weight · loss`. Shape `[1]`.
    #[must_use]
    pub fn add(mut self, name: &'static str, weight: f64, loss: Tensor<1>) -> Self {
        self.terms.push((name, weight, loss));
        self
    }

    /// Adds all terms of another objective, times a weight, and what it watches.
    #[must_use]
    pub fn join(mut self, weight: f64, other: Self) -> Self {
        self.terms.extend(other.terms.into_iter().map(|(name, own, loss)| (name, weight * own, loss)));
        self.monitors.extend(other.monitors);
        self.constants.extend(other.constants);
        self
    }

    /// Watches a value of shape `[1]` that is no part of the loss.
    #[must_use]
    pub fn monitor(mut self, name: &'static str, value: Tensor<1>) -> Self {
        self.monitors.push((name, value.detach()));
        self
    }

    /// Watches a number that the host already knows.
    #[must_use]
    pub fn constant(mut self, name: &'static str, value: f64) -> Self {
        self.constants.push((name, value));
        self
    }

    /// The weighted sum, `[1]`; `None` where there is no term.
    pub fn total(&self) -> Option<Tensor<1>> {
        self.terms
            .iter()
            .filter(|(_, weight, _)| *weight != 0.0)
            .map(|(_, weight, loss)| if *weight == 1.0 { loss.clone() } else { loss.clone().mul_scalar(*weight) })
            .reduce(|sum, term| sum + term)
            .or_else(|| self.terms.first().map(|(_, weight, loss)| loss.clone().mul_scalar(*weight)))
    }

    /// Names and values on the device, without graph: the loss, each term, each monitor.
    pub(crate) fn watched(&self, total: &Tensor<1>) -> (Vec<&'static str>, Vec<Tensor<1>>) {
        let several = self.turns || self.terms.len() > 1;
        let mut names = vec!["loss"];
        let mut values = vec![total.clone().detach().inner()];
        for (name, _, loss) in self.terms.iter().filter(|_| several) {
            names.push(name);
            values.push(loss.clone().detach().inner());
        }
        for (name, value) in &self.monitors {
            names.push(name);
            values.push(value.clone().inner());
        }
        (names, values)
    }

    pub(crate) fn constants(&self) -> &[(&'static str, f64)] {
        &self.constants
    }
}
