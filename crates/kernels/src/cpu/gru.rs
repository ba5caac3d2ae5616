//! One step of gated recurrent units; gates in the order r, z, n.

use pulp::{Arch, Simd};

use super::panels::{Panels, Rows, RowsMut, Target};
use super::simd::{Vector, pass, sigmoid, sigmoids, tanh};
use super::step::{Back, Step, parts};

/// The weights of a step forward: of `r` and `z` together, and of `n`.
pub(super) struct GruPanels<'a> {
    pub gates: Panels,
    pub candidate: Panels,
    /// `c_n`, which the reset gate acts on too
    pub bias: &'a [f32],
}

/// `h = n + z ⊙ (h' - n)` with `n = tanh(W x + b + r ⊙ (U h' + c))`.
pub(super) fn forward_after(step: &mut Step<'_>, panels: &GruPanels<'_>) {
    sums(step, panels);
    let (width, state) = (step.width, step.state);
    let extra = RowsMut::new(step.extra, 0, step.hidden);
    panels.candidate.product(Rows::new(step.read, state, width), state..width, extra, step.rows, Target::Replace);
    panels.gates.arch().dispatch(ActivateAfter(step));
}

pass!(ActivateAfter, Step, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        let gates = parts(&mut step.gates[row * 3 * hidden..], hidden);
        let product = &mut step.extra[row * hidden..][..hidden];
        let before = &step.read[row * step.width + step.own..][..hidden];
        activate_after(simd, gates, product, (before, &step.bias[..hidden]), step.next.row(row, hidden));
    }
});

#[inline(always)]
fn activate_after<S: Simd>(
    simd: S,
    [reset, update, candidate]: [&mut [f32]; 3],
    product: &mut [f32],
    (before, bias): (&[f32], &[f32]),
    state: &mut [f32],
) {
    for at in (0..before.len()).step_by(S::F32_LANES) {
        let load = |slice: &[f32]| Vector::load(simd, slice, at);
        let [r, z] = sigmoids(load(reset), load(update));
        let recurrent = load(product) + load(bias);
        let n = tanh(r.mul_add(recurrent, load(candidate)));
        r.store(reset, at);
        z.store(update, at);
        n.store(candidate, at);
        recurrent.store(product, at);
        z.mul_add(load(before) - n, n).store(state, at);
    }
}

/// `h = n + z ⊙ (h' - n)` with `n = tanh(W x + b + U (r ⊙ h') + c)`.
pub(super) fn forward_before(step: &mut Step<'_>, panels: &GruPanels<'_>) {
    sums(step, panels);
    panels.gates.arch().dispatch(Reset(step));
    let (rows, hidden) = (step.rows, step.hidden);
    let target = RowsMut::new(step.gates, 2 * hidden, 3 * hidden);
    panels.candidate.product(Rows::new(step.extra, 0, hidden), step.state..step.width, target, rows, Target::Add);
    panels.gates.arch().dispatch(ActivateBefore(step));
}

pass!(Reset, Step, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        let reset = &mut step.gates[row * 3 * hidden..][..hidden];
        let product = &mut step.extra[row * hidden..][..hidden];
        let before = &step.read[row * step.width + step.own..][..hidden];
        for at in (0..hidden).step_by(S::F32_LANES) {
            let r = sigmoid(Vector::load(simd, reset, at));
            r.store(reset, at);
            (r * Vector::load(simd, before, at)).store(product, at);
        }
    }
});

pass!(ActivateBefore, Step, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        let [_, update, candidate] = parts(&mut step.gates[row * 3 * hidden..], hidden);
        let before = &step.read[row * step.width + step.own..][..hidden];
        activate_before(simd, update, candidate, (before, &step.bias[..hidden]), step.next.row(row, hidden));
    }
});

#[inline(always)]
fn activate_before<S: Simd>(
    simd: S,
    update: &mut [f32],
    candidate: &mut [f32],
    (before, bias): (&[f32], &[f32]),
    state: &mut [f32],
) {
    for at in (0..before.len()).step_by(S::F32_LANES) {
        let load = |slice: &[f32]| Vector::load(simd, slice, at);
        let z = sigmoid(load(update));
        let n = tanh(load(candidate) + load(bias));
        z.store(update, at);
        n.store(candidate, at);
        z.mul_add(load(before) - n, n).store(state, at);
    }
}

