//! One step of long short-term memory; gates in the order i, f, g, o.

use super::panels::{Panels, Rows, RowsMut, Target};
use super::simd::{sigmoid, tanh};
use super::step::{Back, Step};

/// `c = f ⊙ c' + i ⊙ g`, `h = o ⊙ tanh(c)`; the gates become their activations.
pub(super) fn forward(step: &mut Step<'_>, panels: &Panels) {
    step.project(panels, 0..panels.depth());
    let Step { rows, hidden, gates, memory_before, memory, next, .. } = step;
    let (rows, hidden) = (*rows, *hidden);
    panels.arch().dispatch(|| {
        for row in 0..rows {
            let (ingoing, rest) = gates[row * 4 * hidden..][..4 * hidden].split_at_mut(hidden);
            let (forget, rest) = rest.split_at_mut(hidden);
            let (candidate, outgoing) = rest.split_at_mut(hidden);
            let before = &memory_before[row * hidden..][..hidden];
            let memory = &mut memory[row * hidden..][..hidden];
            let state = next.row(row, hidden);
            for unit in 0..hidden {
                let (i, f) = (sigmoid(ingoing[unit]), sigmoid(forget[unit]));
                let (g, o) = (tanh(candidate[unit]), sigmoid(outgoing[unit]));
                let c = f * before[unit] + i * g;
                (ingoing[unit], forget[unit], candidate[unit], outgoing[unit]) = (i, f, g, o);
                memory[unit] = c;
                state[unit] = o * tanh(c);
            }
        }
    });
}

/// The gates' activations become the gradients of their sums.
pub(super) fn backward(step: &mut Back<'_>, panels: &Panels) {
    let Back { rows, hidden, gates, memory_before, memory, grad, grad_memory, .. } = step;
    let (rows, hidden) = (*rows, *hidden);
    let real = &step.real;
    panels.arch().dispatch(|| {
        for row in 0..rows {
            let gates = &mut gates[row * 4 * hidden..][..4 * hidden];
            if !real.at(row) {
                gates.fill(0.0);
                continue;
            }
            let (ingoing, rest) = gates.split_at_mut(hidden);
            let (forget, rest) = rest.split_at_mut(hidden);
            let (candidate, outgoing) = rest.split_at_mut(hidden);
            let before = &memory_before[row * hidden..][..hidden];
            let memory = &memory[row * hidden..][..hidden];
            let grad = &mut grad[row * hidden..][..hidden];
            let grad_memory = &mut grad_memory[row * hidden..][..hidden];
            for unit in 0..hidden {
                let (i, f, g, o) = (ingoing[unit], forget[unit], candidate[unit], outgoing[unit]);
                let squashed = tanh(memory[unit]);
                let dh = grad[unit];
                let dc = grad_memory[unit] + dh * o * (1.0 - squashed * squashed);
                ingoing[unit] = dc * g * i * (1.0 - i);
                forget[unit] = dc * before[unit] * f * (1.0 - f);
                candidate[unit] = dc * i * (1.0 - g * g);
                outgoing[unit] = dh * squashed * o * (1.0 - o);
                grad_memory[unit] = dc * f;
                grad[unit] = 0.0;
            }
        }
    });
    panels.product(
        Rows::new(step.gates, 0, 4 * hidden),
        0..4 * hidden,
        RowsMut::new(step.grad, 0, hidden),
        rows,
        Target::Add,
    );
}
