//! The recurrent encoder equals PyTorch's `nn.RNN`, `nn.LSTM` and `nn.GRU`: outputs, last states and
//! gradients, for one and two layers, one and both directions, with and without padding.
//!
//! `fixtures/torch_recurrent.py` made the numbers, in double precision.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use semiseq_models::{Activation, AnyEncoder, EncoderConfig, GruConfig, LstmConfig, RecurrentEncoder, RnnConfig};
use serde_json::Value;

use crate::common::{floats, numbers, seeded, tensor};

const HIDDEN: usize = 3;

/// Equal within 1e-5 of the value, or of the largest value of the tensor where that is close to zero.
fn assert_close<const D: usize>(found: Tensor<D>, expected: &Value, what: &str) {
    let found = floats(found);
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let allowed = 1e-5 * expected.abs().max(0.1 * largest).max(1e-2);
        assert!((found - expected).abs() <= allowed, "{what}[{place}]: {found} against {expected}");
    }
}

fn encoder(case: &Value, device: &Device) -> RecurrentEncoder {
    let layers = case["layers"].as_u64().expect("layers") as usize;
    let bidirectional = case["bidirectional"].as_bool().expect("bidirectional");
    let rnn = |activation| {
        EncoderConfig::Rnn(RnnConfig { hidden: HIDDEN, layers, bidirectional, dropout: 0.0, stem: None, activation })
    };
    let config = match case["cell"].as_str().expect("cell") {
        "rnn-tanh" => rnn(Activation::Tanh),
        "rnn-relu" => rnn(Activation::Relu),
        "lstm" => EncoderConfig::Lstm(LstmConfig { hidden: HIDDEN, layers, bidirectional, ..Default::default() }),
        _ => EncoderConfig::Gru(GruConfig { hidden: HIDDEN, layers, bidirectional, ..Default::default() }),
    };
    match config.init(3, device) {
        AnyEncoder::Recurrent(encoder) => encoder,
        other => panic!("a recurrent encoder, not {other}"),
    }
}

/// Walks the parameters in PyTorch's order: layer by layer, forward first.
struct Weights<'a> {
    case: &'a Value,
    path: Vec<String>,
    gradients: Option<&'a burn::tensor::Gradients>,
}

impl Weights<'_> {
    fn torch_name(&self) -> String {
        let name = self.path.last().expect("a name");
        let layer = self.path.iter().find(|part| part.parse::<usize>().is_ok()).expect("a layer");
        let reverse = if self.path.iter().any(|part| part == "backward") { "_reverse" } else { "" };
        format!("{name}_l{layer}{reverse}")
    }
}

impl burn::module::ModuleMapper for Weights<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.torch_name();
        if let Some(gradients) = self.gradients {
            let gradient = param.val().grad(gradients).expect("a gradient");
            assert_close(
                gradient,
                &self.case["weight_grads"][&name],
                &format!("{} gradient of {name}", label(self.case)),
            );
            return param;
        }
        let device = param.val().device();
        let value: Tensor<D> = tensor(&self.case["weights"][&name], &device);
        param.map(|_| value.require_grad())
    }
}

fn label(case: &Value) -> String {
    format!(
        "{} layers {} bidirectional {} lengths {}",
        case["cell"], case["layers"], case["bidirectional"], case["lengths"]
    )
}

#[test]
fn outputs_states_and_gradients_equal_pytorch() {
    use burn::module::Module;
    let device = Device::flex().autodiff();
    let _alone = seeded(&device, 1);
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/torch_recurrent.json")).expect("the fixture");
    assert_eq!(cases.len(), 32);
    for case in &cases {
        let what = label(case);
        let model = encoder(case, &device).map(&mut Weights { case, path: Vec::new(), gradients: None });
        let input: Tensor<3> = tensor::<3>(&case["input"], &device).require_grad();
        let [_, time, _] = input.dims();
        let mask = case["lengths"].as_array().map(|lengths| {
            let rows = lengths.iter().flat_map(|length| {
                let length = length.as_u64().expect("a length") as usize;
                (0..time).map(move |step| if step < length { 1.0f32 } else { 0.0 })
            });
            Tensor::<2>::from_data(TensorData::new(rows.collect::<Vec<f32>>(), [lengths.len(), time]), &device)
        });
        let (output, states) = model.forward_with_state(input.clone(), mask, None);
        assert_close(output.clone(), &case["output"], &format!("{what} output"));
        let hidden: Tensor<3> = Tensor::stack(states.iter().map(|state| state.hidden.clone()).collect(), 0);
        assert_close(hidden.clone(), &case["hidden"], &format!("{what} last state"));

        let count = output.shape().num_elements();
        let weight: Vec<f32> = (0..count).map(|place| (place as f64).sin() as f32).collect();
        let weight = Tensor::<3>::from_data(TensorData::new(weight, output.dims()), &device);
        let mut loss = (output * weight).sum() + (hidden.clone() * hidden).sum();
        let cells: Vec<Tensor<2>> = states.into_iter().filter_map(|state| state.cell).collect();
        if !cells.is_empty() {
            let cell: Tensor<3> = Tensor::stack(cells, 0);
            assert_close(cell.clone(), &case["memory"], &format!("{what} last cell"));
            loss = loss + cell.cos().sum();
        }
        let gradients = loss.backward();
        assert_close(
            input.grad(&gradients).expect("a gradient"),
            &case["input_grad"],
            &format!("{what} gradient of the input"),
        );
        model.map(&mut Weights { case, path: Vec::new(), gradients: Some(&gradients) });
    }
}
