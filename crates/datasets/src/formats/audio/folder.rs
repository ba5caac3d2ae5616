//! Recordings in folders: a folder per class, with all files below it; or files that stand in none, which are
//! unlabelled.

use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::formats::audio::{Clip, Listing, OTHERS, is_named_so};
use crate::formats::{ends_in, files, named};

/// Folders within folders that are looked into: a link may lead in circles.
const DEPTH: usize = 8;

/// Long noises beside the words of Speech Commands (Warden 2018), to be mixed with them: no class.
const NOISES: &str = "_background_noise_";

/// Whether a folder holds recordings, itself or one or two folders below: at least as many as texts, which may be their
/// transcripts.
pub(in crate::formats) fn is_folder(path: &Path) -> bool {
    fn count(folder: &Path, depth: usize, found: &mut [usize; 2]) {
        for entry in files(folder).unwrap_or_default() {
            if entry.is_dir() {
                if depth > 0 {
                    count(&entry, depth - 1, found);
                }
            } else if is_named_so(&entry) || OTHERS.iter().any(|ending| ends_in(&entry, ending)) {
                found[0] += 1;
            } else if ends_in(&entry, "txt") {
                found[1] += 1;
            }
        }
    }
    let mut found = [0, 0];
    count(path, 2, &mut found);
    found[0] > 0 && found[0] >= found[1]
}

/// The recordings of a folder.
///
/// # Errors
///
/// Where it cannot be listed, or holds none.
pub(super) fn list(path: &Path) -> Result<Listing, DataError> {
    let mut listing = Listing { names_of_files: true, ..Listing::default() };
    let (folders, strays): (Vec<PathBuf>, Vec<PathBuf>) = files(path)?.into_iter().partition(|entry| entry.is_dir());
    let mut left_out = Vec::new();
    for folder in folders {
        let class = folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        if class == NOISES {
            listing.notes.push(format!("{}: left out, since they are noises and no class", folder.display()));
            continue;
        }
        let class = if ["unsup", "unlabeled", "unlabelled"].contains(&class.as_str()) { String::new() } else { class };
        let mut found = Vec::new();
        walk(&folder, DEPTH, &mut found, &mut left_out)?;
        listing.clips.extend(found.into_iter().map(|path| Clip::whole(path, class.clone())));
    }
    let (sounds, mut others): (Vec<PathBuf>, Vec<PathBuf>) = strays.into_iter().partition(|path| is_named_so(path));
    // Of files beside folders of classes nothing tells whether they are meant.
    if listing.clips.is_empty() {
        listing.clips.extend(sounds.into_iter().map(|path| Clip::whole(path, String::new())));
    } else {
        others.extend(sounds);
    }
    if listing.clips.is_empty() {
        let packed = left_out.iter().chain(&others).find(|path| OTHERS.iter().any(|ending| ends_in(path, ending)));
        return Err(DataError::new(
            format!("{}: the folder holds no WAV and no FLAC file", path.display()),
            match packed {
                Some(packed) => format!("convert the others first: `ffmpeg -i {} OUT.wav`", packed.display()),
                None => "expected a folder per class with `.wav` or `.flac` files, or such files alone".into(),
            },
        ));
    }
    for (why, paths) in [("since they do not end in `.wav` or `.flac`", left_out), ("beside the recordings", others)] {
        if !paths.is_empty() {
            let (count, names) = (paths.len(), named(&paths));
            listing.notes.push(format!("{}: left out, {why}: {count} files ({names})", path.display()));
        }
    }
    Ok(listing)
}

/// The recordings below a folder, and what else there is.
fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>, others: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for entry in files(folder)? {
        if entry.is_dir() && depth > 0 {
            walk(&entry, depth - 1, found, others)?;
        } else if is_named_so(&entry) {
            found.push(entry);
        } else {
            others.push(entry);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;
    use crate::formats::audio::tests::wav_file as file;
    use crate::formats::{ReadOptions, guess, read};

    fn write(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file(1, 1, 8_000, 16, &[1; 400])).unwrap();
    }

    #[test]
    fn files_in_no_folder_are_unlabelled_and_beside_folders_told() {
        let path = folder("audio-flat");
        ["2.wav", "1.wave"].iter().for_each(|name| write(&path.join(name)));
        assert_eq!(guess(&path), Some("audio"));
        let listing = list(&path).unwrap();
        assert_eq!(listing.clips.iter().map(|clip| clip.label.as_str()).collect::<Vec<_>>(), ["", ""]);
        write(&path.join("yes/3.wav"));
        write(&path.join("_background_noise_/hum.wav"));
        let listing = list(&path).unwrap();
        assert_eq!(listing.clips.iter().map(|clip| clip.label.as_str()).collect::<Vec<_>>(), ["yes"]);
        assert!(listing.notes[0].contains("noises and no class"), "{:?}", listing.notes);
        assert!(listing.notes[1].contains("beside the recordings: 2 files (1.wave, 2.wav)"), "{:?}", listing.notes);
    }

    #[test]
    fn sound_that_is_not_read_is_told_with_the_way_out() {
        let path = folder("audio-mp3");
        std::fs::create_dir_all(path.join("a")).unwrap();
        std::fs::write(path.join("a/1.mp3"), b"ID3").unwrap();
        let message = read(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("no WAV and no FLAC") && message.contains("`ffmpeg -i "), "{message}");
    }

    #[test]
    fn texts_with_a_stray_recording_stay_texts() {
        let path = folder("audio-texts");
        for name in ["a/1.txt", "a/2.txt", "b/3.txt"] {
            std::fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
            std::fs::write(path.join(name), "some words").unwrap();
        }
        write(&path.join("a/4.wav"));
        assert_eq!(guess(&path), Some("documents"));
    }
}
