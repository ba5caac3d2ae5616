//! What is written for other programs: the structure here, and the numbers in PyTorch and ONNX Runtime, where
//! `EXCHANGE_PYTHON` names an interpreter that has both: `fixtures/check_exported.py` holds them against ours.

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use semiseq_exchange::{About, Foreign, Network, onnx, read, renamed, torch};
use semiseq_models::{AnyModel, Input, InputSize, ModelConfig, OtherTensor, SequenceModel, Sequences};
use serde_json::json;

use crate::checkpoints::mask;

const LENGTHS: [usize; 3] = [5, 1, 3];
const TIME: usize = 5;
const TOKENS: usize = 6;

#[derive(Default)]
struct Tensors(Vec<String>, Foreign);

impl ModuleVisitor for Tensors {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.0.push(name.to_string());
        }
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.0.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let tensor = OtherTensor { shape: value.dims().to_vec(), values: value.to_data().iter().collect() };
        self.1.insert(self.0.join("."), tensor);
    }
}

fn tensors(model: &AnyModel) -> Foreign {
    let mut tensors = Tensors::default();
    model.visit(&mut tensors);
    tensors.1
}

/// All cells, directions and poolings, of values and of tokens, with one and two layers, and the other heads.
fn configs() -> Vec<(String, serde_json::Value, InputSize)> {
    let values = InputSize::Values(3);
    let mut all = Vec::new();
    for cell in ["rnn", "lstm", "gru"] {
        for bidirectional in [false, true] {
            for pooling in ["last", "mean", "max", "attention"] {
                let encoder = json!({cell: {"hidden": 4, "layers": 2, "bidirectional": bidirectional}});
                let name = format!("{cell}-{bidirectional}-{pooling}");
                all.push((name, json!({"classifier": {"pooling": pooling, "encoder": encoder}}), values));
            }
        }
    }
    let embedding = json!({"size": 3});
    let gru = json!({"gru": {"hidden": 4, "bidirectional": true}});
    let relu = json!({"rnn": {"hidden": 4, "activation": "relu"}});
    let before = json!({"gru": {"hidden": 4, "reset": "before"}});
    all.push((
        "tokens".into(),
        json!({"classifier": {"embedding": embedding, "encoder": gru}}),
        InputSize::Tokens(TOKENS),
    ));
    all.push(("tagger".into(), json!({"tagger": {"encoder": gru}}), values));
    all.push(("regressor".into(), json!({"regressor": {"pooling": "attention", "encoder": gru}}), values));
    all.push(("relu".into(), json!({"classifier": {"encoder": relu}}), values));
    all.push(("before".into(), json!({"classifier": {"encoder": before}}), values));
    all
}

/// Fields of a message of protocol buffers: number, and the bytes of those that have some.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for place in 0.. {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 127) << (7 * place);
            if byte < 128 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = if key & 7 == 2 { varint(&mut bytes) as usize } else { 0 };
        if key & 7 == 0 {
            varint(&mut bytes);
        }
        let (part, rest) = bytes.split_at(length);
        found.push((key >> 3, part));
        bytes = rest;
    }
    found
}

fn all<'a>(fields: &[(u64, &'a [u8])], number: u64) -> Vec<&'a [u8]> {
    fields.iter().filter(|(field, _)| *field == number).map(|(_, bytes)| *bytes).collect()
}

#[test]
fn every_network_is_written_for_pytorch_and_onnx() {
    let device = Device::flex();
    let folder = tempfile::tempdir().expect("a folder");
    let mut cases = Vec::new();
    for (name, config, input) in configs() {
        let config: ModelConfig = serde_json::from_value(config).expect("a model");
        let model = config.init(input, 2, &device);
        let tensors = tensors(&model);
        let network = Network::new(&config, input, &tensors).unwrap_or_else(|error| panic!("{name}: {error}"));
        let about = About { name: name.clone(), labels: vec!["no".into(), "yes".into()], ..About::default() };

        let (padded, sequences) = batch(input, &device);
        let logits: Vec<f32> = model.forward(sequences).to_data().iter().collect();
        cases.push(json!({"name": name, "padded": padded, "lengths": LENGTHS, "logits": logits}));

        let bytes = onnx::model(&network, &about);
        std::fs::write(folder.path().join(format!("{name}.onnx")), &bytes).expect("a file");
        check_graph(&name, &bytes);

        let checkpoint = torch::checkpoint(&network, &about);
        if name == "before" {
            assert!(checkpoint.expect_err("no such layer").message.contains("reset = \"before\""));
            continue;
        }
        let path = folder.path().join(format!("{name}.pt"));
        std::fs::write(&path, checkpoint.expect("a checkpoint")).expect("a file");
        // What is written is read, and has our names again.
        let again = renamed(&read(&path).expect("tensors")).expect("a model");
        assert!(again.left.is_empty(), "{name}: {:?}", again.left);
        for (ours, tensor) in &again.tensors {
            let held = tensors.get(ours).or_else(|| tensors.get(&format!("body.{ours}")));
            assert_eq!(held, Some(tensor), "{name}: {ours}");
        }
        assert_eq!(again.tensors.len(), tensors.len(), "{name}");
    }
    std::fs::write(folder.path().join("cases.json"), json!(cases).to_string()).expect("a file");
    std::fs::write(folder.path().join("network.py"), torch::module("weights.pt")).expect("a file");
    if let Ok(python) = std::env::var("EXCHANGE_PYTHON") {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/check_exported.py");
        let done = std::process::Command::new(python).arg(script).arg(folder.path()).status().expect("Python starts");
        assert!(done.success());
    }
}

