//! Mixtures of sequences (mixup, Zhang et al. 2018), as MixMatch and its kin train on them.
//!
//! Series are mixed step by step as the encoder reads them; the padded end of a shorter one counts as zeros. Texts have
//! no step in common, so their vectors are mixed before the head, as in MixText (Chen et al. 2020).

use burn::tensor::{Device, Int, Tensor};
use semiseq_models::{InputSize, SequenceModel, Sequences};

use crate::parts::random::Draws;

/// Which row is mixed with which, and how much of each.
pub struct Mixture {
    /// How much of a row is its own, `[rows, 1]`
    shares: Tensor<2>,
    /// The row that it is mixed with, `[rows]`
    partners: Tensor<1, Int>,
}

impl Mixture {
    /// Shares `[rows, 1]` of the rows' own, and the row that each is mixed with, `[rows]`.
    pub fn new(shares: Tensor<2>, partners: Tensor<1, Int>) -> Self {
        Self { shares, partners }
    }

    /// One share for all rows, `λ ~ Beta(alpha, alpha)`, and a partner a row (Zhang et al. 2018).
    pub(crate) fn draw_alike(alpha: f64, rows: usize, draws: &mut Draws, device: &Device) -> Self {
        let share = draws.beta(alpha) as f32;
        Self::new(Tensor::full([rows, 1], share, device), draws.order(rows, device))
    }

    /// A share and a partner a row: `max(λ, 1 - λ)` with `λ ~ Beta(alpha, alpha)`.
    pub(crate) fn draw(alpha: f64, rows: usize, draws: &mut Draws, device: &Device) -> Self {
        Self::new(draws.shares(alpha, rows, device), draws.order(rows, device))
    }

    /// Mixes rows, `[rows, columns]`.
    pub fn rows(&self, values: Tensor<2>) -> Tensor<2> {
        let partners = values.clone().select(0, self.partners.clone());
        values * self.shares.clone() + partners * (self.shares.clone().neg() + 1.0)
    }

    /// Logits of the mixed sequences, `[rows, outputs]`.
    pub fn logits<M: SequenceModel>(&self, model: &M, parts: Vec<Sequences>) -> Tensor<2> {
        match model.input_size() {
            InputSize::Tokens(_) => {
                let hidden = parts.into_iter().map(|part| {
                    let mask = part.mask.clone();
                    model.hidden(model.embed(part), mask)
                });
                model.head(self.rows(Tensor::cat(hidden.collect(), 0)))
            }
            InputSize::Values(_) => {
                let (steps, mask) = side_by_side(model, parts);
                let [rows, time, width] = steps.dims();
                let steps = self.rows(steps.reshape([rows, time * width])).reshape([rows, time, width]);
                // A mixture is as long as the longer of the two.
                let mask = mask.map(|mask| mask.clone().max_pair(mask.select(0, self.partners.clone())));
                model.head(model.hidden(steps, mask))
            }
        }
    }
}

/// What the encoder reads of several batches, padded to the longest: `[rows, time, width]` and the mask.
fn side_by_side<M: SequenceModel>(model: &M, parts: Vec<Sequences>) -> (Tensor<3>, Option<Tensor<2>>) {
    let longest = parts.iter().map(|part| part.dims()[1]).max().unwrap_or(0);
    let padded = parts.iter().any(|part| part.mask.is_some() || part.dims()[1] < longest);
    let mut steps = Vec::new();
    let mut masks = Vec::new();
    for part in parts {
        let [batch, time] = part.dims();
        let mask = part.mask.clone();
        let read = model.embed(part);
        let (device, [_, _, width]) = (read.device(), read.dims());
        let mask = mask.unwrap_or_else(|| Tensor::ones([batch, time], &device));
        let missing = longest - time;
        if missing == 0 {
            steps.push(read);
            masks.push(mask);
        } else {
            steps.push(Tensor::cat(vec![read, Tensor::zeros([batch, missing, width], &device)], 1));
            masks.push(Tensor::cat(vec![mask, Tensor::zeros([batch, missing], &device)], 1));
        }
    }
    (Tensor::cat(steps, 0), padded.then(|| Tensor::cat(masks, 0)))
}

/// `p^{1/T}`, scaled to sum 1. Both `[rows, classes]` (Berthelot et al. 2019, eq. 7).
pub fn sharpened(probabilities: Tensor<2>, temperature: f64) -> Tensor<2> {
    let powers = probabilities.clamp_min(1e-12).powf_scalar(1.0 / temperature);
    powers.clone() / powers.sum_dim(1)
}

/// Labels as distributions, zeros where they are unknown, `[rows, count]`. Both `[rows]`.
pub(crate) fn labels(classes: Tensor<1, Int>, known: Tensor<1>, count: usize) -> Tensor<2> {
    one_hot(classes, count) * known.unsqueeze_dim(1)
}

/// Classes as distributions, `[rows, classes]`.
pub(crate) fn one_hot(classes: Tensor<1, Int>, count: usize) -> Tensor<2> {
    classes.one_hot::<2>(count).float()
}
