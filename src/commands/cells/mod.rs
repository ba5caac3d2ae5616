//! Runs of `compare`, `tune` and `train --seeds`, each as a process of its own: one that fails takes no other with it,
//! and a kill loses one run's time at most, since each resumes from its checkpoint.

pub mod claims;
mod marks;
mod memory;
mod queue;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use semiseq::prelude::*;
use semiseq::training::FolderLock;
use semiseq::training::amounts::duration;
use semiseq::training::config::seen_from_folder;
use semiseq::training::files::{make_folder, write_atomic};
use sha2::{Digest, Sha256};

use super::{INTERRUPTED, detail, tell};
use claims::{Claim, Claims};
pub use marks::Marks;
use memory::Memory;
use queue::{Next, Queue};

/// A config that is run once, however often it is asked for.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The resolved config.
    pub config: RunConfig,
    /// Names the run folder.
    pub key: String,
}

/// Why a cell has no summary.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the run said, in full.
    pub message: String,
    /// Whether the user's input was wrong.
    pub input: bool,
}

/// What a cell came to.
pub type Outcome = Result<Summary, Failure>;

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
    /// Whether cells that were begun, or are finished, are run again from their start.
    pub force: bool,
    /// Where processes that share the folder say which cells they run.
    pub claims: Option<&'a Claims>,
}

impl Cell {
    /// A cell whose key begins the digest of its config: equal cells of any grid have equal names, wherever `folder`,
    /// which their paths are seen from, lies.
    ///
    /// # Errors
    ///
    /// Where the config cannot be written.
    pub fn new(config: RunConfig, folder: &Path) -> Result<Self, Error> {
        let written = toml::Table::try_from(&config).and_then(|mut table| {
            seen_from_folder(&mut table, folder);
            toml::to_string(&table)
        });
        let text = written.map_err(|error| {
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

impl Failure {
    /// As the error of a command; `hint` says how to go on.
    pub fn error(&self, what: &str, hint: &str) -> Error {
        let message = format!("{what}: {}", self.message);
        if self.input { Error::input(message, hint) } else { Error::runtime(message, hint) }
    }
}

/// As many cells at a time as there are cores; one where cells share a GPU.
pub fn cores_for<'a>(mut cells: impl Iterator<Item = &'a Cell>) -> usize {
    let on_cpu = cells.all(|cell| ["flex", "ndarray"].contains(&cell.config.backend.as_str()));
    if on_cpu { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 }
}

/// Runs what is not finished yet, in `order` of the cells' places; the outcomes stand in the order of the cells.
///
/// # Errors
///
/// Where a folder cannot be made, or cells were run on different data.
pub fn run(cells: &[&Cell], order: &[usize], work: &Work<'_>) -> Result<Vec<Option<Outcome>>, Error> {
    let Work { folder, interrupter, force, .. } = *work;
    make_folder(folder)?;
    // Equal configs are one cell.
    let mut first: HashMap<&str, usize> = HashMap::new();
    let is_first = |index: &usize| *first.entry(cells[*index].key.as_str()).or_insert(*index) == *index;
    let asked: Vec<usize> = order.iter().copied().filter(is_first).collect();
    let marks = Marks::default();
    let mut todo = Vec::new();
    for index in asked {
        match !force && cells[index].finished(folder).is_some() {
            true => marks.note(cells[index], &folder.join(&cells[index].key))?,
            false => todo.push(index),
        }
    }
    // A single one left has all cores.
    let jobs = work.jobs.min(todo.len()).max(1);
    tell(format!("{} cells, {} to run, {jobs} at a time", cells.len(), todo.len()));
    let running = Running {
        cells,
        work,
        jobs,
        count: todo.len(),
        queue: Queue::new(todo, work.claims),
        memory: Memory::default(),
        marks,
        ready: AtomicUsize::new(0),
        began: Instant::now(),
        failures: Mutex::default(),
        wrong: Mutex::default(),
    };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        if let Some(claims) = work.claims {
            scope.spawn(|| claims.renew_until(&over));
        }
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(|| running.work())).collect();
        workers.into_iter().for_each(|worker| drop(worker.join()));
        over.store(true, Ordering::Relaxed);
    });
    let Running { failures, wrong, .. } = running;
    if let Some(error) = wrong.into_inner().ok().flatten() {
        return Err(error);
    }
    let failures = failures.into_inner().unwrap_or_default();
    let ended = interrupter.should_stop();
    let outcome = |cell: &&Cell| {
        let failed = failures.get(&cell.key).map(|failure| Err(failure.clone()));
        failed.or_else(|| cell.finished(folder).filter(|_| !(force && ended)).map(Ok))
    };
    Ok(cells.iter().map(outcome).collect())
}

/// Cells under way.
struct Running<'a> {
    cells: &'a [&'a Cell],
    work: &'a Work<'a>,
    jobs: usize,
    /// How many there were to run.
    count: usize,
    queue: Queue<'a>,
    memory: Memory,
    marks: Marks,
    /// How many are through.
    ready: AtomicUsize,
    began: Instant,
    failures: Mutex<HashMap<String, Failure>>,
    /// What ends all.
    wrong: Mutex<Option<Error>>,
}

/// How the process of a cell ended.
enum Ended {
    Through(Box<Summary>),
    Failed(Failure),
    /// It was asked to stop, and left its checkpoint.
    Stopped,
    /// Another process writes its folder.
    Busy,
}

/// Between two looks at cells that others run.
const POLL: Duration = Duration::from_millis(200);

