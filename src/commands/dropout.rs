//! Whether passes of a model differ.

use semiseq::prelude::*;
use serde_json::Value;

/// Refuses a model that says the same in each pass; the models of an ensemble differ by themselves. `asked` is what
/// wants to compare passes, `or` what goes without.
pub(super) fn check_dropout(run: &SavedRun, asked: &str, or: &str) -> Result<(), Error> {
    if run.member_count() > 1 {
        return Ok(());
    }
    let settings = serde_json::to_value(run.settings()).unwrap_or_default();
    let tokens = run.processor().input().vocabulary().is_some();
    if settings.as_object().is_some_and(|tables| tables.values().any(|model| has_dropout(model, tokens))) {
        return Ok(());
    }
    Err(Error::input(
        format!("{asked} compares passes with dropout, and the model has none"),
        format!("train with `[model.{}] dropout = 0.5` or `ensemble = 3`, or {or}", run.settings().name()),
    ))
}

/// Whether anything in a model's table is random in a pass.
fn has_dropout(model: &Value, tokens: bool) -> bool {
    let above = |table: &Value, key: &str| table[key].as_f64().is_some_and(|value| value > 0.0);
    let embedding = tokens && (above(&model["embedding"], "dropout") || above(&model["embedding"], "noise"));
    // A recurrent encoder drops between its layers.
    let between = |encoder: &Value| above(encoder, "dropout") && encoder["layers"].as_u64() > Some(1);
    let encoder = model["encoder"].as_object().is_some_and(|encoders| encoders.values().any(between));
    above(model, "dropout") || embedding || encoder
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dropout_that_does_nothing_is_none() {
        let model = |dropout: f64, embedding: f64, between: f64, layers: u64| {
            json!({"dropout": dropout, "embedding": {"dropout": embedding},
                   "encoder": {"gru": {"dropout": between, "layers": layers}}})
        };
        assert!(has_dropout(&model(0.1, 0.0, 0.0, 1), false));
        assert!(has_dropout(&model(0.0, 0.0, 0.1, 2), false) && !has_dropout(&model(0.0, 0.0, 0.1, 1), false));
        assert!(has_dropout(&model(0.0, 0.1, 0.0, 1), true) && !has_dropout(&model(0.0, 0.1, 0.0, 1), false));
    }
}
