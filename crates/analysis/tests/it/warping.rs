//! Warped series against tslearn's and scikit-learn's own numbers: `tests/fixtures/warping.py` makes them.

use semiseq_analysis::warping::{
    TimeSeries, Warping, dba, dtw, dtw_path, dtw_silhouette, from_starts, soft_barycenter, soft_dtw, soft_dtw_gradient,
};
use semiseq_analysis::{adjusted_rand_index, normalized_mutual_information};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/warping.json")).expect("the fixture")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect()
}

fn counts(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|value| value as usize).collect()
}

fn series(fixture: &Value) -> Vec<TimeSeries> {
    let rows = fixture["series"].as_array().expect("series");
    rows.iter().map(|values| TimeSeries { values: numbers(values), channels: 2 }).collect()
}

fn check(found: f64, expected: &Value, within: f64) {
    let expected = expected.as_f64().expect("a number");
    assert!((found - expected).abs() < within, "{found} against {expected}");
}

#[test]
fn distances_and_gradients_equal_tslearns() {
    let fixture = fixture();
    let series = series(&fixture);
    let (left, right) = (&series[0], &series[4]);
    check(dtw(left, right), &fixture["dtw"], 1e-9);
    let pairs = fixture["path"].as_array().expect("pairs").iter().map(|pair| (counts(pair)[0], counts(pair)[1]));
    assert_eq!(dtw_path(left, right), pairs.collect::<Vec<_>>());
    for case in fixture["soft"].as_array().expect("cases") {
        let (value, gradient) = soft_dtw_gradient(left, right, case["gamma"].as_f64().expect("gamma"));
        check(value, &case["value"], 1e-9);
        for (found, expected) in gradient.iter().zip(numbers(&case["gradient"])) {
            assert!((found - expected).abs() < 1e-9, "{found} against {expected}");
        }
    }
}

#[test]
fn means_equal_tslearns() {
    let fixture = fixture();
    let series = series(&fixture);
    let members: Vec<&TimeSeries> = counts(&fixture["members"]).into_iter().map(|row| &series[row]).collect();
    for (found, expected) in dba(&members, members[0], 50).values.iter().zip(numbers(&fixture["mean"])) {
        assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
    }
    let mean = soft_barycenter(&members, members[0], 0.5, 500);
    let value = members.iter().map(|one| soft_dtw(&mean, one, 0.5)).sum::<f64>() / members.len() as f64;
    check(value, &fixture["soft_mean"], 1e-5);
}

#[test]
fn clusters_and_their_measures_equal_tslearns_and_scikit_learns() {
    let fixture = fixture();
    let series = series(&fixture);
    let starts = || [4, 9, 14].map(|row| series[row].clone()).to_vec();
    let found = from_starts(&series, Warping::Dtw, starts()).expect("clusters");
    assert_eq!(found.groups, counts(&fixture["kmeans"]["groups"]));
    check(found.inertia, &fixture["kmeans"]["inertia"], 1e-4);
    let soft = from_starts(&series, Warping::Soft(0.5), starts()).expect("clusters");
    assert_eq!(soft.groups, counts(&fixture["soft_kmeans"]["groups"]));
    check(soft.inertia, &fixture["soft_kmeans"]["inertia"], 1e-3);
    let truth = counts(&fixture["truth"]);
    check(dtw_silhouette(&series, &found.groups).expect("a silhouette"), &fixture["silhouette"], 1e-9);
    check(normalized_mutual_information(&truth, &found.groups), &fixture["nmi"], 1e-9);
    check(adjusted_rand_index(&truth, &found.groups), &fixture["ari"], 1e-9);
}
