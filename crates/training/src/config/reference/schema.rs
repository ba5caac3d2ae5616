//! The JSON schema of a config, as editors read it.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::config::RunConfig;
use crate::config::files::OF_ANY_MODEL;

/// The JSON schema (draft 7) of a config with semiseq's own models and objectives. A choice, which serde has as an enum,
/// is a table with one of several keys; references point to `#/definitions/NAME`.
pub fn schema() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<RunConfig>().to_value();
    choices_as_keys(&mut schema);
    keys_of_any_model(&mut schema);
    let extends = "Another config, as seen from this one, that this one is laid over.";
    schema["properties"]["extends"] = json!({ "type": "string", "description": extends });
    schema["title"] = "A run of semiseq".into();
    schema
}

/// Writes each list of one-key objects as one object with those keys, of which one may be given.
fn choices_as_keys(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(choices_as_keys);
            let Some(keys) = object.get("oneOf").and_then(Value::as_array).and_then(|choices| keys_of(choices)) else {
                return;
            };
            object.remove("oneOf");
            for (key, value) in [
                ("type", json!("object")),
                ("properties", Value::Object(keys)),
                ("additionalProperties", json!(false)),
                ("minProperties", json!(1)),
                ("maxProperties", json!(1)),
            ] {
                object.insert(key.into(), value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(choices_as_keys),
        _ => {}
    }
}

/// The key of each choice with what stands under it, where every choice is an object of one key.
fn keys_of(choices: &[Value]) -> Option<Map<String, Value>> {
    let mut keys = Map::new();
    for choice in choices {
        let properties = choice.get("properties")?.as_object()?;
        let (name, held) = properties.iter().next().filter(|_| properties.len() == 1)?;
        let mut key = json!({ "allOf": [held] });
        if let Some(description) = choice.get("description") {
            key["description"] = description.clone();
        }
        keys.insert(name.clone(), key);
    }
    Some(keys)
}

/// Moves the keys of `[model]` that are about any model to where a config has them: beside the choice.
fn keys_of_any_model(schema: &mut Value) {
    let moved: Vec<(&str, Value)> = match schema.get_mut("properties").and_then(Value::as_object_mut) {
        Some(keys) => OF_ANY_MODEL.iter().filter_map(|key| Some((*key, keys.remove(*key)?))).collect(),
        None => Vec::new(),
    };
    let Some(model) = schema.pointer_mut("/definitions/ModelConfig").and_then(Value::as_object_mut) else { return };
    model.remove("minProperties");
    model.remove("maxProperties");
    if let Some(keys) = model.get_mut("properties").and_then(Value::as_object_mut) {
        keys.extend(moved.into_iter().map(|(key, value)| (key.to_string(), value)));
    }
}
