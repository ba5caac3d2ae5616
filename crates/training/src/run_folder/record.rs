//! The run folder as it is written: config and split first, metrics and checkpoints on the way, the
//! model and `summary.json` last. A folder with a `summary.json` is a finished run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use semiseq_datasets::SplitRecord;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::cross_validation;
use crate::error::Error;
use crate::files::{make_folder, write_atomic};
use crate::learner::checkpoint::{self, CheckpointFiles, Checkpoints, parse};
use crate::learner::{Milestone, Outcome};
use crate::observer::{Observer, SharedObserver, StageName};
use crate::options::RunOptions;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::checksums::{self, Checksums, SUMMARY, TOLD};
use crate::run_folder::data_check::check_data;
use crate::run_folder::environment;
use crate::run_folder::finished::FinishedRun;
use crate::run_folder::generator;
use crate::run_folder::json::json;
use crate::run_folder::lock::FolderLock;
use crate::run_folder::log::{self, Log};
use crate::run_folder::members;
use crate::run_folder::metrics_log::{self, MetricsLog};
use crate::run_folder::result::RESULT;
use crate::run_folder::summary::Summary;
use crate::run_folder::tensorboard::EventFile;
use crate::tasks::measures::Confusion;

/// What an earlier session of this run got done.
#[derive(Default)]
pub(crate) struct Done {
    /// Stages that are through; the baseline counts as one behind the last.
    pub(crate) outcomes: Vec<Outcome>,
    /// What the last stage left, once it is through: the model, and the objective with all that it remembers.
    pub(crate) result: Option<Vec<u8>>,
    /// Seconds that earlier sessions took.
    pub(crate) wall_before: f64,
    stage_files: Option<(usize, CheckpointFiles)>,
}

