//! `checksums.json`: what the files of a run held when it ended. Of what predictions are made from, a file that changed
//! since is refused; of what is told about the run, it is said. A folder of an earlier version, without sums, is read
//! as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use semiseq_datasets::sha256;

use crate::error::Error;
use crate::files::write_atomic;
use crate::run_folder::json::read_json;

pub(crate) const NAME: &str = "checksums.json";

/// What a run came to, the last file that it writes.
pub(crate) const SUMMARY: &str = "summary.json";

/// What tells of a run, and is read again by `report` and `eval`.
pub(crate) const TOLD: [&str; 5] = [SUMMARY, "config.toml", "split.json", "metrics.jsonl", "confusion.csv"];

/// SHA-256 of files by their names.
#[derive(Default)]
pub(crate) struct Checksums(BTreeMap<String, String>);

impl Checksums {
    /// Those of a run folder; none where it has no sums.
    ///
    /// # Errors
    ///
    /// Where the file is damaged.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(NAME);
        Ok(if path.exists() { Self(read_json(&path)?) } else { Self::default() })
    }

    /// Notes which of `names` there are in a folder, and what they hold; `last` is written after the sums.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read, or the sums cannot be written.
    pub(crate) fn write(folder: &Path, names: &[&str], last: (&str, &[u8])) -> Result<(), Error> {
        let mut sums = BTreeMap::from([(last.0, sha256(last.1))]);
        for name in names {
            let path = folder.join(name);
            if path.exists() {
                let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
                sums.insert(*name, sha256(&bytes));
            }
        }
        let path = folder.join(NAME);
        let text = serde_json::to_vec_pretty(&sums).map_err(|error| Error::write(&path, error))?;
        write_atomic(&path, &text)
    }

    /// Whether the run wrote a file of this name.
    pub(crate) fn lists(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Which of `names` the run wrote otherwise than they are in a folder, or that are gone.
    pub(crate) fn changed(&self, folder: &Path, names: &[&str]) -> Vec<String> {
        let differs = |name: &&&str| {
            let bytes = fs::read(folder.join(name)).unwrap_or_default();
            self.0.get(**name).is_some_and(|sum| *sum != sha256(&bytes))
        };
        names.iter().filter(differs).map(ToString::to_string).collect()
    }

    /// The bytes of a file of the folder.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is not what the run wrote.
    pub(crate) fn file(&self, folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let told = match self.0.get(name) {
            Some(sum) if *sum != sha256(&bytes) => "has changed since the run ended",
            None if !self.0.is_empty() => "is not of this run, which wrote no file of that name",
            _ => return Ok(bytes),
        };
        Err(Error::input(
            format!("{}: {told} (its checksum is not that of {NAME})", path.display()),
            format!("restore the file, or train the run again; if the change is your own, remove {NAME}"),
        ))
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::input(format!("{}: cannot be read: {error}", path.display()), "restore the file, or train the run again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    #[test]
    fn a_file_that_changed_or_is_new_or_gone_is_refused() {
        let folder = folder("checksums");
        fs::write(folder.join("a"), "one").unwrap();
        assert_eq!(Checksums::read(&folder).unwrap().file(&folder, "a").unwrap(), b"one", "an older folder");
        Checksums::write(&folder, &["a", "b"], ("last", b"end")).unwrap();
        fs::write(folder.join("last"), "end").unwrap();
        let sums = Checksums::read(&folder).unwrap();
        assert!(sums.lists("a") && !sums.lists("b"));
        assert_eq!(sums.file(&folder, "a").unwrap(), b"one");
        assert!(sums.changed(&folder, &["a", "b", "last"]).is_empty());
        fs::write(folder.join("a"), "One").unwrap();
        fs::remove_file(folder.join("last")).unwrap();
        assert_eq!(sums.changed(&folder, &["a", "b", "last"]), ["a", "last"]);
        fs::write(folder.join("b"), "new").unwrap();
        let told = |name: &str| sums.file(&folder, name).unwrap_err().in_full();
        assert!(told("a").contains("a: has changed since the run ended"), "{}", told("a"));
        assert!(told("b").contains("b: is not of this run"), "{}", told("b"));
        fs::remove_file(folder.join("a")).unwrap();
        assert!(told("a").contains("a: cannot be read"), "{}", told("a"));
    }
}
