//! Every model gives the documented shapes, and padding never changes a result.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use semiseq_models::{
    AnyDecoder, ConvolutionalConfig, DenseConfig, ENCODERS, EncoderConfig, Feeding, ForecasterConfig, GruConfig,
    HeadSize, Input, InputSize, ModelConfig, Pooling, SequenceDecoderConfig, SequenceGenerator, SequenceModel,
    Sequences, StemConfig,
};

use crate::common::{floats, seeded};

fn encoders() -> Vec<EncoderConfig> {
    let mut encoders = Vec::new();
    for layers in [1, 2] {
        for bidirectional in [false, true] {
            // Every cell that the registry names; the others read images.
            for (name, _) in ENCODERS.iter().filter(|(name, _)| !["dense", "convolutional"].contains(name)) {
                let mut settings = serde_json::json!({ "hidden": 5, "layers": layers, "bidirectional": bidirectional });
                if *name == "slstm" {
                    settings["heads"] = 5.into();
                }
                encoders.push(serde_json::from_value(serde_json::json!({ *name: settings })).expect("a config"));
            }
        }
    }
    let stem = StemConfig { widths: vec![3, 5], filters: 2 };
    encoders.push(EncoderConfig::Gru(GruConfig { hidden: 5, stem: Some(stem), ..Default::default() }));
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
    let _alone = seeded(&device, 1);
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
                    &floats(alone),
                    &floats(together.clone().narrow(0, row, 1)),
                    &format!("{pooling} {encoder:?} row {row}"),
                );
            }
        }
    }
}

#[test]
fn every_head_gives_its_shape_for_values_and_tokens() {
    let device = Device::flex();
    let _alone = seeded(&device, 2);
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(vec![1i32, 2, 3, 4, 0, 0], [2, 3]), &device);
    let mask = Tensor::<2>::from_data(TensorData::new(vec![1.0f32, 1.0, 1.0, 1.0, 0.0, 0.0], [2, 3]), &device);
    for encoder in encoders() {
        let width = if encoder.bidirectional() { 10 } else { 5 };
        for (head, outputs, rows) in [("classifier", 4, 2), ("tagger", 4, 6), ("regressor", 1, 2)] {
            let sequences = Sequences { input: Input::Tokens(tokens.clone()), mask: Some(mask.clone()) };
            let model = config(head, "mean", &encoder).init(InputSize::Tokens(5), outputs, &device).materialize();
            assert_eq!(model.forward(sequences.clone()).dims(), [rows, outputs], "{head}");
            assert_eq!(model.pooled(sequences).dims(), [2, width], "{head}");
            assert_eq!(model.pooled_size(), width);
        }
    }
}

#[test]
fn the_decoder_reverses_real_steps_and_leaves_padding() {
    let device = Device::flex();
    let _alone = seeded(&device, 3);
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
    let _alone = seeded(&device, 4);
    let (values, _, _) = padded(&device);
    let config = config("classifier", "last", &encoders()[1]);
    let model = config.init(InputSize::Values(2), 3, &device).materialize();
    let other = config.init(InputSize::Values(2), 3, &device).materialize();
    let before = floats(model.forward(Sequences::dense(values.clone())));
    assert_ne!(before, floats(other.forward(Sequences::dense(values.clone()))));
    let loaded = other.load_record(model.into_record());
    assert_eq!(before, floats(loaded.forward(Sequences::dense(values))));
}

#[test]
fn a_forecaster_goes_on_with_the_states_it_left() {
    let device = Device::flex();
    let _alone = seeded(&device, 5);
    for encoder in encoders() {
        let head = HeadSize::Forecast { horizon: 2, channels: 1 };
        let config = ModelConfig::Forecaster(ForecasterConfig {
            pooling: Pooling::Last,
            dropout: 0.0,
            every_step: true,
            instance_norm: false,
            encoder,
        });
        let model = config.init(InputSize::Values(2), head, &device).materialize();
        let values = Tensor::<3>::random([3, 8, 2], Distribution::Normal(0.0, 1.0), &device);
        let part = |from, steps| Sequences::dense(values.clone().narrow(1, from, steps));
        let Some((first, states)) = model.forward_from(part(0, 5), None) else {
            assert!(config.encoder().looks_ahead(), "only what sees later steps carries no state");
            continue;
        };
        let (rest, _) = model.forward_from(part(5, 3), Some(states)).expect("states");
        let both = Tensor::cat(vec![first.reshape([3, 5, 2]), rest.reshape([3, 3, 2])], 1);
        let whole = model.forward(part(0, 8)).reshape([3, 8, 2]);
        assert_equal(&floats(whole), &floats(both), "the whole and its parts");
    }
}

