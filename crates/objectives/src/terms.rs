//! The named parts of a loss, and what a researcher watches beside it.

use burn::tensor::Tensor;

use crate::over::Over;
use crate::parts::losses::weighted_mean;

/// A loss as named, weighted terms, with monitors that carry no gradient.
///
/// Each name appears on the dashboard, in `metrics.jsonl` and in the curves. Each is a mean over rows of the batch,
/// which [`Terms::over`] tells where they are not those of the unlabelled part.
#[derive(Debug, Default)]
pub struct Terms {
    terms: Vec<Term>,
    monitors: Vec<Monitor>,
    constants: Vec<(&'static str, f64)>,
    exponentials: Vec<(&'static str, &'static str)>,
    turns: bool,
}

#[derive(Debug)]
struct Term {
    name: &'static str,
    weight: f64,
    /// `[1]`
    loss: Tensor<1>,
    over: Over,
}

#[derive(Debug)]
struct Monitor {
    name: &'static str,
    /// `[1]`
    value: Tensor<1>,
    rows: Rows,
}

/// How many rows a monitor is the mean of.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "some monitors a step; a box would only hide it")]
enum Rows {
    Over(Over),
    /// `[1]`
    Count(Tensor<1>),
}

/// What one value on the device is.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The name in the scores.
    pub name: &'static str,
    /// What is made of it.
    pub role: Role,
}

/// What is made of a value on the device.
#[derive(Clone, Debug)]
pub enum Role {
    /// A term of the loss: its weight, and how many rows it is the mean of.
    Term {
        /// The weight in the loss.
        weight: f64,
        /// The number of rows.
        count: f64,
        /// Whether it has a name of its own beside the loss.
        shown: bool,
    },
    /// A monitor, and how many rows it is the mean of.
    Monitor {
        /// The number of rows.
        count: f64,
    },
    /// A monitor, whose number of rows is the value that follows.
    Counted,
    /// The number of rows of the monitor before.
    Count,
}

impl Terms {
    /// Starts with the supervised term, weight 1, the mean over the known labels. Shape `[1]`.
    pub fn new(supervised: Tensor<1>) -> Self {
        Self::default().add("supervised", 1.0, supervised).over(Over::Labels(None))
    }

    /// Starts the step of one of two players who take turns: each loss is named, though it stands alone in its step.
    pub fn turn(name: &'static str, loss: Tensor<1>) -> Self {
        Self { turns: true, ..Self::default() }.add(name, 1.0, loss).over(Over::Sequences)
    }

    /// Adds `weight · loss`. Shape `[1]`.
    #[must_use]
    pub fn add(mut self, name: &'static str, weight: f64, loss: Tensor<1>) -> Self {
        self.terms.push(Term { name, weight, loss, over: Over::Rows });
        self
    }

    /// Says what the last term is the mean over. Without it: the rows of the unlabelled part.
    #[must_use]
    pub fn over(mut self, over: Over) -> Self {
        if let Some(term) = self.terms.last_mut() {
            term.over = over;
        }
        self
    }

    /// Adds all terms of another objective, times a weight, and what it watches.
    #[must_use]
    pub fn join(mut self, weight: f64, other: Self) -> Self {
        self.terms.extend(other.terms.into_iter().map(|term| Term { weight: weight * term.weight, ..term }));
        self.monitors.extend(other.monitors);
        self.constants.extend(other.constants);
        self.exponentials.extend(other.exponentials);
        self
    }

    /// Watches a value of shape `[1]` that is no part of the loss, a mean over the rows of the unlabelled part.
    #[must_use]
    pub fn monitor(self, name: &'static str, value: Tensor<1>) -> Self {
        self.monitor_over(name, value, Over::Rows)
    }

    /// Watches a value of shape `[1]`, and says what it is the mean over.
    #[must_use]
    pub fn monitor_over(mut self, name: &'static str, value: Tensor<1>, over: Over) -> Self {
        self.monitors.push(Monitor { name, value: value.detach(), rows: Rows::Over(over) });
        self
    }

    /// Watches the mean of values with a weight each, both `[rows]`; an epoch's mean is over the weights of all its
    /// batches.
    #[must_use]
    pub fn monitor_rows(mut self, name: &'static str, values: Tensor<1>, weights: Tensor<1>) -> Self {
        let (values, weights) = (values.detach(), weights.detach());
        let value = weighted_mean(values, Some(weights.clone()));
        self.monitors.push(Monitor { name, value, rows: Rows::Count(weights.sum()) });
        self
    }

    /// Watches `e` to the power of the mean of a term.
    #[must_use]
    pub fn exponential(mut self, name: &'static str, term: &'static str) -> Self {
        self.exponentials.push((name, term));
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
        self.total_of(|_| 1.0)
    }

    /// The weighted sum where each term is further multiplied by a share, `[1]`; `None` where there is no term.
    pub fn total_of(&self, share: impl Fn(&Over) -> f64) -> Option<Tensor<1>> {
        let weight = |term: &Term| term.weight * share(&term.over);
        let weighed = |term: &Term, weight: f64| term.loss.clone().mul_scalar(weight);
        self.terms
            .iter()
            .map(|term| (term, weight(term)))
            .filter(|(_, weight)| *weight != 0.0)
            .map(|(term, weight)| if weight == 1.0 { term.loss.clone() } else { weighed(term, weight) })
            .reduce(|sum, term| sum + term)
            .or_else(|| self.terms.first().map(|term| weighed(term, 0.0)))
    }

    /// Whether a term is the mean over anything, whatever it weighs at this step.
    pub fn any(&self, count: impl Fn(&Over) -> f64) -> bool {
        self.terms.iter().any(|term| count(&term.over) > 0.0)
    }

    /// What stands on the device, without graph: each term, each monitor, and the values `[1]`.
    pub fn watched(&self, count: impl Fn(&Over) -> f64) -> (Vec<Watched>, Vec<Tensor<1>>) {
        let shown = self.turns || self.terms.len() > 1;
        let mut watched = Vec::new();
        let mut values = Vec::new();
        for term in &self.terms {
            let role = Role::Term { weight: term.weight, count: count(&term.over), shown };
            watched.push(Watched { name: term.name, role });
            values.push(term.loss.clone().detach().inner());
        }
        for monitor in &self.monitors {
            values.push(monitor.value.clone().inner());
            match &monitor.rows {
                Rows::Over(over) => {
                    watched.push(Watched { name: monitor.name, role: Role::Monitor { count: count(over) } });
                }
                Rows::Count(rows) => {
                    watched.push(Watched { name: monitor.name, role: Role::Counted });
                    watched.push(Watched { name: monitor.name, role: Role::Count });
                    values.push(rows.clone().inner());
                }
            }
        }
        (watched, values)
    }

    /// Whether the terms of the steps belong to players who take turns.
    pub fn turns(&self) -> bool {
        self.turns
    }

    /// Values that are the same for every row, with their names.
    pub fn constants(&self) -> &[(&'static str, f64)] {
        &self.constants
    }

    /// Names of values that are `e` to the power of a term, with the term's.
    pub fn exponentials(&self) -> &[(&'static str, &'static str)] {
        &self.exponentials
    }
}
