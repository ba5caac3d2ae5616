//! `semiseq train --seeds`: the same run for several seeds, and what they come to together.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use semiseq::prelude::*;
use semiseq::schema::headline;
use semiseq::training::amounts::duration;
use semiseq::training::files::{make_folder, write_atomic};
use semiseq::training::{FolderLock, seed_folders};
use serde_json::json;

use super::super::cells::{self, Cell, Outcome, Work};
use super::super::{INTERRUPTED, fail, json_text, open_devices, print, tell, warn};
use super::arguments::{Arguments, config_of, default_folder};
use super::seed_list::Seeds;
use super::seeds_page;
use super::seeds_summary::SeedsSummary;
use super::signals::stop_on_signals;

/// Runs all seeds that are not finished, and sums them up.
pub fn run(arguments: &Arguments, seeds: &Seeds, overrides: &[String]) -> Result<(), Error> {
    let cells = seeds.0.iter().map(|seed| cell(arguments, *seed, overrides)).collect::<Result<Vec<Cell>, Error>>()?;
    let folder = arguments.out.clone().unwrap_or_else(|| default_folder(&cells[0].config));
    let jobs = arguments.jobs.map_or_else(|| cells::cores_for(cells.iter()), |jobs| jobs.get().into());
    check_folder(arguments, &folder, &cells)?;
    if arguments.dry_run {
        return preview(arguments, seeds, &cells, &folder);
    }
    make_folder(&folder)?;
    let _lock = FolderLock::take(&folder)?;
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    // A second handler cannot be set; the process keeps the first, which does the same.
    let _ = ctrlc::set_handler(move || stop.stop(Some("interrupted by the user")));
    tell(format!("seeds {}, each in a folder of {}", seeds.text(), folder.display()));
    let work = Work {
        arguments: if arguments.no_examples { &["--no-examples"] } else { &[] },
        folder: &folder,
        jobs,
        interrupter: &interrupter,
        name: &|index| format!("seed {}", seeds.0[index]),
        shown: &|summary| match headline(&summary.test).or_else(|| headline(&summary.valid)) {
            Some((metric, value)) => format!("{} {value:.4}", metric.name),
            None => "no score".into(),
        },
        force: arguments.force,
        claims: None,
    };
    let each: Vec<&Cell> = cells.iter().collect();
    let outcomes = cells::run(&each, &(0..cells.len()).collect::<Vec<_>>(), &work)?;
    if interrupter.should_stop() {
        fail(format!(
            "stopped; {} keeps what was done\n\nhint: run the same command with `--resume` to go on",
            folder.display()
        ));
        std::process::exit(INTERRUPTED);
    }
    sum_up(arguments, seeds, &folder, outcomes)
}

/// The config of a seed: of the training, and of the label split.
fn cell(arguments: &Arguments, seed: u64, overrides: &[String]) -> Result<Cell, Error> {
    let mut overrides = overrides.to_vec();
    overrides.extend([format!("seed={seed}"), format!("data.labels.seed={seed}")]);
    Ok(Cell { config: config_of(arguments, &overrides)?, key: format!("seed-{seed}") })
}

fn sum_up(arguments: &Arguments, seeds: &Seeds, folder: &Path, outcomes: Vec<Option<Outcome>>) -> Result<(), Error> {
    let mut summaries = Vec::new();
    for (seed, outcome) in seeds.0.iter().zip(outcomes) {
        match outcome {
            Some(Ok(summary)) => summaries.push((*seed, summary)),
            Some(Err(failure)) => {
                return Err(failure.error(
                    &format!("seed {seed}"),
                    "mend the cause and run the same command with `--resume`: finished seeds are not run twice",
                ));
            }
            None => {
                return Err(Error::runtime(format!("seed {seed} was not run"), "run the same command with `--resume`"));
            }
        }
    }
    let summary = SeedsSummary::of(&summaries);
    let config = fs::read_to_string(folder.join(format!("seed-{}.toml", seeds.0[0]))).unwrap_or_default();
    write_atomic(&folder.join("report.html"), seeds_page::page(&summary, &config).as_bytes())?;
    write_atomic(&folder.join("summary.json"), json_text(&summary)?.as_bytes())?;
    if arguments.json {
        return print(json_text(&summary)?);
    }
    print(format!(
        "{summary}\nrun folders: {}/seed-*\nreport: {}",
        folder.display(),
        folder.join("report.html").display()
    ))
}

/// Says what the first seed will be, which the others are like.
fn preview(arguments: &Arguments, seeds: &Seeds, cells: &[Cell], folder: &Path) -> Result<(), Error> {
    let config = &cells[0].config;
    let interrupter = Interrupter::new();
    stop_on_signals(&interrupter, &Arc::default());
    let mut devices = open_devices(config)?;
    let device = devices.remove(0);
    let options = RunOptions {
        out: Some(folder.join(&cells[0].key)),
        // What the folder holds was asked for already.
        force: true,
        crew: devices,
        interrupter,
        ..RunOptions::new(device)
    };
    let each = semiseq::training::preview(config, config.prepare()?, &options)?;
    each.warnings.iter().for_each(warn);
    if arguments.json {
        print(json_text(&json!({ "seeds": seeds.0, "folder": folder, "each": each }))?)?;
    } else {
        let all = each
            .seconds
            .map_or(String::new(), |seconds| format!(", {} at most", duration(seconds * seeds.0.len() as f64)));
        print(format!("{each}\n{:<10} {}: each like this one{all}", "seeds", seeds.text()))?;
    }
    tell("nothing is written; without `--dry-run` they train");
    Ok(())
}

/// Whether the options say what to do with what the folder holds.
fn check_folder(arguments: &Arguments, folder: &Path, cells: &[Cell]) -> Result<(), Error> {
    let shown = folder.display();
    if folder.join("config.toml").exists() {
        return Err(Error::input(
            format!("{shown} holds a single run"),
            "choose another folder for the seeds with `--out`, or another `name`",
        ));
    }
    let begun = seed_folders(folder);
    if arguments.resume && begun.is_empty() {
        return Err(Error::input(format!("{shown} holds no seed to resume"), "leave out `--resume` to start"));
    }
    if !arguments.resume && !arguments.force && !begun.is_empty() {
        return Err(Error::input(
            format!("{shown} holds runs of {} already", names(&begun)),
            "go on with `--resume`, which leaves finished seeds as they are, choose another folder with `--out`, or \
             write over them with `--force`",
        ));
    }
    if arguments.force {
        return Ok(());
    }
    for cell in cells {
        let before = fs::read_to_string(folder.join(&cell.key).join("config.toml"));
        if before.is_ok_and(|before| toml::to_string(&cell.config).is_ok_and(|now| now != before)) {
            return Err(Error::input(
                format!("the config is not the one that {} was started with", folder.join(&cell.key).display()),
                "start anew with `--out`, or write over all of these seeds with `--force`",
            ));
        }
    }
    Ok(())
}

/// Refuses to write a single run among those of several seeds.
pub fn refuse(folder: &Path) -> Result<(), Error> {
    let begun = seed_folders(folder);
    if begun.is_empty() {
        return Ok(());
    }
    Err(Error::input(
        format!("{} holds runs of {}", folder.display(), names(&begun)),
        "choose another folder with `--out`, or another `name`",
    ))
}

fn names(folders: &[PathBuf]) -> String {
    let names = folders.iter().filter_map(|folder| folder.file_name());
    names.map(|name| name.to_string_lossy()).collect::<Vec<_>>().join(", ")
}
