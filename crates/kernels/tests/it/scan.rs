//! Recurrences that work channel by channel: the fused ones equal the composed ones, values and gradients, over random
//! sizes, masks and states; both equal plain loops in double precision; and numbers do not depend on the threads.

use crate::common::{cpu, floats, numbers, on_threads, variants};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use semiseq_kernels::{Backend, Direction, GatedCell, Numbers, gated_scan, linear_scan, reference};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Linear { numbers: Numbers, constant: bool },
    Gated(GatedCell),
}

const KINDS: [Kind; 8] = [
    Kind::Linear { numbers: Numbers::Real, constant: false },
    Kind::Linear { numbers: Numbers::Real, constant: true },
    Kind::Linear { numbers: Numbers::Complex, constant: false },
    Kind::Linear { numbers: Numbers::Complex, constant: true },
    Kind::Gated(GatedCell::MinGru),
    Kind::Gated(GatedCell::MinLstm),
    Kind::Gated(GatedCell::Qrnn),
    Kind::Gated(GatedCell::Sru),
];

#[derive(Clone, Copy, Debug)]
struct Case {
    kind: Kind,
    direction: Direction,
    batch: usize,
    time: usize,
    channels: usize,
    masked: bool,
    state: bool,
    seed: u64,
}

/// The numbers of a case: what steps bring, what belongs to channels (or `a` of each step), the state, the mask.
struct Values {
    steps: Vec<f32>,
    own: Vec<f32>,
    state: Vec<f32>,
    mask: Vec<f32>,
}

impl Case {
    /// Values of a state.
    fn width(self) -> usize {
        match self.kind {
            Kind::Linear { numbers, .. } => numbers.parts() * self.channels,
            Kind::Gated(_) => self.channels,
        }
    }

    /// Shapes of `Values::steps` and `Values::own`.
    fn shapes(self) -> ([usize; 3], [usize; 3]) {
        let (batch, time, width) = (self.batch, self.time, self.width());
        match self.kind {
            Kind::Linear { constant, .. } => {
                let own = if constant { [1, 1, width] } else { [batch, time, width] };
                ([batch, time, width], own)
            }
            Kind::Gated(cell) => ([batch, time, cell.sums() * width], [1, cell.weights(), width]),
        }
    }

    fn values(self) -> Values {
        let (steps, own) = self.shapes();
        let draw = |salt: u64, shape: [usize; 3], scale: f32| -> Vec<f32> {
            numbers(self.seed + salt, shape.iter().product()).iter().map(|value| value * scale).collect()
        };
        // Padding stands on the right, and once in the middle of a sequence.
        let shown = |place: usize| {
            let (row, step) = (place / self.time, place % self.time);
            let length = (self.seed as usize + 3 * row) % self.time + 1;
            step < length && (row != 1 || step != 1)
        };
        let decay = if matches!(self.kind, Kind::Linear { .. }) { 0.7 } else { 1.0 };
        Values {
            steps: draw(1, steps, 2.0),
            own: draw(2, own, decay),
            state: draw(3, [1, self.batch, self.width()], if self.state { 1.0 } else { 0.0 }),
            mask: (0..self.batch * self.time).map(|place| f32::from(u8::from(!self.masked || shown(place)))).collect(),
        }
    }
}

