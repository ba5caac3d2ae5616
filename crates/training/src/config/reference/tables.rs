//! The tables of a config with their keys, from the JSON schema.

use serde::Serialize;
use serde_json::Value;

use crate::config::reference::schema::schema;

/// A table that a config can hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyTable {
    /// Each place it can stand, as dotted keys without a stage's number: `stage.objective.fixmatch`; the first level of
    /// a config is the empty place.
    pub places: Vec<String>,
    /// What it is; of a choice with its source.
    pub text: String,
    /// Its keys, in the order of the alphabet.
    pub keys: Vec<Key>,
    /// Whether it holds one of its keys alone, the choice.
    pub choice: bool,
}

/// A key of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Key {
    /// Its name.
    pub name: String,
    /// What its value is, in words: `number`, `true or false`, `table`.
    pub kind: String,
    /// Its default as TOML writes it, where the config's struct has one.
    pub default: Option<String>,
    /// Whether a config without it is refused.
    pub required: bool,
    /// What it means, with its range, as the doc comment says.
    pub text: String,
}

impl KeyTable {
    /// The places in one: `model.….encoder.lstm` where they differ in the middle, `stage.optimizer.{adam, adamw}` where
    /// they do at the end.
    pub fn place(&self) -> String {
        let places: Vec<Vec<&str>> = self.places.iter().map(|place| place.split('.').collect()).collect();
        let Some((first, rest)) = places.split_first() else { return String::new() };
        if rest.is_empty() {
            return first.join(".");
        }
        let shortest = places.iter().map(Vec::len).min().unwrap_or_default();
        let agree = |at: &dyn Fn(&Vec<&str>, usize) -> String| {
            (0..shortest).take_while(|index| rest.iter().all(|place| at(place, *index) == at(first, *index))).count()
        };
        let before = agree(&|place, index| place[index].to_string());
        let after = agree(&|place, index| place[place.len() - 1 - index].to_string()).min(shortest - before);
        if after == 0 && places.iter().all(|place| place.len() == before + 1) {
            let names: Vec<&str> = places.iter().map(|place| place[before]).collect();
            let names = format!("{{{}}}", names.join(", "));
            return [&first[..before], &[names.as_str()]].concat().join(".");
        }
        let tail = &first[first.len() - after..];
        [&first[..before], &["…"], tail].concat().join(".")
    }

    /// The name of the table alone: `lstm` of `model.….encoder.lstm`.
    pub fn name(&self) -> &str {
        self.places.first().and_then(|place| place.rsplit('.').next()).unwrap_or_default()
    }
}

/// Every table that a config can hold, those of the first levels first.
pub fn tables() -> Vec<KeyTable> {
    let schema = schema();
    let mut walk = Walk { schema: &schema, found: Vec::new(), above: Vec::new() };
    walk.table("", "", &schema, "A run: the keys above all tables.");
    walk.found.into_iter().map(|(_, table)| table).collect()
}

struct Walk<'a> {
    schema: &'a Value,
    /// By the name of the definition.
    found: Vec<(String, KeyTable)>,
    /// Definitions that the walk is in: a part of `joint` is an objective again.
    above: Vec<String>,
}

impl<'a> Walk<'a> {
    /// Notes the table of a definition at a place, and those below it.
    fn table(&mut self, definition: &str, place: &str, node: &'a Value, text: &str) {
        let Some(properties) = node.get("properties").and_then(Value::as_object) else { return };
        if let Some((_, known)) = self.found.iter_mut().find(|(name, _)| !name.is_empty() && name == definition) {
            if !known.places.iter().any(|known| known == place) {
                known.places.push(place.to_string());
            }
        } else {
            let required = node.get("required").and_then(Value::as_array);
            let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
            let keys = properties.iter().map(|(name, value)| self.key(name, value, is_required(name))).collect();
            let choice = node.get("maxProperties").is_some();
            let table = KeyTable { places: vec![place.to_string()], text: text.to_string(), keys, choice };
            self.found.push((definition.to_string(), table));
        }
        self.above.push(definition.to_string());
        for (name, value) in properties {
            let (definition, below) = self.resolved(value);
            let (definition, below) = match below.get("items") {
                Some(items) => self.resolved(items),
                None => (definition, below),
            };
            if !self.above.contains(&definition) {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                let own = below.get("description").and_then(Value::as_str).unwrap_or_default();
                let text = match (text_of(value), own) {
                    (text, own) if text.is_empty() || is_header(own) => or(text, own),
                    (text, own) if own.is_empty() || own == text => text,
                    (text, own) => format!("{text}\n\n{own}"),
                };
                self.table(&definition, &place, below, &text);
            }
        }
        self.above.pop();
    }

    fn key(&self, name: &str, value: &'a Value, required: bool) -> Key {
        let default = value.get("default").filter(|default| !default.is_null()).and_then(written);
        Key { name: name.to_string(), kind: self.kind(value), default, required, text: text_of(value) }
    }

