//! A run on one page: config → data → model → stages → baseline → run folder.

use std::sync::Arc;

use semiseq_datasets::Prepared;

use crate::config::{CheckedConfig, RunConfig};
use crate::error::Error;
use crate::learner::rehearsal::Effort;
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::preview::Preview;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::FinishedRun;
use crate::run_folder::json::read_json;
use crate::run_folder::record::check_folder;
use crate::session::Session;
use crate::set_apart::set_apart;
use crate::tasks::compatibility::check;

/// Runs a config's stages and its baseline, and writes the run folder.
///
/// # Errors
///
/// Whatever is wrong with config, data or run folder, before any training; later a loss that is not a
/// number, a full disk, or an interruption.
pub fn run<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    options: &RunOptions,
) -> Result<FinishedRun<M, O>, Error> {
    config.checked()?;
    run_on(config, config.prepare()?, options)
}

/// As [`run`], on data that are prepared already.
///
/// # Errors
///
/// As [`run`].
pub fn run_on<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    data: impl Into<Arc<Prepared>>,
    options: &RunOptions,
) -> Result<FinishedRun<M, O>, Error> {
    let (config, data) = (config.checked()?, data.into());
    // As one of the pool's threads: a thread from outside would sleep through every operation that the pool shares
    // out, and be woken after it.
    rayon::scope(|_| run_here(config, data, options))
}

/// What a run on prepared data will be: everything of [`run_on`] up to the first step that counts, and a few real steps
/// of each stage on copies. Nothing is written.
///
/// # Errors
///
/// Whatever is wrong with config, data or run folder; a loss that is no number in the measured steps; an interruption.
pub fn preview<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    data: impl Into<Arc<Prepared>>,
    options: &RunOptions,
) -> Result<Preview, Error> {
    let (config, data) = (config.checked()?, data.into());
    rayon::scope(|_| {
        check(&config, &data)?;
        let data = set_apart(&config, data)?;
        check_folder(&Plan::new(config, Arc::clone(&data), options).folder, options)?;
        let plan = Plan::new(config, data, options).with_vectors()?.with_initial_weights()?.with_references()?;
        let initial = plan.initial_model();
        plan.check_stages(&initial)?;
        Preview::of(&plan, &initial, Some(Effort::CAREFUL))
    })
}

fn run_here<M: ModelSettings, O: ObjectiveSettings>(
    config: CheckedConfig<'_, M, O>,
    data: Arc<Prepared>,
    options: &RunOptions,
) -> Result<FinishedRun<M, O>, Error> {
    check(&config, &data)?;
    let data = set_apart(&config, data)?;
    let plan = Plan::new(config, data, options);
    if let Some(finished) = plan.finished_already()? {
        return Ok(finished);
    }
    plan.check_folder()?;
    let plan = plan.with_vectors()?.with_initial_weights()?.with_references()?;
    let initial = plan.initial_model();
    plan.check_stages(&initial)?;
    let preview = Preview::glance(&plan, &initial)?;
    let mut session = Session::open(&plan)?;
    session.tell_preview(preview.as_ref());
    session.warn_before()?;
    session.tell_references();
    let learned = session.stages(initial.clone())?;
    let rival = session.baseline(initial, &learned)?;
    let cross = session.folds(&|config, data, options| {
        let run = run_on(config, data, options)?;
        // As a resumed run finds it, to the last digit.
        read_json(&run.folder().join("summary.json"))
    })?;
    let members = session.members(&|config, data, options| run_on(config, data, options))?;
    session.finish(&learned, rival, cross, members)
}
