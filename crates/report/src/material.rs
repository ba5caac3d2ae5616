//! What the page and the charts of a run are made from.

use std::fs;
use std::path::Path;

use semiseq_datasets::Prepared;
use semiseq_training::files::write_atomic;
use semiseq_training::run_folder::metrics_log::{self, Line};
use semiseq_training::tasks::measures::Confusion;
use semiseq_training::{Environment, Error, FinishedRun, ModelSettings, ObjectiveSettings, Summary};

use crate::facts::Facts;
use crate::images::{grid, of_one_size, range};
use crate::page::{Evidence, RunReport, page};
use crate::shown::Shown;
use crate::{confusion, curves};

/// All that is told of a finished run.
#[derive(Clone, Debug)]
pub struct Material {
    summary: Summary,
    lines: Vec<Line>,
    confusion: Option<Confusion>,
    evidence: Evidence,
    facts: Facts,
    classes: Vec<String>,
    config: String,
    /// What the page lacks, in words.
    pub missing: Option<String>,
}

impl Material {
    /// Of a run and its data; without data the page has no maps and no examples. `None` where `stop` says to give it
    /// up.
    ///
    /// # Errors
    ///
    /// Where a file of the run folder is damaged.
    pub fn of<M: ModelSettings, O: ObjectiveSettings>(
        run: &FinishedRun<M, O>,
        data: Option<&Prepared>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, Error> {
        let folder = run.folder();
        let (summary, lines) = (run.summary()?, metrics_log::read(folder)?);
        let seen = match data {
            Some(data) => seen(run, data, summary.seed, stop),
            None => Some((Evidence::default(), None)),
        };
        let facts = Facts::of(Environment::read(folder), data);
        let missing =
            lines.is_empty().then(|| format!("{}: without curves, since there are no metrics", folder.display()));
        Ok(seen.map(|(evidence, confusion)| Self {
            summary,
            lines,
            confusion,
            evidence,
            facts,
            classes: run.processor().classes().to_vec(),
            config: fs::read_to_string(folder.join("config.toml")).unwrap_or_default(),
            missing,
        }))
    }

    /// Without any sequence, for whoever may read the page and not the data.
    #[must_use]
    pub fn without_examples(self) -> Self {
        Self { evidence: self.evidence.without_examples(), ..self }
    }

    /// As a part of a page.
    pub fn report(&self) -> RunReport<'_> {
        RunReport {
            summary: &self.summary,
            lines: &self.lines,
            confusion: self.confusion.as_ref(),
            evidence: &self.evidence,
            facts: &self.facts,
            classes: &self.classes,
            config: &self.config,
        }
    }

    /// Writes `report.html`, `curves.svg` and, where there are some, `confusion.svg`, `rebuilt.png` and `samples.png`
    /// into the run folder.
    ///
    /// # Errors
    ///
    /// Where the disk is full.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        self.write_images(folder)?;
        if let Some(matrix) = &self.confusion {
            confusion::write_svg(&folder.join("confusion.svg"), matrix)?;
        }
        curves::write(&folder.join("curves.svg"), &self.lines, &self.summary.stages)?;
        write_atomic(&folder.join("report.html"), page(&[self.report()]).as_bytes())
    }

    /// What the charts leave out, in words.
    pub fn left_out(&self) -> Option<String> {
        self.confusion.as_ref().and_then(|confusion| confusion.shortened(confusion::DRAWN).left_out())
    }

    fn write_images(&self, folder: &Path) -> Result<(), Error> {
        let shown = &self.evidence.drawn;
        let real = of_one_size(shown.rebuilt.iter().map(|(real, _)| real).chain(&shown.real));
        let (low, high) = range(&real);
        let pairs = of_one_size(shown.rebuilt.iter().flat_map(|(real, made)| [real, made]));
        for (name, images, rows) in [("rebuilt.png", pairs, 2), ("samples.png", of_one_size(&shown.made), 1)] {
            if let Some(bytes) = grid(&images, rows, low, high) {
                write_atomic(&folder.join(name), &bytes)?;
            }
        }
        Ok(())
    }
}

/// Evidence and confusion matrix; `None` where `stop` says to give it up.
fn seen<M: ModelSettings, O: ObjectiveSettings>(
    run: &FinishedRun<M, O>,
    data: &Prepared,
    seed: u64,
    stop: &dyn Fn() -> bool,
) -> Option<(Evidence, Option<Confusion>)> {
    let shown = Shown::of(run, data, seed);
    if stop() {
        return None;
    }
    let evidence = Evidence::gather(run, data, seed, stop)?.with(shown, &data.processor);
    let matrix = evidence.confusion(&data.test.classes).or_else(|| run.score(&data.test).1);
    Some((evidence, matrix)).filter(|_| !stop())
}
