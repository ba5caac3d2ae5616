//! `curves.svg`: loss and score over the epochs of each stage.

use std::path::Path;

use semiseq_schema::{METRICS, Metric, title};

use semiseq_training::files::write_atomic;
use semiseq_training::run_folder::metrics_log::Line;
use semiseq_training::{Error, StageSummary};

use crate::charts::{self, Chart, file, lines};

/// What stands as the objective of the baseline's lines.
const BASELINE: &str = "baseline";

/// One line in a panel.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    /// The place of its colour, which is the same wherever it is drawn.
    pub(crate) color: usize,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A metric over the epochs of one stage: another stage has another loss, so that each has axes of its own.
pub(crate) struct Panel {
    /// The metric, and the stage where there are several.
    pub(crate) title: String,
    pub(crate) curves: Vec<Curve>,
    /// Where the weights stood that were kept.
    pub(crate) kept: Option<f64>,
}

impl Panel {
    pub(crate) fn chart(&self) -> Chart {
        let curves = self.curves.iter().map(|curve| charts::Curve { points: &curve.points, color: curve.color });
        let curves: Vec<charts::Curve<'_>> = curves.collect();
        lines(&curves, "epoch", self.kept.map(|kept| (kept, "kept")))
    }
}

/// Draws the curves of a run: the loss of each stage, and what else stands for the run; the baseline over the last
/// stage.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write(path: &Path, lines: &[Line], stages: &[StageSummary]) -> Result<(), Error> {
    write_atomic(path, svg(lines, stages).as_bytes())
}

fn svg(lines: &[Line], stages: &[StageSummary]) -> String {
    let measured =
        |metric: &&Metric| lines.iter().any(|line| line.split == "valid" && line.scores.contains_key(metric.name));
    let score = METRICS.iter().filter(|metric| metric.headline && metric.name != "loss").find(measured);
    let metrics = std::iter::once("loss").chain(score.map(|metric| metric.name));
    let drawn = |panel: Panel| charts::Panel {
        chart: panel.chart(),
        names: panel.curves.iter().map(|curve| (curve.name.to_owned(), curve.color)).collect(),
        title: panel.title,
    };
    let panels: Vec<charts::Panel> = metrics.flat_map(|metric| panels(lines, stages, metric)).map(drawn).collect();
    file(&panels, 3, &[])
}

/// The panels of a metric: one for each stage that has it, in their order.
pub(crate) fn panels(lines: &[Line], stages: &[StageSummary], metric: &str) -> Vec<Panel> {
    let mut own: Vec<(usize, &str)> = lines
        .iter()
        .filter(|line| line.objective != BASELINE)
        .map(|line| (line.stage, line.objective.as_str()))
        .collect();
    own.sort_unstable();
    own.dedup_by_key(|(stage, _)| *stage);
    let last = own.last().map(|(stage, _)| *stage);
    let title = title(metric);
    let one = |(stage, name): &(usize, &str)| {
        let curves = curves(lines, metric, *stage, Some(*stage) == last);
        let outcome = stages.get(*stage).map(|stage| &stage.outcome).filter(|outcome| outcome.best_step > 0);
        let kept = outcome.map(|outcome| place(lines, *stage, outcome.best_step, outcome.best_epoch));
        // Where nothing was validated, nothing was chosen.
        let chosen = lines.iter().any(|line| line.stage == *stage && line.split == "valid");
        let title = if own.len() > 1 { format!("{title}, {name}") } else { title.clone() };
        Panel { title, curves, kept: kept.filter(|_| chosen) }
    };
    own.iter().map(one).filter(|panel| !panel.curves.is_empty()).collect()
}

