//! `semiseq train`.

mod seeds;
mod seeds_page;
mod seeds_summary;

use std::io::Read;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use semiseq::datasets::one_line;
use semiseq::prelude::*;
use semiseq::training::terminal::{Verbosity, set_verbosity, verbosity};

use super::{INTERRUPTED, detail, fail, json_text, open_devices, print, tell, warn};
use seeds::Seeds;

/// Arguments of `train`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The config, a TOML file
    config: PathBuf,
    /// Override a value, such as `stage.0.epochs=5`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// flex, ndarray, wgpu or cuda, in place of the config's
    #[arg(long)]
    backend: Option<String>,
    /// The run folder, in place of `runs/NAME`
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on from the last checkpoint; of several seeds, with those that are not finished
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Write over a run in the same folder
    #[arg(long)]
    force: bool,
    /// Plain progress lines in place of the dashboard
    #[arg(long)]
    no_tui: bool,
    /// Print `summary.json` (with `--dry-run` what the run will be) and nothing else
    #[arg(long)]
    json: bool,
    /// Say what the run will be: data, split, parameters, steps, and the memory and time that a few real steps of each
    /// stage let expect; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Run once for each seed, of the training and of the label split: `0..4` (both ends included: five seeds) or
    /// `0,3,7`; into a folder each, with mean, deviation and 95 % interval of every score in one summary and one report
    #[arg(long, value_name = "A..B")]
    seeds: Option<Seeds>,
    /// Seeds at a time; by default one a core on the CPU and one on a GPU, fewer where memory is short
    #[arg(long, requires = "seeds")]
    jobs: Option<NonZeroU16>,
    /// Stop, with a checkpoint, when standard input ends: when the process that started this one is gone
    #[arg(long, hide = true)]
    stop_with_parent: bool,
}

/// Trains.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut overrides = arguments.overrides.clone();
    overrides.extend(arguments.backend.iter().map(|backend| format!("backend=\"{backend}\"")));
    for text in &overrides {
        tell(format!("set {}", one_line(text, 1_000)));
    }
    if arguments.json && verbosity() == Verbosity::Normal {
        set_verbosity(Verbosity::Quiet);
    }
    match &arguments.seeds {
        Some(seeds) => seeds::run(arguments, seeds, &overrides),
        None => run_one(arguments, &overrides),
    }
}

fn run_one(arguments: &Arguments, overrides: &[String]) -> Result<(), Error> {
    let config = config_of(arguments, overrides)?;
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&config));
    seeds::refuse(&folder)?;
    let interrupter = Interrupter::new();
    let training = Arc::new(AtomicBool::new(false));
    stop_on_signals(&interrupter, &training);
    if arguments.stop_with_parent {
        stop_with_parent(&interrupter, &training);
    }
    let mut devices = open_devices(&config)?;
    let device = devices.remove(0);
    let options = RunOptions {
        out: arguments.out.clone(),
        resume: arguments.resume,
        force: arguments.force,
        dashboard: !arguments.no_tui && !arguments.json && !arguments.dry_run && verbosity() == Verbosity::Normal,
        quiet: false,
        device,
        crew: devices,
        interrupter,
        observers: Vec::new(),
    };
    detail(format!("semiseq {}, {} threads", env!("CARGO_PKG_VERSION"), threads()));
    let data = prepare(&config.data, targets(&config))?;
    if arguments.dry_run {
        return preview(arguments, &config, data, &options);
    }
    training.store(true, Ordering::SeqCst);
    let run = run_on(&config, data, &options)?;
    let summary = run.summary()?;
    if arguments.json {
        return print(json_text(&summary)?);
    }
    let report = run.folder().join("report.html");
    let report = if report.exists() { format!("\nreport: {}", report.display()) } else { String::new() };
    print(format!("{summary}\nrun folder: {}{report}", run.folder().display()))?;
    if !summary.test.is_empty() {
        tell(format!(
            "one seed cannot tell a small difference from chance; `semiseq train {} --seeds 0..4` gives a mean with its \
             interval",
            arguments.config.display()
        ));
    }
    Ok(())
}

/// Says what a run will be.
fn preview(arguments: &Arguments, config: &RunConfig, data: Prepared, options: &RunOptions) -> Result<(), Error> {
    let preview = semiseq::training::preview(config, data, options)?;
    preview.warnings.iter().for_each(warn);
    print(if arguments.json { json_text(&preview)? } else { preview.to_string() })?;
    tell("nothing is written; without `--dry-run` it trains");
    Ok(())
}

/// The config with what the command line sets.
fn config_of(arguments: &Arguments, overrides: &[String]) -> Result<RunConfig, Error> {
    let config = read(&arguments.config, overrides)?;
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

fn default_folder(config: &RunConfig) -> PathBuf {
    PathBuf::from("runs").join(&config.name)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A signal stops the run at its next step; before it trains, at once.
fn stop_on_signals(interrupter: &Interrupter, training: &Arc<AtomicBool>) {
    let (stop, trains) = (interrupter.clone(), Arc::clone(training));
    // A second handler cannot be set; the process keeps the first, which does the same.
    let _ = ctrlc::set_handler(move || stop_now(&stop, &trains));
}

/// So does the end of standard input.
fn stop_with_parent(interrupter: &Interrupter, training: &Arc<AtomicBool>) {
    let (stop, trains) = (interrupter.clone(), Arc::clone(training));
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while std::io::stdin().lock().read(&mut bytes).is_ok_and(|count| count > 0) {}
        stop_now(&stop, &trains);
    });
}

fn stop_now(interrupter: &Interrupter, training: &AtomicBool) {
    if !training.load(Ordering::SeqCst) {
        // Nothing is written yet, and a large file is read for minutes.
        fail("interrupted before anything was trained; nothing is written");
        std::process::exit(INTERRUPTED);
    }
    interrupter.stop(Some("interrupted by the user"));
}
