//! Public data sets that can be downloaded by name, each file checked against its SHA-256.

pub(crate) mod catalogue;
#[cfg(feature = "fetch")]
mod download;
pub(crate) mod fetchable;

use std::path::{Path, PathBuf};

pub use catalogue::FETCHABLES;
#[cfg(feature = "fetch")]
pub use download::fetch;
pub use fetchable::Fetchable;

/// The folder below which fetched sets lie, each in a folder of its name.
pub const FOLDER: &str = "data";

/// The set of a name.
pub(crate) fn find(name: &str) -> Option<&'static Fetchable> {
    FETCHABLES.iter().find(|set| set.name == name)
}

/// The set whose folder a path names, and the folder that it should lie in, where it is not there.
pub(crate) fn missing(path: &Path) -> Option<(&'static Fetchable, &Path)> {
    path.ancestors().filter(|folder| !folder.exists()).find_map(|folder| {
        let set = find(folder.file_name()?.to_str()?)?;
        folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map(|parent| (set, parent))
    })
}

impl Fetchable {
    /// What `data.source = "NAME"` reads.
    pub fn path(&self) -> PathBuf {
        let folder = Path::new(FOLDER).join(self.name);
        if self.main == "." { folder } else { folder.join(self.main) }
    }

    /// Whether all files are there.
    pub fn is_here(&self) -> bool {
        self.files.iter().all(|file| Path::new(FOLDER).join(self.name).join(file.name).exists())
    }
}
