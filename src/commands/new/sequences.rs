//! A config for sequences: where they come from, how they are prepared, and the recipe for what is to be learned.

use std::path::Path;

use semiseq::prelude::*;

use super::arguments::Arguments;
use super::found::Found;
use super::recipe::{self, Recipe};
use super::toml_text::{about, quoted, run_name};

/// The config.
pub(super) fn config(arguments: &Arguments, found: &Found) -> String {
    let [least, median, most] = found.train.lengths;
    let Recipe { transform, model, stages, members, seconds } = recipe::of(found);
    let (labeled, unlabeled) = (found.labeled(), found.unlabeled);
    let kind = found.train.kind;
    let mut data = vec![format!("source = {}", quoted(&arguments.path))];
    if let Some(pool) = &arguments.unlabeled {
        data.push(format!("unlabeled = {}", quoted(pool)));
    }
    if let Some(test) = &arguments.test {
        data.push(format!("test = {}", quoted(test)));
    }
    if let Some(target) = &arguments.target {
        data.push(format!("target = {}", quoted(target)));
    }
    if found.task != TargetKind::Unsupervised {
        data.push(
            "validation = \"none\"          # no label is spent on choosing an epoch; or 0.2 of the labelled part"
                .into(),
        );
    }
    let ensemble = match members {
        1 => String::new(),
        members => format!("ensemble = {members}                 # models from as many seeds, averaged; 1 is faster\n"),
    };
    format!(
        "# Train with: semiseq train THIS_FILE\n\
         # {kind}: {labeled} with a label and {unlabeled} without, length {least} to {most} (median {median}).\n\
         # On two CPU cores this takes {time}.\n\
         name = \"{name}\"\nseed = 0\nbackend = \"flex\"             # flex or ndarray (CPU), wgpu or cuda (GPU)\n\
         {ensemble}\n[data]\n{data}\n{transform}\n{model}\n{stages}",
        time = about(seconds),
        name = run_name(arguments.output.as_deref().unwrap_or(Path::new(&arguments.path))),
        data = data.join("\n"),
    )
}
