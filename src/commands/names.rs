//! `semiseq objectives`, `models` and `augmentations`: what a config can name, and the page of one name.

use semiseq::datasets::AUGMENTATIONS;
use semiseq::models::ENCODERS;
use semiseq::objectives::{OBJECTIVES, REBALANCINGS, notes, rebalancing_notes};
use semiseq::prelude::*;
use semiseq::schema::nearest;
use semiseq::training::config::reference::{KeyTable, tables};
use serde_json::json;

use super::config::page;
use super::{json_text, print};

/// Arguments of the three.
#[derive(clap::Args)]
pub struct Arguments {
    /// One of the names: what it is, and its settings
    name: Option<String>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// Lists objectives, or tells one.
pub fn objectives(arguments: &Arguments) -> Result<(), Error> {
    let known = [
        Kind { title: "objectives", place: "stage.objective", names: of(OBJECTIVES) },
        Kind { title: "methods against imbalance", place: "stage.rebalancing", names: of(REBALANCINGS) },
    ];
    run(arguments, &known, |name| notes(name).or_else(|| rebalancing_notes(name)))
}

/// Lists models and encoders, or tells one.
pub fn models(arguments: &Arguments) -> Result<(), Error> {
    let heads = tables().into_iter().find(|table| table.place() == "model").map(|table| table.keys);
    let heads = heads.unwrap_or_default().into_iter().filter(|key| key.kind == "table");
    let heads = heads.map(|key| (key.name, key.text)).collect();
    let known = [
        Kind { title: "models", place: "model", names: heads },
        Kind { title: "encoders", place: "model.….encoder", names: of(ENCODERS) },
    ];
    run(arguments, &known, |_| None)
}

/// Lists augmentations, or tells one.
pub fn augmentations(arguments: &Arguments) -> Result<(), Error> {
    run(arguments, &[Kind { title: "augmentations", place: "data.augment.…", names: of(AUGMENTATIONS) }], |_| None)
}

/// Names of one kind, and the table that they stand in.
struct Kind {
    title: &'static str,
    place: &'static str,
    names: Vec<(String, String)>,
}

fn of(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, summary)| (name.to_string(), summary.to_string())).collect()
}

fn run(arguments: &Arguments, kinds: &[Kind], notes: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
    let Some(wanted) = &arguments.name else { return list(kinds, arguments.json) };
    let known = || kinds.iter().flat_map(|kind| kind.names.iter().map(move |(name, _)| (kind, name)));
    let Some((kind, name)) = known().find(|(_, name)| *name == wanted) else {
        let names: Vec<&str> = known().map(|(_, name)| name.as_str()).collect();
        let titles: Vec<&str> = kinds.iter().map(|kind| kind.title).collect();
        return Err(Error::input(
            format!("`{wanted}` is none of the {}", titles.join(" and ")),
            match nearest(wanted, &names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known: {}", names.join(", ")),
            },
        ));
    };
    let at = format!("{}.{name}", kind.place);
    let is_it = |table: &KeyTable| table.place() == at || table.places.contains(&at);
    let mut found: Vec<KeyTable> = tables().into_iter().filter(is_it).collect();
    // Settings that other tables have too are shown where the name stands.
    found.iter_mut().filter(|table| table.places.contains(&at)).for_each(|table| table.places = vec![at.clone()]);
    let notes = notes(name);
    if arguments.json {
        return print(json_text(&json!({ "name": name, "notes": notes, "tables": found }))?);
    }
    let notes = notes.map(|notes| format!("{notes}\n\n")).unwrap_or_default();
    print(format!("{notes}{}", page(&found)).trim_end())
}

fn list(kinds: &[Kind], json: bool) -> Result<(), Error> {
    if json {
        let lists = kinds.iter().map(|kind| {
            let names = kind.names.iter().map(|(name, summary)| json!({ "name": name, "summary": summary }));
            (kind.title.to_string(), names.collect::<Vec<_>>().into())
        });
        return print(json_text(&serde_json::Value::Object(lists.collect()))?);
    }
    let longest = kinds.iter().flat_map(|kind| &kind.names).map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for kind in kinds {
        if kinds.len() > 1 {
            lines.push(format!("{}:", kind.title));
        }
        lines.extend(kind.names.iter().map(|(name, summary)| format!("{name:<longest$}  {summary}")));
        lines.push(String::new());
    }
    print(lines.join("\n").trim_end())
}
