//! Whole steps of the consistency, mixing, multi-view and adversarial objectives equal what PyTorch made from their
//! authors' code (`fixtures/consistency.py`): the loss, the gradients, and what is learned and remembered after each of
//! three steps.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Distribution, Gradients, Int, Tensor};
use burn::train::Interrupter;
use semiseq_datasets::{DataConfig, LabelsConfig, Pool, TargetKind, Views, prepare};
use semiseq_models::{Input, InputSize, NumberHead, SequenceModel, Sequences};
use semiseq_objectives::{
    weight_average::{average, fresh_copy},
    *,
};
use semiseq_training::config::{OptimizerConfig, SgdConfig, StageConfig};
use semiseq_training::learner::optimizer::build;
use semiseq_training::learner::progress::Progress;
use semiseq_training::learner::{Learned, StageOptions, fit};
use semiseq_training::task_of;
use serde_json::Value;

use crate::common::{device, host, numbers, tensor};

/// The learning rate of the fixture's gradient descent.
const RATE: f64 = 0.3;
/// The levels of the fixture's quantiles.
const LEVELS: [f64; 4] = [0.1, 0.5, 0.75, 0.95];
/// Sequences in the fixture's training part.
const TRAIN: usize = 8;

/// `tanh(x W)`, the mean over the real steps where there is no row per step, times `V`.
#[derive(Module, Debug)]
pub struct Net {
    weight: Param<Tensor<2>>,
    head: Param<Tensor<2>>,
    #[module(skip)]
    per_step: bool,
    #[module(skip)]
    two_way: bool,
    #[module(skip)]
    numbers: Option<NumberHead>,
    #[module(skip)]
    multi_label: bool,
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
        let mask: Tensor<3> = mask.unwrap_or_else(|| Tensor::ones([batch, time], &device())).unsqueeze_dim(2);
        let count = mask.clone().sum_dim(1).reshape([batch, 1]);
        (states * mask).sum_dim(1).reshape([batch, width]) / count
    }
    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        hidden.matmul(self.head.val())
    }
    fn causal(&self) -> bool {
        !self.two_way
    }
    fn bidirectional(&self) -> bool {
        self.two_way
    }
    fn outputs(&self) -> usize {
        self.head.dims()[1]
    }
    fn numbers(&self) -> Option<&NumberHead> {
        self.numbers.as_ref()
    }
    fn multi_label(&self) -> bool {
        self.multi_label
    }
    fn per_step(&self) -> bool {
        self.per_step
    }
    fn pooled_size(&self) -> usize {
        self.head.dims()[0]
    }
    fn input_size(&self) -> InputSize {
        InputSize::Values(self.weight.dims()[0])
    }
}

fn integers(value: &Value) -> Tensor<1, Int> {
    let integers: Vec<i32> = numbers(value).into_iter().map(|number| number as i32).collect();
    Tensor::from_data(integers.as_slice(), &device())
}

fn part(case: &Value) -> Part {
    let view = |name: &str| Sequences {
        input: Input::Values(tensor::<3>(&case[name])),
        mask: Some(tensor::<2>(&case["mask"])),
    };
    let other = |name: &str| case.get(name).is_some().then(|| view(name));
    Part {
        weak: view("weak"),
        second: other("second"),
        strong: other("strong"),
        second_strong: None,
        plain: None,
        indices: numbers(&case["indices"]).into_iter().map(|index| index as usize).collect(),
        targets: match case.get("numbers") {
            None if case.get("labels").is_some() => {
                Targets::Labels { labels: tensor::<2>(&case["labels"]), known: tensor::<1>(&case["known"]) }
            }
            Some(numbers) => Targets::Numbers { numbers: tensor::<1>(numbers), known: tensor::<1>(&case["known"]) },
            None => Targets::Classes { classes: integers(&case["classes"]), known: tensor::<1>(&case["known"]) },
        },
    }
}

