//! `semiseq report`.

use std::fs;
use std::path::{Path, PathBuf};

use semiseq::prelude::*;
use semiseq::training::output::files::write_atomic;
use semiseq::training::output::metrics_log::{self, Line};
use semiseq::training::output::report::{Evidence, RunReport, page};

use super::{check_ending, open_run, print, tell};

/// Arguments of `report`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Run folders; several are compared in one page
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Where to write; by default `report.html` in the run folder, or here for several runs
    #[arg(long)]
    output: Option<PathBuf>,
    /// flex, ndarray, wgpu or cuda, in place of the runs' own
    #[arg(long)]
    backend: Option<String>,
}

/// What a page needs of a run.
struct Material {
    summary: Summary,
    lines: Vec<Line>,
    confusion: Option<semiseq::training::metrics::Confusion>,
    evidence: Evidence,
    classes: Vec<String>,
    config: String,
    /// What the page lacks, in words.
    missing: Option<String>,
}

/// Writes the page.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), &["html"])?;
    let materials = arguments.runs.iter().map(|folder| material(folder, arguments.backend.as_deref()));
    let materials = materials.collect::<Result<Vec<Material>, Error>>()?;
    let reports: Vec<RunReport<'_>> = materials
        .iter()
        .map(|material| RunReport {
            summary: &material.summary,
            lines: &material.lines,
            confusion: material.confusion.as_ref(),
            evidence: &material.evidence,
            classes: &material.classes,
            config: &material.config,
        })
        .collect();
    let output = arguments.output.clone().unwrap_or_else(|| match arguments.runs.as_slice() {
        [folder] => folder.join("report.html"),
        _ => PathBuf::from("report.html"),
    });
    let missing: Vec<&str> = materials.iter().filter_map(|material| material.missing.as_deref()).collect();
    if missing.is_empty() || !output.exists() {
        missing.iter().for_each(|missing| tell(format!("warning: {missing}")));
        write_atomic(&output, page(&reports).as_bytes())?;
    } else {
        // What is there may well hold what cannot be made again.
        tell(format!(
            "warning: {} is kept as it is: a new page would be poorer ({}); give another name with `--output` to have it all the \
             same",
            output.display(),
            missing.join("; ")
        ));
    }
    print(output.display())
}

fn material(folder: &Path, backend: Option<&str>) -> Result<Material, Error> {
    let run = open_run(folder, backend)?;
    let summary = run.summary()?;
    let config = fs::read_to_string(folder.join("config.toml")).unwrap_or_default();
    let lines = metrics_log::read(folder)?;
    let mut missing =
        lines.is_empty().then(|| format!("{}: without curves, since there are no metrics", folder.display()));
    let (evidence, confusion) = match run.data() {
        Ok(data) => (run.evidence(&data), run.score(&data.test).1),
        // Data that are others now would give a page about them beside scores of the old ones.
        Err(error @ Error::Input { .. }) => return Err(error),
        Err(error) => {
            missing = Some(format!(
                "{}: without maps and examples, since the run's data cannot be read: {}",
                folder.display(),
                error.to_string().lines().next().unwrap_or_default()
            ));
            (Evidence::default(), None)
        }
    };
    let classes = run.processor().classes().to_vec();
    Ok(Material { summary, lines, confusion, evidence, classes, config, missing })
}
