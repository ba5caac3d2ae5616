//! The report's pictures as SVG that follows the page's style sheet, so that they are readable in light and dark; a
//! drawing library knows no style sheet.

use std::fmt::Write;

use semiseq_datasets::Series;

use crate::page::html::escape;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 260.0;
/// Room for the numbers at the left, and for the names below.
const LEFT: f64 = 46.0;
const BELOW: f64 = 34.0;
const ABOVE: f64 = 14.0;
/// Colours of the style sheet.
const COLORS: usize = 10;

/// A line of a chart.
pub(super) struct Curve<'a> {
    pub name: &'a str,
    pub points: &'a [(f64, f64)],
    pub color: usize,
}

/// The colour of a class or curve.
pub(super) fn color(index: usize) -> String {
    format!("var(--c{})", index % COLORS)
}

/// Names beside their colours.
pub(super) fn legend<'a>(names: impl Iterator<Item = (&'a str, usize)>) -> String {
    let entries = names.map(|(name, index)| format!("<span style=\"--mark:{}\">{}</span>", color(index), escape(name)));
    format!("<div class=\"legend\">{}</div>", entries.collect::<String>())
}

/// Lines over what stands `below`; `mark` is drawn upright, with a name.
pub(super) fn lines(curves: &[Curve<'_>], below: &str, mark: Option<(f64, &str)>) -> String {
    let all = || curves.iter().flat_map(|curve| curve.points).filter(|point| point.1.is_finite());
    let first = all().map(|point| point.0).fold(1.0, f64::min);
    let last = all().map(|point| point.0).fold(first + 1.0, f64::max);
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
    let (low, high) = if low.is_finite() { (low.min(0.0), high.max(low + 1e-6)) } else { (0.0, 1.0) };
    // Epochs begin at nothing, steps ahead at the first.
    let frame = Frame { x: (if first < 1.0 || below == "epoch" { 0.0 } else { first }, last), y: (low, high) };
    let mut svg = frame.open(below);
    if let Some((at, name)) = mark {
        let x = frame.place(at, 0.0).0;
        let _ = write!(
            svg,
            "<path d=\"M{x:.1} {ABOVE}V{:.1}\" stroke=\"var(--good)\" stroke-dasharray=\"3 3\"/>",
            HEIGHT - BELOW
        );
        let (anchor, x) = if x > WIDTH - 60.0 { ("end", x - 3.0) } else { ("start", x + 3.0) };
        let _ = write!(svg, "<text x=\"{x:.1}\" y=\"10\" text-anchor=\"{anchor}\">{}</text>", escape(name));
    }
    for curve in curves {
        let places: Vec<(f64, f64)> = curve
            .points
            .iter()
            .filter(|point| point.1.is_finite())
            .map(|point| frame.place(point.0, point.1))
            .collect();
        let stroke = color(curve.color);
        // A line of one point has no length.
        if let [(x, y)] = places[..] {
            let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{stroke}\"/>");
            continue;
        }
        let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
    }
    svg.push_str("</svg>");
    svg.push_str(&legend(curves.iter().map(|curve| (curve.name, curve.color))));
    svg
}

/// A dot a sequence in the colour of its group.
pub(super) fn map(points: &[[f64; 2]], groups: &[usize]) -> String {
    let range = |axis: usize| {
        points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        })
    };
    let (x, y) = (range(0), range(1));
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
    let along = |value: f64, (low, high): (f64, f64), length: f64| {
        6.0 + (value - low) / (high - low).max(1e-12) * (length - 12.0)
    };
    for (point, group) in points.iter().zip(groups) {
        let (left, top) = (along(point[0], x, WIDTH), HEIGHT - along(point[1], y, HEIGHT));
        let fill = color(*group);
        let _ = write!(svg, "<circle cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"3\" fill=\"{fill}\" fill-opacity=\".75\"/>");
    }
    svg.push_str("</svg>");
    svg
}

