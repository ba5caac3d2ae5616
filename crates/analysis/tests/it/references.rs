//! References against scikit-learn's and aeon's own numbers: `tests/fixtures/references.py` and `naive_bayes.py` make
//! them.

use ndarray::Array2;
use semiseq_analysis::references::{
    MiniRocket, Parts, Reference, Ridge, SeriesView, references_of_series, references_of_texts,
};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/references.json")).expect("the fixture")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn floats(value: &Value) -> Vec<f32> {
    list(value).iter().map(|value| value.as_f64().expect("a number") as f32).collect()
}

fn counts(value: &Value) -> Vec<usize> {
    list(value).iter().map(|value| value.as_u64().expect("a number") as usize).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = list(value)
        .iter()
        .map(|row| list(row).iter().map(|value| value.as_f64().expect("a number")).collect())
        .collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column])
}

/// Each reference of the fixture, whatever else was found.
fn check(case: &Value, found: &[Reference], within: f64) {
    for (name, expected) in case["said"].as_object().expect("methods") {
        let found = found.iter().find(|reference| reference.name == *name).unwrap_or_else(|| panic!("{name} is gone"));
        let expected = matrix(expected);
        assert_eq!(found.said.dim(), expected.dim(), "{name}");
        let most = (&found.said - &expected).iter().fold(0.0f64, |most, gap| most.max(gap.abs()));
        assert!(most < within, "{name}: {most}");
    }
}

fn parts<'a>(case: &Value, labels: &'a [usize]) -> Parts<'a> {
    let classes = labels.iter().max().expect("labels") + 1;
    Parts { labels, classes, training: case["training"].as_u64().expect("a number") as usize, teach: false }
}

#[test]
fn references_of_texts_are_scikit_learns() {
    for case in list(&fixture()["texts"]) {
        let texts: Vec<&str> = list(&case["texts"]).iter().map(|text| text.as_str().expect("a text")).collect();
        let labels = counts(&case["labels"]);
        check(case, &references_of_texts(&texts, false, None, parts(case, &labels)).expect("references"), 2e-3);
    }
}

#[test]
fn naive_bayes_is_scikit_learns_in_expectation_maximisation() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/naive_bayes.json")).expect("the fixture");
    for case in list(&fixture["texts"]) {
        let texts: Vec<&str> = list(&case["texts"]).iter().map(|text| text.as_str().expect("a text")).collect();
        let labels = counts(&case["labels"]);
        let parts = Parts { teach: true, ..parts(case, &labels) };
        let found = references_of_texts(&texts, false, None, parts).expect("references");
        check(case, &found, 1e-6);
        let taught = found.iter().find(|one| one.name == "tf-idf: naive Bayes").expect("it teaches");
        assert!(!taught.plain, "it is no line of scikit-learn");
        let chance = 1.0 / found[0].said.ncols() as f64;
        assert!(taught.left_out.is_some_and(|share| share > chance));
    }
}

#[test]
fn references_of_series_are_scikit_learns() {
    for case in list(&fixture()["series"]) {
        let channels = case["channels"].as_u64().expect("a number") as usize;
        let values: Vec<Vec<f32>> = list(&case["series"]).iter().map(floats).collect();
        let series: Vec<SeriesView<'_>> = values.iter().map(|values| SeriesView { values, channels }).collect();
        let labels = counts(&case["labels"]);
        let found = references_of_series(&series, parts(case, &labels)).expect("references");
        check(case, &found, 2e-3);
        assert_eq!(found.len(), 8, "four methods of the values, four of MiniRocket's features");
        for reference in &found {
            assert_eq!(reference.said.nrows(), series.len());
            assert_eq!(reference.classes().len(), series.len());
        }
    }
}

#[test]
fn mini_rocket_is_aeons_transform() {
    for case in list(&fixture()["mini_rocket"]) {
        let number = |key: &str| case[key].as_u64().expect("a number") as usize;
        let series = matrix(&case["series"]).mapv(|value| value as f32);
        let drawn = MiniRocket::fit(&series, number("channels"), 400, 0);
        let (dilations, each) = (counts(&case["dilations"]), counts(&case["counts"]));
        assert_eq!((drawn.dilations(), drawn.counts()), (&dilations[..], &each[..]));
        let combinations: Vec<Vec<usize>> = list(&case["combinations"]).iter().map(counts).collect();
        assert_eq!(drawn.combinations(), &combinations[..], "the same channels are drawn");
        let biases = floats(&case["biases"]);
        let near = |(found, expected): (&f32, &f32)| (found - expected).abs() < 1e-4;
        assert!(drawn.biases().iter().zip(&biases).all(near), "the same examples give the same biases");
        let rocket =
            MiniRocket::from_parts(number("channels"), number("places"), dilations, each, combinations, biases);
        let (found, expected) = (rocket.transform(&series), matrix(&case["features"]));
        assert_eq!(found.dim(), expected.dim());
        // A value that equals its bias but for rounding may lie on either side.
        let other = found
            .iter()
            .zip(&expected)
            .filter(|(found, expected)| (f64::from(**found) - **expected).abs() > 1e-6)
            .count();
        assert!(other * 200 < expected.len(), "{other} of {} features differ", expected.len());
    }
}

#[test]
fn ridge_is_scikit_learns() {
    for case in list(&fixture()["ridge"]) {
        let rows = matrix(&case["rows"]);
        let labels = counts(&case["labels"]);
        let classes = labels.iter().max().expect("labels") + 1;
        let labeled = rows.slice(ndarray::s![..labels.len(), ..]).to_owned();
        let found = Ridge::fit(&labeled, &labels, classes).expect("a ridge").decisions(&rows);
        for (row, expected) in list(&case["decisions"]).iter().enumerate() {
            match expected.as_array() {
                Some(expected) => expected.iter().enumerate().for_each(|(class, expected)| {
                    assert!((found[[row, class]] - expected.as_f64().expect("a number")).abs() < 1e-5);
                }),
                None => assert!((found[[row, 1]] - expected.as_f64().expect("a number")).abs() < 1e-5),
            }
        }
    }
}

#[test]
fn what_cannot_be_worked_on_is_refused() {
    let refused = |texts: &[&str], labels: &[usize], classes, training| {
        references_of_texts(texts, false, None, Parts { labels, classes, training, teach: false })
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&["a b", "c d"], &[0, 1], 2, 2).contains("no term stands in two texts"));
    assert!(refused(&["a b", "a b"], &[], 2, 2).contains("labelled rows are needed"));
    assert!(refused(&["a b", "a b"], &[0, 2], 2, 2).contains("at least two classes"));
    let (one, two) = ([1.0f32, 2.0], [1.0f32, 2.0, 3.0, 4.0]);
    let series = [SeriesView { values: &one, channels: 1 }, SeriesView { values: &two, channels: 2 }];
    let parts = Parts { labels: &[0, 1], classes: 2, training: 2, teach: false };
    assert!(references_of_series(&series, parts).unwrap_err().to_string().contains("the same channels"));
}
