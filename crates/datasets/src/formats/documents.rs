//! A folder a class with a text file a document (Maas et al.'s IMDB); a folder `unsup` or `unlabeled` is
//! unlabelled.

use std::path::Path;

use super::{Format, ReadOptions, Rows, files, text};
use crate::error::DataError;
use crate::sequence::Sequence;

pub(super) const FORMAT: Format =
    Format { name: "documents", summary: "a folder a class, a text file a document", endings: &[], read };

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let mut rows = Rows { name: path.display().to_string(), ..Rows::default() };
    for folder in files(path)?.into_iter().filter(|entry| entry.is_dir()) {
        let class = folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        let class = if class == "unsup" || class == "unlabeled" { String::new() } else { class };
        for document in
            files(&folder)?.into_iter().filter(|entry| entry.extension().is_some_and(|ending| ending == "txt"))
        {
            rows.sequences.push(Sequence::Text(text(&document)?.replace("<br />", " ")));
            rows.labels.push(class.clone());
        }
    }
    if rows.sequences.is_empty() {
        return Err(DataError::new(
            format!("{}: the folder holds no data that semiseq knows", path.display()),
            "expected a folder a class with `.txt` documents, a file a class, `NAME_TRAIN.ts`, or IDX files",
        ));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::folder;

    #[test]
    fn folders_are_classes_and_unsup_is_none() {
        let path = folder("documents");
        for (class, text) in [("pos", "good"), ("unsup", "what")] {
            std::fs::create_dir_all(path.join(class)).unwrap();
            std::fs::write(path.join(class).join("1.txt"), text).unwrap();
        }
        assert_eq!(read(&path, &ReadOptions::default()).unwrap().labels, ["pos", ""]);
    }
}
