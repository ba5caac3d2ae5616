//! `semiseq report`.

use std::path::{Path, PathBuf};

use semiseq::prelude::*;
use semiseq::report::Material;
use semiseq::report::page::{RunReport, page};
use semiseq::training::files::write_atomic;

use super::{check_ending, open_run, print, warn};

/// Arguments of `report`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Run folders; several are compared in one page
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Where to write; by default `report.html` in the run folder, or here for several runs
    #[arg(long)]
    output: Option<PathBuf>,
    /// Leave all sequences out, of the data and made by the model, for a page that others may read
    #[arg(long)]
    no_examples: bool,
    /// flex, ndarray, wgpu or cuda, in place of the runs' own
    #[arg(long)]
    backend: Option<String>,
}

/// Writes the page.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), &["html"])?;
    let materials = arguments.runs.iter().map(|folder| {
        let material = material(folder, arguments.backend.as_deref())?;
        Ok(if arguments.no_examples { material.without_examples() } else { material })
    });
    let materials = materials.collect::<Result<Vec<Material>, Error>>()?;
    let reports: Vec<RunReport<'_>> = materials.iter().map(Material::report).collect();
    let output = arguments.output.clone().unwrap_or_else(|| match arguments.runs.as_slice() {
        [folder] => folder.join("report.html"),
        _ => PathBuf::from("report.html"),
    });
    let missing: Vec<&str> = materials.iter().filter_map(|material| material.missing.as_deref()).collect();
    if missing.is_empty() || !output.exists() {
        missing.iter().for_each(warn);
        write_atomic(&output, page(&reports).as_bytes())?;
    } else {
        // What is there may well hold what cannot be made again.
        warn(format!(
            "{} is kept as it is: a new page would be poorer ({}); give another name with `--output` to have \
             it all the same",
            output.display(),
            missing.join("; ")
        ));
    }
    print(output.display())
}

fn material(folder: &Path, backend: Option<&str>) -> Result<Material, Error> {
    let run = open_run(folder, backend)?;
    let (data, unreadable) = match run.data() {
        Ok(data) => (Some(data), None),
        // Data that are others now would give a page about them beside scores of the old ones.
        Err(error @ Error::Input { .. }) => return Err(error),
        Err(error) => {
            let text = format!(
                "{}: without maps and examples, since the run's data cannot be read: {error}",
                folder.display()
            );
            (None, Some(text))
        }
    };
    let material = Material::of(&run, data.as_deref(), &|| false)?;
    let mut material = material.ok_or_else(|| Error::Interrupted { folder: folder.to_path_buf(), begun: true })?;
    material.missing = unreadable.or(material.missing);
    Ok(material)
}