impl Running<'_> {
    /// Runs one cell after the other, until none is left.
    fn work(&self) {
        while !self.stops() {
            match self.queue.next(self.cells, self.work.folder) {
                Ok(Next::Nothing) => return,
                Ok(Next::Later) => std::thread::sleep(POLL),
                Ok(Next::Run(index, claim)) => self.run(index, claim),
                Ok(Next::Elsewhere(index, failure)) => {
                    let outcome = match (failure, self.cells[index].finished(self.work.folder)) {
                        (Some(message), _) => Err(Failure { message, input: false }),
                        (None, Some(summary)) => Ok(summary),
                        (None, None) => continue,
                    };
                    self.through(index, outcome, " (elsewhere)");
                }
                Err(error) => self.end(error),
            }
        }
    }

    fn run(&self, index: usize, claim: Option<Claim<'_>>) {
        let place = self.memory.admit();
        // Asked after the wait, which may be long.
        if self.stops() {
            return;
        }
        let stop = || self.stops() || claim.as_ref().is_some_and(Claim::is_lost);
        detail(format!("begins {}: {}", self.cells[index].key, (self.work.name)(index)));
        let ended = self.run_one(self.cells[index], &stop);
        drop(place);
        match ended {
            Ended::Through(summary) => {
                claim.into_iter().for_each(Claim::finished);
                self.through(index, Ok(*summary), "");
            }
            Ended::Failed(failure) => {
                claim.into_iter().for_each(|claim| claim.failed(&failure.message));
                self.through(index, Err(failure), "");
            }
            Ended::Stopped if claim.is_some() => {
                drop(claim);
                self.queue.put_back(index);
            }
            Ended::Stopped if self.stops() => {}
            Ended::Stopped => {
                let message = "it was stopped; give the same command again to go on".into();
                self.through(index, Err(Failure { message, input: false }), "");
            }
            Ended::Busy => {
                let message = format!("another process of semiseq is writing to its folder, {}", self.cells[index].key);
                self.through(index, Err(Failure { message, input: true }), "");
            }
        }
    }

    /// Notes what a cell came to, and says so, and `place`, where it was run.
    fn through(&self, index: usize, outcome: Outcome, place: &str) {
        let cell = self.cells[index];
        let ready = self.ready.fetch_add(1, Ordering::Relaxed) + 1;
        let left = self.began.elapsed().as_secs_f64() / ready as f64 * self.count.saturating_sub(ready) as f64;
        let shown = match &outcome {
            Ok(summary) => (self.work.shown)(summary),
            Err(failure) => format!("failed: {}", failure.message.lines().next().unwrap_or_default()),
        };
        let (name, left) = ((self.work.name)(index), duration(left));
        tell(format!("[{ready}/{}] {name}{place}: {shown}; about {left} left", self.count));
        match outcome {
            Ok(_) => {
                if let Err(error) = self.marks.note(cell, &self.work.folder.join(&cell.key)) {
                    self.end(error);
                }
            }
            Err(failure) => {
                if let Ok(mut failures) = self.failures.lock() {
                    failures.insert(cell.key.clone(), failure);
                }
            }
        }
    }

    /// Runs no further cell.
    fn end(&self, error: Error) {
        if let Ok(mut wrong) = self.wrong.lock() {
            wrong.get_or_insert(error);
        }
    }

    fn stops(&self) -> bool {
        self.work.interrupter.should_stop() || self.wrong.lock().is_ok_and(|wrong| wrong.is_some())
    }

    fn run_one(&self, cell: &Cell, stop: &(dyn Fn() -> bool + Sync)) -> Ended {
        let folder = self.work.folder;
        let out = folder.join(&cell.key);
        let begun = out.join("config.toml").exists();
        while begun && FolderLock::take(&out).is_err() {
            // A claim that was taken over: its holder was suspended, and what it had begun stops when it wakes.
            if self.work.claims.is_none() || stop() {
                return if self.work.claims.is_none() { Ended::Busy } else { Ended::Stopped };
            }
            std::thread::sleep(POLL);
        }
        if let Some(summary) = cell.finished(folder).filter(|_| self.work.claims.is_some()) {
            return Ended::Through(Box::new(summary));
        }
        let failed = |message: String, input: bool| Ended::Failed(Failure { message, input });
        let config = match write_config(cell, folder) {
            Ok(path) => path,
            Err(message) => return failed(message, false),
        };
        let mut command = match std::env::current_exe() {
            Ok(program) => Command::new(program),
            Err(error) => return failed(error.to_string(), false),
        };
        command.arg("train").arg(&config).args(["--no-tui", "--json", "--stop-with-parent", "--out"]).arg(&out);
        match (self.work.force, begun) {
            (true, _) => drop(command.arg("--force")),
            (false, true) => drop(command.arg("--resume")),
            (false, false) => {}
        }
        if self.jobs > 1 {
            // The cells share the cores; each with all of them would only wait for the others.
            command.env("RAYON_NUM_THREADS", "1");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = match command.spawn().and_then(|child| self.memory.wait(child, stop)) {
            Ok(output) => output,
            Err(error) => return failed(error.to_string(), false),
        };
        match output.status.code() {
            Some(0) => match cell.finished(folder) {
                Some(summary) => Ended::Through(Box::new(summary)),
                None => failed(format!("{}: no summary", out.display()), false),
            },
            Some(INTERRUPTED) => Ended::Stopped,
            code => {
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                let told: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("error")).collect();
                let message = if told.is_empty() { format!("ended by {}", output.status) } else { told.join("\n") };
                failed(message, code == Some(2))
            }
        }
    }
}

/// Writes a cell's config beside its run folder, and gives the path.
fn write_config(cell: &Cell, folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join(format!("{}.toml", cell.key));
    let text = toml::to_string(&cell.config).map_err(|error| error.to_string())?;
    write_atomic(&path, text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(path)
}
