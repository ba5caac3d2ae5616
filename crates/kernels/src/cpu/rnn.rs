//! One step of the simple recurrent network.

use super::panels::{Panels, Rows, RowsMut, Target};
use super::simd::tanh;
use super::step::{Back, Step};
use crate::RnnActivation;

/// `h = f(sum)`; the sum becomes `h`.
pub(super) fn forward(step: &mut Step<'_>, panels: &Panels, function: RnnActivation) {
    step.project(panels, 0..panels.depth());
    let Step { rows, hidden, gates, next, .. } = step;
    let (rows, hidden) = (*rows, *hidden);
    panels.arch().dispatch(|| {
        for row in 0..rows {
            let sums = &mut gates[row * hidden..][..hidden];
            let state = next.row(row, hidden);
            for unit in 0..hidden {
                let h = match function {
                    RnnActivation::Tanh => tanh(sums[unit]),
                    RnnActivation::Relu => sums[unit].max(0.0),
                };
                sums[unit] = h;
                state[unit] = h;
            }
        }
    });
}

/// `h` becomes the gradient of its sum.
pub(super) fn backward(step: &mut Back<'_>, panels: &Panels, function: RnnActivation) {
    let Back { rows, hidden, gates, grad, .. } = step;
    let (rows, hidden) = (*rows, *hidden);
    let real = &step.real;
    panels.arch().dispatch(|| {
        for row in 0..rows {
            let states = &mut gates[row * hidden..][..hidden];
            if !real.at(row) {
                states.fill(0.0);
                continue;
            }
            let grad = &mut grad[row * hidden..][..hidden];
            for unit in 0..hidden {
                let h = states[unit];
                states[unit] = match function {
                    RnnActivation::Tanh => grad[unit] * (1.0 - h * h),
                    RnnActivation::Relu => {
                        if h > 0.0 {
                            grad[unit]
                        } else {
                            0.0
                        }
                    }
                };
                grad[unit] = 0.0;
            }
        }
    });
    panels.product(Rows::new(step.gates, 0, hidden), 0..hidden, RowsMut::new(step.grad, 0, hidden), rows, Target::Add);
}
