//! A config for sequences: where they come from, how they are prepared, and the recipe for what is to be learned.

use std::path::Path;

use semiseq::datasets::Description;
use semiseq::prelude::*;

use super::Arguments;
use super::recipe::{self, Recipe};
use super::toml_text::{about, quoted, run_name};

/// What was found in the data.
pub(super) struct Found {
    /// The part with labels.
    pub(super) train: Description,
    /// Sequences without a label, those of `--unlabeled` included.
    pub(super) unlabeled: usize,
    /// What can be learned of it.
    pub(super) task: Task,
    /// Whether it is text without spaces between words.
    pub(super) unspaced: bool,
    /// A file of word vectors, and the numbers of each.
    pub(super) vectors: Option<(String, usize)>,
}

impl Found {
    /// Whether sequences are texts.
    pub(super) fn text(&self) -> bool {
        self.train.kind == "text"
    }

    /// Sequences with a label.
    pub(super) fn labeled(&self) -> usize {
        self.train.sequences - self.train.unlabeled
    }

    /// Sequences of the training part.
    pub(super) fn sequences(&self) -> usize {
        self.labeled() + self.unlabeled
    }

    /// Whether there are classes to learn, from few labels beside many sequences without.
    pub(super) fn semi_supervised(&self) -> bool {
        self.task == Task::Classify && self.unlabeled > 0
    }
}

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
    if found.task != Task::Unsupervised {
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
