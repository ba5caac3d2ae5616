//! Public data sets that can be downloaded by name, each file checked against its SHA-256.
//!
//! Downloads go through the system's `curl`, which every macOS, Windows 10 and common Linux has: an HTTP client
//! with TLS of our own would add half a minute to every build, for a command that few runs need.

mod catalogue;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{DataError, nearest};

pub use catalogue::FETCHABLES;

/// A data set that can be downloaded.
pub struct Fetchable {
    /// Its name, for `data.source` too.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// The file to read within its folder; `.` for the folder itself.
    main: &'static str,
    files: &'static [File],
}

struct File {
    url: &'static str,
    archive: Archive,
    name: &'static str,
    /// Of the file as it lies in the folder.
    sha256: &'static str,
}

/// Where in the download the file is.
enum Archive {
    /// The download is the file.
    None,
    /// A member of a packed tape archive.
    TarGz(&'static str),
    /// A member of a ZIP archive.
    Zip(&'static str),
}

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

/// Downloads a set into `folder/NAME` and returns that folder. Files that are there with the right sum stay as
/// they are.
///
/// # Errors
///
/// An unknown name, no network, a file that is not what it was; what was there before stays.
pub fn fetch(name: &str, folder: &Path, note: &mut dyn FnMut(&str)) -> Result<PathBuf, DataError> {
    let set = find(name).ok_or_else(|| {
        let names: Vec<&str> = FETCHABLES.iter().map(|set| set.name).collect();
        let hint = nearest(name, &names)
            .map_or_else(|| format!("known names: {}", names.join(", ")), |name| format!("did you mean `{name}`?"));
        DataError::new(format!("there is no data set `{name}` to fetch"), hint)
    })?;
    fetch_with(set, &folder.join(name), note, &mut curl)
}

type Download<'a> = dyn FnMut(&str, &Path) -> Result<(), String> + 'a;

fn fetch_with(
    set: &Fetchable,
    folder: &Path,
    note: &mut dyn FnMut(&str),
    download: &mut Download<'_>,
) -> Result<PathBuf, DataError> {
    fs::create_dir_all(folder).map_err(|error| DataError::file(folder, &error))?;
    // Several files may lie in one archive.
    let mut last: Option<(&str, Vec<u8>)> = None;
    for file in set.files {
        let target = folder.join(file.name);
        if fs::read(&target).is_ok_and(|bytes| sum(&bytes) == file.sha256) {
            note(&format!("{}: there already", target.display()));
            continue;
        }
        let by_hand = || {
            let what = match file.archive {
                Archive::None => format!("save it as `{}`", file.name),
                Archive::TarGz(member) | Archive::Zip(member) => format!("put its `{member}` as `{}`", file.name),
            };
            format!("fetch {} by hand and {what} into {}", file.url, folder.display())
        };
        let downloaded = match last.take().filter(|(url, _)| *url == file.url) {
            Some((_, bytes)) => bytes,
            None => {
                note(&format!("fetching {}", file.url));
                let part = folder.join(format!("{}.part", file.name));
                let result = download(file.url, &part);
                let bytes = fs::read(&part);
                // Where the download wrote nothing, there is nothing to remove.
                let _ = fs::remove_file(&part);
                result.map_err(|reason| DataError::new(format!("{}: {reason}", file.url), by_hand()))?;
                bytes.map_err(|error| DataError::file(&part, &error))?
            }
        };
        let bytes = member(&downloaded, &file.archive)
            .map_err(|reason| DataError::new(format!("{}: {reason}", file.url), by_hand()))?;
        let found = sum(&bytes);
        if found != file.sha256 {
            return Err(DataError::new(
                format!("{}: `{}` has the SHA-256 {found}, expected {}", file.url, file.name, file.sha256),
                format!("the download was cut or the publisher has changed the file; {}", by_hand()),
            ));
        }
        let whole = folder.join(format!("{}.new", file.name));
        fs::write(&whole, &bytes).and_then(|()| fs::rename(&whole, &target)).map_err(|error| {
            // A full disk leaves half a file.
            let _ = fs::remove_file(&whole);
            DataError::file(&target, &error)
        })?;
        note(&format!("{}: {} bytes, sum as expected", target.display(), bytes.len()));
        last = Some((file.url, downloaded));
    }
    Ok(folder.to_path_buf())
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The file within the download.
fn member(download: &[u8], archive: &Archive) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    match archive {
        Archive::None => bytes.extend_from_slice(download),
        Archive::Zip(name) => {
            let mut archive =
                zip::ZipArchive::new(std::io::Cursor::new(download)).map_err(|error| error.to_string())?;
            let mut entry = archive.by_name(name).map_err(|error| format!("`{name}`: {error}"))?;
            entry.read_to_end(&mut bytes).map_err(|error| format!("`{name}`: {error}"))?;
        }
        Archive::TarGz(name) => {
            let mut archive = tar::Archive::new(GzDecoder::new(download));
            let entries = archive.entries().map_err(|error| error.to_string())?;
            for entry in entries {
                let mut entry = entry.map_err(|error| error.to_string())?;
                if entry.path().is_ok_and(|path| path == Path::new(name)) {
                    entry.read_to_end(&mut bytes).map_err(|error| format!("`{name}`: {error}"))?;
                    return Ok(bytes);
                }
            }
            return Err(format!("the archive does not hold `{name}`"));
        }
    }
    Ok(bytes)
}

fn curl(url: &str, to: &Path) -> Result<(), String> {
    let mut command = Command::new("curl");
    // A host that does not answer is given up after half a minute, and not after curl's five.
    command.args(["--fail", "--location", "--silent", "--show-error", "--connect-timeout", "30", "--output"]);
    command.arg(to).arg(url);
    let output =
        command.output().map_err(|error| format!("the program `curl`, which downloads, does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &str = "spam\tbuy\n";
    /// `printf 'spam\tbuy\n' | sha256sum`
    const SUM: &str = "6ef8b307cedbb82468cfa7c0a08c77ee6e48ba8361c08e1606d7b680e5cef1da";

    const fn set(files: &'static [File]) -> Fetchable {
        Fetchable { name: "t", summary: "a test", main: ".", files }
    }

    const fn file(archive: Archive, sha256: &'static str) -> File {
        File { url: "https://example.org/t", archive, name: "t.tsv", sha256 }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("semiseq-fetch-{}-{name}", std::process::id()));
        // Left over from a process of the same number.
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    /// Fetches with a download of these bytes; also how often it was asked.
    fn fetched(set: &Fetchable, folder: &Path, bytes: &[u8]) -> (Result<PathBuf, DataError>, usize) {
        let mut asked = 0;
        let result = fetch_with(set, folder, &mut |_| {}, &mut |_, to| {
            asked += 1;
            fs::write(to, bytes).map_err(|error| error.to_string())
        });
        (result, asked)
    }

    #[test]
    fn a_file_is_fetched_once() {
        static SET: Fetchable = set(&[file(Archive::None, SUM)]);
        let folder = folder("once");
        let (result, asked) = fetched(&SET, &folder, TEXT.as_bytes());
        assert_eq!((result.unwrap(), asked), (folder.clone(), 1));
        assert_eq!(fs::read_to_string(folder.join("t.tsv")).unwrap(), TEXT);
        let (result, asked) = fetched(&SET, &folder, b"other");
        assert!(result.is_ok() && asked == 0);
    }

    #[test]
    fn a_wrong_sum_keeps_what_was_there() {
        static SET: Fetchable = set(&[file(Archive::None, SUM)]);
        let folder = folder("wrong");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("t.tsv"), "old").unwrap();
        let message = fetched(&SET, &folder, b"other").0.unwrap_err().to_string();
        assert!(
            message.contains("https://example.org/t: `t.tsv` has the SHA-256") && message.contains(SUM),
            "{message}"
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(folder.join("t.tsv")).unwrap(), "old");
    }

    #[test]
    fn members_of_archives_are_found() {
        static ZIPPED: Fetchable = set(&[file(Archive::Zip("a/t"), SUM)]);
        static TARRED: Fetchable = set(&[file(Archive::TarGz("a/t"), SUM)]);
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("a/t", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(TEXT.as_bytes()).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        assert!(fetched(&ZIPPED, &folder("zip"), &zip).0.is_ok());

        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()));
        let mut header = tar::Header::new_gnu();
        header.set_size(TEXT.len() as u64);
        tar.append_data(&mut header, "a/t", TEXT.as_bytes()).unwrap();
        let tar = tar.into_inner().unwrap().finish().unwrap();
        assert!(fetched(&TARRED, &folder("tar"), &tar).0.is_ok());
        let message = fetched(&TARRED, &folder("cut"), &tar[..tar.len() / 2]).0.unwrap_err().to_string();
        assert!(message.contains("by hand and put its `a/t` as `t.tsv` into"), "{message}");
    }

    #[test]
    fn a_member_that_an_archive_lacks_is_named() {
        static ZIPPED: Fetchable = set(&[file(Archive::Zip("a/t"), SUM)]);
        static TARRED: Fetchable = set(&[file(Archive::TarGz("a/t"), SUM)]);
        let zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner();
        let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let tar = tar::Builder::new(packed).into_inner().unwrap().finish().unwrap();
        for (set, name, bytes) in [(&ZIPPED, "no-zip", zip), (&TARRED, "no-tar", tar)] {
            let message = fetched(set, &folder(name), &bytes).0.unwrap_err().to_string();
            assert!(message.contains("https://example.org/t: ") && message.contains("`a/t`"), "{message}");
        }
    }

    #[test]
    fn a_download_that_fails_says_how_to_go_on() {
        static SET: Fetchable = set(&[file(Archive::None, SUM)]);
        let result = fetch_with(&SET, &folder("fails"), &mut |_| {}, &mut |_, _| Err("no route to host".into()));
        let message = result.unwrap_err().to_string();
        assert!(
            message.contains("https://example.org/t: no route to host") && message.contains("by hand"),
            "{message}"
        );
    }

    #[test]
    fn curl_saves_a_file_and_tells_why_it_cannot() {
        let folder = folder("curl");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("there"), TEXT).unwrap();
        let url = |name: &str| format!("file:///{}", folder.join(name).display().to_string().trim_start_matches('/'));
        curl(&url("there"), &folder.join("saved")).unwrap();
        assert_eq!(fs::read_to_string(folder.join("saved")).unwrap(), TEXT);
        assert!(curl(&url("missing"), &folder.join("none")).unwrap_err().contains("curl"));
    }

    #[test]
    fn an_unknown_name_suggests_the_nearest() {
        let message = fetch("ag-news-smal", &folder("name"), &mut |_| {}).unwrap_err().to_string();
        assert!(message.contains("did you mean `ag-news-small`?"), "{message}");
    }
}
