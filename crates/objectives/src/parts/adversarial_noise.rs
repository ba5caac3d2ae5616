//! Noise in the direction in which a loss grows fastest, on what the encoder reads: values, or the vectors of tokens.

use burn::tensor::Tensor;
use semiseq_models::{SequenceModel, Sequences};

use crate::parts::gan_samples::held;

/// Length of the probe of the power iteration, as a part of the sequence's own. Miyato et al.'s code has an absolute
/// length: 1e-6 for images (takerum/vat_tf, `xi`), 0.1 for the vectors of words (tensorflow/models,
/// `adversarial_text`). In single precision 1e-6 of a sequence leaves little of a divergence that grows with its
/// square, and the direction depends little on the length.
const PROBE: f64 = 0.1;

/// What the encoder reads of a batch, and how long each sequence is as one vector.
pub struct Read {
    /// `[batch, time, width]`
    pub steps: Tensor<3>,
    /// `[batch, time]`
    pub mask: Option<Tensor<2>>,
    /// `|x|` over all real steps of a sequence, without graph, `[batch, 1, 1]`
    length: Tensor<3>,
}

impl Read {
    /// Reads sequences.
    pub fn of<M: SequenceModel>(model: &M, sequences: &Sequences) -> Self {
        let mask = sequences.mask.clone();
        let steps = model.embed(sequences.clone());
        let length = lengths(real(steps.clone().detach(), mask.as_ref()));
        Self { steps, mask, length }
    }

    /// Logits of the sequences as they are.
    pub fn plain<M: SequenceModel>(&self, model: &M) -> Tensor<2> {
        model.head(model.hidden(self.steps.clone(), self.mask.clone()))
    }

    /// Logits with noise on the steps.
    pub fn logits<M: SequenceModel>(&self, model: &M, noise: Tensor<3>) -> Tensor<2> {
        model.head(model.hidden(self.steps.clone() + noise, self.mask.clone()))
    }

    /// Noise of `size` times the sequence's length, in the direction of the gradient that `loss` of the logits has at
    /// `at` (a direction as long as the sequences; zeros for the sequences themselves). No gradient reaches the model.
    fn steepest<M: SequenceModel>(
        &self,
        model: &M,
        at: Tensor<3>,
        size: f64,
        loss: impl Fn(Tensor<2>) -> Tensor<1>,
    ) -> Tensor<3> {
        let model = held(model);
        let noise = at.detach().require_grad();
        let steps = self.steps.clone().detach() + noise.clone();
        let gradients = loss(model.head(model.hidden(steps, self.mask.clone()))).backward();
        let Some(gradient) = noise.grad(&gradients) else { return noise.zeros_like() };
        self.scaled(beside(&noise, gradient), size)
    }

    /// The noise that raises `loss` most (Miyato et al. 2017, eq. 3).
    pub fn adversarial<M: SequenceModel>(
        &self,
        model: &M,
        size: f64,
        loss: impl Fn(Tensor<2>) -> Tensor<1>,
    ) -> Tensor<3> {
        self.steepest(model, self.steps.clone().detach().zeros_like(), size, loss)
    }

    /// The noise that raises `loss` most where its gradient is zero without noise: the direction of largest curvature,
    /// by power iteration from a random one, `start` (Miyato et al. 2018, eqs. 10 to 13).
    pub fn virtual_adversarial<M: SequenceModel>(
        &self,
        model: &M,
        size: f64,
        iterations: usize,
        start: Tensor<3>,
        loss: impl Fn(Tensor<2>) -> Tensor<1>,
    ) -> Tensor<3> {
        let mut direction = self.scaled(start, PROBE);
        for iteration in 1..=iterations {
            let next = if iteration == iterations { size } else { PROBE };
            direction = self.steepest(model, direction, next, &loss);
        }
        direction
    }

    /// A direction scaled to `size` times each sequence's length, zero at padded steps.
    fn scaled(&self, direction: Tensor<3>, size: f64) -> Tensor<3> {
        let direction = real(direction, self.mask.as_ref());
        let norm = lengths(direction.clone()).clamp_min(1e-12);
        direction * (self.length.clone() / norm) * size
    }
}

/// A gradient as a constant on the device of `leaf`, gradient checkpointing included.
pub(crate) fn beside<const D: usize>(leaf: &Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
    match leaf.gradient_checkpointing_strategy() {
        Some(strategy) => gradient.autodiff().with_gradient_checkpointing_strategy(strategy),
        None => gradient,
    }
}

/// Values with zeros at padded steps.
pub(crate) fn real(values: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
    match mask {
        Some(mask) => values * mask.clone().unsqueeze_dim(2),
        None => values,
    }
}

/// The length of each sequence as one vector, `[batch, 1, 1]`.
fn lengths(values: Tensor<3>) -> Tensor<3> {
    (values.clone() * values).sum_dim(2).sum_dim(1).sqrt()
}
