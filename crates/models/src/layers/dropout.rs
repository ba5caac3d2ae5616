//! Dropout with Burn's switches and our kernel.

use burn::module::Module;
use burn::nn::{Dropout as BurnDropout, DropoutConfig};
use burn::tensor::Tensor;
use semiseq_kernels::DropoutMask;
use semiseq_schema::{Problem, problem};

use crate::crew::drawn;

/// Sets values to zero at random while training: on an autodiff device, in a module that is not frozen.
#[derive(Module, Debug)]
pub struct Dropout {
    /// Holds the probability, and whether a `freeze` has switched it off.
    switch: BurnDropout,
}

impl Dropout {
    /// # Panics
    ///
    /// If `probability` is not in [0, 1); configs are checked before.
    pub fn new(probability: f64) -> Self {
        Self { switch: DropoutConfig::new(probability).init() }
    }

    /// # Shapes
    ///
    /// - input and output: any
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let probability = self.switch.prob;
        if !(self.switch.training.is_enabled() && input.device().is_autodiff() && probability > 0.0) {
            return input;
        }
        let draw = |values: usize| DropoutMask::draw(&input, values, probability);
        let (mask, first) = drawn(input.shape().num_elements(), draw);
        mask.drop(input, first)
    }
}

/// Notes a probability out of range; `key` is its own.
pub(crate) fn check_dropout(key: &str, dropout: f64, problems: &mut Vec<Problem>) {
    if !(0.0..1.0).contains(&dropout) {
        problems.push(problem(
            key,
            format!("must be in [0, 1), got {dropout}"),
            Some("0.5 is usual on the output, 0 switches it off"),
        ));
    }
}
