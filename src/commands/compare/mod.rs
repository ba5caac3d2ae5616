//! `semiseq compare`: every combination of a grid file, and one table of them all.

mod grid;
mod picture;
mod table;

use std::path::{Path, PathBuf};

use semiseq::prelude::*;
use semiseq::training::FolderLock;
use semiseq::training::files::{make_folder, write_atomic};

use super::cells::{self, Outcome, Work};
use super::{json_text, print, tell};
use grid::Plan;
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
    /// Check the grid and list its cells, finished or not; run nothing
    #[arg(long)]
    list: bool,
    /// Print the table as one JSON object and nothing else
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
    if arguments.list {
        return list(&plan, &folder);
    }
    make_folder(&folder)?;
    // Two at once would run the same cells, and write half a table each.
    let _lock = FolderLock::take(&folder)?;
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    // A second handler cannot be set; the process keeps the first, which does the same.
    let _ = ctrlc::set_handler(move || stop.stop(Some("interrupted by the user")));
    let outcomes = run_cells(&plan, &folder, arguments.jobs, &interrupter)?;
    let table = Table::new(&plan, &outcomes);
    warn(&plan, &outcomes);
    write_atomic(&folder.join("table.md"), table.markdown().as_bytes())?;
    write_atomic(&folder.join("table.csv"), table.csv().as_bytes())?;
    write_atomic(&folder.join("table.tex"), table.latex().as_bytes())?;
    write_atomic(&folder.join("table.json"), json_text(&table)?.as_bytes())?;
    write_atomic(&folder.join("compare.html"), picture::page(&plan, &table).as_bytes())?;
    picture::write(&folder.join("compare.svg"), &plan, &table)?;
    if arguments.json {
        print(json_text(&table)?)?;
    } else {
        print(table.markdown())?;
    }
    tell(format!("table.md, .csv, .tex, .json, compare.html and compare.svg are in {}", folder.display()));
    if interrupter.should_stop() {
        tell("stopped; give the same command again to go on");
        std::process::exit(130);
    }
    let failed: Vec<&String> = outcomes.iter().flatten().filter_map(|outcome| outcome.as_ref().err()).collect();
    match failed.first() {
        Some(error) => Err(Error::runtime(
            format!("{} cells failed; the first: {error}", failed.len()),
            "mend the cause and give the command again: finished cells are not run twice",
        )),
        None => Ok(()),
    }
}

fn run_cells(
    plan: &Plan,
    folder: &Path,
    jobs: Option<u16>,
    interrupter: &Interrupter,
) -> Result<Vec<Option<Outcome>>, Error> {
    let runs: Vec<&cells::Cell> = plan.cells.iter().map(|cell| &cell.run).collect();
    // A seed of everything before the next one: a grid that is cut off has whole tables, and since the machine's speed
    // drifts with what else it does, the methods' times are compared with those of the same minutes.
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|index| index % plan.grid.seeds.len());
    let metric = &plan.grid.metric;
    let work = Work {
        folder: &folder.join("cells"),
        jobs: jobs.map_or_else(|| cells::cores_for(runs.iter().copied()), usize::from),
        interrupter,
        name: &|index| {
            let cell = &plan.cells[index];
            let (method, task) = (&plan.grid.methods[cell.method].name, &plan.tasks[cell.task].name);
            format!("{method}, {task}, seed {}", cell.seed)
        },
        shown: &|summary| match table::score(summary, metric) {
            Some(value) => format!("{metric} {value:.4}"),
            None => format!("no {metric}"),
        },
    };
    cells::run(&runs, &order, &work)
}

fn list(plan: &Plan, folder: &Path) -> Result<(), Error> {
    let mut text = String::new();
    for cell in &plan.cells {
        let state = if cell.run.finished(&folder.join("cells")).is_some() { "finished" } else { "to run" };
        let (method, task) = (&plan.grid.methods[cell.method].name, &plan.tasks[cell.task].name);
        text.push_str(&format!("{} {state:<8} {method} | {task} | seed {}\n", cell.run.key, cell.seed));
    }
    print(text.trim_end())
}

/// Says where methods are not compared on equal terms.
fn warn(plan: &Plan, outcomes: &[Option<Outcome>]) {
    warn_of_labels(plan, outcomes);
    for (number, task) in plan.tasks.iter().enumerate() {
        let cells = plan.cells.iter().zip(outcomes).filter(|(cell, _)| cell.task == number);
        let last = cells.filter_map(|(cell, outcome)| match outcome {
            Some(Ok(summary)) => Some((&summary.stages.last()?.outcome, cell.method)),
            _ => None,
        });
        let last: Vec<_> = last.collect();
        let name = |method: usize| &plan.grid.methods[method].name;
        let through = last.iter().filter(|(outcome, _)| !outcome.stopped_early());
        if let Some((few, many)) = apart(through.map(|(outcome, method)| (outcome.steps, *method)).collect()) {
            tell(format!(
                "warning: {}: `{}` learns for {} steps in its last stage and `{}` for {}, so that the longer training \
                 may be what makes the difference (write the same `steps` in place of `epochs` in the last stage)",
                task.name,
                name(few.1),
                few.0,
                name(many.1),
                many.0
            ));
        }
        let every = last.iter().map(|(outcome, method)| (outcome.validate_every, *method));
        // A summary of an earlier version does not tell.
        if let Some((often, seldom)) = apart(every.filter(|(every, _)| *every > 0).collect()) {
            tell(format!(
                "warning: {}: `{}` is validated every {} steps and `{}` every {}, so that they choose among more and \
                 fewer of their weights (write `steps` in place of `epochs`, or the same `validate_every`, in the last \
                 stage)",
                task.name,
                name(often.1),
                often.0,
                name(seldom.1),
                seldom.0
            ));
        }
    }
}

/// The least and the most of numbers of steps with their methods, where they differ.
fn apart(mut steps: Vec<(usize, usize)>) -> Option<((usize, usize), (usize, usize))> {
    steps.sort_unstable();
    let (first, last) = (*steps.first()?, *steps.last()?);
    (first.0 < last.0).then_some((first, last))
}

/// Says where a validation part is larger than the labels would honestly allow.
fn warn_of_labels(plan: &Plan, outcomes: &[Option<Outcome>]) {
    let mut told = vec![false; plan.tasks.len()];
    for (cell, outcome) in plan.cells.iter().zip(outcomes) {
        if let Some(Ok(summary)) = outcome
            && summary.n_valid > summary.n_labeled
            // The future of a window is its label: it costs nothing.
            && cell.run.config.data.windows.is_none()
            && !std::mem::replace(&mut told[cell.task], true)
        {
            tell(format!(
                "warning: {}: {} validation labels choose the best epoch of {} training labels; somebody with so few \
                 labels would not have them (lower `data.validation`)",
                plan.tasks[cell.task].name, summary.n_valid, summary.n_labeled
            ));
        }
    }
}
