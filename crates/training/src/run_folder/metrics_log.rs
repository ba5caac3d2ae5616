//! `metrics.jsonl`: one object for the training of each epoch of a stage, and one for each validation.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use semiseq_schema::Scores;
use serde_json::{Map, Value};

use crate::cells::cell;
use crate::error::Error;
use crate::learner::Milestone;
use crate::observer::{Observer, StageName};

const NAME: &str = "metrics.jsonl";

/// The same as a table, written when the run ends.
pub(crate) const TABLE: &str = "metrics.csv";

/// Stages of a run at most: a curve has a place for each.
const MOST_STAGES: usize = 10_000;

/// Appends lines, each flushed at once.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Position of the stage, counted from 0; the baseline stands behind the last one.
    pub stage: usize,
    /// The objective, or `baseline`.
    pub objective: String,
    /// Counted from 1: the epoch that is through, or in which the weights were validated.
    pub epoch: usize,
    /// Optimiser steps of the stage so far; 0 in logs of versions that did not note them.
    pub step: usize,
    /// `train` or `valid`.
    pub split: String,
    /// Names and values.
    pub scores: Scores,
}

impl MetricsLog {
    /// Opens the log, keeping lines up to and including `keep = (stage, step)`, byte for byte.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or written.
    pub fn open(folder: &Path, keep: Option<(usize, usize)>) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let kept: String = match keep {
            // The text itself: numbers that are read and written again may lose their last bit.
            Some(last) => text(folder)?
                .lines()
                .filter(|text| Line::parse(text).is_some_and(|line| (line.stage, line.step) <= last))
                .map(|line| format!("{line}\n"))
                .collect(),
            None => String::new(),
        };
        crate::files::write_atomic(&path, kept.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path).map_err(|error| Error::write(&path, error))?;
        Ok(Self { path, file })
    }

    /// Appends a line.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub fn push(&mut self, line: &Line) -> Result<(), Error> {
        writeln!(self.file, "{}", line.json())
            .and_then(|()| self.file.flush())
            .map_err(|error| Error::write(&self.path, error))
    }
}

impl Observer for MetricsLog {
    fn milestone(&mut self, stage: StageName<'_>, told: &Milestone<'_>) -> Result<(), Error> {
        for (split, scores) in [("train", told.train), ("valid", told.valid)] {
            let Some(scores) = scores else { continue };
            self.push(&Line {
                stage: stage.index,
                objective: stage.objective.into(),
                epoch: told.epoch,
                step: told.step,
                split: split.into(),
                scores: scores.clone(),
            })?;
        }
        Ok(())
    }
}

impl Line {
    fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("stage".into(), self.stage.into());
        object.insert("objective".into(), self.objective.clone().into());
        object.insert("epoch".into(), self.epoch.into());
        object.insert("step".into(), self.step.into());
        object.insert("split".into(), self.split.clone().into());
        // JSON has no NaN and no infinity; a key without a value is left out, never null.
        let finite = self.scores.iter().filter(|(_, value)| value.is_finite());
        object.extend(finite.map(|(name, value)| (name.clone(), Value::from(*value))));
        Value::Object(object)
    }

    fn parse(text: &str) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_str(text).ok()?;
        let number = |key: &str| object.get(key)?.as_u64().map(|number| number as usize);
        let word = |key: &str| object.get(key)?.as_str().map(str::to_string);
        let scores = object
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "stage" | "epoch" | "step"))
            .filter_map(|(key, value)| Some((key.clone(), value.as_f64()?)));
        Some(Self {
            stage: number("stage")?,
            objective: word("objective")?,
            epoch: number("epoch")?,
            step: number("step").unwrap_or(0),
            split: word("split")?,
            scores: scores.collect(),
        })
    }
}

/// All whole lines of a run's log; a last line cut short by a kill is left out.
///
/// # Errors
///
/// Where the file exists and cannot be read, or holds what no run writes.
pub fn read(folder: &Path) -> Result<Vec<Line>, Error> {
    parse(&folder.join(NAME), &text(folder)?)
}

/// The lines as CSV: a row each, a column for each name; empty where a line has no such number.
pub(crate) fn table(lines: &[Line]) -> String {
    let names: BTreeSet<&str> = lines.iter().flat_map(|line| line.scores.keys()).map(String::as_str).collect();
    let mut text = String::from("stage,objective,epoch,step,split");
    names.iter().for_each(|name| text.push_str(&format!(",{}", cell(name))));
    for line in lines {
        let Line { stage, objective, epoch, step, split, scores } = line;
        text.push_str(&format!("\n{stage},{},{epoch},{step},{}", cell(objective), cell(split)));
        let value = |name: &&str| scores.get(*name).map_or(String::new(), f64::to_string);
        names.iter().for_each(|name| text.push_str(&format!(",{}", value(name))));
    }
    text + "\n"
}

