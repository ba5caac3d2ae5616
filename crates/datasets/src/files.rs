//! One path, several, or a pattern such as `part-*.csv`: files that are read as one.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::DataError;

/// Paths of files or folders that are read as one, in their order; `*` and `?` in a path stand for letters of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files(Vec<PathBuf>);

impl Files {
    /// The path, or the first of several.
    pub fn first(&self) -> &Path {
        self.0.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// The files, those that a pattern names by name.
    ///
    /// # Errors
    ///
    /// A pattern that names nothing, or no path at all.
    pub fn found(&self) -> Result<Vec<PathBuf>, DataError> {
        let mut files = Vec::new();
        for path in &self.0 {
            files.extend(if is_pattern(path) { matches(path)? } else { vec![path.clone()] });
        }
        match files.is_empty() {
            true => Err(DataError::new("an empty list of files", "name a file, or leave the key out")),
            false => Ok(files),
        }
    }

    /// The one path, where there is one and it is no pattern.
    pub(crate) fn single(&self) -> Option<&Path> {
        match &self.0[..] {
            [path] if !is_pattern(path) => Some(path),
            _ => None,
        }
    }
}

/// Whether a path is a pattern; a file of this very name is none.
pub(crate) fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?']) && !path.exists()
}

fn matches(pattern: &Path) -> Result<Vec<PathBuf>, DataError> {
    let shown = pattern.display();
    let hint = "`*` stands for any letters of a name, `?` for one, `**` for any folders";
    let found = glob::glob(&pattern.to_string_lossy())
        .map_err(|error| DataError::new(format!("{shown}: no pattern of paths: {error}"), hint))?;
    let files =
        found.collect::<Result<Vec<PathBuf>, _>>().map_err(|error| DataError::file(error.path(), error.error()));
    match files? {
        files if files.is_empty() => Err(DataError::new(format!("{shown}: no file has such a name"), hint)),
        files => Ok(files),
    }
}

impl<P: Into<PathBuf>> From<P> for Files {
    fn from(path: P) -> Self {
        Self(vec![path.into()])
    }
}

impl JsonSchema for Files {
    fn schema_name() -> Cow<'static, str> {
        "Files".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }]
        })
    }
}

impl Serialize for Files {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [path] => path.serialize(serializer),
            paths => paths.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Files;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a list of paths")
            }

            fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<Files, E> {
                Ok(path.into())
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Files, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = list.next_element::<PathBuf>()? {
                    paths.push(path);
                }
                Ok(Files(paths))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_files_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["part-b.csv", "part-a.csv", "other.csv", "odd*.csv"] {
            std::fs::write(folder.join(name), "x\n").unwrap();
        }
        let names = |path: &str| -> Result<Vec<String>, String> {
            let found = Files::from(folder.join(path)).found().map_err(|error| error.to_string())?;
            Ok(found.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect())
        };
        assert_eq!(names("part-*.csv").unwrap(), ["part-a.csv", "part-b.csv"]);
        assert_eq!(names("odd*.csv").unwrap(), ["odd*.csv"], "a file of this very name");
        assert!(names("no-*.csv").unwrap_err().contains("no-*.csv: no file has such a name"));
    }

    #[test]
    fn one_path_is_written_as_one_and_several_as_a_list() {
        for text in ["\"a.csv\"", "[\"a.csv\",\"b.csv\"]"] {
            let files: Files = serde_json::from_str(text).unwrap();
            assert_eq!((serde_json::to_string(&files).unwrap().as_str(), files.first()), (text, Path::new("a.csv")));
        }
        let message = serde_json::from_str::<Files>("7").unwrap_err().to_string();
        assert!(message.contains("expected a path, or a list of paths"), "{message}");
        assert!(Files(Vec::new()).found().is_err());
    }
}
