//! The probability from which the second of two classes is predicted.

use crate::config::ThresholdBy;
use crate::tasks::measures::ClassPredictions;

/// The threshold with the best score, halfway between the two rows that it parts; of several equally good ones that
/// nearest to a half.
pub(super) fn chosen(by: ThresholdBy, predictions: &ClassPredictions) -> f64 {
    let mut rows: Vec<(f64, bool)> = predictions
        .probabilities
        .iter()
        .map(|row| row[1])
        .zip(predictions.truth.iter().map(|truth| *truth == 1))
        .collect();
    rows.sort_by(|left, right| right.0.total_cmp(&left.0));
    let positives = rows.iter().filter(|(_, positive)| *positive).count() as f64;
    let negatives = rows.len() as f64 - positives;
    let score = |found: f64, wrong: f64| match by {
        ThresholdBy::F1 => 2.0 * found / (found + wrong + positives).max(1.0),
        ThresholdBy::BalancedAccuracy => found / positives.max(1.0) + (negatives - wrong) / negatives.max(1.0),
    };
    let (mut found, mut wrong) = (0.0, 0.0);
    let (mut best, mut threshold) = (f64::NEG_INFINITY, 0.5f64);
    for place in 0..=rows.len() {
        let before = place.checked_sub(1).map(|place| rows[place]);
        if let Some((_, positive)) = before {
            *(if positive { &mut found } else { &mut wrong }) += 1.0;
        }
        let (above, below) = (before.map_or(1.0, |row| row.0), rows.get(place).map_or(0.0, |row| row.0));
        if before.is_some() && place < rows.len() && above == below {
            continue;
        }
        // Any threshold up to the last row above and beyond the first below does the same: half where that can be.
        let here = if below < 0.5 && 0.5 <= above { 0.5 } else { (above + below) / 2.0 };
        let value = score(found, wrong);
        if value > best || (value == best && (here - 0.5).abs() < (threshold - 0.5).abs()) {
            (best, threshold) = (value, here);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(rows: &[(f64, usize)]) -> ClassPredictions {
        ClassPredictions {
            probabilities: rows.iter().map(|(second, _)| vec![1.0 - second, *second]).collect(),
            truth: rows.iter().map(|(_, truth)| *truth).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn a_rare_class_is_found_below_a_half() {
        let rows = [(0.4, 1), (0.3, 1), (0.3, 0), (0.1, 0), (0.05, 0), (0.02, 0)];
        // From 0.3 on: two found, one wrong, F1 = 4/5; from 0.4 on: one found, F1 = 2/3.
        assert!((chosen(ThresholdBy::F1, &predictions(&rows)) - 0.2).abs() < 1e-12);
        assert!((chosen(ThresholdBy::BalancedAccuracy, &predictions(&rows)) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn a_half_stays_a_half_where_nothing_is_better() {
        let rows = [(0.9, 1), (0.8, 1), (0.3, 0)];
        assert_eq!(chosen(ThresholdBy::F1, &predictions(&rows)), 0.5);
    }
}
