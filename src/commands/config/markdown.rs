//! `docs/config.md`: every key of a config on one page.

use std::fmt::Write;

use semiseq::training::config::reference::{Key, KeyTable};

/// The page.
pub fn page(tables: &[KeyTable]) -> String {
    let mut page = String::from(
        "# Config reference\n\n\
         <!-- Made by `semiseq config keys --markdown > docs/config.md`; a test holds it to the program. -->\n\n\
         Every key that a config can hold. `semiseq config keys TABLE` prints one of these tables, `semiseq config \
         show FILE` a config of\nyours with every default, and `semiseq config schema` the JSON schema for editors \
         ([config.schema.json](config.schema.json)):\nwith the first line `#:schema PATH_OR_URL` Taplo and the editors \
         that use it complete and check keys. A key on the command line is\nwritten with the stage's number, counted \
         from 0: `--set stage.0.batch_size=16`.\n",
    );
    for table in tables {
        let place = table.place();
        let title = match place.as_str() {
            "" => "Above all tables".to_string(),
            "stage" => "`[[stage]]`".to_string(),
            place => format!("`[{place}]`"),
        };
        let _ = write!(page, "\n## {title}\n\n{}\n\n", table.text);
        if table.choice {
            page += "One of:\n\n| table | what it is |\n|---|---|\n";
            for key in &table.keys {
                let _ = writeln!(page, "| `{}` | {} |", key.name, cell(&key.text));
            }
        } else if table.keys.is_empty() {
            page += "It has no keys.\n";
        } else {
            page += "| key | value | default | meaning |\n|---|---|---|---|\n";
            for key in &table.keys {
                let default = default_of(key);
                let _ = writeln!(page, "| `{}` | {} | {default} | {} |", key.name, key.kind, cell(&key.text));
            }
        }
    }
    page
}

fn default_of(key: &Key) -> String {
    match (&key.default, key.required) {
        (Some(default), _) => format!("`{default}`"),
        (None, true) => "required".into(),
        (None, false) => String::new(),
    }
}

/// Text in a cell of a table: on one line, with no bar of its own.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