#[test]
fn a_forecast_with_instance_norm_follows_level_and_scale() {
    let device = Device::flex();
    let _alone = seeded(&device, 6);
    let encoder = EncoderConfig::Gru(GruConfig { hidden: 5, ..Default::default() });
    let config =
        ForecasterConfig { pooling: Pooling::Mean, dropout: 0.0, every_step: false, instance_norm: true, encoder };
    let model = config.init(InputSize::Values(2), 3, 1, &device).materialize();
    let values = Tensor::<3>::random([4, 9, 2], Distribution::Normal(0.0, 1.0), &device);
    let forecast = model.forward(Sequences::dense(values.clone()));
    let moved = model.forward(Sequences::dense(values * 10.0 + 7.0));
    // The deviation's epsilon does not grow with the window.
    let far = floats(forecast * 10.0 + 7.0)
        .iter()
        .zip(floats(moved))
        .map(|(one, other)| (one - other).abs())
        .fold(0.0, f32::max);
    assert!(far < 5e-3, "ten times as wide and seven higher: {far}");
}

#[test]
fn images_are_read_and_written_in_one_size() {
    let device = Device::flex();
    let _alone = seeded(&device, 7);
    let dense = EncoderConfig::Dense(DenseConfig { steps: 9, layers: vec![12, 6] });
    let convolutional = EncoderConfig::Convolutional(ConvolutionalConfig { height: 9, maps: [2, 3], hidden: 6 });
    for encoder in [dense, convolutional] {
        let model = config("classifier", "last", &encoder).init(InputSize::Values(7), 4, &device).materialize();
        let image = model.image().expect("an image");
        assert_eq!((image.height, image.width, model.pooled_size()), (9, 7, 6));
        let values = Tensor::<3>::random([3, 9, 7], Distribution::Normal(0.0, 1.0), &device);
        let logits = model.forward(Sequences::dense(values.clone()));
        assert_eq!(logits.dims(), [3, 4]);
        // Sequences that end early are filled with zeros, whatever the mask says.
        let short = values.clone().narrow(1, 0, 6);
        let filled = Tensor::cat(vec![short.clone(), Tensor::zeros([3, 3, 7], &device)], 1);
        let mask = Some(Tensor::<2>::ones([3, 6], &device));
        let early = model.forward(Sequences { input: Input::Values(short), mask });
        assert_equal(&floats(model.forward(Sequences::dense(filled))), &floats(early), "filled with zeros");

        let settings = SequenceDecoderConfig { hidden: 5, ..Default::default() };
        let decoder = AnyDecoder::new(&settings, 4, InputSize::Values(7), Some(image), &device);
        let vectors = Tensor::<2>::random([3, 4], Distribution::Normal(0.0, 1.0), &device);
        let made = decoder.forward_with(vectors.clone(), &Sequences::dense(values), Feeding::default()).whole();
        assert_eq!(made.dims(), [3, 9, 7]);
        let Input::Values(written) = decoder.write(vectors.clone(), 9, |_| panic!("no tokens")) else {
            panic!("values")
        };
        assert_equal(&floats(made), &floats(written), "rebuilt and written");
        let generator = SequenceGenerator::new(4, 5, 7, Some(image), &device);
        assert_eq!(generator.reads(9), 1);
        assert_eq!(generator.forward(vectors.unsqueeze_dim(1), 9).dims(), [3, 9, 7]);
    }
}

#[test]
fn a_stem_sees_its_neighbours_and_keeps_the_step() {
    let device = Device::flex();
    let config: EncoderConfig = serde_json::from_value(serde_json::json!({
        "rnn": { "hidden": 2, "stem": { "widths": [3], "filters": 1 } }
    }))
    .expect("a config");
    let mut problems = Vec::new();
    config.check("model", &mut problems);
    assert!(problems.is_empty() && config.looks_ahead() && !config.bidirectional(), "{problems:?}");
    let stem = StemConfig { widths: vec![3], filters: 1 }.init(1, &device).map(&mut Ones);
    let values = |values: [f32; 4]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [1, 4, 1]), &device);
    // Sums of three steps and a bias of 1; what is negative is cut, and padding counts as zeros.
    let said = floats(stem.forward(values([1.0, 2.0, 3.0, -9.0]), None));
    assert_equal(&said, &[1.0, 4.0, 2.0, 7.0, 3.0, 0.0, -9.0, 0.0], "steps and sums");
    let mask = Tensor::from_data(TensorData::new(vec![1.0f32, 1.0, 1.0, 0.0], [1, 4]), &device);
    let said = floats(stem.forward(values([1.0, 2.0, 3.0, -9.0]), Some(mask)));
    assert_equal(&said[..6], &[1.0, 4.0, 2.0, 7.0, 3.0, 6.0], "without the padding");

    let even: EncoderConfig = serde_json::from_value(serde_json::json!({
        "gru": { "stem": { "widths": [4], "filters": 0 } }
    }))
    .expect("a config");
    even.check("model", &mut problems);
    let told = format!("{problems:?}");
    assert!(told.contains("model.gru.stem.widths") && told.contains("model.gru.stem.filters"), "{told}");
}

/// Sets all weights to 1.
struct Ones;

impl ModuleMapper for Ones {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|tensor| tensor.ones_like())
    }
}
