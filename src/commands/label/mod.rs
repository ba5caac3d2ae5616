//! `semiseq label`.

mod choose;
mod page;
mod table;

use std::path::PathBuf;

use clap::ValueEnum;
use semiseq::prelude::*;
use semiseq::training::files::write_atomic;

use super::{check_ending, labels_of, open_run, read_raw, tell, tell_notes, write_output};

/// Arguments of `label`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder
    run: PathBuf,
    /// Sequences without labels, in any supported format; those that have one are left out
    pool: String,
    /// Rows to label
    #[arg(long)]
    n: usize,
    /// How to choose them
    #[arg(long, value_enum)]
    by: Method,
    /// Where to write the rows: CSV, or JSON lines where the name ends in `.jsonl`; default: CSV to standard output
    #[arg(long)]
    output: Option<PathBuf>,
    /// Also write a page that shows the rows one by one, to label by key in a browser
    #[arg(long)]
    page: Option<PathBuf>,
    /// Seeds chance, dropout and clusters
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// flex, ndarray, wgpu or cuda, in place of the run's
    #[arg(long)]
    backend: Option<String>,
}

/// The methods by their names on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The two likeliest classes are nearly as likely
    Margin,
    /// The probabilities are spread over many classes
    Entropy,
    /// Passes with dropout disagree (Houlsby et al. 2011)
    Bald,
    /// Unsure and unlike each other (Ash et al. 2020)
    Badge,
    /// Far from all that have a label (Sener & Savarese 2018)
    Coreset,
    /// Typical of groups without a label, for the first labels (Hacohen et al. 2022)
    Typiclust,
    /// By chance
    Random,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Margin => "margin",
            Self::Entropy => "entropy",
            Self::Bald => "bald",
            Self::Badge => "badge",
            Self::Coreset => "coreset",
            Self::Typiclust => "typiclust",
            Self::Random => "random",
        }
    }
}

/// Chooses rows to label.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), &["csv", "jsonl"])?;
    check_ending(arguments.page.as_deref(), &["html"])?;
    if arguments.n == 0 {
        return Err(Error::input("`--n` must be at least 1, got 0", "for example `--n 20`"));
    }
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    if matches!(
        run.targets(),
        TargetKind::MultiLabel
            | TargetKind::Tag
            | TargetKind::Forecast
            | TargetKind::SequenceToSequence
            | TargetKind::Transcribe
    ) {
        return Err(Error::input(
            format!("{}: the run does not learn one label per row", arguments.run.display()),
            "`label` chooses rows for classifiers, regressors and runs without labels",
        ));
    }
    let (_, labels) = labels_of(&run, &arguments.pool)?;
    let mut raw = read_raw(&run, &arguments.pool, TargetKind::Unsupervised)?;
    tell_notes(&raw.notes);
    raw.targets.fill(Target::Missing);
    raw.classes.clear();
    let free: Vec<usize> = (0..raw.len()).filter(|row| labels.get(*row).copied().flatten().is_none()).collect();
    if free.is_empty() {
        return Err(Error::input(
            format!("{}: there is no row without a label", arguments.pool),
            "give a pool in which the label column is empty or missing",
        ));
    }
    if free.len() < raw.len() {
        tell(format!("note: left out, since they have a label: {} of {} rows", raw.len() - free.len(), raw.len()));
    }
    let data = run.processor().apply(raw.select(&free))?;
    tell_notes(run.processor().mostly_unknown(&data, "given").as_slice());
    let chosen = choose::rows(&run, &data, arguments)?;
    let rows: Vec<(usize, f64)> = chosen.iter().map(|chosen| (free[chosen.row], chosen.score)).collect();

    let as_lines = arguments.output.as_ref().is_some_and(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let table = table::Table::new(&run, &raw, &rows, arguments.by.name(), as_lines)?;
    if let Some(path) = &arguments.page {
        write_atomic(path, page::html(&run, &raw, &rows, &table)?.as_bytes())?;
        tell(format!("open {} in a browser to label them by key", path.display()));
    }
    // The page gives the table too, filled in.
    if arguments.output.is_some() || arguments.page.is_none() {
        write_output(arguments.output.as_deref(), table.text().as_bytes())?;
    }
    table.tell();
    Ok(())
}
