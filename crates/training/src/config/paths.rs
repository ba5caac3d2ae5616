//! Paths in a config are relative to the config: each file's own are made whole before files are laid over each other.

use std::path::{Component, Path, PathBuf};

use semiseq_datasets::is_built_in;
use semiseq_schema::Problem;
use toml::{Table, Value};

/// Keys that hold a path.
const PATHS: [&[&str]; 9] = [
    &["data", "train"],
    &["data", "valid"],
    &["data", "test"],
    &["data", "unlabeled"],
    &["data", "labels", "file"],
    &["data", "source"],
    &["data", "packed"],
    &["model", "weights"],
    &["weights"],
];

/// Those that may hold several.
const FILES: [&[&str]; 4] = [&["data", "train"], &["data", "valid"], &["data", "test"], &["data", "unlabeled"]];

/// The keys that hold a path where it ends in `.json`.
const TOKENIZERS: [&[&str]; 2] = [&["data", "transform", "tokenize"], &["data", "transform", "tokenize_target"]];

/// A path that was made whole, and is not there though the same words name something from where the user stands.
pub(super) struct Misplaced {
    key: String,
    whole: String,
    hint: String,
    written: String,
}

impl Misplaced {
    /// The mistake, where `table` still holds that path.
    pub(super) fn problem(&self, table: &Table) -> Option<Problem> {
        let keys: Vec<&str> = self.key.split('.').collect();
        let held = keys.split_last().and_then(|(last, parents)| inner(table, parents)?.get(*last));
        let is_held = held.is_some_and(|held| match held {
            Value::Array(list) => list.iter().any(|one| one.as_str() == Some(&self.whole)),
            one => one.as_str() == Some(&self.whole),
        });
        is_held.then(|| Problem {
            key: self.key.clone(),
            message: format!("names `{}`, which is not there from the config's folder", self.written),
            hint: Some(self.hint.clone()),
        })
    }
}

/// Makes the relative paths of a table whole, as seen from `folder`. What a built-in data set is called stays.
pub(super) fn make_whole(table: &mut Table, folder: &Path) -> Vec<Misplaced> {
    let mut misplaced = Vec::new();
    each_path(table, |keys, text| {
        let is_path = match keys.last() {
            Some(&"source") => is_path(text, folder),
            Some(&("tokenize" | "tokenize_target")) => text.ends_with(".json"),
            _ => !text.is_empty(),
        };
        let Some(whole) = Some(&*text).filter(|_| is_path).and_then(|text| whole(text, folder)) else { return };
        if !Path::new(&whole).exists() && Path::new(text).exists() {
            misplaced.push(Misplaced {
                key: keys.join("."),
                hint: format!(
                    "paths in a config are relative to its folder; from there the file is `{}`",
                    seen_from(folder, text).display()
                ),
                whole: whole.clone(),
                written: text.clone(),
            });
        }
        *text = whole;
    });
    misplaced
}

/// Calls `with` each text of a table that may be a path, with its keys.
fn each_path(table: &mut Table, mut with: impl FnMut(&[&str], &mut String)) {
    let models = table.get("model").and_then(Value::as_table).into_iter().flat_map(|models| models.keys().cloned());
    let vectors: Vec<Vec<String>> =
        models.map(|name| ["model", &name, "embedding", "vectors"].map(String::from).to_vec()).collect();
    let vectors: Vec<Vec<&str>> = vectors.iter().map(|keys| keys.iter().map(String::as_str).collect()).collect();
    for keys in PATHS.into_iter().chain(TOKENIZERS).chain(vectors.iter().map(Vec::as_slice)) {
        let Some((last, parents)) = keys.split_last() else { continue };
        // Several files may be read as one.
        let texts: Vec<&mut Value> = match inner_mut(table, parents).and_then(|table| table.get_mut(*last)) {
            Some(Value::Array(list)) if FILES.contains(&keys) => list.iter_mut().collect(),
            Some(value) => vec![value],
            None => continue,
        };
        for text in texts {
            if let Value::String(text) = text {
                with(keys, text);
            }
        }
    }
}

/// Writes the whole paths of a resolved config as they are seen from `folder`, where they have more in common with it
/// than the root: two hosts on which a project lies in different places then have one and the same text of it.
pub fn seen_from_folder(table: &mut Table, folder: &Path) {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(folder) = std::path::absolute(here).map(|folder| folder.canonicalize().unwrap_or(folder)) else { return };
    each_path(table, |_, text| {
        let path = Path::new(text.as_str());
        let common = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
        if !path.is_absolute() || common < 2 {
            return;
        }
        let up = std::iter::repeat_n(Component::ParentDir, folder.components().count() - common);
        let seen: PathBuf = up.chain(path.components().skip(common)).collect();
        if let Some(seen) = seen.to_str() {
            *text = seen.to_string();
        }
    });
}

