//! A folder per class with a text file a document (Maas et al.'s IMDB); a folder `unsup` or `unlabeled` is
//! unlabelled.

use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::formats::table::layout::{Layout, LayoutKind};
use crate::formats::{Format, ReadOptions, Rows, ends_in, files, named, text};
use crate::sequence::Sequence;

pub(super) const FORMAT: Format = Format {
    name: "documents",
    summary: "a folder per class, a text file a document",
    endings: &[],
    columns: false,
    read,
};

fn read(path: &Path, options: &ReadOptions) -> Result<Rows, DataError> {
    let layout = Some(Layout { kind: LayoutKind::Documents, ..Layout::default() });
    let mut rows = Rows { name: path.display().to_string(), names_of_files: true, layout, ..Rows::default() };
    let (folders, mut strays): (Vec<PathBuf>, Vec<PathBuf>) =
        files(path)?.into_iter().partition(|entry| entry.is_dir());
    let mut left_out = Vec::new();
    for folder in folders {
        let class = folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        let class = if class == "unsup" || class == "unlabeled" { String::new() } else { class };
        for document in files(&folder)? {
            if !is_document(&document) {
                left_out.push(document);
                continue;
            }
            rows.sequences.push(Sequence::Text(text(&document, &mut rows.notes)?.replace("<br />", " ")));
            rows.labels.push(class.clone());
        }
    }
    // New documents stand in no folder of a class.
    if rows.sequences.is_empty() && options.like.is_some() {
        let documents: Vec<PathBuf> = strays.iter().filter(|path| is_document(path)).cloned().collect();
        strays.retain(|path| !is_document(path));
        for document in documents {
            rows.sequences.push(Sequence::Text(text(&document, &mut rows.notes)?.replace("<br />", " ")));
            rows.labels.push(String::new());
        }
    }
    if rows.sequences.is_empty() {
        return Err(DataError::new(
            format!("{}: the folder holds no data that semiseq knows", path.display()),
            "expected a folder per class with `.txt` documents, a file per class, `NAME_TRAIN.ts`, or IDX files",
        ));
    }
    if !left_out.is_empty() {
        let (count, names) = (left_out.len(), named(&left_out));
        rows.notes
            .push(format!("{}: left out, since they do not end in `.txt`: {count} files ({names})", path.display()));
    }
    if !strays.is_empty() {
        let (count, names) = (strays.len(), named(&strays));
        rows.notes.push(format!("{}: left out beside the folders of classes: {count} files ({names})", path.display()));
    }
    Ok(rows)
}

/// Text by its ending, or without one: 20 Newsgroups calls its documents by numbers alone.
fn is_document(path: &Path) -> bool {
    path.is_file() && (ends_in(path, "txt") || path.extension().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    #[test]
    fn folders_are_classes_and_unsup_is_none() {
        let path = folder("documents");
        for (class, text) in [("pos", "good"), ("unsup", "what")] {
            std::fs::create_dir_all(path.join(class)).unwrap();
            std::fs::write(path.join(class).join("1.txt"), text).unwrap();
        }
        assert_eq!(read(&path, &ReadOptions::default()).unwrap().labels, ["pos", ""]);
    }

    #[test]
    fn endings_in_capitals_or_none_are_documents_and_all_else_is_told() {
        let path = folder("documents-endings");
        std::fs::create_dir_all(path.join("pos").join("deep")).unwrap();
        for (name, text) in [("1.TXT", "a"), ("2.txt", "b"), ("5000", "c"), ("notes.md", "d"), ("x.html", "e")] {
            std::fs::write(path.join("pos").join(name), text).unwrap();
        }
        std::fs::write(path.join("README"), "about").unwrap();
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences, ["a", "b", "c"].map(|text| Sequence::Text(text.into())));
        assert!(rows.notes[0].ends_with("do not end in `.txt`: 3 files (deep, notes.md, x.html)"), "{:?}", rows.notes);
        assert!(rows.notes[1].ends_with("beside the folders of classes: 1 files (README)"), "{:?}", rows.notes);
    }

    #[test]
    fn a_class_may_be_called_na() {
        let path = folder("documents-na");
        for class in ["na", "eu"] {
            std::fs::create_dir_all(path.join(class)).unwrap();
            std::fs::write(path.join(class).join("1.txt"), "a").unwrap();
        }
        let dataset = crate::sources::read::dataset_from_rows(
            read(&path, &ReadOptions::default()).unwrap(),
            crate::target_kind::TargetKind::Classify,
        );
        assert_eq!(dataset.unwrap().classes, ["eu", "na"]);
    }
    #[test]
    fn new_documents_need_no_folder_of_a_class() {
        let path = folder("documents-new");
        std::fs::write(path.join("1.txt"), "good").unwrap();
        std::fs::write(path.join("2.txt"), "bad").unwrap();
        let like = Some(Layout { kind: LayoutKind::Documents, ..Layout::default() });
        let rows = crate::formats::read(&path, None, &ReadOptions { like, ..Default::default() }).unwrap();
        assert_eq!(rows.sequences, ["good", "bad"].map(|text| Sequence::Text(text.into())));
        assert_eq!(rows.labels, ["", ""]);
    }
}
