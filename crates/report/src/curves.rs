//! `curves.svg`: loss and score over the epochs of all stages.

use std::collections::BTreeMap;
use std::path::Path;

use plotters::prelude::*;
use semiseq_schema::{METRICS, Metric};

use semiseq_training::Error;
use semiseq_training::files::write_atomic;
use semiseq_training::run_folder::metrics_log::Line;

/// One line in a panel.
pub(crate) struct Curve {
    pub(crate) name: String,
    color: RGBColor,
    pub(crate) points: Vec<(f64, f64)>,
}

const COLORS: [RGBColor; 4] =
    [RGBColor(33, 102, 172), RGBColor(214, 96, 30), RGBColor(120, 120, 120), RGBColor(60, 150, 90)];

/// Draws the curves of a run: the stages one after the other, the baseline over the last of them.
///
/// # Errors
///
/// Where the file cannot be written.
pub fn write(path: &Path, lines: &[Line]) -> Result<(), Error> {
    let mut svg = String::new();
    draw(&mut svg, lines).map_err(|error| Error::write(path, error.to_string()))?;
    write_atomic(path, svg.as_bytes())
}

fn draw(svg: &mut String, lines: &[Line]) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, (1000, 400)).into_drawing_area();
    root.fill(&WHITE)?;
    let measured =
        |metric: &&Metric| lines.iter().any(|line| line.split == "valid" && line.scores.contains_key(metric.name));
    let score = METRICS.iter().filter(|metric| metric.headline && metric.name != "loss").find(measured);
    let metrics: Vec<&str> = std::iter::once("loss").chain(score.map(|metric| metric.name)).collect();
    let starts = stage_starts(lines);
    for (area, metric) in root.split_evenly((1, metrics.len())).iter().zip(metrics) {
        panel(area, metric, &curves(lines, metric, &starts), &starts, &stage_names(lines))?;
    }
    root.present()?;
    Ok(())
}

/// The first position of each stage on the axis; the baseline begins with the last stage.
pub(crate) fn stage_starts(lines: &[Line]) -> Vec<f64> {
    let stages = lines.iter().map(|line| line.stage + 1).max().unwrap_or(0);
    // The last epoch of each stage, and whether it is the baseline.
    let mut ends = vec![(0, false); stages];
    for line in lines {
        let (last, baseline) = &mut ends[line.stage];
        *last = line.epoch.max(*last);
        *baseline |= line.objective == "baseline";
    }
    let mut starts: Vec<f64> = Vec::new();
    let mut next = 0.0;
    for (last, baseline) in ends {
        if baseline {
            starts.push(starts.last().copied().unwrap_or(0.0));
            continue;
        }
        starts.push(next);
        next += last as f64;
    }
    starts
}

/// The objectives of the stages; the baseline, drawn over the last of them, has its name in the legend.
pub(crate) fn stage_names(lines: &[Line]) -> BTreeMap<usize, &str> {
    let stages = lines.iter().filter(|line| line.objective != "baseline");
    stages.map(|line| (line.stage, line.objective.as_str())).collect()
}

pub(crate) fn curves(lines: &[Line], metric: &str, starts: &[f64]) -> Vec<Curve> {
    let kinds = [("training", "train", false), ("validation", "valid", false), ("baseline, validation", "valid", true)];
    let mut curves = Vec::new();
    for ((name, split, baseline), color) in kinds.into_iter().zip(COLORS) {
        let chosen = lines.iter().filter(|line| line.split == split && (line.objective == "baseline") == baseline);
        let points: Vec<(f64, f64)> = chosen
            .filter_map(|line| Some((starts[line.stage] + epochs(lines, line), *line.scores.get(metric)?)))
            // Beyond it the axis has no numbers.
            .filter(|point| point.1.abs() < 1e300)
            .collect();
        if !points.is_empty() {
            curves.push(Curve { name: name.into(), color, points });
        }
    }
    curves
}

/// How many epochs of its stage are behind a line: with fractions, where the weights were validated inside an epoch.
fn epochs(lines: &[Line], line: &Line) -> f64 {
    let mut of_stage = lines.iter().filter(|other| other.stage == line.stage && other.split == "train");
    match of_stage.next() {
        // All epochs have as many steps as the first, but for a last one that is cut short.
        Some(first) if line.split == "valid" && first.step > 0 && line.step > 0 => {
            line.step as f64 * first.epoch as f64 / first.step as f64
        }
        _ => line.epoch as f64,
    }
}