/// The lines of a stage, and of the baseline beside the last.
fn curves(lines: &[Line], metric: &str, stage: usize, with_baseline: bool) -> Vec<Curve> {
    let kinds = [("training", "train", false), ("validation", "valid", false), ("baseline, validation", "valid", true)];
    let mut curves = Vec::new();
    for (color, (name, split, baseline)) in kinds.into_iter().enumerate() {
        let chosen = lines.iter().filter(|line| {
            line.split == split
                && (line.objective == BASELINE) == baseline
                && if baseline { with_baseline } else { line.stage == stage }
        });
        let points: Vec<(f64, f64)> = chosen
            .filter_map(|line| Some((epochs(lines, line), *line.scores.get(metric)?)))
            // Beyond it the axis has no numbers.
            .filter(|point| point.1.abs() < 1e300)
            .collect();
        if !points.is_empty() {
            curves.push(Curve { name, color, points });
        }
    }
    curves
}

/// How many epochs of its stage are behind a line: with fractions, where the weights were validated inside an epoch.
fn epochs(lines: &[Line], line: &Line) -> f64 {
    if line.split == "valid" { place(lines, line.stage, line.step, line.epoch) } else { line.epoch as f64 }
}

/// How many epochs of a stage are behind one of its steps, which lies in an epoch.
fn place(lines: &[Line], stage: usize, step: usize, epoch: usize) -> f64 {
    let mut of_stage = lines.iter().filter(|line| line.stage == stage && line.split == "train");
    match of_stage.next() {
        // All epochs have as many steps as the first, but for a last one that is cut short.
        Some(first) if first.step > 0 && step > 0 => step as f64 * first.epoch as f64 / first.step as f64,
        _ => epoch as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use semiseq_schema::Scores;

    fn line(stage: usize, objective: &str, split: &str, epoch: usize, step: usize) -> Line {
        Line {
            stage,
            objective: objective.into(),
            epoch,
            step,
            split: split.into(),
            scores: Scores::from([("loss".into(), 1.0), ("accuracy".into(), 0.5)]),
        }
    }

    fn stages(best: [usize; 2]) -> Vec<StageSummary> {
        let stage = serde_json::json!({"objective": "o", "epochs": 3, "best_epoch": best[0], "best_step": best[1],
            "steps": 30, "wall_seconds": 1.0, "samples_per_second": 1.0, "stopped_by": "all epochs"});
        vec![serde_json::from_value(stage).unwrap(); 2]
    }

    #[test]
    fn each_stage_has_axes_of_its_own_and_the_baseline_stands_beside_the_last() {
        let lines = [
            line(0, "autoencoder", "valid", 3, 30),
            line(1, "mean-teacher", "valid", 2, 20),
            line(2, "baseline", "valid", 2, 20),
        ];
        let found = panels(&lines, &stages([2, 15]), "loss");
        let names = |panel: &Panel| panel.curves.iter().map(|curve| (curve.name, curve.color)).collect::<Vec<_>>();
        assert_eq!(
            found.iter().map(|panel| panel.title.as_str()).collect::<Vec<_>>(),
            ["loss, autoencoder", "loss, mean-teacher"]
        );
        // A line has its colour, whatever else is there.
        assert_eq!(names(&found[0]), [("validation", 1)]);
        assert_eq!(names(&found[1]), [("validation", 1), ("baseline, validation", 2)]);
        let svg = svg(&lines, &stages([2, 15]));
        assert!(["baseline, validation", "accuracy, mean-teacher", ">kept<"].iter().all(|text| svg.contains(text)));
    }

    #[test]
    fn a_validation_inside_an_epoch_stands_between_its_ends_and_so_does_what_is_kept() {
        let of = |split, epoch, step| line(0, "supervised", split, epoch, step);
        let lines = [of("valid", 1, 5), of("train", 1, 10), of("valid", 2, 15), of("train", 2, 20)];
        let found = panels(&lines, &stages([2, 15]), "loss");
        let places = |curve: &Curve| curve.points.iter().map(|point| point.0).collect::<Vec<_>>();
        assert_eq!(found[0].curves.iter().map(places).collect::<Vec<_>>(), [[1.0, 2.0], [0.5, 1.5]]);
        assert_eq!((found[0].title.as_str(), found[0].kept), ("loss", Some(1.5)));
        let unjudged = [of("train", 1, 10), of("train", 2, 20)];
        assert_eq!(panels(&unjudged, &stages([2, 20]), "loss")[0].kept, None, "nothing was chosen");
    }
}
