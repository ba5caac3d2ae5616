//! The fused operations equal the composed ones, values and all gradients, over random sizes, masks and states;
//! and their numbers do not depend on the number of threads.

use crate::common::{accuracy, numbers, on_threads, rounding_decides, variants};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use semiseq_kernels::{
    Backend, Cell, Direction, GruReset, LstmState, RnnActivation, Weights, gru, lstm, recurrence_time, reference, rnn,
};

const CELLS: [Cell; 5] = [
    Cell::Rnn(RnnActivation::Tanh),
    Cell::Rnn(RnnActivation::Relu),
    Cell::Lstm,
    Cell::Gru(GruReset::After),
    Cell::Gru(GruReset::Before),
];

/// Sizes and seeds of one comparison.
#[derive(Clone, Copy, Debug)]
struct Case {
    cell: Cell,
    direction: Direction,
    batch: usize,
    time: usize,
    input: usize,
    hidden: usize,
    masked: bool,
    state: bool,
    seed: u64,
}

struct Operands {
    input: Tensor<3>,
    mask: Option<Tensor<2>>,
    state: Option<LstmState>,
    weights: Weights,
}

fn operands(case: Case, device: &Device) -> Operands {
    let Case { batch, time, input, hidden, seed, .. } = case;
    let rows = case.cell.gates() * hidden;
    let matrix = |salt: u64, rows: usize, columns: usize, scale: f32| {
        let values: Vec<f32> = numbers(seed + salt, rows * columns).iter().map(|value| value * scale).collect();
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
    };
    let lengths: Vec<usize> =
        numbers(seed + 1, batch).iter().map(|share| 1 + ((share.abs() * time as f32) as usize).min(time - 1)).collect();
    let mask: Vec<f32> =
        lengths.iter().flat_map(|&length| (0..time).map(move |step| f32::from(u8::from(step < length)))).collect();
    // Weights of a size at which no state saturates: a relu without bound would grow over the steps.
    let scale = 1.0 / (hidden as f32).sqrt();
    Operands {
        input: matrix(2, batch * time, input, 1.0).reshape([batch, time, input]).require_grad(),
        mask: case.masked.then(|| Tensor::from_data(TensorData::new(mask, [batch, time]), device)),
        state: case.state.then(|| LstmState {
            cell: matrix(3, batch, hidden, 1.0).require_grad(),
            hidden: matrix(4, batch, hidden, 1.0).require_grad(),
        }),
        weights: Weights {
            input: matrix(5, rows, input, scale).require_grad(),
            recurrent: matrix(6, rows, hidden, scale).require_grad(),
            input_bias: matrix(7, 1, rows, scale).reshape([rows]).require_grad(),
            recurrent_bias: matrix(8, 1, rows, scale).reshape([rows]).require_grad(),
        },
    }
}