fn panel<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    metric: &str,
    curves: &[Curve],
    starts: &[f64],
    stages: &BTreeMap<usize, &str>,
) -> Result<(), Box<dyn std::error::Error>>
where
    DB::ErrorType: 'static,
{
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = all()
        .map(|point| point.1)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
    let (low, high) = if metric == "accuracy" {
        // A little room for the stages' names above a curve that reaches 1.
        (0.0_f64.max(low - 0.05), if stages.len() > 1 { 1.06 } else { 1.0 })
    } else {
        // Room above the curves for the stages' names and, below them, the legend.
        (low.min(0.0), high + 0.5 * (high - low.min(0.0)).max(1e-6))
    };
    let mut chart = ChartBuilder::on(area)
        .caption(metric, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..last + 0.5, low..high)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .max_light_lines(2)
        .light_line_style(RGBColor(245, 245, 245))
        .bold_line_style(RGBColor(228, 228, 228))
        .x_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    for start in starts.iter().filter(|start| **start > 0.0) {
        chart.draw_series(std::iter::once(PathElement::new(
            vec![(start + 0.5, low), (start + 0.5, high)],
            RGBColor(150, 150, 150).stroke_width(1),
        )))?;
    }
    // A stage's name stands at the head of its part.
    if stages.len() > 1 {
        let style = ("sans-serif", 12).into_font().color(&RGBColor(110, 110, 110));
        for (stage, name) in stages {
            let start = starts.get(*stage).copied().unwrap_or(0.0);
            let place = (start + 0.5 + 0.01 * last, high - 0.01 * (high - low));
            chart.draw_series(std::iter::once(Text::new((*name).to_string(), place, style.clone())))?;
        }
    }
    for curve in curves {
        let color = curve.color;
        let style = color.stroke_width(2);
        if curve.points.len() == 1 {
            chart.draw_series(curve.points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
        }
        // Stages are not joined: a new stage has another loss.
        for part in
            curve.points.chunk_by(|left, right| !starts.iter().any(|start| left.0 <= *start && right.0 > *start))
        {
            chart.draw_series(LineSeries::new(part.iter().copied(), style))?;
        }
        chart
            .draw_series(std::iter::empty::<Circle<(f64, f64), i32>>())?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    // One legend for both panels, in the one that has room for it.
    if metric != "loss" {
        return Ok(());
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::Coordinate(120, 26))
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(220, 220, 220))
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use semiseq_schema::Scores;

    #[test]
    fn the_baseline_starts_where_the_last_stage_does() {
        let line = |stage, objective: &str, epoch| Line {
            stage,
            objective: objective.into(),
            epoch,
            step: 10 * epoch,
            split: "valid".into(),
            scores: Scores::from([("loss".into(), 1.0), ("accuracy".into(), 0.5)]),
        };
        let lines = [line(0, "autoencoder", 3), line(1, "mean-teacher", 2), line(2, "baseline", 2)];
        assert_eq!(stage_starts(&lines), [0.0, 3.0, 3.0]);
        let mut svg = String::new();
        draw(&mut svg, &lines).unwrap();
        assert!(svg.contains("baseline, validation") && svg.contains("accuracy") && svg.contains("mean-teacher"));
    }

    #[test]
    fn a_validation_inside_an_epoch_stands_between_its_ends() {
        let line = |split: &str, epoch, step| Line {
            stage: 0,
            objective: "supervised".into(),
            epoch,
            step,
            split: split.into(),
            scores: Scores::from([("loss".into(), 1.0)]),
        };
        let lines = [line("valid", 1, 5), line("train", 1, 10), line("valid", 2, 15), line("train", 2, 20)];
        let found = curves(&lines, "loss", &[0.0]);
        let places = |curve: &Curve| curve.points.iter().map(|point| point.0).collect::<Vec<_>>();
        assert_eq!(found.iter().map(places).collect::<Vec<_>>(), [[1.0, 2.0], [0.5, 1.5]]);
    }
}
