//! CTC's loss and gradients equal those of PyTorch (`fixtures/ctc.py`), and what it writes is what its loss means.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use semiseq_datasets::TargetUnit;
use semiseq_models::{HeadSize, Input, InputSize, ModelConfig, Sequences};
use semiseq_objectives::*;
use serde_json::Value;

use crate::close::assert_close;
use crate::common::{device, host, numbers, tensor};

fn lists(value: &Value) -> Vec<Vec<u32>> {
    serde_json::from_value(value.clone()).expect("lists of tokens")
}

#[test]
fn losses_and_gradients_are_pytorchs() {
    let cases: Value = serde_json::from_str(include_str!("../fixtures/ctc.json")).expect("the fixture");
    let cases = cases.as_object().expect("cases");
    assert_eq!(cases.len(), 8);
    for (name, case) in cases {
        let logits = tensor::<3>(&case["logits"]).require_grad();
        let targets = lists(&case["targets"]);
        let lengths: Vec<usize> = serde_json::from_value(case["lengths"].clone()).expect("lengths");
        let losses = ctc_loss(logits.clone(), &lengths, &targets);
        assert_close(&host(losses.clone()), &numbers(&case["losses"]), name);
        let sizes: Vec<f32> = targets.iter().map(|target| target.len().max(1) as f32).collect();
        let mean = (losses / Tensor::from_data(sizes.as_slice(), &device())).mean();
        assert_close(&host(mean.clone()), &numbers(&case["mean"]), name);
        let gradient = logits.grad(&mean.backward()).expect("a gradient");
        assert_close(&host(gradient), &numbers(&case["gradient"]), name);
    }
}

#[test]
fn logits_that_are_no_numbers_are_no_loss() {
    let logits = Tensor::<3>::from_data([[[0.0f32, 1.0], [f32::NAN, 0.0]]], &device());
    assert!(host(ctc_loss(logits, &[2], &[vec![1]]))[0].is_nan());
}

/// A model of series with two channels, and the objective on five classes: the blank, the unknown, two letters and the
/// space.
fn objective(device: &Device) -> (semiseq_models::AnyModel, AnyObjective<semiseq_models::AnyModel>) {
    device.seed(4);
    let model: ModelConfig =
        serde_json::from_str(r#"{"transcriber": {"encoder": {"gru": {"hidden": 6}}}}"#).expect("a model");
    let model = model.init(InputSize::Values(2), HeadSize::Logits(2), device);
    let unit = TargetUnit::Character { space: Some(4) };
    let setting = Setting {
        model: &model,
        train_size: 3,
        class_counts: &[],
        token_counts: &[],
        target: Some(TargetSize { input: InputSize::Tokens(6), longest: 4, unit }),
        teachers: &[],
        device,
    };
    let config: ObjectiveConfig = serde_json::from_str(r#"{"ctc": {"beam": 3}}"#).expect("an objective");
    let objective = config.init(&setting);
    (model, objective)
}

/// Three sequences, the last without a transcript.
fn part(device: &Device) -> Part {
    let values: Vec<f32> = (0..3 * 8 * 2).map(|place| ((place * 7) % 11) as f32 / 5.0 - 1.0).collect();
    let values = Tensor::<1>::from_data(values.as_slice(), device).reshape([3, 8, 2]);
    let mask: Vec<f32> =
        [8, 5, 6].iter().flat_map(|length| (0..8).map(move |step| f32::from(u8::from(step < *length)))).collect();
    let mask = Tensor::<1>::from_data(mask.as_slice(), device).reshape([3, 8]);
    // 5 ends a transcript, and 0 is padding.
    let target = Tensor::<2, Int>::from_data([[2, 4, 3, 5], [3, 3, 5, 0], [2, 5, 0, 0]], device);
    let weak = Sequences { input: Input::Values(values), mask: Some(mask) };
    let target = Sequences { input: Input::Tokens(target), mask: None };
    let known = Tensor::from_data([1.0f32, 1.0, 0.0], device);
    Part {
        weak,
        second: None,
        strong: None,
        second_strong: None,
        plain: None,
        indices: vec![0, 1, 2],
        targets: Targets::Sequences { target, known, past: None },
    }
}

#[test]
fn errors_of_characters_and_words_are_summed_over_what_is_known() {
    let device = Device::flex();
    let (model, objective) = objective(&device);
    let part = part(&device);
    let measures = objective.measure(&model, &part);
    let names: Vec<&str> = measures.iter().map(|measure| measure.name).collect();
    assert_eq!(names, ["loss", "exact_match", "character_error_rate", "word_error_rate"]);
    let value = |name: &str| {
        let measure = measures.iter().find(|measure| measure.name == name).expect(name);
        host(measure.values.clone())[0]
    };
    let written = objective.answer(&model, &part.weak).expect("answers");
    let written: Vec<Vec<u32>> = written
        .into_iter()
        .map(|one| if let semiseq_datasets::Sequence::Tokens(tokens) = one { tokens } else { panic!("tokens") })
        .collect();
    let truth: [&[u32]; 2] = [&[2, 4, 3], &[3, 3]];
    let edits: usize =
        written.iter().zip(truth).map(|(one, truth)| strsim::generic_levenshtein(one, &truth.to_vec())).sum();
    assert_close(&[value("character_error_rate")], &[edits as f32 / 5.0], "characters");
    assert!(!written.iter().flatten().any(|token| *token == 0 || *token > 4), "{written:?}");
    assert!(value("loss") > 0.0);
}

#[test]
fn padding_and_rows_without_a_transcript_do_not_matter() {
    let device = device();
    let (model, mut objective) = objective(&device);
    let mut loss = |part: Part| {
        let context = StepContext { step: 0, total_steps: 1, epoch: 1 };
        let step = Step { labeled: Some(part), unlabeled: None, balanced: None };
        host(objective.step(&model, &step, &context).total().expect("a term"))[0]
    };
    let whole = loss(part(&device));
    let mut changed = part(&device);
    let Input::Values(values) = changed.weak.input.clone() else { panic!("values") };
    let mask: Tensor<3> = changed.weak.mask.clone().expect("a mask").unsqueeze_dim(2);
    // Other padding, and another sequence in the row that nothing is known of.
    let noise = Tensor::<3>::ones([3, 8, 2], &device) * 9.0;
    let known = Tensor::<1>::from_data([1.0f32, 1.0, 0.0], &device).reshape([3, 1, 1]);
    let kept = mask * known;
    changed.weak.input = Input::Values(values * kept.clone() + noise * (kept.neg() + 1.0));
    assert_close(&[loss(changed)], &[whole], "padding");
    let none = Part {
        targets: Targets::Classes { classes: Tensor::zeros([3], &device), known: Tensor::zeros([3], &device) },
        ..part(&device)
    };
    let measured = objective.valid().measure(&model.valid(), &none);
    assert_eq!((measured.len(), host(measured[0].values.clone())[0]), (1, 0.0));
}