/// Output, last states, and the gradients of all operands of a number made of all three.
fn run(case: Case, device: &Device, fused: bool) -> Vec<Vec<f32>> {
    let Operands { input, mask, state, weights } = operands(case, device);
    let (x, w, direction) = (input.clone(), weights.clone(), case.direction);
    let hidden = state.as_ref().map(|state| state.hidden.clone());
    let (output, last, memory) = match (case.cell, fused) {
        (Cell::Lstm, fused) => {
            let run = if fused { lstm } else { reference::lstm };
            let (output, last) = run(x, mask, state.clone(), w, direction);
            (output, last.hidden, Some(last.cell))
        }
        (Cell::Gru(reset), fused) => {
            let run = if fused { gru } else { reference::gru };
            let (output, last) = run(x, mask, hidden, w, reset, direction);
            (output, last, None)
        }
        (Cell::Rnn(function), fused) => {
            let run = if fused { rnn } else { reference::rnn };
            let (output, last) = run(x, mask, hidden, w, function, direction);
            (output, last, None)
        }
    };
    let floats = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
    let mut found = vec![floats(output.to_data()), floats(last.to_data())];
    found.extend(memory.iter().map(|memory| floats(memory.to_data())));
    let weigh = |values: Vec<f32>, shape: [usize; 2]| Tensor::<2>::from_data(TensorData::new(values, shape), device);
    let Case { batch, time, hidden: width, seed, .. } = case;
    let mut sum = (output.reshape([batch * time, width])
        * weigh(numbers(seed + 9, batch * time * width), [batch * time, width]))
    .sum();
    sum = sum + (last * weigh(numbers(seed + 10, batch * width), [batch, width])).sum();
    if let Some(memory) = memory {
        sum = sum + (memory * weigh(numbers(seed + 11, batch * width), [batch, width])).sum();
    }
    let gradients = sum.backward();
    found.push(floats(input.grad(&gradients).expect("tracked").into_data()));
    for matrix in [&weights.input, &weights.recurrent] {
        found.push(floats(matrix.grad(&gradients).expect("tracked").into_data()));
    }
    for bias in [&weights.input_bias, &weights.recurrent_bias] {
        found.push(floats(bias.grad(&gradients).expect("tracked").into_data()));
    }
    if let Some(state) = state {
        found.push(floats(state.hidden.grad(&gradients).expect("tracked").into_data()));
        if case.cell == Cell::Lstm {
            found.push(floats(state.cell.grad(&gradients).expect("tracked").into_data()));
        }
    }
    found
}

/// Fused equals composed, whether gates are kept for the pass back or recomputed on it.
fn assert_equal(case: Case, device: &Device) {
    let composed = run(case, device, false);
    for device in variants(device) {
        assert_close(case, &run(case, &device, true), &composed, accuracy(&device));
    }
}

