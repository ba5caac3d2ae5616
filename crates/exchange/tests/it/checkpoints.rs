//! Checkpoints that PyTorch wrote compute here what they compute there; `fixtures/torch_checkpoints.py` made them.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use semiseq_exchange::{as_ours, read, renamed};
use semiseq_models::{Input, InputSize, ModelConfig, SequenceModel, Sequences, WeightsPart, with_weights_of};
use serde_json::Value;

pub fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The numbers of lists within lists.
pub fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().expect("a number") as f32],
    }
}

/// 1 at real steps.
pub fn mask(lengths: &[usize], time: usize, device: &Device) -> Tensor<2> {
    let rows = lengths.iter().flat_map(|length| (0..time).map(move |step| if step < *length { 1.0f32 } else { 0.0 }));
    Tensor::from_data(TensorData::new(rows.collect::<Vec<f32>>(), [lengths.len(), time]), device)
}

/// What a file computes on the padded batch of a case.
pub fn logits_of(name: &str, path: &Path, case: &Value, settings: &str, pooling: &str) -> Vec<f32> {
    let device = Device::flex();
    let foreign = read(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let found = renamed(&foreign).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(found.left.is_empty(), "{name}: {:?}", found.left);
    let model = &found.model;
    let config = format!(
        r#"{{"classifier": {{"pooling": "{pooling}", "embedding": {{"size": 3}}, "encoder": {{"{}": {{{settings}
           "hidden": {}, "layers": {}, "bidirectional": {}}}}}}}}}"#,
        model.encoder, model.hidden, model.layers, model.bidirectional,
    );
    let config: ModelConfig = serde_json::from_str(&config).unwrap_or_else(|error| panic!("{name}: {error}"));
    let input = model.tokens.map_or(InputSize::Values(model.input), InputSize::Tokens);
    let built = config.init(input, model.outputs.expect("a head"), &device);
    let tensors = found.tensors.into_iter().collect();
    let (built, taken) = with_weights_of(built, &tensors, WeightsPart::All, None);
    assert!(taken.left.is_empty(), "{name}: {taken:?}");

    let padded = numbers(&case["padded"]);
    let input = match model.tokens {
        Some(_) => {
            let tokens: Vec<i64> = padded.iter().map(|token| *token as i64).collect();
            Input::Tokens(Tensor::<2, Int>::from_data(TensorData::new(tokens, [3, 4]), &device))
        }
        None => Input::Values(Tensor::from_data(TensorData::new(padded, [3, 4, 3]), &device)),
    };
    let lengths: Vec<usize> = numbers(&case["lengths"]).into_iter().map(|length| length as usize).collect();
    built.forward(Sequences { input, mask: Some(mask(&lengths, 4, &device)) }).to_data().iter().collect()
}

#[test]
fn outputs_equal_pytorch_on_padded_batches() {
    let text = std::fs::read_to_string(fixture("torch_checkpoints.json")).expect("the fixture");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    assert_eq!(cases.len(), 3);
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let settings = if name.contains("relu") { r#""activation": "relu","# } else { "" };
        let pooling = if name == "gru-nested" { "attention" } else { "last" };
        let logits = logits_of(name, &fixture(&format!("{name}.pt")), case, settings, pooling);
        for (found, expected) in logits.iter().zip(numbers(&case["logits"])) {
            assert!((found - expected).abs() < 1e-5, "{name}: {found} against {expected}");
        }
    }
}

#[test]
fn what_would_run_code_is_refused_by_name() {
    let told = read(&fixture("evil.pt")).expect_err("refused");
    assert!(told.message.contains("evil.pt: holds an object of `posix.system`"), "{}", told.message);
    assert!(told.hint.contains("state_dict"), "{}", told.hint);
}

#[test]
fn tensors_under_our_names_stay_as_they_are() {
    let ours = renamed(&read(&fixture("lstm.pt")).expect("tensors")).expect("a model").tensors;
    assert_eq!(as_ours(ours.clone()).expect("tensors"), ours);
    assert_eq!(as_ours(read(&fixture("lstm.pt")).expect("tensors")).expect("tensors"), ours);
}

#[test]
fn changed_bytes_are_told_and_never_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("changed.pt");
    for name in ["lstm.pt", "gru-nested.pt", "rnn-relu-legacy-double.pt", "evil.pt"] {
        let whole = std::fs::read(fixture(name)).expect("a fixture");
        for round in 0..300usize {
            let place = round * 7919 % whole.len();
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << (round % 8);
            if round % 5 == 0 {
                bytes.truncate(place);
            }
            std::fs::write(&path, bytes).expect("a file");
            if let Err(error) = read(&path).and_then(as_ours) {
                assert!(!error.message.is_empty() && !error.hint.is_empty());
            }
        }
    }
}
