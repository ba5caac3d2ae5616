//! Files that Keras wrote compute here what they compute there; `fixtures/keras_models.py` made them.

use proptest::prelude::*;
use semiseq_exchange::{ExchangeError, Renamed, as_ours, modules, read, renamed};
use serde_json::Value;

use crate::checkpoints::{fixture, logits_of, numbers};

fn found(name: &str) -> Result<Renamed, ExchangeError> {
    read(&fixture(name)).and_then(|foreign| renamed(&foreign))
}

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(fixture("keras_models.json")).expect("the fixture");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn outputs_equal_keras_on_padded_batches() {
    let cases = cases();
    assert_eq!(cases.len(), 7);
    for case in cases.iter().filter(|case| case["logits"].is_array()) {
        let name = case["name"].as_str().expect("a name");
        let settings = match name {
            "older.h5" => r#""activation": "relu","#,
            "gru-before.keras" => r#""reset": "before","#,
            _ => "",
        };
        let pooling = case["pooling"].as_str().expect("a pooling");
        let logits = logits_of(name, &fixture(name), case, settings, pooling);
        let expected = numbers(&case["logits"]);
        assert_eq!(logits.len(), expected.len());
        for (found, expected) in logits.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{name}: {found} against {expected}");
        }
    }
}

#[test]
fn what_the_file_says_is_told() {
    let model = found("lstm.weights.h5").expect("a model").model;
    assert_eq!((&*model.encoder, model.layers, model.hidden, model.bidirectional), ("lstm", 2, 4, true));
    assert_eq!((model.tokens, model.input, model.outputs, model.reset_before), (Some(7), 3, Some(2), None));
    assert_eq!(found("gru-before.keras").expect("a model").model.reset_before, Some(true));
    assert_eq!(found("gru-mean.weights.h5").expect("a model").model.reset_before, Some(false));
    // A layer that has no counterpart is left over, by its name.
    let mut foreign = read(&fixture("gru-mean.weights.h5")).expect("tensors");
    let scale = foreign["layers/dense/vars/1"].clone();
    for place in 0..4 {
        foreign.insert(format!("layers/batch_normalization/vars/{place}"), scale.clone());
    }
    assert_eq!(modules(&renamed(&foreign).expect("a model").left), "layers/batch_normalization (4)");
}

#[test]
fn numbers_of_16_bits_are_read() {
    let name = "halves.weights.h5";
    let case = cases().into_iter().find(|case| case["name"] == name).expect("a case");
    let foreign = read(&fixture(name)).expect("tensors");
    assert_eq!(foreign["layers/simple_rnn/cell/vars/0"].values, numbers(&case["array"]));
}

#[test]
fn what_semiseq_does_not_have_and_what_is_missing_is_named() {
    let told = |name: &str| found(name).expect_err(name).message;
    assert!(told("film.weights.h5").contains("`layers/conv_lstm2d` is of no kind that semiseq has"));
    assert!(told("free.weights.h5").contains("in which order `early`, `late` stand"));
    let whole = read(&fixture("lstm.weights.h5")).expect("tensors");
    let without = |name: &str| {
        let mut foreign = whole.clone();
        foreign.remove(name).expect(name);
        renamed(&foreign).expect_err(name).message
    };
    let missing = "layers/bidirectional_1/backward_layer/cell/vars/2";
    assert_eq!(without(missing), format!("`{missing}` is missing"));
    let mut dense = whole.clone();
    dense.retain(|name, _| !name.contains("bidirectional"));
    let message = renamed(&dense).expect_err("no encoder").message;
    assert!(message.contains("there are layers/dense (2), layers/embedding (1)"), "{message}");
    let mut uneven = whole.clone();
    uneven.retain(|name, _| !name.contains("bidirectional_1/"));
    uneven.insert("layers/bidirectional_1/cell/vars/0".into(), whole["layers/dense/vars/0"].clone());
    assert!(renamed(&uneven).expect_err("no cell").message.contains("`layers/bidirectional_1` is of no kind"));

    let folder = tempfile::tempdir().expect("a folder");
    for name in ["text.h5", "text.keras"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "not weights").expect("a file");
        let error = read(&path).expect_err("refused");
        assert!(
            error.message.ends_with(&format!("{name}: no HDF5 file: it does not begin with `\\x89HDF`")),
            "{error}"
        );
        assert!(error.hint.contains("save_weights"), "{}", error.hint);
    }
}

/// A change: its kind, two places as shares of the length, and a byte.
type Change = (u8, u16, u16, u8);

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (kind, first, second, byte) in changes {
        let place = |share: u16| usize::from(share) * bytes.len() / (usize::from(u16::MAX) + 1);
        let (from, to) = (place(*first), place(*second));
        match kind {
            0 if from < bytes.len() => bytes[from] ^= 1 << (byte % 8),
            1 if from < bytes.len() => bytes[from] = *byte,
            // Addresses and lengths are of eight bytes.
            2 => bytes.iter_mut().skip(from / 8 * 8).take(8).for_each(|changed| *changed = 0xff),
            3 if from < to => bytes.copy_within(from..to.min(from + 64), 0),
            4 => bytes.insert(from, *byte),
            5 => bytes.truncate(to),
            _ => {}
        }
    }
    bytes
}

#[test]
fn changed_bytes_are_told_and_never_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("changed.h5");
    let changes = prop::collection::vec((0..6u8, any::<u16>(), any::<u16>(), any::<u8>()), 1..5);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) };
    for name in ["lstm.weights.h5", "rnn-no-bias.weights.h5", "named.h5", "gru-before.keras"] {
        let whole = std::fs::read(fixture(name)).expect("a fixture");
        proptest!(config.clone(), |(list in &changes)| {
            std::fs::write(&path, changed(&whole, &list)).expect("a file");
            if let Err(error) = read(&path).and_then(as_ours) {
                assert!(!error.message.is_empty() && !error.hint.is_empty());
            }
        });
    }
}
