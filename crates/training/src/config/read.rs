//! Reads a config strictly: files, `extends`, `--set`, then every mistake at once.
//!
//! serde stops at the first mistake. To report all of them, a value that serde refuses is noted and
//! taken out, and the rest is read again; what is left is then checked for ranges.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use semiseq_datasets::formats::text_of;
use semiseq_datasets::{formats, is_built_in, one_line, shown};
use semiseq_schema::Problem;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::config::RunConfig;
use crate::config::hints::{Meant, meant};
use crate::config::paths::{Misplaced, make_whole};
use crate::config::spans::{Places, join, line_of};
use crate::error::{ConfigProblem, Error};
use crate::recipe::{ModelSettings, ObjectiveSettings};

/// Reads the config at `path` with `--set` overrides (`key=value`) applied before checking. Relative paths in the config
/// become whole ones, as seen from its folder; those of overrides, as seen from where the program runs.
///
/// # Errors
///
/// Every mistake with file, line and key.
pub fn read(path: &Path, overrides: &[String]) -> Result<RunConfig, Error> {
    read_as(path, overrides)
}

/// As [`read`], for a model or an objective of one's own.
///
/// # Errors
///
/// As [`read`].
pub fn read_as<M: ModelSettings, O: ObjectiveSettings>(
    path: &Path,
    overrides: &[String],
) -> Result<RunConfig<M, O>, Error> {
    read_file(path, overrides, Path::new(""))
}

/// As [`read`], with overrides whose paths are relative to `folder`: those of a grid file.
///
/// # Errors
///
/// As [`read`].
pub fn read_from(path: &Path, overrides: &[String], folder: &Path) -> Result<RunConfig, Error> {
    read_file(path, overrides, folder)
}

fn read_file<M: ModelSettings, O: ObjectiveSettings>(
    path: &Path,
    overrides: &[String],
    folder: &Path,
) -> Result<RunConfig<M, O>, Error> {
    let mut loaded = load(path, &mut Vec::new())?;
    name_by_file(&mut loaded.table, path);
    finish(loaded, overrides, folder)
}

/// Reads a config from text; `file` names it in messages, and the run where the text does not. Paths are relative to where the program runs.
///
/// # Errors
///
/// Every mistake with line and key.
pub fn read_str(file: &str, text: &str, overrides: &[String]) -> Result<RunConfig, Error> {
    read_str_as(file, text, overrides)
}

/// As [`read_str`], for a model or an objective of one's own.
///
/// # Errors
///
/// As [`read_str`].
pub fn read_str_as<M: ModelSettings, O: ObjectiveSettings>(
    file: &str,
    text: &str,
    overrides: &[String],
) -> Result<RunConfig<M, O>, Error> {
    let mut loaded = Loaded { table: parse(file, text)?, places: Places::of(file, text), misplaced: Vec::new() };
    lift_weights(&mut loaded.table, &mut loaded.places);
    name_by_file(&mut loaded.table, Path::new(file));
    finish(loaded, overrides, Path::new(""))
}

impl RunConfig {
    /// Reads the config at `path`; [`read`] also takes overrides, [`read_as`] models and objectives of one's own.
    ///
    /// # Errors
    ///
    /// Every mistake with file, line and key.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        read(path.as_ref(), &[])
    }
}

/// Calls a run that has no name by its file.
fn name_by_file(table: &mut Table, path: &Path) {
    if !table.contains_key("name") {
        let stem = path.file_stem().map_or("run".into(), |stem| stem.to_string_lossy().into_owned());
        table.insert("name".into(), Value::String(stem));
    }
}

/// A file's table laid over those that it extends.
struct Loaded {
    table: Table,
    places: Places,
    misplaced: Vec<Misplaced>,
}