fn text(folder: &Path) -> Result<String, Error> {
    let path = folder.join(NAME);
    if !path.exists() {
        return Ok(String::new());
    }
    fs::read_to_string(&path)
        .map_err(|error| Error::input(format!("{}: cannot be read: {error}", path.display()), "check the run folder"))
}

/// The lines of a log; `path` names it in messages.
fn parse(path: &Path, text: &str) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        match Line::parse(line) {
            Some(line) if line.stage < MOST_STAGES => lines.push(line),
            // Cut short by a kill; it is written again when the run goes on.
            None if !line.ends_with('\n') => {}
            found => {
                let what = found.map_or("is no line of metrics".into(), |line| format!("is of stage {}", line.stage));
                return Err(Error::input(
                    format!("{}:{}: damaged: it {what}", path.display(), number + 1),
                    "restore the file, or remove the line",
                ));
            }
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    #[test]
    fn what_is_no_number_is_absent() {
        let scores =
            Scores::from([("loss".into(), 0.5), ("perplexity".into(), f64::INFINITY), ("r2".into(), f64::NAN)]);
        let line = Line { stage: 0, objective: "supervised".into(), epoch: 1, step: 7, split: "valid".into(), scores };
        let text = line.json().to_string();
        assert_eq!(text, r#"{"epoch":1,"loss":0.5,"objective":"supervised","split":"valid","stage":0,"step":7}"#);
    }

    #[test]
    fn a_table_has_a_column_for_each_number_that_any_line_has() {
        let line = |split: &str, scores: &[(&str, f64)]| Line {
            stage: 1,
            objective: "mean-teacher".into(),
            epoch: 2,
            step: 30,
            split: split.into(),
            scores: scores.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        };
        let text = table(&[line("train", &[("loss", 0.5), ("=1", 2.0)]), line("valid", &[("accuracy", 0.25)])]);
        let expected = "stage,objective,epoch,step,split,'=1,accuracy,loss\n1,mean-teacher,2,30,train,2,,0.5\n\
                        1,mean-teacher,2,30,valid,,0.25,\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_no_run_writes_is_refused_by_its_line() {
        let told = |text: &str| parse(Path::new("m.jsonl"), text).unwrap_err().in_full();
        let line = |stage: u64| {
            format!("{{\"stage\": {stage}, \"objective\": \"vae\", \"epoch\": 1, \"split\": \"train\"}}\n")
        };
        assert_eq!(parse(Path::new("m.jsonl"), &(line(0) + "{\"stage\": 1, \"ob")).unwrap().len(), 1, "cut by a kill");
        assert!(told(&(line(0) + &line(1_000_000_000_000_000))).contains("m.jsonl:2: damaged: it is of stage 1000000"));
        assert!(told(&format!("what\n{}", line(0))).contains("m.jsonl:1: damaged: it is no line of metrics"));
    }

    #[test]
    fn reopening_drops_what_came_after_the_checkpoint() {
        let folder = folder("metrics");
        let line = |stage, step| Line {
            stage,
            objective: "supervised".into(),
            epoch: 1,
            step,
            split: "train".into(),
            scores: Scores::from([("loss".into(), 0.5)]),
        };
        let mut log = MetricsLog::open(&folder, None).unwrap();
        for (stage, epoch) in [(0, 1), (0, 2), (1, 1), (1, 2)] {
            log.push(&line(stage, epoch)).unwrap();
        }
        drop(MetricsLog::open(&folder, Some((1, 1))).unwrap());
        assert_eq!(read(&folder).unwrap(), [line(0, 1), line(0, 2), line(1, 1)]);
    }

    #[test]
    fn reopening_changes_no_bit_of_a_number() {
        let folder = folder("metrics-bits");
        let scores = |step: usize| Scores::from([("accuracy".to_string(), step as f64 / 499.0)]);
        let mut log = MetricsLog::open(&folder, None).unwrap();
        for step in 1..499 {
            let (objective, split) = ("supervised".into(), "valid".into());
            log.push(&Line { stage: 0, objective, epoch: 1, step, split, scores: scores(step) }).unwrap();
        }
        let before = text(&folder).unwrap();
        drop(MetricsLog::open(&folder, Some((0, 499))).unwrap());
        assert_eq!(text(&folder).unwrap(), before);
    }
}
