//! What is said of the places that right items got in rankings.

/// How many items of a ranking are looked at.
const FIRST: [f64; 2] = [10.0, 20.0];

/// Recall, mean reciprocal rank and normalised discounted cumulative gain among the first 10 and 20 items, from the
/// rank of the one right item in each ranking, counted from 1; the ideal gain of one item is 1. Halves where items
/// share places. All 0 where there is no ranking.
pub fn ranking(ranks: &[f64]) -> [(&'static str, f64); 6] {
    let mean = |first: f64, gain: fn(f64) -> f64| {
        ranks.iter().filter(|rank| **rank <= first).map(|rank| gain(*rank)).sum::<f64>() / ranks.len().max(1) as f64
    };
    let [ten, twenty] = FIRST;
    let discounted = |rank: f64| 1.0 / (rank + 1.0).log2();
    [
        ("recall@10", mean(ten, |_| 1.0)),
        ("recall@20", mean(twenty, |_| 1.0)),
        ("mrr@10", mean(ten, f64::recip)),
        ("mrr@20", mean(twenty, f64::recip)),
        ("ndcg@10", mean(ten, discounted)),
        ("ndcg@20", mean(twenty, discounted)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::metric;

    #[test]
    fn ranks_become_recall_reciprocals_and_gains() {
        let found: std::collections::BTreeMap<_, _> = ranking(&[1.0, 3.0, 15.0, 40.0]).into_iter().collect();
        let expected = [
            ("recall@10", 0.5),
            ("recall@20", 0.75),
            ("mrr@10", (1.0 + 1.0 / 3.0) / 4.0),
            ("mrr@20", (1.0 + 1.0 / 3.0 + 1.0 / 15.0) / 4.0),
            ("ndcg@10", (1.0 + 0.5) / 4.0),
            ("ndcg@20", (1.0 + 0.5 + 0.25) / 4.0),
        ];
        for (name, value) in expected {
            assert!((found[name] - value).abs() < 1e-12, "{name}: {}", found[name]);
            assert!(metric(name).is_some_and(|metric| metric.higher_is_better && metric.stops), "{name}");
        }
        assert_eq!(ranking(&[])[0].1, 0.0);
    }
}