fn assert_close(case: Case, fused: &[Vec<f32>], composed: &[Vec<f32>], accuracy: f32) {
    assert_eq!(fused.len(), composed.len());
    // States alone where their slopes are anybody's.
    let parts = if rounding_decides(case.cell, fused, composed) { 2 } else { fused.len() };
    for (part, (fused, composed)) in fused.iter().zip(composed).enumerate().take(parts) {
        let size = composed.iter().fold(1.0f32, |size, value| size.max(value.abs()));
        for (found, expected) in fused.iter().zip(composed) {
            let most = accuracy * size;
            assert!((found - expected).abs() <= most, "part {part}: {found} against {expected}, {case:?}");
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1usize..10, 1usize..12, 1usize..20, 1usize..40);
    let choices = (0usize..CELLS.len(), any::<bool>(), any::<bool>(), any::<bool>(), 0u64..1 << 40);
    (sizes, choices).prop_map(|((batch, time, input, hidden), (cell, backward, masked, state, seed))| Case {
        cell: CELLS[cell],
        direction: if backward { Direction::Backward } else { Direction::Forward },
        batch,
        time,
        input,
        hidden,
        masked,
        state,
        seed,
    })
}

/// Devices of the backends whose fused operation works in this process's memory.
fn devices() -> Vec<Device> {
    let cpus = Backend::compiled().into_iter().filter(|backend| ["flex", "ndarray"].contains(&backend.name()));
    cpus.map(|backend| backend.device(0).expect("a CPU").autodiff()).collect()
}

/// Devices of the backends whose fused operation is a kernel.
fn gpus() -> Vec<Device> {
    let gpus = Backend::compiled().into_iter().filter(|backend| ["wgpu", "cuda"].contains(&backend.name()));
    gpus.map(|backend| backend.device(0).expect("a GPU, or software Vulkan").autodiff()).collect()
}

#[test]
fn the_time_of_recurrences_is_counted() {
    let case = Case {
        cell: Cell::Lstm,
        direction: Direction::Forward,
        batch: 3,
        time: 5,
        input: 2,
        hidden: 4,
        masked: false,
        state: false,
        seed: 1,
    };
    for device in devices() {
        let before = recurrence_time();
        let Operands { input, weights, .. } = operands(case, &device);
        let (output, _) = lstm(input, None, None, weights, case.direction);
        let forward = recurrence_time();
        assert!(forward > before);
        output.sum().backward();
        assert!(recurrence_time() > forward);
    }
}

/// Each size compiles kernels, which takes seconds on software Vulkan: a few cases, chosen so that rows fill a cube or
/// do not, hidden units are more than its threads or fewer, and the recurrent weights fit beside the states or do not.
#[test]
fn kernels_agree() {
    let sizes = [(1, 1, 1, 1), (3, 4, 5, 7), (5, 3, 2, 40), (66, 2, 3, 33), (2, 2, 3, 300)];
    for device in gpus() {
        for (number, (batch, time, input, hidden)) in sizes.into_iter().enumerate() {
            for (place, cell) in CELLS.into_iter().enumerate() {
                let masked = (number + place) % 2 == 0;
                let direction = if number % 2 == 0 { Direction::Forward } else { Direction::Backward };
                let state = number != 2;
                assert_equal(Case { cell, direction, batch, time, input, hidden, masked, state, seed: 11 }, &device);
            }
        }
    }
}

/// Where a device's cubes can wait for each other: one cube holds all weights or many do, with hidden units that do not
/// divide among them, and batches that they take at once or in turns.
#[test]
fn kernels_of_several_cubes_agree() {
    let sizes = [(2, 5, 3, 64), (9, 7, 3, 128), (33, 4, 3, 301), (700, 3, 2, 256), (1, 40, 3, 512)];
    for backend in Backend::compiled().into_iter().filter(|backend| backend.name() == "cuda") {
        let device = backend.device(0).expect("a card").autodiff();
        for (number, (batch, time, input, hidden)) in sizes.into_iter().enumerate() {
            for (place, cell) in CELLS.into_iter().take(4).enumerate() {
                let masked = (number + place) % 2 == 0;
                let direction = if number % 2 == 0 { Direction::Forward } else { Direction::Backward };
                assert_equal(
                    Case { cell, direction, batch, time, input, hidden, masked, state: masked, seed: 5 },
                    &device,
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_sizes_masks_and_states_agree(case in cases()) {
        for device in devices() {
            assert_equal(case, &device);
        }
    }
}

/// `(batch, time, input, hidden)`: threads share the rows of the first, and the hidden units of the others; of the last
/// one thread alone takes the rows.
const SHARED: [(usize, usize, usize, usize); 4] =
    [(23, 60, 33, 70), (3, 60, 33, 300), (1, 60, 33, 200), (5, 60, 33, 110)];

fn shared(cell: Cell, (batch, time, input, hidden): (usize, usize, usize, usize), masked: bool) -> Case {
    let direction = if masked { Direction::Backward } else { Direction::Forward };
    Case { cell, direction, batch, time, input, hidden, masked, state: masked, seed: 7 }
}

#[test]
fn sizes_that_threads_share_agree() {
    for cell in CELLS {
        for size in SHARED {
            assert_equal(shared(cell, size, true), &devices()[0]);
        }
    }
}

/// As `SHARED`, and so long that the pass back makes the gates of some steps at a time.
const LONG: [(usize, usize, usize, usize); 2] = [(23, 700, 5, 70), (3, 1200, 5, 300)];

#[test]
fn sequences_that_are_taken_in_parts_agree() {
    for cell in CELLS {
        for size in LONG {
            assert_equal(shared(cell, size, true), &devices()[0]);
        }
    }
}

#[test]
fn numbers_do_not_depend_on_the_threads() {
    for cell in CELLS {
        for size in SHARED.into_iter().chain(LONG) {
            let case = shared(cell, size, false);
            let device = devices()[0].clone().gradient_checkpointing();
            let with = |threads| on_threads(threads, || run(case, &device, true));
            let one = with(1);
            assert!(one == with(2), "{case:?}");
            assert!(one == with(5), "{case:?}");
        }
    }
}
