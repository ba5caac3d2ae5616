//! The hyperbolic tangent of a tensor's values, and its derivative.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::isa::arch;
use super::simd::{self, Vector};

/// Values of a thread's turn.
const TURN: usize = 1 << 14;

/// In place.
pub(crate) fn tanh(values: &mut [f32]) {
    let arch = arch();
    values.par_chunks_mut(TURN).for_each(|values| arch.dispatch(Forward(values)));
}

/// From the gradient of `outputs` to that of what they are the tangent of, in place.
pub(crate) fn tanh_gradient(gradient: &mut [f32], outputs: &[f32]) {
    let arch = arch();
    let turns = gradient.par_chunks_mut(TURN).zip(outputs.par_chunks(TURN));
    turns.for_each(|(gradient, outputs)| arch.dispatch(Backward { gradient, outputs }));
}

struct Forward<'a>(&'a mut [f32]);

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for at in (0..self.0.len()).step_by(S::F32_LANES) {
            simd::tanh(Vector::load(simd, self.0, at)).store(self.0, at);
        }
    }
}

struct Backward<'a> {
    gradient: &'a mut [f32],
    outputs: &'a [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for at in (0..self.gradient.len()).step_by(S::F32_LANES) {
            let output = Vector::load(simd, self.outputs, at);
            (Vector::load(simd, self.gradient, at) * (output * output).complement()).store(self.gradient, at);
        }
    }
}