impl Done {
    /// The checkpoint of a stage that was under way.
    pub(crate) fn take_stage_files(&mut self, stage: usize) -> Option<CheckpointFiles> {
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
const WRITTEN: [&str; 24] = [
    "config.toml",
    "split.json",
    "metrics.jsonl",
    metrics_log::TABLE,
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
    log::NAME,
    cross_validation::FOLDER,
    members::FOLDER,
    environment::NAME,
    "tensorboard",
    checksums::NAME,
];

/// What predictions are made from.
const SUMMED: [&str; 4] = ["model.json", "model.safetensors", generator::DESCRIPTION, generator::WEIGHTS];

/// A run folder under way.
pub(crate) struct RunRecord {
    folder: PathBuf,
    /// What writes metrics into the folder.
    own: [Box<dyn Observer>; 2],
    /// Whoever else wants to hear.
    others: Vec<SharedObserver>,
    log: Log,
    checkpoints: Checkpoints,
    /// What is wrong with the checkpoints that were found.
    pub(crate) found: Vec<String>,
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
    pub(crate) fn open<M: ModelSettings, O: ObjectiveSettings>(
        folder: &Path,
        config: &RunConfig<M, O>,
        split: &SplitRecord,
        options: &RunOptions,
    ) -> Result<(Self, Done), Error> {
        let (resume, force) = (options.resume, options.force);
        let shown = folder.display();
        let text = toml::to_string(config).map_err(|error| {
            Error::runtime(
                format!("the config cannot be written: {error}"),
                "this is a defect of semiseq; please report it",
            )
        })?;
        if !is_begun(folder) {
            // No folder is made where there is nothing to resume.
            check_folder(folder, options)?;
        }
        make_folder(folder)?;
        let lock = FolderLock::take(folder)?;
        check_folder(folder, options)?;
        if force {
            clear(folder)?;
        }
        let resumed = resume && !force;
        if resumed {
            let before = fs::read_to_string(folder.join("config.toml")).unwrap_or_default();
            if but_for_devices(&before) != but_for_devices(&text) {
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
        let (files, found) = if resumed { checkpoints.load()? } else { (None, Vec::new()) };
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
        let before = if resumed { metrics_log::read(folder)? } else { Vec::new() };
        let events = EventFile::create(&folder.join("tensorboard"), config.stages.len(), &text, &before)?;
        let record = Self {
            folder: folder.to_path_buf(),
            own: [Box::new(metrics), Box::new(events)],
            others: options.observers.clone(),
            log: Log::open(folder, resumed)?,
            checkpoints,
            found,
            reached: (0, 0),
            _lock: lock,
        };
        Ok((record, done.map(|(done, _)| done).unwrap_or_default()))
    }

    /// Notes the end of an epoch or a validation in the log, and tells the observers.
    ///
    /// # Errors
    ///
    /// Where the disk is full, or what an observer returns.
    pub(crate) fn milestone(&mut self, stage: StageName<'_>, told: &Milestone<'_>) -> Result<(), Error> {
        self.reached = (told.epochs, told.step);
        self.each(|observer| observer.milestone(stage, told))?;
        if let Some(warning) = &told.warning {
            self.warn(&format!("{}: {warning}", stage.objective))?;
        }
        self.log.milestone(stage.objective, told)
    }

    /// Tells the observers of an optimiser step.
    ///
    /// # Errors
    ///
    /// What an observer returns.
    pub(crate) fn step(&mut self, stage: StageName<'_>, step: usize) -> Result<(), Error> {
        self.each(|observer| observer.step(stage, step))
    }

    /// Notes a warning in the log and tells the observers, once however often the run is resumed.
    ///
    /// # Errors
    ///
    /// Where the disk is full, or what an observer returns.
    pub(crate) fn warn(&mut self, warning: &str) -> Result<(), Error> {
        match self.log.warn(warning)? {
            true => self.each(|observer| observer.warning(warning)),
            false => Ok(()),
        }
    }

    /// The warnings so far, those of earlier sessions too.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.log.warnings()
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Observer) -> Result<(), Error>) -> Result<(), Error> {
        self.own.iter_mut().try_for_each(|observer| tell(observer.as_mut()))?;
        self.others.iter().try_for_each(|observer| {
            // One that panicked before is asked on: what it keeps is its own affair.
            tell(&mut *observer.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// Writes a checkpoint of a stage under way.
    pub(crate) fn checkpoint(
        &self,
        stage: usize,
        done: &Done,
        wall_seconds: f64,
        mut files: CheckpointFiles,
    ) -> Result<(), Error> {
        let (epoch, step) = self.reached;
        let position = RunPosition { stage, epoch, step, outcomes: done.outcomes.clone(), wall_seconds };
        files.insert("run.json".into(), json(&position)?);
        if let Some(bytes) = &done.result {
            files.insert(RESULT.into(), bytes.clone());
        }
        self.checkpoints.save(&files)
    }

    /// Writes what the objective remembers.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub(crate) fn tables(&self, tables: &[(&'static str, String)]) -> Result<(), Error> {
        tables.iter().try_for_each(|(name, text)| write_atomic(&self.folder.join(name), text.as_bytes()))
    }

    /// Writes the model, the confusion matrix and, last of all, `summary.json`.
    ///
    /// # Errors
    ///
    /// Where the disk is full, or what an observer returns.
    pub(crate) fn finish<M: ModelSettings, O: ObjectiveSettings>(
        &mut self,
        run: &FinishedRun<M, O>,
        summary: &Summary,
        matrix: Option<&Confusion>,
    ) -> Result<(), Error> {
        run.write_model()?;
        if let Some(matrix) = matrix {
            write_atomic(&self.folder.join("confusion.csv"), matrix.csv().as_bytes())?;
        }
        let table = metrics_log::table(&metrics_log::read(&self.folder)?);
        write_atomic(&self.folder.join(metrics_log::TABLE), table.as_bytes())?;
        self.log.note(&format!("finished after {:.1} s", summary.wall_seconds))?;
        let summed: Vec<&str> = SUMMED.into_iter().chain(TOLD).filter(|name| *name != SUMMARY).collect();
        let bytes = json(summary)?;
        Checksums::write(&self.folder, &summed, (SUMMARY, &bytes))?;
        write_atomic(&self.folder.join(SUMMARY), &bytes)?;
        self.each(|observer| observer.end(summary))
    }
}

/// Whether a run was begun in a folder.
pub(crate) fn is_begun(folder: &Path) -> bool {
    folder.join("config.toml").exists()
}

/// Whether the options say what to do with what the folder holds.
///
/// # Errors
///
/// Where it holds a run and neither `resume` nor `force` is set, or none and `resume` is.
pub(crate) fn check_folder(folder: &Path, options: &RunOptions) -> Result<(), Error> {
    let shown = folder.display();
    let (finished, begun) = (folder.join("summary.json").exists(), is_begun(folder));
    if options.resume && !begun {
        return Err(Error::input(format!("{shown} holds no run to resume"), "leave out `--resume` to start the run"));
    }
    if options.force {
        return Ok(());
    }
    if finished {
        return Err(Error::input(
            format!("{shown} holds a finished run"),
            "choose another folder with `--out`, another `name`, or write over it with `--force`",
        ));
    }
    if begun && !options.resume {
        return Err(Error::input(
            format!("{shown} holds a run that is not finished"),
            "go on with `--resume`, or start again with `--force`",
        ));
    }
    Ok(())
}

/// Whether the run in a folder was begun with this very config, on whatever devices.
pub(crate) fn begun_with<M: ModelSettings, O: ObjectiveSettings>(folder: &Path, config: &RunConfig<M, O>) -> bool {
    let before = fs::read_to_string(folder.join("config.toml")).ok();
    let same =
        |before: String| toml::to_string(config).is_ok_and(|now| but_for_devices(&before) == but_for_devices(&now));
    before.is_some_and(same)
}

/// A config as it is written, without its devices: a run goes on on others.
fn but_for_devices(text: &str) -> String {
    let mut table: toml::Table = text.parse().unwrap_or_default();
    ["devices", "strategy"].iter().for_each(|key| drop(table.remove(*key)));
    table.to_string()
}

fn taken_up(mut files: CheckpointFiles) -> Result<(Done, RunPosition), Error> {
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
