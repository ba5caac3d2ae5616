//! Sequences of values: as lines, as an image, or with what follows them.

use std::fmt::Write;

use semiseq_datasets::Series;

use crate::charts::color;

/// A series as lines, or as an image where it has many channels.
pub(crate) fn series(series: &Series) -> String {
    const LINES: usize = 4;
    let values: Vec<f32> = series.values.iter().copied().filter(|value| value.is_finite()).collect();
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let range = (values.iter().copied().fold(f32::NEG_INFINITY, f32::max) - low).max(1e-6);
    let (time, channels) = (series.time(), series.channels);
    if channels > LINES {
        return image(series, |value| (value - low) / range);
    }
    let mut svg = String::from("<svg viewBox=\"0 0 220 70\" preserveAspectRatio=\"none\" role=\"img\">");
    for channel in 0..channels {
        let points: Vec<String> = (0..time)
            .map(|step| {
                let x = 2.0 + 216.0 * step as f32 / time.saturating_sub(1).max(1) as f32;
                let y = 67.0 - 64.0 * (series.values[step * channels + channel] - low) / range;
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let stroke = color(channel);
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.5\" \
             vector-effect=\"non-scaling-stroke\"/>",
            points.join(" ")
        );
    }
    svg.push_str("</svg>");
    svg
}

/// What mattered in a series, from its first step to its last: a cell a step, or of several the strongest.
pub(crate) fn strip(shares: &[f64]) -> String {
    const CELLS: usize = 108;
    let cells: Vec<f64> = shares
        .chunks(shares.len().div_ceil(CELLS).max(1))
        .map(|steps| {
            steps.iter().copied().fold(0.0, |most: f64, share| if share.abs() > most.abs() { share } else { most })
        })
        .collect();
    let width = 216.0 / cells.len().max(1) as f64;
    let mut svg = String::from(
        "<svg viewBox=\"0 0 220 12\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\" role=\"img\">",
    );
    for (cell, share) in cells.iter().enumerate().filter(|(_, share)| share.abs() >= 0.01) {
        let (x, fill) = (2.0 + width * cell as f64, color(usize::from(*share < 0.0)));
        let _ = write!(
            svg,
            "<rect x=\"{x:.2}\" y=\"1\" width=\"{width:.2}\" height=\"10\" fill=\"{fill}\" fill-opacity=\"{:.2}\"/>",
            share.abs()
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A window, what follows it, and what was forecast; the axis says the range.
pub(crate) fn forecast(past: &[f64], truth: &[f64], forecast: &[f64]) -> String {
    let shown = past.len().min(3 * truth.len());
    let past = &past[past.len() - shown..];
    let all = || past.iter().chain(truth).chain(forecast).copied();
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let range = (high - low).max(1e-6);
    let steps = (shown + truth.len()).saturating_sub(1).max(1) as f64;
    let line = |values: &[f64], from: usize, style: &str| {
        // What follows goes on from the window's last step.
        let joined = past.last().filter(|_| from > 0).map(|last| (from - 1, *last));
        let points: Vec<String> = joined
            .into_iter()
            .chain(values.iter().enumerate().map(|(step, value)| (from + step, *value)))
            .map(|(step, value)| {
                format!("{:.1},{:.1}", 2.0 + 216.0 * step as f64 / steps, 87.0 - 84.0 * (value - low) / range)
            })
            .collect();
        format!(
            "<polyline points=\"{}\" fill=\"none\" {style} vector-effect=\"non-scaling-stroke\"/>",
            points.join(" ")
        )
    };
    format!(
        "<svg viewBox=\"0 0 220 90\" preserveAspectRatio=\"none\" role=\"img\">{}{}{}</svg><small>{low:.2} to \
         {high:.2}</small>",
        line(past, 0, "stroke=\"currentColor\" stroke-opacity=\"0.45\""),
        line(truth, shown, &format!("stroke=\"{}\" stroke-width=\"1.5\"", color(0))),
        line(forecast, shown, &format!("stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"4 3\"", color(1))),
    )
}

/// A row per step, as an image read row by row lies; equal neighbours are one rectangle.
fn image(series: &Series, level: impl Fn(f32) -> f32) -> String {
    const LEVELS: f32 = 8.0;
    let (time, channels) = (series.time(), series.channels);
    let mut svg = format!("<svg viewBox=\"0 0 {channels} {time}\" shape-rendering=\"crispEdges\" role=\"img\">");
    for (step, row) in series.values.chunks_exact(channels).enumerate() {
        let levels: Vec<u8> = row.iter().map(|value| (level(*value) * LEVELS).round() as u8).collect();
        let mut column = 0;
        for run in levels.chunk_by(|left, right| left == right) {
            if run[0] > 0 {
                let (width, opacity) = (run.len(), f32::from(run[0]) / LEVELS);
                let _ = write!(
                    svg,
                    "<rect x=\"{column}\" y=\"{step}\" width=\"{width}\" height=\"1\" fill=\"var(--ink)\" \
                     fill-opacity=\"{opacity:.2}\"/>"
                );
            }
            column += run.len();
        }
    }
    svg.push_str("</svg>");
    svg
}
