//! Downloads of public data sets, through the system's `curl`, which every macOS, Windows 10 and common Linux has: an
//! HTTP client with TLS of our own would add half a minute to every build, for a command that few runs need.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use semiseq_schema::nearest;

use crate::digest::sha256;
use crate::error::DataError;
use crate::shown::shown;
use crate::sources::fetch::catalogue::FETCHABLES;
use crate::sources::fetch::fetchable::{Archive, Fetchable};
use crate::sources::fetch::find;

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

/// Bytes of a download at most, and of a file unpacked from it: the largest of the sets has a hundredth of it.
const MOST: u64 = 1 << 30;

/// Gives the bytes behind an address.
type Download<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

fn fetch_with(
    set: &Fetchable,
    folder: &Path,
    note: &mut dyn FnMut(&str),
    download: &mut Download<'_>,
) -> Result<PathBuf, DataError> {
    if fs::symlink_metadata(folder).is_ok_and(|kind| kind.is_symlink()) {
        return Err(DataError::new(
            format!("{}: is a symbolic link, and a download is not written through one", folder.display()),
            "remove the link, or name the folder that it leads to with `--to`",
        ));
    }
    fs::create_dir_all(folder).map_err(|error| DataError::file(folder, &error))?;
    // Several files may lie in one archive.
    let mut last: Option<(&str, Vec<u8>)> = None;
    for file in set.files {
        let target = folder.join(file.name);
        if fs::read(&target).is_ok_and(|bytes| sha256(&bytes) == file.sha256) {
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
        let wrong = |reason: String| DataError::new(format!("{}: {reason}", file.url), by_hand());
        let downloaded = match last.take().filter(|(url, _)| *url == file.url) {
            Some((_, bytes)) => bytes,
            None => {
                note(&format!("fetching {}", file.url));
                download(file.url).map_err(wrong)?
            }
        };
        let bytes = member(&downloaded, &file.archive).map_err(wrong)?;
        let found = sha256(&bytes);
        if found != file.sha256 {
            return Err(DataError::new(
                format!("{}: `{}` has the SHA-256 {found}, expected {}", file.url, file.name, file.sha256),
                format!("the download was cut or the publisher has changed the file; {}", by_hand()),
            ));
        }
        put(&target, &bytes).map_err(|error| DataError::file(&target, &error))?;
        note(&format!("{}: {} bytes, sum as expected", target.display(), bytes.len()));
        last = Some((file.url, downloaded));
    }
    Ok(folder.to_path_buf())
}

/// Writes a whole file under a name of its own, and renames it into place: two that fetch at once both put the same
/// file there, and a link that lies in the way is replaced and not written through.
fn put(target: &Path, bytes: &[u8]) -> io::Result<()> {
    const TRIES: u32 = 100;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    for number in 0..TRIES {
        let part = target.with_file_name(format!(".{name}.{}-{number}.new", std::process::id()));
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&part) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&part, target));
        if written.is_err() {
            // A full disk leaves half a file.
            let _ = fs::remove_file(&part);
        }
        return written;
    }
    Err(io::Error::other("there is no free name for it"))
}

/// The file within the download. An archive with a member that leads out of a folder is refused whole, though only one
/// member is read: it was not made to be unpacked.
fn member(download: &[u8], archive: &Archive) -> Result<Vec<u8>, String> {
    match archive {
        Archive::None => Ok(download.to_vec()),
        Archive::Zip(name) => {
            let mut archive = zip::ZipArchive::new(io::Cursor::new(download)).map_err(|error| error.to_string())?;
            for index in 0..archive.len() {
                let entry = archive.by_index_raw(index).map_err(|error| error.to_string())?;
                check_member(Path::new(entry.name()), entry.is_symlink())?;
            }
            let entry = archive.by_name(name).map_err(|error| format!("`{name}`: {error}"))?;
            let size = entry.size();
            whole(entry, name, size)
        }
        Archive::TarGz(name) => {
            let mut archive = tar::Archive::new(GzDecoder::new(download).take(MOST));
            let entries = archive.entries().map_err(|error| error.to_string())?;
            let mut found = None;
            for entry in entries {
                let entry = entry.map_err(|error| error.to_string())?;
                let path = entry.path().map_err(|error| error.to_string())?.into_owned();
                let kind = entry.header().entry_type();
                check_member(&path, kind.is_symlink() || kind.is_hard_link())?;
                if path == Path::new(name) && kind.is_file() && found.is_none() {
                    let size = entry.size();
                    found = Some(whole(entry, name, size)?);
                }
            }
            found.ok_or_else(|| format!("the archive does not hold `{name}`"))
        }
    }
}

