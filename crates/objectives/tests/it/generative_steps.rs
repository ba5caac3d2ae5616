//! Three whole steps of the methods that learn without labels or make sequences equal what PyTorch made of the papers
//! (`fixtures/generative_steps.py`): the terms by name, the gradients of all that learns, and all parameters and
//! memories after the steps.

use burn::tensor::{Int, Tensor, TensorData};
use semiseq_models::{AnyModel, Input, InputSize, ModelConfig, Sequences};
use semiseq_objectives::*;
use serde_json::Value;

use crate::common::{device, host, numbers, tensor};
use crate::parameters::{Found, descended, ends_in, parameters, put, the};

pub fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/generative_steps.json")).expect("the fixture")
}

fn count(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

pub fn counts(value: &Value) -> Vec<usize> {
    value.as_array().expect("a list").iter().map(count).collect()
}

pub fn near(found: &[f32], expected: &[f32], within: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= within * expected.abs().max(0.3), "{what}: {found} against {expected}");
    }
}

/// Sequences of the fixture, as long as the longest of them; without a mask where nothing is padded.
pub fn sequences(fixture: &Value, tokens: bool, view: &str, indices: &[usize]) -> Sequences {
    let lengths = counts(&fixture["lengths"][view]);
    let time = indices.iter().map(|index| lengths[*index]).max().expect("a sequence");
    let steps = &fixture[if tokens { "texts" } else { "series" }][view];
    let rows: Vec<f32> =
        indices.iter().flat_map(|index| (0..time).flat_map(move |step| numbers(&steps[*index][step]))).collect();
    let input = if tokens {
        let tokens: Vec<i32> = rows.into_iter().map(|token| token as i32).collect();
        Input::Tokens(Tensor::from_data(TensorData::new(tokens, [indices.len(), time]), &device()))
    } else {
        let features = rows.len() / (indices.len() * time);
        Input::Values(Tensor::from_data(TensorData::new(rows, [indices.len(), time, features]), &device()))
    };
    let mask: Vec<f32> = indices
        .iter()
        .flat_map(|index| (0..time).map(|step| f32::from(u8::from(step < lengths[*index]))).collect::<Vec<f32>>())
        .collect();
    let padded = mask.contains(&0.0);
    let mask = Tensor::from_data(TensorData::new(mask, [indices.len(), time]), &device());
    Sequences { input, mask: padded.then_some(mask) }
}

/// What a case reads and writes, such as `tokens to values`; one word where there is no target.
pub struct Kind {
    pub tokens: bool,
    target: Option<bool>,
}

impl Kind {
    pub fn of(case: &Value) -> Self {
        let words = case["kind"].as_str().expect("a kind");
        let tokens = |word: &str| word == "tokens";
        match words.split_once(" to ") {
            Some((source, target)) => Self { tokens: tokens(source), target: Some(tokens(target)) },
            None => Self { tokens: tokens(words), target: None },
        }
    }

    fn size(&self, fixture: &Value, tokens: bool) -> InputSize {
        if tokens { InputSize::Tokens(count(&fixture["words"])) } else { InputSize::Values(2) }
    }

    fn part(&self, fixture: &Value, outputs: usize, indices: Vec<usize>) -> Part {
        let view = |name: &str| sequences(fixture, self.tokens, name, &indices);
        let of = |name: &str| {
            let all = counts(&fixture[name]);
            indices.iter().map(|index| all[*index]).collect::<Vec<usize>>()
        };
        let targets = match self.target {
            Some(tokens) => Targets::Sequences {
                target: sequences(fixture, tokens, "target", &indices),
                known: Tensor::from_data(
                    of("known").into_iter().map(|known| known as f32).collect::<Vec<f32>>().as_slice(),
                    &device(),
                ),
                past: None,
            },
            None => {
                let most = outputs.max(2) - 1;
                let classes: Vec<i32> = of("labels").into_iter().map(|class| class.min(most) as i32).collect();
                Targets::Classes {
                    known: Tensor::ones([classes.len()], &device()),
                    classes: Tensor::<1, Int>::from_data(classes.as_slice(), &device()),
                }
            }
        };
        Part {
            weak: view("weak"),
            second: Some(view("strong")),
            strong: Some(view("strong")),
            second_strong: None,
            plain: None,
            indices: indices.clone(),
            targets,
        }
    }

