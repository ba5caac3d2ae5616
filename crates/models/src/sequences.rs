//! A batch of sequences as a model reads it.

use burn::tensor::{Int, Tensor};

/// The steps of a batch.
#[derive(Clone, Debug)]
pub enum Input {
    /// `[batch, time, features]`
    Values(Tensor<3>),
    /// `[batch, time]`, 0 is padding
    Tokens(Tensor<2, Int>),
}

/// A padded batch.
#[derive(Clone, Debug)]
pub struct Sequences {
    /// The steps.
    pub input: Input,
    /// `[batch, time]`, 1 at real steps and 0 at padded ones; `None` where nothing is padded.
    pub mask: Option<Tensor<2>>,
}

impl Sequences {
    /// Sequences of equal length.
    pub fn dense(values: Tensor<3>) -> Self {
        Self { input: Input::Values(values), mask: None }
    }

    /// `[batch, time]`
    pub fn dims(&self) -> [usize; 2] {
        match &self.input {
            Input::Values(values) => {
                let [batch, time, _] = values.dims();
                [batch, time]
            }
            Input::Tokens(tokens) => tokens.dims(),
        }
    }

    /// Each sequence from its last real step to its first; padding stays where it is.
    pub fn reversed(&self) -> Self {
        let input = match (&self.input, &self.mask) {
            (Input::Values(values), mask) => Input::Values(reversed_steps(values.clone(), mask.clone())),
            (Input::Tokens(tokens), None) => Input::Tokens(tokens.clone().flip([1])),
            (Input::Tokens(tokens), Some(mask)) => Input::Tokens(tokens.clone().gather(1, reversal(mask.clone()))),
        };
        Self { input, mask: self.mask.clone() }
    }
}

/// The steps of each sequence from its last real one to its first; padding stays where it is.
///
/// # Shapes
///
/// - steps and output: `[batch, time, width]`, mask: `[batch, time]`
pub(crate) fn reversed_steps(steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
    let Some(mask) = mask else {
        let order = backwards(&steps);
        return steps.select(1, order);
    };
    let [_, _, width] = steps.dims();
    let order: Tensor<3, Int> = reversal(mask).unsqueeze_dim(2);
    steps.gather(1, order.repeat_dim(2, width))
}

/// The steps of values from the last to the first: chosen one by one, since flex reads a flipped tensor value by value.
fn backwards(values: &Tensor<3>) -> Tensor<1, Int> {
    let [_, time, _] = values.dims();
    let steps: Vec<i32> = (0..time as i32).rev().collect();
    Tensor::from_data(steps.as_slice(), &values.device())
}

/// For each position the position that stands there once each sequence's real steps are reversed. Both `[batch, time]`.
fn reversal(mask: Tensor<2>) -> Tensor<2, Int> {
    let [batch, time] = mask.dims();
    let lengths = mask.clone().sum_dim(1).repeat_dim(1, time);
    let positions: Tensor<2> =
        Tensor::<1, Int>::arange(0..time as i64, &mask.device()).float().reshape([1, time]).repeat_dim(0, batch);
    let reversed = lengths - 1.0 - positions.clone();
    (reversed * mask.clone() + positions * (mask.neg() + 1.0)).int()
}
