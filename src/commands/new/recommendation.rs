//! A config that recommends what follows in a session.

use std::path::Path;

use semiseq::prelude::*;

use super::arguments::Arguments;
use super::toml_text::{quoted, run_name};

/// Items beyond which the right one is told from some of the others.
const MANY: usize = 10_000;
/// Sessions of which items that stand there a few times alone can be learned.
const FEW: usize = 1_000;

/// The config for so many sessions and items.
pub(super) fn config(arguments: &Arguments, sessions: usize, items: usize) -> Result<String, Error> {
    let useless = [
        ("--unlabeled", arguments.unlabeled.is_some()),
        ("--vectors", arguments.vectors.is_some()),
        ("--target", arguments.target.is_some()),
    ];
    if let Some((option, _)) = useless.into_iter().find(|(_, given)| *given) {
        return Err(Error::input(
            format!("`{option}` has no use for {}, a table of users, items and times", arguments.path),
            "leave it out; columns are named in `[data.sessions]` of the config",
        ));
    }
    let test = arguments.test.as_ref().map_or(String::new(), |test| format!("test = {}\n", quoted(test)));
    let negatives = match items > MANY {
        true => "negatives = 2048             # items drawn per step, beside those of the batch",
        false => "# negatives = 2048           # with ten thousand items or more: so many drawn per step, and not all",
    };
    // Some two thousand steps.
    let epochs = (2_000 * 64 / sessions.max(1)).clamp(5, 50);
    Ok(format!(
        include_str!("templates/sessions.toml"),
        sessions = sessions,
        items = items,
        name = run_name(arguments.output.as_deref().unwrap_or(Path::new(&arguments.path))),
        source = quoted(&arguments.path),
        test = test,
        min_item = if sessions < FEW { 2 } else { 5 },
        epochs = epochs,
        negatives = negatives,
    ))
}
