//! Minima of smooth functions by L-BFGS (Liu & Nocedal 1989).

use ndarray::{Array1, Array2};

/// Steps that are remembered.
const REMEMBERED: usize = 10;

/// The minimum of a smooth function, from `start` on.
pub(crate) fn minimised(
    start: Array2<f64>,
    tolerance: f64,
    rounds: usize,
    of: impl Fn(&Array2<f64>) -> (f64, Array2<f64>),
) -> Array2<f64> {
    let shape = start.dim();
    let flat = |matrix: Array2<f64>| Array1::from_iter(matrix);
    let at = |point: &Array1<f64>| {
        let matrix = Array2::from_shape_vec(shape, point.to_vec()).unwrap_or_else(|_| Array2::zeros(shape));
        let (value, gradient) = of(&matrix);
        (value, flat(gradient))
    };
    let mut point = flat(start);
    let (mut value, mut gradient) = at(&point);
    // Pairs of a step and the change of the gradient along it.
    let mut steps: Vec<(Array1<f64>, Array1<f64>)> = Vec::new();
    for _ in 0..rounds {
        if gradient.iter().all(|entry| entry.abs() <= tolerance) {
            break;
        }
        let direction = -inverse_hessian(&steps, &gradient);
        let slope = gradient.dot(&direction);
        // The first step has no scale yet.
        let mut length = if steps.is_empty() { 1.0 / gradient.dot(&gradient).sqrt().max(1.0) } else { 1.0 };
        let found = (0..40).find_map(|_| {
            let next = &point + &(&direction * length);
            let (lower, gradient) = at(&next);
            let enough = lower <= value + 1e-4 * length * slope;
            length *= 0.5;
            enough.then_some((next, lower, gradient))
        });
        let Some((next, lower, changed)) = found else { break };
        let (step, change) = (&next - &point, &changed - &gradient);
        if step.dot(&change) > 1e-12 * change.dot(&change) {
            steps.push((step, change));
            if steps.len() > REMEMBERED {
                steps.remove(0);
            }
        }
        (point, value, gradient) = (next, lower, changed);
    }
    Array2::from_shape_vec(shape, point.to_vec()).unwrap_or_else(|_| Array2::zeros(shape))
}

/// The gradient times an estimate of the inverse Hessian: two loops over the remembered steps (Nocedal 1980).
fn inverse_hessian(steps: &[(Array1<f64>, Array1<f64>)], gradient: &Array1<f64>) -> Array1<f64> {
    let mut result = gradient.clone();
    let mut shares = Vec::with_capacity(steps.len());
    for (step, change) in steps.iter().rev() {
        let share = step.dot(&result) / step.dot(change);
        result.scaled_add(-share, change);
        shares.push(share);
    }
    if let Some((step, change)) = steps.last() {
        result *= step.dot(change) / change.dot(change);
    }
    for ((step, change), share) in steps.iter().zip(shares.iter().rev()) {
        let back = change.dot(&result) / step.dot(change);
        result.scaled_add(share - back, step);
    }
    result
}