fn finish<M: ModelSettings, O: ObjectiveSettings>(
    loaded: Loaded,
    overrides: &[String],
    folder: &Path,
) -> Result<RunConfig<M, O>, Error> {
    let Loaded { mut table, mut places, mut misplaced } = loaded;
    for text in overrides {
        apply_override(&mut table, &mut places, text)?;
    }
    lift_weights(&mut table, &mut places);
    misplaced.extend(make_whole(&mut table, folder));
    let mut problems: Vec<Problem> = misplaced.iter().filter_map(|misplaced| misplaced.problem(&table)).collect();
    let (config, mistakes, touched) = deserialize_all::<RunConfig<M, O>>(Value::Table(table), &mut places);
    problems.extend(mistakes);
    if let Some(config) = config {
        let noted: Vec<String> = problems.iter().map(|problem| problem.key.clone()).collect();
        // A length that was taken out because of its type is not missing.
        let lacks_length = |key: &str| ["epochs", "steps"].iter().any(|length| noted.contains(&join(key, length)));
        let is_news = |problem: &Problem| {
            let consequence = problem.message.starts_with("needs `epochs`") && lacks_length(&problem.key);
            !consequence && !noted.contains(&problem.key) && !touched.iter().any(|key| lies_in(&problem.key, key))
        };
        problems.extend(config.check().into_iter().filter(is_news));
        if problems.is_empty() {
            return Ok(config.with_something_to_stop_by());
        }
    }
    Err(Error::Config(problems.into_iter().map(|problem| placed(problem, &places)).collect()))
}

/// Keys of `[model]` that are about any model: the table itself holds one table, the choice.
const OF_ANY_MODEL: [&str; 2] = ["weights", "weights_part"];

/// Takes the keys that are about any model out of `[model]`, to where [`RunConfig`] has them.
fn lift_weights(table: &mut Table, places: &mut Places) {
    for key in OF_ANY_MODEL {
        let Some(Value::Table(model)) = table.get_mut("model") else { return };
        if let Some(value) = model.remove(key) {
            places.rename(&join("model", key), key);
            table.insert(key.into(), value);
        }
    }
    if matches!(table.get("model"), Some(Value::Table(model)) if model.is_empty()) {
        table.remove("model");
    }
}

/// Whether a key is `table`, or stands in it.
fn lies_in(key: &str, table: &str) -> bool {
    key.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn placed(problem: Problem, places: &Places) -> ConfigProblem {
    let message =
        if problem.key.is_empty() { problem.message } else { format!("`{}` {}", shown(&problem.key), problem.message) };
    ConfigProblem { place: places.find(&problem.key), message, hint: problem.hint }
}

/// Files that may extend each other in a row.
const DEEPEST: usize = 32;
/// Bytes of a config: what is larger is no config.
const LARGEST: u64 = 16 << 20;

/// The table of a file laid over the tables that it extends.
fn load(path: &Path, seen: &mut Vec<PathBuf>) -> Result<Loaded, Error> {
    let file = path.display().to_string();
    let bytes = read_bytes(path).map_err(|error| {
        let hint = match is_data(path) {
            _ if path.join("config.toml").is_file() => format!("a run folder holds its config: `{file}/config.toml`"),
            true => write_one(&file),
            false => "give the path of a TOML config, for example `configs/quickstart.toml`".into(),
        };
        Error::input(format!("{file}: cannot be read: {error}"), hint)
    })?;
    let no_config = |error: Error| match is_data(path) {
        true => Error::input(format!("{file}: this is data, and no config"), write_one(&file)),
        false => error,
    };
    let text = text_of(bytes, &file).map_err(|error| no_config(error.into()))?;
    // One file has many names: `a.toml`, `x/../a.toml`, a link.
    let itself = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if seen.contains(&itself) {
        return Err(Error::input(
            format!("{file}: `extends` leads back to this file"),
            "remove one of the `extends` keys",
        ));
    }
    if seen.len() == DEEPEST {
        return Err(Error::input(
            format!("{file}: more than {DEEPEST} configs extend each other"),
            "put what they share into one",
        ));
    }
    seen.push(itself);
    let mut table = parse(&file, &text).map_err(no_config)?;
    let places = Places::of(&file, &text);
    let base = table.remove("extends");
    let folder = path.parent().unwrap_or(Path::new(""));
    let misplaced = make_whole(&mut table, folder);
    let mut places = places;
    lift_weights(&mut table, &mut places);
    let above = Loaded { table, places, misplaced };
    let Some(base) = base else {
        return Ok(above);
    };
    let Value::String(base) = base else {
        let problem =
            Problem { key: "extends".into(), message: "must be the path of another config".into(), hint: None };
        return Err(Error::Config(vec![placed(problem, &above.places)]));
    };
    let mut below = load(&folder.join(base), seen)?;
    merge(&mut below.table, above.table);
    below.places.overlay(above.places);
    below.misplaced.extend(above.misplaced);
    Ok(below)
}

fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(std::io::Error::other(format!("it is larger than {} MiB, and no config", LARGEST >> 20))),
        false => Ok(bytes),
    }
}

