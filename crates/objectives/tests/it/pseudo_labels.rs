//! Whole steps of the methods of pseudo-labels equal those of their authors' code (`fixtures/pseudo_labels.py`): the
//! loss, the gradients, and after four steps what the methods remember. Batches are padded, views differ, sequences
//! stand twice in a batch or never come.

use burn::module::{Module, Param};
use burn::tensor::{Gradients, Int, Tensor, TensorData};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences};
use semiseq_objectives::*;
use serde_json::Value;

use crate::common::{device, host, numbers, tensor};
use crate::parameters::{descended, ends_in, parameters, put, the};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/pseudo_labels.json")).expect("the fixture")
}

fn count(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

fn counts(value: &Value) -> Vec<usize> {
    value.as_array().expect("a list").iter().map(count).collect()
}

/// Single precision over four steps of descent against double.
fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 5e-5 * expected.abs().max(0.5), "{what}: {found} against {expected}");
    }
}

/// `tanh(x W)` a step; the mean over the steps, later ones weighing more; times `V`. A tagger has a row per step.
#[derive(Module, Debug)]
pub struct Net {
    weight: Param<Tensor<2>>,
    head: Param<Tensor<2>>,
    #[module(skip)]
    per_step: bool,
}

impl Net {
    fn of(case: &Value) -> Self {
        let parameter = |name: &str| Param::from_tensor(tensor::<2>(&case["model"][name]));
        Self { weight: parameter("weight"), head: parameter("head"), per_step: case["head"] == "tagger" }
    }
}

impl SequenceModel for Net {
    fn embed(&self, sequences: Sequences) -> Tensor<3> {
        let Input::Values(values) = sequences.input else { panic!("the net reads values") };
        values
    }
    fn encode(&self, steps: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        steps.matmul(self.weight.val().unsqueeze_dim(0)).tanh()
    }
    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        let [batch, time, width] = states.dims();
        let mask = mask.expect("all batches are padded");
        let later: Vec<f32> = (1..=time).map(|step| step as f32).collect();
        let weights = mask * Tensor::<1>::from_data(later.as_slice(), &device()).reshape([1, time]);
        let weights = weights.clone() / weights.sum_dim(1);
        (states * weights.unsqueeze_dim(2)).sum_dim(1).reshape([batch, width])
    }
    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        hidden.matmul(self.head.val())
    }
    fn causal(&self) -> bool {
        true
    }
    fn outputs(&self) -> usize {
        self.head.dims()[1]
    }
    fn per_step(&self) -> bool {
        self.per_step
    }
    fn pooled_size(&self) -> usize {
        self.weight.dims()[1]
    }
    fn input_size(&self) -> InputSize {
        InputSize::Values(2)
    }
}

/// A part of a step, in views that remember gradients. A tagger's views are as long as the weak one.
fn part(fixture: &Value, given: &Value, head: &str) -> Part {
    let indices = counts(&given["indices"]);
    let view = |name: &str| {
        let values = tensor::<3>(&given[name]["values"]);
        let [batch, time, _] = values.dims();
        let lengths = counts(&given[if head == "tagger" { "weak" } else { name }]["lengths"]);
        let mask: Vec<f32> =
            lengths.iter().flat_map(|length| (0..time).map(move |step| f32::from(u8::from(step < *length)))).collect();
        let mask = Tensor::from_data(TensorData::new(mask, [batch, time]), &device());
        Sequences { input: Input::Values(values.require_grad()), mask: Some(mask) }
    };
    let weak = view("weak");
    let (classes, known): (Vec<i32>, Vec<f32>) = if head == "tagger" {
        let steps = fixture["step_classes"].as_array().expect("classes of all sequences");
        let classes = indices.iter().flat_map(|index| counts(&steps[*index])).map(|class| class as i32);
        (classes.collect(), host(weak.mask.clone().expect("set above")))
    } else {
        let most = if head == "sigmoid" { 1 } else { 2 };
        let classes = counts(&fixture["classes"]);
        let classes: Vec<i32> = indices.iter().map(|index| classes[*index].min(most) as i32).collect();
        let known = vec![1.0; classes.len()];
        (classes, known)
    };
    let targets = Targets::Classes {
        classes: Tensor::<1, Int>::from_data(classes.as_slice(), &device()),
        known: Tensor::from_data(known.as_slice(), &device()),
    };
    Part {
        weak,
        second: None,
        strong: Some(view("strong")),
        second_strong: Some(view("second_strong")),
        plain: Some(view("plain")),
        indices,
        targets,
    }
}

/// A view by its name in the fixture, such as `unlabeled.weak`.
fn view<'a>(step: &'a Step, name: &str) -> &'a Sequences {
    let (side, view) = name.split_once('.').expect("a side and a view");
    let part = if side == "labeled" { step.labeled.as_ref() } else { step.unlabeled.as_ref() }.expect("both parts");
    let view = match view {
        "weak" => Some(&part.weak),
        "strong" => part.strong.as_ref(),
        "plain" => part.plain.as_ref(),
        other => panic!("no view `{other}`"),
    };
    view.expect("all views were made")
}

