//! `semiseq train`.

mod arguments;
mod post;
mod seed_list;
mod seeds;
mod seeds_page;
mod seeds_summary;
mod signals;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use semiseq::datasets::one_line;
use semiseq::prelude::*;
use semiseq::training::config::located;
use semiseq::training::terminal::{Verbosity, set_verbosity, verbosity};

pub use self::arguments::Arguments;
use self::arguments::{config_of, default_folder};
use self::post::Post;
use self::signals::{stop_on_signals, stop_with_parent};
use super::{detail, json_text, open_devices, print, tell, warn};

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
    let mut observers: Vec<SharedObserver> = Vec::new();
    if let Some(url) = &arguments.post {
        observers.push(Arc::new(Mutex::new(Post::new(url, &config.name)?)));
    }
    let options = RunOptions {
        out: arguments.out.clone(),
        resume: arguments.resume,
        force: arguments.force,
        dashboard: !arguments.no_tui && !arguments.json && !arguments.dry_run && verbosity() == Verbosity::Normal,
        quiet: false,
        one_of: None,
        no_examples: arguments.no_examples,
        device,
        crew: devices,
        interrupter,
        observers,
    };
    detail(format!("semiseq {}, {} threads", env!("CARGO_PKG_VERSION"), threads()));
    let located = |error| located(error, &arguments.config, overrides);
    let data = config.prepare().map_err(located)?;
    if arguments.dry_run {
        return preview(arguments, &config, data, &options).map_err(located);
    }
    training.store(true, Ordering::SeqCst);
    let run = config.run_on(data, &options).map_err(located)?;
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

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
