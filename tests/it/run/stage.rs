//! Each objective in a stage of a few steps, on data of a kind that it learns from: what the tests of resumed stages
//! and of several devices run.

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use burn::train::Interrupter;
use semiseq::datasets::{Augmenter, Prepared};
use semiseq::models::{AnyModel, HeadSize, SequenceModel, State};
use semiseq::training::config::RunConfig;
use semiseq::training::learner::checkpoint::CheckpointFiles;
use semiseq::training::learner::progress::Progress;
use semiseq::training::learner::{Fit, StageOptions, draw, fit};
use semiseq::training::objectives::{
    AnyObjective, Measures, Needs, OBJECTIVES, Objective, Part, Setting, Step, StepContext, TargetSize, Terms,
};
use semiseq::training::task_of;

/// Every number of a module, by its bits.
pub fn bits<M: Module>(module: &M) -> Vec<u32> {
    struct Bits(Vec<u32>);
    impl ModuleVisitor for Bits {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().into_data().iter::<f32>().map(f32::to_bits));
        }
    }
    let mut all = Bits(Vec::new());
    module.visit(&mut all);
    all.0
}

/// An objective whose user interrupts the run while a step, counted from 1, is under way.
#[derive(Module, Debug)]
struct Halting {
    inner: AnyObjective<AnyModel>,
    #[module(skip)]
    halt: Halt,
}

#[derive(Clone)]
struct Halt(Interrupter, usize);

impl std::fmt::Debug for Halt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "at step {}", self.1)
    }
}

impl Objective<AnyModel> for Halting {
    fn needs(&self) -> Needs {
        Objective::<AnyModel>::needs(&self.inner)
    }

    fn step(&mut self, model: &AnyModel, step: &Step, context: &StepContext) -> Terms {
        self.inner.step(model, step, context)
    }

    fn after_update(self, model: &AnyModel, context: &StepContext) -> Self {
        if context.step + 1 == self.halt.1 {
            self.halt.0.stop(None);
        }
        Self { inner: self.inner.after_update(model, context), halt: self.halt }
    }

    fn measure(&self, model: &AnyModel, part: &Part) -> Measures {
        self.inner.measure(model, part)
    }

    fn states(&self) -> Vec<State> {
        Objective::<AnyModel>::states(&self.inner)
    }

    fn take_states(&mut self, states: Vec<State>, epoch: usize) {
        Objective::<AnyModel>::take_states(&mut self.inner, states, epoch);
    }

    fn evaluated(&self, model: &AnyModel) -> AnyModel {
        self.inner.evaluated(model)
    }
}

pub struct Stage {
    config: RunConfig,
    pub data: Prepared,
    device: Device,
}

/// What is left of a stage: its model, its objective, and what was told of it on the way.
pub type End = (Vec<u32>, Vec<u32>, Vec<String>);

impl Stage {
    pub fn new(text: &str) -> Self {
        let config = RunConfig::parse("stage", text, &["stage.0.unlabeled_ratio=2".to_string()]).expect("a config");
        let data = config.prepare().expect("data");
        Self { config, data, device: Device::flex().autodiff() }
    }

    fn begin(&self, devices: usize) -> (AnyModel, AnyObjective<AnyModel>) {
        let input = self.data.processor.input();
        let head = match &self.config.data.windows {
            Some(windows) => HeadSize::Forecast { horizon: windows.horizon, channels: 2 },
            None => HeadSize::Logits(self.data.train.classes.len().max(2)),
        };
        self.device.seed(1);
        let mut model = self.config.model.init(input, head, &self.device);
        draw(&model);
        if devices > 1 {
            assert!(model.share_with(&vec![self.device.clone(); devices]));
        }
        let counts = vec![1; self.data.train.classes.len()];
        let tokens = self.data.token_counts();
        let setting = Setting {
            model: &model,
            train_size: self.data.train.len(),
            class_counts: &counts,
            token_counts: &tokens,
            target: TargetSize::of(&self.data),
            teachers: &[],
            device: &self.device,
        };
        let objective = self.config.stages[0].objective.init(&setting);
        draw(&objective);
        (model, objective)
    }

    /// Runs on so many devices until so many optimiser steps are through, from the files of a checkpoint or from the
    /// beginning. Where a validation is due then, it is interrupted.
    fn run(
        &self,
        from: Option<&CheckpointFiles>,
        (until, devices): (usize, usize),
        told: &mut Vec<String>,
    ) -> (Fit<AnyModel, Halting>, CheckpointFiles) {
        let stage = &self.config.stages[0];
        let options = StageOptions {
            augmenter: Augmenter::new(&self.config.data.augment, &self.data.processor, &self.data.train),
            seed: 5,
            ..StageOptions::new(stage, &self.data, task_of(self.config.targets()), &self.device)
        };
        let (model, objective) = self.begin(devices);
        let interrupter = Interrupter::new();
        let mut progress = Progress::new(false, true, interrupter.clone());
        let mut kept = CheckpointFiles::new();
        let objective = Halting { inner: objective, halt: Halt(interrupter.clone(), until) };
        let fitted = fit(model, objective, &options, from, &mut progress, &interrupter, |milestone, files| {
            for (split, scores) in [("train", milestone.train), ("valid", milestone.valid)] {
                let Some(mut scores) = scores.cloned() else { continue };
                scores.remove("samples_per_second");
                told.push(format!("{split} {} {} {scores:?}", milestone.epoch, milestone.step));
            }
            if milestone.checkpoint {
                kept = files()?;
            }
            Ok(())
        });
        (fitted.unwrap_or_else(|error| panic!("{error}")), kept)
    }

