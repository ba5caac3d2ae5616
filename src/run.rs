//! Runs with their report: what [`semiseq_training::run`] does, and the page and the charts beside it.

use std::sync::Arc;

use semiseq_datasets::Prepared;
use semiseq_training::{Environment, Error, FinishedRun, ModelSettings, ObjectiveSettings, RunConfig, RunOptions};

/// Runs a config's stages and its baseline, and writes the run folder with its report.
///
/// # Errors
///
/// Whatever is wrong with config, data or run folder, before any training; later a loss that is not a number, a full
/// disk, or an interruption. A run that is interrupted while its report is made is finished all the same.
pub fn run<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    options: &RunOptions,
) -> Result<FinishedRun<M, O>, Error> {
    placed(semiseq_training::run(config, options)?, options)
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
    placed(semiseq_training::run_on(config, data, options)?, options)
}

/// `config.run(&options)`, and `config.run_on(data, &options)`.
pub trait Run {
    /// What the run predicts with.
    type Finished;

    /// See [`run()`].
    ///
    /// # Errors
    ///
    /// As [`run()`].
    fn run(&self, options: &RunOptions) -> Result<Self::Finished, Error>;

    /// See [`run_on()`].
    ///
    /// # Errors
    ///
    /// As [`run()`].
    fn run_on(&self, data: impl Into<Arc<Prepared>>, options: &RunOptions) -> Result<Self::Finished, Error>;
}

impl<M: ModelSettings, O: ObjectiveSettings> Run for RunConfig<M, O> {
    type Finished = FinishedRun<M, O>;

    fn run(&self, options: &RunOptions) -> Result<FinishedRun<M, O>, Error> {
        run(self, options)
    }

    fn run_on(&self, data: impl Into<Arc<Prepared>>, options: &RunOptions) -> Result<FinishedRun<M, O>, Error> {
        run_on(self, data, options)
    }
}

/// Notes command and machine, where a run has come to its end, and writes its report.
fn placed<M: ModelSettings, O: ObjectiveSettings>(
    run: FinishedRun<M, O>,
    options: &RunOptions,
) -> Result<FinishedRun<M, O>, Error> {
    if !options.resume || Environment::read(run.folder()).is_none() {
        Environment::here(option_env!("SEMISEQ_COMMIT")).write(run.folder())?;
    }
    reported(run, options)
}

#[cfg(feature = "report")]
fn reported<M: ModelSettings, O: ObjectiveSettings>(
    run: FinishedRun<M, O>,
    options: &RunOptions,
) -> Result<FinishedRun<M, O>, Error> {
    use semiseq_report::Material;
    use semiseq_training::terminal::tell;

    let folder = run.folder();
    if options.resume && folder.join("report.html").exists() {
        // Nothing was left to do.
        return Ok(run);
    }
    match Material::of(&run, Some(&*run.data()?), &|| options.stopped())? {
        Some(material) => {
            let material = if options.no_examples { material.without_examples() } else { material };
            material.write(folder)?;
            if let Some(left_out) = material.left_out().filter(|_| !options.quiet) {
                tell(format!("confusion.svg and report.html show {left_out}"));
            }
        }
        None => tell(format!(
            "the run is finished, its report was interrupted: `semiseq report {}` writes it",
            folder.display()
        )),
    }
    Ok(run)
}

#[cfg(not(feature = "report"))]
fn reported<M: ModelSettings, O: ObjectiveSettings>(
    run: FinishedRun<M, O>,
    _options: &RunOptions,
) -> Result<FinishedRun<M, O>, Error> {
    Ok(run)
}
