//! A step of Adam over the values of one parameter, in one pass: composed, it writes and reads them a dozen times.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::isa::arch;
use super::simd::Vector;
use crate::AdamStep;

/// Values that a thread takes at a time.
const TURN: usize = 1 << 14;

/// Changes weights and both moments in place.
pub(crate) fn adam(weights: &mut [f32], gradient: &[f32], moment_1: &mut [f32], moment_2: &mut [f32], step: AdamStep) {
    let arch = arch();
    let turns = weights.par_chunks_mut(TURN).zip(gradient.par_chunks(TURN));
    let turns = turns.zip(moment_1.par_chunks_mut(TURN)).zip(moment_2.par_chunks_mut(TURN));
    turns.for_each(|(((weights, gradient), moment_1), moment_2)| {
        arch.dispatch(Turn { weights, gradient, moment_1, moment_2, step });
    });
}

struct Turn<'a> {
    weights: &'a mut [f32],
    gradient: &'a [f32],
    moment_1: &'a mut [f32],
    moment_2: &'a mut [f32],
    step: AdamStep,
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { weights, gradient, moment_1, moment_2, step } = self;
        let all = |value: f32| Vector::splat(simd, value);
        let (keep_1, keep_2) = (all(step.beta_1), all(step.beta_2));
        let (add_1, add_2) = (all(1.0 - step.beta_1), all(1.0 - step.beta_2));
        let (rate, epsilon) = (all(-step.rate), all(step.epsilon));
        let (decay, shrink) = (all(step.decay), all(step.shrink));
        for at in (0..weights.len()).step_by(S::F32_LANES) {
            let weight = Vector::load(simd, weights, at);
            let slope = decay.mul_add(weight, Vector::load(simd, gradient, at));
            let first = keep_1.mul_add(Vector::load(simd, moment_1, at), add_1 * slope);
            let second = keep_2.mul_add(Vector::load(simd, moment_2, at), add_2 * (slope * slope));
            let change = first.divided_by(second.sqrt() + epsilon);
            first.store(moment_1, at);
            second.store(moment_2, at);
            rate.mul_add(change, shrink * weight).store(weights, at);
        }
    }
}