/// Output, last state, and the gradients of a number made of both.
fn run(case: Case, device: &Device, fused: bool) -> Vec<Vec<f32>> {
    let Values { steps, own, state, mask } = case.values();
    let (steps_shape, own_shape) = case.shapes();
    let Case { batch, time, direction, .. } = case;
    let tensor = |values: Vec<f32>, shape: [usize; 3]| {
        Tensor::<3>::from_data(TensorData::new(values, shape), device).require_grad()
    };
    let (steps, own) = (tensor(steps, steps_shape), tensor(own, own_shape));
    let state = tensor(state, [1, batch, case.width()]);
    let mask = case.masked.then(|| Tensor::<2>::from_data(TensorData::new(mask, [batch, time]), device));
    let given = case.state.then(|| state.clone().reshape([batch, case.width()]));
    let (output, last) = match case.kind {
        Kind::Linear { numbers, .. } => {
            let scan = if fused { linear_scan } else { reference::linear_scan };
            scan(own.clone(), steps.clone(), mask, given, numbers, direction)
        }
        Kind::Gated(cell) => {
            let scan = if fused { gated_scan } else { reference::gated_scan };
            scan(steps.clone(), mask, given, own.clone().reshape([own_shape[1], own_shape[2]]), cell, direction)
        }
    };
    let mut found = vec![floats(output.clone()), floats(last.clone())];
    let weigh = |salt: u64, shape: [usize; 3]| {
        Tensor::<3>::from_data(TensorData::new(numbers(case.seed + salt, shape.iter().product()), shape), device)
    };
    let shape = output.dims();
    let sum = (output * weigh(4, shape)).sum();
    let gradients = (sum + (last.unsqueeze_dim::<3>(0) * weigh(5, [1, batch, case.width()])).sum()).backward();
    let tracked: &[&Tensor<3>] = if case.state { &[&steps, &own, &state] } else { &[&steps, &own] };
    found.extend(tracked.iter().map(|tensor| floats(tensor.grad(&gradients).expect("tracked"))));
    found
}

/// Output and last state by plain loops.
fn loops(case: Case) -> [Vec<f64>; 2] {
    let Values { steps, own, state, mask } = case.values();
    let Case { batch, time, channels, .. } = case;
    let (width, (steps_shape, own_shape)) = (case.width(), case.shapes());
    let sigmoid = |value: f64| 1.0 / (1.0 + (-value).exp());
    let positive = |value: f64| if value >= 0.0 { value + 0.5 } else { sigmoid(value) };
    let output_width = if matches!(case.kind, Kind::Gated(_)) { channels } else { width };
    let mut output = vec![0.0; batch * time * output_width];
    let mut last: Vec<f64> = state.iter().map(|value| f64::from(*value)).collect();
    let order: Vec<usize> = match case.direction {
        Direction::Forward => (0..time).collect(),
        Direction::Backward => (0..time).rev().collect(),
    };
    for row in 0..batch {
        let state = &mut last[row * width..][..width];
        for &step in &order {
            let place = row * time + step;
            if mask[place] == 0.0 {
                continue;
            }
            let given =
                |part: usize, channel: usize| f64::from(steps[place * steps_shape[2] + part * channels + channel]);
            for channel in 0..channels {
                let own = |part: usize| match case.kind {
                    Kind::Linear { constant: false, .. } => {
                        f64::from(own[place * own_shape[2] + part * channels + channel])
                    }
                    _ => f64::from(own[part * channels + channel]),
                };
                let given = |part: usize| given(part, channel);
                let before = state[channel];
                let said = match case.kind {
                    Kind::Linear { numbers: Numbers::Real, .. } => {
                        state[channel] = own(0) * before + given(0);
                        state[channel]
                    }
                    Kind::Linear { numbers: Numbers::Complex, .. } => {
                        let im = state[channels + channel];
                        state[channel] = own(0) * before - own(1) * im + given(0);
                        state[channels + channel] = own(0) * im + own(1) * before + given(1);
                        output[place * width + channels + channel] = state[channels + channel];
                        state[channel]
                    }
                    Kind::Gated(GatedCell::MinGru) => {
                        let z = sigmoid(given(0) + own(0));
                        state[channel] = (1.0 - z) * before + z * positive(given(1) + own(1));
                        state[channel]
                    }
                    Kind::Gated(GatedCell::MinLstm) => {
                        let (f, i) = (sigmoid(given(0) + own(0)), sigmoid(given(1) + own(1)));
                        state[channel] = (f * before + i * positive(given(2) + own(2))) / (f + i);
                        state[channel]
                    }
                    Kind::Gated(GatedCell::Qrnn) => {
                        let f = sigmoid(given(1) + own(1));
                        state[channel] = f * before + (1.0 - f) * (given(0) + own(0)).tanh();
                        sigmoid(given(2) + own(2)) * state[channel]
                    }
                    Kind::Gated(GatedCell::Sru) => {
                        let f = sigmoid(given(1) + own(0) * before + own(2));
                        let r = sigmoid(given(2) + own(1) * before + own(3));
                        state[channel] = f * before + (1.0 - f) * given(0);
                        r * state[channel] + (1.0 - r) * given(3)
                    }
                };
                output[place * output_width + channel] = said;
            }
        }
    }
    [output, last]
}

