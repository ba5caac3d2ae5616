//! Every model gives the documented shapes, and padding never changes a result.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use semiseq_models::{
    EncoderConfig, GruConfig, Input, InputSize, LstmConfig, ModelConfig, RnnConfig, SequenceDecoderConfig,
    SequenceModel, Sequences,
};

fn encoders() -> Vec<EncoderConfig> {
    let mut encoders = Vec::new();
    for layers in [1, 2] {
        for bidirectional in [false, true] {
            encoders.push(EncoderConfig::Rnn(RnnConfig { hidden: 5, layers, bidirectional, ..Default::default() }));
            encoders.push(EncoderConfig::Lstm(LstmConfig { hidden: 5, layers, bidirectional, ..Default::default() }));
            encoders.push(EncoderConfig::Gru(GruConfig { hidden: 5, layers, bidirectional, ..Default::default() }));
        }
    }
    encoders
}

fn config(head: &str, pooling: &str, encoder: &EncoderConfig) -> ModelConfig {
    let encoder = serde_json::to_value(encoder).expect("JSON");
    let mut body = serde_json::json!({ "encoder": encoder });
    if head != "tagger" {
        body["pooling"] = pooling.into();
    }
    serde_json::from_value(serde_json::json!({ head: body })).expect("a config")
}

/// Three sequences of 4, 2 and 1 steps, padded with something that must not matter.
fn padded(device: &Device) -> (Tensor<3>, Tensor<2>, [usize; 3]) {
    let values: Vec<f32> = (0..3 * 4 * 2).map(|place| ((place * 7 % 11) as f32 - 5.0) / 3.0).collect();
    let mask = vec![1.0f32, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    let values = Tensor::from_data(TensorData::new(values, [3, 4, 2]), device);
    (values, Tensor::from_data(TensorData::new(mask, [3, 4]), device), [4, 2, 1])
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn assert_equal(left: &[f32], right: &[f32], what: &str) {
    assert_eq!(left.len(), right.len(), "{what}");
    assert!(
        left.iter().zip(right).all(|(left, right)| (left - right).abs() < 1e-5),
        "{what}: {left:?} against {right:?}"
    );
}

#[test]
fn padding_never_changes_a_result() {
    let device = Device::flex();
    let (values, mask, lengths) = padded(&device);
    for encoder in encoders() {
        for pooling in ["last", "mean", "max", "attention"] {
            let model = config("classifier", pooling, &encoder).init(InputSize::Values(2), 3, &device).materialize();
            let together = model.forward(Sequences { input: Input::Values(values.clone()), mask: Some(mask.clone()) });
            assert_eq!(together.dims(), [3, 3]);
            for (row, length) in lengths.into_iter().enumerate() {
                let alone = values.clone().slice([row..row + 1, 0..length, 0..2]);
                let alone = model.forward(Sequences::dense(alone));
                assert_equal(
                    &host(alone),
                    &host(together.clone().narrow(0, row, 1)),
                    &format!("{pooling} {encoder:?} row {row}"),
                );
            }
        }
    }
}

#[test]
fn every_head_gives_its_shape_for_values_and_tokens() {
    let device = Device::flex();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(vec![1i32, 2, 3, 4, 0, 0], [2, 3]), &device);
    let mask = Tensor::<2>::from_data(TensorData::new(vec![1.0f32, 1.0, 1.0, 1.0, 0.0, 0.0], [2, 3]), &device);
    for encoder in encoders() {
        let width = 5 * if matches!(
            &encoder,
            EncoderConfig::Rnn(RnnConfig { bidirectional: true, .. })
                | EncoderConfig::Lstm(LstmConfig { bidirectional: true, .. })
                | EncoderConfig::Gru(GruConfig { bidirectional: true, .. })
        ) {
            2
        } else {
            1
        };
        for (head, outputs, rows) in [("classifier", 4, 2), ("tagger", 4, 6), ("regressor", 1, 2)] {
            let sequences = Sequences { input: Input::Tokens(tokens.clone()), mask: Some(mask.clone()) };
            let model = config(head, "mean", &encoder).init(InputSize::Tokens(5), outputs, &device).materialize();
            assert_eq!(model.forward(sequences.clone()).dims(), [rows, outputs], "{head}");
            assert_eq!(model.summary(sequences).dims(), [2, width], "{head}");
            assert_eq!(model.summary_size(), width);
        }
    }
}

#[test]
fn the_decoder_reverses_real_steps_and_leaves_padding() {
    let device = Device::flex();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(vec![1i32, 2, 3, 4, 5, 0], [2, 3]), &device);
    let mask = Tensor::<2>::from_data(TensorData::new(vec![1.0f32, 1.0, 1.0, 1.0, 1.0, 0.0], [2, 3]), &device);
    let sequences = Sequences { input: Input::Tokens(tokens), mask: Some(mask) };
    let decoder = SequenceDecoderConfig { hidden: 4, ..Default::default() }.init(6, InputSize::Tokens(7), &device);
    let Input::Tokens(targets) = decoder.targets(&sequences).input else { panic!("tokens") };
    assert_eq!(targets.into_data().iter::<i32>().collect::<Vec<_>>(), [3, 2, 1, 5, 4, 0]);
    assert_eq!(decoder.forward(Tensor::zeros([2, 6], &device), &sequences).dims(), [2, 3, 7]);
}

#[test]
fn a_record_brings_the_same_model_back() {
    let device = Device::flex();
    let (values, _, _) = padded(&device);
    let config = config("classifier", "last", &encoders()[1]);
    let model = config.init(InputSize::Values(2), 3, &device).materialize();
    let other = config.init(InputSize::Values(2), 3, &device).materialize();
    let before = host(model.forward(Sequences::dense(values.clone())));
    assert_ne!(before, host(other.forward(Sequences::dense(values.clone()))));
    let loaded = other.load_record(model.into_record());
    assert_eq!(before, host(loaded.forward(Sequences::dense(values))));
}