    /// The step of a place among the batches.
    pub fn step(&self, fixture: &Value, case: &Value, place: usize, needs: Needs) -> Step {
        use semiseq_datasets::Pool;
        let part = |name: &str| self.part(fixture, count(&case["outputs"]), counts(&fixture[name][place]));
        Step {
            labeled: (needs.pool != Pool::All).then(|| part("labeled")),
            unlabeled: (needs.pool != Pool::Labeled).then(|| part("unlabeled")),
            balanced: None,
        }
    }
}

fn weights(case: &Value, part: &str) -> Vec<(String, Vec<f32>)> {
    let all = case["weights"].as_object().expect("weights by name").iter();
    all.filter_map(|(name, values)| Some((name.strip_prefix(part)?.to_string(), numbers(values)))).collect()
}

/// Model and objective of a case, with its weights.
pub fn begun(fixture: &Value, case: &Value) -> (AnyModel, AnyObjective<AnyModel>) {
    let kind = Kind::of(case);
    let config: ModelConfig = serde_json::from_value(case["model"].clone()).expect("a model");
    let model = config.init(kind.size(fixture, kind.tokens), count(&case["outputs"]), &device());
    let model = put(model, weights(case, "model."));
    let name = case["name"].as_str().expect("a name");
    let config: ObjectiveConfig =
        serde_json::from_value(serde_json::json!({ name: case["settings"] })).expect("an objective");
    let setting = Setting {
        model: &model,
        train_size: counts(&fixture["labels"]).len(),
        class_counts: &[1, 1, 1],
        token_counts: &counts(&fixture["token_counts"]),
        target: kind.target.map(|tokens| TargetSize {
            input: kind.size(fixture, tokens),
            longest: 4,
            unit: Default::default(),
        }),
        teachers: &[],
        device: &device(),
    };
    let objective = put(config.init(&setting), weights(case, "own."));
    (model, objective)
}

/// The terms of a step, with the fixture's draws where there are some.
fn terms(
    objective: &mut AnyObjective<AnyModel>,
    model: &AnyModel,
    step: &Step,
    context: &StepContext,
    draws: &Value,
) -> Terms {
    let mut places = 0..;
    let mut next = || places.next().expect("no end");
    let latent =
        |draws: &Value| LatentDraws { noise: tensor::<2>(&draws["noise"]), shown: Some(tensor::<2>(&draws["shown"])) };
    match objective {
        AnyObjective::Vae(objective) => {
            let part = step.unlabeled.as_ref().expect("sequences");
            objective.terms_from(model, &part.weak, context, latent(&draws[0]))
        }
        AnyObjective::SemiSupervisedVae(objective) => {
            objective.terms_from(model, step, context, |_| latent(&draws[next()]))
        }
        AnyObjective::Gan(objective) => objective.terms_from(model, step, context, |_| GanDraws {
            noise: tensor::<3>(&draws["noise"]),
            share: tensor::<2>(&draws["share"]),
        }),
        AnyObjective::SemiSupervisedGan(objective) => {
            objective.terms_from(model, step, context, tensor::<3>(&draws["noise"]), |_| {
                let pass = &draws["passes"][next()];
                PassNoise { input: tensor::<3>(&pass["input"]), hidden: tensor::<2>(&pass["hidden"]) }
            })
        }
        AnyObjective::MaskedReconstruction(objective) => {
            let part = step.unlabeled.as_ref().expect("series");
            let loss = objective.loss_of(model, &part.weak, tensor::<3>(&draws["hidden"])).expect("values");
            Terms::default().add("hidden_values", 1.0, loss)
        }
        objective => objective.step(model, step, context),
    }
}

