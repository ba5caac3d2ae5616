//! `--set key=value`, laid over what the files say.

use semiseq_datasets::shown;
use toml::{Table, Value};

use crate::config::files::DEEPEST;
use crate::config::spans::Places;
use crate::error::Error;

/// `stage.1.objective.mean-teacher.weight=4`; the value is TOML, or a bare string.
pub(super) fn apply_override(table: &mut Table, places: &mut Places, text: &str) -> Result<(), Error> {
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
    // A stage is so many epochs or so many steps long: what the command line says stands in place of what the file
    // says.
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
