//! Curves over epochs or steps.

use std::fmt::Write;

use crate::charts::frame::{ABOVE, BELOW, Frame, HEIGHT, WIDTH};
use crate::charts::{Chart, color};
use crate::page::escape;

/// A line of a chart.
pub(crate) struct Curve<'a> {
    pub points: &'a [(f64, f64)],
    pub color: usize,
}

/// Lines over what stands `below`; `mark` is drawn upright, with a name.
pub(crate) fn lines(curves: &[Curve<'_>], below: &str, mark: Option<(f64, &str)>) -> Chart {
    let all = || curves.iter().flat_map(|curve| curve.points).filter(|point| point.1.is_finite());
    let first = all().map(|point| point.0).fold(1.0, f64::min);
    let last = all().map(|point| point.0).fold(first + 1.0, f64::max);
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
    let (low, high) = if low.is_finite() { (low.min(0.0), high.max(low + 1e-6)) } else { (0.0, 1.0) };
    // Epochs begin at nothing, steps ahead at the first.
    let frame = Frame { x: (if first < 1.0 || below == "epoch" { 0.0 } else { first }, last), y: (low, high) };
    let mut marks = frame.axes(below);
    if let Some((at, name)) = mark {
        let (x, floor) = (frame.place(at, 0.0).0, HEIGHT - BELOW);
        let _ =
            write!(marks, "<path d=\"M{x:.1} {ABOVE}V{floor:.1}\" stroke=\"var(--good)\" stroke-dasharray=\"3 3\"/>");
        let (anchor, x) = if x > WIDTH - 60.0 { ("end", x - 3.0) } else { ("start", x + 3.0) };
        let _ = write!(marks, "<text x=\"{x:.1}\" y=\"10\" text-anchor=\"{anchor}\">{}</text>", escape(name));
    }
    for curve in curves {
        let finite = curve.points.iter().filter(|point| point.1.is_finite());
        let places: Vec<(f64, f64)> = finite.map(|point| frame.place(point.0, point.1)).collect();
        let stroke = color(curve.color);
        // A line of one point has no length.
        if let [(x, y)] = places[..] {
            let _ = write!(marks, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{stroke}\"/>");
            continue;
        }
        let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        let _ = write!(marks, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2\"/>");
    }
    Chart { width: WIDTH, height: HEIGHT, marks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_point_is_drawn() {
        let curve = Curve { points: &[(1.0, 0.5)], color: 1 };
        let chart = lines(&[curve], "epoch", Some((1.0, "kept"))).inline();
        assert!(chart.contains("<circle") && !chart.contains("<polyline") && chart.contains("kept"), "{chart}");
    }
}
