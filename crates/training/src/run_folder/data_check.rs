//! Whether data are still those that a run was begun with.

use std::path::Path;

use semiseq_datasets::SplitRecord;

use crate::error::Error;
use crate::run_folder::json::read_json;

/// Whether the data are those that the run in a folder was begun with. A folder of an earlier version does not tell.
///
/// # Errors
///
/// Names the part that has changed.
pub(crate) fn check_data(folder: &Path, now: &SplitRecord) -> Result<(), Error> {
    let path = folder.join("split.json");
    if !path.exists() {
        return Ok(());
    }
    let before: SplitRecord = read_json(&path)?;
    if before.data.is_empty() {
        return Ok(());
    }
    let (had, has) = (before.data.len(), now.data.len());
    let changed = match before.data.iter().zip(&now.data).find(|(before, now)| before.sha256 != now.sha256) {
        Some((before, now)) if before.sequences != now.sequences => {
            format!("{} had {} sequences then, and has {} now", now.source, before.sequences, now.sequences)
        }
        Some((_, now)) => format!("values, texts or labels in {} are others now", now.source),
        None if had != has => format!("they had {had} parts then, and have {has} now"),
        None => return Ok(()),
    };
    Err(Error::input(
        format!("the data of the run in {} have changed since it began: {changed}", folder.display()),
        "put the data back as they were; `eval --data` scores the run on other data, and `train --out` or `--force` \
         begins a new run on these",
    ))
}
