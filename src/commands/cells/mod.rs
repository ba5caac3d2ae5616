//! Runs of `compare` and `tune`, each as a process of its own: one that fails takes no other with it, and a kill loses
//! one run's time at most, since each resumes from its checkpoint.

mod memory;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use semiseq::prelude::*;
use semiseq::training::files::{make_folder, write_atomic};
use sha2::{Digest, Sha256};

use super::tell;
use memory::Memory;

/// A config that is run once, however often it is asked for.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The resolved config.
    pub config: RunConfig,
    /// Begins the digest of the config: equal cells of any grid have equal names.
    pub key: String,
}

/// What a cell came to: its summary, or why there is none.
pub type Outcome = Result<Summary, String>;

/// How cells are run, and what is said of them.
pub struct Work<'a> {
    /// Where the run folders lie.
    pub folder: &'a Path,
    /// Cells at a time, at most.
    pub jobs: usize,
    /// Stops early where it says so.
    pub interrupter: &'a Interrupter,
    /// What a cell is called, by its place.
    pub name: &'a (dyn Fn(usize) -> String + Sync),
    /// What is said of a cell that is through.
    pub shown: &'a (dyn Fn(&Summary) -> String + Sync),
}

impl Cell {
    /// # Errors
    ///
    /// Where the config cannot be written.
    pub fn new(config: RunConfig) -> Result<Self, Error> {
        let text = toml::to_string(&config).map_err(|error| {
            Error::runtime(
                format!("a cell cannot be written: {error}"),
                "this is a defect of semiseq; please report it",
            )
        })?;
        let digest = Sha256::digest(format!("{}\n{text}", env!("CARGO_PKG_VERSION")).as_bytes());
        let key = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { config, key })
    }

    /// The summary of a cell that is through.
    pub fn finished(&self, folder: &Path) -> Option<Summary> {
        let text = fs::read_to_string(folder.join(&self.key).join("summary.json")).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// As many cells at a time as there are cores; one where cells share a GPU.
pub fn cores_for<'a>(mut cells: impl Iterator<Item = &'a Cell>) -> usize {
    let on_cpu = cells.all(|cell| cell.config.backends().iter().all(|backend| ["flex", "ndarray"].contains(backend)));
    if on_cpu { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 }
}

/// Runs what is not finished yet, in `order` of the cells' places; the outcomes stand in the order of the cells.
///
/// # Errors
///
/// Where the folder cannot be made.
pub fn run(cells: &[&Cell], order: &[usize], work: &Work<'_>) -> Result<Vec<Option<Outcome>>, Error> {
    let Work { folder, interrupter, .. } = *work;
    make_folder(folder)?;
    // Equal configs are one cell.
    let mut first: HashMap<&str, usize> = HashMap::new();
    let is_first = |index: &usize| *first.entry(cells[*index].key.as_str()).or_insert(*index) == *index;
    let mut todo: Vec<usize> = order.iter().copied().filter(is_first).collect();
    todo.retain(|index| cells[*index].finished(folder).is_none());
    // A single one left has all cores.
    let jobs = work.jobs.min(todo.len()).max(1);
    tell(format!("{} cells, {} to run, {jobs} at a time", cells.len(), todo.len()));
    let (next, done, began) = (AtomicUsize::new(0), AtomicUsize::new(0), Instant::now());
    let failures: Mutex<HashMap<&str, String>> = Mutex::new(HashMap::new());
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
                    let cell = cells[*index];
                    let outcome = run_one(cell, folder, jobs, &memory);
                    drop(place);
                    let ready = done.fetch_add(1, Ordering::Relaxed) + 1;
                    let left = began.elapsed().as_secs_f64() / ready as f64 * (todo.len() - ready) as f64;
                    let shown = match &outcome {
                        Ok(summary) => (work.shown)(summary),
                        Err(error) => format!("failed: {}", error.lines().next().unwrap_or_default()),
                    };
                    let (name, left) = ((work.name)(*index), duration(left));
                    tell(format!("[{ready}/{}] {name}: {shown}; about {left} left", todo.len()));
                    if let (Err(error), Ok(mut failures)) = (outcome, failures.lock()) {
                        failures.insert(&cell.key, error);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    let outcome = |cell: &&Cell| {
        let failed = failures.get(cell.key.as_str()).map(|error| Err(error.clone()));
        failed.or_else(|| cell.finished(folder).map(Ok))
    };
    Ok(cells.iter().map(outcome).collect())
}

fn run_one(cell: &Cell, folder: &Path, jobs: usize, memory: &Memory) -> Outcome {
    let config = folder.join(format!("{}.toml", cell.key));
    let out = folder.join(&cell.key);
    let text = toml::to_string(&cell.config).map_err(|error| error.to_string())?;
    write_atomic(&config, text.as_bytes()).map_err(|error| error.to_string())?;
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
        true => cell.finished(folder).ok_or_else(|| format!("{}: no summary", out.display())),
        false => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let told: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("error")).collect();
            Err(if told.is_empty() { format!("ended by {}", output.status) } else { told.join("\n") })
        }
    }
}

/// Seconds, minutes or hours.
pub fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 90.0 => format!("{seconds:.0} s"),
        seconds if seconds < 5400.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}
