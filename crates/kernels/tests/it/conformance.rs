//! Every backend of this build gives the numbers of plain loops in double precision, values and gradients.
//!
//! The gradient is checked against finite differences of the loops, so that neither side is built from the
//! other. Sizes are tiny: on software Vulkan each new shape compiles kernels.

use crate::common::accuracy;
use burn::tensor::{Device, Tensor, TensorData};
use semiseq_kernels::{Backend, Cell, Direction, GruReset, LstmState, RnnActivation, Weights, gru, lstm, rnn};

const BATCH: usize = 2;
const TIME: usize = 3;
const INPUT: usize = 2;
const HIDDEN: usize = 3;
/// Real steps of each sequence.
const LENGTHS: [usize; BATCH] = [3, 2];

const CELLS: [Cell; 5] = [
    Cell::Rnn(RnnActivation::Tanh),
    Cell::Rnn(RnnActivation::Relu),
    Cell::Lstm,
    Cell::Gru(GruReset::After),
    Cell::Gru(GruReset::Before),
];

/// All numbers of a case: input, weights, biases and the initial state.
#[derive(Clone)]
struct Case {
    input: Vec<f64>,
    weight_ih: Vec<f64>,
    weight_hh: Vec<f64>,
    bias_ih: Vec<f64>,
    bias_hh: Vec<f64>,
    hidden: Vec<f64>,
    cell: Vec<f64>,
}

impl Case {
    fn new(gates: usize) -> Self {
        let mut place = 0u32;
        let mut draw = |count: usize| -> Vec<f64> {
            (0..count)
                .map(|_| {
                    place += 1;
                    (f64::from(place * 37 % 101) / 101.0 - 0.5) * 1.6
                })
                .collect()
        };
        Self {
            input: draw(BATCH * TIME * INPUT),
            weight_ih: draw(gates * HIDDEN * INPUT),
            weight_hh: draw(gates * HIDDEN * HIDDEN),
            bias_ih: draw(gates * HIDDEN),
            bias_hh: draw(gates * HIDDEN),
            hidden: draw(BATCH * HIDDEN),
            cell: draw(BATCH * HIDDEN),
        }
    }

    fn parts(&mut self) -> [&mut Vec<f64>; 7] {
        [
            &mut self.input,
            &mut self.weight_ih,
            &mut self.weight_hh,
            &mut self.bias_ih,
            &mut self.bias_hh,
            &mut self.hidden,
            &mut self.cell,
        ]
    }
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

/// Output `[batch, time, hidden]` by plain loops.
fn loops(cell: Cell, direction: Direction, case: &Case) -> Vec<f64> {
    let mut output = vec![0.0; BATCH * TIME * HIDDEN];
    for row in 0..BATCH {
        let mut hidden = case.hidden[row * HIDDEN..(row + 1) * HIDDEN].to_vec();
        let mut memory = case.cell[row * HIDDEN..(row + 1) * HIDDEN].to_vec();
        let steps: Vec<usize> = match direction {
            Direction::Forward => (0..LENGTHS[row]).collect(),
            Direction::Backward => (0..LENGTHS[row]).rev().collect(),
        };
        for step in steps {
            let x = &case.input[(row * TIME + step) * INPUT..][..INPUT];
            let from_input = |gate: usize, unit: usize| {
                let place = gate * HIDDEN + unit;
                case.bias_ih[place]
                    + (0..INPUT).map(|feature| case.weight_ih[place * INPUT + feature] * x[feature]).sum::<f64>()
            };
            let from_state = |gate: usize, unit: usize, state: &[f64]| {
                let place = gate * HIDDEN + unit;
                case.bias_hh[place]
                    + (0..HIDDEN).map(|other| case.weight_hh[place * HIDDEN + other] * state[other]).sum::<f64>()
            };
            let sum = |gate: usize, unit: usize| from_input(gate, unit) + from_state(gate, unit, &hidden);
            let new: Vec<f64> = match cell {
                Cell::Rnn(RnnActivation::Tanh) => (0..HIDDEN).map(|unit| sum(0, unit).tanh()).collect(),
                Cell::Rnn(RnnActivation::Relu) => (0..HIDDEN).map(|unit| sum(0, unit).max(0.0)).collect(),
                Cell::Lstm => {
                    let next: Vec<f64> = (0..HIDDEN)
                        .map(|unit| sigmoid(sum(1, unit)) * memory[unit] + sigmoid(sum(0, unit)) * sum(2, unit).tanh())
                        .collect();
                    let new = (0..HIDDEN).map(|unit| sigmoid(sum(3, unit)) * next[unit].tanh()).collect();
                    memory = next;
                    new
                }
                Cell::Gru(reset) => {
                    let gated: Vec<f64> = (0..HIDDEN).map(|unit| sigmoid(sum(0, unit)) * hidden[unit]).collect();
                    (0..HIDDEN)
                        .map(|unit| {
                            let state = match reset {
                                GruReset::After => sigmoid(sum(0, unit)) * from_state(2, unit, &hidden),
                                GruReset::Before => from_state(2, unit, &gated),
                            };
                            let candidate = (from_input(2, unit) + state).tanh();
                            let update = sigmoid(sum(1, unit));
                            (1.0 - update) * candidate + update * hidden[unit]
                        })
                        .collect()
                }
            };
            hidden = new;
            output[(row * TIME + step) * HIDDEN..][..HIDDEN].copy_from_slice(&hidden);
        }
    }
    output
}

/// A number whose gradient differs at each place of the output.
fn loss(output: &[f64]) -> f64 {
    output.iter().enumerate().map(|(place, value)| value * (1.0 + place as f64).sin()).sum()
}

fn tensor<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device).require_grad()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn assert_close(found: &[f64], expected: &[f64], allowed: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= allowed * expected.abs().max(1.0),
            "{what}[{place}]: {found} against {expected}"
        );
    }
}

