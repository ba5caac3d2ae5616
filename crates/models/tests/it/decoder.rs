//! Decoders without attention, with Bahdanau's and with Luong's equal PyTorch's numbers: outputs and gradients, with
//! the true step before each and with some of the decoder's own.
//!
//! `fixtures/torch_decoder.py` made the numbers, in double precision.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use semiseq_models::{
    AttentionKind, DecoderSource, Feeding, Input, InputSize, SequenceDecoder, SequenceDecoderConfig, Sequences,
};
use serde_json::Value;

use crate::common::{data, floats, numbers, seeded, tensor};

fn assert_close<const D: usize>(found: Tensor<D>, expected: &Value, what: &str) {
    let found = floats(found);
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!(
            (found - expected).abs() <= 1e-5 * expected.abs().max(1.0),
            "{what}[{place}]: {found} against {expected}"
        );
    }
}

/// Puts the fixture's weights in place, or checks their gradients.
struct Weights<'a> {
    case: &'a Value,
    path: Vec<String>,
    gradients: Option<&'a Gradients>,
}

impl ModuleMapper for Weights<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // The cell is a variant of an enum, whose name is no part of the fixture's.
        let name = self.path.iter().filter(|part| *part != "Lstm").cloned().collect::<Vec<_>>().join(".");
        if let Some(gradients) = self.gradients {
            let gradient = param.val().grad(gradients).expect("a gradient");
            assert_close(gradient, &self.case["weight_grads"][&name], &format!("gradient of {name}"));
            return param;
        }
        let value: Tensor<D> = tensor(&self.case["weights"][&name], &param.val().device());
        param.map(|_| value.require_grad())
    }
}

fn decoder(case: &Value, device: &Device) -> SequenceDecoder {
    let attention = serde_json::from_value(case["attention"].clone()).expect("an attention");
    let input = if tokens(case) { InputSize::Tokens(6) } else { InputSize::Values(2) };
    let config = SequenceDecoderConfig { hidden: 4, embedding: 2, reversed: false, teacher_forcing: true, attention };
    config.init(3, input, device).map(&mut Weights { case, path: Vec::new(), gradients: None })
}

fn tokens(case: &Value) -> bool {
    case["target"][0][0].is_number()
}

#[test]
fn outputs_and_gradients_equal_pytorch() {
    let device = Device::flex().autodiff();
    let _alone = seeded(&device, 1);
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/torch_decoder.json")).expect("JSON");
    let mask: Tensor<2> = tensor(&fixture["source_mask"], &device);
    for case in fixture["cases"].as_array().expect("cases") {
        let what = format!("{} tokens {} sampled {}", case["attention"], tokens(case), case["sampled"]);
        let decoder = decoder(case, &device);
        let pooled = tensor::<2>(&case["pooled"], &device).require_grad();
        let states = tensor::<3>(&case["states"], &device).require_grad();
        let input = if tokens(case) {
            Input::Tokens(Tensor::<2, Int>::from_data(data::<2>(&case["target"]).convert::<i32>(), &device))
        } else {
            Input::Values(tensor(&case["target"], &device))
        };
        let memory = decoder.remember(|| states.clone(), Some(mask.clone()));
        assert_eq!(memory.is_some(), case["attention"] != "none", "{what}");
        let source = DecoderSource { pooled: pooled.clone(), memory };
        let truth = case["sampled"].as_bool().expect("a flag").then(|| tensor(&case["truth"], &device));
        let output =
            decoder.forward_with(source, &Sequences { input, mask: None }, Feeding { shown: None, truth }).whole();
        assert_close(output.clone(), &case["output"], &what);

        let sines: Vec<f32> = (0..output.shape().num_elements()).map(|place| (place as f32).sin()).collect();
        let weight = Tensor::<3>::from_data(TensorData::new(sines, output.dims()), &device);
        let gradients = (output * weight).sum().backward();
        assert_close(pooled.grad(&gradients).expect("a gradient"), &case["pooled_grad"], &format!("{what}: pooled"));
        if !case["states_grad"].is_null() {
            let found = states.grad(&gradients).expect("a gradient");
            assert_close(found, &case["states_grad"], &format!("{what}: states"));
        }
        decoder.map(&mut Weights { case, path: Vec::new(), gradients: Some(&gradients) });
    }
}