/// Whether a path in place of a config is data by its name: a table, a folder, a built-in set.
fn is_data(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    if ending.is_some_and(|ending| ending == "toml") {
        return false;
    }
    path.to_str().is_some_and(|name| is_built_in(name).is_some()) || formats::guess(path).is_some()
}

/// How data becomes a config.
fn write_one(data: &str) -> String {
    format!("`semiseq new {data} --output mine.toml` writes a config for this data; then `semiseq train mine.toml`")
}

fn parse(file: &str, text: &str) -> Result<Table, Error> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Error::Config(vec![ConfigProblem {
            place: format!("{file}:{line}"),
            message: error.message().to_string(),
            hint: Some("strings stand in quotes, tables in [brackets], lists of stages in [[stage]]".into()),
        }])
    })
}

/// Tables that hold one table, the choice.
const CHOICES: [&str; 5] = ["model", "encoder", "objective", "optimizer", "schedule"];

/// Tables merge key by key; everything else, lists too, is replaced. A table of choices (one key
/// that names the choice) is replaced when the choice differs.
fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        let other_choice = match (below.get(&key), &value) {
            (Some(Value::Table(old)), Value::Table(new)) => {
                CHOICES.contains(&key.as_str()) && new.keys().any(|name| !old.contains_key(name))
            }
            _ => false,
        };
        match (below.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if !other_choice => merge(old, new),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// `stage.1.objective.mean-teacher.weight=4`; the value is TOML, or a bare string.
fn apply_override(table: &mut Table, places: &mut Places, text: &str) -> Result<(), Error> {
    let wrong = |message: String| {
        Error::input(format!("--set {}: {message}", shown(text)), "write it as `--set stage.0.optimizer.adam.lr=1e-3`")
    };
    let (key, value) = text.split_once('=').ok_or_else(|| wrong("has no `=`".into()))?;
    let key = key.trim();
    let value = value.trim();
    let value = format!("value = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_string()));
    let segments: Vec<&str> = key.split('.').collect();
    if segments.len() > DEEPEST {
        return Err(wrong(format!("names a table {} tables deep", segments.len())));
    }
    let Some((last, parents)) = segments.split_last().filter(|_| segments.iter().all(|segment| !segment.is_empty()))
    else {
        return Err(wrong("has an empty key".into()));
    };
    let mut here = table;
    let mut parents = parents.iter();
    while let Some(segment) = parents.next() {
        let entry = here.entry(segment.to_string()).or_insert_with(|| Value::Table(Table::new()));
        here = match entry {
            Value::Table(inner) => inner,
            Value::Array(items) => {
                let count = items.len();
                let index = parents.next();
                let item = index.and_then(|index| index.parse::<usize>().ok()).and_then(|index| items.get_mut(index));
                match item {
                    Some(Value::Table(inner)) => inner,
                    _ => {
                        return Err(wrong(format!(
                            "`{segment}` is a list of {count}; name one of them by its number, counted from 0"
                        )));
                    }
                }
            }
            _ => return Err(wrong(format!("`{segment}` holds a value, not a table"))),
        };
    }
    // A stage is so many epochs or so many steps long: what the command line says stands in place of what the file says.
    if let ["stage", number, length] = segments[..]
        && let Some(other) = other_length(length)
        && !places.find(&format!("stage.{number}.{other}")).starts_with("--set ")
    {
        here.remove(other);
    }
    here.insert((*last).to_string(), value);
    places.set(key, &format!("--set {key}"));
    Ok(())
}

/// The other key for a stage's length.
fn other_length(key: &str) -> Option<&'static str> {
    match key {
        "epochs" => Some("steps"),
        "steps" => Some("epochs"),
        _ => None,
    }
}

/// How a value that serde refused is taken out of the way of the next mistake.
enum Repair {
    /// Taken out.
    Remove,
    /// Put under the name that was meant, where nothing stands under it; what is wrong in it is reported too.
    Rename(String),
    /// Taken out, with this choice in its place, so that the table around it holds one.
    Choose(String),
    /// The user's own in a readable form.
    Reshape(Value),
    /// Something readable in its place; what is wrong with that is no mistake of the user's.
    Replace(Value),
}

/// Reads `root`, noting and taking out of the way whatever serde refuses, until it is readable. Gives the keys, too, under
/// which stands what the user did not write.
fn deserialize_all<T: DeserializeOwned>(
    mut root: Value,
    places: &mut Places,
) -> (Option<T>, Vec<Problem>, Vec<String>) {
    const MOST: usize = 50;
    let (mut problems, mut touched): (Vec<Problem>, Vec<String>) = (Vec::new(), Vec::new());
    let mut renamed: Vec<String> = Vec::new();
    for _ in 0..MOST {
        let error = match serde_path_to_error::deserialize::<_, T>(root.clone()) {
            Ok(config) => return (Some(config), problems, touched),
            Err(error) => error,
        };
        let path = dotted(error.path());
        let message = error.into_inner().message().trim().to_string();
        let (problem, repair) = explain(&path, &message, &root);
        let key = problem.key.clone();
        let known =
            problems.iter().any(|known| lies_in(&key, &known.key)) || touched.iter().any(|own| lies_in(&key, own));
        // What was meant may ask for keys that the name in the file would not have asked for.
        let follows = message.starts_with("missing field") && renamed.contains(&path);
        if !known && !follows {
            problems.push(problem);
        }
        let mended = match repair {
            Repair::Remove => take(&mut root, &key).is_some(),
            Repair::Reshape(value) => put(&mut root, &key, value),
            Repair::Replace(value) => {
                touched.push(key.clone());
                put(&mut root, &key, value)
            }
            Repair::Choose(name) => {
                let new = match key.rsplit_once('.') {
                    Some((table, _)) => join(table, &name),
                    None => name,
                };
                touched.push(new.clone());
                take(&mut root, &key).is_some() && put(&mut root, &new, Value::Table(Table::new()))
            }
            Repair::Rename(name) => {
                let new = match key.rsplit_once('.') {
                    Some((table, _)) => join(table, &name),
                    None => name,
                };
                places.rename(&key, &new);
                renamed.push(new.clone());
                match take(&mut root, &key) {
                    Some(value) => find(&root, &new).is_some() || put(&mut root, &new, value),
                    None => false,
                }
            }
        };
        if !mended {
            break;
        }
    }
    (None, problems, touched)
}

fn dotted(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold(String::new(), |path, segment| match segment {
        Segment::Seq { index } => join(&path, &index.to_string()),
        Segment::Map { key } => join(&path, key),
        // A variant's name is a table's key in TOML, and serde reports it as both.
        Segment::Enum { variant } => join(&path, variant),
        Segment::Unknown => path,
    })
}

/// serde's message in the user's words, with the key that it is about, and what to do to read on.
fn explain(path: &str, message: &str, root: &Value) -> (Problem, Repair) {
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let with = |key: &str, message: &str, hint: Option<String>, repair: Repair| {
        (Problem { key: key.into(), message: message.into(), hint }, repair)
    };
    // serde goes on to the choice that a mere word names; in the file there is the word alone.
    let path = match path.rsplit_once('.') {
        Some((table, _)) if matches!(find(root, table), Some(Value::String(_))) => table,
        _ => path,
    };
    let last = path.rsplit('.').next().unwrap_or_default();
    if let Some(name) =
        named.first().filter(|_| message.starts_with("unknown field") || message.starts_with("unknown variant"))
    {
        let key = if last == *name { path.to_string() } else { join(path, name) };
        let known = &named[1..];
        let is_choice = message.starts_with("unknown variant");
        if is_choice && find(root, &key).is_none() {
            // One word of a few, `pooling = "avarage"`, and no table.
            let hint = match meant(name, known) {
                Meant::Name(best) => format!("did you mean `{best}`?"),
                _ => format!("known here: {}", known.join(", ")),
            };
            return with(path, &format!("cannot be `{}`", shown(name)), Some(hint), Repair::Remove);
        }
        let (hint, repair) = match meant(name, known) {
            Meant::Name(best) => (format!("did you mean `{best}`?"), Repair::Rename(best)),
            Meant::Elsewhere(own, home) => {
                (format!("`{own}` stands in {}", place_of(home, &own, path)), Repair::Remove)
            }
            Meant::Nothing if known.is_empty() => ("this table has no settings".into(), Repair::Remove),
            Meant::Nothing => (format!("known here: {}", known.join(", ")), Repair::Remove),
        };
        // Without its one choice the table around it would be refused, for the same mistake.
        let repair = match (repair, known.first()) {
            (Repair::Remove, Some(first)) if is_choice => Repair::Choose((*first).to_string()),
            (repair, _) => repair,
        };
        return with(&key, "is not a key that semiseq knows", Some(hint), repair);
    }
    if let Some(name) = named.first().filter(|_| message.starts_with("missing field")) {
        let (hint, value) = missing(name);
        return with(&join(path, name), "is missing", hint.map(Into::into), Repair::Replace(value));
    }
    if let Some(choice) = CHOICES.iter().find(|choice| **choice == last) {
        let table = |name: &str| format!("[{}.{name}]", header(path));
        let (_, stand_in) = missing(choice);
        match find(root, path) {
            Some(Value::String(name)) => {
                let hint = format!("a choice is a table of its own: `{}`", table(name));
                let value = Value::Table(Table::from_iter([(name.clone(), Value::Table(Table::new()))]));
                return with(
                    path,
                    &format!("names `{}`, and holds no table", shown(name)),
                    Some(hint),
                    Repair::Replace(value),
                );
            }
            Some(Value::Table(inner)) if inner.is_empty() => {
                let hint = stand_in.as_table().and_then(|table| table.keys().next()).map(|name| table(name));
                let hint = hint.map(|table| format!("for example `{table}`"));
                return with(path, "holds no choice", hint, Repair::Replace(stand_in));
            }
            Some(Value::Table(inner)) if inner.len() > 1 => {
                let first = inner.iter().take(1).map(|(name, value)| (name.clone(), value.clone())).collect();
                let names: Vec<String> = inner.keys().take(5).map(|name| format!("`{}`", shown(name))).collect();
                return with(
                    path,
                    &format!("must hold exactly one table, the choice; it holds {}", names.join(", ")),
                    Some("remove all but one of its tables".into()),
                    Repair::Reshape(Value::Table(first)),
                );
            }
            _ => {}
        }
    }
    if let (true, Some(stage @ Value::Table(_))) = (path == "stage", find(root, path)) {
        let hint = "write `[[stage]]`, with two brackets, above each stage; `[stage.objective.…]` keeps one";
        let stages = Value::Array(vec![stage.clone()]);
        let (problem, _) =
            with(path, "is one table, and a run has a list of stages", Some(hint.into()), Repair::Remove);
        return (problem, Repair::Reshape(stages));
    }
    if let Some(Value::Array(items)) = find(root, path).filter(|_| message.contains("expected struct"))
        && let [Value::Table(_)] = items.as_slice()
    {
        let hint = format!("write `[{}]`, with one bracket", header(path));
        return with(path, "is a list of tables, and only one is read", Some(hint), Repair::Reshape(items[0].clone()));
    }
    let stands_for_table = find(root, path).is_some_and(|value| !value.is_table() && !value.is_array());
    if stands_for_table && message.contains("expected struct") {
        let hint = format!("write `[{}]` and its keys below that line", header(path));
        return with(
            path,
            "is a table of settings, and no value",
            Some(hint),
            Repair::Replace(Value::Table(Table::new())),
        );
    }
    let message = message
        .replacen("invalid type:", "has the wrong type:", 1)
        .replacen("invalid value:", "has a wrong value:", 1)
        .replace("usize", "a whole number of at least 0")
        .replace("u64", "a whole number of at least 0")
        .replace("f64", "a number");
    with(path, &one_line(&message, 1_000), None, Repair::Remove)
}

/// A key's path as a table's header: stages are a list and have no number there.
fn header(path: &str) -> String {
    path.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}

/// Where a key stands, in words that can be copied.
fn place_of(home: &str, key: &str, path: &str) -> String {
    match home.starts_with('[') {
        false => format!("{home}: `{key} = …`"),
        true => {
            let below =
                if path.starts_with("stage.") && home.starts_with("[stage.") { " below this stage" } else { "" };
            format!("`{home}`: write that line{below}, and `{key} = …` after it")
        }
    }
}

/// How a key that has no default is written, and something readable in its place.
fn missing(name: &str) -> (Option<&'static str>, Value) {
    let of = |text: &str| {
        let table: Table = text.parse().unwrap_or_default();
        table.into_iter().next().map_or(Value::Integer(1), |(_, value)| value)
    };
    match name {
        "data" => (Some("add a `[data]` table with `source = …`"), of("data = { source = 'cbf' }")),
        "model" => (
            Some("add a model, for example `[model.classifier.encoder.lstm]`"),
            of("model = { classifier = { encoder = { lstm = {} } } }"),
        ),
        "stage" => (
            Some("add a `[[stage]]` with a `[stage.objective.supervised]` table"),
            of("stage = [{ epochs = 1, objective = { supervised = {} } }]"),
        ),
        "objective" => (
            Some("add what the stage minimises, for example `[stage.objective.supervised]`"),
            of("x = { supervised = {} }"),
        ),
        "encoder" => (Some("add an encoder, for example `[model.classifier.encoder.lstm]`"), of("x = { lstm = {} }")),
        "optimizer" => (None, of("x = { adam = {} }")),
        "schedule" => (None, of("x = { constant = {} }")),
        _ => (None, Value::Integer(1)),
    }
}

/// The value at a dotted path.
fn find<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|segment| !segment.is_empty()).try_fold(root, |here, segment| match here {
        Value::Table(table) => table.get(segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The table or list that holds the value at a dotted path, and the value's name in it.
fn holder<'a, 'b>(root: &'a mut Value, path: &'b str) -> Option<(&'a mut Value, &'b str)> {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let holder =
        parent.split('.').filter(|segment| !segment.is_empty()).try_fold(root, |here, segment| match here {
            Value::Table(table) => table.get_mut(segment),
            Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
            _ => None,
        })?;
    Some((holder, last))
}

/// Takes out the value at a dotted path.
fn take(root: &mut Value, path: &str) -> Option<Value> {
    match holder(root, path)? {
        (Value::Table(table), last) => table.remove(last),
        (Value::Array(items), last) => {
            let index = last.parse::<usize>().ok().filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

/// Puts a value at a dotted path; false where there is no such table or list.
fn put(root: &mut Value, path: &str, value: Value) -> bool {
    match holder(root, path) {
        Some((Value::Table(table), last)) => {
            table.insert(last.to_string(), value);
            true
        }
        Some((Value::Array(items), last)) => match last.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
            Some(item) => {
                *item = value;
                true
            }
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"name = "t"
[data]
source = "cbf"
[model.classifier.encoder.gru]
hidden = 8
[[stage]]
epochs = 2
[stage.objective.supervised]
[[stage]]
epochs = 3
[stage.objective.mean-teacher]
weight = 8.0
"#;

    fn problems(text: &str, overrides: &[&str]) -> Vec<ConfigProblem> {
        let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
        match read_str("t.toml", text, &overrides) {
            Err(Error::Config(problems)) => problems,
            other => panic!("expected problems, got {other:?}"),
        }
    }

    #[test]
    fn a_good_config_reads_and_round_trips() {
        let config = read_str("t.toml", GOOD, &[]).unwrap();
        assert_eq!(config.stages.len(), 2);
        let text = toml::to_string(&config).unwrap();
        assert_eq!(read_str("again.toml", &text, &[]).unwrap(), config);
    }

    #[test]
    fn all_mistakes_are_reported_with_their_lines() {
        let text = GOOD
            .replace("weight = 8.0", "weigth = 8.0")
            .replace("hidden = 8", "hidden = \"eight\"")
            .replace("epochs = 2", "epochs = 0");
        let found = problems(&text, &[]);
        let places: Vec<_> = found.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            places.contains(&"t.toml:12") && places.contains(&"t.toml:5") && places.contains(&"t.toml:7"),
            "{found:?}"
        );
        assert!(found.iter().any(|problem| problem.hint.as_deref() == Some("did you mean `weight`?")));
    }

    #[test]
    fn a_name_is_one_folder() {
        let named = |name: &str| GOOD.replace("name = \"t\"", &format!("name = \"{name}\""));
        for name in ["", " ", "a/b", "..", r"a\nb", r"\u001b[31m"] {
            let found = problems(&named(name), &[]);
            assert_eq!((found.len(), &found[0].place[..]), (1, "t.toml:1"), "{name}: {found:?}");
            assert!(found[0].message.contains("must be a plain folder name"), "{found:?}");
            assert!(!found[0].message.contains(char::is_control), "{found:?}");
        }
        assert_eq!(read_str("t.toml", &named("été 1"), &[]).unwrap().name, "été 1");
    }

    #[test]
    fn an_unknown_choice_suggests_the_nearest() {
        let found = problems(&GOOD.replace("mean-teacher", "mean-techer"), &[]);
        assert_eq!(found[0].hint.as_deref(), Some("did you mean `mean-teacher`?"));
        assert_eq!(found[0].place, "t.toml:11");
    }

    #[test]
    fn set_overrides_before_checking() {
        let overrides = ["stage.1.objective.mean-teacher.weight=4".to_string(), "data.source=two-patterns".to_string()];
        let config = read_str("t.toml", GOOD, &overrides).unwrap();
        assert_eq!(config.data.source, "two-patterns");
        assert!(toml::to_string(&config).unwrap().contains("weight = 4.0"));
        assert_eq!(problems(GOOD, &["stage.1.epochs=0"])[0].place, "--set stage.1.epochs");
    }

    #[test]
    fn a_length_on_the_command_line_replaces_the_files() {
        let config = read_str("t.toml", GOOD, &["stage.1.steps=7".to_string()]).unwrap();
        assert_eq!((config.stages[1].steps, config.stages[1].epochs), (Some(7), None));
        let both = problems(GOOD, &["stage.1.steps=7", "stage.1.epochs=2"]);
        assert!(both[0].place.starts_with("--set stage.1."), "{}", both[0].place);
    }

    #[test]
    fn a_choice_of_another_name_is_one_mistake_whatever_it_asks_for() {
        // `convolutional` asks for a height; the file never named it.
        let found = problems(&GOOD.replace("encoder.gru", "encoder.cnn"), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].hint.as_deref(), Some("did you mean `convolutional`?"));
    }

    #[test]
    fn a_value_in_place_of_a_table_is_one_mistake() {
        let text = format!("{GOOD}[stage.optimizer]\nadam = 0.1\n");
        let found = problems(&text, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.contains("`stage.1.optimizer.adam` is a table of settings"), "{found:?}");
        assert!(found[0].hint.as_deref().is_some_and(|hint| hint.contains("[stage.optimizer.adam]")), "{found:?}");
    }

    #[test]
    fn early_stopping_keeps_a_validation_part_where_the_file_says_nothing_of_one() {
        let stopping = |data: &str| {
            let text = GOOD.replace("source = \"cbf\"", &format!("source = \"cbf\"\n{data}"));
            let set = ["stage.1.early_stopping.metric=valid.loss".to_string()];
            read_str("t.toml", &text, &set).unwrap().data.validation_fraction()
        };
        assert_eq!(stopping(""), 0.2);
        for said in ["validation = \"none\"", "valid_fraction = 0.0", "valid = \"v.csv\""] {
            assert_eq!(stopping(said), 0.0, "{said}");
        }
        assert_eq!(stopping("validation = 0.3"), 0.3);
        assert_eq!(read_str("t.toml", GOOD, &[]).unwrap().data.validation_fraction(), 0.0, "no label is spent unasked");
    }

    #[test]
    fn a_list_in_set_wants_a_number() {
        let error = read_str("t.toml", GOOD, &["stage.7.epochs=1".to_string()]).unwrap_err().to_string();
        assert!(error.contains("`stage` is a list of 2"), "{error}");
    }

    #[test]
    fn a_stage_with_one_bracket_and_a_missing_table_hide_no_other_mistake() {
        let text = "[data]\nsource = \"cbf\"\n[stage]\nepochs = 0\n[stage.objective.supervised]\n";
        let found = problems(text, &[]);
        let told: Vec<&str> = found.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().any(|message| message.starts_with("`model` is missing")), "{told:?}");
        assert!(told.iter().any(|message| message.starts_with("`stage` is one table")), "{told:?}");
        assert!(told.iter().any(|message| message.contains("`stage.0.epochs` must be at least 1")), "{told:?}");
    }

    /// A config that holds something of each kind of key.
    const RICH: &str = r#"name = "t"
seed = 3
backend = "flex"
devices = [0]
[data]
source = "cbf"
size = 90
valid_fraction = 0.2
[data.labels]
per_class = 4
[data.transform]
normalize = "series"
resample = 16
[data.augment]
strong = [{ jitter = { deviation = 0.05 } }, { cutout = {} }]
[model.classifier]
pooling = "mean"
dropout = 0.2
[model.classifier.encoder.gru]
hidden = 6
layers = 2
[[stage]]
epochs = 2
[stage.objective.autoencoder]
hidden = 6
[[stage]]
epochs = 4
batch_size = 6
early_stopping = { metric = "valid.accuracy", patience = 3 }
layers = { encoder = { frozen_epochs = 1, lr_factor = 0.5 } }
[stage.objective.mean-teacher]
weight = 8.0
[stage.optimizer.adam]
lr = 1e-2
[stage.schedule.cosine]
warmup = 0.1
[baseline]
enabled = true
"#;

    const VALUES: [&str; 16] = [
        "-1",
        "0",
        "9223372036854775807",
        "-9223372036854775808",
        "1e308",
        "nan",
        "-inf",
        "true",
        "\"\"",
        "\"x\\u0000\"",
        "[]",
        "{}",
        "[[]]",
        "{ a = { b = 1 } }",
        "1979-05-27",
        "\"mean-teacher\"",
    ];

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 3_000, failure_persistence: None, ..Default::default() })]

        /// Whatever is changed in a config, it is read, or refused with a place; what is read says itself again.
        #[test]
        fn changed_configs_are_read_or_refused(
            changes in proptest::collection::vec((0..6u8, 0..64usize, 0..64usize, 0..VALUES.len()), 1..5)
        ) {
            let mut lines: Vec<String> = RICH.lines().map(str::to_string).collect();
            for (kind, first, second, value) in changes {
                let (first, second) = (first % lines.len().max(1), second % lines.len().max(1));
                match kind {
                    _ if lines.is_empty() => break,
                    0 => drop(lines.remove(first)),
                    1 => lines.swap(first, second),
                    2 => lines.insert(second, lines[first].clone()),
                    3 => {
                        if let Some((key, _)) = lines[first].clone().split_once('=') {
                            lines[first] = format!("{key}= {}", VALUES[value]);
                        }
                    }
                    4 => {
                        let place = second % lines[first].len().max(1);
                        if lines[first].is_ascii() && !lines[first].is_empty() {
                            lines[first].remove(place);
                        }
                    }
                    _ => {
                        let place = second % (lines[first].len() + 1);
                        if lines[first].is_ascii() {
                            lines[first].insert_str(place, VALUES[value]);
                        }
                    }
                }
            }
            match read_str("t.toml", &lines.join("\n"), &[]) {
                Ok(config) => {
                    let text = toml::to_string(&config).unwrap();
                    proptest::prop_assert_eq!(read_str("again.toml", &text, &[]).unwrap(), config);
                }
                Err(Error::Config(problems)) => {
                    proptest::prop_assert!(!problems.is_empty());
                    for problem in problems {
                        proptest::prop_assert!(problem.place.starts_with("t.toml"), "{:?}", problem);
                        proptest::prop_assert!(!problem.message.is_empty());
                    }
                }
                Err(other) => proptest::prop_assert!(false, "{}", other),
            }
        }
    }
}
