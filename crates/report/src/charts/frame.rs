//! The place of a chart's numbers, and its axes.

use std::fmt::Write;

pub(super) const WIDTH: f64 = 460.0;
pub(super) const HEIGHT: f64 = 260.0;
/// Room for the numbers at the left, and for the names below.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 8.0;
pub(super) const BELOW: f64 = 34.0;
pub(super) const ABOVE: f64 = 14.0;

/// Ranges of both axes.
pub(super) struct Frame {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Frame {
    /// Where a point stands.
    pub fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low).max(1e-12);
        let height = HEIGHT - BELOW - ABOVE;
        (LEFT + share(x, self.x) * (WIDTH - LEFT - RIGHT), ABOVE + (1.0 - share(y, self.y)) * height)
    }

    /// The axes with a few round numbers each.
    pub fn axes(&self, below: &str) -> String {
        self.axes_with(&ticks(self.x), below)
    }

    /// The axes with a few round numbers at the left, and what stands at places below.
    pub fn axes_with(&self, places: &[(f64, String)], below: &str) -> String {
        let floor = HEIGHT - BELOW;
        let mut marks = format!("<path class=\"axis\" d=\"M{LEFT} {ABOVE}V{floor}H{}\"/>", WIDTH - RIGHT);
        for (x, text) in places {
            let (across, _) = self.place(*x, self.y.0);
            let _ =
                write!(marks, "<text x=\"{across:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>", floor + 15.0);
        }
        for (y, text) in ticks(self.y) {
            let (_, up) = self.place(self.x.0, y);
            let _ =
                write!(marks, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>", LEFT - 6.0, up + 4.0);
        }
        let (middle, foot) = ((LEFT + WIDTH) / 2.0, HEIGHT - 4.0);
        let _ = write!(marks, "<text x=\"{middle:.1}\" y=\"{foot:.1}\" text-anchor=\"middle\">{below}</text>");
        marks
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
    fn a_range_of_no_width_has_few_numbers() {
        for value in [0.0, 0.7, -1e12, 1e300] {
            assert!(ticks((value, value)).len() < 20, "{value}");
        }
    }
}
