//! A prediction as JSON.

use semiseq::prelude::*;
use semiseq::training::tasks::ClassPrediction;
use serde_json::{Map, Value, json};

/// What is predicted of a sequence, and its id where it has one.
pub(super) fn as_json(prediction: &Prediction, id: Option<&str>) -> Value {
    let one = |class: &ClassPrediction| {
        let probabilities = class.probabilities.iter().map(|(name, value)| (name.clone(), json!(value)));
        let label = if class.label.is_empty() { Value::Null } else { json!(class.label) };
        let mut object = json!({"prediction": label, "probabilities": probabilities.collect::<Map<String, Value>>()});
        if let (Some(set), Value::Object(object)) = (&class.set, &mut object) {
            object.insert("set".into(), json!(set));
        }
        object
    };
    let mut object = match prediction {
        Prediction::Class(class) => one(class),
        Prediction::Labels(labels) => {
            let probabilities = labels.probabilities.iter().map(|(name, value)| (name.clone(), json!(value)));
            json!({"prediction": labels.labels, "probabilities": probabilities.collect::<Map<String, Value>>()})
        }
        Prediction::Steps(steps) => json!({"steps": steps.iter().map(one).collect::<Vec<_>>()}),
        Prediction::Number(number) => json!({"prediction": number}),
        Prediction::Quantiles { number, quantiles } => {
            let values = quantiles.iter().map(|(level, value)| (level.to_string(), json!(value)));
            json!({"prediction": number, "quantiles": values.collect::<Map<String, Value>>()})
        }
        Prediction::Forecast { columns, steps } => json!({"columns": columns, "forecast": steps}),
        Prediction::Answer(text) => json!({"prediction": text}),
        Prediction::Items(items) => json!({"items": items}),
        _ => Value::Null,
    };
    if let (Some(id), Value::Object(object)) = (id, &mut object) {
        object.insert("id".into(), json!(id));
    }
    object
}
