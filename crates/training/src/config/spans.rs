//! Where each key of a TOML file stands, so that a mistake can name its line.

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

/// The places of keys, as dotted paths (`stage.0.objective.mean-teacher.weight`).
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    places: HashMap<String, String>,
    file: String,
}

impl Places {
    /// Notes the line of every key in `text`. The text must be valid TOML; otherwise nothing is noted.
    pub(super) fn of(file: &str, text: &str) -> Self {
        let mut places = Self { places: HashMap::new(), file: file.to_string() };
        if let Ok(table) = DeTable::parse(text) {
            places.walk_table(text, "", table.get_ref());
        }
        places
    }

    /// Takes over the places of a file that overrides this one.
    pub(super) fn overlay(&mut self, above: Places) {
        self.places.extend(above.places);
        self.file = above.file;
    }

    /// Notes a value given on the command line.
    pub(super) fn set(&mut self, key: &str, place: &str) {
        self.places.retain(|known, _| known != key && !known.starts_with(&format!("{key}.")));
        self.places.insert(key.to_string(), place.to_string());
    }

    /// A key and all below it under another name, at the same place.
    pub(super) fn rename(&mut self, key: &str, name: &str) {
        let below = |known: &str| {
            let rest = known.strip_prefix(key)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("{name}{rest}"))
        };
        let moved: Vec<(String, String)> =
            self.places.iter().filter_map(|(known, place)| Some((below(known)?, place.clone()))).collect();
        self.places.extend(moved);
    }

    /// The place of `key`, or of the nearest table above it, or the file.
    pub(super) fn find(&self, key: &str) -> String {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return place.clone();
            }
            match key.rfind('.') {
                Some(dot) => key = &key[..dot],
                None => return self.file.clone(),
            }
        }
    }

    /// Where a key itself stands.
    pub(super) fn own(&self, key: &str) -> Option<&String> {
        self.places.get(key)
    }

    fn walk_table(&mut self, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table.iter() {
            let path = join(prefix, key.get_ref());
            self.note(&path, text, key.span().start);
            self.walk_value(text, &path, value.get_ref());
        }
    }

    fn walk_value(&mut self, text: &str, path: &str, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.walk_table(text, path, table),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = join(path, &index.to_string());
                    self.note(&path, text, item.span().start);
                    self.walk_value(text, &path, item.get_ref());
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, path: &str, text: &str, offset: usize) {
        let line = line_of(text, offset);
        self.places.insert(path.to_string(), format!("{}:{line}", self.file));
    }
}

/// The line of a byte offset, counted from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

pub(super) fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_string() } else { format!("{prefix}.{key}") }
}
