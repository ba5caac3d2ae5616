//! sLSTM, minGRU, minLSTM, SRU, QRNN, LRU and S5 equal what their papers say: outputs and last states, with and without
//! padding, in one direction and both; a sequence goes on with the states that it left, and every weight learns.
//!
//! `fixtures/parallel_cells.py` made the numbers, in double precision.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use semiseq_models::{AnyEncoder, Encoder, EncoderConfig, RecurrentEncoder};
use serde_json::{Value, json};

use crate::common::{floats, numbers, seeded, tensor};

const CELLS: [&str; 7] = ["slstm", "min-gru", "min-lstm", "sru", "qrnn", "lru", "s5"];

fn encoder(config: &Value, device: &Device) -> RecurrentEncoder {
    let config: EncoderConfig = serde_json::from_value(config.clone()).expect("a config");
    match config.init(3, device) {
        AnyEncoder::Recurrent(encoder) => encoder,
        other => panic!("a recurrent encoder, not {other}"),
    }
}

fn assert_close<const D: usize>(found: Tensor<D>, expected: &Value, what: &str) {
    let (found, expected) = (floats(found), numbers(expected));
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-2f32, |most, value| most.max(value.abs()));
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!((found - expected).abs() <= 1e-5 * largest, "{what}[{place}]: {found} against {expected}");
    }
}

/// Puts the weights of a case in their places, and counts them.
struct Weights<'a> {
    case: &'a Value,
    path: Vec<String>,
    placed: usize,
}

impl ModuleMapper for Weights<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let side = self.path.iter().find(|name| ["forward", "backward"].contains(&name.as_str())).expect("a side");
        let weights = self.case["weights"][side].as_object().expect("weights");
        let path = self.path.join(".");
        let name = weights.keys().find(|name| path.ends_with(&format!(".{name}"))).expect("a weight of that name");
        self.placed += 1;
        let value: Tensor<D> = tensor(&weights[name], &param.val().device());
        assert_eq!(value.dims(), param.val().dims(), "{path}");
        param.map(|_| value)
    }
}

#[test]
fn outputs_and_states_are_those_of_the_papers() {
    let device = Device::flex();
    let _alone = seeded(&device, 1);
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/parallel_cells.json")).expect("the fixture");
    assert_eq!(cases.len(), 2 * CELLS.len());
    for case in &cases {
        let what = case["config"].to_string();
        let mut weights = Weights { case, path: Vec::new(), placed: 0 };
        let model = encoder(&case["config"], &device).map(&mut weights);
        let given = case["weights"]
            .as_object()
            .expect("sides")
            .values()
            .map(|side| side.as_object().map_or(0, |side| side.len()));
        assert_eq!(weights.placed, given.sum::<usize>(), "{what}");
        let input: Tensor<3> = tensor(&case["input"], &device);
        let [_, time, _] = input.dims();
        let mask = case["lengths"].as_array().map(|lengths| {
            let rows = lengths.iter().flat_map(|length| {
                let length = length.as_u64().expect("a length") as usize;
                (0..time).map(move |step| f32::from(u8::from(step < length)))
            });
            Tensor::<2>::from_data(TensorData::new(rows.collect::<Vec<f32>>(), [lengths.len(), time]), &device)
        });
        let (output, states) = model.forward_with_state(input, mask, None);
        assert_close(output, &case["output"], &format!("{what} output"));
        for (side, state) in states.into_iter().enumerate() {
            assert_close(state.hidden, &case["hidden"][side], &format!("{what} last state"));
            let expected = &case["cell"][side];
            assert_eq!(state.cell.is_some(), !expected.is_null(), "{what}");
            state
                .cell
                .into_iter()
                .for_each(|cell| assert_close(cell, expected, &format!("{what} what else it carries")));
        }
    }
}

#[test]
fn sequences_go_on_with_padding_and_in_both_directions() {
    let device = Device::flex();
    let _alone = seeded(&device, 2);
    for cell in CELLS {
        let model = encoder(&json!({ cell: { "hidden": 8, "layers": 2 } }), &device);
        let values = Tensor::<3>::random([2, 9, 3], Distribution::Normal(0.0, 1.0), &device);
        let whole = model.forward(values.clone(), None);
        // The first row's part ends a step early: its state waits there.
        let mask = Tensor::<2>::from_data([[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]], &device);
        let (_, states) = model.forward_with_state(values.clone().narrow(1, 0, 4), Some(mask), None);
        let states: Vec<_> = states.into_iter().collect();
        for (row, done) in [(0, 3), (1, 4)] {
            let rest = values.clone().slice([row..row + 1, done..9, 0..3]);
            let chosen = Tensor::from_data([row], &device);
            let own = states.iter().map(|state| state.select(chosen.clone())).collect();
            let (found, _) = model.forward_with_state(rest, None, Some(own));
            let expected = whole.clone().slice([row..row + 1, done..9, 0..8]);
            let (found, expected) = (floats(found), floats(expected));
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-5, "{cell} row {row}: {found} against {expected}");
            }
        }
    }
}

/// Counts the weights, and those with a gradient.
struct Learning<'a> {
    gradients: &'a burn::tensor::Gradients,
    cell: &'a str,
}

impl burn::module::ModuleVisitor for Learning<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).expect("a gradient");
        let values = floats(gradient);
        assert!(values.iter().all(|value| value.is_finite()), "{}", self.cell);
        assert!(
            values.iter().any(|value| *value != 0.0),
            "{}: a weight of {:?} does not learn",
            self.cell,
            param.val().dims()
        );
    }
}

#[test]
fn every_weight_learns() {
    let device = Device::flex().autodiff();
    let _alone = seeded(&device, 3);
    for cell in CELLS {
        let model = encoder(&json!({ cell: { "hidden": 8, "bidirectional": true } }), &device);
        let values = Tensor::<3>::random([2, 5, 3], Distribution::Normal(0.0, 1.0), &device);
        let output = model.forward(values, None);
        let weight = Tensor::<3>::random([2, 5, 16], Distribution::Normal(0.0, 1.0), &device);
        let gradients = (output * weight).sum().backward();
        model.visit(&mut Learning { gradients: &gradients, cell });
    }
}

#[test]
fn settings_out_of_range_are_told() {
    let cases = [
        (json!({ "slstm": { "hidden": 6, "heads": 4 } }), "model.slstm.heads"),
        (json!({ "qrnn": { "width": 0 } }), "model.qrnn.width"),
        (json!({ "lru": { "radius_min": 0.5, "radius_max": 1.0 } }), "model.lru.radius_max"),
        (json!({ "lru": { "radius_min": -0.5 } }), "model.lru.radius_min"),
        (json!({ "lru": { "max_phase": 7.0 } }), "model.lru.max_phase"),
        (json!({ "s5": { "state": 30, "blocks": 4 } }), "model.s5.state"),
        (json!({ "s5": { "step_min": 0.2 } }), "model.s5.step_max"),
        (json!({ "s5": { "step_min": 0.0 } }), "model.s5.step_min"),
    ];
    for (config, key) in cases {
        let config: EncoderConfig = serde_json::from_value(config).expect("a config");
        let mut problems = Vec::new();
        config.check("model", &mut problems);
        let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, [key], "{problems:?}");
    }
}
