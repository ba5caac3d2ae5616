//! Whole steps of CReST, DASO and CoSSL equal those of their authors' code (`fixtures/rebalancing_teachers.py`).

use serde_json::Value;

use crate::pseudo_labels::check;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/rebalancing_teachers.json")).expect("the fixture")
}

/// Runs all cases of a method.
fn check_all(name: &str, expected: usize) {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().expect("cases");
    let cases: Vec<&Value> = cases.iter().filter(|case| case["rebalancing"].get(name).is_some()).collect();
    assert_eq!(cases.len(), expected, "cases of {name}");
    for case in cases {
        check(&fixture, case);
    }
}

#[test]
fn pseudo_labels_blended_with_prototypes() {
    check_all("daso", 2);
}

#[test]
fn pseudo_labels_aligned_to_the_labels_shares() {
    check_all("crest", 2);
}

#[test]
fn a_second_head_on_an_averaged_encoder() {
    check_all("cossl", 2);
}