/// Whether a member of an archive stays below the folder that the archive is unpacked into.
fn check_member(path: &Path, is_link: bool) -> Result<(), String> {
    let shown = shown(&path.to_string_lossy());
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    match (is_link, inside && !path.to_string_lossy().contains('\\')) {
        (true, _) => Err(format!("the archive holds a link, `{shown}`, and is not unpacked")),
        (_, false) => Err(format!("the archive holds `{shown}`, which leads out of its folder, and is not unpacked")),
        _ => Ok(()),
    }
}

/// All of a member, which says of itself that it has `size` bytes.
fn whole(entry: impl Read, name: &str, size: u64) -> Result<Vec<u8>, String> {
    let large = || format!("`{name}` has more than {MOST} bytes");
    if size > MOST {
        return Err(large());
    }
    let mut bytes = Vec::new();
    entry.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| format!("`{name}`: {error}"))?;
    if bytes.len() as u64 > MOST { Err(large()) } else { Ok(bytes) }
}

fn curl(url: &str) -> Result<Vec<u8>, String> {
    let mut command = Command::new("curl");
    // A host that does not answer is given up after half a minute, and not after curl's five.
    command.args(["--fail", "--location", "--silent", "--show-error", "--connect-timeout", "30", "--max-filesize"]);
    command.arg(MOST.to_string()).arg(url).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = |error: io::Error| format!("the program `curl`, which downloads, does not start: {error}");
    let mut child = command.spawn().map_err(started)?;
    let mut bytes = Vec::new();
    let read = match child.stdout.take() {
        Some(output) => output.take(MOST + 1).read_to_end(&mut bytes),
        None => Ok(0),
    };
    if bytes.len() as u64 > MOST {
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("the download has more than {MOST} bytes"));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    match (output.status.success(), read) {
        (true, Ok(_)) => Ok(bytes),
        (true, Err(error)) => Err(error.to_string()),
        (false, _) => Err(String::from_utf8_lossy(&output.stderr).trim().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::fetch::fetchable::File;

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
        crate::fixtures::folder("fetched").join(name)
    }

    /// Fetches with a download of these bytes; also how often it was asked.
    fn fetched(set: &Fetchable, folder: &Path, bytes: &[u8]) -> (Result<PathBuf, DataError>, usize) {
        let mut asked = 0;
        let result = fetch_with(set, folder, &mut |_| {}, &mut |_| {
            asked += 1;
            Ok(bytes.to_vec())
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
        let message = fetched(&SET, &folder, b"other").0.unwrap_err().in_full();
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
        let message = fetched(&TARRED, &folder("cut"), &tar[..tar.len() / 2]).0.unwrap_err().in_full();
        assert!(message.contains("by hand and put its `a/t` as `t.tsv` into"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        use std::os::unix::fs::symlink;
        static SET: Fetchable = set(&[file(Archive::None, SUM)]);
        let folder = folder("link");
        fs::create_dir_all(folder.join("set")).unwrap();
        fs::create_dir_all(folder.join("other")).unwrap();
        let victim = folder.join("victim");
        fs::write(&victim, "mine").unwrap();
        let part = format!(".t.tsv.{}-0.new", std::process::id());
        for name in ["t.tsv", "t.tsv.part", "t.tsv.new", &part] {
            symlink(&victim, folder.join("set").join(name)).unwrap();
        }
        assert!(fetched(&SET, &folder.join("set"), TEXT.as_bytes()).0.is_ok());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        assert!(fs::symlink_metadata(folder.join("set/t.tsv")).unwrap().is_file(), "the link gave way to the file");
        symlink(folder.join("other"), folder.join("linked")).unwrap();
        let message = fetched(&SET, &folder.join("linked"), TEXT.as_bytes()).0.unwrap_err().in_full();
        assert!(message.contains("linked: is a symbolic link"), "{message}");
        assert_eq!(fs::read_dir(folder.join("other")).unwrap().count(), 0);
    }

    #[test]
    fn two_that_fetch_at_once_both_find_the_file() {
        static SET: Fetchable = set(&[file(Archive::None, SUM)]);
        let folder = folder("twice");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| fetched(&SET, &folder, TEXT.as_bytes()).0.unwrap());
            }
        });
        assert_eq!(fs::read_to_string(folder.join("t.tsv")).unwrap(), TEXT);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn an_archive_that_leads_out_of_its_folder_is_refused() {
        static ZIPPED: Fetchable = set(&[file(Archive::Zip("a/t"), SUM)]);
        static TARRED: Fetchable = set(&[file(Archive::TarGz("a/t"), SUM)]);
        let options = zip::write::SimpleFileOptions::default();
        for (number, (bad, what)) in [
            ("../t", "`../t`, which leads out"),
            ("/etc/t", "`/etc/t`, which leads out"),
            ("a/../../t", "which leads out"),
            ("link", "a link, `link`"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
            zip.start_file("a/t", options).unwrap();
            zip.write_all(TEXT.as_bytes()).unwrap();
            match bad {
                "link" => zip.add_symlink(bad, "/etc/passwd", options).unwrap(),
                _ => zip.start_file(bad, options).unwrap(),
            }
            let zip = zip.finish().unwrap().into_inner();
            let message = fetched(&ZIPPED, &folder(&format!("bad-zip-{number}")), &zip).0.unwrap_err().in_full();
            assert!(message.contains(what), "{message}");

            let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            let mut tar = tar::Builder::new(packed);
            let mut header = tar::Header::new_gnu();
            header.set_size(TEXT.len() as u64);
            tar.append_data(&mut header, "a/t", TEXT.as_bytes()).unwrap();
            let mut header = tar::Header::new_gnu();
            // The builder refuses such names; whoever plants one does not use it.
            header.as_gnu_mut().unwrap().name[..bad.len()].copy_from_slice(bad.as_bytes());
            if bad == "link" {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_size(0);
            header.set_cksum();
            tar.append(&header, io::empty()).unwrap();
            let tar = tar.into_inner().unwrap().finish().unwrap();
            let message = fetched(&TARRED, &folder(&format!("bad-tar-{number}")), &tar).0.unwrap_err().in_full();
            assert!(message.contains(what), "{message}");
        }
    }

    #[test]
    fn a_member_that_an_archive_lacks_is_named() {
        static ZIPPED: Fetchable = set(&[file(Archive::Zip("a/t"), SUM)]);
        static TARRED: Fetchable = set(&[file(Archive::TarGz("a/t"), SUM)]);
        let zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner();
        let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let tar = tar::Builder::new(packed).into_inner().unwrap().finish().unwrap();
        for (set, name, bytes) in [(&ZIPPED, "no-zip", zip), (&TARRED, "no-tar", tar)] {
            let message = fetched(set, &folder(name), &bytes).0.unwrap_err().in_full();
            assert!(message.contains("https://example.org/t: ") && message.contains("`a/t`"), "{message}");
        }
    }

    #[test]
    fn a_download_that_fails_says_how_to_go_on() {
        static SET: Fetchable = set(&[file(Archive::None, SUM)]);
        let result = fetch_with(&SET, &folder("fails"), &mut |_| {}, &mut |_| Err("no route to host".into()));
        let message = result.unwrap_err().in_full();
        assert!(
            message.contains("https://example.org/t: no route to host") && message.contains("by hand"),
            "{message}"
        );
    }

    #[test]
    fn curl_gives_a_file_and_tells_why_it_cannot() {
        let folder = folder("curl");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("there"), TEXT).unwrap();
        let url = |name: &str| format!("file:///{}", folder.join(name).display().to_string().trim_start_matches('/'));
        assert_eq!(curl(&url("there")).unwrap(), TEXT.as_bytes());
        assert!(curl(&url("missing")).unwrap_err().contains("curl"));
    }

    #[test]
    fn an_unknown_name_suggests_the_nearest() {
        let message = fetch("ag-news-smal", &folder("name"), &mut |_| {}).unwrap_err().in_full();
        assert!(message.contains("did you mean `ag-news-small`?"), "{message}");
    }
}
