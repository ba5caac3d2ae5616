//! The older files of Keras, `save_weights("x.h5")` and `save("x.h5")`: a group a layer, whose arrays say what they are
//! (`kernel`, `recurrent_kernel`, `bias`, `embeddings`). They get the names of `.weights.h5`: layers of a kind are
//! numbered in the model's order, `layers/lstm`, `layers/lstm_1`.

use std::collections::BTreeMap;

use semiseq_models::OtherTensor;

use crate::tensors::Foreign;

/// The arrays of a cell or a layer, in the order of `vars`.
const CELL: [&str; 3] = ["kernel", "recurrent_kernel", "bias"];
const DENSE: [&str; 2] = ["kernel", "bias"];

/// Arrays under the names of `.weights.h5`; those of layers that semiseq has no counterpart for keep their own.
///
/// # Errors
///
/// A layer with several recurrent cells in one direction.
pub(super) fn renamed(arrays: Foreign, layers: &[String]) -> Result<Foreign, String> {
    let mut numbers: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut renamed = Foreign::new();
    for layer in layers {
        let parts = of_layer(&arrays, layer);
        let Some((kind, places)) = named(layer, &parts)? else {
            renamed.extend(parts.into_iter().map(|(path, tensor)| (path.to_string(), tensor.clone())));
            continue;
        };
        let number = numbers.entry(kind).or_default();
        let name = if *number == 0 { format!("layers/{kind}") } else { format!("layers/{kind}_{number}") };
        *number += 1;
        renamed.extend(places.into_iter().map(|(place, tensor)| (format!("{name}/{place}"), tensor.clone())));
    }
    Ok(renamed)
}

/// The arrays below a layer's group, by their paths.
fn of_layer<'a>(arrays: &'a Foreign, layer: &str) -> Vec<(&'a str, &'a OtherTensor)> {
    let below = |path: &str| {
        let path = path.strip_prefix("model_weights/").unwrap_or(path);
        path.strip_prefix(layer).is_some_and(|rest| rest.starts_with('/'))
    };
    arrays.iter().filter(|(path, _)| below(path)).map(|(path, tensor)| (path.as_str(), tensor)).collect()
}

/// An array's own name: `kernel` of `lstm/lstm/lstm_cell/kernel:0`.
fn leaf(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.strip_suffix(":0").unwrap_or(name)
}

type Named<'a> = (&'static str, Vec<(String, &'a OtherTensor)>);

/// The kind of a layer, and its arrays by their places in it; `None` for other layers.
fn named<'a>(layer: &str, parts: &[(&'a str, &'a OtherTensor)]) -> Result<Option<Named<'a>>, String> {
    let has = |name: &str| parts.iter().any(|(path, _)| leaf(path) == name);
    let all = |known: &[&str]| parts.iter().all(|(path, _)| known.contains(&leaf(path)));
    let places = |known: &[&str], folder: &str| {
        let place = |path: &str| known.iter().position(|name| *name == leaf(path)).unwrap_or_default();
        parts.iter().map(|(path, tensor)| (format!("{folder}vars/{}", place(path)), *tensor)).collect::<Vec<_>>()
    };
    if parts.len() == 1 && has("embeddings") {
        return Ok(Some(("embedding", places(&["embeddings"], ""))));
    }
    if parts.len() <= DENSE.len() && has("kernel") && all(&DENSE) {
        let is_matrix = parts.iter().all(|(path, tensor)| leaf(path) != "kernel" || tensor.shape.len() == 2);
        return Ok(is_matrix.then(|| ("dense", places(&DENSE, ""))));
    }
    if !has("recurrent_kernel") || !all(&CELL) {
        return Ok(None);
    }
    let direction = |path: &str| {
        let in_one = |start: &str| path.split('/').any(|part| part.starts_with(start));
        match (in_one("forward_"), in_one("backward_")) {
            (true, false) => "forward_layer/cell/",
            (false, true) => "backward_layer/cell/",
            _ => "cell/",
        }
    };
    let mut named = Vec::new();
    for (path, tensor) in parts {
        let place = CELL.iter().position(|name| *name == leaf(path)).unwrap_or_default();
        let place = format!("{}vars/{place}", direction(path));
        if named.iter().any(|(other, _)| *other == place) {
            return Err(format!("the layer `{layer}` has several cells: semiseq has layers of one"));
        }
        named.push((place, *tensor));
    }
    let both = named.iter().any(|(place, _)| place.starts_with("backward_layer"));
    Ok(Some((if both { "bidirectional" } else { kind(parts) }, named)))
}

/// By the gates; what has another number of them is refused where its shapes are looked at.
fn kind(parts: &[(&str, &OtherTensor)]) -> &'static str {
    let recurrent =
        parts.iter().find(|(path, _)| leaf(path) == "recurrent_kernel").map(|(_, tensor)| &tensor.shape[..]);
    match recurrent {
        Some([hidden, columns]) if Some(*columns) == hidden.checked_mul(4) => "lstm",
        Some([hidden, columns]) if Some(*columns) == hidden.checked_mul(3) => "gru",
        Some([hidden, columns]) if columns == hidden => "simple_rnn",
        _ => "rnn",
    }
}