fn assert_close(case: Case, found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len());
    for (part, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "part {part}, {case:?}");
        let size = expected.iter().fold(1.0f32, |size, value| size.max(value.abs()));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-5 * size, "part {part}: {found} against {expected}, {case:?}");
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1usize..9, 1usize..20, 1usize..80);
    let choices = (0..KINDS.len(), any::<bool>(), any::<bool>(), any::<bool>(), 0u64..1 << 40);
    (sizes, choices).prop_map(|((batch, time, channels), (kind, backward, masked, state, seed))| Case {
        kind: KINDS[kind],
        direction: if backward { Direction::Backward } else { Direction::Forward },
        batch,
        time,
        channels,
        masked,
        state,
        seed,
    })
}

fn devices() -> Vec<Device> {
    let all = Backend::compiled().into_iter();
    all.map(|backend| backend.device(0).expect("a compiled backend has a device").autodiff()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn fused_and_composed_agree(case in cases()) {
        let Some(device) = cpu().map(Device::autodiff) else { return Ok(()) };
        let composed = run(case, &device, false);
        for device in variants(&device) {
            assert_close(case, &run(case, &device, true), &composed);
        }
    }
}

#[test]
fn every_backend_gives_the_numbers_of_loops() {
    for device in devices() {
        for kind in KINDS {
            for (direction, masked) in [(Direction::Forward, false), (Direction::Backward, true)] {
                let case = Case { kind, direction, batch: 3, time: 11, channels: 5, masked, state: masked, seed: 40 };
                let expected = loops(case).map(|values| values.into_iter().map(|value| value as f32).collect());
                for fused in [true, false] {
                    assert_close(case, &run(case, &device, fused)[..2], &expected);
                }
            }
        }
    }
}

#[test]
fn the_numbers_are_the_same_for_any_number_of_threads() {
    let Some(device) = cpu().map(Device::autodiff) else { return };
    for kind in KINDS {
        // Threads share rows, and in the other case channels.
        for (batch, time, channels) in [(33, 40, 70), (1, 300, 200)] {
            let case =
                Case { kind, direction: Direction::Forward, batch, time, channels, masked: true, state: true, seed: 5 };
            let one = on_threads(1, || run(case, &device, true));
            for threads in [2, 5] {
                assert!(one == on_threads(threads, || run(case, &device, true)), "{case:?}");
            }
        }
    }
}

#[test]
fn gates_that_are_closed_or_wide_open_stay_numbers() {
    let Some(device) = cpu().map(Device::autodiff) else { return };
    for cell in [GatedCell::MinGru, GatedCell::MinLstm, GatedCell::Qrnn, GatedCell::Sru] {
        let values: Vec<f32> = [-1e4, -200.0, -50.0, 50.0, 200.0, 1e4].repeat(cell.sums());
        let sums: Tensor<3> = Tensor::from_data(TensorData::new(values, [1, 6, cell.sums()]), &device).require_grad();
        let weights = Tensor::<2>::zeros([cell.weights(), 1], &device);
        let (output, last) = gated_scan(sums.clone(), None, None, weights, cell, Direction::Forward);
        let gradients = (output.clone().sum() + last.sum()).backward();
        let gradient = sums.grad(&gradients).expect("tracked");
        assert!(floats(output).into_iter().chain(floats(gradient)).all(f32::is_finite), "{cell:?}");
    }
}
