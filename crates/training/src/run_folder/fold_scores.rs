//! What a config comes to on labels that it did not learn from.

use semiseq_analysis::mean_and_deviation;
use semiseq_schema::Scores;
use serde::{Deserialize, Serialize};

/// Scores of runs that each left one fold of the labels out, on what they left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrossValidation {
    /// How many folds there are.
    pub folds: usize,
    /// The mean over the folds, each with the weight of its labels.
    pub mean: Scores,
    /// The deviation over the folds, of a sample.
    pub deviation: Scores,
}

impl CrossValidation {
    /// Of runs as (labels left out, scores on them); a score that one of them lacks is left away.
    pub fn of(folds: &[(usize, Scores)]) -> Self {
        let all: usize = folds.iter().map(|(labels, _)| labels).sum();
        let everywhere = |name: &&String| folds.iter().all(|(_, scores)| scores.contains_key(*name));
        let names = folds.first().into_iter().flat_map(|(_, scores)| scores.keys()).filter(everywhere);
        let (mut mean, mut deviation) = (Scores::new(), Scores::new());
        for name in names {
            let weighted: f64 = folds.iter().map(|(labels, scores)| *labels as f64 * scores[name]).sum();
            let values: Vec<f64> = folds.iter().map(|(_, scores)| scores[name]).collect();
            mean.insert(name.clone(), weighted / all.max(1) as f64);
            deviation.insert(name.clone(), mean_and_deviation(&values).1);
        }
        Self { folds: folds.len(), mean, deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_count_by_their_labels() {
        let fold = |labels, accuracy: f64| (labels, Scores::from([("accuracy".into(), accuracy)]));
        let found = CrossValidation::of(&[fold(3, 1.0), fold(1, 0.0)]);
        assert_eq!((found.folds, found.mean["accuracy"]), (2, 0.75));
        assert!((found.deviation["accuracy"] - 0.5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_score_that_one_fold_lacks_is_no_score_of_all() {
        let both = Scores::from([("loss".into(), 1.0), ("r2".into(), 0.5)]);
        let folds = [(1, both), (1, Scores::from([("loss".into(), 2.0)]))];
        assert_eq!(CrossValidation::of(&folds).mean, Scores::from([("loss".into(), 1.5)]));
    }
}
