//! Change points against those of ruptures: `tests/fixtures/change_points.py` makes them.

use semiseq_analysis::change_points;
use serde_json::Value;

#[test]
fn change_points_equal_those_of_ruptures() {
    let fixture: Value = serde_json::from_str(include_str!("../fixtures/change_points.json")).expect("the fixture");
    for case in fixture.as_array().expect("cases") {
        let number = |value: &Value| value.as_f64().expect("a number");
        let list = |value: &Value| value.as_array().expect("a list").iter().map(number).collect::<Vec<f64>>();
        let steps: Vec<Vec<f64>> = case["steps"].as_array().expect("steps").iter().map(list).collect();
        let found = change_points(&steps, number(&case["penalty"])).expect("change points");
        let expected: Vec<usize> = list(&case["changes"]).into_iter().map(|point| point as usize).collect();
        assert_eq!(found, expected, "{} steps, penalty {}", steps.len(), case["penalty"]);
    }
}
