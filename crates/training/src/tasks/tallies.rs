//! Counts of each class, and what they say of a class and of all together.

/// How well one class is told from the others; 0 where nothing can be divided.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClassScores {
    /// Share of the predictions of the class that are right.
    pub precision: f64,
    /// Share of the class that is found.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Sequences of the class.
    pub support: usize,
    /// Predictions of the class.
    pub predicted: usize,
    /// Predictions of the class that are right.
    pub right: usize,
}

/// What is counted of a class.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub right: usize,
    pub support: usize,
    pub predicted: usize,
}

impl Tally {
    /// Of each class, from the true and the predicted class of rows, each with how often it counts.
    pub fn of_classes(classes: usize, rows: impl Iterator<Item = (usize, usize, usize)>) -> Vec<Self> {
        let mut tallies = vec![Self::default(); classes];
        for (truth, predicted, weight) in rows {
            tallies[truth].support += weight;
            tallies[predicted].predicted += weight;
            tallies[truth].right += if truth == predicted { weight } else { 0 };
        }
        tallies
    }

    pub fn scores(self) -> ClassScores {
        let Self { right, support, predicted } = self;
        let share = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        let f1 = share(2 * right, support + predicted);
        ClassScores { precision: share(right, predicted), recall: share(right, support), f1, support, predicted, right }
    }
}

/// Mean over the classes that occur, in truth or in predictions, of a score that is 0 where it cannot be divided.
pub(super) fn macro_mean(per_class: &[ClassScores], score: impl Fn(&ClassScores) -> f64) -> f64 {
    let occurring = per_class.iter().filter(|scores| scores.support + scores.predicted > 0);
    let (sum, count) = occurring.fold((0.0, 0usize), |(sum, count), scores| (sum + score(scores), count + 1));
    sum / count.max(1) as f64
}

/// Mean over the classes of the truth of the share that is found.
pub(super) fn balanced_accuracy(per_class: &[ClassScores]) -> Option<f64> {
    let there = per_class.iter().filter(|scores| scores.support > 0);
    let (sum, count) = there.fold((0.0, 0usize), |(sum, count), scores| (sum + scores.recall, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Agreement of truth and predictions above that of chance (Cohen 1960). `None` where both are one and the same class.
pub(super) fn cohen_kappa(per_class: &[ClassScores]) -> Option<f64> {
    let Sums { all, right, products, .. } = Sums::of(per_class);
    let (agreed, by_chance) = (right / all, products / (all * all));
    (by_chance < 1.0).then(|| (agreed - by_chance) / (1.0 - by_chance))
}

/// Correlation of truth and predictions (Matthews 1975; of several classes Gorodkin 2004): 0 where all predictions are
/// one class, and `None` where the truth is.
pub(super) fn matthews_correlation(per_class: &[ClassScores]) -> Option<f64> {
    let Sums { all, right, products, truth, predicted } = Sums::of(per_class);
    let (of_truth, of_predictions) = (all * all - truth, all * all - predicted);
    match of_truth > 0.0 {
        true if of_predictions > 0.0 => Some((right * all - products) / (of_truth * of_predictions).sqrt()),
        there => there.then_some(0.0),
    }
}

/// Sums over the classes: of rows, of right ones, and of products of how often a class is true and predicted.
struct Sums {
    all: f64,
    right: f64,
    products: f64,
    truth: f64,
    predicted: f64,
}

impl Sums {
    fn of(per_class: &[ClassScores]) -> Self {
        let mut sums = Self { all: 0.0, right: 0.0, products: 0.0, truth: 0.0, predicted: 0.0 };
        for ClassScores { right, support, predicted, .. } in per_class {
            let (right, support, predicted) = (*right as f64, *support as f64, *predicted as f64);
            sums.all += support;
            sums.right += right;
            sums.products += support * predicted;
            sums.truth += support * support;
            sums.predicted += predicted * predicted;
        }
        sums
    }
}
