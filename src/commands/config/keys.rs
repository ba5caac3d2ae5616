//! Tables of keys as text for a terminal.

use std::fmt::Write;

use semiseq::training::config::reference::{Key, KeyTable};

/// Letters of a line.
const WIDTH: usize = 100;

/// The tables, one below the other.
pub fn page(tables: &[KeyTable]) -> String {
    let mut page = String::new();
    for table in tables {
        let place = table.place();
        let _ = writeln!(page, "{}", if place.is_empty() { "(above all tables)".into() } else { format!("[{place}]") });
        wrap(&mut page, &table.text, "");
        page.push('\n');
        let longest = table.keys.iter().map(|key| key.name.chars().count()).max().unwrap_or_default();
        for key in &table.keys {
            match table.choice {
                true => one(&mut page, key, longest),
                false => long(&mut page, key),
            }
        }
        page.push('\n');
    }
    page
}

/// A choice, in a line.
fn one(page: &mut String, key: &Key, longest: usize) {
    let name = format!("  {:<longest$}  ", key.name);
    let indent = " ".repeat(name.chars().count());
    let mut text = String::new();
    wrap(&mut text, &key.text, &indent);
    let _ = writeln!(page, "{name}{}", text.trim());
}

/// A key with its default, its kind and its meaning.
fn long(page: &mut String, key: &Key) {
    let default = match (&key.default, key.required) {
        (Some(default), _) => format!(" = {default}"),
        (None, true) => " (required)".into(),
        (None, false) => String::new(),
    };
    let kind = key.kind.replace('`', "");
    let _ = writeln!(page, "  {}{default}: {kind}", key.name);
    wrap(page, &key.text, "      ");
}

fn wrap(page: &mut String, text: &str, indent: &str) {
    for part in text.split("\n\n") {
        let mut line = indent.to_string();
        for word in part.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > indent.len() {
                let _ = writeln!(page, "{}", line.trim_end());
                line = indent.to_string();
            }
            line += word;
            line.push(' ');
        }
        let _ = writeln!(page, "{}", line.trim_end());
    }
}
