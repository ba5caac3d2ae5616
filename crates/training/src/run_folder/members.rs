//! Where the other members of an ensemble stand in a run folder.

use std::path::{Path, PathBuf};

pub(crate) const FOLDER: &str = "members";

/// The folder of a member; the run itself is the first.
pub(crate) fn folder_of(run: &Path, number: usize) -> PathBuf {
    run.join(FOLDER).join(number.to_string())
}
