//! Label propagation against the authors' code, and its step against the formula in plain `f64`.

use burn::tensor::{Tensor, TensorData};
use semiseq_models::{Input, Sequences};
use semiseq_objectives::label_graph::spread;
use semiseq_objectives::{LabelPropagationConfig, Objective, Part, Setting, Step, StepContext, Survey, Targets};
use serde_json::Value;

use crate::common::{device, host, numbers, tensor};
use crate::objectives::Fixed;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../fixtures/label_graph.json")).expect("a fixture")
}

fn known(case: &Value) -> Vec<Option<usize>> {
    numbers(&case["known"]).into_iter().map(|class| (class >= 0.0).then_some(class as usize)).collect()
}

fn whole(value: &Value) -> usize {
    value.as_u64().expect("a number") as usize
}

#[test]
fn labels_spread_as_the_authors_spread_them() {
    for (number, case) in cases().iter().enumerate() {
        let found = spread(tensor(&case["vectors"]), &known(case), whole(&case["classes"]), whole(&case["neighbours"]));
        let said: Vec<usize> = numbers(&case["said"]).into_iter().map(|class| class as usize).collect();
        assert_eq!(found.classes, said, "case {number}");
        for (part, found, expected) in [
            ("certainty", &found.certainty, &case["certainty"]),
            ("class weights", &found.class_weights, &case["class_weights"]),
        ] {
            for (row, (found, expected)) in found.iter().zip(numbers(expected)).enumerate() {
                let expected = f64::from(expected);
                assert!((found - expected).abs() < 1e-4, "case {number}, {part}, {row}: {found} against {expected}");
            }
        }
    }
}

#[test]
fn rows_that_no_label_reaches_count_nothing() {
    // Two pairs at right angles, of which one has a label.
    let vectors = Tensor::<2>::from_data([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]], &device());
    let found = spread(vectors, &[Some(1), None, None, None], 2, 1);
    assert_eq!(found.certainty[2..], [0.0, 0.0]);
    assert_eq!((found.classes[1], found.certainty[1]), (1, 1.0));
}

#[test]
fn labels_are_renewed_after_the_beginning_and_equally_far_apart() {
    let config = LabelPropagationConfig { warm_up: 0.25, renewals: 3, ..LabelPropagationConfig::default() };
    let model = Fixed::new(Tensor::zeros([1, 3], &device()));
    let objective = config.init(&setting(&model));
    let asks = |step: usize| {
        Objective::<Fixed>::surveys(&objective, &StepContext { step, total_steps: 20, epoch: 1 + step / 4 })
    };
    assert_eq!((0..20).filter(|step| asks(*step)).collect::<Vec<_>>(), [5, 10, 15]);
}

fn setting(model: &Fixed) -> Setting<'_, Fixed> {
    // Leaked, as a setting lends it.
    let device = Box::leak(Box::new(device()));
    Setting { model, train_size: 60, class_counts: &[2, 3, 4], token_counts: &[], target: None, teachers: &[], device }
}

/// The loss and its slopes over batches with rows that stand twice, by hand; before the beginning is over the labels
/// alone count.
#[test]
fn a_step_is_the_formula() {
    let case = &cases()[0];
    let (certainty, class_weights) = (numbers(&case["certainty"]), numbers(&case["class_weights"]));
    let said: Vec<usize> = numbers(&case["said"]).into_iter().map(|class| class as usize).collect();
    let logits: [[f64; 3]; 4] = [[0.3, -0.2, 1.1], [-1.0, 0.4, 0.2], [2.0, 0.1, -0.5], [0.9, 0.8, -0.3]];
    let labeled: Vec<usize> =
        known(case).iter().enumerate().filter_map(|(row, known)| known.map(|_| row)).take(4).collect();
    let unlabeled = [59, 31, 59, 30];
    let config = LabelPropagationConfig {
        weight: 1.5,
        warm_up: 0.5,
        neighbours: whole(&case["neighbours"]),
        ..LabelPropagationConfig::default()
    };
    let values: Vec<f32> = logits.iter().flatten().map(|value| *value as f32).collect();
    let model = Fixed::new(Tensor::from_data(TensorData::new(values, [4, 3]), &device()));
    let part = |indices: &[usize]| Part {
        weak: Sequences { input: Input::Values(Tensor::zeros([4, 1, 1], &device())), mask: None },
        second: None,
        strong: None,
        second_strong: None,
        plain: None,
        indices: indices.to_vec(),
        targets: Targets::Classes {
            classes: Tensor::from_data(
                indices.iter().map(|row| said[*row] as i32).collect::<Vec<_>>().as_slice(),
                &device(),
            ),
            known: Tensor::ones([4], &device()),
        },
    };
    let step = Step { labeled: Some(part(&labeled)), unlabeled: Some(part(&unlabeled)), balanced: None };
    let objective = config.init(&setting(&model));
    let vectors = tensor::<2>(&case["vectors"]);
    let survey = Survey { vectors: vectors.clone(), logits: vectors, generation: 0, classes: known(case) };
    let mut objective = Objective::<Fixed>::survey(objective, &survey);
    for (step_number, begun) in [(3, false), (7, true)] {
        let context = StepContext { step: step_number, total_steps: 10, epoch: 1 };
        let total = objective.step(&model, &step, &context).total().expect("a loss");
        let slopes = host(model.logits.val().grad(&total.clone().backward()).expect("a gradient"));
        let (mut loss, mut expected) = (0.0, [[0.0; 3]; 4]);
        for (rows, weight) in [(&labeled[..], 1.0), (&unlabeled[..], if begun { 1.5 } else { 0.0 })] {
            for (place, row) in rows.iter().enumerate() {
                let counts = f64::from(certainty[*row]) * f64::from(class_weights[said[*row]]);
                let counts = if begun { weight * counts / 4.0 } else { weight / 4.0 };
                let sum: f64 = logits[place].iter().map(|logit| logit.exp()).sum();
                for class in 0..3 {
                    let probability = logits[place][class].exp() / sum;
                    let right = f64::from(u8::from(class == said[*row]));
                    loss -= counts * right * probability.ln();
                    expected[place][class] += counts * (probability - right);
                }
            }
        }
        assert!((f64::from(host(total)[0]) - loss).abs() < 1e-4, "step {step_number}");
        for (found, expected) in slopes.iter().zip(expected.iter().flatten()) {
            assert!((f64::from(*found) - expected).abs() < 1e-4, "step {step_number}: {found} against {expected}");
        }
    }
}
