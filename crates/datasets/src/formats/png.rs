//! Images in folders: a folder per class of `.png` files of one size, a row of pixels per step. Coloured pixels are
//! three values.

use std::path::{Path, PathBuf};

use semiseq_files::png::{self, PngImage};

use crate::error::DataError;
use crate::formats::decode::bytes;
use crate::formats::limit::most_bytes;
use crate::formats::{Format, ReadOptions, Rows, ends_in, files, named};
use crate::sequence::Sequence;
use crate::series::Series;

pub(super) const FORMAT: Format = Format {
    name: "png",
    summary: "PNG images, a folder per class (or one file), a row of pixels per step",
    endings: &["png"],
    columns: false,
    read,
};

/// Whether a folder holds images, itself or in folders of its own.
pub(super) fn is_folder(path: &Path) -> bool {
    let holds = |folder: &Path| files(folder).unwrap_or_default().iter().any(|entry| ends_in(entry, "png"));
    holds(path) || files(path).unwrap_or_default().iter().any(|entry| entry.is_dir() && holds(entry))
}

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let name = path.display().to_string();
    let mut rows = Rows { name: name.clone(), names_of_files: true, ..Rows::default() };
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    let mut left_out = Vec::new();
    if path.is_dir() {
        let (folders, mut single): (Vec<PathBuf>, Vec<PathBuf>) =
            files(path)?.into_iter().partition(|entry| entry.is_dir());
        for folder in folders {
            let class = folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
            let class =
                if ["unsup", "unlabeled", "unlabelled"].contains(&class.as_str()) { String::new() } else { class };
            for entry in files(&folder)? {
                if ends_in(&entry, "png") { found.push((entry, class.clone())) } else { left_out.push(entry) }
            }
        }
        // Beside folders of classes nothing tells what single images are.
        if found.is_empty() {
            let images = single.extract_if(.., |entry| ends_in(entry, "png"));
            found.extend(images.map(|path| (path, String::new())));
        }
        left_out.extend(single);
    } else {
        found.push((path.to_path_buf(), String::new()));
    }
    if !left_out.is_empty() {
        rows.notes.push(format!(
            "{name}: left out, since they are no images of a class: {} files ({})",
            left_out.len(),
            named(&left_out)
        ));
    }
    let mut images: Vec<(PathBuf, PngImage)> = Vec::new();
    let mut bad = Vec::new();
    for (path, label) in found {
        match png::parse(&bytes(&path)?, most_bytes()) {
            Ok(image) => {
                images.push((path, image));
                rows.labels.push(label);
            }
            Err(reason) => bad.push(format!("{}: {reason}", path.display())),
        }
    }
    let Some((first, size)) =
        images.first().map(|(path, image)| (path.display().to_string(), (image.width, image.height)))
    else {
        return if bad.is_empty() { Ok(rows) } else { Err(DataError::several(bad, "save them as PNG again")) };
    };
    for (path, PngImage { width, height, .. }) in images.iter().filter(|(_, own)| (own.width, own.height) != size) {
        bad.push(format!("{}: {width} × {height} pixels, and {first} has {} × {}", path.display(), size.0, size.1));
    }
    if !bad.is_empty() {
        return Err(DataError::several(
            bad,
            "images of one set have one size: `mogrify -resize 28x28! *.png` brings them to it",
        ));
    }
    // A set is grey or coloured as a whole.
    let channels = images.iter().map(|(_, image)| image.channels).max().unwrap_or(1);
    for (_, image) in images {
        let values = match image.channels < channels {
            true => image.values.iter().flat_map(|value| [*value; 3]).collect(),
            false => image.values,
        };
        rows.sequences.push(Sequence::Series(Series { values, channels: channels * image.width }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{guess, read as read_any, tests::folder};

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../files/tests/fixtures").join(name)
    }

    #[test]
    fn a_folder_is_a_class_and_a_row_a_step() {
        let path = folder("images");
        for (class, name) in [("a", "grey.png"), ("a", "deep.png"), ("b", "bits.png")] {
            std::fs::create_dir_all(path.join(class)).unwrap();
            std::fs::copy(fixture(name), path.join(class).join(name)).unwrap();
        }
        std::fs::write(path.join("a/Thumbs.db"), "x").unwrap();
        assert_eq!(guess(&path), Some("png"));
        let rows = read_any(&path, None, &ReadOptions::default()).unwrap();
        assert_eq!(rows.labels, ["a", "a", "b"]);
        let Sequence::Series(series) = &rows.sequences[1] else { panic!("a series") };
        assert_eq!((series.channels, series.time()), (5, 6));
        assert!((series.values[5] * 255.0 - 40.0).abs() < 1e-3);
        assert!(rows.notes[0].contains("1 files (Thumbs.db)"), "{:?}", rows.notes);
        // One coloured image makes the set coloured.
        std::fs::copy(fixture("colour.png"), path.join("b/colour.png")).unwrap();
        let rows = read_any(&path, None, &ReadOptions::default()).unwrap();
        assert!(rows.sequences.iter().all(|image| image.values().is_some_and(|(_, channels)| channels == 15)));
    }

    #[test]
    fn all_bad_images_are_named() {
        let path = folder("bad-images");
        let mut small = std::fs::read(fixture("grey.png")).unwrap();
        std::fs::write(path.join("1.png"), &small).unwrap();
        small.truncate(50);
        std::fs::write(path.join("2.png"), &small).unwrap();
        let message = read_any(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("2.png: byte 33: the file is cut short"), "{message}");
        std::fs::copy(fixture("small.png"), path.join("2.png")).unwrap();
        let message = read_any(&path, None, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("2.png: 3 × 2 pixels, and ") && message.contains("1.png has 5 × 6"), "{message}");
    }
}
