//! What a model's description says that its weights do not: layers that compute something else than ours.

use serde_json::Value;

/// Looks at every layer of a description.
///
/// # Errors
///
/// Names a layer, its setting and what semiseq's layer does.
pub(super) fn check(config: &Value) -> Result<(), String> {
    layer(config, false)
}

/// `backward`: the layer that a `Bidirectional` runs from the end.
fn layer(value: &Value, backward: bool) -> Result<(), String> {
    match value {
        Value::Array(values) => values.iter().try_for_each(|value| layer(value, false)),
        Value::Object(entries) => {
            let config = &value["config"];
            match value["class_name"].as_str() {
                Some(class @ ("LSTM" | "GRU" | "SimpleRNN")) => recurrent(class, config, backward)?,
                Some("Bidirectional") => is(config, "merge_mode", &["concat"])?,
                Some(class @ ("CuDNNLSTM" | "CuDNNGRU" | "ConvLSTM1D" | "ConvLSTM2D" | "ConvLSTM3D")) => {
                    return Err(format!("the layer `{}` is a {class}, which semiseq does not have", name(config)));
                }
                _ => {}
            }
            entries.iter().try_for_each(|(key, value)| layer(value, key == "backward_layer"))
        }
        _ => Ok(()),
    }
}

fn recurrent(class: &str, config: &Value, backward: bool) -> Result<(), String> {
    is(config, "activation", if class == "SimpleRNN" { &["tanh", "relu"] } else { &["tanh"] })?;
    if class != "SimpleRNN" {
        is(config, "recurrent_activation", &["sigmoid"])?;
    }
    match config["go_backwards"].as_bool() {
        Some(true) if !backward => Err(format!(
            "the layer `{}` has `go_backwards=True`: semiseq reads from the end in `Bidirectional` layers alone",
            name(config)
        )),
        _ => Ok(()),
    }
}

/// A setting that is missing has Keras's default, which is ours.
fn is(config: &Value, key: &str, known: &[&str]) -> Result<(), String> {
    match &config[key] {
        Value::Null if config.get(key).is_none() => Ok(()),
        Value::String(value) if known.contains(&value.as_str()) => Ok(()),
        other => Err(format!(
            "the layer `{}` has `{key}={other}`: semiseq's layers have `{}`",
            name(config),
            known.join("` or `")
        )),
    }
}

fn name(config: &Value) -> &str {
    config["name"].as_str().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn layers_that_compute_something_else_are_named() {
        let lstm = |key: &str, value: Value| {
            let mut config = json!({"name": "reader", "activation": "tanh", "recurrent_activation": "sigmoid"});
            config[key] = value;
            json!({"class_name": "Sequential", "config": {"layers": [{"class_name": "LSTM", "config": config}]}})
        };
        assert_eq!(check(&lstm("units", json!(4))), Ok(()));
        let told = |key: &str, value: Value| check(&lstm(key, value)).unwrap_err();
        assert!(told("recurrent_activation", json!("hard_sigmoid")).contains("`reader` has `recurrent_activation"));
        assert!(told("activation", json!({"class_name": "function"})).contains("`reader` has `activation"));
        assert!(told("activation", Value::Null).contains("activation=null"));
        assert!(told("go_backwards", json!(true)).contains("`Bidirectional` layers alone"));
        let both = |mode: &str| {
            json!({"class_name": "Bidirectional", "config": {"name": "b", "merge_mode": mode,
            "backward_layer": {"class_name": "GRU", "config": {"name": "g", "go_backwards": true}}}})
        };
        assert_eq!(check(&both("concat")), Ok(()));
        assert!(check(&both("sum")).unwrap_err().contains("`b` has `merge_mode=\"sum\"`"));
        let other = json!({"class_name": "ConvLSTM2D", "config": {"name": "film"}});
        assert!(check(&other).unwrap_err().contains("`film` is a ConvLSTM2D"));
    }
}
