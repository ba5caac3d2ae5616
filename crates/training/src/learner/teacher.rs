//! That a teacher follows its student as its objective asks, through the loop.

use std::sync::{Arc, Mutex};

use burn::module::{Module, ModuleDisplay, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use burn::train::Interrupter;
use semiseq_datasets::{Augmenter, Dataset, Processor, Sequence, Target, TransformConfig};
use semiseq_models::{AnyModel, HeadSize, InputSize, ModelConfig, SequenceModel};
use semiseq_objectives::{
    MeanTeacherConfig, Needs, Objective, ObjectiveConfig, Setting, Step, StepContext, SupervisedConfig, Terms,
    weight_average::{average, fresh_copy},
};

use crate::config::StageConfig;
use crate::learner::options::StageOptions;
use crate::learner::outcome::Fit;
use crate::learner::progress::Progress;
use crate::learner::stage::fit;
use crate::tasks::{Classification, host};

/// All weights one after another.
fn weights<M: Module>(model: &M) -> Vec<f64> {
    #[derive(Default)]
    struct All(Vec<f64>);
    impl ModuleVisitor for All {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(host(param.val().detach().inner()));
        }
    }
    let mut all = All::default();
    model.visit(&mut all);
    all.0
}

fn model() -> AnyModel {
    let device = Device::flex().autodiff();
    device.seed(5);
    let config: ModelConfig =
        serde_json::from_str(r#"{"classifier": {"encoder": {"gru": {"hidden": 3}}}}"#).expect("a model");
    config.init(InputSize::Tokens(4), HeadSize::Logits(2), &device).materialize()
}

/// What the loop hands to `after_update`: the step, and the model's weights.
type Seen = Arc<Mutex<Vec<(usize, Vec<f64>)>>>;

/// An objective that notes what it is told after each step.
#[derive(Module, Debug)]
struct Noted<O: Module> {
    inner: O,
    #[module(skip)]
    seen: Seen,
}

impl<M: SequenceModel, O: Objective<M> + ModuleDisplay> Objective<M> for Noted<O> {
    fn needs(&self) -> Needs {
        self.inner.needs()
    }
    fn step(&mut self, model: &M, step: &Step, context: &StepContext) -> Terms {
        self.inner.step(model, step, context)
    }
    fn after_update(self, model: &M, context: &StepContext) -> Self {
        self.seen.lock().expect("one thread").push((context.step, weights(model)));
        Self { inner: self.inner.after_update(model, context), seen: self.seen }
    }
    fn evaluated(&self, model: &M) -> M {
        self.inner.evaluated(model)
    }
}

/// Three steps of batches of four from a model on, and what was noted.
fn trained<O: Objective<AnyModel>>(
    model: &AnyModel,
    objective: O,
    config: &StageConfig,
) -> (Fit<AnyModel, Noted<O>>, Seen) {
    let train = Dataset {
        name: "t".into(),
        sequences: (0..24).map(|row| Sequence::Tokens(vec![1 + row % 3, 1 + row % 2])).collect(),
        targets: (0..24).map(|row| Target::Class(row % 2)).collect(),
        classes: vec!["a".into(), "b".into()],
        ..Dataset::default()
    };
    let seen = Seen::default();
    let processor = Processor::fit(&TransformConfig::default(), &train).expect("a processor");
    let (labeled, unlabeled): (Vec<usize>, Vec<usize>) = ((0..12).collect(), (12..24).collect());
    let device = Device::flex().autodiff();
    let options = StageOptions {
        label: "noted".into(),
        config: config.without_objective(),
        objective: config.objective.kind(),
        metrics: &[],
        train: Arc::new(train),
        labeled: &labeled,
        unlabeled: &unlabeled,
        valid: &Dataset::default(),
        processor: &processor,
        augmenter: Augmenter::none(),
        task: &Classification,
        seed: 1,
        device: &device,
        pace: None,
    };
    let interrupter = Interrupter::new();
    let mut progress = Progress::new(false, true, interrupter.clone());
    let objective = Noted { inner: objective, seen: Arc::clone(&seen) };
    let fitted = fit(model.clone(), objective, &options, None, &mut progress, &interrupter, |_, _| Ok(()));
    (fitted.expect("three steps"), seen)
}

fn stage(objective: ObjectiveConfig) -> StageConfig {
    StageConfig { steps: Some(3), epochs: None, batch_size: 4, unlabeled_ratio: 1, ..StageConfig::new(objective, 1) }
}

/// `w̄ ← d w̄ + (1 - d) w` for the decays of three steps, from the initial weights.
fn by_hand(model: &AnyModel, seen: &Seen, decays: [f64; 3]) -> Vec<f64> {
    let seen = seen.lock().expect("one thread");
    assert_eq!(seen.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 1, 2], "once after each step");
    let first = weights(model);
    assert!(seen.windows(2).all(|pair| pair[0].1 != pair[1].1) && seen[0].1 != first, "after the optimiser's step");
    seen.iter().zip(decays).fold(first, |mean, ((_, weights), decay)| {
        mean.iter().zip(weights).map(|(mean, weight)| decay * mean + (1.0 - decay) * weight).collect()
    })
}

fn assert_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6));
}

#[test]
fn the_loop_moves_a_teacher_after_each_step_by_its_decay() {
    let device = Device::flex().autodiff();
    let config = MeanTeacherConfig { ema_decay: 0.6, ..Default::default() };
    let student = model();
    let setting = Setting {
        model: &student,
        train_size: 24,
        class_counts: &[6, 6],
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device,
    };
    let (fitted, seen) = trained(&student, config.init(&setting), &stage(ObjectiveConfig::MeanTeacher(config.clone())));
    assert_near(&weights(&fitted.objective.evaluated(&fitted.model)), &by_hand(&student, &seen, [0.5, 0.6, 0.6]));
}

#[test]
fn the_loop_averages_weights_after_each_step_by_their_decay() {
    let device = Device::flex().autodiff();
    let student = model();
    let setting = Setting {
        model: &student,
        train_size: 24,
        class_counts: &[6, 6],
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device,
    };
    let supervised = SupervisedConfig::default();
    let config = stage(ObjectiveConfig::Supervised(supervised.clone()));
    let config = StageConfig { weight_average: Some(0.6), ..config };
    let (fitted, seen) = trained(&student, supervised.init(&setting), &config);
    assert_near(&weights(&fitted.model), &by_hand(&student, &seen, [0.0, 0.5, 0.6]));
}

#[test]
fn the_average_of_a_constant_is_the_constant() {
    let model = model();
    let mean = (0..50).fold(fresh_copy(&model), |mean, _| average(mean, &model, 0.9));
    assert_near(&weights(&mean), &weights(&model));
}
