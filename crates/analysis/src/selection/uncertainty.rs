//! How unsure a model is of a row: margin (Scheffer et al. 2001), entropy (Shannon 1948), and BALD (Houlsby et al.
//! 2011), what a label would tell of the model's weights, by Monte Carlo dropout (Gal et al. 2017).

use crate::selection::chosen::Chosen;

/// 1 less the difference between the two largest probabilities of a row, in [0, 1].
pub fn margin(probabilities: &[f64]) -> f64 {
    let (mut first, mut second) = (0.0, 0.0);
    for probability in probabilities {
        if *probability > first {
            second = std::mem::replace(&mut first, *probability);
        } else if *probability > second {
            second = *probability;
        }
    }
    1.0 - (first - second)
}

/// The entropy of a row's probabilities, in nats.
pub fn entropy(probabilities: &[f64]) -> f64 {
    probabilities
        .iter()
        .filter(|probability| **probability > 0.0)
        .map(|probability| -probability * probability.ln())
        .sum()
}

/// BALD: the entropy of the mean over passes, less the mean of the entropies, in nats.
///
/// # Shapes
///
/// - passes: `[passes][classes]`, what each pass says of one row
pub fn bald(passes: &[&[f64]]) -> f64 {
    let Some(first) = passes.first() else { return 0.0 };
    let count = passes.len() as f64;
    let mean = |class: usize| passes.iter().filter_map(|pass| pass.get(class)).sum::<f64>() / count;
    let mean: Vec<f64> = (0..first.len()).map(mean).collect();
    // Rounding may leave less than nothing.
    (entropy(&mean) - passes.iter().map(|pass| entropy(pass)).sum::<f64>() / count).max(0.0)
}

/// The `n` rows of the highest scores, highest first; of equal ones the earlier.
pub fn highest(scores: &[f64], n: usize) -> Vec<Chosen> {
    let mut rows: Vec<Chosen> = scores.iter().enumerate().map(|(row, score)| Chosen { row, score: *score }).collect();
    rows.sort_by(|left, right| right.score.total_cmp(&left.score));
    rows.truncate(n);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} against {expected}");
    }

    #[test]
    fn scores_equal_hand_arithmetic() {
        close(margin(&[0.2, 0.5, 0.3]), 0.8);
        close(margin(&[0.5, 0.5]), 1.0);
        close(margin(&[1.0, 0.0]), 0.0);
        close(entropy(&[0.5, 0.5, 0.0]), 2f64.ln());
        close(entropy(&[1.0, 0.0]), 0.0);
        // Sure passes that contradict each other: all is disagreement.
        close(bald(&[&[1.0, 0.0], &[0.0, 1.0]]), 2f64.ln());
        // Passes that agree on being unsure: nothing to learn.
        close(bald(&[&[0.5, 0.5], &[0.5, 0.5]]), 0.0);
        // H(0.6, 0.4) - (H(0.8, 0.2) + H(0.4, 0.6)) / 2 = 0.673012 - (0.500402 + 0.673012) / 2.
        assert!((bald(&[&[0.8, 0.2], &[0.4, 0.6]]) - 0.086_304_6).abs() < 1e-6);
        assert_eq!(bald(&[]), 0.0);
    }

    #[test]
    fn the_highest_come_first_and_equals_stay_in_order() {
        let rows: Vec<usize> = highest(&[0.1, 0.9, 0.5, 0.9], 3).iter().map(|chosen| chosen.row).collect();
        assert_eq!(rows, [1, 3, 2]);
        assert_eq!(highest(&[0.1], 5).len(), 1);
    }
}
