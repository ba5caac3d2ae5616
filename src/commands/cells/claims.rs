//! Claims: how processes, on one machine or on several that share a folder, run no cell twice.
//!
//! A claim is a file that is created where none is (`O_EXCL`, which network file systems know too), `KEY.1`; whoever
//! creates it runs the cell and renews the file while it does. Where a claim is not renewed for its time, `KEY.2` may
//! be created, and so on: the highest number holds. Nothing is ever removed or renamed, so that no two processes can
//! both believe they were first. A holder that was suspended finds the higher number when it wakes, and stops its cell.
//! Times are measured by each process's own clock, as how long a file has not changed: clocks of machines differ.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use semiseq::prelude::*;
use semiseq::training::files::make_folder;
use serde::{Deserialize, Serialize};

/// A claim is renewed so many times in the time after which it would be taken over.
const RENEWALS: u32 = 6;

/// What a claim says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    /// Tells processes apart, those of other machines and earlier ones too.
    holder: String,
    /// Counts renewals, so that the file changes.
    renewed: u64,
    /// After so many seconds without a renewal others take over.
    stale_seconds: u64,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Running,
    Finished,
    /// With why.
    Failed(String),
    /// Left to others.
    Left,
}

/// What came of asking for a cell.
pub enum Asked<'a> {
    /// It is ours.
    Ours(Claim<'a>),
    /// Somebody else runs it.
    Theirs,
    /// Somebody else ran it, and it failed.
    Failed(String),
}

/// The claims of a comparison, as this process sees them.
pub struct Claims {
    folder: PathBuf,
    holder: String,
    stale: Duration,
    /// Failures that were there before us: these cells are tried again.
    old_failures: HashSet<PathBuf>,
    /// Claims of others with what they said when, by their path.
    watched: Mutex<HashMap<PathBuf, (Vec<u8>, Instant)>>,
    held: Mutex<HashMap<PathBuf, Held>>,
}

/// A claim of ours.
struct Held {
    renewed: u64,
    lost: Arc<AtomicBool>,
    next: PathBuf,
}

/// A cell that is ours until this goes.
pub struct Claim<'a> {
    claims: &'a Claims,
    path: PathBuf,
    lost: Arc<AtomicBool>,
    state: State,
}

impl Claims {
    /// In a folder that all share. A claim that is not renewed for `stale` is taken over.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made.
    pub fn new(folder: &Path, stale: Duration) -> Result<Self, Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        make_folder(folder)?;
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let holder = format!("{} {} {number} {}", host.trim(), std::process::id(), since.as_nanos());
        let entries = fs::read_dir(folder).map_err(|error| Error::write(folder, error))?;
        let paths = entries.flatten().map(|entry| entry.path());
        let failed = |path: &PathBuf| matches!(read(path), Some((_, Some(Told { state: State::Failed(_), .. }))));
        let old_failures = paths.filter(failed).collect();
        let (watched, held) = Default::default();
        Ok(Self { folder: folder.to_path_buf(), holder, stale, old_failures, watched, held })
    }

    /// Asks for a cell.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be written to.
    pub fn ask(&self, key: &str) -> Result<Asked<'_>, Error> {
        let path = |number: usize| self.folder.join(format!("{key}.{number}"));
        let last = (1..).take_while(|number| path(*number).exists()).last().unwrap_or(0);
        if last > 0 {
            match self.look(&path(last)) {
                Seen::Free => {}
                Seen::Running => return Ok(Asked::Theirs),
                Seen::Failed(why) => return Ok(Asked::Failed(why)),
            }
        }
        let (path, next) = (path(last + 1), path(last + 2));
        let told = self.told(0, State::Running);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(&told).map_err(|error| Error::write(&path, error))?;
                let lost = Arc::new(AtomicBool::new(false));
                lock(&self.held).insert(path.clone(), Held { renewed: 0, lost: Arc::clone(&lost), next });
                Ok(Asked::Ours(Claim { claims: self, path, lost, state: State::Left }))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Asked::Theirs),
            Err(error) => Err(Error::write(&path, error)),
        }
    }

    /// What to make of the last claim of a cell.
    fn look(&self, path: &Path) -> Seen {
        let Some((bytes, told)) = read(path) else { return Seen::Running };
        let state = told.as_ref().map(|told| &told.state);
        match state {
            // Whoever finished it has written its summary: where there is none, somebody removed it.
            Some(State::Left | State::Finished) => return Seen::Free,
            Some(State::Failed(_)) if self.old_failures.contains(path) => return Seen::Free,
            Some(State::Failed(why)) => return Seen::Failed(why.clone()),
            Some(State::Running) | None => {}
        }
        let stale = told.map_or(self.stale, |told| Duration::from_secs(told.stale_seconds));
        let mut watched = lock(&self.watched);
        match watched.get(path) {
            Some((before, since)) if *before == bytes && since.elapsed() > stale => Seen::Free,
            Some((before, _)) if *before == bytes => Seen::Running,
            _ => {
                watched.insert(path.to_path_buf(), (bytes, Instant::now()));
                Seen::Running
            }
        }
    }

    /// Renews our claims, and notices those that others took over, until `over` says so.
    pub fn renew_until(&self, over: &AtomicBool) {
        const TICK: Duration = Duration::from_millis(50);
        let mut last = Instant::now();
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(TICK);
            if last.elapsed() * RENEWALS >= self.stale {
                last = Instant::now();
                self.renew();
            }
        }
    }

    fn renew(&self) {
        for (path, held) in lock(&self.held).iter_mut() {
            if held.next.exists() {
                held.lost.store(true, Ordering::Relaxed);
                continue;
            }
            held.renewed += 1;
            // A folder that cannot be reached for a while costs the claim at most.
            let _ = fs::write(path, self.told(held.renewed, State::Running));
        }
    }

    fn told(&self, renewed: u64, state: State) -> Vec<u8> {
        let told = Told { holder: self.holder.clone(), renewed, stale_seconds: self.stale.as_secs(), state };
        serde_json::to_vec(&told).unwrap_or_default()
    }
}