/// `r` and `z` in full, and the input's part of `n`.
fn sums(step: &mut Step<'_>, panels: &GruPanels<'_>) {
    let (rows, hidden, width, state) = (step.rows, step.hidden, step.width, step.state);
    let (from, mode) = if step.projected { (state, Target::Add) } else { (0, Target::Replace) };
    let target = RowsMut::new(step.gates, 0, 3 * hidden);
    panels.gates.product(Rows::new(step.read, from, width), from..width, target, rows, mode);
    if !step.projected {
        let target = RowsMut::new(step.gates, 2 * hidden, 3 * hidden);
        panels.candidate.product(Rows::new(step.read, 0, width), 0..state, target, rows, Target::Replace);
    }
}

/// The gates become the gradients of their sums, the recurrent part of `n` its own gradient.
pub(super) fn backward_after(step: &mut Back<'_>, arch: Arch) {
    arch.dispatch(DifferentiateAfter(step));
}

pass!(DifferentiateAfter, Back, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        let units = row * hidden..(row + 1) * hidden;
        if !step.real.at(row) {
            step.gates[3 * units.start..3 * units.end].fill(0.0);
            step.extra[units].fill(0.0);
            continue;
        }
        let gates = parts(&mut step.gates[row * 3 * hidden..], hidden);
        let before = &step.read[row * step.width + step.own..][..hidden];
        differentiate_after(simd, gates, &mut step.extra[units.clone()], before, &mut step.grad[units]);
    }
});

#[inline(always)]
fn differentiate_after<S: Simd>(
    simd: S,
    [reset, update, candidate]: [&mut [f32]; 3],
    product: &mut [f32],
    before: &[f32],
    grad: &mut [f32],
) {
    for at in (0..before.len()).step_by(S::F32_LANES) {
        let load = |slice: &[f32]| Vector::load(simd, slice, at);
        let (r, z, n) = (load(reset), load(update), load(candidate));
        let dh = load(grad);
        let dn = dh * z.complement() * (n * n).complement();
        (dn * load(product) * r * r.complement()).store(reset, at);
        (dh * (load(before) - n) * z * z.complement()).store(update, at);
        dn.store(candidate, at);
        (dn * r).store(product, at);
        (dh * z).store(grad, at);
    }
}

/// The gates become the gradients of their sums; `r ⊙ h'` stays.
pub(super) fn backward_before(step: &mut Back<'_>, panels: &Panels) {
    panels.arch().dispatch(DifferentiateBefore(step));
    let (rows, hidden) = (step.rows, step.hidden);
    let candidate = Rows::new(step.gates, 2 * hidden, 3 * hidden);
    let target = RowsMut::new(step.scratch, 0, hidden);
    panels.product(candidate, 2 * hidden..3 * hidden, target, rows, Target::Replace);
    panels.arch().dispatch(ResetBack(step));
}

pass!(DifferentiateBefore, Back, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        if !step.real.at(row) {
            step.gates[row * 3 * hidden..][..3 * hidden].fill(0.0);
            continue;
        }
        let [_, update, candidate] = parts(&mut step.gates[row * 3 * hidden..], hidden);
        let before = &step.read[row * step.width + step.own..][..hidden];
        differentiate_before(simd, update, candidate, before, &mut step.grad[row * hidden..][..hidden]);
    }
});

#[inline(always)]
fn differentiate_before<S: Simd>(simd: S, update: &mut [f32], candidate: &mut [f32], before: &[f32], grad: &mut [f32]) {
    for at in (0..before.len()).step_by(S::F32_LANES) {
        let load = |slice: &[f32]| Vector::load(simd, slice, at);
        let (z, n) = (load(update), load(candidate));
        let dh = load(grad);
        (dh * z.complement() * (n * n).complement()).store(candidate, at);
        (dh * (load(before) - n) * z * z.complement()).store(update, at);
        (dh * z).store(grad, at);
    }
}

pass!(ResetBack, Back, |simd, step| {
    let hidden = step.hidden;
    for row in 0..step.rows {
        if !step.real.at(row) {
            continue;
        }
        let units = row * hidden..(row + 1) * hidden;
        let reset = &mut step.gates[row * 3 * hidden..][..hidden];
        let before = &step.read[row * step.width + step.own..][..hidden];
        reset_back(simd, reset, &step.scratch[units.clone()], before, &mut step.grad[units]);
    }
});

#[inline(always)]
fn reset_back<S: Simd>(simd: S, reset: &mut [f32], product: &[f32], before: &[f32], grad: &mut [f32]) {
    for at in (0..before.len()).step_by(S::F32_LANES) {
        let load = |slice: &[f32]| Vector::load(simd, slice, at);
        let (r, product) = (load(reset), load(product));
        (product * load(before) * r * r.complement()).store(reset, at);
        product.mul_add(r, load(grad)).store(grad, at);
    }
}
