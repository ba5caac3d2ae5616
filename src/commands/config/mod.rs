//! `semiseq config`.

mod keys;
mod markdown;

use std::path::PathBuf;

use semiseq::prelude::*;
use semiseq::schema::nearest;
use semiseq::training::config::reference::{KeyTable, schema, tables, written_out};
use serde_json::json;

use super::{json_text, print};
pub(super) use keys::page;

/// The commands under `config`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List what can be written in a config: meaning, range, default and source of each key
    Keys {
        /// A table or a key, such as `data.labels`, `stage.objective.fixmatch`, `lstm` or `stage.batch_size`
        table: Option<String>,
        /// Print one JSON object and nothing else
        #[arg(long)]
        json: bool,
        /// Print the page `docs/config.md`
        #[arg(long, conflicts_with_all = ["json", "table"])]
        markdown: bool,
    },
    /// Print a config in full: every key with its value, or its default, and what it means
    Show {
        /// The config, a TOML file
        config: PathBuf,
        /// Override a value; may be repeated
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
    },
    /// Print the JSON schema of configs, for editors
    Schema,
}

/// Prints what was asked for.
pub fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::Keys { markdown: true, .. } => print(markdown::page(&tables()).trim_end()),
        Command::Keys { table, json, .. } => {
            let found = match table {
                Some(wanted) => wanted_tables(wanted)?,
                None => tables(),
            };
            match json {
                true => print(json_text(&json!({ "tables": found }))?),
                false => print(page(&found).trim_end()),
            }
        }
        Command::Show { config, overrides } => {
            print(written_out(&RunConfig::read_with(config, overrides)?)?.trim_end())
        }
        Command::Schema => print(json_text(&schema())?),
    }
}

/// The tables of a name or a place; of a key its table with that key alone.
fn wanted_tables(wanted: &str) -> Result<Vec<KeyTable>, Error> {
    let place = place_of(wanted);
    let all = tables();
    let is_it = |table: &&KeyTable| table.places.contains(&place) || table.place() == place || table.name() == place;
    let found: Vec<KeyTable> = all.iter().filter(is_it).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let (above, key) = place.rsplit_once('.').unwrap_or(("", &place));
    let mut with_key: Vec<KeyTable> = all
        .iter()
        .filter(|table| above.is_empty() || table.places.iter().any(|place| place == above) || table.name() == above)
        .filter(|table| table.keys.iter().any(|known| known.name == key))
        .cloned()
        .collect();
    with_key.iter_mut().for_each(|table| table.keys.retain(|known| known.name == key));
    if !with_key.is_empty() {
        return Ok(with_key);
    }
    let mut names: Vec<&str> = all.iter().map(KeyTable::name).chain(keys_of(&all)).collect();
    names.sort_unstable();
    names.dedup();
    Err(Error::input(
        format!("`{wanted}` is no table and no key of a config"),
        match nearest(key, &names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`semiseq config keys` lists all of them".into(),
        },
    ))
}

fn keys_of(tables: &[KeyTable]) -> impl Iterator<Item = &str> {
    tables.iter().flat_map(|table| table.keys.iter().map(|key| key.name.as_str()))
}

/// `[[stage]]`, `[stage.1.objective]` and `stage.objective` as a place: without brackets and numbers.
fn place_of(wanted: &str) -> String {
    let bare = wanted.trim().trim_matches(['[', ']']);
    bare.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_by_its_place_and_by_its_name_and_a_key_by_its_table() {
        let places = |wanted: &str| wanted_tables(wanted).unwrap().iter().map(KeyTable::place).collect::<Vec<_>>();
        assert_eq!(places("[[stage]]"), ["stage"]);
        assert_eq!(places("stage.0.objective.fixmatch"), ["stage.objective.fixmatch"]);
        assert_eq!(places("lstm"), ["model.….encoder.lstm"]);
        assert_eq!(places("model.tagger.encoder.lstm"), ["model.….encoder.lstm"]);
        let key = wanted_tables("stage.batch_size").unwrap();
        assert_eq!((key.len(), key[0].keys.len(), key[0].keys[0].name.as_str()), (1, 1, "batch_size"));
        assert!(wanted_tables("hidden").unwrap().len() > 2);
        let message = wanted_tables("stage.batchsiz").unwrap_err().in_full();
        assert!(message.contains("did you mean `batch_size`?"), "{message}");
    }
}
