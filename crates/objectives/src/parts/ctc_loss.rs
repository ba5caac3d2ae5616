//! Connectionist temporal classification (Graves et al. 2006): how unlikely a short sequence of tokens is, summed over
//! all ways of laying it along a longer one.
//!
//! The sums forward and backward are made on the host, in double precision and in logarithms (a path that is a thousand
//! nats less likely than another may be the only one that ends), and give the gradient by the logits as well: `softmax
//! − occupancy`. It goes into the graph as the factor of a product whose value is taken off again, so that every
//! backend has it by plain operations. Burn's `ctc_loss`, composed on the CPU of some thirty operations per step, takes
//! four to twelve times as long (`docs/results.md`, "Transcripts").

use burn::tensor::{Tensor, TensorData};
use semiseq_models::ctc::BLANK;

/// The negative log-likelihood of each target, in nats. A target that is longer than its sequence can say (each token a
/// step, and a blank between equal ones) has the loss 0 and no gradient, as with PyTorch's `zero_infinity=True`.
///
/// # Shapes
///
/// - logits: `[batch, time, classes]`, class 0 the blank
/// - lengths: the steps of each sequence that are no padding; targets: tokens of each, none of them 0
/// - output: `[batch]`
pub fn ctc_loss(logits: Tensor<3>, lengths: &[usize], targets: &[Vec<u32>]) -> Tensor<1> {
    let [batch, time, classes] = logits.dims();
    let device = logits.device();
    let values: Vec<f32> = logits.clone().detach().into_data().iter::<f32>().collect();
    let mut gradients = vec![0.0; values.len()];
    let size = (time * classes).max(1);
    let rows = values.chunks_exact(size).zip(gradients.chunks_exact_mut(size)).zip(lengths.iter().zip(targets));
    let losses: Vec<f32> = rows
        .map(|((values, gradient), (length, target))| {
            let steps = length * classes;
            loss_of(&values[..steps], classes, target, &mut gradient[..steps]) as f32
        })
        .collect();
    let losses = Tensor::from_data(losses.as_slice(), &device);
    let gradients = Tensor::from_data(TensorData::new(gradients, [batch, time, classes]), &device);
    let product: Tensor<1> = (logits * gradients).sum_dim(2).sum_dim(1).reshape([batch]);
    // The same number taken off again: what stays of it is its gradient.
    losses + (product.clone() - product.detach())
}

/// The loss of one sequence of logits, row-major `[time, classes]`; its gradient goes into `gradient`, of the same
/// shape and filled with zeros.
fn loss_of(logits: &[f32], classes: usize, target: &[u32], gradient: &mut [f32]) -> f64 {
    let lattice = Lattice { time: logits.len() / classes.max(1), target };
    let Some(said) = log_softmax(logits, classes) else { return f64::NAN };
    let at = |step: usize, state: usize| said[step * classes + lattice.token(state)];
    let forward = lattice.forward(&at);
    // The end is the last token, or the blank behind it.
    let mut ends = [f64::NEG_INFINITY; 3];
    ends.iter_mut().zip(forward.iter().rev().take(lattice.states().min(2))).for_each(|(end, sum)| *end = *sum);
    let total = log_sum(ends);
    if total == f64::NEG_INFINITY {
        return 0.0;
    }
    let mut occupied = vec![0.0; said.len()];
    lattice.backward(&at, |step, state, backward| {
        let both = forward[step * lattice.states() + state] + backward;
        if both > f64::NEG_INFINITY {
            occupied[step * classes + lattice.token(state)] += (both - at(step, state) - total).exp();
        }
    });
    for ((gradient, said), occupied) in gradient.iter_mut().zip(&said).zip(occupied) {
        *gradient = (said.exp() - occupied) as f32;
    }
    -total
}

/// Log-probabilities; `None` where a step's logits have none.
fn log_softmax(logits: &[f32], classes: usize) -> Option<Vec<f64>> {
    let mut said = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes.max(1)) {
        let largest = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let sum: f64 = row.iter().map(|value| (f64::from(*value) - largest).exp()).sum();
        let normaliser = largest + sum.ln();
        if !normaliser.is_finite() {
            return None;
        }
        said.extend(row.iter().map(|value| f64::from(*value) - normaliser));
    }
    Some(said)
}

/// The states that a step can be in: the target's tokens with a blank before, between and after them.
#[derive(Clone, Copy)]
struct Lattice<'a> {
    time: usize,
    target: &'a [u32],
}

impl Lattice<'_> {
    fn states(&self) -> usize {
        2 * self.target.len() + 1
    }

    fn token(&self, state: usize) -> usize {
        (if state.is_multiple_of(2) { BLANK } else { self.target[state / 2] }) as usize
    }

    /// Whether a state can follow that two before it: a token another one, without a blank between.
    fn skips(&self, state: usize) -> bool {
        state % 2 == 1 && state > 1 && self.target[state / 2] != self.target[state / 2 - 1]
    }

    /// The states that are reached by a step from the beginning, and lead to the end.
    fn reachable(&self, step: usize) -> std::ops::Range<usize> {
        self.states().saturating_sub(2 * (self.time - step))..self.states().min(2 * (step + 1))
    }

    /// The log-probability of all ways to each state, its own step included, `[time, states]`.
    fn forward(&self, at: &impl Fn(usize, usize) -> f64) -> Vec<f64> {
        let states = self.states();
        let mut sums = vec![f64::NEG_INFINITY; self.time * states];
        for step in 0..self.time {
            for state in self.reachable(step) {
                let before = |back: usize| sums[(step - 1) * states + state - back];
                let ways = match step {
                    0 => 0.0,
                    _ => log_sum([
                        before(0),
                        if state > 0 { before(1) } else { f64::NEG_INFINITY },
                        if self.skips(state) { before(2) } else { f64::NEG_INFINITY },
                    ]),
                };
                sums[step * states + state] = ways + at(step, state);
            }
        }
        sums
    }

    /// Visits the log-probability of all ways from each state to the end, its own step included, from the last step to
    /// the first.
    fn backward(&self, at: &impl Fn(usize, usize) -> f64, mut visit: impl FnMut(usize, usize, f64)) {
        let states = self.states();
        // Two states more, which nothing leads from.
        let mut after = vec![f64::NEG_INFINITY; states + 2];
        for step in (0..self.time).rev() {
            let mut sums = vec![f64::NEG_INFINITY; states + 2];
            for state in self.reachable(step) {
                let ways = match step + 1 == self.time {
                    true => 0.0,
                    false => {
                        let skipping = state + 2 < states && self.skips(state + 2);
                        let over = if skipping { after[state + 2] } else { f64::NEG_INFINITY };
                        log_sum([after[state], after[state + 1], over])
                    }
                };
                sums[state] = ways + at(step, state);
                visit(step, state, sums[state]);
            }
            after = sums;
        }
    }
}

/// `ln Σ eˣ`.
fn log_sum(values: [f64; 3]) -> f64 {
    let largest = values[0].max(values[1]).max(values[2]);
    // Most are the largest, or so small beside it that nothing is left: no exponential is made of either.
    let part = |value: f64| match value - largest {
        0.0 => 1.0,
        below if below < -40.0 => 0.0,
        below => below.exp(),
    };
    if largest == f64::NEG_INFINITY { largest } else { largest + values.into_iter().map(part).sum::<f64>().ln() }
}
