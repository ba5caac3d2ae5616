//! The run folder as it is written: config and split first, metrics and checkpoints on the way, the
//! model and `summary.json` last. A folder with a `summary.json` is a finished run.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::{ModuleRecord, ModuleSnapshot, SafetensorsStore};
use burn::tensor::Bytes;
use semiseq_datasets::{Prepared, Processor, SplitRecord};
use semiseq_models::{AnyModel, HeadSize, ModelConfig};
use semiseq_objectives::{AnyObjective, ObjectiveConfig};
use semiseq_schema::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::checksums;
use crate::checksums::Checksums;
use crate::config::RunConfig;
use crate::error::Error;
use crate::generator;
use crate::generator::Shown;
use crate::learner::Learned;
use crate::learner::checkpoint;
use crate::learner::checkpoint::{Checkpoints, Files, parse};
use crate::learner::stage::{Milestone, Outcome};
use crate::lock::FolderLock;
use crate::metrics::Confusion;
use crate::output::files::{make_folder, write_atomic};
use crate::output::metrics_log::{Line, MetricsLog};
use crate::output::pictures::{grid, of_one_size, range};
use crate::output::report::evidence::Evidence;
use crate::output::report::{RunReport, page};
use crate::output::tensorboard::EventFile;
use crate::output::{confusion, curves, metrics_log};
use crate::saved::ModelFile;
use crate::summary::Summary;
use crate::weights::damaged;

/// Epochs and warnings in words.
const LOG: &str = "experiment.log";

/// What the last stage left, in the checkpoints of the baseline.
const RESULT: &str = "result.burnpack";

/// What an earlier session of this run got done.
#[derive(Default)]
pub(crate) struct Done {
    /// Stages that are through; the baseline counts as one behind the last.
    pub(crate) outcomes: Vec<Outcome>,
    /// What the last stage left, once it is through: the model, and the objective with all that it remembers.
    pub(crate) result: Option<Vec<u8>>,
    /// Seconds that earlier sessions took.
    pub(crate) wall_before: f64,
    stage_files: Option<(usize, Files)>,
}

impl Done {
    /// The checkpoint of a stage that was under way.
    pub(crate) fn take_stage_files(&mut self, stage: usize) -> Option<Files> {
        self.stage_files.take_if(|(number, _)| *number == stage).map(|(_, files)| files)
    }
}

#[derive(Serialize, Deserialize)]
struct RunPosition {
    stage: usize,
    /// Epochs of the stage that are through.
    epoch: usize,
    /// Optimiser steps of the stage.
    step: usize,
    outcomes: Vec<Outcome>,
    wall_seconds: f64,
}

/// Everything of a run that semiseq writes; `--force` removes these and nothing else.
const WRITTEN: [&str; 20] = [
    "config.toml",
    "split.json",
    "metrics.jsonl",
    "checkpoint",
    "model.safetensors",
    "model.json",
    generator::WEIGHTS,
    generator::DESCRIPTION,
    "self-training.csv",
    "noisy-student.csv",
    "rebuilt.png",
    "samples.png",
    "confusion.csv",
    "confusion.svg",
    "curves.svg",
    "report.html",
    "summary.json",
    LOG,
    "tensorboard",
    checksums::NAME,
];

/// What predictions are made from.
const SUMMED: [&str; 4] = ["model.json", "model.safetensors", generator::DESCRIPTION, generator::WEIGHTS];

/// A run folder under way.
pub(crate) struct RunRecord {
    folder: PathBuf,
    metrics: MetricsLog,
    events: EventFile,
    log: String,
    checkpoints: Checkpoints,
    warnings: Vec<String>,
    /// Epochs and steps of the stage under way.
    reached: (usize, usize),
    _lock: FolderLock,
}

