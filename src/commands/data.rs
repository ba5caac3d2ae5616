//! `semiseq data`.

use std::path::{Path, PathBuf};

use semiseq::datasets::formats::{FORMATS, looks_like_events};
use semiseq::datasets::synthetic::FORMULAS;
use semiseq::datasets::{
    AugmentConfig, Augmenter, FETCH_FOLDER as FOLDER, FETCHABLES, PackedPart, Processor, Source, TransformConfig,
    WholeRecording, describe, fetch, open, pack, recording, shown,
};
use semiseq::prelude::*;
use semiseq::report::page::{ViewRow, view_page};
use semiseq::training::config::located;
use serde_json::json;

use super::columns::Columns;
use super::{json_text, print, tell, tell_notes, tokenizer, write_output};

/// The commands under `data`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List the built-in data sets and the formats that are read
    List,
    /// Tell what a built-in data set, a file or a folder holds
    Info {
        /// A built-in name, or a path
        source: String,
        #[command(flatten)]
        columns: Columns,
        /// Print one JSON object and nothing else
        #[arg(long, conflicts_with = "views")]
        json: bool,
        /// Show sequences beside their weak and strong views: text here, series as a page
        #[arg(long)]
        views: bool,
        /// Where the page of `--views` goes
        #[arg(long, default_value = "views.html")]
        output: PathBuf,
        /// Seed of the views
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Download a public data set into `data/NAME`, and check its sums
    Fetch {
        /// A name that `data list` shows
        name: String,
        /// The folder below which the set gets a folder of its own
        #[arg(long, default_value = FOLDER)]
        to: PathBuf,
    },
    /// Find every bad row
    Check {
        /// A file or folder
        path: String,
        #[command(flatten)]
        columns: Columns,
    },
    /// Read the data of a config into packed files, which `train` then reads as it goes: for data larger than memory
    Pack {
        /// The config, a TOML file
        config: PathBuf,
        /// Override a value; may be repeated
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
    },
    /// Train a tokenizer on texts, for `tokenize = "tokenizer.json"` in `[data.transform]`
    Tokenizer(tokenizer::Arguments),
    /// Write the label split of a config to a file
    Split {
        /// The config, a TOML file
        config: PathBuf,
        /// Override a value; may be repeated
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
        /// Where to write; default: standard output
        #[arg(long)]
        output: Option<PathBuf>,
    },
}

/// Runs one of them.
pub fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::List => print(list())?,
        Command::Info { source, columns, views: true, output, seed, .. } => views(source, columns, output, *seed)?,
        Command::Info { source, columns, json, .. } => info(source, columns, *json)?,
        Command::Check { path, columns } => {
            let source = open(&columns.config(path), TargetKind::Unsupervised)?;
            tell_of(&source);
            let test = source.test.as_ref().map_or(0, |test| test.len());
            let told = if source.notes().is_empty() { "" } else { ", read as is said above" };
            print(format!("{path}: {} rows, all good{told}", source.train.len() + test))?;
        }
        Command::Fetch { name, to } => {
            let known = FETCHABLES.iter().any(|set| set.name == name);
            let folder = fetch(name, to, &mut |line| tell(line)).map_err(|error| match known {
                // No network, a full disk: nothing that the user wrote is wrong.
                true => Error::runtime(error.to_string(), error.hint()),
                false => Error::Data(error),
            })?;
            print(folder.display())?;
        }
        Command::Pack { config: path, overrides } => {
            let config = RunConfig::read_with(path, overrides)?;
            let parts = pack(&config.data, config.targets()).map_err(|error| located(error.into(), path, overrides))?;
            let line = |part: &PackedPart| {
                let PackedPart { name, path, sequences, bytes, .. } = part;
                format!("{name}: {sequences} sequences, {bytes} bytes, {}", path.display())
            };
            print(parts.iter().map(line).collect::<Vec<_>>().join("\n"))?;
        }
        Command::Tokenizer(arguments) => tokenizer::run(arguments)?,
        Command::Split { config: path, overrides, output } => {
            let config = RunConfig::read_with(path, overrides)?;
            let split = config.prepare().map_err(|error| located(error, path, overrides))?.split;
            write_output(output.as_deref(), (json_text(&split)? + "\n").as_bytes())?;
        }
    }
    Ok(())
}

