//! `cargo xtask new objective NAME`: a skeleton that compiles, is tested and trains.

use std::fs;
use std::path::Path;

const TEMPLATE: &str = include_str!("../templates/objective.rs");
const FOLDER: &str = "crates/objectives/src/methods";
const REGISTRY: &str = "crates/objectives/src/registry.rs";

/// Writes the skeleton, its line in `mod.rs` and its row in `registry.rs`; gives an exit status.
pub fn create(root: &Path, name: &str) -> u8 {
    match write(root, name) {
        Ok(()) => {
            crate::cargo::print(&format!(
                "{FOLDER}/{0}.rs, its line in mod.rs and its row in registry.rs are written.\n\nNow: the loss and its paper in the file; numbers of an \
                 independent implementation in\ncrates/objectives/tests (fixtures/objectives.py makes them); a line in the README. \
                 It trains already:\n\ncargo xtask train configs/quickstart.toml --set 'stage.1.objective={{{name}={{}}}}'",
                snake(name)
            ));
            0
        }
        Err(message) => {
            crate::cargo::tell(&format!("error: {message}"));
            2
        }
    }
}

fn write(root: &Path, name: &str) -> Result<(), String> {
    let is_word = |word: &str| word.starts_with(|first: char| first.is_ascii_lowercase());
    let is_plain = name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if !is_plain || !name.split('-').all(is_word) {
        return Err(format!(
            "`{name}` is no name for an objective: small letters, words joined by `-`, as `mean-teacher`"
        ));
    }
    let folder = root.join(FOLDER);
    let file = folder.join(format!("{}.rs", snake(name)));
    if file.exists() {
        return Err(format!("{} exists already: choose another name", file.display()));
    }
    let with = |path: std::path::PathBuf, added: fn(&str, &str) -> Option<String>| {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = added(&text, name).ok_or_else(|| format!("{} has no list to add to", path.display()))?;
        Ok::<_, String>((path, text))
    };
    let lists = [with(folder.join("mod.rs"), listed)?, with(root.join(REGISTRY), registered)?];
    for (path, text) in lists.into_iter().chain([(file, skeleton(name))]) {
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn skeleton(name: &str) -> String {
    TEMPLATE.replace("ObjectiveName", &pascal(name)).replace("objective-name", name)
}

/// `mod.rs` with the module.
fn listed(text: &str, name: &str) -> Option<String> {
    before_larger(text, "pub(crate) mod ", &format!("pub(crate) mod {};", snake(name)))
}

/// `registry.rs` with a row: of an objective that learns from class labels, until it is told otherwise.
fn registered(text: &str, name: &str) -> Option<String> {
    let pascal = pascal(name);
    let (before, rows) = text.rsplit_once("\nregistry! {\n")?;
    let (rows, after) = rows.split_once("\n}")?;
    let row = format!(
        "    {} \"{name}\" {pascal} {pascal}Config {pascal}, \"SAY IN ONE LINE WHAT IT DOES (AUTHORS YEAR)\",\n        |_| classes();",
        snake(name)
    );
    Some(format!("{before}\nregistry! {{\n{rows}\n{row}\n}}{after}"))
}

/// Puts a line among those that start like it, in their order.
fn before_larger(text: &str, start: &str, line: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let alike = |other: &str| other.starts_with(start);
    let place = match lines.iter().position(|other| alike(other) && *other > line) {
        Some(place) => place,
        None => lines.iter().rposition(|other| alike(other))? + 1,
    };
    let mut lines = lines;
    lines.insert(place, line);
    Some(lines.join("\n") + "\n")
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

    const LIST: &str = "//! Objectives.\n\npub(crate) mod autoencoder;\npub(crate) mod supervised;\n";
    const ROWS: &str =
        "macro_rules! registry {\n}\n\nregistry! {\n    autoencoder \"autoencoder\" A,\n        |_| K;\n}\n";

    #[test]
    fn the_lists_get_their_lines_in_order() {
        let text = listed(LIST, "mean-teacher").unwrap();
        let expected = "mod autoencoder;\npub(crate) mod mean_teacher;\npub(crate) mod supervised;\n";
        assert!(text.contains(expected), "{text}");
        let text = registered(ROWS, "mean-teacher").unwrap();
        let expected = "|_| K;\n    mean_teacher \"mean-teacher\" MeanTeacher MeanTeacherConfig MeanTeacher, ";
        assert!(text.contains(expected) && text.ends_with("|_| classes();\n}\n"), "{text}");
    }

    #[test]
    fn names_stand_in_all_their_spellings() {
        let text = skeleton("mix-match");
        assert!(text.contains("pub struct MixMatchConfig") && text.contains("[stage.objective.mix-match]"));
        assert!(!text.contains("ObjectiveName") && !text.contains("objective-name"));
    }

    #[test]
    fn a_bad_or_a_taken_name_writes_nothing() {
        let root = crate::cargo::root();
        for (name, told) in [("Mix_Match", "small letters"), ("mix--match", "small letters"), ("supervised", "exists")]
        {
            assert!(write(&root, name).unwrap_err().contains(told), "{name}");
        }
    }

    #[test]
    fn the_repository_has_lists_to_add_to() {
        let text = |path: &str| fs::read_to_string(crate::cargo::root().join(path)).unwrap();
        assert!(listed(&text(&format!("{FOLDER}/mod.rs")), "mix-match").is_some());
        assert!(registered(&text(REGISTRY), "mix-match").is_some());
    }
}