impl RunRecord {
    /// Makes or reopens the folder.
    ///
    /// # Errors
    ///
    /// Where it holds a run already and neither `resume` nor `force` says what to do with it.
    pub(crate) fn open(
        folder: &Path,
        config: &RunConfig,
        split: &SplitRecord,
        resume: bool,
        force: bool,
    ) -> Result<(Self, Option<Done>), Error> {
        let shown = folder.display();
        let text = toml::to_string(config).map_err(|error| {
            Error::runtime(
                format!("the config cannot be written: {error}"),
                "this is a defect of semiseq; please report it",
            )
        })?;
        if resume && !folder.join("config.toml").exists() {
            return Err(Error::input(
                format!("{shown} holds no run to resume"),
                "leave out `--resume` to start the run",
            ));
        }
        make_folder(folder)?;
        let lock = FolderLock::take(folder)?;
        let (finished, begun) = (folder.join("summary.json").exists(), folder.join("config.toml").exists());
        if force {
            clear(folder)?;
        } else if finished {
            return Err(Error::input(
                format!("{shown} holds a finished run"),
                "choose another folder with `--out`, another `name`, or write over it with `--force`",
            ));
        } else if begun && !resume {
            return Err(Error::input(
                format!("{shown} holds a run that is not finished"),
                "go on with `--resume`, or start again with `--force`",
            ));
        }
        let resumed = resume && begun && !force;
        if resumed {
            let before = fs::read_to_string(folder.join("config.toml")).unwrap_or_default();
            if before != text {
                return Err(Error::input(
                    format!("the config is not the one that the run in {shown} was started with"),
                    format!(
                        "differences: {}; start a new run with `--out`, or again with `--force`",
                        differences(&before, &text)
                    ),
                ));
            }
            check_data(folder, split)?;
        }
        let checkpoints = Checkpoints::new(folder);
        let (files, warnings) = if resumed { checkpoints.load()? } else { (None, Vec::new()) };
        let done = files.map(taken_up).transpose()?;
        if let Some((done, position)) = &done
            && (position.stage > config.stages.len() || done.outcomes.len() > config.stages.len() + 1)
        {
            return Err(checkpoint::damaged("run.json", &format!("is of stage {}", position.stage)));
        }
        let keep = done.as_ref().map(|(_, position)| (position.stage, position.step));
        write_atomic(&folder.join("config.toml"), text.as_bytes())?;
        write_atomic(&folder.join("split.json"), &json(split)?)?;
        let metrics = MetricsLog::open(folder, keep)?;
        let log = match resumed {
            true => {
                let before = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
                without_epochs_to_come(&before, metrics_log::read(folder)?)
            }
            false => String::new(),
        };
        write_atomic(&folder.join(LOG), log.as_bytes())?;
        let record = Self {
            folder: folder.to_path_buf(),
            metrics,
            events: EventFile::create(&folder.join("tensorboard"))?,
            log,
            checkpoints,
            warnings,
            reached: (0, 0),
            _lock: lock,
        };
        Ok((record, done.map(|(done, _)| done)))
    }

    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Notes the end of an epoch or a validation in `metrics.jsonl`, TensorBoard and the log.
    pub(crate) fn milestone(&mut self, stage: usize, objective: &str, told: &Milestone<'_>) -> Result<(), Error> {
        self.reached = (told.epochs, told.step);
        for (split, scores) in [("train", told.train), ("valid", told.valid)] {
            let Some(scores) = scores else { continue };
            let line = Line {
                stage,
                objective: objective.into(),
                epoch: told.epoch,
                step: told.step,
                split: split.into(),
                scores: scores.clone(),
            };
            self.metrics.push(&line)?;
            for (name, value) in scores {
                self.events.scalar(&format!("{split}/{stage}-{objective}/{name}"), told.step, *value)?;
            }
        }
        if let Some(warning) = &told.warning {
            self.warn(&format!("{objective}: {warning}"))?;
        }
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

    /// Notes a warning in the log, once however often the run is resumed.
    pub(crate) fn warn(&mut self, warning: &str) -> Result<(), Error> {
        let line = format!("warning: {warning}");
        if self.log.lines().any(|known| known == line) { Ok(()) } else { self.note(&line) }
    }

    /// The warnings that the log holds, of earlier sessions too.
    pub(crate) fn told(&self) -> Vec<String> {
        self.log.lines().filter_map(|line| line.strip_prefix("warning: ")).map(str::to_string).collect()
    }

    fn note(&mut self, text: &str) -> Result<(), Error> {
        let line = format!("{text}\n");
        self.log.push_str(&line);
        let path = self.folder.join(LOG);
        // Appended: a kill while all of it is written anew would lose what was said before.
        let file = fs::File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|error| Error::write(&path, error))
    }

    /// Writes a checkpoint of a stage under way.
    pub(crate) fn checkpoint(
        &self,
        stage: usize,
        done: &Done,
        wall_seconds: f64,
        mut files: Files,
    ) -> Result<(), Error> {
        let (epoch, step) = self.reached;
        let position = RunPosition { stage, epoch, step, outcomes: done.outcomes.clone(), wall_seconds };
        files.insert("run.json".into(), json(&position)?);
        if let Some(bytes) = &done.result {
            files.insert(RESULT.into(), bytes.clone());
        }
        self.checkpoints.save(&files)
    }

    /// Writes what `generate` needs.
    pub(crate) fn generator(&self, objective: &ObjectiveConfig, weights: &[u8], data: &Prepared) -> Result<(), Error> {
        generator::write(&self.folder, objective, weights, data)
    }