fn list() -> String {
    let table = |title: &str, rows: Vec<(&str, &str)>| -> String {
        let rows: Vec<String> = rows.iter().map(|(name, summary)| format!("\n  {name:<18} {summary}")).collect();
        format!("{title}:{}", rows.concat())
    };
    let formulas = FORMULAS.iter().map(|formula| (formula.name, formula.summary)).collect();
    let fetched = FETCHABLES.iter().map(|set| (set.name, set.summary)).collect();
    let formats = FORMATS.iter().map(|format| (format.name, format.summary)).collect();
    [
        table("made by formula, for `source = \"NAME\"`", formulas),
        table("fetched with `data fetch NAME`, for `source = \"NAME\"`", fetched),
        table("formats, for `source = \"PATH\"` (or `format = \"NAME\"`)", formats),
    ]
    .join("\n\n")
}

fn info(source: &str, columns: &Columns, as_json: bool) -> Result<(), Error> {
    let sessions = columns.sessions().is_some();
    let recorded = if sessions { None } else { recording(&columns.config(source))? };
    if let Some(WholeRecording { channels, steps, notes }) = recorded {
        tell_notes(&notes);
        if as_json {
            print(json_text(&json!({ "recording": { "channels": channels, "steps": steps } }))?)?;
        } else {
            let channels: Vec<String> = channels.iter().map(|channel| shown(channel)).collect();
            print(format!(
                "{source}: a recording of {steps} steps\n  channels  {}\n  `semiseq new {source}` writes a config that \
                 forecasts it",
                channels.join(", ")
            ))?;
        }
        return Ok(());
    }
    let parts = open(&columns.config(source), TargetKind::Unsupervised)?;
    match sessions {
        // Short sessions are often alike.
        true => tell_notes(&parts.notes()),
        false => tell_of(&parts),
    }
    if !sessions && columns.format.is_none() && looks_like_events(Path::new(source)) {
        tell(format!(
            "note: {source}: users, items and times, by the names of its columns: `--format sessions` reads them"
        ));
    }
    let described = |part: &Dataset| match sessions {
        true => describe(part).of_sessions(part),
        false => describe(part).read_by(parts.layout.as_ref()),
    };
    let train = described(&parts.train);
    let test = parts.test.as_ref().map(described);
    if as_json {
        print(json_text(&json!({ "train": train, "test": test }))?)?;
        return Ok(());
    }
    let test = test.map_or(String::new(), |test| format!("\ntest part\n{test}"));
    print(format!("{train}{test}").trim_end())
}

/// Says what was read otherwise than it may be meant, and which rows stand twice.
pub(super) fn tell_of(source: &Source) {
    tell_notes(&source.notes());
    tell_notes(source.doubtful_classes().as_slice());
    tell_notes(source.duplicates().as_slice());
}

/// Sequences that `--views` shows.
const SHOWN: usize = 6;

/// A few sequences of the training part as `train` would see them by default, and two draws of each view.
fn views(source: &str, columns: &Columns, output: &Path, seed: u64) -> Result<(), Error> {
    let Source { train: raw, layout, .. } = open(&columns.config(source), TargetKind::Unsupervised)?;
    tell_notes(&raw.notes);
    let processor = Processor::fit(&TransformConfig::default(), &raw)?.with_layout(layout);
    let train = processor.apply(raw)?;
    let augmenter = Augmenter::new(&AugmentConfig::default(), &processor, &train);
    let count = train.len().min(SHOWN);
    let rows: Vec<ViewRow> = (0..count)
        .map(|place| {
            let index = place * train.len() / count;
            let plain = &train.sequences[index];
            let [weak, strong] = augmenter.draws(plain, seed, index);
            let drawn = |views: Vec<Sequence>, name: &'static str| views.into_iter().map(move |view| (name, view));
            let all =
                std::iter::once(("as it is", plain.clone())).chain(drawn(weak, "weak")).chain(drawn(strong, "strong"));
            ViewRow { index, views: all.collect() }
        })
        .collect();
    if processor.input().channels().is_some() {
        write_output(Some(output), view_page(source, &rows).as_bytes())?;
        return print(output.display());
    }
    let mut lines = Vec::new();
    for row in rows {
        lines.push(format!("sequence {}", row.index));
        for (name, view) in row.views {
            lines.push(format!("  {name:<9} {}", processor.text(&view).unwrap_or_else(|| format!("{view:?}"))));
        }
    }
    print(lines.join("\n"))
}
