//! Distillation against its own formula, in plain `f64`.

use burn::tensor::{Tensor, TensorData};
use semiseq_models::{Input, Sequences};
use semiseq_objectives::{DistillationConfig, Objective, Part, Setting, Step, StepContext, Targets, Teacher};

use crate::common::{device, host};
use crate::objectives::Fixed;

/// Of six training rows: two teachers, one of whom says nothing of row 3, and neither anything of row 4.
fn teachers() -> Vec<Teacher> {
    let said = |rows: [[f64; 3]; 6]| rows.map(|row| row.to_vec()).to_vec();
    let none = [0.0; 3];
    vec![
        Teacher {
            name: "a: label propagation".into(),
            said: said([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [1.0, 0.0, 0.0], [0.2, 0.5, 0.3], none, [0.3, 0.3, 0.4]]),
            left_out: Some(0.9),
        },
        Teacher {
            name: "b: self-training".into(),
            said: said([[0.5, 0.4, 0.1], [0.2, 0.6, 0.2], [0.8, 0.1, 0.1], none, none, [0.1, 0.2, 0.7]]),
            left_out: Some(0.6),
        },
        Teacher { name: "c: logistic regression".into(), said: said([[0.0, 0.0, 1.0]; 6]), left_out: None },
    ]
}

/// The target and the weight of a row.
fn target(row: usize, temperature: f64, weighs: bool, trust: i32) -> ([f64; 3], f64) {
    let mut mean = [0.0; 3];
    for (teacher, left_out) in teachers().iter().take(2).zip([0.9f64, 0.6]) {
        let weight = if teacher.name.starts_with('a') { 0.5 } else { 1.0 };
        (0..3).for_each(|class| mean[class] += weight * left_out.powi(trust) * teacher.said[row][class]);
    }
    let sum: f64 = mean.iter().sum();
    if sum == 0.0 {
        return ([0.0; 3], 0.0);
    }
    let entropy: f64 = mean.iter().map(|p| p / sum).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
    let sharp = mean.map(|p| p.powf(1.0 / temperature));
    let total: f64 = sharp.iter().sum();
    (sharp.map(|p| p / total), if weighs { 1.0 - entropy / 3f64.ln() } else { 1.0 })
}

#[test]
fn a_step_is_the_formula() {
    let logits: [[f64; 3]; 5] =
        [[0.3, -0.2, 1.1], [-1.0, 0.4, 0.2], [2.0, 0.1, -0.5], [0.0, 0.7, 0.1], [0.9, 0.8, -0.3]];
    // A row that stands twice, and one of which nobody says anything.
    let indices = [3, 0, 3, 4, 5];
    for (temperature, weighs, weight, trust) in [(0.5, true, 1.0, 4), (1.0, true, 2.5, 0), (0.25, false, 1.0, 1)] {
        let config = DistillationConfig {
            temperature,
            entropy_weights: weighs,
            weight,
            trust: f64::from(trust),
            teachers: [("label propagation".into(), 0.5), ("self-training".into(), 1.0)].into(),
            ..DistillationConfig::default()
        };
        let values: Vec<f32> = logits.iter().flatten().map(|value| *value as f32).collect();
        let model = Fixed::new(Tensor::from_data(TensorData::new(values, [5, 3]), &device()));
        let teachers = teachers();
        let setting = Setting {
            model: &model,
            train_size: 6,
            class_counts: &[2, 2, 2],
            token_counts: &[],
            target: None,
            teachers: &teachers,
            device: &device(),
        };
        let sequences = Sequences { input: Input::Values(Tensor::zeros([5, 1, 1], &device())), mask: None };
        let unknown = Targets::Classes { classes: Tensor::zeros([5], &device()), known: Tensor::zeros([5], &device()) };
        let part = Part {
            weak: sequences.clone(),
            second: None,
            strong: Some(sequences),
            second_strong: None,
            plain: None,
            indices: indices.to_vec(),
            targets: unknown,
        };
        let step = Step { labeled: None, unlabeled: Some(part), balanced: None };
        let context = StepContext { step: 0, total_steps: 9, epoch: 1 };
        let total = config.init(&setting).step(&model, &step, &context).total().expect("a loss");
        let slopes = host(model.logits.val().grad(&total.backward()).expect("a gradient"));

        let mut loss = 0.0;
        for (place, (row, logits)) in indices.iter().zip(&logits).enumerate() {
            let (wanted, counts) = target(*row, temperature, weighs, trust);
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            for class in 0..3 {
                let probability = logits[class].exp() / sum;
                loss -= weight * counts * wanted[class] * probability.ln() / 5.0;
                let mass: f64 = wanted.iter().sum();
                let slope = weight * counts * (probability * mass - wanted[class]) / 5.0;
                assert!((f64::from(slopes[3 * place + class]) - slope).abs() < 1e-6, "row {place}, class {class}");
            }
        }
        assert!((f64::from(host(total)[0]) - loss).abs() < 1e-6, "{loss}");
    }
}

#[test]
fn teachers_are_chosen_by_a_part_of_their_name() {
    let teachers = teachers();
    let chosen = |names: &[&str]| -> Vec<String> {
        let config = DistillationConfig {
            teachers: names.iter().map(|name| ((*name).to_string(), 1.0)).collect(),
            ..DistillationConfig::default()
        };
        config.chosen(&teachers).iter().map(|(teacher, _)| teacher.name.clone()).collect()
    };
    assert_eq!(chosen(&["logistic", "a:"]), ["a: label propagation", "c: logistic regression"]);
    assert!(chosen(&["forest"]).is_empty());
    assert_eq!(DistillationConfig::default().chosen(&teachers).len(), 2);
}
