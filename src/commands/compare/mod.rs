//! `semiseq compare`: every combination of a grid file, and one table of them all.

mod gather;
mod grid;
mod listing;
mod part;
mod plot;
mod table;
mod warnings;

use std::path::{Path, PathBuf};
use std::time::Duration;

use semiseq::prelude::*;
use semiseq::training::FolderLock;
use semiseq::training::amounts::several;
use semiseq::training::files::{make_folder, write_atomic};

use super::cells::claims::Claims;
use super::cells::{self, Cell, Failure, Outcome, Work};
use super::{INTERRUPTED, fail, json_text, print, tell};
use grid::Plan;
use part::Shard;
use table::Table;

/// Arguments of `compare`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The grid, a TOML file
    grid: PathBuf,
    /// Where runs and tables go, in place of `runs/NAME` of the grid file
    #[arg(long)]
    out: Option<PathBuf>,
    /// Cells at a time; by default one a core on the CPU and one on a GPU, fewer where memory is short. Times of steps
    /// are only fair with 1
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Check the grid and list its cells with their keys, finished or not; run nothing
    #[arg(long, conflicts_with_all = ["claim", "gather"])]
    list: bool,
    /// Run the cell of this key alone, and make no table; may be repeated
    #[arg(long, value_name = "KEY", conflicts_with_all = ["shard", "claim", "gather"])]
    only: Vec<String>,
    /// Run the I-th of N parts, counted from 1, and make no table: what has the same data, labels and seed stays
    /// together
    #[arg(long, value_name = "I/N", conflicts_with_all = ["claim", "gather"])]
    shard: Option<Shard>,
    /// Share the cells with other processes that were given the same command, also on other machines that see the
    /// folder: each claims what it runs, and takes over from those that are gone
    #[arg(long, conflicts_with = "gather")]
    claim: bool,
    /// With --claim: seconds after which a cell is taken over from a process that does not renew its claim
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "claim",
          value_parser = clap::value_parser!(u64).range(2..=86_400))]
    stale: u64,
    /// Run nothing, and make the table of the cells in these folders of other `--out`s, and in this one
    #[arg(long, value_name = "DIR", num_args = 1..)]
    gather: Vec<PathBuf>,
    /// Print the table, or with --list, --only and --shard the cells, as one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// Compares.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let plan = Plan::read(&arguments.grid)?;
    let folder = arguments.out.clone().unwrap_or_else(|| {
        let name = arguments.grid.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Path::new("runs").join(format!("compare-{name}"))
    });
    let part = match &arguments.shard {
        Some(shard) => Some(part::of_shard(&plan, shard)),
        None if arguments.only.is_empty() => None,
        None => Some(part::of_keys(&plan, &arguments.only)?),
    };
    let all: Vec<usize> = (0..plan.cells.len()).collect();
    if arguments.list {
        return listing::print_cells(arguments, &plan, part.as_ref().unwrap_or(&all), &folder);
    }
    make_folder(&folder)?;
    if !arguments.gather.is_empty() {
        let _lock = FolderLock::take(&folder)?;
        let outcomes = gather::outcomes(&plan, &arguments.gather, &folder)?;
        tables(arguments, &plan, &folder, &outcomes)?;
        return failed(outcomes.iter(), "run it with `--only KEY`, or name the folder that holds it too");
    }
    // Two that know nothing of each other would run the same cells, and write half a table each.
    let _lock = match part.is_some() || arguments.claim {
        true => FolderLock::share(&folder)?,
        false => FolderLock::take(&folder)?,
    };
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    // A second handler cannot be set; the process keeps the first, which does the same.
    let _ = ctrlc::set_handler(move || stop.stop(Some("interrupted by the user")));
    let outcomes = run_cells(arguments, &plan, part.as_ref().unwrap_or(&all), &folder, &interrupter)?;
    let done = match &part {
        Some(part) => {
            listing::print_cells(arguments, &plan, part, &folder)?;
            failed(part.iter().map(|index| &outcomes[*index]), MEND)
        }
        None => tables(arguments, &plan, &folder, &outcomes).and_then(|()| failed(outcomes.iter(), MEND)),
    };
    if interrupter.should_stop() {
        fail("stopped; give the same command again to go on");
        std::process::exit(INTERRUPTED);
    }
    done
}

/// Writes the tables, and prints one.
fn tables(arguments: &Arguments, plan: &Plan, folder: &Path, outcomes: &[Option<Outcome>]) -> Result<(), Error> {
    let table = Table::new(plan, outcomes);
    warnings::warn_of_terms(plan, outcomes);
    write_atomic(&folder.join("table.md"), table.markdown().as_bytes())?;
    write_atomic(&folder.join("table.csv"), table.csv().as_bytes())?;
    write_atomic(&folder.join("table.tex"), table.latex().as_bytes())?;
    write_atomic(&folder.join("table.json"), json_text(&table)?.as_bytes())?;
    write_atomic(&folder.join("compare.html"), plot::page(plan, &table).as_bytes())?;
    plot::write(&folder.join("compare.svg"), plan, &table)?;
    if arguments.json {
        print(json_text(&table)?)?;
    } else {
        print(table.markdown())?;
    }
    tell(format!("table.md, .csv, .tex, .json, compare.html and compare.svg are in {}", folder.display()));
    Ok(())
}

const MEND: &str = "mend the cause and give the command again: finished cells are not run twice";

/// An error where cells failed, with how to mend it.
fn failed<'a>(outcomes: impl Iterator<Item = &'a Option<Outcome>>, hint: &str) -> Result<(), Error> {
    let failed: Vec<&Failure> = outcomes.flatten().filter_map(|outcome| outcome.as_ref().err()).collect();
    match failed.first() {
        Some(first) => Err(Error::runtime(
            format!("{} without a result; the first: {}", several(failed.len(), "cell"), first.message),
            hint,
        )),
        None => Ok(()),
    }
}

/// Runs the cells of a part; the outcomes are of all cells.
fn run_cells(
    arguments: &Arguments,
    plan: &Plan,
    part: &[usize],
    folder: &Path,
    interrupter: &Interrupter,
) -> Result<Vec<Option<Outcome>>, Error> {
    let runs: Vec<&Cell> = plan.cells.iter().map(|cell| &cell.run).collect();
    // A seed of everything before the next one: a grid that is cut off has whole tables, and since the machine's speed
    // drifts with what else it does, the methods' times are compared with those of the same minutes.
    let mut order = part.to_vec();
    order.sort_by_key(|index| index % plan.grid.seeds.len());
    let metric = &plan.grid.metric;
    let claims = arguments.claim.then(|| Claims::new(&folder.join("claims"), Duration::from_secs(arguments.stale)));
    let claims = claims.transpose()?;
    let jobs = || cells::cores_for(part.iter().map(|index| runs[*index]));
    let work = Work {
        arguments: &[],
        folder: &folder.join("cells"),
        jobs: arguments.jobs.map_or_else(jobs, usize::from),
        interrupter,
        name: &|index| plan.name(index),
        shown: &|summary| match table::score(summary, metric) {
            Some(value) => format!("{metric} {value:.4}"),
            None => format!("no {metric}"),
        },
        force: false,
        claims: claims.as_ref(),
    };
    cells::run(&runs, &order, &work)
}
