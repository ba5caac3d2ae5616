//! Losses and gradients of every objective equal numbers that PyTorch made from the papers' formulas
//! (`fixtures/objectives.py`).

use burn::module::{Module, Param};
use burn::tensor::{Gradients, Int, Tensor};
use semiseq_models::{Input, InputSize, SequenceModel, Sequences};
use semiseq_objectives::{
    losses::{
        cross_entropy, distribution_kl, distribution_mse, entropy, forecast_error, soft_cross_entropy, squared_error,
    },
    weight_average::{average, fresh_copy},
    *,
};
use serde_json::Value;

use crate::close::assert_close;
use crate::common::{device, host, numbers, tensor};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/objectives.json")).expect("the fixture")
}

fn classes(value: &Value) -> Tensor<1, Int> {
    let classes: Vec<i32> = numbers(value).into_iter().map(|class| class as i32).collect();
    Tensor::from_data(classes.as_slice(), &device())
}

fn all_known() -> Tensor<1> {
    Tensor::ones([4], &device())
}

/// The loss and its gradient equal the fixture's.
fn check(name: &str, loss: impl Fn(Tensor<2>, &Value) -> Tensor<1>) {
    let fixture = fixture();
    let case = &fixture[name];
    let logits = tensor::<2>(&case["logits"]).require_grad();
    let value = loss(logits.clone(), &fixture);
    let gradients = value.backward();
    assert_close(&host(value), &numbers(&case["loss"]), name);
    assert_close(
        &host(logits.grad(&gradients).expect("a gradient")),
        &numbers(&case["grad"]),
        &format!("{name}, gradient"),
    );
}

#[test]
fn cross_entropy_with_smoothing_and_class_weights() {
    for (name, smoothing, weighted) in [
        ("cross_entropy", 0.0, false),
        ("cross_entropy_smooth", 0.1, false),
        ("cross_entropy_weighted", 0.0, true),
        ("cross_entropy_weighted_smooth", 0.1, true),
    ] {
        check(name, |logits, fixture| {
            let weights = weighted.then(|| tensor::<1>(&fixture["class_weights"]));
            cross_entropy(logits, classes(&fixture["targets"]), all_known(), smoothing, weights)
        });
    }
}

#[test]
fn one_logit_is_binary_cross_entropy() {
    check("binary_cross_entropy", |logits, fixture| {
        cross_entropy(logits, classes(&fixture["binary_targets"]), all_known(), 0.0, None)
    });
}

#[test]
fn squared_error_of_one_column() {
    check("squared_error", |logits, fixture| squared_error(logits, tensor::<1>(&fixture["numbers"]), all_known()));
}

#[test]
fn entropy_and_the_two_consistencies() {
    check("entropy", |logits, _| entropy(logits, None));
    check("consistency_mse", |logits, fixture| distribution_mse(logits, tensor::<2>(&fixture["other"]), None));
    check("consistency_kl", |logits, fixture| distribution_kl(logits, tensor::<2>(&fixture["other"]), None));
}

/// A model whose logits are its only parameter, whatever it reads.
#[derive(Module, Debug)]
pub struct Fixed {
    pub logits: Param<Tensor<2>>,
}

impl Fixed {
    pub fn new(logits: Tensor<2>) -> Self {
        Self { logits: Param::from_tensor(logits) }
    }
}

impl SequenceModel for Fixed {
    fn forward(&self, _sequences: Sequences) -> Tensor<2> {
        self.logits.val()
    }
    fn embed(&self, _sequences: Sequences) -> Tensor<3> {
        self.logits.val().unsqueeze_dim(1)
    }
    fn encode(&self, steps: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        steps
    }
    fn pool(&self, states: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<2> {
        let [batch, _, width] = states.dims();
        states.reshape([batch, width])
    }
    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        hidden
    }
    fn causal(&self) -> bool {
        true
    }
    fn outputs(&self) -> usize {
        self.logits.dims()[1]
    }
    fn per_step(&self) -> bool {
        false
    }
    fn pooled_size(&self) -> usize {
        self.outputs()
    }
    fn input_size(&self) -> InputSize {
        InputSize::Values(1)
    }
}

/// Four rows whose truth is the fixture's, in one view.
fn part() -> Part {
    let sequences = Sequences { input: Input::Values(Tensor::zeros([4, 1, 1], &device())), mask: None };
    let targets = Targets::Classes { classes: classes(&fixture()["targets"]), known: all_known() };
    Part {
        weak: sequences.clone(),
        second: Some(sequences.clone()),
        strong: None,
        second_strong: None,
        plain: None,
        indices: (0..4).collect(),
        targets,
    }
}