fn gradient_of(sequences: &Sequences, gradients: &Gradients) -> Vec<f32> {
    let Input::Values(values) = &sequences.input else { panic!("values") };
    values.grad(gradients).map(host).unwrap_or_default()
}

/// The objective of a case, with the values of what it learns itself, at the start of its stage.
pub fn objective(case: &Value, model: &Net, train_size: usize) -> AnyObjective<Net> {
    let name = case["name"].as_str().expect("a name");
    let config: ObjectiveConfig =
        serde_json::from_value(serde_json::json!({ name: case["settings"] })).expect("a config");
    let config = match case.get("rebalancing") {
        Some(method) => config.rebalanced(&serde_json::from_value(method.clone()).expect("a method")),
        None => config,
    };
    let class_counts = case.get("counts").map_or_else(|| vec![1, 2, 1], counts);
    let setting = Setting {
        model,
        train_size,
        class_counts: &class_counts,
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device(),
    };
    let own = case["own"].as_object().expect("values by name");
    put(config.init(&setting), own.iter().map(|(name, values)| (name.clone(), numbers(values))).collect())
}

/// Runs the steps of a case against the fixture; gives the objective after them.
pub fn check(fixture: &Value, case: &Value) -> AnyObjective<Net> {
    let head = case["head"].as_str().expect("a kind");
    let title = format!("{}, {head}, {}, {}", case["name"], case["settings"], case["rebalancing"]);
    let rate = numbers(&fixture["rate"])[0];
    let mut model = Net::of(case);
    let mut objective = objective(case, &model, count(&fixture["train"]));
    let steps = case["steps"].as_array().expect("steps");
    for (input, expected) in fixture["inputs"].as_array().expect("batches").iter().zip(steps) {
        let step = Step {
            labeled: Some(part(fixture, &input["labeled"], head)),
            unlabeled: Some(part(fixture, &input["unlabeled"], head)),
            balanced: input.get("balanced").map(|given| part(fixture, given, head)),
        };
        let place = count(&expected["step"]);
        let epoch = expected.get("epoch").map_or(1, count);
        let context = StepContext { step: place, total_steps: count(&case["total_steps"]), epoch };
        let total = objective.step(&model, &step, &context).total().expect("a loss");
        let gradients = total.backward();
        let title = format!("{title}, step {place}");
        assert_near(&host(total), &numbers(&expected["loss"]), &format!("{title}, loss"));
        let (net, own) = (parameters(&model, Some(&gradients)), parameters(&objective, Some(&gradients)));
        let slopes = expected["grads"].as_object().expect("gradients by name");
        for (name, slope) in slopes {
            let found = match name.strip_prefix("own.") {
                Some(name) => the(&own, name),
                None => the(&net, name),
            };
            let slope = numbers(slope);
            let found = found.gradient.clone().unwrap_or_else(|| vec![0.0; slope.len()]);
            assert_near(&found, &slope, &format!("{title}, gradient of {name}"));
        }
        for found in &own {
            let learned =
                slopes.keys().any(|name| name.strip_prefix("own.").is_some_and(|name| ends_in(&found.path, name)));
            assert!(learned || found.gradient.is_none(), "{title}: a gradient reaches {}", found.path);
        }
        for name in case["still"].as_array().expect("names of views") {
            let name = name.as_str().expect("a name");
            let slope = gradient_of(view(&step, name), &gradients);
            assert!(slope.iter().all(|slope| *slope == 0.0), "{title}: a gradient reaches {name}: {slope:?}");
        }
        model = descended(model, &gradients, rate);
        objective = descended(objective, &gradients, rate).after_update(&model, &context);
        if case.get("rebalancing").is_some() {
            // As a run that goes on from a checkpoint after each step.
            let record = objective.into_record();
            objective = self::objective(case, &model, count(&fixture["train"])).load_record(record);
        }
    }
    let remembered = parameters(&objective, None);
    for (name, values) in case["state"].as_object().expect("a memory by name") {
        assert_near(&the(&remembered, name).values, &numbers(values), &format!("{title}, {name} after the steps"));
    }
    objective
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
fn pseudo_labels_of_the_moment_and_of_a_round() {
    check_all(&["pseudo-label", "self-training", "noisy-student"], 9);
}

#[test]
fn fixmatch_and_what_only_changes_its_threshold() {
    check_all(&["fixmatch", "flexmatch", "freematch", "softmatch"], 11);
}

#[test]
fn divergence_alignment_and_debiasing() {
    check_all(&["uda", "adamatch", "defixmatch"], 11);
}

#[test]
fn a_limit_that_falls_from_the_loss_after_the_first_part() {
    check_all(&["dash"], 3);
}

#[test]
fn vectors_and_their_memories() {
    check_all(&["comatch", "simmatch", "crmatch"], 8);
}

#[test]
fn a_memory_is_right_though_a_batch_holds_a_sequence_twice() {
    let fixture = fixture();
    for case in fixture["cases"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        if !["comatch", "simmatch", "flexmatch"].contains(&name) {
            continue;
        }
        let memory = parameters(&check(&fixture, case), None);
        if name == "flexmatch" {
            let pseudo_labels = &the(&memory, "guesses").values;
            assert!(pseudo_labels.iter().all(|pseudo_label| [0.0, 1.0].contains(pseudo_label)), "{pseudo_labels:?}");
            continue;
        }
        let (known, vectors) = (&the(&memory, "bank.known").values, &the(&memory, "bank.vectors").values);
        let classes = &the(&memory, "bank.classes").values;
        let (width, kinds) = (vectors.len() / known.len(), classes.len() / known.len());
        assert_eq!(known[11], 0.0, "the last sequence never came");
        for (row, known) in known.iter().enumerate() {
            assert!([0.0, 1.0].contains(known), "{name}: known is {known}");
            let length = vectors[row * width..][..width].iter().map(|value| value * value).sum::<f32>().sqrt();
            let sum: f32 = classes[row * kinds..][..kinds].iter().sum();
            assert!((length - known).abs() < 1e-5 && (sum - known).abs() < 1e-5, "{name}: length {length}, sum {sum}");
        }
    }
}

#[test]
fn pseudo_labels_of_simmatch_sum_to_one() {
    let device = device();
    let row = |values: [[f32; 3]; 2]| Tensor::<2>::from_data(values, &device);
    let pseudo_label = row([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9]]);
    let likeness = Tensor::<2>::from_data([[0.1, 0.2, 0.3, 0.4], [0.97, 0.01, 0.01, 0.01]], &device);
    let classes = Tensor::<2>::from_data([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], &device);
    for share in [0.0, 0.1, 0.5, 1.0] {
        let share = Tensor::full([1, 1], share, &device);
        for made in matched(likeness.clone(), classes.clone(), pseudo_label.clone(), share) {
            for sum in host(made.sum_dim(1)) {
                assert!((sum - 1.0).abs() < 1e-6, "{sum}");
            }
        }
    }
}

