//! Runs the cells, each as a process of its own: a cell that fails takes no other with it, and a kill loses one cell's
//! time at most, since each resumes from its checkpoint.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use semiseq::prelude::*;
use semiseq::training::files::make_folder;

use super::super::tell;
use super::grid::{Cell, Plan};
use super::memory::Memory;

/// What a cell came to: its summary, or why there is none.
pub type Outcome = Result<Summary, String>;

/// Runs what is not finished yet, at most `jobs` at a time; the outcomes stand in the order of the plan's cells. Stops early
/// where `interrupter` says so.
pub fn run(plan: &Plan, folder: &Path, jobs: usize, interrupter: &Interrupter) -> Result<Vec<Option<Outcome>>, Error> {
    let cells = folder.join("cells");
    make_folder(&cells)?;
    // Equal configs of a grid are one cell.
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut todo: Vec<usize> = (0..plan.cells.len())
        .filter(|index| {
            let is_new = *first.entry(&plan.cells[*index].key).or_insert(*index) == *index;
            is_new && finished(&cells, &plan.cells[*index]).is_none()
        })
        .collect();
    // A seed of everything before the next one: a grid that is cut off has whole tables, and since the machine's speed drifts
    // with what else it does, the methods' times are compared with those of the same minutes.
    todo.sort_by_key(|index| index % plan.grid.seeds.len());
    // A single one left has all cores.
    let jobs = jobs.min(todo.len()).max(1);
    tell(format!("{} cells, {} to run, {jobs} at a time", plan.cells.len(), todo.len()));
    let (next, done, began) = (AtomicUsize::new(0), AtomicUsize::new(0), Instant::now());
    let failures: Mutex<HashMap<usize, String>> = Mutex::new(HashMap::new());
    let memory = Memory::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(index) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let place = memory.admit();
                    // Asked after the wait, which may be long.
                    if interrupter.should_stop() {
                        return;
                    }
                    let cell = &plan.cells[*index];
                    let outcome = run_one(cell, &cells, jobs, &memory);
                    drop(place);
                    let ready = done.fetch_add(1, Ordering::Relaxed) + 1;
                    let left = began.elapsed().as_secs_f64() / ready as f64 * (todo.len() - ready) as f64;
                    let shown = match &outcome {
                        Ok(summary) => score(summary, &plan.grid.metric).map_or_else(
                            || format!("no {}", plan.grid.metric),
                            |value| format!("{} {value:.4}", plan.grid.metric),
                        ),
                        Err(error) => format!("failed: {}", error.lines().next().unwrap_or_default()),
                    };
                    tell(format!(
                        "[{ready}/{}] {}, {}, seed {}: {shown}; about {} left",
                        todo.len(),
                        plan.grid.methods[cell.method].name,
                        plan.tasks[cell.task].name,
                        cell.seed,
                        duration(left)
                    ));
                    if let (Err(error), Ok(mut failures)) = (outcome, failures.lock()) {
                        failures.insert(*index, error);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    let outcome = |cell: &Cell| {
        let of_first = first.get(cell.key.as_str()).and_then(|index| failures.get(index));
        of_first.map(|error| Err(error.clone())).or_else(|| finished(&cells, cell).map(Ok))
    };
    Ok(plan.cells.iter().map(outcome).collect())
}

/// The score of the test part that a grid compares.
pub fn score(summary: &Summary, metric: &str) -> Option<f64> {
    summary.test.get(metric).copied()
}

/// The summary of a cell that is through.
pub fn finished(cells: &Path, cell: &Cell) -> Option<Summary> {
    let text = fs::read_to_string(cells.join(&cell.key).join("summary.json")).ok()?;
    serde_json::from_str(&text).ok()
}

fn run_one(cell: &Cell, cells: &Path, jobs: usize, memory: &Memory) -> Outcome {
    let config = cells.join(format!("{}.toml", cell.key));
    let out = cells.join(&cell.key);
    let text = toml::to_string(&cell.config).map_err(|error| error.to_string())?;
    semiseq::training::files::write_atomic(&config, text.as_bytes()).map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("train").arg(&config).args(["--no-tui", "--json", "--out"]).arg(&out);
    if out.join("config.toml").exists() {
        command.arg("--resume");
    }
    if jobs > 1 {
        // The cells share the cores; each with all of them would only wait for the others.
        command.env("RAYON_NUM_THREADS", "1");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.spawn().and_then(|child| memory.wait(child)).map_err(|error| error.to_string())?;
    match output.status.success() {
        true => finished(cells, cell).ok_or_else(|| format!("{}: no summary", out.display())),
        false => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let told: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("error")).collect();
            Err(if told.is_empty() { format!("ended by {}", output.status) } else { told.join("\n") })
        }
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 90.0 => format!("{seconds:.0} s"),
        seconds if seconds < 5400.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}