/// The terms of a step, with the fixture's draws where there are some.
fn terms(objective: &mut AnyObjective<Net>, model: &Net, step: &Step, context: &StepContext, draws: &Value) -> Terms {
    let mixture = |draws: &Value| Mixture::new(tensor::<2>(&draws["shares"]), integers(&draws["partners"]));
    let (Some(labeled), Some(unlabeled)) = (&step.labeled, &step.unlabeled) else { panic!("both parts") };
    match objective {
        AnyObjective::InterpolationConsistency(objective) => {
            let mut names = ["labeled", "unlabeled"].into_iter();
            objective.mixed(model, step, context, |_| mixture(&draws[names.next().expect("two mixtures")]))
        }
        AnyObjective::MixMatch(objective) => {
            objective.mixed(model, labeled, unlabeled, context, &mixture(draws)).expect("classes")
        }
        AnyObjective::ReMixMatch(objective) => {
            objective.mixed(model, labeled, unlabeled, context, &mixture(draws)).expect("classes")
        }
        AnyObjective::VirtualAdversarial(objective) => {
            let mut names = ["labeled", "unlabeled"].into_iter();
            objective.terms_from(model, step, |_| tensor::<3>(&draws[names.next().expect("two starts")]))
        }
        AnyObjective::SemiSupervisedGan(objective) => {
            // What is made follows from the generator's weights, and so has gradients in the generator's turn.
            let made = tensor::<3>(&draws["made"]);
            let made = if context.step % 2 == 1 { made.require_grad() } else { made };
            let made = Sequences { input: Input::Values(made), mask: unlabeled.weak.mask.clone() };
            let noise = ["labeled", "real", "made_noise"].map(|name| PassNoise {
                input: tensor::<3>(&draws[name]["input"]),
                hidden: tensor::<2>(&draws[name]["hidden"]),
            });
            if context.step % 2 == 1 {
                let [_, real, of_made] = noise;
                let loss = objective.generator_loss(model, unlabeled, &made, [real.input, of_made.input]);
                return Terms::turn("generator", loss);
            }
            objective.discriminator_terms(model, step, &made, noise)
        }
        objective => objective.step(model, step, context),
    }
}

/// Parameters in the order of a module's fields, and their gradients, zeros where there are none.
#[derive(Default)]
struct Flat<'a> {
    gradients: Option<&'a Gradients>,
    values: Vec<Vec<f32>>,
    slopes: Vec<Vec<f32>>,
}

impl ModuleVisitor for Flat<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if let Some(gradients) = self.gradients {
            self.slopes.push(value.grad(gradients).map_or_else(|| vec![0.0; value.dims().iter().product()], host));
        }
        self.values.push(host(value));
    }
}

fn flat<'a>(module: &impl Module, gradients: Option<&'a Gradients>) -> Flat<'a> {
    let mut flat = Flat { gradients, ..Flat::default() };
    module.visit(&mut flat);
    flat
}

/// Puts the fixture's numbers in the place of a module's last parameters.
struct Fill {
    skip: usize,
    values: std::vec::IntoIter<Vec<f32>>,
}

impl ModuleMapper for Fill {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.skip > 0 {
            self.skip -= 1;
            return param;
        }
        let Some(values) = self.values.next() else { return param };
        let learns = param.is_require_grad();
        param.map(|old| {
            let shape = old.dims();
            Tensor::<1>::from_data(values.as_slice(), &device()).reshape(shape).set_require_grad(learns)
        })
    }
}

fn filled<T: Module>(module: T, values: Vec<Vec<f32>>) -> T {
    let skip = flat(&module, None).values.len() - values.len();
    module.map(&mut Fill { skip, values: values.into_iter() })
}

fn list(value: &Value) -> Vec<Vec<f32>> {
    value.as_array().expect("a list").iter().map(numbers).collect()
}

fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 5e-5 * expected.abs().max(1.0), "{what}: {found} against {expected}");
    }
}

fn assert_last_near(found: &[Vec<f32>], expected: &[Vec<f32>], what: &str) {
    assert!(found.len() >= expected.len(), "{what}: {} parameters against {}", found.len(), expected.len());
    for (place, (found, expected)) in found[found.len() - expected.len()..].iter().zip(expected).enumerate() {
        assert_near(found, expected, &format!("{what} {place}"));
    }
}