fn setting(model: &Fixed) -> Setting<'_, Fixed> {
    static COUNTS: [usize; 3] = [1, 1, 2];
    // A leaked device lives as long as the test, as the setting's borrow wants.
    Setting {
        model,
        train_size: 4,
        class_counts: &COUNTS,
        token_counts: &[],
        target: None,
        teachers: &[],
        device: Box::leak(Box::new(device())),
    }
}

/// The end of a stage, where every weight is fully ramped up.
const LATE: StepContext = StepContext { step: 99, total_steps: 100, epoch: 9 };

fn unlabeled_only(objective: &mut impl Objective<Fixed>, model: &Fixed, context: &StepContext) -> (f32, Gradients) {
    let step = Step { labeled: None, unlabeled: Some(part()), balanced: None };
    let total = objective.step(model, &step, context).total().expect("a term");
    let gradients = total.backward();
    (host(total)[0], gradients)
}

fn check_objective(name: &str, make: impl Fn(&Setting<'_, Fixed>) -> AnyObjective<Fixed>) {
    let case = &fixture()[name];
    let model = Fixed::new(tensor::<2>(&case["logits"]));
    let mut objective = make(&setting(&model));
    let (loss, gradients) = unlabeled_only(&mut objective, &model, &LATE);
    assert_close(&[loss], &numbers(&case["loss"]), name);
    let gradient = model.logits.val().grad(&gradients).expect("a gradient");
    assert_close(&host(gradient), &numbers(&case["grad"]), &format!("{name}, gradient"));
}

#[test]
fn entropy_minimisation_is_the_weighted_entropy() {
    let config = EntropyMinimisationConfig { weight: 1.0, ..Default::default() };
    check_objective("entropy", |setting| ObjectiveConfig::EntropyMinimisation(config.clone()).init(setting));
}

#[test]
fn temporal_ensembling_over_three_visits() {
    let visits = fixture()["temporal_ensembling"].as_array().expect("visits").clone();
    let config = TemporalEnsemblingConfig { weight: 1.0, ensemble_decay: 0.6, ramp_up: 0.0, ..Default::default() };
    let first = Fixed::new(tensor::<2>(&visits[0]["logits"]));
    let mut objective = config.init(&setting(&first));
    for (visit, case) in visits.iter().enumerate() {
        let model = Fixed::new(tensor::<2>(&case["logits"]));
        let (loss, gradients) = unlabeled_only(&mut objective, &model, &LATE);
        assert_close(&[loss], &numbers(&case["loss"]), &format!("visit {visit}"));
        let gradient = model.logits.val().grad(&gradients).map_or_else(|| vec![0.0; 12], host);
        assert_close(&gradient, &numbers(&case["grad"]), &format!("visit {visit}, gradient"));
    }
}

#[test]
fn the_pi_model_and_the_mean_teacher_agree_with_themselves() {
    // The same logits in both views: the distance is zero, and so is its gradient.
    for config in
        [ObjectiveConfig::PiModel(PiModelConfig::default()), ObjectiveConfig::MeanTeacher(MeanTeacherConfig::default())]
    {
        let model = Fixed::new(tensor::<2>(&fixture()["entropy"]["logits"]));
        let mut objective = config.init(&setting(&model));
        let (loss, gradients) = unlabeled_only(&mut objective, &model, &LATE);
        assert!(loss.abs() < 1e-12, "{}", config.name());
        assert!(host(model.logits.val().grad(&gradients).expect("a gradient")).iter().all(|value| value.abs() < 1e-7));
    }
}

#[test]
fn the_mean_teacher_measures_the_distance_to_its_teacher_and_leaves_it_alone() {
    let fixture = fixture();
    let case = &fixture["consistency_mse"];
    let teacher = Fixed::new(tensor::<2>(&fixture["other"]).log());
    let mut objective = MeanTeacherConfig { weight: 1.0, ..Default::default() }.init(&setting(&teacher));
    let student = Fixed::new(tensor::<2>(&case["logits"]));
    let (loss, gradients) = unlabeled_only(&mut objective, &student, &LATE);
    assert_close(&[loss], &numbers(&case["loss"]), "mean teacher");
    let gradient = student.logits.val().grad(&gradients).expect("a gradient");
    assert_close(&host(gradient), &numbers(&case["grad"]), "mean teacher, gradient");
    assert!(
        objective.evaluated(&student).logits.val().grad(&gradients).is_none(),
        "no gradient flows into the teacher"
    );
}

#[test]
fn the_teacher_follows_the_students_weights() {
    let fixture = fixture();
    let case = &fixture["average"];
    let row = |value: &Value| Fixed::new(tensor::<1>(value).reshape([1, 2]));
    let mut teacher = fresh_copy(&row(&case["start"]));
    let (students, teachers) =
        (case["students"].as_array().expect("a list"), case["teachers"].as_array().expect("a list"));
    for (step, (student, expected)) in students.iter().zip(teachers).enumerate() {
        let decay = (1.0 - 1.0 / (step as f64 + 1.0)).min(0.6);
        teacher = average(teacher, &row(student), decay);
        assert_close(&host(teacher.logits.val()), &numbers(expected), &format!("step {step}"));
    }
}

#[test]
fn without_a_weight_the_supervised_loss_is_left() {
    let case = &fixture()["cross_entropy"];
    let model = Fixed::new(tensor::<2>(&case["logits"]));
    let step = Step { labeled: Some(part()), unlabeled: Some(part()), balanced: None };
    for (text, others) in [
        ("entropy-minimisation", &[][..]),
        ("pseudo-label", &[]),
        ("pi-model", &[]),
        ("temporal-ensembling", &[]),
        ("mean-teacher", &[]),
        ("adversarial", &[]),
        ("virtual-adversarial", &[]),
        ("cross-view", &[]),
        ("self-training", &[]),
        ("noisy-student", &[]),
        ("fixmatch", &[]),
        ("flexmatch", &[]),
        ("softmatch", &[]),
        ("uda", &[]),
        ("dash", &[]),
        ("adamatch", &[]),
        ("comatch", &["contrast_weight"]),
        ("simmatch", &["instance_weight"]),
        ("crmatch", &["distance_weight", "direction_weight"]),
        ("defixmatch", &[]),
        ("semi-supervised-vae", &[]),
    ] {
        let mut settings = serde_json::json!({ "weight": 0.0 });
        others.iter().for_each(|other| settings[other] = serde_json::json!(0.0));
        let config: ObjectiveConfig = serde_json::from_value(serde_json::json!({ text: settings })).expect("a config");
        let total = config.init(&setting(&model)).step(&model, &step, &LATE).total().expect("a term");
        assert_close(&host(total), &numbers(&case["loss"]), text);
    }
}

#[test]
fn reconstruction_counts_real_steps_only() {
    let case = &fixture()["reconstruction"];
    let mask = || Some(tensor::<2>(&case["mask"]));
    let rebuilt = tensor::<3>(&case["rebuilt"]).require_grad();
    let loss =
        reconstruction(rebuilt.clone(), Sequences { input: Input::Values(tensor::<3>(&case["values"])), mask: mask() });
    let gradients = loss.backward();
    assert_close(&host(loss), &numbers(&case["loss"]), "values");
    assert_close(&host(rebuilt.grad(&gradients).expect("a gradient")), &numbers(&case["grad"]), "values, gradient");

    let scores = tensor::<3>(&case["scores"]).require_grad();
    let tokens = classes(&case["tokens"]).reshape([2, 3]);
    let loss = reconstruction(scores.clone(), Sequences { input: Input::Tokens(tokens), mask: mask() });
    let gradients = loss.backward();
    assert_close(&host(loss), &numbers(&case["token_loss"]), "tokens");
    assert_close(
        &host(scores.grad(&gradients).expect("a gradient")),
        &numbers(&case["token_grad"]),
        "tokens, gradient",
    );
}

#[test]
fn a_bag_of_words_counts_each_word_once_it_is_real() {
    let fixture = fixture();
    let case = &fixture["bag_of_words"];
    let logits = tensor::<2>(&case["logits"]).require_grad();
    let input = Input::Tokens(classes(&case["words"]).reshape([2, 3]));
    let mask = Some(tensor::<2>(&fixture["reconstruction"]["mask"]));
    let loss = bag_of_words(logits.clone().unsqueeze_dim::<3>(1), &Sequences { input, mask });
    let gradients = loss.backward();
    assert_close(&host(loss), &numbers(&case["loss"]), "loss");
    assert_close(&host(logits.grad(&gradients).expect("a gradient")), &numbers(&case["grad"]), "gradient");
}

#[test]
fn the_penalty_and_the_schedules_follow_their_formulas() {
    let fixture = fixture();
    let case = &fixture["penalty"];
    let rate = |name: &str| f64::from(numbers(&case[name])[0]);
    // A one-row label beside the logits as weights: the penalty is the loss less the cross-entropy.
    let model = Fixed::new(tensor::<2>(&case["logits"]));
    let step = Step { labeled: Some(part()), unlabeled: None, balanced: None };
    let total = |l1: f64, l2: f64| {
        let config = SupervisedConfig { l1, l2, ..Default::default() };
        let terms = config.init(&setting(&model)).step(&model, &step, &LATE);
        terms.total().expect("a term")
    };
    let (with, without) = (total(rate("l1"), rate("l2")), total(0.0, 0.0));
    let difference = with.clone() - without.clone();
    assert_close(&host(difference), &numbers(&case["loss"]), "penalty");
    let gradient = |loss: Tensor<1>| model.logits.val().grad(&loss.backward()).expect("a gradient");
    assert_close(&host(gradient(with) - gradient(without)), &numbers(&case["grad"]), "penalty, gradient");

    let ramp = &fixture["gaussian_ramp_up"];
    let found: Vec<f32> =
        numbers(&ramp["progress"]).iter().map(|progress| gaussian_ramp_up(f64::from(*progress), 0.4) as f32).collect();
    assert_close(&found, &numbers(&ramp["weights"]), "ramp-up");
    let schedule = &fixture["pseudo_label_weight"];
    let config = PseudoLabelConfig::default();
    let found: Vec<f32> =
        numbers(&schedule["progress"]).iter().map(|progress| config.weight_at(f64::from(*progress)) as f32).collect();
    assert_close(&found, &numbers(&schedule["weights"]), "pseudo-label weight");
}

#[test]
fn what_is_predicted_hidden_or_told_apart_equals_pytorch() {
    let fixture = fixture();
    let case = &fixture["prediction"];
    let mask = || Some(tensor::<2>(&case["mask"]));
    let check = |name: &str, made: Tensor<3>, loss: Tensor<1>| {
        let gradients = loss.backward();
        assert_close(&host(loss), &numbers(&case[name]["loss"]), name);
        let gradient = made.grad(&gradients).expect("a gradient");
        assert_close(&host(gradient), &numbers(&case[name]["grad"]), &format!("{name}, gradient"));
    };
    let scores = tensor::<3>(&case["scores"]).require_grad();
    let [batch, steps, _] = scores.dims();
    let tokens = Input::Tokens(classes(&case["tokens"]).reshape([batch, steps + 1]));
    let loss = next_token(scores.clone(), &Sequences { input: tokens, mask: mask() });
    check("next_token", scores, loss);

    let values = || tensor::<3>(&case["values"]);
    let forecast = tensor::<3>(&case["forecast"]).require_grad();
    let loss = next_step_error(forecast.clone(), &Sequences { input: Input::Values(values()), mask: mask() });
    check("forecast_loss", forecast, loss);

    let rebuilt = tensor::<3>(&case["rebuilt"]).require_grad();
    let loss = hidden_error(rebuilt.clone(), values(), tensor::<3>(&case["hidden"]));
    check("hidden_values", rebuilt, loss);

    let predicted = tensor::<3>(&case["rebuilt"]).require_grad();
    let (loss, right) = info_nce(predicted.clone(), values(), mask());
    assert_close(&host(right), &numbers(&case["info_nce"]["right"]), "right choices");
    check("info_nce", predicted, loss);
}

#[test]
fn forecasts_from_the_end_and_from_each_step_equal_pytorch() {
    let case = &fixture()["forecast"];
    for name in ["from_end", "from_each"] {
        let made = tensor::<2>(&case[name]["logits"]).require_grad();
        let known = Tensor::<1>::from_data(numbers(&case["known"]).as_slice(), &device());
        let loss = forecast_error(made.clone(), tensor(&case["future"]), Some(tensor(&case["past"])), known);
        let gradients = loss.backward();
        assert_close(&host(loss), &numbers(&case[name]["loss"]), name);
        assert_close(&host(made.grad(&gradients).expect("a gradient")), &numbers(&case[name]["grad"]), name);
    }
}

#[test]
fn votes_mixtures_and_sharp_pseudo_labels_equal_pytorch() {
    let vote = |fixture: &Value, place: usize| tensor::<2>(&fixture["votes"][place]);
    check("agreed", |logits, fixture| agreed_loss(logits, [vote(fixture, 0), vote(fixture, 1)], 0.6, None).0);
    check("given", |logits, fixture| {
        let [loss, _] = given_loss(logits, vote(fixture, 1), 0.8, None);
        loss
    });
    check("orthogonality", |logits, fixture| orthogonality(logits, tensor::<2>(&fixture["columns"])));
    check("mixed", |logits, fixture| {
        let mixture = Mixture::new(tensor::<2>(&fixture["shares"]), classes(&fixture["partners"]));
        soft_cross_entropy(mixture.rows(logits), mixture.rows(tensor::<2>(&fixture["other"])))
    });
    check("graph_contrast", |first, fixture| {
        graph_contrast(first, tensor::<2>(&fixture["second"]), tensor::<2>(&fixture["pseudo_labels"]), 0.6, 0.2)
    });
    check("kept_apart", |strong, fixture| {
        kept_apart(strong, tensor::<2>(&fixture["weak_vectors"]), tensor::<1>(&fixture["sure"]))
    });
    let fixture = fixture();
    let case = &fixture["matched"];
    let share = Tensor::full([1, 1], 0.1, &device());
    let (bank, pseudo_labels) = (tensor::<2>(&case["bank"]), tensor::<2>(&fixture["pseudo_labels"]));
    let [target, blended] = matched(tensor::<2>(&case["likeness"]), bank, pseudo_labels, share);
    assert_close(&host(target), &numbers(&case["target"]), "the instances' target");
    assert_close(&host(blended), &numbers(&case["blended"]), "the blended pseudo-label");
    let found = host(sharpened(tensor::<2>(&fixture["other"]), 0.5));
    assert_close(&found, &numbers(&fixture["sharpened"]), "sharpened");
}

/// `tanh(x W)`, the mean over the steps, times `V`.
#[derive(Module, Debug)]
struct Net {
    weight: Param<Tensor<2>>,
    head: Param<Tensor<2>>,
}

impl SequenceModel for Net {
    fn embed(&self, sequences: Sequences) -> Tensor<3> {
        let Input::Values(values) = sequences.input else { panic!("the net reads values") };
        values
    }
    fn encode(&self, steps: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<3> {
        steps.matmul(self.weight.val().unsqueeze_dim(0)).tanh()
    }
    fn pool(&self, states: Tensor<3>, _mask: Option<Tensor<2>>) -> Tensor<2> {
        let [batch, _, width] = states.dims();
        states.mean_dim(1).reshape([batch, width])
    }
    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        hidden.matmul(self.head.val())
    }
    fn causal(&self) -> bool {
        true
    }
    fn outputs(&self) -> usize {
        3
    }
    fn per_step(&self) -> bool {
        false
    }
    fn pooled_size(&self) -> usize {
        3
    }
    fn input_size(&self) -> InputSize {
        InputSize::Values(2)
    }
}

#[test]
fn noise_where_it_harms_most_equals_pytorch() {
    let fixture = fixture();
    let case = &fixture["net"];
    let parameter = |value: &Value| Param::from_tensor(tensor::<2>(value));
    let net = Net { weight: parameter(&case["weight"]), head: parameter(&case["head"]) };
    let series = Sequences { input: Input::Values(tensor::<3>(&case["series"])), mask: None };
    let same = |name: &str, loss: Tensor<1>| {
        let gradients = loss.backward();
        assert_close(&host(loss), &numbers(&fixture[name]["loss"]), name);
        let found = host(net.weight.val().grad(&gradients).expect("a gradient"));
        assert_close(&found, &numbers(&fixture[name]["grad"]), &format!("{name}, gradient"));
    };
    let labeled = Part { weak: series.clone(), ..part() };
    let setting = Setting {
        model: &net,
        train_size: 4,
        class_counts: &[1, 1, 2],
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device(),
    };
    let mut objective = AdversarialConfig::default().init(&setting);
    let step = Step { labeled: Some(labeled), unlabeled: None, balanced: None };
    same("adversarial", objective.step(&net, &step, &LATE).total().expect("a term"));

    let read = Read::of(&net, &series);
    let target = losses::probabilities(net.forward(series.clone()));
    let change = |logits: Tensor<2>| distribution_kl(logits, target.clone(), None);
    let noise = read.virtual_adversarial(&net, 0.2, 2, tensor::<3>(&case["start"]), change);
    same("virtual-adversarial", change(read.logits(&net, noise)));
}