    /// Stops after so many steps, on so many devices each time, goes on, and ends on `devices`.
    pub fn end(&self, stops: &[(usize, usize)], devices: usize) -> End {
        let (mut told, mut files) = (Vec::new(), None);
        for stop in stops {
            let (fitted, kept) = self.run(files.as_ref(), *stop, &mut told);
            assert!(fitted.outcome.is_none(), "stopped at step {}", stop.0);
            files = Some(kept);
        }
        let (fitted, _) = self.run(files.as_ref(), (usize::MAX, devices), &mut told);
        assert!(fitted.outcome.is_some());
        (bits(&fitted.model), bits(&fitted.objective.inner), told)
    }
}

/// How long the stages of these tests go.
pub const STAGE: &str = "epochs = 2\nbatch_size = 4\nvalidate_every = 3\ncheckpoint_every = 1\nweight_average = 0.9\n";
/// How their weights move.
pub const REST: &str =
    "[stage.optimizer.adam]\nlr = 1e-2\ngrad_clip_norm = 1.0\n[stage.schedule.cosine]\nwarmup = 0.1\n";

/// Two layers with dropout on short series, a few of them labelled.
pub fn series(objective: &str) -> String {
    format!(
        "[data]\nsource = \"cbf\"\nsize = 60\n[data.labels]\nper_class = 4\n[data.transform]\nresample = 8\n\
         [model.classifier]\npooling = \"mean\"\ndropout = 0.3\n[model.classifier.encoder.gru]\nhidden = 4\nlayers = \
         2\ndropout = 0.2\n\
         [[stage]]\n{STAGE}[stage.objective.{objective}]\n{REST}"
    )
}

/// A stage of every objective of the registry, by its name; data that have to be files go into `folder`.
pub fn of_every_objective(folder: &Path) -> Vec<(String, String)> {
    let text: String = (0..40)
        .map(|row| {
            format!(
                "{{\"text\": \"w{} w{} w{} w{}\", \"label\": \"c{}\"}}\n",
                row % 5,
                row % 7,
                row % 3,
                row % 11,
                row % 2
            )
        })
        .collect();
    std::fs::write(folder.join("text.jsonl"), text).expect("data");
    let recording: String = (0..200)
        .map(|step| {
            format!(
                "2020-01-01 {:02}:{:02}:00,{:.3},{:.3}\n",
                step / 60,
                step % 60,
                (step as f64).sin(),
                (step as f64 / 3.0).cos()
            )
        })
        .collect();
    std::fs::write(folder.join("recording.csv"), format!("date,a,b\n{recording}")).expect("data");

    let own = ["language-model", "next-item", "truncated-backpropagation", "sequence-to-sequence", "ctc", "joint"];
    let names = OBJECTIVES.iter().map(|(name, _)| *name);
    let mut configs: Vec<(String, String)> =
        names.filter(|name| !own.contains(name)).map(|name| (name.to_string(), series(name))).collect();
    configs.push((
        "language-model".into(),
        format!(
            "[data]\nsource = \"{}\"\n[model.language-model]\nembedding = {{ size = 4 \
             }}\n[model.language-model.encoder.gru]\nhidden = 4\n\
             [[stage]]\n{STAGE}[stage.objective.language-model]\n{REST}",
            folder.join("text.jsonl").display()
        ),
    ));
    configs.push((
        "next-item".into(),
        format!(
            "[data]\nsource = \"item-walks\"\nsize = 40\n[model.language-model]\nembedding = {{ size = 4 \
             }}\n[model.language-model.encoder.gru]\nhidden = 4\n\
             [[stage]]\n{STAGE}[stage.objective.next-item]\nnegatives = 3\n{REST}"
        ),
    ));
    configs.push((
        "truncated-backpropagation".into(),
        format!(
            "[data]\nsource = \"{}\"\n[data.windows]\ninput = 6\nhorizon = 2\nstride = \
             6\n[model.forecaster]\nevery_step = true\n\
             dropout = 0.2\n[model.forecaster.encoder.lstm]\nhidden = \
             4\n[[stage]]\n{STAGE}[stage.objective.truncated-backpropagation]\n{REST}",
            folder.join("recording.csv").display()
        ),
    ));
    configs.push((
        "joint".into(),
        series("joint").replace(
            "[stage.objective.joint]",
            "[[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.autoencoder]\nhidden = 4\n\
             [[stage.objective.joint.part]]\n[stage.objective.joint.part.objective.flexmatch]",
        ),
    ));
    configs.push((
        "sequence-to-sequence".into(),
        format!(
            "[data]\nsource = \"reversal\"\nsize = 40\n[model.encoder-decoder]\nembedding = {{ size = 4 }}\n\
             [model.encoder-decoder.encoder.gru]\nhidden = \
             4\n[[stage]]\n{STAGE}[stage.objective.sequence-to-sequence]\nhidden = 4\n\
             embedding = 4\nscheduled_sampling = {{ least = 0.0 }}\n{REST}"
        ),
    ));
    configs.push((
        "ctc".into(),
        format!(
            "[data]\nsource = \"letters\"\nsize = 40\n[model.transcriber.encoder.gru]\nhidden = \
             4\n[[stage]]\n{STAGE}[stage.objective.ctc]\n{REST}"
        ),
    ));
    let mut tried: Vec<&str> = configs.iter().map(|(name, _)| name.as_str()).collect();
    let mut all: Vec<&str> = OBJECTIVES.iter().map(|(name, _)| *name).collect();
    tried.sort_unstable();
    all.sort_unstable();
    assert_eq!(tried, all);
    configs
}
