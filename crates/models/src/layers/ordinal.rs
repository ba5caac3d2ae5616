//! Output layers for classes that have an order, lowest first. Each says log-probabilities of all classes, which stand
//! in the place of logits: their softmax is the distribution, and cross-entropy their negative log-likelihood, so that
//! objectives that ask for distributions work.

use burn::tensor::activation::{log_sigmoid, softplus};
use burn::tensor::{Device, Tensor, TensorData};

/// What thresholds lie apart at least, so that no class has the probability 0.
const LEAST_GAP: f64 = 1e-4;

/// The cumulative link model with the logistic link, also known as proportional odds (McCullagh 1980, "Regression
/// models for ordinal data", section 2.2): `P(y ≤ k) = σ(θ_k - f)`, with one number f for each row and rising
/// thresholds θ. The first threshold is a parameter, and each further one the one before plus the softplus of another.
///
/// # Shapes
///
/// - places: f, `[rows, 1]`; thresholds: the parameters, `[classes - 1]`
/// - output: log-probabilities, `[rows, classes]`
pub(crate) fn cumulative_link(places: Tensor<2>, thresholds: Tensor<1>) -> Tensor<2> {
    let ([rows, _], [count]) = (places.dims(), thresholds.dims());
    if count == 1 {
        let below = thresholds.reshape([1, 1]) - places;
        return Tensor::cat(vec![log_sigmoid(below.clone()), log_sigmoid(below.neg())], 1);
    }
    let first = thresholds.clone().narrow(0, 0, 1).reshape([1, 1]);
    let gaps = softplus(thresholds.narrow(0, 1, count - 1), 1.0).clamp_min(LEAST_GAP).reshape([1, count - 1]);
    // Sums of the gaps so far.
    let rising = gaps.clone().matmul(triangle(count - 1, count, &places.device())) + first;
    let below = rising - places;
    let (log_below, log_above) = (log_sigmoid(below.clone()), log_sigmoid(below.neg()));
    // σ(a) - σ(b) = σ(a) σ(-b) (1 - exp(b - a)) for a above b.
    let log_between = (gaps.neg().exp().neg() + 1.0).log().expand([rows, count - 1]);
    let middle = log_below.clone().narrow(1, 1, count - 1) + log_above.clone().narrow(1, 0, count - 1) + log_between;
    Tensor::cat(vec![log_below.narrow(1, 0, 1), middle, log_above.narrow(1, count - 1, 1)], 1)
}

/// Parameters of thresholds between which all classes are equally likely at `f = 0`; `classes - 1` of them.
pub(crate) fn even_thresholds(classes: usize) -> Vec<f32> {
    let logit = |below: usize| {
        let share = below as f64 / classes as f64;
        (share / (1.0 - share)).ln()
    };
    // What softplus makes the distance to the one before of.
    let gap = |below: usize| (logit(below) - logit(below - 1)).exp_m1().ln() as f32;
    std::iter::once(logit(1) as f32).chain((2..classes).map(gap)).collect()
}

/// CORN, conditional ordinal regression for neural networks (Shi et al. 2021, "Deep neural networks for rank-consistent
/// ordinal regression based on conditional probabilities", section 3.3): a logit for each step up, `P(y > k | y ≥ k) =
/// σ(z_k)`, so that the probability of a class is a product.
///
/// # Shapes
///
/// - logits: z, `[rows, classes - 1]`
/// - output: log-probabilities, `[rows, classes]`
pub(crate) fn corn(logits: Tensor<2>) -> Tensor<2> {
    let [rows, steps] = logits.dims();
    let device = logits.device();
    // All steps up to a class, and none further.
    let up = log_sigmoid(logits.clone()).matmul(triangle(steps, steps + 1, &device));
    up + Tensor::cat(vec![log_sigmoid(logits.neg()), Tensor::zeros([rows, 1], &device)], 1)
}

/// Ones above the diagonal, `[rows, columns]`.
fn triangle(rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    let one = |place: usize| f32::from(u8::from(place % columns > place / columns));
    let values: Vec<f32> = (0..rows * columns).map(one).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_begin_equally_likely_and_thresholds_stay_in_order() {
        let device = Device::flex();
        let said = |place: f32, thresholds: &[f32]| -> Vec<f32> {
            let places = Tensor::<2>::from_data([[place]], &device);
            cumulative_link(places, Tensor::from_data(thresholds, &device)).exp().into_data().iter::<f32>().collect()
        };
        for classes in 2..9 {
            let even = said(0.0, &even_thresholds(classes));
            assert!(even.iter().all(|share| (share - 1.0 / classes as f32).abs() < 1e-5), "{even:?}");
        }
        // Whatever is learned, each class has some probability, and they sum to one.
        for place in [-40.0, -3.0, 0.5, 40.0] {
            let row = said(place, &[0.3, -90.0, 2.0, 60.0]);
            assert!(row.iter().all(|share| share.is_finite() && *share >= 0.0), "{row:?}");
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-3, "{row:?}");
        }
    }
}
