//! Cells that were run into several folders, on one machine or on several, as one comparison.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use semiseq::prelude::*;

use super::super::cells::{Failure, Marks, Outcome};
use super::grid::Plan;

/// The outcomes of all cells: of the first of the folders, and of `own`, in which a cell is finished.
///
/// # Errors
///
/// Where a folder holds no cells, or cells were run on different data.
pub fn outcomes(plan: &Plan, folders: &[PathBuf], own: &Path) -> Result<Vec<Option<Outcome>>, Error> {
    if let Some(empty) = folders.iter().find(|folder| !folder.join("cells").is_dir()) {
        return Err(Error::input(
            format!("{}: holds no cells of a comparison", empty.display()),
            "name folders that `compare GRID --out DIR` wrote",
        ));
    }
    let (marks, mut missing) = (Marks::default(), BTreeSet::new());
    let mut outcomes = Vec::new();
    for (index, cell) in plan.cells.iter().enumerate() {
        let places = folders.iter().map(PathBuf::as_path).chain([own]).map(|folder| folder.join("cells"));
        let found = places.into_iter().find_map(|cells| Some((cell.run.finished(&cells)?, cells)));
        match found {
            Some((summary, cells)) => {
                marks.note(&cell.run, &cells.join(&cell.run.key))?;
                outcomes.push(Some(Ok(summary)));
            }
            None if missing.insert(&cell.run.key) => {
                let message = format!("{} ({}) is finished in none of the folders", cell.run.key, plan.name(index));
                outcomes.push(Some(Err(Failure { message, input: true })));
            }
            None => outcomes.push(None),
        }
    }
    Ok(outcomes)
}
