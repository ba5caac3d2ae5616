//! One layer in one direction or in both: what reads the same input and writes side by side.
//!
//! Directions run one after the other with all threads, or, where a step has so little to share that threads would
//! mostly wait for each other, at once with some threads each.

use rayon::prelude::*;

use super::backward::{self, Incoming, InputGradient, Outgoing};
use super::forward::{self, Keep, Operands, Outputs};
use super::panels::Target;
use super::plan::at_once;
use super::thread_team::Shared;
use super::weight_sums::WeightGradients;
use super::zeros::zeros;
use super::{Layer, Matrices, Saved};

/// What a pass forward reads.
#[derive(Clone, Copy)]
pub(crate) struct Bundle<'a> {
    /// `[batch, time, input]`
    pub input: &'a [f32],
    /// `[batch, time]`
    pub mask: Option<&'a [f32]>,
    /// `[directions, batch, hidden]`
    pub hidden: &'a [f32],
    /// `[directions, batch, hidden]`, read for an LSTM
    pub memory: &'a [f32],
    /// Of each direction.
    pub weights: &'a [Matrices<'a>],
}

/// What a pass forward gives.
pub(crate) struct Passed {
    /// `[batch, time, directions · hidden]`
    pub output: Vec<f32>,
    /// `[directions, batch, hidden]`
    pub hidden: Vec<f32>,
    /// `[directions, batch, hidden]`, of an LSTM
    pub memory: Option<Vec<f32>>,
    /// Of each direction, where it is kept.
    pub saved: Vec<Saved>,
}

/// Runs the layers, which differ in their direction, over the whole sequence.
pub(crate) fn forward(layers: &[Layer], bundle: Bundle<'_>, keep: Keep) -> Passed {
    let Layer { batch, time, hidden, .. } = layers[0];
    let (size, stride) = (batch * hidden, layers.len() * hidden);
    let mut output = zeros(batch * time * stride);
    let values = Shared::new(&mut output);
    let run = |(place, layer): (usize, Layer)| {
        let state = place * size..(place + 1) * size;
        // What is not read has any length.
        let memory = if layer.cell.has_memory() { &bundle.memory[state.clone()] } else { &[] };
        let Bundle { input, mask, .. } = bundle;
        let operands = Operands { input, mask, hidden: &bundle.hidden[state], memory, weights: bundle.weights[place] };
        let outputs = Outputs { values, first: place * hidden, stride };
        // SAFETY: each layer has columns of its own, and nobody reads them before all are done.
        unsafe { forward::forward(layer, operands, keep, outputs) }
    };
    let found: Vec<_> = if at_once(layers[0], layers.len()) {
        let of_each = |layer: &Layer| Layer { threads: (layer.threads / layers.len()).max(1), ..*layer };
        layers.par_iter().map(of_each).enumerate().map(run).collect()
    } else {
        layers.iter().copied().enumerate().map(run).collect()
    };
    let memory: Option<Vec<_>> = found.iter().map(|found| found.memory.as_deref()).collect();
    Passed {
        hidden: found.iter().flat_map(|found| &found.hidden).copied().collect(),
        memory: memory.map(|memory| memory.concat()),
        saved: found.into_iter().filter_map(|found| found.saved).collect(),
        output,
    }
}

/// The gradients that come in.
#[derive(Clone, Copy)]
pub(crate) struct Gradient<'a> {
    /// `[batch, time, directions · hidden]`
    pub output: &'a [f32],
    /// `[directions, batch, hidden]`, of the last states
    pub hidden: Option<&'a [f32]>,
    /// `[directions, batch, hidden]`, of an LSTM's last memories
    pub memory: Option<&'a [f32]>,
}

/// The gradients that go out, in the shapes of what they belong to.
pub(crate) struct Gradients {
    pub input: Option<Vec<f32>>,
    pub hidden: Vec<f32>,
    pub memory: Option<Vec<f32>>,
    /// Of each direction.
    pub weights: Vec<WeightGradients>,
}

/// Gradients of the layers; `input` says whether the input's is asked for.
pub(crate) fn backward(saved: Vec<Saved>, weights: &[Matrices<'_>], gradient: Gradient<'_>, input: bool) -> Gradients {
    let layers: Vec<Layer> = saved.iter().map(|saved| saved.layer).collect();
    let Layer { batch, time, hidden, input: width, .. } = layers[0];
    let (size, stride) = (batch * hidden, layers.len() * hidden);
    let run = |place: usize, saved: Saved, values: &mut [f32], mode: Target| {
        let own = |states: Option<&'_ [f32]>| states.map(|states| states[place * size..][..size].to_vec());
        let (last, memory) = (own(gradient.hidden), own(gradient.memory));
        let incoming = Incoming {
            output: gradient.output,
            first: place * hidden,
            stride,
            hidden: last.as_deref(),
            memory: memory.as_deref(),
        };
        backward::backward(saved, weights[place], incoming, input.then_some(InputGradient { values, mode }))
    };
    let fresh = || zeros(if input { batch * time * width } else { 0 });
    let (grad_input, found): (Vec<f32>, Vec<Outgoing>) = if at_once(layers[0], layers.len()) {
        let run = |(place, saved)| {
            let mut values = fresh();
            let found = run(place, saved, &mut values, Target::Replace);
            (values, found)
        };
        let (grads, found): (Vec<_>, Vec<_>) = saved.into_par_iter().enumerate().map(run).unzip();
        let sum = grads.into_iter().reduce(|mut sum, grad| {
            sum.iter_mut().zip(grad).for_each(|(sum, value)| *sum += value);
            sum
        });
        (sum.unwrap_or_default(), found)
    } else {
        let mut grad_input = fresh();
        let mode = |place: usize| if place == 0 { Target::Replace } else { Target::Add };
        let run = |(place, saved)| run(place, saved, &mut grad_input, mode(place));
        let found = saved.into_iter().enumerate().map(run).collect();
        (grad_input, found)
    };
    let memory: Option<Vec<_>> = found.iter().map(|found| found.memory.as_deref()).collect();
    Gradients {
        input: input.then_some(grad_input),
        hidden: found.iter().flat_map(|found| &found.hidden).copied().collect(),
        memory: memory.map(|memory| memory.concat()),
        weights: found.into_iter().map(|found| found.weights).collect(),
    }
}
