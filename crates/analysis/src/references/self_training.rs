//! Self-training (Yarowsky 1995) of logistic regression: scikit-learn's
//! `SelfTrainingClassifier(LogisticRegression(C=10), threshold=0.8)`.

use crate::references::features::Features;
use crate::references::logistic::Logistic;

/// From which probability on a prediction becomes a label, for good.
const SURE: f64 = 0.8;
const ROUNDS: usize = 10;

/// The classifier of the last round, from a few rows with their labels on.
pub fn self_trained(rows: &Features, known: &[(usize, usize)], classes: usize) -> Logistic {
    let mut known = known.to_vec();
    let labelled: std::collections::HashSet<usize> = known.iter().map(|(row, _)| *row).collect();
    let parts = |known: &[(usize, usize)]| {
        let (rows_of, labels): (Vec<usize>, Vec<usize>) = known.iter().copied().unzip();
        (rows.select(&rows_of), labels)
    };
    let mut open: Vec<usize> = (0..rows.rows()).filter(|row| !labelled.contains(row)).collect();
    let (chosen, labels) = parts(&known);
    let mut found = Logistic::fit(&chosen, &labels, classes);
    for _ in 0..ROUNDS {
        if open.is_empty() {
            break;
        }
        let said = found.probabilities(&rows.select(&open));
        let mut left = Vec::new();
        for (row, said) in open.iter().zip(said.rows()) {
            let (class, most) = said
                .iter()
                .enumerate()
                .fold((0, 0.0), |best, (class, value)| if *value > best.1 { (class, *value) } else { best });
            if most > SURE { known.push((*row, class)) } else { left.push(*row) }
        }
        if left.len() == open.len() {
            break;
        }
        open = left;
        // In the order of the rows, as there is one best fit whatever the order, but for rounding.
        known.sort_unstable();
        let (chosen, labels) = parts(&known);
        found = found.again(&chosen, &labels);
    }
    found
}