    /// Writes what the objective makes, where that is pictures.
    pub(crate) fn pictures(&self, shown: &Shown) -> Result<(), Error> {
        let real = of_one_size(shown.rebuilt.iter().map(|(real, _)| real).chain(&shown.real));
        let (low, high) = range(&real);
        let pairs = of_one_size(shown.rebuilt.iter().flat_map(|(real, made)| [real, made]));
        for (name, pictures, rows) in [("rebuilt.png", pairs, 2), ("samples.png", of_one_size(&shown.made), 1)] {
            if let Some(bytes) = grid(&pictures, rows, low, high) {
                write_atomic(&self.folder.join(name), &bytes)?;
            }
        }
        Ok(())
    }

    /// Writes what the objective remembers.
    pub(crate) fn tables(&self, tables: &[(&'static str, String)]) -> Result<(), Error> {
        tables.iter().try_for_each(|(name, text)| write_atomic(&self.folder.join(name), text.as_bytes()))
    }

    /// Writes the model, the pictures and, last of all, `summary.json`.
    pub(crate) fn finish(
        &mut self,
        summary: &Summary,
        file: &ModelFile,
        model: &AnyModel,
        matrix: Option<&Confusion>,
        evidence: &Evidence,
    ) -> Result<(), Error> {
        let plain = model.valid();
        // Burn writes its metadata in the order of a hash map; without it equal weights are equal files.
        let mut store = SafetensorsStore::from_bytes(None).skip_enum_variants(true).clear_metadata();
        let failed = |error: String| {
            Error::runtime(
                format!("the model cannot be written as safetensors: {error}"),
                "this is a defect of semiseq; please report it",
            )
        };
        plain.save_into(&mut store).map_err(|error| failed(error.to_string()))?;
        let bytes = store.get_bytes().map_err(|error| failed(error.to_string()))?;
        write_atomic(&self.folder.join("model.safetensors"), &bytes)?;
        write_atomic(&self.folder.join("model.json"), &json(file)?)?;
        if let Some(matrix) = matrix {
            confusion::write_csv(&self.folder.join("confusion.csv"), matrix)?;
            confusion::write_svg(&self.folder.join("confusion.svg"), matrix)?;
        }
        let lines = metrics_log::read(&self.folder)?;
        curves::write(&self.folder.join("curves.svg"), &lines)?;
        let config = fs::read_to_string(self.folder.join("config.toml")).unwrap_or_default();
        let report = RunReport {
            summary,
            lines: &lines,
            confusion: matrix,
            evidence,
            classes: file.processor.classes(),
            config: &config,
        };
        write_atomic(&self.folder.join("report.html"), page(&[report]).as_bytes())?;
        self.note(&format!("finished after {:.1} s", summary.wall_seconds))?;
        Checksums::write(&self.folder, &SUMMED)?;
        write_atomic(&self.folder.join("summary.json"), &json(summary)?)
    }
}

/// How a line of the log on an epoch or a validation begins.
fn place(objective: &str, epoch: usize, step: usize) -> String {
    format!("{objective}: epoch {epoch} step {step}")
}

/// A log without lines on epochs and validations behind the checkpoint, which the run goes through again: those that stand in
/// none of `kept`, the lines left of `metrics.jsonl`. Everything else stays, but for a last line cut short by a kill.
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

/// What the run in a folder came to, where it is finished and was started with this very config.
///
/// # Errors
///
/// Where its summary is damaged.
pub(crate) fn finished(folder: &Path, config: &RunConfig) -> Result<Option<Summary>, Error> {
    let path = folder.join("summary.json");
    let begun_with = fs::read_to_string(folder.join("config.toml")).ok();
    if !path.exists() || begun_with != toml::to_string(config).ok() {
        return Ok(None);
    }
    let text = fs::read(&path).map_err(|error| {
        Error::input(format!("{}: cannot be read: {error}", path.display()), "check the run folder")
    })?;
    let summary = serde_json::from_slice(&text).map_err(|error| {
        Error::input(format!("{}: damaged: {error}", path.display()), "start the run again with `--force`")
    })?;
    Ok(Some(summary))
}

fn taken_up(mut files: Files) -> Result<(Done, RunPosition), Error> {
    let position: RunPosition = parse(&files, "run.json")?;
    let result = files.remove(RESULT);
    let done = Done {
        outcomes: position.outcomes.clone(),
        result,
        wall_before: position.wall_seconds,
        stage_files: Some((position.stage, files)),
    };
    Ok((done, position))
}

/// Whether the data are those that the run in a folder was begun with. A folder of an earlier version does not tell.
///
/// # Errors
///
/// Names the part that has changed.
pub(crate) fn check_data(folder: &Path, now: &SplitRecord) -> Result<(), Error> {
    let path = folder.join("split.json");
    if !path.exists() {
        return Ok(());
    }
    let before: SplitRecord = read_json(&path)?;
    if before.data.is_empty() {
        return Ok(());
    }
    let (had, has) = (before.data.len(), now.data.len());
    let changed = match before.data.iter().zip(&now.data).find(|(before, now)| before.sha256 != now.sha256) {
        Some((before, now)) if before.sequences != now.sequences => {
            format!("{} had {} sequences then, and has {} now", now.source, before.sequences, now.sequences)
        }
        Some((_, now)) => format!("values, texts or labels in {} are others now", now.source),
        None if had != has => format!("they had {had} parts then, and have {has} now"),
        None => return Ok(()),
    };
    Err(Error::input(
        format!("the data of the run in {} have changed since it began: {changed}", folder.display()),
        "put the data back as they were; `eval --data` scores the run on other data, and `train --out` or `--force` begins a \
         new run on these",
    ))
}

/// A JSON file of a run folder.
///
/// # Errors
///
/// Names the file, and the line where it is damaged.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(|error| {
        Error::input(format!("{}: cannot be read: {error}", path.display()), "check the run folder")
    })?;
    parse_json(path, text.as_bytes())
}

