//! One step of long short-term memory; gates in the order i, f, g, o.

use pulp::{Arch, Simd};

use super::panels::Panels;
use super::simd::{Vector, gates, pass, sigmoid, tanh};
use super::step::{Back, Step, parts};

/// `c = f ⊙ c' + i ⊙ g`, `h = o ⊙ tanh(c)`; the gates become their activations.
pub(super) fn forward(step: &mut Step<'_>, panels: &Panels) {
    step.project(panels, 0..panels.depth());
    panels.arch().dispatch(Activate(step));
}

pass!(Activate, Step, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        let units = row * hidden..(row + 1) * hidden;
        let cut = parts(&mut step.gates[row * 4 * hidden..], hidden);
        let before = &step.memory_before[units.clone()];
        activate(simd, cut, before, &mut step.memory[units], step.next.row(row, hidden));
    }
});

#[inline(always)]
fn activate<S: Simd>(simd: S, cut: [&mut [f32]; 4], before: &[f32], memory: &mut [f32], state: &mut [f32]) {
    let [ingoing, forget, candidate, outgoing] = cut;
    for at in (0..before.len()).step_by(S::F32_LANES) {
        let load = |slice: &[f32]| Vector::load(simd, slice, at);
        let [i, f, g] = gates(load(ingoing), load(forget), load(candidate));
        let o = sigmoid(load(outgoing));
        let c = f.mul_add(load(before), i * g);
        i.store(ingoing, at);
        f.store(forget, at);
        g.store(candidate, at);
        o.store(outgoing, at);
        c.store(memory, at);
        (o * tanh(c)).store(state, at);
    }
}

/// The gates' activations become the gradients of their sums.
pub(super) fn backward(step: &mut Back<'_>, arch: Arch) {
    arch.dispatch(Differentiate(step));
}

pass!(Differentiate, Back, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        let units = row * hidden..(row + 1) * hidden;
        if !step.real.at(row) {
            step.gates[4 * units.start..4 * units.end].fill(0.0);
            continue;
        }
        let cut = parts(&mut step.gates[row * 4 * hidden..], hidden);
        let memory = (&step.memory_before[units.clone()], &step.memory[units.clone()]);
        differentiate(simd, cut, memory, &mut step.grad[units.clone()], &mut step.grad_memory[units]);
    }
});

#[inline(always)]
fn differentiate<S: Simd>(
    simd: S,
    cut: [&mut [f32]; 4],
    (before, memory): (&[f32], &[f32]),
    grad: &mut [f32],
    grad_memory: &mut [f32],
) {
    let [ingoing, forget, candidate, outgoing] = cut;
    for at in (0..before.len()).step_by(S::F32_LANES) {
        let load = |slice: &[f32]| Vector::load(simd, slice, at);
        let (i, f, g, o) = (load(ingoing), load(forget), load(candidate), load(outgoing));
        let squashed = tanh(load(memory));
        let dh = load(grad);
        let dc = (dh * o).mul_add((squashed * squashed).complement(), load(grad_memory));
        (dc * g * i * i.complement()).store(ingoing, at);
        (dc * load(before) * f * f.complement()).store(forget, at);
        (dc * i * (g * g).complement()).store(candidate, at);
        (dh * squashed * o * o.complement()).store(outgoing, at);
        (dc * f).store(grad_memory, at);
        Vector::splat(simd, 0.0).store(grad, at);
    }
}
