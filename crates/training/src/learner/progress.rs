//! What the user sees while a stage runs: Burn's dashboard in a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::train::Interrupter;
use burn::train::metric::{
    MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry, SerializedEntry,
};
use burn::train::renderer::tui::TuiMetricsRendererWrapper;
use burn::train::renderer::{MetricState, MetricsRenderer};
use semiseq_schema::{METRICS, Metric, Scores, higher_is_better};

use crate::amounts::duration;
use crate::terminal::{self, tell};

/// Training or validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The labelled and unlabelled part.
    Train,
    /// The validation part.
    Valid,
}

/// Shows progress, remaining time and metrics of the stages of a run.
pub struct Progress {
    dashboard: Option<Box<dyn MetricsRenderer>>,
    known: HashMap<String, MetricId>,
    label: String,
    epochs: usize,
    steps: usize,
    started: Instant,
    started_at: usize,
    last_line: Instant,
    quiet: bool,
}

impl Progress {
    /// `dashboard`: use Burn's terminal dashboard where standard output is a terminal. `quiet`: print
    /// nothing at all.
    pub fn new(dashboard: bool, quiet: bool, interrupter: Interrupter) -> Self {
        let terminal = dashboard && !quiet && std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        let wanted = terminal && fits();
        let dashboard =
            wanted.then(|| -> Box<dyn MetricsRenderer> { Box::new(TuiMetricsRendererWrapper::new(interrupter, None)) });
        if dashboard.is_some() {
            keep_interrupt_key();
        }
        let now = Instant::now();
        Self {
            dashboard,
            known: HashMap::new(),
            label: String::new(),
            epochs: 0,
            steps: 0,
            started: now,
            started_at: 0,
            last_line: now,
            quiet,
        }
    }

    /// A stage of `epochs` epochs, each of `steps` steps, begins, or goes on where `done` steps are behind it.
    pub fn start_stage(&mut self, label: &str, epochs: usize, steps: usize, done: usize) {
        self.label = label.to_string();
        (self.epochs, self.steps) = (epochs, steps);
        self.started = Instant::now();
        self.started_at = done;
        let epoch = done / steps.max(1) + 1;
        match &mut self.dashboard {
            Some(dashboard) => dashboard.start(epochs, epoch, Some(steps), Some(label)),
            None => self.say(&format!("{label}: {epochs} epochs of {steps} steps")),
        }
    }

    /// An epoch begins, or goes on where `done` of its steps are behind it.
    pub fn start_epoch(&mut self, done: usize) {
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.start_split("train", self.steps);
            dashboard.update_split(done);
        }
    }

    /// `done` steps of the epoch are behind us.
    pub fn step(&mut self, epoch: usize, done: usize) {
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.update_split(done);
        } else if self.last_line.elapsed() > Duration::from_secs(10) {
            let remaining = self.remaining((epoch - 1) * self.steps + done);
            self.say(&format!(
                "{} epoch {epoch}/{} step {done}/{} ({remaining} left)",
                self.label, self.epochs, self.steps
            ));
        }
    }

    /// Metrics of a split, shown at once.
    pub fn metrics(&mut self, split: Split, scores: &Scores) {
        let Some(dashboard) = &mut self.dashboard else { return };
        for (name, value) in scores {
            let id = self.known.entry(name.clone()).or_insert_with(|| {
                let id = MetricId::new(Arc::new(name.clone()));
                dashboard.register_metric(MetricDefinition {
                    metric_id: id.clone(),
                    name: Arc::new(name.clone()),
                    description: None,
                    attributes: MetricAttributes::Numeric(NumericAttributes {
                        unit: None,
                        higher_is_better: higher_is_better(name),
                    }),
                });
                id
            });
            let entry = MetricEntry::new(
                id.clone(),
                SerializedEntry { formatted: format!("{value:.4}"), serialized: value.to_string() },
            );
            let state = MetricState::Numeric(entry, Some(NumericEntry::Value(*value)));
            match split {
                Split::Train => dashboard.update_train(state),
                Split::Valid => dashboard.update_valid(state),
            }
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
        if let Some(dashboard) = &mut self.dashboard {
            if train.is_some() {
                dashboard.end_split();
                dashboard.update_epoch(epoch);
            }
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

    /// A line for the user, on standard error; the dashboard shows its own.
    pub fn note(&mut self, text: &str) {
        match &mut self.dashboard {
            Some(dashboard) => dashboard.log_event_training(text.to_string()),
            None => self.say(text),
        }
    }

    /// What is probably not meant, for the user.
    pub fn warn(&mut self, text: &str) {
        match &mut self.dashboard {
            Some(dashboard) => dashboard.log_event_training(format!("warning: {text}")),
            None if !self.quiet => terminal::warn(text),
            None => {}
        }
    }

    /// Closes the dashboard, so that results can be printed.
    pub fn close(&mut self) {
        self.dashboard = None;
    }

    fn say(&mut self, text: &str) {
        self.last_line = Instant::now();
        if !self.quiet {
            tell(text);
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

/// Whether the terminal is of a size that somebody looks at. The dashboard keeps every cell of it, of which a terminal
/// of 65,535 columns and rows has four milliards.
#[cfg(unix)]
fn fits() -> bool {
    const MOST: u16 = 2_000;
    rustix::termios::tcgetwinsize(std::io::stdout()).is_ok_and(|size| size.ws_col <= MOST && size.ws_row <= MOST)
}

#[cfg(not(unix))]
fn fits() -> bool {
    true
}

/// The dashboard puts the terminal into raw mode, in which Ctrl-C is a mere key that nobody reads;
/// this makes it a signal again.
fn keep_interrupt_key() {
    #[cfg(unix)]
    {
        // The dashboard's thread sets raw mode as it starts; it has no way to tell when it has.
        std::thread::sleep(Duration::from_millis(150));
        let _ = std::process::Command::new("stty").arg("isig").stderr(std::process::Stdio::null()).status();
    }
}