/// A padded batch, as numbers and as the model reads it.
fn batch(input: InputSize, device: &Device) -> (serde_json::Value, Sequences) {
    let mask = Some(mask(&LENGTHS, TIME, device));
    let rows = LENGTHS.len();
    let real = |place: usize, width: usize| place / width % TIME < LENGTHS[place / width / TIME];
    match input {
        InputSize::Tokens(_) => {
            let tokens: Vec<i64> = (0..rows * TIME)
                .map(|place| if real(place, 1) { 1 + (place * 7 % (TOKENS - 1)) as i64 } else { 0 })
                .collect();
            let tensor = Tensor::<2, Int>::from_data(TensorData::new(tokens.clone(), [rows, TIME]), device);
            (json!(tokens.chunks(TIME).collect::<Vec<_>>()), Sequences { input: Input::Tokens(tensor), mask })
        }
        InputSize::Values(width) => {
            let values: Vec<f32> = (0..rows * TIME * width)
                .map(|place| if real(place, width) { (place as f32 * 0.7).sin() } else { 0.0 })
                .collect();
            let tensor = Tensor::from_data(TensorData::new(values.clone(), [rows, TIME, width]), device);
            let steps: Vec<&[f32]> = values.chunks(width).collect();
            (json!(steps.chunks(TIME).collect::<Vec<_>>()), Sequences { input: Input::Values(tensor), mask })
        }
    }
}

fn check_graph(name: &str, bytes: &[u8]) {
    let model = fields(bytes);
    let graph = fields(all(&model, 7)[0]);
    let operators: Vec<String> =
        all(&graph, 1).into_iter().map(|node| String::from_utf8_lossy(all(&fields(node), 4)[0]).into_owned()).collect();
    let recurrent = operators.iter().filter(|name| ["RNN", "LSTM", "GRU"].contains(&name.as_str())).count();
    let layers = if name.contains("true") || name.contains("false") { 2 } else { 1 };
    assert_eq!(recurrent, layers, "{name}: {operators:?}");
    let inputs: Vec<String> = all(&graph, 11)
        .into_iter()
        .map(|input| String::from_utf8_lossy(all(&fields(input), 1)[0]).into_owned())
        .collect();
    assert_eq!(inputs, [if name == "tokens" { "tokens" } else { "values" }, "lengths"], "{name}");
    let metadata = fields(all(&model, 14)[0]);
    assert_eq!(all(&metadata, 1), [b"semiseq"]);
    let about: serde_json::Value = serde_json::from_slice(all(&metadata, 2)[0]).expect("JSON");
    assert_eq!((&about["labels"][1], &about["name"]), (&json!("yes"), &json!(name)));
}

#[test]
fn what_other_programs_have_no_layer_for_is_refused_by_name() {
    let refused = |config: serde_json::Value| {
        let config: ModelConfig = serde_json::from_value(config).expect("a model");
        Network::new(&config, InputSize::Values(3), &Foreign::new()).expect_err("refused").message
    };
    for (config, needle) in [
        (json!({"classifier": {"encoder": {"min-gru": {}}}}), "`encoder.min-gru`"),
        (json!({"classifier": {"encoder": {"gru": {"stem": {}}}}}), "`encoder.gru.stem`"),
        (json!({"autoencoder": {"encoder": {"gru": {}}}}), "`[model.autoencoder]`"),
        (json!({"classifier": {"encoder": {"gru": {}}}}), "no tensor `backbone.encoder.layers.0.forward.weight_ih`"),
    ] {
        let told = refused(config);
        assert!(told.contains(needle), "{told}");
    }
}
