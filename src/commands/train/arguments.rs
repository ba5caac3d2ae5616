//! Arguments of `train`, and the config that they ask for.

use std::num::NonZeroU16;
use std::path::PathBuf;

use semiseq::prelude::*;

use super::seed_list::Seeds;

/// Arguments of `train`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The config, a TOML file
    pub(super) config: PathBuf,
    /// Override a value, such as `stage.0.epochs=5`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) overrides: Vec<String>,
    /// flex, ndarray, wgpu or cuda, in place of the config's
    #[arg(long)]
    pub(super) backend: Option<String>,
    /// The run folder, in place of `runs/NAME`
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
    /// Go on from the last checkpoint; of several seeds, with those that are not finished
    #[arg(long, conflicts_with = "force")]
    pub(super) resume: bool,
    /// Write over a run in the same folder
    #[arg(long)]
    pub(super) force: bool,
    /// Plain progress lines in place of the dashboard
    #[arg(long)]
    pub(super) no_tui: bool,
    /// Print `summary.json` (with `--dry-run` what the run will be) and nothing else
    #[arg(long)]
    pub(super) json: bool,
    /// Say what the run will be: data, split, parameters, steps, and the memory and time that a few real steps of each
    /// stage let expect; write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Run once for each seed, of the training and of the label split: `0..4` (both ends included: five seeds) or
    /// `0,3,7`; into a folder each, with mean, deviation and 95 % interval of every score in one summary and one report
    #[arg(long, value_name = "A..B")]
    pub(super) seeds: Option<Seeds>,
    /// Seeds at a time; by default one a core on the CPU and one on a GPU, fewer where memory is short
    #[arg(long, requires = "seeds")]
    pub(super) jobs: Option<NonZeroU16>,
    /// Post each epoch, each warning and the end of the run as JSON to this address, such as `http://127.0.0.1:8000/`;
    /// a run goes on where nobody answers
    #[arg(long, value_name = "URL", conflicts_with_all = ["seeds", "dry_run"])]
    pub(super) post: Option<String>,
    /// Leave all sequences out of the report, of the data and made by the model, for a page that others may read
    #[arg(long)]
    pub(super) no_examples: bool,
    /// Stop, with a checkpoint, when standard input ends: when the process that started this one is gone
    #[arg(long, hide = true)]
    pub(super) stop_with_parent: bool,
}

/// The config with what the command line sets.
pub(super) fn config_of(arguments: &Arguments, overrides: &[String]) -> Result<RunConfig, Error> {
    let config = RunConfig::read_with(&arguments.config, overrides)?;
    match &arguments.backend {
        Some(backend) if config.devices.iter().any(|device| matches!(device, DeviceName::Name(_))) => {
            Err(Error::input(
                format!("`--backend {backend}` has no say where `devices` names backends of its own"),
                "add `--set devices=[0]`, or leave `--backend` out",
            ))
        }
        _ => Ok(config),
    }
}

/// The run folder where the command line names none.
pub(super) fn default_folder(config: &RunConfig) -> PathBuf {
    PathBuf::from("runs").join(&config.name)
}
