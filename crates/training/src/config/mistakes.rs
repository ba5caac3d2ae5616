//! All mistakes of a config at once.
//!
//! serde stops at the first mistake. To report all of them, a value that serde refuses is noted and taken out of the
//! way, and the rest is read again.

use semiseq_datasets::{one_line, shown};
use semiseq_schema::Problem;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::config::files::CHOICES;
use crate::config::hints::{Meant, meant};
use crate::config::spans::{Places, join};
use crate::config::values::{find, put, take};

/// Reads `root`, noting and taking out of the way whatever serde refuses, until it is readable. Gives the keys, too,
/// under which stands what the user did not write.
pub(super) fn deserialize_all<T: DeserializeOwned>(
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

/// Whether a key is `table`, or stands in it.
pub(super) fn lies_in(key: &str, table: &str) -> bool {
    key.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
