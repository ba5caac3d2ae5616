//! Runs of `compare`, `tune` and `train --seeds`, each as a process of its own: one that fails takes no other with it,
//! and a kill loses one run's time at most, since each resumes from its checkpoint.

mod cell;
pub mod claims;
mod marks;
mod memory;
mod queue;
mod running;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use semiseq::prelude::*;
use semiseq::training::files::make_folder;

use super::tell;
pub use cell::{Cell, Failure, Outcome};
pub use marks::Marks;
use running::Running;
pub use running::Work;

/// As many cells at a time as there are cores; one where cells share a GPU.
pub fn cores_for<'a>(mut cells: impl Iterator<Item = &'a Cell>) -> usize {
    let on_cpu = cells.all(|cell| cell.config.backends().iter().all(|backend| ["flex", "ndarray"].contains(backend)));
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
    let running = Running::new(cells, todo, jobs, marks, work);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        if let Some(claims) = work.claims {
            scope.spawn(|| claims.renew_until(&over));
        }
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(|| running.work())).collect();
        workers.into_iter().for_each(|worker| drop(worker.join()));
        over.store(true, Ordering::Relaxed);
    });
    let failures = running.failures()?;
    let ended = interrupter.should_stop();
    let outcome = |cell: &&Cell| {
        let failed = failures.get(&cell.key).map(|failure| Err(failure.clone()));
        failed.or_else(|| cell.finished(folder).filter(|_| !(force && ended)).map(Ok))
    };
    Ok(cells.iter().map(outcome).collect())
}
