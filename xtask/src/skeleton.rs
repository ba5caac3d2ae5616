//! `cargo xtask new objective|encoder|format NAME`: a skeleton that compiles, is tested and works, with its lines in
//! the lists.

use std::fs;
use std::path::{Path, PathBuf};

/// A list's text with a new name in it; `None` where the list is not found.
type Insert = fn(&str, &str) -> Option<String>;

/// What a skeleton is of.
struct Kind {
    name: &'static str,
    /// Where its file goes.
    folder: &'static str,
    template: &'static str,
    /// The names in the template, as a type and as it is written in configs.
    stands_for: [&'static str; 2],
    /// The files that list it, and how each gets its line.
    lists: &'static [(&'static str, Insert)],
    /// What is to be done now.
    then: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "objective",
        folder: "crates/objectives/src/methods",
        template: include_str!("../templates/objective.rs"),
        stands_for: ["ObjectiveName", "objective-name"],
        lists: &[
            ("crates/objectives/src/methods/mod.rs", |text, name| module(text, "pub(crate) mod ", name)),
            ("crates/objectives/src/registry.rs", |text, name| {
                let (pascal, snake) = (pascal(name), snake(name));
                let row = format!(
                    "    {snake} \"{name}\" {pascal} {pascal}Config {pascal}, \"SAY IN ONE LINE WHAT IT DOES (AUTHORS \
                     YEAR)\",\n        |_| classes();"
                );
                last_row(text, "\nregistry! {\n", "\n}", &row)
            }),
        ],
        then: "the loss and its paper in the file; numbers of an independent implementation \
               in\ncrates/objectives/tests (fixtures/objectives.py makes them); a line in the README and \
               in\ndocs/src/SUMMARY.md, then `cargo xtask semiseq config keys --markdown > docs/config.md` and `cargo \
               xtask book`\nfor its page. It trains already:\n\ncargo xtask train configs/quickstart.toml --set 'stage.1.objective={NAME={}}'",
    },
    Kind {
        name: "encoder",
        folder: "crates/models/src/encoders",
        template: include_str!("../templates/encoder.rs"),
        stands_for: ["EncoderName", "encoder-name"],
        lists: &[
            ("crates/models/src/encoders/mod.rs", |text, name| module(text, "pub(crate) mod ", name)),
            ("crates/models/src/encoders/registry.rs", |text, name| {
                let (pascal, snake) = (pascal(name), snake(name));
                let row = format!(
                    "    \"{name}\" {pascal} crate::encoders::{snake}::{pascal}Config, \"SAY IN ONE LINE WHAT IT DOES \
                     (AUTHORS YEAR).\";"
                );
                last_row(text, "\nregistry! {\n", "\n}", &row)
            }),
            ("crates/models/src/encoders/any.rs", |text, name| {
                let (pascal, snake) = (pascal(name), snake(name));
                let row = format!(
                    "    {pascal} crate::encoders::{snake}::{pascal}Encoder, \"SAY IN ONE LINE WHAT IT DOES (AUTHORS \
                     YEAR).\";"
                );
                last_row(text, "\nencoders! {\n", "\n}", &row)
            }),
        ],
        then: "what it computes, and its paper, in the file; numbers of an independent implementation \
               in\ncrates/models/tests; a line in the README. It trains already:\n\ncargo xtask train \
               configs/quickstart.toml --set 'model.classifier.encoder={NAME={}}'",
    },
    Kind {
        name: "format",
        folder: "crates/datasets/src/formats",
        template: include_str!("../templates/format.rs"),
        stands_for: ["FormatName", "format-name"],
        lists: &[("crates/datasets/src/formats/mod.rs", |text, name| {
            let text = module(text, "pub(crate) mod ", name)?;
            last_row(&text, "\npub const FORMATS: &[Format] = &[\n", "\n];", &format!("    {}::FORMAT,", snake(name)))
        })],
        then: "how it is read, in the file, with files that another program wrote in its tests; a line in the README \
               and in\n\
               docs/data.md. Its own ending is read already:\n\ncargo xtask data info PATH.NAME",
    },
];

/// The names of what there are skeletons of.
pub fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.name).collect()
}

/// Writes the skeleton of a kind and its lines in the lists; gives an exit status.
pub fn create(root: &Path, kind: &str, name: &str) -> u8 {
    match found(kind).and_then(|kind| Ok((kind, write_all(root, kind, name)?))) {
        Ok((kind, files)) => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            let then = kind.then.replace("NAME", name);
            crate::cargo::print(&format!("Written:\n\n{}\n\nNow: {then}", files.join("\n")));
            0
        }
        Err(message) => {
            crate::cargo::tell(&format!("error: {message}"));
            2
        }
    }
}

