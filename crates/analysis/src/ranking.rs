//! How well scores tell rows of one kind from the others, whatever threshold parts them.

/// Rows in the order of their scores, the highest first.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Places of the rows.
    order: Vec<u32>,
    /// Whether the row at each place of `order` is of the kind that is looked for.
    positive: Vec<bool>,
    /// Where rows of equal scores end, places of `order`.
    ends: Vec<usize>,
}

/// What a ranking comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ranked {
    /// The area under the receiver operating characteristic: the probability that a positive scores higher than a
    /// negative, ties counting half (Hanley & McNeil 1982).
    pub auroc: f64,
    /// The average precision: the precision at each threshold, weighed by the recall that it adds. Without
    /// interpolation, which would be too hopeful (Davis & Goadrich 2006), as scikit-learn has it.
    pub average_precision: f64,
    /// The largest share of the positives above a threshold above which no more of the negatives lie than the
    /// specificity allows.
    pub sensitivity: f64,
}

impl Ranking {
    /// Of a score per row, and whether the row is positive.
    pub fn new(scores: &[f64], positive: &[bool]) -> Self {
        let mut order: Vec<u32> = (0..scores.len().min(positive.len())).map(|row| row as u32).collect();
        let score = |row: &u32| scores[*row as usize];
        order.sort_by(|left, right| score(right).total_cmp(&score(left)));
        let mut ends: Vec<usize> = Vec::new();
        for tie in order.chunk_by(|left, right| score(left) == score(right)) {
            ends.push(ends.last().copied().unwrap_or(0) + tie.len());
        }
        let positive = order.iter().map(|row| positive[*row as usize]).collect();
        Self { order, positive, ends }
    }

    /// The areas, and the sensitivity at a specificity in [0, 1]. `weights` says how often each row counts; without it
    /// each counts once. `None` where positives or negatives are missing.
    pub fn measure(&self, specificity: f64, weights: Option<&[u32]>) -> Option<Ranked> {
        let weight = |place: usize| weights.map_or(1.0, |weights| f64::from(weights[self.order[place] as usize]));
        let (mut positives, mut negatives) = (0.0, 0.0);
        for (place, positive) in self.positive.iter().enumerate() {
            *(if *positive { &mut positives } else { &mut negatives }) += weight(place);
        }
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        // A threshold allows a false positive where 1 - 0.95 of twenty negatives is 1, for all that rounding says.
        let allowed = (1.0 - specificity) * negatives * (1.0 + 1e-12);
        let (mut found, mut wrong, mut begin) = (0.0, 0.0, 0);
        let mut ranked = Ranked { auroc: 0.0, average_precision: 0.0, sensitivity: 0.0 };
        for end in &self.ends {
            let (mut more_found, mut more_wrong) = (0.0, 0.0);
            for place in begin..*end {
                *(if self.positive[place] { &mut more_found } else { &mut more_wrong }) += weight(place);
            }
            begin = *end;
            ranked.auroc += more_wrong * (found + more_found / 2.0);
            (found, wrong) = (found + more_found, wrong + more_wrong);
            if more_found > 0.0 {
                ranked.average_precision += more_found * found / (found + wrong);
            }
            if wrong <= allowed {
                ranked.sensitivity = found / positives;
            }
        }
        ranked.auroc /= positives * negatives;
        ranked.average_precision /= positives;
        Some(ranked)
    }
}

/// The area under the receiver operating characteristic of scores that shall be higher where `positive`; `None` where
/// one of the two kinds is missing. See [`Ranked::auroc`].
pub fn area_under_roc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    Some(Ranking::new(scores, positive).measure(1.0, None)?.auroc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_alone_counts_and_ties_count_half() {
        let positive = [false, false, true, true];
        assert_eq!(area_under_roc(&[0.1, 0.2, 0.3, 9.0], &positive), Some(1.0));
        assert_eq!(area_under_roc(&[4.0, 3.0, 2.0, 1.0], &positive), Some(0.0));
        assert_eq!(area_under_roc(&[0.5; 4], &positive), Some(0.5));
        // scikit-learn's roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).
        assert_eq!(area_under_roc(&[0.1, 0.4, 0.35, 0.8], &positive), Some(0.75));
        assert_eq!(area_under_roc(&[0.1, 0.4], &[true, true]), None);
    }

    #[test]
    fn a_row_of_weight_two_is_two_rows() {
        let (scores, positive) = ([0.9, 0.8, 0.8, 0.3, 0.2], [true, false, true, true, false]);
        let weights = [1, 2, 0, 3, 1];
        let rows: Vec<usize> = (0..5).flat_map(|row| vec![row; weights[row] as usize]).collect();
        let repeated = Ranking::new(
            &rows.iter().map(|row| scores[*row]).collect::<Vec<_>>(),
            &rows.iter().map(|row| positive[*row]).collect::<Vec<_>>(),
        );
        let weighted = Ranking::new(&scores, &positive).measure(0.5, Some(&weights)).unwrap();
        let repeated = repeated.measure(0.5, None).unwrap();
        for (left, right) in [
            (weighted.auroc, repeated.auroc),
            (weighted.average_precision, repeated.average_precision),
            (weighted.sensitivity, repeated.sensitivity),
        ] {
            assert!((left - right).abs() < 1e-12, "{weighted:?} {repeated:?}");
        }
    }

    #[test]
    fn sensitivity_at_a_specificity_by_hand() {
        // Twenty negatives, one of which may lie above: of the positives 0.9 and 0.7, not 0.1.
        let mut scores = vec![0.9, 0.7, 0.1, 0.8];
        let mut positive = vec![true, true, true, false];
        scores.extend((0..19).map(|row| 0.5 - f64::from(row) / 100.0));
        positive.extend([false; 19]);
        let ranking = Ranking::new(&scores, &positive);
        let sensitivity = |specificity| ranking.measure(specificity, None).unwrap().sensitivity;
        assert!((sensitivity(0.95) - 2.0 / 3.0).abs() < 1e-12);
        assert!((sensitivity(1.0) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(sensitivity(0.0), 1.0);
    }
}
