//! Recurrent layers on top of each other, in one direction or both.

use burn::module::Module;
use burn::tensor::Tensor;
use semiseq_kernels::Direction;

use crate::cells::registry::Layer;
use crate::cells::state::State;
use crate::encoder::Encoder;
use crate::layers::dropout::Dropout;
use crate::layers::stem::Stem;

/// A stack of recurrent layers with dropout between them, and convolutions before the first where there are some.
#[derive(Module, Debug)]
pub struct RecurrentEncoder {
    stem: Option<Stem>,
    layers: Vec<Directions>,
    dropout: Dropout,
    #[module(skip)]
    hidden: usize,
}

/// One layer: forward, and backward where both directions are read.
#[derive(Module, Debug)]
struct Directions {
    forward: Layer,
    backward: Option<Layer>,
}

impl RecurrentEncoder {
    /// `layers`: one or two layers (the directions) for each level.
    pub(crate) fn new(layers: Vec<Vec<Layer>>, hidden: usize, dropout: f64, stem: Option<Stem>) -> Self {
        let layers = layers.into_iter().filter_map(|directions| {
            let mut directions = directions.into_iter();
            Some(Directions { forward: directions.next()?, backward: directions.next() })
        });
        Self { stem, layers: layers.collect(), dropout: Dropout::new(dropout), hidden }
    }

    /// With states: one a layer and direction, in PyTorch's order (layer by layer, forward first).
    ///
    /// # Shapes
    ///
    /// - input: `[batch, time, features]`, mask: `[batch, time]`, states: `[batch, hidden]` each
    /// - output: `[batch, time, hidden · directions]` and the last states
    pub fn forward_with_state(
        &self,
        input: Tensor<3>,
        mask: Option<Tensor<2>>,
        states: Option<Vec<State>>,
    ) -> (Tensor<3>, Vec<State>) {
        let mut states = states.map(Vec::into_iter);
        let mut next = || states.as_mut().and_then(Iterator::next);
        let mut last = Vec::new();
        let mut steps = match &self.stem {
            Some(stem) => stem.forward(input, mask.clone()),
            None => input,
        };
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                steps = self.dropout.forward(steps);
            }
            steps = match &layer.backward {
                Some(backward) => {
                    let states = next().zip(next()).map(<[State; 2]>::from);
                    let (output, states) = layer.forward.with_backward(backward, steps, mask.clone(), states);
                    last.extend(states);
                    output
                }
                None => {
                    let (output, state) = layer.forward.forward(steps, mask.clone(), next(), Direction::Forward);
                    last.push(state);
                    output
                }
            };
        }
        (steps, last)
    }
}

impl Encoder for RecurrentEncoder {
    fn forward(&self, input: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        self.forward_with_state(input, mask, None).0
    }

    fn forward_from(&self, input: Tensor<3>, states: Option<Vec<State>>) -> Option<(Tensor<3>, Vec<State>)> {
        // What reads backwards begins at an end that is not there yet, and a convolution sees steps of the next part.
        self.causal().then(|| self.forward_with_state(input, None, states))
    }

    fn causal(&self) -> bool {
        !self.bidirectional() && self.stem.is_none()
    }

    fn hidden(&self) -> usize {
        if self.bidirectional() { 2 * self.hidden } else { self.hidden }
    }

    fn bidirectional(&self) -> bool {
        self.layers.iter().any(|layer| layer.backward.is_some())
    }
}