/// Writes the skeleton of a kind and its lines in the lists, without a word.
pub fn write(root: &Path, kind: &str, name: &str) -> Result<(), String> {
    write_all(root, found(kind)?, name).map(|_| ())
}

fn found(kind: &str) -> Result<&'static Kind, String> {
    let known = KINDS.iter().find(|known| known.name == kind);
    known.ok_or_else(|| format!("there is no skeleton of `{kind}`: {}", kinds().join(", ")))
}

/// Writes all files or, where something is wrong, none.
fn write_all(root: &Path, kind: &Kind, name: &str) -> Result<Vec<PathBuf>, String> {
    let is_word = |word: &str| word.starts_with(|first: char| first.is_ascii_lowercase());
    let is_plain = name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if !is_plain || !name.split('-').all(is_word) {
        return Err(format!("`{name}` is no name: small letters, words joined by `-`, as `mean-teacher`"));
    }
    let file = Path::new(kind.folder).join(format!("{}.rs", snake(name)));
    if root.join(&file).exists() {
        return Err(format!("{} exists already: choose another name", file.display()));
    }
    let mut files = vec![(file, skeleton(kind, name))];
    for (path, with) in kind.lists {
        let text = fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        let text = with(&text, name).ok_or_else(|| format!("{path} has no list to add to"))?;
        files.push((PathBuf::from(path), text));
    }
    for (path, text) in &files {
        fs::write(root.join(path), text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn skeleton(kind: &Kind, name: &str) -> String {
    let [as_type, in_configs] = kind.stands_for;
    kind.template.replace(as_type, &pascal(name)).replace(in_configs, name)
}

/// A list of modules with one more, in their order.
fn module(text: &str, start: &str, name: &str) -> Option<String> {
    let line = format!("{start}{};", snake(name));
    let mut lines: Vec<&str> = text.lines().collect();
    let alike = |other: &str| other.starts_with(start);
    let place = match lines.iter().position(|other| alike(other) && *other > line.as_str()) {
        Some(place) => place,
        None => lines.iter().rposition(|other| alike(other))? + 1,
    };
    lines.insert(place, &line);
    Some(lines.join("\n") + "\n")
}

/// A registry that begins with `begin` and ends with `end`, with one more row.
fn last_row(text: &str, begin: &str, end: &str, row: &str) -> Option<String> {
    let (before, rows) = text.rsplit_once(begin)?;
    let (rows, after) = rows.split_once(end)?;
    Some(format!("{before}{begin}{rows}\n{row}{end}{after}"))
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn pascal(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_get_their_lines_in_order() {
        let list = "//! Objectives.\n\npub(crate) mod autoencoder;\npub(crate) mod supervised;\n";
        let text = module(list, "pub(crate) mod ", "mean-teacher").unwrap();
        let expected = "mod autoencoder;\npub(crate) mod mean_teacher;\npub(crate) mod supervised;\n";
        assert!(text.contains(expected), "{text}");
        let rows = "macro_rules! registry {\n}\n\nregistry! {\n    a \"a\" A,\n        |_| K;\n}\n";
        let text = last_row(rows, "\nregistry! {\n", "\n}", "    b \"b\" B;").unwrap();
        assert!(text.ends_with("|_| K;\n    b \"b\" B;\n}\n"), "{text}");
    }

    #[test]
    fn names_stand_in_all_their_spellings() {
        for kind in &KINDS {
            let text = skeleton(kind, "mix-match");
            assert!(text.contains("mix-match"), "{}", kind.name);
            assert!(kind.stands_for.iter().all(|name| !text.contains(name)), "{}", kind.name);
        }
        assert!(skeleton(&KINDS[0], "mix-match").contains("pub struct MixMatchConfig"));
    }

    #[test]
    fn a_bad_or_a_taken_name_writes_nothing() {
        let root = crate::cargo::root();
        let taken = ["supervised", "dense", "csv"];
        for (kind, taken) in KINDS.iter().zip(taken) {
            for (name, told) in [("Mix_Match", "small letters"), ("mix--match", "small letters"), (taken, "exists")] {
                assert!(write_all(&root, kind, name).unwrap_err().contains(told), "{} {name}", kind.name);
            }
        }
    }

    #[test]
    fn the_repository_has_lists_to_add_to() {
        for kind in &KINDS {
            for (path, with) in kind.lists {
                let text = fs::read_to_string(crate::cargo::root().join(path)).unwrap();
                let added = with(&text, "mix-match").unwrap_or_else(|| panic!("{path}"));
                assert!(added.lines().count() <= text.lines().count() + 2, "{path}: a line or two");
            }
        }
    }
}
