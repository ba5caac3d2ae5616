//! What is known of a data set that can be downloaded.

#![cfg_attr(not(feature = "fetch"), allow(dead_code, reason = "read by the download alone"))]

/// A data set that can be downloaded.
#[non_exhaustive]
pub struct Fetchable {
    /// Its name, for `data.source` too.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// The file to read within its folder; `.` for the folder itself.
    pub(super) main: &'static str,
    pub(super) files: &'static [File],
}

pub(super) struct File {
    pub(super) url: &'static str,
    pub(super) archive: Archive,
    pub(super) name: &'static str,
    /// Of the file as it lies in the folder.
    pub(super) sha256: &'static str,
}

/// Where in the download the file is.
pub(super) enum Archive {
    /// The download is the file.
    None,
    /// A member of a packed tape archive.
    TarGz(&'static str),
    /// A member of a ZIP archive.
    Zip(&'static str),
}
