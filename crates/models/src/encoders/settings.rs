//! The trait of encoders' settings.

use burn::tensor::Device;
use semiseq_schema::Problem;

use crate::cells::registry::Layer;
use crate::cells::settings::{CellSettings, Stack};
use crate::encoder::Encoder;
use crate::encoders::recurrent::RecurrentEncoder;

/// `[model.….encoder.NAME]`.
pub(crate) trait EncoderSettings {
    /// What is built of them.
    type Encoder: Encoder;

    /// Notes every value out of range; `path` is the key of the encoder's table.
    fn check(&self, path: &str, problems: &mut Vec<Problem>);

    /// Weights of the encoder for steps of `input` features, biases left out.
    fn weights(&self, input: usize) -> u64;

    /// Builds the encoder for steps of `input` features.
    fn init(&self, input: usize, device: &Device) -> Self::Encoder;

    /// Steps that are read at once, where the sequence is read as a whole and not step by step.
    fn steps_at_once(&self) -> Option<usize> {
        None
    }

    /// Whether it reads in both directions.
    fn bidirectional(&self) -> bool {
        false
    }

    /// Whether a step's vector knows of later steps.
    fn looks_ahead(&self) -> bool {
        self.bidirectional()
    }

    /// The dropout between layers, where there is but one layer and nothing lies between.
    fn idle_dropout(&self) -> Option<f64> {
        None
    }
}

/// Any cell is an encoder: its layers on top of each other, in one direction or both.
impl<C: CellSettings> EncoderSettings for C
where
    Layer: From<C::Layer>,
{
    type Encoder = RecurrentEncoder;

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        self.stack().check(path, problems);
        self.check_own(path, problems);
    }

    fn weights(&self, input: usize) -> u64 {
        let stack = self.stack();
        stack.weights(|input| self.layer_weights(input, stack.hidden), input)
    }

    fn init(&self, input: usize, device: &Device) -> RecurrentEncoder {
        let stack = self.stack();
        let Stack { hidden, layers, dropout, ref stem, .. } = stack;
        let drawn = stem.as_ref().map(|stem| stem.init(input, device));
        let input = stem.as_ref().map_or(input, |stem| stem.output(input));
        let layer = |index: usize| {
            let input = if index == 0 { input } else { hidden * stack.directions() };
            (0..stack.directions()).map(|_| Layer::from(self.layer(input, hidden, device))).collect()
        };
        RecurrentEncoder::new((0..layers).map(layer).collect(), hidden, dropout, drawn)
    }

    fn bidirectional(&self) -> bool {
        self.stack().bidirectional
    }

    fn looks_ahead(&self) -> bool {
        self.bidirectional() || self.stack().stem.is_some()
    }

    fn idle_dropout(&self) -> Option<f64> {
        let Stack { layers, dropout, .. } = self.stack();
        (layers == 1 && dropout > 0.0).then_some(dropout)
    }
}
