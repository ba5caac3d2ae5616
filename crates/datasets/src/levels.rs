//! Series on a large number: seconds since 1970, a counter, a pressure in pascal. `f32` holds seven digits, so the
//! number is taken off in double precision before values become `f32`, and kept beside them.

use crate::series::Series;

/// A number this many times as large as all changes around it takes digits from them.
const LARGE: f64 = 1e3;

/// What was taken off each channel of each sequence; most have nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels(Vec<Vec<f64>>);

impl Levels {
    /// That of a row, a number per channel; empty where nothing was taken off.
    pub(crate) fn of(&self, row: usize) -> &[f64] {
        self.0.get(row).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing was taken off any row.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that of a row behind all those noted before.
    pub(crate) fn push(&mut self, row: usize, level: Vec<f64>) {
        if !level.is_empty() {
            self.0.resize(row, Vec::new());
            self.0.push(level);
        }
    }

    /// Those of the rows at `indices`.
    pub(crate) fn select(&self, indices: impl Iterator<Item = usize>) -> Self {
        let mut selected = Self::default();
        if !self.is_empty() {
            indices.enumerate().for_each(|(place, index)| selected.push(place, self.of(index).to_vec()));
        }
        selected
    }

    /// Those where the channel at `place` was brought to the front.
    pub(crate) fn turned(mut self, place: usize) -> Self {
        self.0.iter_mut().filter(|level| level.len() > place).for_each(|level| level[..=place].rotate_right(1));
        self
    }

    /// Those of `rows` rows and of more behind them.
    pub(crate) fn join(mut self, rows: usize, other: Self) -> Self {
        other.0.into_iter().enumerate().for_each(|(row, level)| self.push(rows + row, level));
        self
    }

    /// One number per channel, near to which the rows lie: that of the first row that has one. Empty where no row has.
    pub(crate) fn common(&self, channels: usize) -> Vec<f64> {
        let first =
            |channel: usize| self.0.iter().filter_map(|level| level.get(channel)).copied().find(|level| *level != 0.0);
        if self.is_empty() { Vec::new() } else { (0..channels).map(|channel| first(channel).unwrap_or(0.0)).collect() }
    }
}

/// A series of `f32` from values in double precision, row-major `[time, channels]` and NaN where one is missing, and
/// what was taken off its channels: nothing where `f32` holds the values as they are.
pub(crate) fn leveled(values: &[f64], channels: usize) -> (Series, Vec<f64>) {
    let level: Vec<f64> = (0..channels).map(|channel| level_of(values, channel, channels)).collect();
    let taken = level.iter().any(|level| *level != 0.0);
    let rest = values.iter().zip(level.iter().cycle()).map(|(value, level)| (value - level) as f32);
    (Series { values: rest.collect(), channels }, if taken { level } else { Vec::new() })
}

/// The first value of a channel that lies far from 0 and close together, unless `f32` says all its digits; else 0.
fn level_of(values: &[f64], channel: usize, channels: usize) -> f64 {
    let known = || values.iter().skip(channel).step_by(channels).copied().filter(|value| value.is_finite());
    let Some(first) = known().next() else { return 0.0 };
    let (least, most) = known().fold((first, first), |(least, most), value| (least.min(value), most.max(value)));
    let far = least.abs().max(most.abs()) > LARGE * (most - least);
    if far && !known().all(is_short) { first } else { 0.0 }
}

/// Whether `f32` holds a number, or has it as the shortest decimal for what it holds: `0.1`, which a program wrote from
/// `f32`.
fn is_short(value: f64) -> bool {
    let single = value as f32;
    f64::from(single) == value || single.to_string().parse() == Ok(value)
}

/// Moves a series from one number to another, in double precision; an absent one is 0.
pub(crate) fn moved(series: &mut Series, from: &[f64], to: &[f64]) {
    let by = |channel: usize| from.get(channel).unwrap_or(&0.0) - to.get(channel).unwrap_or(&0.0);
    let by: Vec<f64> = (0..series.channels).map(by).collect();
    if by.iter().any(|by| *by != 0.0) {
        series
            .values
            .iter_mut()
            .zip(by.iter().cycle())
            .for_each(|(value, by)| *value = (f64::from(*value) + by) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_changes_on_a_large_number_keep_their_digits() {
        let (series, level) = leveled(&[1_600_000_025.051, f64::NAN, 1_600_000_013.264], 1);
        assert_eq!(level, [1_600_000_025.051]);
        assert_eq!(series.values[0], 0.0);
        assert!(series.values[1].is_nan() && (series.values[2] + 11.787).abs() < 1e-5, "{:?}", series.values);
    }

    #[test]
    fn each_channel_has_its_own_and_most_have_none() {
        let (series, level) = leveled(&[0.5, 1e9 + 0.25, -0.25, 1e9 + 0.5], 2);
        assert_eq!(level, [0.0, 1e9 + 0.25]);
        assert_eq!(series.values, [0.5, 0.0, -0.25, 0.25]);
        for values in [[0.1, 0.2], [1e9, 1.5e9], [0.1, 0.1], [16_777_216.0, 16_777_217.0 - 1.0], [f64::NAN, f64::NAN]] {
            assert_eq!(leveled(&values, 1).1, [0.0; 0], "{values:?}");
        }
    }

    #[test]
    fn rows_keep_theirs_where_they_are_chosen_and_joined() {
        let mut levels = Levels::default();
        levels.push(2, vec![5.0]);
        assert_eq!((levels.of(0), levels.of(2), levels.of(9)), (&[][..], &[5.0][..], &[][..]));
        assert_eq!(levels.select([2, 0, 2].into_iter()), Levels(vec![vec![5.0], vec![], vec![5.0]]));
        assert_eq!(Levels::default().join(3, levels.clone()).of(5), [5.0]);
        assert_eq!(levels.join(3, Levels::default()).of(2), [5.0]);
    }

    #[test]
    fn a_series_moves_in_double_precision() {
        let mut series = Series { values: vec![0.5, 1.0], channels: 1 };
        moved(&mut series, &[1e9 + 0.25], &[1e9]);
        assert_eq!(series.values, [0.75, 1.25]);
    }
}
