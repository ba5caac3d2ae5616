//! One step of gated recurrent units; gates in the order r, z, n.

use super::panels::{Panels, Rows, RowsMut, Target};
use super::simd::{sigmoid, tanh};
use super::step::{Back, Step};

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
    let state = step.state;
    let rows = Rows::new(step.read, state, step.width);
    let extra = RowsMut::new(step.extra, 0, step.hidden);
    panels.candidate.product(rows, state..step.width, extra, step.rows, Target::Replace);
    let Step { rows, hidden, width, read, gates, extra, next, .. } = step;
    let (rows, hidden, width) = (*rows, *hidden, *width);
    panels.gates.arch().dispatch(|| {
        for row in 0..rows {
            let (reset, rest) = gates[row * 3 * hidden..][..3 * hidden].split_at_mut(hidden);
            let (update, candidate) = rest.split_at_mut(hidden);
            let product = &mut extra[row * hidden..][..hidden];
            let before = &read[row * width + state..][..hidden];
            let bias = &panels.bias[..hidden];
            let state = next.row(row, hidden);
            for unit in 0..hidden {
                let (r, z) = (sigmoid(reset[unit]), sigmoid(update[unit]));
                let recurrent = product[unit] + bias[unit];
                let n = tanh(candidate[unit] + r * recurrent);
                (reset[unit], update[unit], candidate[unit], product[unit]) = (r, z, n, recurrent);
                state[unit] = n + z * (before[unit] - n);
            }
        }
    });
}

/// `h = n + z ⊙ (h' - n)` with `n = tanh(W x + b + U (r ⊙ h') + c)`.
pub(super) fn forward_before(step: &mut Step<'_>, panels: &GruPanels<'_>) {
    sums(step, panels);
    let (rows, hidden, width, state) = (step.rows, step.hidden, step.width, step.state);
    let Step { read, gates, extra, .. } = step;
    panels.gates.arch().dispatch(|| {
        for row in 0..rows {
            let reset = &mut gates[row * 3 * hidden..][..hidden];
            let product = &mut extra[row * hidden..][..hidden];
            let before = &read[row * width + state..][..hidden];
            for unit in 0..hidden {
                let r = sigmoid(reset[unit]);
                reset[unit] = r;
                product[unit] = r * before[unit];
            }
        }
    });
    let product = Rows::new(step.extra, 0, hidden);
    let target = RowsMut::new(step.gates, 2 * hidden, 3 * hidden);
    panels.candidate.product(product, state..width, target, rows, Target::Add);
    let Step { read, gates, next, .. } = step;
    panels.gates.arch().dispatch(|| {
        for row in 0..rows {
            let (update, candidate) = gates[row * 3 * hidden + hidden..][..2 * hidden].split_at_mut(hidden);
            let before = &read[row * width + state..][..hidden];
            let bias = &panels.bias[..hidden];
            let state = next.row(row, hidden);
            for unit in 0..hidden {
                let z = sigmoid(update[unit]);
                let n = tanh(candidate[unit] + bias[unit]);
                (update[unit], candidate[unit]) = (z, n);
                state[unit] = n + z * (before[unit] - n);
            }
        }
    });
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
pub(super) fn backward_after(step: &mut Back<'_>, panels: &Panels) {
    let (rows, hidden, width, state) = (step.rows, step.hidden, step.width, step.state);
    let Back { real, read, gates, extra, grad, .. } = step;
    panels.arch().dispatch(|| {
        for row in 0..rows {
            let gates = &mut gates[row * 3 * hidden..][..3 * hidden];
            let product = &mut extra[row * hidden..][..hidden];
            if !real.at(row) {
                gates.fill(0.0);
                product.fill(0.0);
                continue;
            }
            let (reset, rest) = gates.split_at_mut(hidden);
            let (update, candidate) = rest.split_at_mut(hidden);
            let before = &read[row * width + state..][..hidden];
            let grad = &mut grad[row * hidden..][..hidden];
            for unit in 0..hidden {
                let (r, z, n) = (reset[unit], update[unit], candidate[unit]);
                let dh = grad[unit];
                let dn = dh * (1.0 - z) * (1.0 - n * n);
                reset[unit] = dn * product[unit] * r * (1.0 - r);
                update[unit] = dh * (before[unit] - n) * z * (1.0 - z);
                candidate[unit] = dn;
                product[unit] = dn * r;
                grad[unit] = dh * z;
            }
        }
    });
    let gates = Rows::new(step.gates, 0, 3 * hidden);
    panels.product(gates, 0..2 * hidden, RowsMut::new(step.grad, 0, hidden), rows, Target::Add);
    let product = Rows::new(step.extra, 0, hidden);
    panels.product(product, 2 * hidden..3 * hidden, RowsMut::new(step.grad, 0, hidden), rows, Target::Add);
}

/// The gates become the gradients of their sums; `r ⊙ h'` stays.
pub(super) fn backward_before(step: &mut Back<'_>, panels: &Panels) {
    let (rows, hidden, width, state) = (step.rows, step.hidden, step.width, step.state);
    let Back { real, read, gates, grad, scratch, .. } = step;
    panels.arch().dispatch(|| {
        for row in 0..rows {
            let gates = &mut gates[row * 3 * hidden..][..3 * hidden];
            if !real.at(row) {
                gates.fill(0.0);
                continue;
            }
            let (update, candidate) = gates[hidden..].split_at_mut(hidden);
            let before = &read[row * width + state..][..hidden];
            let grad = &mut grad[row * hidden..][..hidden];
            for unit in 0..hidden {
                let (z, n) = (update[unit], candidate[unit]);
                let dh = grad[unit];
                candidate[unit] = dh * (1.0 - z) * (1.0 - n * n);
                update[unit] = dh * (before[unit] - n) * z * (1.0 - z);
                grad[unit] = dh * z;
            }
        }
    });
    let candidate = Rows::new(gates, 2 * hidden, 3 * hidden);
    panels.product(candidate, 2 * hidden..3 * hidden, RowsMut::new(scratch, 0, hidden), rows, Target::Replace);
    panels.arch().dispatch(|| {
        for row in (0..rows).filter(|&row| real.at(row)) {
            let reset = &mut gates[row * 3 * hidden..][..hidden];
            let before = &read[row * width + state..][..hidden];
            let product = &scratch[row * hidden..][..hidden];
            let grad = &mut grad[row * hidden..][..hidden];
            for unit in 0..hidden {
                let r = reset[unit];
                reset[unit] = product[unit] * before[unit] * r * (1.0 - r);
                grad[unit] += product[unit] * r;
            }
        }
    });
    let gates = Rows::new(step.gates, 0, 3 * hidden);
    panels.product(gates, 0..2 * hidden, RowsMut::new(step.grad, 0, hidden), rows, Target::Add);
}
