//! `h_t = a_t h_{t-1} + b_t` as a scan over pairs (Hillis & Steele 1986): two neighbouring parts of a sequence with
//! `h ↦ a h + b` and `h ↦ a' h + b'` are one with `h ↦ a' a h + (a' b + b')`, so that all steps are done after
//! `log2(time)` rounds.

use burn::tensor::Tensor;

use crate::{Direction, Numbers};

/// See [`linear_scan`](crate::linear_scan()).
///
/// # Shapes
///
/// - a: `[batch, time, width]`, or `[1, 1, width]`; b: `[batch, time, width]`
/// - mask: `[batch, time]`, 1 at real steps and 0 at padded ones, which carry the state and give 0
/// - state: `[batch, width]`, zeros if absent
/// - output: `[batch, time, width]` and the last state
pub fn linear_scan(
    a: Tensor<3>,
    b: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<Tensor<2>>,
    numbers: Numbers,
    direction: Direction,
) -> (Tensor<3>, Tensor<2>) {
    let [batch, time, width] = b.dims();
    let state = state.unwrap_or_else(|| Tensor::zeros([batch, width], &b.device()));
    if time == 0 {
        return (b, state);
    }
    let shown = mask.map(|mask| mask.unsqueeze_dim::<3>(2));
    let a = a.expand([batch, time, width]);
    let (mut a, mut b) = match &shown {
        // A padded step is `h ↦ 1 h + 0`.
        Some(shown) => {
            let one =
                numbers.parts_of(shown.clone().neg().add_scalar(1.0).expand([batch, time, width / numbers.parts()]));
            (a * shown.clone() + one, b * shown.clone())
        }
        None => (a, b),
    };
    let steps = |direction: Direction, tensor: Tensor<3>| match direction {
        Direction::Forward => tensor,
        Direction::Backward => tensor.flip([1]),
    };
    (a, b) = (steps(direction, a), steps(direction, b));
    let mut together = 1;
    while together < time {
        let early = |tensor: &Tensor<3>| tensor.clone().narrow(1, 0, together);
        let late = |tensor: &Tensor<3>| tensor.clone().narrow(1, together, time - together);
        let before = |tensor: &Tensor<3>| tensor.clone().narrow(1, 0, time - together);
        let next_b = numbers.product(late(&a), before(&b)) + late(&b);
        let next_a = numbers.product(late(&a), before(&a));
        b = Tensor::cat(vec![early(&b), next_b], 1);
        a = Tensor::cat(vec![early(&a), next_a], 1);
        together *= 2;
    }
    let states = numbers.product(a, state.unsqueeze_dim::<3>(1).expand([batch, time, width])) + b;
    let last = states.clone().narrow(1, time - 1, 1).reshape([batch, width]);
    let states = steps(direction, states);
    let output = match shown {
        Some(shown) => states * shown,
        None => states,
    };
    (output, last)
}

impl Numbers {
    /// Of real parts the numbers.
    fn parts_of(self, real: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Real => real,
            Self::Complex => Tensor::cat(vec![real.clone(), real.zeros_like()], 2),
        }
    }

    fn product(self, a: Tensor<3>, b: Tensor<3>) -> Tensor<3> {
        let [_, _, width] = a.dims();
        match self {
            Self::Real => a * b,
            Self::Complex => {
                let half = |tensor: &Tensor<3>, part: usize| tensor.clone().narrow(2, part * width / 2, width / 2);
                let (a_re, a_im, b_re, b_im) = (half(&a, 0), half(&a, 1), half(&b, 0), half(&b, 1));
                let re = a_re.clone() * b_re.clone() - a_im.clone() * b_im.clone();
                Tensor::cat(vec![re, a_re * b_im + a_im * b_re], 2)
            }
        }
    }
}
