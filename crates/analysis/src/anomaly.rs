//! How well a score tells anomalies from normal points.

/// The area under the receiver operating characteristic: the probability that an anomaly scores higher than a normal
/// point, ties counting half (Hanley & McNeil 1982). `None` where one of the two kinds is missing.
pub fn area_under_roc(scores: &[f64], anomalous: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len().min(anomalous.len())).collect();
    order.sort_by(|left, right| scores[*left].total_cmp(&scores[*right]));
    let positives = order.iter().filter(|place| anomalous[**place]).count();
    let negatives = order.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    // Ranks from 1; equal scores share the mean of theirs.
    let mut rank_sum = 0.0;
    let mut below = 0;
    for equal in order.chunk_by(|left, right| scores[*left] == scores[*right]) {
        let rank = below as f64 + (equal.len() as f64 + 1.0) / 2.0;
        rank_sum += rank * equal.iter().filter(|place| anomalous[**place]).count() as f64;
        below += equal.len();
    }
    let least = positives as f64 * (positives as f64 + 1.0) / 2.0;
    Some((rank_sum - least) / (positives as f64 * negatives as f64))
}

#[cfg(test)]
mod tests {
    use super::area_under_roc;

    #[test]
    fn order_alone_counts_and_ties_count_half() {
        let anomalous = [false, false, true, true];
        assert_eq!(area_under_roc(&[0.1, 0.2, 0.3, 9.0], &anomalous), Some(1.0));
        assert_eq!(area_under_roc(&[4.0, 3.0, 2.0, 1.0], &anomalous), Some(0.0));
        assert_eq!(area_under_roc(&[0.5; 4], &anomalous), Some(0.5));
        // scikit-learn's roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).
        assert_eq!(area_under_roc(&[0.1, 0.4, 0.35, 0.8], &anomalous), Some(0.75));
        assert_eq!(area_under_roc(&[0.1, 0.4], &[true, true]), None);
    }
}