    /// What a reference, or a value that may be absent, stands for, with the name of its definition.
    fn resolved(&self, value: &'a Value) -> (String, &'a Value) {
        let reference = |value: &'a Value| {
            let name = value.get("$ref")?.as_str()?.strip_prefix("#/definitions/")?;
            Some((name.to_string(), self.schema.get("definitions")?.get(name)?))
        };
        let one = |key: &str| match value.get(key).and_then(Value::as_array).map(Vec::as_slice) {
            Some([held]) => Some(held),
            Some([held, null]) if null["type"] == "null" => Some(held),
            _ => None,
        };
        match reference(value) {
            Some((name, held)) if held.get("properties").is_some() => (name, held),
            Some((_, held)) => self.resolved(held),
            None => match one("allOf").or_else(|| one("anyOf")) {
                Some(held) => self.resolved(held),
                None => (String::new(), value),
            },
        }
    }

    /// What a value is, in words.
    fn kind(&self, value: &'a Value) -> String {
        let (_, value) = self.resolved(value);
        if value.get("properties").is_some() {
            return "table".into();
        }
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| value.get(*key)?.as_array());
        if let Some(alternatives) = alternatives {
            let mut kinds: Vec<String> = alternatives.iter().map(|value| self.kind(value)).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
        if let Some(word) = value.get("const") {
            return format!("`{}`", written(word).unwrap_or_default());
        }
        if let Some(words) = value.get("enum").and_then(Value::as_array) {
            let words: Vec<String> = words.iter().filter_map(|word| Some(format!("`{}`", written(word)?))).collect();
            return words.join(" or ");
        }
        let kind = match value.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
            kind => kind.and_then(Value::as_str),
        };
        match kind {
            Some("integer") => "whole number".into(),
            Some("number") => "number".into(),
            Some("boolean") => "true or false".into(),
            Some("string") => "text".into(),
            Some("array") => match value.get("items").map(|items| self.kind(items)) {
                Some(items) => format!("list of {}", plural(&items)),
                None => "list".into(),
            },
            Some("object") => "table".into(),
            _ => "value".into(),
        }
    }
}

fn plural(kind: &str) -> String {
    match kind {
        "text" => "texts".into(),
        "number" | "whole number" | "table" => format!("{kind}s"),
        kind => kind.into(),
    }
}

/// What the doc comment says, its lines joined.
fn text_of(value: &Value) -> String {
    let text = value.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split("\n\n")
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// Whether a struct's doc comment says no more than the table's name.
fn is_header(text: &str) -> bool {
    (text.starts_with("`[") || text.starts_with("Settings of `")) && text.trim_end_matches('.').ends_with('`')
}

fn or(text: String, other: &str) -> String {
    if text.is_empty() { other.to_string() } else { text }
}

/// A value as TOML writes it; nothing for a table, whose own keys have their defaults.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Array(items) => Some(format!("[{}]", items.iter().map(written).collect::<Option<Vec<_>>>()?.join(", "))),
        Value::String(text) => Some(toml::Value::String(text.clone()).to_string()),
        value => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use semiseq_objectives::OBJECTIVES;

    use super::*;

    fn table(place: &str) -> KeyTable {
        let all = tables();
        let found = all.iter().find(|table| table.places.iter().any(|known| known == place));
        found.unwrap_or_else(|| panic!("no table {place}")).clone()
    }

    #[test]
    fn a_key_has_its_kind_its_default_and_its_meaning() {
        let fixmatch = table("stage.objective.fixmatch");
        assert!(fixmatch.text.contains("Sohn et al. 2020"), "{}", fixmatch.text);
        let key = |name: &str| fixmatch.keys.iter().find(|key| key.name == name).expect("a key");
        assert_eq!((key("threshold").kind.as_str(), key("threshold").default.as_deref()), ("number", Some("0.95")));
        assert!(key("threshold").text.starts_with("τ in [0, 1]"), "{}", key("threshold").text);
        assert_eq!(key("supervised").kind, "table");

        let classifier = table("model.classifier");
        let pooling = classifier.keys.iter().find(|key| key.name == "pooling").expect("a key");
        assert_eq!(pooling.kind, "`\"last\"` or `\"mean\"` or `\"max\"` or `\"attention\"`");
        assert_eq!(pooling.default.as_deref(), Some("\"last\""));
        let encoder = classifier.keys.iter().find(|key| key.name == "encoder").expect("a key");
        assert!(encoder.required && encoder.default.is_none());
    }

    #[test]
    fn a_table_of_many_places_is_told_once() {
        let lstm = table("model.tagger.encoder.lstm");
        assert_eq!((lstm.place().as_str(), lstm.name()), ("model.….encoder.lstm", "lstm"));
        assert!(lstm.places.contains(&"model.regressor.encoder.lstm".into()));
        assert_eq!(table("stage.optimizer.adam").place(), "stage.optimizer.{adam, adamw}");
        assert_eq!(table("").place(), "");
        assert_eq!(table("stage").place(), "stage");
    }

    #[test]
    fn every_objective_is_a_choice_and_models_have_keys_beside_theirs() {
        let objectives = table("stage.objective");
        assert!(objectives.choice);
        for (name, summary) in OBJECTIVES {
            let key = objectives.keys.iter().find(|key| key.name == *name).expect(name);
            assert_eq!(key.text, *summary);
        }
        let model = table("model");
        assert!(model.keys.iter().any(|key| key.name == "weights") && !model.choice);
        assert!(!table("").keys.iter().any(|key| key.name == "weights"));
    }

    #[test]
    fn no_key_is_without_a_meaning() {
        for table in tables() {
            for key in &table.keys {
                assert!(!key.text.is_empty(), "`{}` of `{}`", key.name, table.place());
                assert_ne!(key.kind, "value", "`{}` of `{}`", key.name, table.place());
            }
        }
    }
}
