//! The mean over time of what a sequence's steps hold, and its derivative.

use rayon::prelude::*;

use super::isa::arch;
use super::zeros::zeros;

/// Values that one thread takes by itself: waking another takes longer.
const ALONE: usize = 1 << 17;

/// Which steps count.
#[derive(Clone, Copy)]
pub(crate) struct Steps<'a> {
    pub batch: usize,
    pub time: usize,
    pub width: usize,
    /// `[batch, time]`, the weight of each; absent: all are 1
    pub mask: Option<&'a [f32]>,
}

impl Steps<'_> {
    /// What each step of a sequence is multiplied by: its weight over the sum of all, which counts as 1 at least.
    fn shares(&self, sequence: usize) -> Vec<f32> {
        let Some(mask) = self.mask else { return vec![1.0 / self.time as f32; self.time] };
        let mask = &mask[sequence * self.time..][..self.time];
        let sum = mask.iter().sum::<f32>().max(1.0);
        mask.iter().map(|weight| weight / sum).collect()
    }

    /// Sequences that a thread takes one after the other.
    fn together(&self) -> usize {
        ALONE.div_ceil(self.time * self.width)
    }
}

/// From `[batch, time, width]` to `[batch, width]`.
pub(crate) fn mean(values: &[f32], steps: Steps<'_>) -> Vec<f32> {
    let arch = arch();
    let mut means = vec![0.0; steps.batch * steps.width];
    let sequences = means.par_chunks_mut(steps.width).zip(values.par_chunks(steps.time * steps.width)).enumerate();
    sequences.with_min_len(steps.together()).for_each(|(sequence, (mean, values))| {
        let shares = steps.shares(sequence);
        arch.dispatch(|| {
            for (values, share) in values.chunks_exact(mean.len()).zip(&shares) {
                mean.iter_mut().zip(values).for_each(|(mean, value)| *mean += share * value);
            }
        });
    });
    means
}

/// From the gradient of the means, `[batch, width]`, to that of the values, `[batch, time, width]`.
pub(crate) fn mean_gradient(gradient: &[f32], steps: Steps<'_>) -> Vec<f32> {
    let arch = arch();
    let mut values = zeros(steps.batch * steps.time * steps.width);
    let sequences = values.par_chunks_mut(steps.time * steps.width).zip(gradient.par_chunks(steps.width)).enumerate();
    sequences.with_min_len(steps.together()).for_each(|(sequence, (values, gradient))| {
        let shares = steps.shares(sequence);
        arch.dispatch(|| {
            for (values, share) in values.chunks_exact_mut(gradient.len()).zip(&shares) {
                values.iter_mut().zip(gradient).for_each(|(value, gradient)| *value = share * gradient);
            }
        });
    });
    values
}
