//! Cells under way: workers that take one after the other, each a process of this program.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use semiseq::prelude::*;
use semiseq::training::FolderLock;
use semiseq::training::amounts::duration;
use semiseq::training::files::write_atomic;

use super::super::{INTERRUPTED, detail, tell};
use super::cell::{Cell, Failure, Outcome};
use super::claims::{Claim, Claims};
use super::marks::Marks;
use super::memory::Memory;
use super::queue::{Next, Queue};

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
    /// What each `train` is told beside its config.
    pub arguments: &'a [&'a str],
    /// Whether cells that were begun, or are finished, are run again from their start.
    pub force: bool,
    /// Where processes that share the folder say which cells they run.
    pub claims: Option<&'a Claims>,
}

/// Cells under way.
pub(super) struct Running<'a> {
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

impl<'a> Running<'a> {
    pub(super) fn new(cells: &'a [&'a Cell], todo: Vec<usize>, jobs: usize, marks: Marks, work: &'a Work<'a>) -> Self {
        Self {
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
        }
    }

    /// Why cells failed, by their keys.
    ///
    /// # Errors
    ///
    /// What ended all.
    pub(super) fn failures(self) -> Result<HashMap<String, Failure>, Error> {
        match self.wrong.into_inner().ok().flatten() {
            Some(error) => Err(error),
            None => Ok(self.failures.into_inner().unwrap_or_default()),
        }
    }

    /// Runs one cell after the other, until none is left.
    pub(super) fn work(&self) {
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
        command.args(self.work.arguments);
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
