//! Which file or folder a name means, and which of its files are the training and the test part.

use std::path::{Path, PathBuf};

use semiseq_schema::nearest;

use crate::config::DataConfig;
use crate::error::DataError;
use crate::sources::fetch;
use crate::sources::fetch::catalogue::FETCHABLES;
use crate::sources::fetch::fetchable::Fetchable;
use crate::sources::synthetic::FORMULAS;

/// Whether a name is that of a built-in data set: one made by formula, or one that can be fetched, which a file of the
/// same name stands in for.
pub fn is_built_in(name: &str) -> Option<bool> {
    let made = FORMULAS.iter().any(|formula| formula.name == name);
    (made || fetch::find(name).is_some()).then_some(made)
}

/// The file or folder that `data.source` names.
///
/// # Errors
///
/// A name that is not known, or a set that has not been fetched.
pub(crate) fn located(config: &DataConfig) -> Result<PathBuf, DataError> {
    let mut path = PathBuf::from(&config.source);
    if let Some(set) = fetch::find(&config.source).filter(|_| !path.exists()) {
        path = set.path();
        if !set.is_here() {
            return Err(not_fetched(&path, set, Path::new(fetch::FOLDER)));
        }
    } else if !path.exists() && !config.source.contains(['/', '\\', '.', '*', '?']) {
        let fetchable = FETCHABLES.iter().map(|set| set.name);
        let names: Vec<&str> = FORMULAS.iter().map(|formula| formula.name).chain(fetchable).collect();
        let hint = nearest(&config.source, &names).map_or_else(
            || format!("built-in names: {}; or give the path of your data", names.join(", ")),
            |name| format!("did you mean `{name}`?"),
        );
        return Err(DataError::new(
            format!("there is no built-in data set `{}`, and no such file", config.source),
            hint,
        ));
    }
    if let Some((set, folder)) = fetch::missing(&path) {
        return Err(not_fetched(&path, set, folder));
    }
    Ok(path)
}

fn not_fetched(path: &Path, set: &Fetchable, folder: &Path) -> DataError {
    let to = if folder == Path::new(fetch::FOLDER) { String::new() } else { format!(" --to {}", folder.display()) };
    DataError::new(
        format!("{}: the data set `{}` has not been fetched", path.display(), set.name),
        format!("`semiseq data fetch {}{to}` downloads it; or give its path", set.name),
    )
}

/// The file or folder that a command's INPUT names: a path, or a set that was fetched. Of a folder with a training and
/// a test part it is the test part, which a note tells.
///
/// # Errors
///
/// A name that is not known, or a set that has not been fetched.
pub fn input_path(input: &str) -> Result<(PathBuf, Option<String>), DataError> {
    let path = located(&DataConfig { source: input.into(), ..DataConfig::default() })?;
    if path.is_file() {
        return Ok((path, None));
    }
    Ok(match parts(&path) {
        (_, Some(test)) => {
            let note =
                format!("{}: the test part is read, {}; give a file to read another", path.display(), test.display());
            (test, Some(note))
        }
        (train, None) => (train, None),
    })
}

/// How the name of a training file differs from that of its test file: the UCR archive, MNIST, EMNIST.
const PAIRS: [(&str, &str); 3] =
    [("_TRAIN", "_TEST"), ("train-images", "t10k-images"), ("train-images", "test-images")];

/// The test file that stands beside a training file, packed or not.
fn partner(train: &Path) -> Option<PathBuf> {
    let name = train.file_name()?.to_string_lossy().into_owned();
    PAIRS
        .iter()
        .filter(|(train, _)| name.contains(train))
        .flat_map(|(train, test)| {
            let same = name.replacen(train, test, 1);
            let bare = same.strip_suffix(".gz").unwrap_or(&same).to_string();
            let packed = format!("{bare}.gz");
            [same, bare, packed]
        })
        .map(|name| train.with_file_name(name))
        .find(|path| path.exists())
}

/// The training and the test file of a path: a folder with such a pair, one of a pair, a folder with `train`
/// and `test` inside, or the path itself.
pub(crate) fn parts(path: &Path) -> (PathBuf, Option<PathBuf>) {
    let whole = (path.to_path_buf(), None);
    if path.is_file() {
        let test = partner(path);
        return (path.to_path_buf(), test);
    }
    let Ok(entries) = std::fs::read_dir(path) else { return whole };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let ending =
        |path: &PathBuf| path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let train = entries
        .iter()
        .filter(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_TRAIN")))
        .min_by_key(|path| ["ts", "tsv", "txt"].iter().position(|known| *known == ending(path)).unwrap_or(9));
    if let Some(train) = train {
        return (train.clone(), partner(train));
    }
    let images = entries.iter().find(|path| {
        path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("train-images") && name.contains("idx3-ubyte")
        })
    });
    if let Some(train) = images
        && let Some(test) = partner(train)
    {
        return (train.clone(), Some(test));
    }
    let (train, test) = (path.join("train"), path.join("test"));
    if train.is_dir() {
        return (train, test.is_dir().then_some(test));
    }
    whole
}
