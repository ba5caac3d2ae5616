//! Points in two dimensions, in the colours of their groups.

use std::fmt::Write;

use crate::charts::frame::{HEIGHT, WIDTH};
use crate::charts::{Chart, color};

/// A dot per sequence in the colour of its group; points without one are grey. The axes have no units, so none is
/// drawn; where all points have the same place on one, they stand in the middle.
pub(crate) fn scatter(points: &[[f64; 2]], groups: &[Option<usize>]) -> Chart {
    const MARGIN: f64 = 6.0;
    let share = |axis: usize| {
        let (low, high) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        });
        move |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 }
    };
    let (across, up) = (share(0), share(1));
    let mut marks = String::new();
    for (point, group) in points.iter().zip(groups) {
        let left = MARGIN + across(point[0]) * (WIDTH - 2.0 * MARGIN);
        let top = HEIGHT - MARGIN - up(point[1]) * (HEIGHT - 2.0 * MARGIN);
        let fill = group.map_or_else(|| "var(--other)".into(), color);
        let _ =
            write!(marks, "<circle cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"3\" fill=\"{fill}\" fill-opacity=\".75\"/>");
    }
    Chart { width: WIDTH, height: HEIGHT, marks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_points_lie_in_the_middle() {
        let svg = scatter(&[[0.5, -1e12]; 12], &[None; 12]).inline();
        assert_eq!(svg.matches("<circle cx=\"230.0\" cy=\"130.0\"").count(), 12, "{svg}");
    }
}