/// The terms by name, and all that is watched beside them.
pub fn check_terms(terms: &Terms, expected: &Value, within: f32, what: &str) {
    let (watched, values) = terms.watched(|_| 1.0);
    let found: Vec<(&str, bool, f32)> = watched
        .iter()
        .zip(values)
        .map(|(watched, value)| (watched.name, matches!(watched.role, Role::Term { .. }), host(value)[0]))
        .chain(terms.constants().iter().map(|(name, value)| (*name, false, *value as f32)))
        .collect();
    let of = |part: &str| expected[part].as_object().expect("numbers by name").clone();
    let names: Vec<&str> = found.iter().filter(|(_, term, _)| *term).map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), of("terms").len(), "{what}: {names:?}");
    for (name, value) in of("terms").iter().chain(&of("watched")) {
        let (.., found) = found.iter().find(|(found, ..)| found == name).unwrap_or_else(|| panic!("{what}: no {name}"));
        near(&[*found], &numbers(value), within, &format!("{what}, {name}"));
    }
}

/// Of many numbers the fixture has every fifth.
fn thinned(values: &[f32]) -> Vec<f32> {
    values.iter().copied().step_by(if values.len() > 100 { 5 } else { 1 }).collect()
}

/// The gradients that the fixture has; and none by what stands still, not even zeros where `still` says so: an
/// optimiser with moments would move it.
pub fn check_gradients(found: &[Found], expected: &Value, part: &str, still: bool, within: f32, what: &str) {
    let expected = expected.as_object().expect("gradients by name");
    let expected: Vec<(&str, &Value)> =
        expected.iter().filter_map(|(name, slope)| Some((name.strip_prefix(part)?, slope))).collect();
    for (name, slope) in &expected {
        let gradient = the(found, name).gradient.as_ref().unwrap_or_else(|| panic!("{what}: none by {part}{name}"));
        near(&thinned(gradient), &numbers(slope), within, &format!("{what}, gradient by {part}{name}"));
    }
    for one in found {
        let learned = expected.iter().any(|(name, _)| ends_in(&one.path, name));
        let zero = |slope: &Vec<f32>| !still && slope.iter().all(|slope| *slope == 0.0);
        assert!(learned || one.gradient.as_ref().is_none_or(zero), "{what}: a gradient reaches {}", one.path);
    }
}

/// What an objective measures over all of these batches together.
fn measured(
    fixture: &Value,
    case: &Value,
    (model, objective): &(AnyModel, AnyObjective<AnyModel>),
    batches: &Value,
) -> f64 {
    let mut sums: Vec<f64> = Vec::new();
    let mut number = None;
    for batch in batches.as_array().expect("batches") {
        let part = Kind::of(case).part(fixture, count(&case["outputs"]), counts(batch));
        let measures = objective.measure(model, &part);
        let Some(Measure { values, gathered: Gathered::Sums(made), .. }) = measures.first() else { panic!("sums") };
        let values = host(values.clone());
        sums.resize(sums.len().max(values.len()), 0.0);
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(value));
        number = Some(*made);
    }
    number.expect("a batch")(&sums)
}

