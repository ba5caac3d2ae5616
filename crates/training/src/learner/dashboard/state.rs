//! What the dashboard knows of a run.

use std::time::{Duration, Instant};

use semiseq_schema::{METRICS, Scores};

/// Points of a curve that are kept; of a longer one every second.
const MOST_POINTS: usize = 2_000;

/// Training or validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The labelled and unlabelled part.
    Train,
    /// The validation part.
    Valid,
}

/// A stage that begins, or goes on.
#[derive(Clone, Debug)]
pub struct StageShown<'a> {
    /// Its place and its objective.
    pub label: &'a str,
    /// Epochs, at most.
    pub epochs: usize,
    /// Optimiser steps of an epoch.
    pub steps_per_epoch: usize,
    /// Optimiser steps in all, at most.
    pub steps: usize,
    /// Those that are behind it.
    pub done: usize,
    /// The metric that chooses its weights, where anything is validated.
    pub chosen_by: Option<&'a str>,
    /// Validations without a better value before it ends.
    pub patience: Option<usize>,
}

/// What the dashboard knows of a run.
#[derive(Default)]
pub(in crate::learner) struct State {
    pub(super) stage: Option<Stage>,
    /// Seconds that each stage is expected to take, by its label, in their order.
    pub(super) expected: Vec<(String, f64)>,
    /// What is known of the model, such as its parameters.
    pub(super) facts: String,
    /// Warnings, and behind them notes, each in the order in which they came.
    pub(super) warnings: Vec<String>,
    pub(super) notes: Vec<String>,
    /// Whether the user is asked how to stop.
    pub(super) asks: bool,
    /// Whether the run stops.
    pub(super) stops: bool,
    /// Whether notes have the whole terminal.
    pub(super) reads_notes: bool,
    /// The curve that is shown, by the places of [`Stage::curves`].
    pub(super) chosen: usize,
}

/// The stage under way.
pub(super) struct Stage {
    pub(super) label: String,
    pub(super) epochs: usize,
    pub(super) epoch: usize,
    pub(super) steps: usize,
    pub(super) step: usize,
    pub(super) chosen_by: Option<String>,
    pub(super) patience: Option<usize>,
    pub(super) best: Option<Best>,
    pub(super) samples_per_second: Option<f64>,
    /// The metric that it is judged by first, then the loss, then what stands for a run.
    pub(super) curves: Vec<Curve>,
    began: Instant,
    began_at: usize,
}

/// The best validation so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// What it measured.
    pub value: f64,
    /// The epoch and the step of it.
    pub epoch: usize,
    /// Optimiser steps before it.
    pub step: usize,
    /// Validations since.
    pub waited: usize,
}

/// A metric over the steps of a stage.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) train: Vec<(f64, f64)>,
    pub(super) valid: Vec<(f64, f64)>,
}

impl State {
    pub(in crate::learner) fn start_stage(&mut self, shown: &StageShown<'_>) {
        self.chosen = 0;
        self.stage = Some(Stage {
            label: shown.label.into(),
            epochs: shown.epochs,
            epoch: shown.done / shown.steps_per_epoch.max(1) + 1,
            steps: shown.steps,
            step: shown.done,
            chosen_by: shown.chosen_by.map(String::from),
            patience: shown.patience,
            best: None,
            samples_per_second: None,
            curves: Vec::new(),
            began: Instant::now(),
            began_at: shown.done,
        });
    }

    /// So many steps are behind the stage.
    pub(in crate::learner) fn step(&mut self, epoch: usize, step: usize) {
        if let Some(stage) = &mut self.stage {
            (stage.epoch, stage.step) = (epoch, step);
        }
    }

    pub(in crate::learner) fn best(&mut self, best: Option<Best>) {
        if let Some(stage) = &mut self.stage {
            stage.best = best;
        }
    }

    pub(in crate::learner) fn metrics(&mut self, split: Split, scores: &Scores) {
        let Some(stage) = &mut self.stage else { return };
        if let Some(speed) = scores.get("samples_per_second") {
            stage.samples_per_second = Some(*speed);
        }
        let step = stage.step as f64;
        for (name, value) in scores.iter().filter(|(name, value)| *name != "samples_per_second" && value.is_finite()) {
            let place = stage.place(name);
            let curve = &mut stage.curves[place];
            let points = if split == Split::Train { &mut curve.train } else { &mut curve.valid };
            points.push((step, *value));
            if points.len() > MOST_POINTS {
                let mut place = 0..;
                points.retain(|_| place.next().is_some_and(|place| place % 2 == 0));
            }
        }
    }

    pub(in crate::learner) fn expect(&mut self, expected: Vec<(String, f64)>, facts: String) {
        (self.expected, self.facts) = (expected, facts);
    }

    pub(in crate::learner) fn warn(&mut self, text: &str) {
        self.warnings.push(text.into());
    }

    pub(in crate::learner) fn note(&mut self, text: &str) {
        self.notes.extend(text.lines().map(String::from));
    }

    /// Warnings and notes, for whoever shows them when the dashboard is gone.
    pub(in crate::learner) fn told(&self) -> (Vec<String>, Vec<String>) {
        (self.warnings.clone(), self.notes.clone())
    }

    /// Shows another curve.
    pub(super) fn choose(&mut self, by: isize) {
        let count = self.stage.as_ref().map_or(0, |stage| stage.curves.len());
        self.chosen = self.chosen.saturating_add_signed(by).min(count.saturating_sub(1));
    }

    /// Seconds left of the stage, and of the run with the stages behind it, as far as they can be told.
    pub(super) fn left(&self, now: Instant) -> (Option<f64>, Option<f64>) {
        let Some(stage) = &self.stage else { return (None, None) };
        let expected = self.expected.iter().position(|(label, _)| *label == stage.label);
        let own = stage.left(now).or_else(|| {
            let share = stage.steps.saturating_sub(stage.step) as f64 / stage.steps.max(1) as f64;
            expected.map(|place| self.expected[place].1 * share)
        });
        let behind = expected.map(|place| self.expected[place + 1..].iter().map(|(_, seconds)| seconds).sum::<f64>());
        (own, own.zip(behind).map(|(own, behind)| own + behind))
    }
}

impl Stage {
    /// Seconds left of it, by its speed so far.
    fn left(&self, now: Instant) -> Option<f64> {
        let fresh = self.step.saturating_sub(self.began_at);
        let passed = now.saturating_duration_since(self.began).max(Duration::from_millis(1)).as_secs_f64();
        (fresh > 0).then(|| passed / fresh as f64 * self.steps.saturating_sub(self.step) as f64)
    }

    /// The place of a metric's curve, which is made where it is new.
    fn place(&mut self, name: &str) -> usize {
        let found = self.curves.iter().position(|curve| curve.name == name);
        found.unwrap_or_else(|| {
            let rank = |name: &str| rank(name, self.chosen_by.as_deref());
            let place = self.curves.partition_point(|curve| rank(&curve.name) <= rank(name));
            self.curves.insert(place, Curve { name: name.into(), train: Vec::new(), valid: Vec::new() });
            place
        })
    }
}

/// What the stage is judged by first, then the loss, then what stands for a run, then the rest by name.
fn rank(name: &str, chosen_by: Option<&str>) -> (usize, String) {
    let headline = || METRICS.iter().any(|metric| metric.headline && metric.name == name);
    let group = match name {
        name if Some(name) == chosen_by => 0,
        "loss" => 1,
        _ if headline() => 2,
        _ => 3,
    };
    (group, name.to_string())
}
