//! Files that are whole or not there.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::error::Error;

/// Writes a file under another name, flushes it, and renames it into place. A device or a pipe, such as
/// `/dev/null`, is written to as it is: a rename would put a file in its place.
///
/// # Errors
///
/// Names the file; a file that stood there before stays as it was.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if path.is_dir() {
        let shown = path.display();
        return Err(Error::input(
            format!("{shown}: is a folder, and the results are a file"),
            format!("write a name behind it: `{shown}/…`"),
        ));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        return Err(Error::input(
            format!("{}: there is no folder {}", path.display(), folder.display()),
            "make the folder, or name a file in one that there is",
        ));
    }
    if fs::metadata(path).is_ok_and(|kind| !kind.is_file()) {
        return fs::write(path, bytes).map_err(|error| Error::write(path, error));
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let (part, file) = match open_part(&part) {
        Ok(file) => (part, Ok(file)),
        // Another process writes there, or left it when it was killed.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && part.is_file() => {
            let own = part.with_extension(format!("{}.part", std::process::id()));
            let file = open_part(&own);
            (own, file)
        }
        Err(error) => (part, Err(error)),
    };
    let written = file
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    if written.is_ok() {
        keep_name(path);
    }
    written.map_err(|error| {
        // Best effort: the error to report is the one that stopped the writing.
        let _ = fs::remove_file(&part);
        Error::write(path, error)
    })
}

/// Opens a file that nobody has opened. A link that lies there, in a run folder from elsewhere, would lead the writing
/// to any file: it is taken away, unless it leads to a device.
fn open_part(part: &Path) -> std::io::Result<File> {
    if fs::metadata(part).is_ok_and(|kind| !kind.is_file() && !kind.is_dir()) {
        return File::create(part);
    }
    if fs::symlink_metadata(part).is_ok_and(|kind| kind.is_symlink()) {
        fs::remove_file(part)?;
    }
    File::options().write(true).create_new(true).open(part)
}

/// Makes a folder and those above it.
///
/// # Errors
///
/// Where a file stands in its place, or the disk refuses.
pub fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|error| {
        let in_the_way = path.ancestors().find(|above| above.exists() && !above.is_dir());
        match in_the_way {
            Some(file) => Error::input(
                format!("{}: is a file, and the results need a folder", file.display()),
                "choose another folder with `--out`",
            ),
            None => Error::write(path, error),
        }
    })
}

/// Flushes the folder: until then a power cut may take the new name back. Best effort: the file is in
/// place already, and not every file system can flush a folder.
fn keep_name(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    #[cfg(unix)]
    #[test]
    fn a_pipe_or_a_device_stays_what_it_is() {
        use std::os::unix::{fs::FileTypeExt, fs::symlink};
        let folder = folder("devices");
        // Links, so that a mistake replaces the link and not this machine's devices.
        for (name, device, works) in [("null", "/dev/null", true), ("full", "/dev/full", false)] {
            let link = folder.join(name);
            let _ = fs::remove_file(&link);
            symlink(device, &link).unwrap();
            assert_eq!(write_atomic(&link, b"new").is_ok(), works, "{name}");
            assert!(fs::metadata(&link).unwrap().file_type().is_char_device(), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_lies_in_the_way_is_not_written_through() {
        let folder = folder("planted");
        let victim = folder.join("victim");
        fs::write(&victim, "mine").unwrap();
        let _ = fs::remove_file(folder.join("a.txt.part"));
        std::os::unix::fs::symlink(&victim, folder.join("a.txt.part")).unwrap();
        write_atomic(&folder.join("a.txt"), b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"mine");
        assert_eq!(fs::read(folder.join("a.txt")).unwrap(), b"new");
        // What another process is writing, or left half-written, stays its own.
        fs::write(folder.join("a.txt.part"), "half").unwrap();
        write_atomic(&folder.join("a.txt"), b"newer").unwrap();
        assert_eq!(fs::read(folder.join("a.txt")).unwrap(), b"newer");
        assert_eq!(fs::read(folder.join("a.txt.part")).unwrap(), b"half");
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_the_users_to_move() {
        let file = folder("no-folder").join("file");
        fs::write(&file, "mine").unwrap();
        for path in [file.clone(), file.join("below")] {
            let error = make_folder(&path).unwrap_err();
            assert!(error.is_input() && error.to_string().contains("is a file"), "{error}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_is_the_users_mistake() {
        let folder = folder("no-file");
        let error = write_atomic(&folder, b"new").unwrap_err();
        assert!(error.is_input() && error.to_string().contains("is a folder"), "{error}");
    }

    #[test]
    fn a_failed_write_names_the_file_and_leaves_the_old_one() {
        let folder = folder("files");
        let path = folder.join("a.txt");
        write_atomic(&path, b"old").unwrap();
        // A folder where the part file should go makes every write fail, as a full disk does.
        fs::create_dir_all(folder.join("a.txt.part")).unwrap();
        let message = write_atomic(&path, b"new").unwrap_err().in_full();
        assert!(message.contains("a.txt: cannot be written"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let message = write_atomic(&folder("files-nowhere").join("b/a.txt"), b"new").unwrap_err().in_full();
        assert!(message.contains("there is no folder") && message.contains("make the folder"), "{message}");
    }
}