#[test]
fn defixmatch_never_gains_from_labels_that_it_predicts() {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().expect("cases");
    for case in cases.iter().filter(|case| case["name"] == "defixmatch") {
        let head = case["head"].as_str().expect("a kind");
        let model = Net::of(case);
        // All that is predicted counts.
        let config = DeFixMatchConfig { threshold: 0.0, ..Default::default() };
        let setting = Setting {
            model: &model,
            train_size: 12,
            class_counts: &[1, 2, 1],
            token_counts: &[],
            target: None,
            teachers: &[],
            device: &device(),
        };
        for input in fixture["inputs"].as_array().expect("batches") {
            // Labels that are the net's own pseudo-labels for the weak view; a strong view of which it makes anything.
            let mut labeled = part(&fixture, &input["labeled"], head);
            let logits = losses::class_logits(model.forward(labeled.weak.clone()));
            let [rows, _] = logits.dims();
            if let Targets::Classes { classes, .. } = &mut labeled.targets {
                *classes = logits.argmax(1).reshape([rows]);
            }
            let loss = |strength: f32| {
                let Input::Values(strong) = labeled.strong.clone().expect("a strong view").input else {
                    panic!("values")
                };
                let mask = labeled.strong.as_ref().and_then(|strong| strong.mask.clone());
                let strong = Sequences { input: Input::Values(strong * strength), mask };
                let labeled = Part { strong: Some(strong), ..labeled.clone() };
                let unlabeled = part(&fixture, &input["unlabeled"], head);
                let context = StepContext { step: 0, total_steps: 8, epoch: 1 };
                let total = |weight: f64, unlabeled: Option<Part>| {
                    let step = Step { labeled: Some(labeled.clone()), unlabeled, balanced: None };
                    let config = DeFixMatchConfig { weight, ..config.clone() };
                    host(config.init(&setting).step(&model, &step, &context).total().expect("a loss"))[0]
                };
                // What the labelled part leaves: all but the unlabelled term, which FixMatch has alone.
                let fixmatch = FixMatchConfig { threshold: 0.0, weight: 0.5, ..Default::default() };
                let step = Step { labeled: Some(labeled.clone()), unlabeled: Some(unlabeled.clone()), balanced: None };
                let plain = Step { labeled: Some(labeled.clone()), unlabeled: None, balanced: None };
                let of = |step: &Step| {
                    host(fixmatch.init(&setting).step(&model, step, &context).total().expect("a loss"))[0]
                };
                total(0.5, Some(unlabeled)) - (of(&step) - of(&plain))
            };
            for strength in [0.1, 1.0, 10.0, 100.0] {
                let left = loss(strength);
                assert!(left >= -1e-4, "{head}: {left} at strength {strength}");
            }
        }
    }
}