/// Accuracy in bins of confidence beside the diagonal of a model that is as sure as it is right; `(confidence,
/// accuracy, share of all)` each.
pub(super) fn reliability(bins: &[(f64, f64, f64)]) -> String {
    let frame = Frame { x: (0.0, 1.0), y: (0.0, 1.0) };
    let mut svg = frame.open("confidence");
    let (from, to) = (frame.place(0.0, 0.0), frame.place(1.0, 1.0));
    let _ = write!(
        svg,
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"var(--other)\" stroke-dasharray=\"4 4\"/>",
        from.0, from.1, to.0, to.1
    );
    for (confidence, accuracy, share) in bins {
        let (x, y) = frame.place(*confidence, *accuracy);
        // An area in proportion to the share.
        let radius = 3.0 + 14.0 * share.sqrt();
        let _ = write!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"var(--good)\" fill-opacity=\".7\"/>"
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A series as lines, or as a picture where it has many channels.
pub(super) fn series(series: &Series) -> String {
    const LINES: usize = 4;
    let values: Vec<f32> = series.values.iter().copied().filter(|value| value.is_finite()).collect();
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let range = (values.iter().copied().fold(f32::NEG_INFINITY, f32::max) - low).max(1e-6);
    let (time, channels) = (series.time(), series.channels);
    if channels > LINES {
        return picture(series, |value| (value - low) / range);
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

/// A window, what follows it, and what was forecast; the axis says the range.
pub(super) fn forecast(past: &[f64], truth: &[f64], forecast: &[f64]) -> String {
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
fn picture(series: &Series, level: impl Fn(f32) -> f32) -> String {
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

/// The place of a chart's numbers.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low).max(1e-12);
        let height = HEIGHT - BELOW - ABOVE;
        (LEFT + share(x, self.x) * (WIDTH - LEFT - 8.0), ABOVE + (1.0 - share(y, self.y)) * height)
    }

    /// The axes with a few round numbers each.
    fn open(&self, below: &str) -> String {
        let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
        let floor = HEIGHT - BELOW;
        let _ = write!(svg, "<path class=\"axis\" d=\"M{LEFT} {ABOVE}V{floor}H{}\"/>", WIDTH - 8.0);
        for (x, text) in ticks(self.x) {
            let (across, _) = self.place(x, self.y.0);
            let _ =
                write!(svg, "<text x=\"{across:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>", floor + 15.0);
        }
        for (y, text) in ticks(self.y) {
            let (_, up) = self.place(self.x.0, y);
            let _ =
                write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>", LEFT - 6.0, up + 4.0);
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{below}</text>",
            (LEFT + WIDTH) / 2.0,
            HEIGHT - 4.0
        );
        svg
    }
}

/// Round numbers of a range, each as it is written: three to six, 1, 2 or 5 times a power of ten apart, so that what is
/// written is where it stands.
fn ticks((low, high): (f64, f64)) -> Vec<(f64, String)> {
    let range = (high - low).max(1e-12);
    let power = 10f64.powf((range / 5.0).log10().floor());
    let apart = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|apart| range / apart <= 5.0);
    let apart = apart.unwrap_or(10.0 * power);
    let digits = (-apart.log10().floor()).max(0.0) as usize;
    let (first, last) = ((low / apart - 1e-9).ceil() as i64, (high / apart + 1e-9).floor() as i64);
    let large = high.abs().max(low.abs()) >= 1e5 || digits > 4;
    let written = |value: f64| if large && value != 0.0 { format!("{value:.1e}") } else { format!("{value:.digits$}") };
    (first..=last).map(|place| place as f64 * apart).map(|value| (value, written(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_stand_where_they_say() {
        let of = |low, high| ticks((low, high)).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ");
        assert_eq!(of(0.0, 1.0), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(of(0.0, 7.0), "0 2 4 6");
        assert_eq!(of(0.0, 0.013), "0.000 0.005 0.010");
        assert_eq!(of(-3.0, 12.0), "0 5 10");
        assert_eq!(of(0.0, 2.4e6), "0 5.0e5 1.0e6 1.5e6 2.0e6");
        for (value, text) in ticks((0.0, 0.37)) {
            assert!((text.parse::<f64>().unwrap() - value).abs() < 1e-9, "{text} at {value}");
        }
    }

    #[test]
    fn a_single_point_is_drawn() {
        let curve = Curve { name: "one", points: &[(1.0, 0.5)], color: 1 };
        let chart = lines(&[curve], "epoch", Some((1.0, "kept")));
        assert!(chart.contains("<circle") && !chart.contains("<polyline") && chart.contains("kept"), "{chart}");
    }
}
