//! Reads a config strictly: files, `extends`, `--set`, then every mistake at once.
//!
//! serde stops at the first mistake. To report all of them, a value that serde refuses is noted and
//! taken out, and the rest is read again; what is left is then checked for ranges.

use std::fs;
use std::path::{Path, PathBuf};

use semiseq_datasets::Problem;
use semiseq_datasets::formats::text_of;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::RunConfig;
use super::spans::{Places, join, line_of};
use crate::error::{ConfigProblem, Error};

/// Reads the config at `path` with `--set` overrides (`key=value`) applied before checking.
///
/// # Errors
///
/// Every mistake with file, line and key.
pub fn read(path: &Path, overrides: &[String]) -> Result<RunConfig, Error> {
    let (mut table, mut places) = load(path, &mut Vec::new())?;
    if !table.contains_key("name") {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        table.insert("name".into(), Value::String(stem));
    }
    finish(&mut table, &mut places, overrides)
}

/// Reads a config from text; `file` names it in messages.
///
/// # Errors
///
/// Every mistake with line and key.
pub fn read_str(file: &str, text: &str, overrides: &[String]) -> Result<RunConfig, Error> {
    let mut table = parse(file, text)?;
    let mut places = Places::of(file, text);
    finish(&mut table, &mut places, overrides)
}

fn finish(table: &mut Table, places: &mut Places, overrides: &[String]) -> Result<RunConfig, Error> {
    for text in overrides {
        apply_override(table, places, text)?;
    }
    let mut root = Value::Table(table.clone());
    let (config, mut problems): (Option<RunConfig>, _) = deserialize_all(&mut root);
    if let Some(config) = config {
        let noted: Vec<String> = problems.iter().map(|problem| problem.key.clone()).collect();
        problems.extend(config.check().into_iter().filter(|problem| !noted.contains(&problem.key)));
        if problems.is_empty() {
            return Ok(config);
        }
    }
    Err(Error::Config(problems.into_iter().map(|problem| placed(problem, places)).collect()))
}

fn placed(problem: Problem, places: &Places) -> ConfigProblem {
    let message =
        if problem.key.is_empty() { problem.message } else { format!("`{}` {}", problem.key, problem.message) };
    ConfigProblem { place: places.find(&problem.key), message, hint: problem.hint }
}

/// The table of a file laid over the tables that it extends.
fn load(path: &Path, seen: &mut Vec<PathBuf>) -> Result<(Table, Places), Error> {
    let file = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| {
        Error::input(
            format!("{file}: cannot be read: {error}"),
            "give the path of a TOML config, for example `configs/quickstart.toml`",
        )
    })?;
    let text = text_of(bytes, &file)?;
    if seen.iter().any(|known| known == path) {
        return Err(Error::input(
            format!("{file}: `extends` leads back to this file"),
            "remove one of the `extends` keys",
        ));
    }
    seen.push(path.to_path_buf());
    let mut table = parse(&file, &text)?;
    let places = Places::of(&file, &text);
    let Some(base) = table.remove("extends") else {
        return Ok((table, places));
    };
    let Value::String(base) = base else {
        let problem =
            Problem { key: "extends".into(), message: "must be the path of another config".into(), hint: None };
        return Err(Error::Config(vec![placed(problem, &places)]));
    };
    let base = path.parent().unwrap_or(Path::new(".")).join(base);
    let (mut below, mut below_places) = load(&base, seen)?;
    merge(&mut below, table);
    below_places.overlay(places);
    Ok((below, below_places))
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

/// Tables merge key by key; everything else, lists too, is replaced. A table of choices (one key
/// that names the choice) is replaced when the choice differs.
fn merge(below: &mut Table, above: Table) {
    const CHOICES: [&str; 5] = ["model", "encoder", "objective", "optimizer", "schedule"];
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
        Error::input(format!("--set {text}: {message}"), "write it as `--set stage.0.optimizer.adam.lr=1e-3`")
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
    here.insert((*last).to_string(), value);
    places.set(key, &format!("--set {key}"));
    Ok(())
}

/// Reads `root`, noting and taking out whatever serde refuses, until it is readable.
fn deserialize_all<T: DeserializeOwned>(root: &mut Value) -> (Option<T>, Vec<Problem>) {
    const MOST: usize = 50;
    let mut problems: Vec<Problem> = Vec::new();
    for _ in 0..MOST {
        let error = match serde_path_to_error::deserialize::<_, T>(root.clone()) {
            Ok(config) => return (Some(config), problems),
            Err(error) => error,
        };
        let path = dotted(error.path());
        let message = error.into_inner().message().trim().to_string();
        let (key, problem) = explain(&path, &message);
        let repeated = problems.iter().any(|known| key == known.key || key.starts_with(&format!("{}.", known.key)));
        // A required key that an earlier mistake took out is not a second mistake.
        if !repeated {
            problems.push(problem);
        }
        if message.starts_with("missing field") || !remove(root, &key) {
            return (None, problems);
        }
    }
    (None, problems)
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

/// serde's message in the user's words, and the key to take out.
fn explain(path: &str, message: &str) -> (String, Problem) {
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let with = |key: String, message: String, hint: Option<String>| (key.clone(), Problem { key, message, hint });
    if let Some(name) =
        named.first().filter(|_| message.starts_with("unknown field") || message.starts_with("unknown variant"))
    {
        let key =
            if path.ends_with(&format!(".{name}")) || path == *name { path.to_string() } else { join(path, name) };
        let known = &named[1..];
        let hint = match semiseq_datasets::nearest(name, known) {
            Some(best) => format!("did you mean `{best}`?"),
            None if known.is_empty() => "this table has no settings".into(),
            None => format!("known here: {}", known.join(", ")),
        };
        return with(key, "is not a key that semiseq knows".into(), Some(hint));
    }
    if let Some(name) = named.first().filter(|_| message.starts_with("missing field")) {
        return with(join(path, name), "is missing".into(), None);
    }
    if message.contains("wanted exactly 1 element") || message.contains("exactly 1") {
        return with(
            path.to_string(),
            "must hold exactly one table, the choice".into(),
            Some("remove all but one of its tables".into()),
        );
    }
    let message = message
        .replacen("invalid type:", "has the wrong type:", 1)
        .replacen("invalid value:", "has a wrong value:", 1)
        .replace("usize", "a whole number of at least 0")
        .replace("u64", "a whole number of at least 0")
        .replace("f64", "a number");
    with(path.to_string(), message, None)
}

/// Takes the value at a dotted path out of `root`; false if there is none.
fn remove(root: &mut Value, path: &str) -> bool {
    let Some((parent, last)) = path.rsplit_once('.').or(Some(("", path))) else { return false };
    let mut here = root;
    for segment in parent.split('.').filter(|segment| !segment.is_empty()) {
        let next = match here {
            Value::Table(table) => table.get_mut(segment),
            Value::Array(items) => segment.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => return false,
        }
    }
    match here {
        Value::Table(table) => table.remove(last).is_some(),
        Value::Array(items) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
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
    fn a_list_in_set_wants_a_number() {
        let error = read_str("t.toml", GOOD, &["stage.7.epochs=1".to_string()]).unwrap_err().to_string();
        assert!(error.contains("`stage` is a list of 2"), "{error}");
    }
}