fn check(case: &Value) {
    let (name, head) = (case["name"].as_str().expect("a name"), case["head"].as_str().expect("a head"));
    let two_way = case["flags"].as_array().is_some_and(|flags| flags.iter().any(|flag| flag == "two-way"));
    let parameter = |value: &Value| Param::from_tensor(tensor::<2>(value));
    let model = Net {
        weight: parameter(&case["model"][0]),
        head: parameter(&case["model"][1]),
        per_step: head == "tagger",
        two_way,
        numbers: match head {
            "number" => Some(NumberHead::Means),
            "gaussian" => Some(NumberHead::Gaussian(LEVELS.to_vec())),
            "quantiles" => Some(NumberHead::Quantiles(LEVELS.to_vec())),
            _ => None,
        },
        multi_label: head == "labels",
    };
    let config: ObjectiveConfig =
        serde_json::from_value(serde_json::json!({ name: case["settings"] })).expect("settings");
    let given: Option<Vec<usize>> = serde_json::from_value(case["counts"].clone()).expect("counts");
    let counts = given.unwrap_or_else(|| vec![1; model.outputs().max(2)]);
    let setting = Setting {
        model: &model,
        train_size: TRAIN,
        class_counts: &counts,
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device(),
    };
    let (own, memory) = (list(&case["own"]), list(&case["memory"]));
    let objective = filled(config.init(&setting), [own.clone(), memory.clone()].concat());
    let mut learned = Learned { model, objective, average: None };
    let mut optimizer = build(&OptimizerConfig::Sgd(SgdConfig { lr: RATE, ..SgdConfig::default() }), false);

    for expected in case["steps"].as_array().expect("steps") {
        let number = |name: &str| expected[name].as_u64().expect("a number") as usize;
        let context = StepContext { step: number("step"), total_steps: number("total"), epoch: 1 };
        let what = format!("{name}, {head}, step {}", context.step);
        let step = Step {
            labeled: Some(part(&expected["labeled"])),
            unlabeled: Some(part(&expected["unlabeled"])),
            balanced: None,
        };
        let total = terms(&mut learned.objective, &learned.model, &step, &context, &expected["draws"]).total();
        let total = total.expect("a term");
        let gradients = total.backward();
        assert_near(&host(total), &numbers(&expected["loss"]), &what);

        let slopes = [flat(&learned.model, Some(&gradients)).slopes, flat(&learned.objective, Some(&gradients)).slopes];
        let grads = list(&expected["grads"]);
        assert_last_near(&slopes[0], &grads[..2], &format!("{what}: gradient of the model's parameter"));
        let (learned_slopes, memory_slopes) = slopes[1].split_at(slopes[1].len() - memory.len());
        let (rest, own_slopes) = learned_slopes.split_at(learned_slopes.len() - own.len());
        assert_last_near(own_slopes, &grads[2..], &format!("{what}: gradient of the objective's parameter"));
        let none = [rest, memory_slopes].concat().concat().into_iter().all(|slope| slope == 0.0);
        assert!(none, "{what}: a gradient reaches what is remembered");

        let gradients = GradientsParams::from_grads(gradients, &learned);
        learned = optimizer.step(RATE, learned, gradients);
        learned.objective = learned.objective.after_update(&learned.model, &context);
        let remembered = flat(&learned.objective, None).values;
        assert_last_near(&flat(&learned.model, None).values, &list(&expected["model"]), &format!("{what}: parameter"));
        assert_last_near(&remembered, &list(&expected["objective"]), &format!("{what}: the objective's parameter"));
    }
}

#[test]
fn three_whole_steps_equal_the_authors() {
    let text = include_str!("../fixtures/consistency.json");
    let cases: Vec<Value> = serde_json::from_str(text).expect("the fixture");
    assert!(cases.len() >= 57, "{} cases", cases.len());
    cases.iter().for_each(check);
}

/// Cross-view targets come from a pass without dropout: the states are before the dropout of the head, so that a step
/// says the same whenever it is asked.
#[test]
fn cross_view_targets_are_the_same_at_each_pass() {
    let config: semiseq_models::ClassifierConfig =
        serde_json::from_value(serde_json::json!({ "dropout": 0.8, "encoder": { "gru": { "hidden": 6 } } }))
            .expect("a config");
    let model = config.init(InputSize::Values(2), 3, &device());
    let setting = Setting {
        model: &model,
        train_size: TRAIN,
        class_counts: &[1, 1, 1],
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device(),
    };
    let mut objective = CrossViewConfig::default().init(&setting);
    let text = include_str!("../fixtures/consistency.json");
    let cases: Vec<Value> = serde_json::from_str(text).expect("the fixture");
    let step = Step { labeled: None, unlabeled: Some(part(&cases[0]["steps"][0]["unlabeled"])), balanced: None };
    let context = StepContext { step: 0, total_steps: 1, epoch: 1 };
    let mut loss = || host(objective.step(&model, &step, &context).total().expect("a term"));
    let first = loss();
    for _ in 0..5 {
        assert_eq!(loss(), first);
    }
}

/// Says the labelled loss, and writes down with which weights the loop calls it.
#[derive(Module, Debug)]
struct Recorder {
    #[module(skip)]
    seen: Vec<Vec<Vec<f32>>>,
    #[module(skip)]
    updates: Vec<(usize, Vec<Vec<f32>>)>,
}

