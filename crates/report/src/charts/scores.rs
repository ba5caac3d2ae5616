//! Scores of several methods over several places, with bars of one deviation each way.

use std::fmt::Write;

use crate::charts::frame::{Frame, HEIGHT, WIDTH};
use crate::charts::{Chart, color, dot};

/// The scores of a method.
pub struct MethodScores {
    /// The place of its colour.
    pub color: usize,
    /// Where, the mean and the deviation of each score; places count from 0.
    pub points: Vec<(usize, f64, f64)>,
}

/// Scores over `places`, which are named; what they are stands `below`.
pub fn scores(rows: &[MethodScores], places: &[String], below: &str) -> Chart {
    let known = || rows.iter().flat_map(|row| &row.points);
    let low = known().map(|(_, mean, deviation)| mean - deviation).fold(f64::INFINITY, f64::min);
    let high = known().map(|(_, mean, deviation)| mean + deviation).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
    // Never narrower than a score is exact: there is no room for numbers there.
    let room = 0.06 * (high - low).max(1e-6 * high.abs().max(low.abs()).max(1.0));
    let frame = Frame { x: (-0.5, places.len() as f64 - 0.5), y: (low - room, high + room) };
    let named: Vec<(f64, String)> =
        places.iter().enumerate().map(|(place, name)| (place as f64, name.clone())).collect();
    let mut marks = frame.axes_with(&named, below);
    for (row, MethodScores { color: index, points }) in rows.iter().enumerate() {
        let color = color(*index);
        // Beside each other, so that bars do not hide bars.
        let shift = 0.5 * ((row as f64 + 0.5) / rows.len() as f64 - 0.5);
        let place = |at: usize, score: f64| frame.place(at as f64 + shift, score);
        let line: Vec<String> =
            points.iter().map(|(at, mean, _)| place(*at, *mean)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let line = line.join(" ");
        let _ = write!(marks, "<polyline points=\"{line}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>");
        for (at, mean, deviation) in points {
            let ((x, y), (_, top), (_, foot)) =
                (place(*at, *mean), place(*at, mean + deviation), place(*at, mean - deviation));
            let _ = write!(
                marks,
                "<path d=\"M{x:.1} {top:.1}V{foot:.1}\" stroke=\"{color}\"/>{}",
                dot((x, y), 3.0, *index)
            );
        }
    }
    Chart { width: WIDTH, height: HEIGHT, marks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_has_a_dot_and_a_bar_within_the_chart() {
        let rows = [
            MethodScores { color: 0, points: vec![(0, 0.8, 0.1), (1, 0.9, 0.05)] },
            MethodScores { color: 1, points: vec![(1, 0.7, 0.0)] },
        ];
        let svg = scores(&rows, &["15".into(), "40".into()], "labels").inline();
        assert_eq!((svg.matches("<circle").count(), svg.matches("V").count()), (3, 4), "{svg}");
        assert!(svg.contains(">15<") && svg.contains(">labels<"), "{svg}");
        let heights = svg.split("cy=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
        assert!(heights.into_iter().all(|y| (0.0..HEIGHT).contains(&y)), "{svg}");
    }

    #[test]
    fn equal_scores_and_none_at_all_are_drawn() {
        let equal = [MethodScores { color: 0, points: vec![(0, 1e300, 0.0)] }];
        assert!(scores(&equal, &["1".into()], "").inline().contains("<circle"));
        assert!(scores(&[], &[], "").inline().contains("axis"));
    }
}
