//! What the user sees while a stage runs: the dashboard in a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use burn::train::Interrupter;
use semiseq_datasets::harmless;
use semiseq_schema::{METRICS, Metric, Scores};

use crate::amounts::duration;
use crate::learner::dashboard::Dashboard;
pub use crate::learner::dashboard::{Best, Split, StageShown};
use crate::terminal::{self, tell};

/// Between two lines inside an epoch.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Shows progress, remaining time and metrics of the stages of a run.
pub struct Progress {
    dashboard: Option<Dashboard>,
    lines: Lines,
    label: String,
    epochs: usize,
    steps: usize,
    started: Instant,
    started_at: usize,
    last_line: Instant,
}

/// What is said in plain lines.
enum Lines {
    All,
    /// That a stage begins, and every few seconds where it is, behind what tells the run from others: it is one of
    /// several.
    Stages(String),
    None,
}

impl Progress {
    /// `dashboard`: take the terminal over where standard output is one. `quiet`: print nothing at all.
    pub fn new(dashboard: bool, quiet: bool, interrupter: Interrupter) -> Self {
        let now = Instant::now();
        Self {
            dashboard: if dashboard && !quiet { Dashboard::open(interrupter) } else { None },
            lines: if quiet { Lines::None } else { Lines::All },
            label: String::new(),
            epochs: 0,
            steps: 0,
            started: now,
            started_at: 0,
            last_line: now,
        }
    }

    /// Of one of several runs, whose stages are told behind `name`, such as `member 2 of 3`, and nothing else.
    #[must_use]
    pub fn of_one(name: &str, interrupter: Interrupter) -> Self {
        let mut progress = Self::new(false, true, interrupter);
        progress.lines = Lines::Stages(format!("{name}, "));
        progress
    }

    /// What the stages to come are expected to take, each by its label with its seconds, and what is known of the
    /// model.
    pub fn expect(&mut self, seconds: Vec<(String, f64)>, facts: String) {
        if let Some(dashboard) = &self.dashboard {
            dashboard.state().expect(seconds, facts);
        }
    }

    /// A stage begins, or goes on.
    pub fn start_stage(&mut self, shown: &StageShown<'_>) {
        self.label = shown.label.to_string();
        (self.epochs, self.steps) = (shown.epochs, shown.steps_per_epoch);
        self.started = Instant::now();
        self.started_at = shown.done;
        match &self.dashboard {
            Some(dashboard) => dashboard.state().start_stage(shown),
            None => {
                let StageShown { label, epochs, steps_per_epoch, .. } = shown;
                self.say_of_stage(&format!("{label}: {epochs} epochs of {steps_per_epoch} steps"));
            }
        }
    }

    /// `step` steps of the stage, and `done` of the epoch, are behind us.
    pub fn step(&mut self, epoch: usize, step: usize, done: usize) {
        if let Some(dashboard) = &self.dashboard {
            dashboard.state().step(epoch, step);
        } else if self.last_line.elapsed() > BETWEEN_LINES {
            let remaining = self.remaining(step);
            let (label, epochs, steps) = (&self.label, self.epochs, self.steps);
            self.say_of_stage(&format!("{label} epoch {epoch}/{epochs} step {done}/{steps} ({remaining} left)"));
        }
    }

    /// Metrics of a split, shown at once.
    pub fn metrics(&mut self, split: Split, scores: &Scores) {
        if let Some(dashboard) = &self.dashboard {
            dashboard.state().metrics(split, scores);
        }
    }

    /// The best validation of the stage so far.
    pub fn best(&mut self, best: Option<Best>) {
        if let Some(dashboard) = &self.dashboard {
            dashboard.state().best(best);
        }
    }

    /// An epoch is through, the weights were validated, or both; without a dashboard the metrics become a line. `step`
    /// counts the stage's steps.
    pub fn milestone(&mut self, epoch: usize, step: usize, train: Option<&Scores>, valid: Option<&Scores>) {
        for (split, scores) in [(Split::Train, train), (Split::Valid, valid)] {
            if let Some(scores) = scores {
                self.metrics(split, scores);
            }
        }
        if self.dashboard.is_some() || !matches!(self.lines, Lines::All) {
            return;
        }
        if train.is_none() && valid.is_none() {
            return;
        }
        // A line has room for few: the loss, and what stands for a run.
        let loss = METRICS.iter().filter(|metric| metric.name == "loss");
        let names = || loss.clone().chain(METRICS.iter().filter(|metric| metric.headline && metric.name != "loss"));
        let show = |title: &str, scores: Option<&Scores>| -> String {
            let Some(scores) = scores.filter(|scores| !scores.is_empty()) else { return String::new() };
            let known = names().filter_map(|Metric { name, .. }| Some(format!(" {name} {:.4}", scores.get(*name)?)));
            format!(" | {title}{}", known.collect::<String>())
        };
        let speed = train.and_then(|train| train.get("samples_per_second"));
        let speed = speed.map_or(String::new(), |speed| format!(" | {speed:.0} samples/s"));
        let inside = if train.is_some() { String::new() } else { format!(" step {step}") };
        let remaining = self.remaining(step);
        self.say(&format!(
            "{} epoch {epoch}/{}{inside}{}{}{speed} | {remaining} left",
            self.label,
            self.epochs,
            show("train", train),
            show("valid", valid),
        ));
    }

    /// A line for the user: on the dashboard, else on standard error.
    pub fn note(&mut self, text: &str) {
        match &self.dashboard {
            Some(dashboard) => dashboard.state().note(&harmless(text)),
            None => self.say(text),
        }
    }

    /// What is probably not meant, for the user.
    pub fn warn(&mut self, text: &str) {
        match &self.dashboard {
            Some(dashboard) => dashboard.state().warn(&harmless(text)),
            None if matches!(self.lines, Lines::All) => terminal::warn(text),
            None => {}
        }
    }

    /// Closes the dashboard, so that results can be printed. What stood on it goes with it: notes and warnings come
    /// again.
    pub fn close(&mut self) {
        let Some(dashboard) = self.dashboard.take() else { return };
        let (warnings, notes) = dashboard.state().told();
        drop(dashboard);
        notes.iter().for_each(tell);
        warnings.iter().for_each(terminal::warn);
    }

    fn say(&mut self, text: &str) {
        self.last_line = Instant::now();
        if matches!(self.lines, Lines::All) {
            tell(text);
        }
    }

    /// A line about the stage, which one of several runs says too.
    fn say_of_stage(&mut self, text: &str) {
        match &self.lines {
            Lines::Stages(name) => {
                self.last_line = Instant::now();
                tell(format!("{name}{text}"));
            }
            _ => self.say(text),
        }
    }

    /// Time left in this stage, from the speed so far.
    fn remaining(&self, done: usize) -> String {
        let fresh = done.saturating_sub(self.started_at);
        let total = self.epochs * self.steps;
        if fresh == 0 {
            return "some time".into();
        }
        duration(self.started.elapsed().as_secs_f64() / fresh as f64 * total.saturating_sub(done) as f64)
    }
}

impl Drop for Progress {
    /// An error ends the run: what was told of it beforehand may say why.
    fn drop(&mut self) {
        self.close();
    }
}