impl Objective<Net> for Recorder {
    fn needs(&self) -> Needs {
        Needs { pool: Pool::Paired, views: Views::WEAK | Views::SECOND }
    }

    fn step(&mut self, model: &Net, step: &Step, _context: &StepContext) -> Terms {
        self.seen.push(flat(model, None).values);
        let part = step.labeled.as_ref().expect("labels");
        let Targets::Classes { classes, known } = &part.targets else { panic!("classes") };
        Terms::new(losses::cross_entropy(model.forward(part.weak.clone()), classes.clone(), known.clone(), 0.0, None))
    }

    fn after_update(mut self, model: &Net, context: &StepContext) -> Self {
        self.updates.push((context.step, flat(model, None).values));
        self
    }
}

/// Six steps on twelve labelled series, the same batches for each objective.
fn trained<O: Objective<Net>>(objective: impl FnOnce(&Net) -> O) -> (Net, O) {
    let labels = LabelsConfig { per_class: Some(4), ..LabelsConfig::default() };
    let config = DataConfig { source: "cbf".into(), size: Some(60), labels, ..DataConfig::default() };
    let data = prepare(&config, TargetKind::Classify).expect("a formula");
    let device = device();
    device.seed(5);
    let normal = |rows: usize, columns: usize| {
        Param::from_tensor(Tensor::random([rows, columns], Distribution::Normal(0.0, 1.0), &device).require_grad())
    };
    let model = Net {
        weight: normal(1, 4),
        head: normal(4, 3),
        per_step: false,
        two_way: false,
        numbers: None,
        multi_label: false,
    };
    let objective = objective(&model);
    let stage = StageConfig {
        steps: Some(6),
        epochs: None,
        batch_size: 4,
        ..StageConfig::new(ObjectiveConfig::Supervised(SupervisedConfig::default()), 1)
    };
    // The last weights count, and not those of the best validation.
    let none = data.valid.select(&[]);
    let options =
        StageOptions { valid: &none, ..StageOptions::new(&stage, &data, task_of(TargetKind::Classify), &device) };
    let interrupter = Interrupter::new();
    let mut progress = Progress::new(false, true, interrupter.clone());
    let fitted = fit(model, objective, &options, None, &mut progress, &interrupter, |_, _| Ok(())).expect("a stage");
    (fitted.model, fitted.objective)
}

#[test]
fn the_loop_lets_a_teacher_follow_each_update_with_the_right_decay() {
    let (_, recorded) = trained(|_| Recorder { seen: Vec::new(), updates: Vec::new() });
    let steps: Vec<usize> = recorded.updates.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [0, 1, 2, 3, 4, 5], "once after each update, with the updates before it");
    for (step, (_, moved)) in recorded.updates.iter().enumerate().take(5) {
        assert_ne!(recorded.seen[step], *moved, "the model of an update has moved");
        assert_eq!(recorded.seen[step + 1], *moved, "and is the next step's");
    }

    // Without a weight the student moves as recorded; the result is the teacher.
    let config = MeanTeacherConfig { weight: 0.0, ema_decay: 0.7, ..Default::default() };
    let (result, _) = trained(|model| {
        config.init(&Setting {
            model,
            train_size: 60,
            class_counts: &[4; 3],
            token_counts: &[],
            target: None,
            teachers: &[],
            device: &device(),
        })
    });
    let mut teacher = recorded.seen[0].concat();
    for (step, (_, student)) in recorded.updates.iter().enumerate() {
        let decay = (1.0 - 1.0 / (step as f32 + 2.0)).min(0.7);
        let student = student.concat();
        teacher.iter_mut().zip(student).for_each(|(old, new)| *old = decay * *old + (1.0 - decay) * new);
    }
    assert_near(&flat(&result, None).values.concat(), &teacher, "the teacher after six updates");
}

#[test]
fn the_average_of_a_constant_is_the_constant() {
    let device = device();
    device.seed(6);
    let normal = |rows: usize, columns: usize| {
        Param::from_tensor(Tensor::random([rows, columns], Distribution::Normal(0.0, 1.0), &device).require_grad())
    };
    let model = Net {
        weight: normal(3, 5),
        head: normal(5, 2),
        per_step: false,
        two_way: false,
        numbers: None,
        multi_label: false,
    };
    let mut teacher = fresh_copy(&model);
    for decay in [0.0, 0.3, 0.99, 0.999_999] {
        teacher = average(teacher, &model, decay);
        assert_near(&flat(&teacher, None).values.concat(), &flat(&model, None).values.concat(), "the average");
    }
}
