//! What a generative objective is asked to make, and how a token is drawn.

use burn::tensor::{Device, Int, Tensor};

use crate::parts::random::Draws;

/// An order for samples.
pub struct Request<'a> {
    /// Steps of each sample; one sample a number.
    pub lengths: &'a [usize],
    /// The first token of each sample, for models that only go on; empty for values.
    pub openings: &'a [i32],
    /// Samples of one class, where the objective knows classes.
    pub class: Option<usize>,
    /// The first number that stands for a word: those below, padding and the unknown word, are never drawn.
    pub first_word: usize,
    /// Divides the logits of tokens: below 1 likelier words, above 1 wilder ones.
    pub temperature: f64,
    /// Seeds all draws.
    pub seed: u64,
    /// Where to compute; off the autodiff device.
    pub device: &'a Device,
}

impl Request<'_> {
    /// Samples asked for.
    pub fn count(&self) -> usize {
        self.lengths.len()
    }

    /// Steps of the longest sample.
    pub fn time(&self) -> usize {
        self.lengths.iter().copied().max().unwrap_or(0)
    }
}

/// Draws words from logits at a temperature.
pub(crate) struct Picker<'a> {
    draws: Draws,
    first_word: usize,
    temperature: f64,
    device: &'a Device,
}

impl<'a> Picker<'a> {
    pub fn new(request: &'a Request<'_>) -> Self {
        // Another stream than that of the latent vectors.
        Self {
            draws: Draws::new(request.seed ^ 1),
            first_word: request.first_word,
            temperature: request.temperature,
            device: request.device,
        }
    }

    /// Tokens `[batch]` from logits `[batch, vocabulary]`: the largest of logits with Gumbel noise is a draw from their
    /// softmax.
    pub fn pick(&mut self, logits: Tensor<2>) -> Tensor<1, Int> {
        let [batch, vocabulary] = logits.dims();
        // A vocabulary without a word gives what it has.
        let first = self.first_word.min(vocabulary - 1);
        let words = (logits / self.temperature).narrow(1, first, vocabulary - first);
        let noise = self.draws.gumbel([batch, vocabulary - first], self.device);
        (words + noise).argmax(1).reshape([batch]) + first as i64
    }
}
