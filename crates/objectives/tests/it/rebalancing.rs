//! Whole steps with a method against imbalance equal those of the authors' code (`fixtures/rebalancing.py`); which
//! method stands beside which objective; and a run that goes on from a checkpoint remembers what it had.

use semiseq_objectives::*;
use semiseq_schema::Problem;
use serde_json::{Value, json};

use crate::pseudo_labels::check;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/rebalancing.json")).expect("the fixture")
}

fn method(name: &str, settings: Value) -> RebalancingConfig {
    serde_json::from_value(json!({ name: settings })).expect("a method")
}

fn objective(name: &str, settings: Value) -> ObjectiveConfig {
    serde_json::from_value(json!({ name: settings })).expect("an objective")
}

/// Runs all cases of these methods.
fn check_all(names: &[&str], expected: usize) {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().expect("cases");
    let of = |case: &&Value| names.iter().any(|name| case["rebalancing"].get(name).is_some());
    let cases: Vec<&Value> = cases.iter().filter(of).collect();
    assert_eq!(cases.len(), expected, "cases of {names:?}");
    for case in cases {
        check(&fixture, case);
    }
}

#[test]
fn labelled_losses() {
    check_all(&["class-weights", "logit-adjustment", "focal"], 24);
}

#[test]
fn debiased_pseudo_labels() {
    check_all(&["debiaspl"], 3);
}

#[test]
fn second_heads() {
    check_all(&["abc", "tras"], 4);
}

#[test]
fn refined_pseudo_labels() {
    check_all(&["darp"], 2);
}

#[test]
fn weights_and_thresholds_of_an_epoch() {
    check_all(&["saw", "adsh"], 4);
}

#[test]
fn every_method_is_read_with_its_defaults_and_written_again() {
    assert_eq!(REBALANCINGS.len(), 13);
    for (name, _) in REBALANCINGS {
        let read = method(name, json!({}));
        assert_eq!(read.name(), *name);
        let written = serde_json::to_value(&read).expect("JSON");
        assert_eq!(serde_json::from_value::<RebalancingConfig>(written).expect("a method"), read);
        let mut problems = Vec::new();
        objective("fixmatch", json!({})).check_rebalancing(&read, "stage.0", &mut problems);
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
    assert!(serde_json::from_value::<RebalancingConfig>(json!({ "focal": { "gama": 2.0 } })).is_err());
}

/// What is wrong with a method beside an objective.
fn problems(objective: &ObjectiveConfig, method: &RebalancingConfig) -> Vec<Problem> {
    let mut problems = Vec::new();
    objective.check_rebalancing(method, "stage.0", &mut problems);
    problems
}

#[test]
fn a_method_without_a_place_is_refused_with_the_objectives_that_have_one() {
    let count = |name: &str| {
        let method = method(name, json!({}));
        let all = OBJECTIVES.iter().filter(|(name, _)| *name != "joint");
        let mut refused = Vec::new();
        for (objective_name, _) in all {
            let found = problems(&objective(objective_name, json!({})), &method);
            for problem in found {
                assert_eq!(problem.key, format!("stage.0.rebalancing.{name}"));
                assert!(problem.message.contains(objective_name), "{}", problem.message);
                assert!(problem.hint.is_some_and(|hint| hint.contains("`fixmatch`")));
                refused.push(*objective_name);
            }
        }
        OBJECTIVES.len() - 1 - refused.len()
    };
    assert_eq!(["focal", "debiaspl", "adsh"].map(count), [8, 5, 1]);
}

#[test]
fn a_loss_that_would_be_weighed_twice_is_refused() {
    let weighs = objective("fixmatch", json!({ "supervised": { "class_weights": "balanced" } }));
    let smooths = objective("supervised", json!({ "label_smoothing": 0.1 }));
    for (name, refused) in [("class-weights", [1, 0]), ("focal", [1, 1]), ("logit-adjustment", [0, 0])] {
        let found = [&weighs, &smooths].map(|objective| problems(objective, &method(name, json!({}))).len());
        assert_eq!(found, refused, "{name}");
    }
    let out_of_range = method("debiaspl", json!({ "strength": -1.0 }));
    assert_eq!(
        problems(&objective("fixmatch", json!({})), &out_of_range)[0].key,
        "stage.0.rebalancing.debiaspl.strength"
    );
}

#[test]
fn only_methods_with_a_head_or_a_shift_of_their_own_have_a_say_in_what_is_predicted() {
    let votes =
        |name: &str, settings: Value| objective("fixmatch", json!({})).rebalanced(&method(name, settings)).kind().votes;
    assert!(votes("abc", json!({})) && votes("tras", json!({})));
    assert!(votes("logit-adjustment", json!({ "at": "prediction" })));
    assert!(!votes("logit-adjustment", json!({})) && !votes("saw", json!({})));
}
