//! Paths in two dimensions, in the colours of their groups.

use std::fmt::Write;

use crate::charts::frame::{HEIGHT, WIDTH};
use crate::charts::{Chart, color};

/// A path from its first point to its last, and its group.
pub(crate) type Trail<'a> = (&'a [[f64; 2]], Option<usize>);

/// Thin paths below thick ones, all at one scale; those without a group are grey. A ring stands where a thick path
/// begins and a dot where it ends. As in a scatter, the axes have no units.
pub(crate) fn paths(thin: &[Trail<'_>], thick: &[Trail<'_>]) -> Chart {
    const MARGIN: f64 = 8.0;
    let points = || thin.iter().chain(thick).flat_map(|(points, _)| points.iter());
    let share = |axis: usize| {
        let (low, high) = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        });
        move |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 }
    };
    let (across, up) = (share(0), share(1));
    let place = |point: &[f64; 2]| {
        let left = MARGIN + across(point[0]) * (WIDTH - 2.0 * MARGIN);
        (left, HEIGHT - MARGIN - up(point[1]) * (HEIGHT - 2.0 * MARGIN))
    };
    let stroke = |group: &Option<usize>| group.map_or_else(|| "var(--other)".into(), color);
    let mut marks = String::new();
    for (style, set) in [("stroke-width=\"1\" stroke-opacity=\".35\"", thin), ("stroke-width=\"2.5\"", thick)] {
        for (points, group) in set {
            let points: Vec<String> = points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let (points, stroke) = (points.join(" "), stroke(group));
            let _ = write!(marks, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{stroke}\" {style}/>");
        }
    }
    for (points, group) in thick {
        let stroke = stroke(group);
        for (point, fill) in [(points.first(), "var(--card)"), (points.last(), stroke.as_str())] {
            let Some((x, y)) = point.map(place) else { continue };
            let _ = write!(
                marks,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"2\"/>"
            );
        }
    }
    Chart { width: WIDTH, height: HEIGHT, marks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thick_path_has_a_beginning_and_an_end() {
        let (left, right) = ([[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]);
        let svg = paths(&[(&left, None)], &[(&right, Some(1))]).inline();
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (2, 2), "{svg}");
        assert!(paths(&[], &[(&[[2.0, 2.0]; 3], None)]).inline().contains("230.0,130.0"), "a state that stands still");
    }
}