/// What a JSON file of a run folder holds; `path` names it in messages.
///
/// # Errors
///
/// Names the line where it is damaged.
pub(crate) fn parse_json<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(text).map_err(|error| {
        Error::input(
            format!("{}:{}: damaged, or of another version of semiseq: {error}", path.display(), error.line()),
            "restore the file, or train the run again",
        )
    })
}

/// An error with all problems of a file of a run folder, where there are some.
///
/// # Errors
///
/// The problems, each with its key.
pub(crate) fn refuse(path: &Path, problems: &[Problem]) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = problems.iter().map(|problem| format!("`{}` {}", problem.key, problem.message)).collect();
    Err(damaged(path, &told.join("; ")))
}

fn clear(folder: &Path) -> Result<(), Error> {
    for name in WRITTEN {
        let path = folder.join(name);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else if path.exists() {
            fs::remove_file(&path)
        } else {
            Ok(())
        };
        removed.map_err(|error| Error::write(&path, error))?;
    }
    Ok(())
}

/// Lines of the new config that the old one lacks.
fn differences(before: &str, now: &str) -> String {
    let known: std::collections::HashSet<&str> = before.lines().collect();
    let new: Vec<&str> = now.lines().filter(|line| !known.contains(line)).take(5).collect();
    if new.is_empty() { "removed keys".into() } else { new.join("; ") }
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(|error| {
        Error::runtime(format!("cannot be written as JSON: {error}"), "this is a defect of semiseq; please report it")
    })
}

/// A model and an objective, with all that it remembers, as bytes.
pub(crate) fn learned_bytes(model: &AnyModel, objective: &AnyObjective<AnyModel>) -> Result<Vec<u8>, Error> {
    let learned = Learned { model: model.clone(), objective: objective.clone(), average: None::<AnyModel> };
    let bytes = learned.into_record().into_bytes();
    bytes.map(|bytes| bytes.to_vec()).map_err(|error| {
        Error::runtime(
            format!("the model cannot be recorded: {error}"),
            "this is a defect of semiseq; please report it",
        )
    })
}

/// A model and an objective with the values of [`learned_bytes`].
pub(crate) fn load_learned(
    model: AnyModel,
    objective: AnyObjective<AnyModel>,
    bytes: &[u8],
) -> Result<(AnyModel, AnyObjective<AnyModel>), Error> {
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()))
        .map_err(|error| checkpoint::damaged(RESULT, &error.to_string()))?;
    let learned = Learned { model, objective, average: None::<AnyModel> };
    let learned =
        learned.try_load_record(record).map_err(|error| checkpoint::damaged(RESULT, &format!("{error:?}")))?;
    Ok((learned.model, learned.objective))
}

/// How much the model's head says: a forecaster's as the windows are cut, another's `logits`.
pub(crate) fn head_size(model: &ModelConfig, processor: &Processor, logits: usize) -> HeadSize {
    match (model, processor.forecast()) {
        (ModelConfig::Forecaster(_), Some(forecast)) => {
            HeadSize::Forecast { horizon: forecast.windows.horizon, channels: forecast.columns.len() }
        }
        _ => HeadSize::Logits(logits),
    }
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
        let first = "warning: few labels\nsupervised: epoch 1 step 1 loss 0.9 valid loss 0.8\nsupervised: epoch 2 step 2 loss 0.7\n\
                     supervised: epoch 1 step 1 loss 0.6 valid loss 0.5\n";
        let behind = "supervised: epoch 2 step 2 loss 0.4\n";
        let warning = "warning: supervised: the posterior has collapsed\n";
        // An earlier version went through the second epoch twice.
        let log = format!("{first}{behind}{warning}{behind}supervised: epoch 3 st");
        assert_eq!(without_epochs_to_come(&log, kept), format!("{first}{warning}"));
        assert_eq!(without_epochs_to_come(&log, Vec::new()), format!("warning: few labels\n{warning}"));
    }
}