impl Claim<'_> {
    /// Whether somebody else took the cell over, since we did not renew our claim.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// The cell is through.
    pub fn finished(mut self) {
        self.state = State::Finished;
    }

    /// The cell failed.
    pub fn failed(mut self, why: &str) {
        self.state = State::Failed(why.into());
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let held = lock(&self.claims.held).remove(&self.path);
        if let Some(held) = held.filter(|_| !self.is_lost()) {
            // Where this cannot be written, the claim becomes stale.
            let _ = fs::write(&self.path, self.claims.told(held.renewed + 1, self.state.clone()));
        }
    }
}

enum Seen {
    Free,
    Running,
    Failed(String),
}

/// The bytes of a claim, and what they say; nothing where they cannot be read or are half written.
fn read(path: &Path) -> Option<(Vec<u8>, Option<Told>)> {
    let bytes = fs::read(path).ok()?;
    let told = serde_json::from_slice(&bytes).ok();
    Some((bytes, told))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours<'a>(claims: &'a Claims, key: &str) -> Option<Claim<'a>> {
        match claims.ask(key).unwrap() {
            Asked::Ours(claim) => Some(claim),
            _ => None,
        }
    }

    #[test]
    fn one_of_many_gets_a_cell() {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<Claims> = (0..8).map(|_| Claims::new(folder.path(), Duration::from_secs(60)).unwrap()).collect();
        let got = std::thread::scope(|scope| {
            let asking: Vec<_> =
                all.iter().map(|claims| scope.spawn(|| ours(claims, "a").map(std::mem::forget))).collect();
            asking.into_iter().filter_map(|one| one.join().unwrap()).count()
        });
        assert_eq!(got, 1);
    }

    #[test]
    fn a_claim_that_is_renewed_stays_and_one_that_is_not_is_taken_over_once() {
        let folder = tempfile::tempdir().unwrap();
        let claims = || Claims::new(folder.path(), Duration::from_secs(1)).unwrap();
        let (first, second, third) = (claims(), claims(), claims());
        let held = ours(&first, "a").unwrap();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(1500) {
            assert!(ours(&second, "a").is_none() && ours(&third, "a").is_none(), "it is renewed");
            first.renew();
            std::thread::sleep(Duration::from_millis(100));
        }
        // Nobody renews it any more, which both see from here on.
        assert!(ours(&second, "a").is_none() && ours(&third, "a").is_none());
        std::thread::sleep(Duration::from_millis(1100));
        let over = [ours(&second, "a"), ours(&third, "a")];
        assert_eq!(over.iter().flatten().count(), 1);
        assert!(!held.is_lost());
        first.renew();
        assert!(held.is_lost(), "the one that woke notices");
        drop(held);
        assert!(ours(&first, "a").is_none(), "and does not take away what is held now");
    }

    #[test]
    fn what_is_left_is_free_at_once_and_what_failed_is_tried_by_those_who_come_later() {
        let folder = tempfile::tempdir().unwrap();
        let claims = || Claims::new(folder.path(), Duration::from_secs(60)).unwrap();
        let (first, second) = (claims(), claims());
        drop(ours(&first, "a").unwrap());
        ours(&second, "a").unwrap().failed("a loss is no number");
        assert!(matches!(first.ask("a").unwrap(), Asked::Failed(why) if why == "a loss is no number"));
        assert!(ours(&claims(), "a").is_some());
    }
}
