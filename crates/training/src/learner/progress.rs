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

use crate::metrics::{Scores, higher_is_better};

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
        let wanted = dashboard && !quiet && std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
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

    /// A stage begins (or goes on) at `epoch` of `epochs`, each of `steps` steps.
    pub fn start_stage(&mut self, label: &str, epoch: usize, epochs: usize, steps: usize) {
        self.label = label.to_string();
        (self.epochs, self.steps) = (epochs, steps);
        self.started = Instant::now();
        self.started_at = (epoch - 1) * steps;
        match &mut self.dashboard {
            Some(dashboard) => dashboard.start(epochs, epoch, Some(steps), Some(label)),
            None => self.say(&format!("{label}: {epochs} epochs of {steps} steps")),
        }
    }

    /// An epoch's training or validation part begins.
    pub fn start_split(&mut self, split: Split, items: usize) {
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.start_split(if split == Split::Train { "train" } else { "valid" }, items);
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

    /// A split is through.
    pub fn end_split(&mut self) {
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.end_split();
        }
    }

    /// An epoch is through; without a dashboard its metrics become a line.
    pub fn end_epoch(&mut self, epoch: usize, train: &Scores, valid: &Scores) {
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.update_epoch(epoch);
            return;
        }
        let show = |scores: &Scores, names: &[&str]| -> String {
            names
                .iter()
                .filter_map(|name| scores.get(*name).map(|value| format!("{name} {value:.4}")))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let remaining = self.remaining(epoch * self.steps);
        let speed = train.get("samples_per_second").map_or(String::new(), |speed| format!(" | {speed:.0} samples/s"));
        self.say(&format!(
            "{} epoch {epoch}/{} | train {} | valid {}{speed} | {remaining} left",
            self.label,
            self.epochs,
            show(train, &["loss", "accuracy"]),
            show(valid, &["loss", "accuracy", "macro_f1", "mse", "r2"]),
        ));
    }

    /// A line for the user, on standard error; the dashboard shows its own.
    pub fn note(&mut self, text: &str) {
        match &mut self.dashboard {
            Some(dashboard) => dashboard.log_event_training(text.to_string()),
            None => self.say(text),
        }
    }

    /// Closes the dashboard, so that results can be printed.
    pub fn close(&mut self) {
        self.dashboard = None;
    }

    fn say(&mut self, text: &str) {
        self.last_line = Instant::now();
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// Time left in this stage, from the speed so far.
    fn remaining(&self, done: usize) -> String {
        let fresh = done.saturating_sub(self.started_at);
        let total = self.epochs * self.steps;
        if fresh == 0 {
            return "some time".into();
        }
        let seconds = self.started.elapsed().as_secs_f64() / fresh as f64 * total.saturating_sub(done) as f64;
        if seconds < 60.0 {
            format!("{seconds:.0} s")
        } else {
            format!("{} min {:.0} s", (seconds / 60.0) as u64, seconds % 60.0)
        }
    }
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
