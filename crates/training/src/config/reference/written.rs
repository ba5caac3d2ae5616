//! A config in full: every key with its value and what it means.

use std::collections::BTreeSet;

use crate::config::RunConfig;
use crate::config::files::OF_ANY_MODEL;
use crate::config::reference::tables::{Key, KeyTable, tables};
use crate::error::Error;

/// Letters of a line of comment.
const WIDTH: usize = 110;

/// The config as TOML, with every default and a comment for each key; keys without a value stand there as comments. It
/// reads back as the same config.
///
/// # Errors
///
/// A value that TOML cannot write.
pub fn written_out(config: &RunConfig) -> Result<String, Error> {
    let text = toml::to_string(config).map_err(|error| {
        Error::runtime(format!("cannot be written: {error}"), "this is a defect of semiseq; please report it")
    })?;
    let known = tables();
    let mut page = Page { known: &known, text: String::new() };
    let sections = sections(&text);
    for (index, section) in sections.iter().enumerate() {
        let below: Vec<&str> = sections[index + 1..].iter().map(|section| section.place.as_str()).collect();
        page.section(section, &below);
    }
    Ok(page.text)
}

/// The lines below a header.
struct Section {
    header: String,
    /// The table, without numbers of stages.
    place: String,
    entries: Vec<(String, String)>,
}

/// The text cut at its headers; a value of several lines is one entry.
fn sections(text: &str) -> Vec<Section> {
    let mut sections = vec![Section { header: String::new(), place: String::new(), entries: Vec::new() }];
    let mut entry = String::new();
    for line in text.lines() {
        if entry.is_empty() && line.starts_with('[') {
            let place = line.trim_matches(['[', ']']).replace('"', "");
            sections.push(Section { header: line.to_string(), place, entries: Vec::new() });
            continue;
        }
        if entry.is_empty() && line.is_empty() {
            continue;
        }
        entry += line;
        match entry.parse::<toml::Table>() {
            Ok(parsed) => {
                if let (Some(section), Some(key)) = (sections.last_mut(), parsed.keys().next()) {
                    section.entries.push((key.clone(), std::mem::take(&mut entry)));
                }
                entry.clear();
            }
            Err(_) => entry.push('\n'),
        }
    }
    sections
}

struct Page<'a> {
    known: &'a [KeyTable],
    text: String,
}

impl Page<'_> {
    fn table(&self, place: &str) -> Option<&KeyTable> {
        self.known.iter().find(|table| table.places.iter().any(|known| known == place))
    }

    /// A header with its keys; `below` are the tables that follow in the file.
    fn section(&mut self, section: &Section, below: &[&str]) {
        let table = self.table(&section.place).cloned();
        if !section.header.is_empty() {
            self.text += "\n";
            if let Some(table) = &table {
                self.comment(&table.text, "");
            }
            self.text += &format!("{}\n", section.header);
        }
        let key = |name: &str| {
            // A run's file has the keys of any model at its first level.
            let home = if OF_ANY_MODEL.contains(&name) { self.table("model") } else { table.as_ref() };
            home.and_then(|table| table.keys.iter().find(|key| key.name == name)).cloned()
        };
        let described: Vec<Option<Key>> = section.entries.iter().map(|(name, _)| key(name)).collect();
        for ((_, entry), key) in section.entries.iter().zip(described) {
            if let Some(key) = key {
                self.comment(&key.text, "");
            }
            self.text += &format!("{entry}\n");
        }
        let Some(table) = table.filter(|table| !table.choice) else { return };
        let given: BTreeSet<&str> = section.entries.iter().map(|(name, _)| name.as_str()).collect();
        let under =
            |name: &str| if section.place.is_empty() { name.into() } else { format!("{}.{name}", section.place) };
        let follows = |name: &str| {
            let place = under(name);
            below.iter().any(|table| *table == place || table.starts_with(&format!("{place}.")))
        };
        let is_choice = |name: &str| section.place == "model" && !OF_ANY_MODEL.contains(&name);
        for key in &table.keys {
            if given.contains(key.name.as_str()) || follows(&key.name) || is_choice(&key.name) || key.name == "extends"
            {
                continue;
            }
            if OF_ANY_MODEL.contains(&key.name.as_str()) && self.text.contains(&format!("\n{} = ", key.name)) {
                continue;
            }
            match key.kind.as_str() {
                "table" => self.comment(&key.text, &format!("[{}]  ", under(&key.name))),
                _ => self.comment(&key.text, &format!("{} = …  ", key.name)),
            }
        }
    }

    fn comment(&mut self, text: &str, before: &str) {
        let mut line = format!("# {before}").trim_end().to_string();
        for word in text.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.text += &format!("{line}\n");
                line = if before.is_empty() { "#".into() } else { "#  ".into() };
            }
            line += " ";
            line += word;
        }
        if line != "#" {
            self.text += &format!("{line}\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RunConfig;

    #[test]
    fn a_config_in_full_reads_back_as_the_same() {
        let text = "name = \"t\"\n[data]\nsource = \"cbf\"\n[data.labels]\nper_class = 2\n\
                    [data.augment]\nstrong = [{ jitter = { deviation = 0.1 } }]\n\
                    [model]\nweights = \"other\"\n[model.classifier.encoder.gru]\nhidden = 4\n\
                    [[stage]]\nepochs = 1\n[stage.objective.autoencoder]\n\
                    [[stage]]\nsteps = 2\n[stage.objective.fixmatch]\nthreshold = 0.9\n";
        let config = RunConfig::parse("t.toml", text, &[]).unwrap();
        let written = written_out(&config).unwrap();
        assert_eq!(RunConfig::parse("t.toml", &written, &[]).unwrap(), config, "{written}");
        for line in [
            "[data.labels]",
            "# Labels of each class.\nper_class = 2",
            "threshold = 0.9",
            "# truncate = … Cut sequences after so many steps.",
            "# [data.windows] Cuts long recordings into windows, for forecasting.",
        ] {
            assert!(written.contains(line), "{line} is not in\n{written}");
        }
        assert!(!written.contains("# weights = …") && !written.contains("# [model.tagger]"), "{written}");
    }
}