fn check(fixture: &Value, case: &Value) {
    let title = format!("{}, {}, {}", case["name"], case["kind"], case["settings"]);
    let within = numbers(&case["within"])[0];
    let rate = numbers(&fixture["rate"])[0];
    for expected in case["measures"].as_array().into_iter().flatten() {
        let batches = &expected["batches"];
        let found = measured(fixture, case, &begun(fixture, case), batches) as f32;
        near(&[found], &numbers(&expected["loss"]), within, &format!("{title}, measured over {batches}"));
    }
    let (mut model, mut objective) = begun(fixture, case);
    for (place, expected) in case["steps"].as_array().expect("steps").iter().enumerate() {
        let step = Kind::of(case).step(fixture, case, place, objective.needs());
        let context =
            StepContext { step: count(&expected["step"]), total_steps: count(&fixture["total_steps"]), epoch: 1 };
        let what = format!("{title}, step {place}");
        let terms = terms(&mut objective, &model, &step, &context, &expected["draws"]);
        check_terms(&terms, expected, within, &what);
        let total = terms.total().expect("a loss");
        let gradients = total.backward();
        near(&host(total), &numbers(&expected["total"]), within, &what);
        if expected.get("gradients").is_some() {
            let slopes = &expected["gradients"];
            let still = terms.turns();
            check_gradients(&parameters(&model, Some(&gradients)), slopes, "model.", still, within, &what);
            check_gradients(&parameters(&objective, Some(&gradients)), slopes, "own.", still, within, &what);
        }
        model = descended(model, &gradients, rate);
        objective = descended(objective, &gradients, rate).after_update(&model, &context);
    }
    let (model, objective) = (parameters(&model, None), parameters(&objective, None));
    for (name, values) in case["after"].as_object().expect("parameters by name") {
        let found = match name.strip_prefix("own.") {
            Some(name) => the(&objective, name),
            None => the(&model, name.strip_prefix("model.").expect("of the model")),
        };
        let expected = numbers(values);
        let found = if found.values.len() == expected.len() { found.values.clone() } else { thinned(&found.values) };
        near(&found, &expected, within, &format!("{title}, {name} after the steps"));
    }
}

/// Runs all cases of these methods.
fn check_all(names: &[&str], expected: usize) {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().expect("cases");
    let cases: Vec<&Value> = cases.iter().filter(|case| names.iter().any(|name| case["name"] == *name)).collect();
    assert_eq!(cases.len(), expected, "cases of {names:?}");
    for case in cases {
        check(&fixture, case);
    }
}

#[test]
fn autoencoders_of_series_images_texts_and_bags_of_words() {
    check_all(&["autoencoder"], 8);
}

#[test]
fn variational_autoencoders() {
    check_all(&["vae"], 4);
}

#[test]
fn variational_autoencoders_with_the_class_summed_out() {
    check_all(&["semi-supervised-vae"], 3);
}

#[test]
fn generators_and_critics_in_turn() {
    check_all(&["gan"], 5);
}

#[test]
fn generators_and_classifiers_in_turn_with_the_average_of_the_classifier() {
    check_all(&["semi-supervised-gan"], 2);
}

#[test]
fn decoders_of_another_sequence_with_and_without_attention() {
    check_all(&["sequence-to-sequence"], 5);
}

#[test]
fn contrasts_and_what_they_measure_in_batches_of_any_size() {
    check_all(&["contrastive-predictive-coding"], 2);
}

#[test]
fn a_contrast_that_tells_nothing_measures_the_same_in_batches_of_any_size() {
    let fixture = fixture();
    for case in fixture["cases"].as_array().expect("cases") {
        if case["name"] != "contrastive-predictive-coding" {
            continue;
        }
        let (model, objective) = begun(&fixture, case);
        let zeros = parameters(&objective, None).into_iter().map(|found| (found.path, vec![0.0; found.values.len()]));
        let nothing = (model, put(objective, zeros.collect()));
        for expected in case["measures"].as_array().expect("batches") {
            let found = measured(&fixture, case, &nothing, &expected["batches"]);
            assert!((found - 129f64.ln()).abs() < 1e-5, "{found} in {}", expected["batches"]);
        }
    }
}

#[test]
fn what_comes_next() {
    check_all(&["next-step", "language-model", "next-item"], 7);
}

#[test]
fn values_that_were_hidden() {
    check_all(&["masked-reconstruction"], 1);
}

#[test]
fn several_methods_at_once_and_the_memory_of_one() {
    check_all(&["joint"], 1);
}
