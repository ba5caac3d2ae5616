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
    write_atomic(&output, page(&reports).as_bytes())?;
    print(output.display())
}

fn material(folder: &Path, backend: Option<&str>) -> Result<Material, Error> {
    let run = open_run(folder, backend)?;
    let summary = run.summary()?;
    let config = fs::read_to_string(folder.join("config.toml")).unwrap_or_default();
    let (evidence, confusion) = match run.data() {
        Ok(data) => (run.evidence(&data), run.score(&data.test).1),
        Err(error) => {
            tell(format!(
                "warning: {}: without maps and examples, since the run's data cannot be read: {error}",
                folder.display()
            ));
            (Evidence::default(), None)
        }
    };
    let classes = run.processor().classes().to_vec();
    Ok(Material { summary, lines: metrics_log::read(folder)?, confusion, evidence, classes, config })
}
