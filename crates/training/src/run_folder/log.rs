//! `experiment.log`: epochs and warnings in words.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::write_atomic;
use crate::learner::Milestone;
use crate::run_folder::metrics_log::{self, Line};

pub(crate) const NAME: &str = "experiment.log";

/// The log of a run, which goes on where a resumed run does.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    text: String,
}

impl Log {
    /// Begins the log, or goes on behind the checkpoint that `metrics.jsonl` was cut back to.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or written.
    pub(crate) fn open(folder: &Path, resumed: bool) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let text = match resumed {
            true => {
                let before = fs::read_to_string(&path).unwrap_or_default();
                without_epochs_to_come(&before, metrics_log::read(folder)?)
            }
            false => String::new(),
        };
        write_atomic(&path, text.as_bytes())?;
        Ok(Self { path, text })
    }

    /// Notes the end of an epoch, a validation, or both.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub(crate) fn milestone(&mut self, objective: &str, told: &Milestone<'_>) -> Result<(), Error> {
        if told.train.is_none() && told.valid.is_none() {
            return Ok(());
        }
        let loss = told.train.and_then(|train| train.get("loss")).map(|loss| format!(" loss {loss:.4}"));
        let valid = told.valid.map(|valid| {
            let scores: Vec<String> = valid.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
            format!(" valid {}", scores.join(" "))
        });
        let (loss, valid) = (loss.unwrap_or_default(), valid.unwrap_or_default());
        self.note(&format!("{}{loss}{valid}", place(objective, told.epoch, told.step)))
    }

    /// Notes a warning, once however often the run is resumed; whether it is news.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub(crate) fn warn(&mut self, warning: &str) -> Result<bool, Error> {
        let line = format!("warning: {warning}");
        if self.text.lines().any(|known| known == line) {
            return Ok(false);
        }
        self.note(&line).map(|()| true)
    }

    /// The warnings so far, those of earlier sessions too.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.text.lines().filter_map(|line| line.strip_prefix("warning: ")).map(str::to_string).collect()
    }

    /// Adds a line.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Error> {
        let line = format!("{text}\n");
        self.text.push_str(&line);
        // Appended: a kill while all of it is written anew would lose what was said before.
        let file = fs::File::options().create(true).append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|error| Error::write(&self.path, error))
    }
}

/// How a line of the log on an epoch or a validation begins.
fn place(objective: &str, epoch: usize, step: usize) -> String {
    format!("{objective}: epoch {epoch} step {step}")
}

/// A log without lines on epochs and validations behind the checkpoint, which the run goes through again: those that
/// stand in none of `kept`, the lines left of `metrics.jsonl`. Everything else stays, but for a last line cut short by
/// a kill.
fn without_epochs_to_come(log: &str, mut kept: Vec<Line>) -> String {
    // Training and validation of one place are two lines of metrics and one of the log.
    kept.dedup_by_key(|line| (line.stage, line.epoch, line.step));
    let places: Vec<String> = kept.iter().map(|line| place(&line.objective, line.epoch, line.step)).collect();
    // Both files have the same order. Stages with the same objective have places of the same name.
    let mut left = places.iter();
    let mut stays = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().take(5).collect();
        let [_, "epoch", _, "step", _] = words[..] else { return true };
        let (place, mut after) = (words.join(" "), left.clone());
        let found = after.any(|known| *known == place);
        if found {
            left = after;
        }
        found
    };
    log.split_inclusive('\n').filter(|line| line.ends_with('\n') && stays(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_on_behind_the_checkpoint_and_keeps_what_was_said() {
        let line = |stage, step, split: &str| Line {
            stage,
            objective: "supervised".into(),
            epoch: step,
            step,
            split: split.into(),
            scores: Default::default(),
        };
        // Two stages of one name; the checkpoint is of the second's first epoch.
        let kept = vec![
            line(0, 1, "train"),
            line(0, 1, "valid"),
            line(0, 2, "train"),
            line(1, 1, "train"),
            line(1, 1, "valid"),
        ];
        let first = "warning: few labels\nsupervised: epoch 1 step 1 loss 0.9 valid loss 0.8\nsupervised: epoch 2 step \
                     2 loss 0.7\n\
                     supervised: epoch 1 step 1 loss 0.6 valid loss 0.5\n";
        let behind = "supervised: epoch 2 step 2 loss 0.4\n";
        let warning = "warning: supervised: the posterior has collapsed\n";
        // An earlier version went through the second epoch twice.
        let log = format!("{first}{behind}{warning}{behind}supervised: epoch 3 st");
        assert_eq!(without_epochs_to_come(&log, kept), format!("{first}{warning}"));
        assert_eq!(without_epochs_to_come(&log, Vec::new()), format!("warning: few labels\n{warning}"));
    }
}
