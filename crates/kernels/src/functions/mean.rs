//! The mean over the steps of a sequence.

use burn::tensor::Tensor;

#[cfg(feature = "cpu")]
use crate::functions::operands::{Place, place};

/// The mean over the steps that the mask shows, `Σ m_t x_t / max(Σ m_t, 1)`; over all where there is none. No gradient
/// goes to the mask.
///
/// # Shapes
///
/// - steps: `[batch, time, width]`, mask: `[batch, time]`
/// - output: `[batch, width]`
pub fn mean_over_time(steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
    #[cfg(feature = "cpu")]
    if !steps.dims().contains(&0) && place(&steps) == Place::Cpu {
        use burn::backend::Dispatch;

        use crate::ops::MeanOps;

        let masked = mask.is_some();
        // An operation's tensors cannot be absent: any stands for the mask where all steps count.
        let mask = mask.unwrap_or_else(|| Tensor::zeros([1, 1], &steps.device()));
        let means = <Dispatch as MeanOps>::mean_over_time(steps.into_dispatch(), mask.into_dispatch(), masked);
        return Tensor::from_dispatch(means);
    }
    let [batch, _, width] = steps.dims();
    match mask {
        Some(mask) => {
            let mask = mask.detach();
            let counts = mask.clone().sum_dim(1).clamp_min(1.0);
            (steps * mask.unsqueeze_dim(2)).sum_dim(1).reshape([batch, width]) / counts
        }
        None => steps.mean_dim(1).reshape([batch, width]),
    }
}