#[test]
fn attention_weights_sum_to_one_and_leave_padding_out() {
    let device = Device::flex();
    let _alone = seeded(&device, 2);
    let mask = Tensor::<2>::from_data([[1.0f32, 1.0, 1.0], [1.0, 0.0, 0.0]], &device);
    let states = Tensor::<3>::from_data(
        [[[0.1f32, 0.2], [0.4, -0.3], [0.9, 0.5]], [[0.7, 0.1], [9.0, 9.0], [9.0, 9.0]]],
        &device,
    );
    for kind in [AttentionKind::Bahdanau, AttentionKind::Luong] {
        let attention = kind.init(4, 2, &device).expect("an attention");
        let memory = attention.memory(states.clone(), Some(mask.clone()));
        let (context, weights) = attention.look(Tensor::<3>::ones([2, 5, 4], &device), &memory);
        let sums = floats(weights.clone().sum_dim(2));
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6), "{sums:?}");
        let weights = floats(weights);
        assert_eq!(weights[15..18], [1.0, 0.0, 0.0], "only the real step of the second row counts");
        let context = floats(context);
        assert_eq!(context[10..12], [0.7, 0.1]);
    }
}

#[test]
fn a_search_of_one_takes_the_likeliest_tokens_and_a_wider_one_finds_no_worse() {
    let device = Device::flex();
    let _alone = seeded(&device, 0);
    for attention in [AttentionKind::None, AttentionKind::Bahdanau, AttentionKind::Luong] {
        let config =
            SequenceDecoderConfig { hidden: 4, embedding: 2, reversed: false, attention, ..Default::default() };
        let decoder = config.init(3, InputSize::Tokens(6), &device);
        let states = Tensor::<3>::random([2, 5, 3], burn::tensor::Distribution::Normal(0.0, 2.0), &device);
        let source = || DecoderSource {
            pooled: states.clone().mean_dim(1).squeeze_dim(1),
            memory: decoder.remember(|| states.clone(), None),
        };
        let beam = |width| semiseq_models::beam::Beam { width, longest: 7, length_penalty: 0.0, end: 5 };
        let greedy = decoder.search(source(), &beam(1));
        let Input::Tokens(written) = decoder.write(source(), 7, |logits| logits.argmax(1).reshape([2])) else {
            panic!("tokens")
        };
        let written: Vec<u32> = written.into_data().iter::<i64>().map(|token| token as u32).collect();
        for (found, written) in greedy.iter().zip(written.chunks(7)) {
            assert_eq!(found[..], written[..found.len()], "{attention:?}");
            assert!(found.len() == 7 || found.last() == Some(&5));
        }
        let likely = |tokens: &[Vec<u32>]| -> Vec<f64> {
            tokens
                .iter()
                .enumerate()
                .map(|(row, tokens)| {
                    let input: Vec<i32> = tokens.iter().map(|token| *token as i32).collect();
                    let target = Tensor::<2, Int>::from_data(TensorData::new(input.clone(), [1, input.len()]), &device);
                    let rows = Tensor::<1, Int>::from_data([row as i32], &device);
                    let source = source();
                    let source = DecoderSource {
                        pooled: source.pooled.select(0, rows.clone()),
                        memory: source.memory.map(|memory| memory.select(rows)),
                    };
                    let logits =
                        decoder.forward(source, &Sequences { input: Input::Tokens(target.clone()), mask: None });
                    let each = burn::tensor::activation::log_softmax(logits, 2).gather(2, target.unsqueeze_dim(2));
                    each.into_data().iter::<f64>().sum()
                })
                .collect()
        };
        let wide = decoder.search(source(), &beam(6usize.pow(3)));
        for (wide, greedy) in likely(&wide).into_iter().zip(likely(&greedy)) {
            assert!(wide >= greedy - 1e-5, "{attention:?}: {wide} against {greedy}");
        }
    }
}