fn check(cell: Cell, direction: Direction, device: &Device, what: &str) {
    let gates = cell.gates();
    let mut case = Case::new(gates);
    let input = tensor(&case.input, [BATCH, TIME, INPUT], device);
    let weights = Weights {
        input: tensor(&case.weight_ih, [gates * HIDDEN, INPUT], device),
        recurrent: tensor(&case.weight_hh, [gates * HIDDEN, HIDDEN], device),
        input_bias: tensor(&case.bias_ih, [gates * HIDDEN], device),
        recurrent_bias: tensor(&case.bias_hh, [gates * HIDDEN], device),
    };
    let hidden = tensor(&case.hidden, [BATCH, HIDDEN], device);
    let memory = tensor(&case.cell, [BATCH, HIDDEN], device);
    let mask: Vec<f32> =
        LENGTHS.iter().flat_map(|length| (0..TIME).map(move |step| f32::from(u8::from(step < *length)))).collect();
    let mask = Some(Tensor::<2>::from_data(TensorData::new(mask, [BATCH, TIME]), device));
    let output = match cell {
        Cell::Rnn(function) => rnn(input.clone(), mask, Some(hidden.clone()), weights.clone(), function, direction).0,
        Cell::Gru(reset) => gru(input.clone(), mask, Some(hidden.clone()), weights.clone(), reset, direction).0,
        Cell::Lstm => {
            let state = LstmState { cell: memory.clone(), hidden: hidden.clone() };
            lstm(input.clone(), mask, Some(state), weights.clone(), direction).0
        }
    };
    let accuracy = f64::from(accuracy(device));
    assert_close(&floats(output.clone()), &loops(cell, direction, &case), accuracy, &format!("{what} output"));

    let factors: Vec<f64> = (0..BATCH * TIME * HIDDEN).map(|place| (1.0 + place as f64).sin()).collect();
    let factors = tensor(&factors, [BATCH, TIME, HIDDEN], device).detach();
    let gradients = (output * factors).sum().backward();
    let found = [
        input.grad(&gradients).map(floats),
        weights.input.grad(&gradients).map(floats),
        weights.recurrent.grad(&gradients).map(floats),
        weights.input_bias.grad(&gradients).map(floats),
        weights.recurrent_bias.grad(&gradients).map(floats),
        hidden.grad(&gradients).map(floats),
        memory.grad(&gradients).map(floats),
    ];
    const STEP: f64 = 1e-5;
    for (part, found) in found.into_iter().enumerate() {
        // Only the LSTM has a cell, whose gradient would be absent otherwise.
        let Some(found) = found else {
            assert!(part == 6 && !matches!(cell, Cell::Lstm), "{what}: no gradient of part {part}");
            continue;
        };
        let expected: Vec<f64> = (0..found.len())
            .map(|place| {
                let mut at = |change: f64| {
                    case.parts()[part][place] += change;
                    let value = loss(&loops(cell, direction, &case));
                    case.parts()[part][place] -= change;
                    value
                };
                (at(STEP) - at(-STEP)) / (2.0 * STEP)
            })
            .collect();
        assert_close(&found, &expected, 2.0 * accuracy, &format!("{what} gradient of part {part}"));
    }
}

#[test]
fn every_backend_gives_the_numbers_of_plain_loops() {
    let backends = Backend::compiled();
    assert!(!backends.is_empty());
    for backend in backends
        .into_iter()
        .filter(|backend| backend.name() != "cuda" || std::env::var_os("SEMISEQ_TEST_CUDA").is_some())
    {
        let device = backend.device(0).expect("a device").autodiff();
        for cell in CELLS {
            for direction in [Direction::Forward, Direction::Backward] {
                check(cell, direction, &device, &format!("{backend} {cell:?} {direction:?}"));
            }
        }
    }
}

#[test]
fn one_step_and_one_sequence_work() {
    let device = Backend::compiled()[0].device(0).expect("a device");
    let weights = Weights {
        input: Tensor::ones([4, 1], &device),
        recurrent: Tensor::ones([4, 1], &device),
        input_bias: Tensor::zeros([4], &device),
        recurrent_bias: Tensor::zeros([4], &device),
    };
    let (output, state) = lstm(Tensor::ones([1, 1, 1], &device), None, None, weights, Direction::Backward);
    // i = o = σ(1), g = tanh(1): h = σ(1) · tanh(σ(1) · tanh(1)).
    let expected = sigmoid(1.0) * (sigmoid(1.0) * 1f64.tanh()).tanh();
    assert_close(&floats(output), &[expected], 1e-5, "output");
    assert_close(&floats(state.hidden), &[expected], 1e-5, "state");
}
