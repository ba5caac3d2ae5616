//! A preview in lines, for people.

use std::fmt;

use semiseq_datasets::shown;

use crate::amounts::{count, duration, several, size};
use crate::preview::{DataPreview, ModelPreview, Preview, StagePreview};

/// Classes that are listed for people.
const LISTED: usize = 20;

impl Preview {
    /// A few lines: data, split, model, steps and time.
    pub fn short(&self) -> String {
        let parts: Vec<String> = self
            .stages
            .iter()
            .chain(&self.baseline)
            .map(|stage| format!("{} {}", stage.objective, count(stage.steps)))
            .collect();
        let time = match self.seconds {
            Some(seconds) => format!("; about {}, an estimate", duration(seconds)),
            None => String::new(),
        };
        format!(
            "data: {}\nsplit: {}\nmodel: {}\nsteps: {}{time}",
            self.data_line(),
            self.split_line(),
            self.model_line(),
            parts.join(", ")
        )
    }

    /// Seconds that each stage may take, as far as they were measured, by what `label` calls it.
    pub(crate) fn expected(&self, label: impl Fn(usize, &str) -> String) -> Vec<(String, f64)> {
        let stages = self.stages.iter().chain(&self.baseline).enumerate();
        stages.filter_map(|(index, stage)| Some((label(index, &stage.objective), stage.seconds?))).collect()
    }

    /// The model in a line, with the memory so far.
    pub(crate) fn facts(&self) -> String {
        let memory = self.peak_bytes.map_or(String::new(), |bytes| format!(" · {} of memory so far", size(bytes)));
        format!("{}{memory}", self.model_line())
    }

    fn data_line(&self) -> String {
        let DataPreview { source, kind, width, sequences, lengths: [least, median, most] } = &self.data;
        let wide =
            if *kind == "text" { format!("a vocabulary of {}", count(*width)) } else { several(*width, "channel") };
        let long = match least == most {
            true => several(*most, "step"),
            false => format!("{} to {} steps (median {})", count(*least), count(*most), count(*median)),
        };
        format!("{}, {} training sequences of {kind}, {long}, {wide}", shown(source), count(*sequences))
    }

    fn split_line(&self) -> String {
        format!(
            "{} labelled, {} unlabelled, {} validation and {} test sequences; labels used: {}",
            count(self.n_labeled),
            count(self.n_unlabeled),
            count(self.n_valid),
            count(self.n_test),
            count(self.n_labels_used)
        )
    }

    fn model_line(&self) -> String {
        let ModelPreview { name, encoder, parameters } = &self.model;
        format!("{name} with {encoder}, {}", several(*parameters, "parameter"))
    }

    fn time_line(&self) -> String {
        let Some(seconds) = self.seconds else { return "not measured".into() };
        let mut beside = Vec::new();
        if self.n_references > 0 {
            beside.push(format!("{} for {} references", duration(self.references_seconds), self.n_references));
        }
        beside.extend(self.folds.map(|folds| several(folds, "fold")));
        beside.extend((self.ensemble > 1).then(|| format!("{} members", self.ensemble)));
        let beside = if beside.is_empty() { String::new() } else { format!(", with {}", beside.join(" and ")) };
        let all = || self.stages.iter().chain(&self.baseline);
        let measured = all().map(|stage| stage.measured_steps).min().unwrap_or_default();
        let sooner = if all().any(|stage| stage.may_stop_early) { "; early stopping may end it sooner" } else { "" };
        format!(
            "about {}{beside}; an estimate from {} of each stage, without the report{sooner}",
            duration(seconds),
            several(measured, "step")
        )
    }

    fn folder_line(&self) -> String {
        let verb = if self.resumes { "goes on with the run in " } else { "" };
        format!(
            "{verb}{}: config.toml, split.json, metrics.jsonl, checkpoint, model.safetensors, model.json, summary.json, \
             report.html and images",
            self.folder.display()
        )
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {}, seed {}, on {}", "run", self.name, self.seed, self.backend)?;
        writeln!(f, "{:<10} {}", "data", self.data_line())?;
        writeln!(f, "{:<10} {}", "split", self.split_line())?;
        if !self.classes.is_empty() {
            let mut listed: Vec<String> =
                self.classes.iter().take(LISTED).map(|(name, labels)| format!("{} {labels}", shown(name))).collect();
            if self.classes.len() > LISTED {
                listed.push(format!("{} more", self.classes.len() - LISTED));
            }
            writeln!(f, "{:<10} {}, with the labels of each: {}", "classes", self.classes.len(), listed.join(", "))?;
        }
        writeln!(f, "{:<10} {}", "model", self.model_line())?;
        for (number, stage) in self.stages.iter().enumerate() {
            writeln!(f, "{:<10} {stage}", format!("stage {}", number + 1))?;
        }
        if let Some(baseline) = &self.baseline {
            writeln!(f, "{:<10} {baseline}", "beside")?;
        }
        if let Some(bytes) = self.peak_bytes {
            writeln!(
                f,
                "{:<10} about {}, the peak of the measured steps with the data in memory",
                "memory",
                size(bytes)
            )?;
        }
        writeln!(f, "{:<10} {}", "time", self.time_line())?;
        write!(f, "{:<10} {}", "writes to", self.folder_line())
    }
}

impl fmt::Display for StagePreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.objective, several(self.steps, "step"))?;
        write!(f, " ({} of {})", several(self.epochs, "epoch"), several(self.steps_per_epoch, "step"))?;
        match self.batch {
            [labeled, 0] => write!(f, ", {} labelled sequences each", count(labeled))?,
            [0, unlabeled] => write!(f, ", {} sequences each", count(unlabeled))?,
            [labeled, unlabeled] => {
                write!(f, ", {} labelled and {} unlabelled sequences each", count(labeled), count(unlabeled))?;
            }
        }
        if self.validations > 0 {
            write!(f, ", {}", several(self.validations, "validation"))?;
        }
        match (self.seconds, self.step_seconds) {
            (Some(all), Some(step)) => write!(f, "; about {} ({:.1} ms a step)", duration(all), 1e3 * step),
            _ => Ok(()),
        }
    }
}
