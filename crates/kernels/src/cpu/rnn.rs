//! One step of the simple recurrent network.

use pulp::Arch;

use super::panels::Panels;
use super::simd::{Vector, pass, tanh};
use super::step::{Back, Step};
use crate::RnnActivation;

/// `h = f(sum)`.
pub(super) fn forward(step: &mut Step<'_>, panels: &Panels, function: RnnActivation) {
    step.project(panels, 0..panels.depth());
    match function {
        RnnActivation::Tanh => panels.arch().dispatch(Tanh(step)),
        RnnActivation::Relu => panels.arch().dispatch(Relu(step)),
    }
}

pass!(Tanh, Step, |simd, step| {
    let hidden = step.hidden;
    for (row, sums) in step.gates.chunks_exact_mut(hidden).enumerate() {
        let state = step.next.row(row, hidden);
        for at in (0..hidden).step_by(S::F32_LANES) {
            tanh(Vector::load(simd, sums, at)).store(state, at);
        }
    }
});

pass!(Relu, Step, |simd, step| {
    let hidden = step.hidden;
    for (row, sums) in step.gates.chunks_exact_mut(hidden).enumerate() {
        let state = step.next.row(row, hidden);
        for at in (0..hidden).step_by(S::F32_LANES) {
            Vector::splat(simd, 0.0).max(Vector::load(simd, sums, at)).store(state, at);
        }
    }
});

/// The gates are filled with the gradients of their sums.
pub(super) fn backward(step: &mut Back<'_>, arch: Arch, function: RnnActivation) {
    match function {
        RnnActivation::Tanh => arch.dispatch(TanhBack(step)),
        RnnActivation::Relu => arch.dispatch(ReluBack(step)),
    }
}

pass!(TanhBack, Back, |simd, step| {
    let hidden = step.hidden;
    for (row, sums) in step.gates.chunks_exact_mut(hidden).enumerate() {
        if !step.real.at(row) {
            sums.fill(0.0);
            continue;
        }
        let states = &step.next[row * step.width + step.own..][..hidden];
        let grad = &mut step.grad[row * hidden..][..hidden];
        for at in (0..hidden).step_by(S::F32_LANES) {
            let h = Vector::load(simd, states, at);
            (Vector::load(simd, grad, at) * (h * h).complement()).store(sums, at);
        }
        grad.fill(0.0);
    }
});

pass!(ReluBack, Back, |simd, step| {
    let hidden = step.hidden;
    for (row, sums) in step.gates.chunks_exact_mut(hidden).enumerate() {
        if !step.real.at(row) {
            sums.fill(0.0);
            continue;
        }
        let states = &step.next[row * step.width + step.own..][..hidden];
        let grad = &mut step.grad[row * hidden..][..hidden];
        for at in (0..hidden).step_by(S::F32_LANES) {
            let h = Vector::load(simd, states, at);
            Vector::load(simd, grad, at).where_positive(h).store(sums, at);
        }
        grad.fill(0.0);
    }
});