/// Whether `data.source` is a path: a built-in name is none, and a plain word only where such a file exists.
fn is_path(text: &str, folder: &Path) -> bool {
    let beside = !text.is_empty() && folder.join(text).exists();
    match is_built_in(text) {
        Some(made_by_formula) => !made_by_formula && beside,
        None => text.contains(['/', '\\', '.', '*', '?']) || beside || (!text.is_empty() && Path::new(text).exists()),
    }
}

/// A relative path as a whole one; `None` for one that is whole already, or that cannot be written as text.
fn whole(text: &str, folder: &Path) -> Option<String> {
    let path = Path::new(text);
    if path.is_absolute() {
        return None;
    }
    let joined = folder.join(path);
    // The way to the config itself may lead through `..`, too: the same file has one path wherever the program runs.
    let climbs = joined.components().any(|part| part == Component::ParentDir);
    let joined = std::path::absolute(joined).ok()?;
    // `a/../b` is `b`, unless `a` is a link: only the system knows. The file itself may be a link whose name tells its
    // format.
    let tidy = match (joined.parent().map(Path::canonicalize), joined.file_name()) {
        (Some(Ok(parent)), Some(name)) if climbs => parent.join(name),
        _ => joined,
    };
    tidy.to_str().map(str::to_string)
}

/// How a config in `folder` writes the path that `text` is from where the program runs.
pub fn seen_from(folder: &Path, text: &str) -> PathBuf {
    if Path::new(text).is_absolute() {
        return text.into();
    }
    let plain = folder.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let up = folder.components().filter(|part| matches!(part, Component::Normal(_))).count();
    match plain {
        true => std::iter::repeat_n("..", up).collect::<PathBuf>().join(text),
        false => std::path::absolute(text).unwrap_or_else(|_| text.into()),
    }
}

fn inner<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Table> {
    keys.iter().try_fold(table, |table, key| table.get(*key)?.as_table())
}

fn inner_mut<'a>(table: &'a mut Table, keys: &[&str]) -> Option<&'a mut Table> {
    keys.iter().try_fold(table, |table, key| table.get_mut(*key)?.as_table_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::folder;

    #[test]
    fn paths_are_whole_and_names_stay_names() {
        let folder = folder("paths");
        std::fs::create_dir_all(folder.join("in")).unwrap();
        std::fs::write(folder.join("here.csv"), "a\n").unwrap();
        std::fs::write(folder.join("word"), "a\n").unwrap();
        let of = |source: &str, folder: &Path| {
            let mut table: Table =
                format!("[data]\nsource = '{source}'\n[data.transform]\ntokenize = 'word'\n").parse().unwrap();
            make_whole(&mut table, folder);
            assert_eq!(table["data"]["transform"]["tokenize"].as_str(), Some("word"));
            table["data"]["source"].as_str().unwrap().to_string()
        };
        let whole = |name: &str| folder.join(name).display().to_string();
        assert_eq!(of("here.csv", &folder), whole("here.csv"));
        let tidy = folder.canonicalize().unwrap().join("here.csv").display().to_string();
        assert_eq!(of("../here.csv", &folder.join("in")), tidy);
        assert_eq!(of("here.csv", &folder.join("in/..")), tidy, "the config was named through `..`");
        assert_eq!(of("word", &folder), whole("word"));
        assert_eq!(of("cbf", &folder), "cbf");
        assert_eq!(of("GunPoint", &folder), "GunPoint");
        assert_eq!(of("cbg", &folder), "cbg", "so that the nearest name is suggested");
        assert_eq!(of(&whole("x.csv"), &folder), whole("x.csv"));
    }

    #[test]
    fn a_project_is_the_same_wherever_it_lies() {
        let of = |folder: &Path| {
            let data = folder.join("data/a.csv").display().to_string();
            let mut table: Table =
                format!("[data]\nsource = '{data}'\ntest = ['{data}', '/elsewhere']\n").parse().unwrap();
            std::fs::create_dir_all(folder.join("grids")).unwrap();
            seen_from_folder(&mut table, &folder.join("grids"));
            table
        };
        let (here, there) = (folder("here").canonicalize().unwrap(), folder("there").canonicalize().unwrap());
        let table = of(&here);
        assert_eq!(table["data"]["source"].as_str(), Some("../data/a.csv"));
        assert_eq!(table["data"]["test"][1].as_str(), Some("/elsewhere"));
        assert_eq!(table, of(&there));
    }

    #[test]
    fn the_way_from_a_config_to_a_file() {
        assert_eq!(seen_from(Path::new("configs/grids"), "data/a.csv"), Path::new("../../data/a.csv"));
        assert_eq!(seen_from(Path::new(""), "a.csv"), Path::new("a.csv"));
        assert_eq!(seen_from(Path::new("configs"), "/a.csv"), Path::new("/a.csv"));
    }
}
