//! `semiseq train`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use semiseq::datasets::one_line;
use semiseq::prelude::*;

use super::{json_text, open_device, print, tell};

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
    /// Go on from the last checkpoint
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Write over a run in the same folder
    #[arg(long)]
    force: bool,
    /// Plain progress lines in place of the dashboard
    #[arg(long)]
    no_tui: bool,
    /// Print `summary.json` and nothing else
    #[arg(long)]
    json: bool,
}

/// Trains.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut overrides = arguments.overrides.clone();
    overrides.extend(arguments.backend.iter().map(|backend| format!("backend=\"{backend}\"")));
    for text in &overrides {
        tell(format!("set {}", one_line(text, 1_000)));
    }
    let config = read(&arguments.config, &overrides)?;
    let device = open_device(&config.backend, config.devices[0])?;
    let interrupter = Interrupter::new();
    let training = Arc::new(AtomicBool::new(false));
    let (stop, trains) = (interrupter.clone(), Arc::clone(&training));
    // A second handler cannot be set; the process keeps the first, which does the same.
    let _ = ctrlc::set_handler(move || {
        if !trains.load(Ordering::SeqCst) {
            // Nothing is written yet, and a large file is read for minutes.
            tell("interrupted while the data was read; nothing is written");
            std::process::exit(130);
        }
        stop.stop(Some("interrupted by the user"));
    });
    let options = RunOptions {
        out: arguments.out.clone(),
        resume: arguments.resume,
        force: arguments.force,
        dashboard: !arguments.no_tui && !arguments.json,
        quiet: arguments.json,
        device,
        interrupter,
        observers: Vec::new(),
    };
    let data = prepare(&config.data, targets(&config))?;
    if arguments.json {
        // Progress is not shown then, and what the data may be misread for has to be.
        data.warnings.iter().for_each(|warning| tell(format!("warning: {warning}")));
    }
    training.store(true, Ordering::SeqCst);
    let run = run_on(&config, data, &options)?;
    let summary = run.summary()?;
    if arguments.json {
        print(json_text(&summary)?)?;
    } else {
        print(format!("{summary}\nrun folder: {}", run.folder().display()))?;
    }
    Ok(())
}
