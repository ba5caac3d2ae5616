//! What happens to gradients and weights between two passes, on the CPU backends.

use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;

use super::slices::Slices;
use crate::{AdamStep, cpu};

/// As [`WeightOps::adam`](crate::ops::WeightOps::adam).
pub(super) fn adam<B: Slices>(
    weights: FloatTensor<B>,
    gradient: FloatTensor<B>,
    moments: [FloatTensor<B>; 2],
    step: AdamStep,
) -> [FloatTensor<B>; 3] {
    let mut weights = B::values(weights);
    let [mut first, mut second] = moments.map(B::values);
    cpu::adam(weights.as_mut(), B::values(gradient).as_ref(), first.as_mut(), second.as_mut(), step);
    [weights, first, second].map(B::returned)
}

/// As [`WeightOps::blend`](crate::ops::WeightOps::blend).
pub(super) fn blend<B: Slices>(old: FloatTensor<B>, new: FloatTensor<B>, keep: f64) -> FloatTensor<B> {
    let mut old = B::values(old);
    cpu::blend(old.as_mut(), B::values(new).as_ref(), keep as f32, (1.0 - keep) as f32);
    B::returned(old)
}

/// As [`WeightOps::sum_of_squares`](crate::ops::WeightOps::sum_of_squares).
pub(super) fn sum_of_squares<B: Slices>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    B::tensor(vec![cpu::sum_of_squares(B::values(tensor).as_ref())], Shape::new([1]))
}

/// As [`WeightOps::scale`](crate::ops::WeightOps::scale).
pub(super) fn scale<B: Slices>(tensor: FloatTensor<B>, factor: FloatTensor<B>) -> FloatTensor<B> {
    let factor = B::values(factor).as_ref()[0];
    if factor == 1.0 {
        return tensor;
    }
    let mut values = B::values(tensor);
    cpu::scale(values.as_mut(), factor);
    B::returned(values)
}

/// Implements the operations for a backend of slices.
macro_rules! host_weights {
    ($backend:ty) => {
        #[allow(deprecated, reason = "our users asked for ndarray, which Burn means to drop")]
        impl WeightOps for $backend {
            fn adam(
                weights: FloatTensor<Self>,
                gradient: FloatTensor<Self>,
                moment_1: FloatTensor<Self>,
                moment_2: FloatTensor<Self>,
                step: $crate::AdamStep,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                $crate::backends::weights::adam::<Self>(weights, gradient, [moment_1, moment_2], step).into()
            }

            fn blend(old: FloatTensor<Self>, new: FloatTensor<Self>, keep: f64) -> FloatTensor<Self> {
                $crate::backends::weights::blend::<Self>(old, new, keep)
            }

            fn sum_of_squares(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
                $crate::backends::weights::sum_of_squares::<Self>(tensor)
            }

            fn scale(tensor: FloatTensor<Self>, factor: FloatTensor<Self>) -> FloatTensor<Self> {
                $crate::backends::weights::scale::<Self>(tensor, factor)
            }
        }
    };
}

pub(super) use host_weights;
