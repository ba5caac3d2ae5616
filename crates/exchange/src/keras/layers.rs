//! The recurrent layers of a file in the model's order, as far as it can be told.

use std::collections::BTreeMap;

use crate::error::ExchangeError;
use crate::tensors::{Foreign, modules};

/// A cell's arrays within a layer.
const CELL: &str = "cell/vars/0";
/// The layers of a `Bidirectional`.
const DIRECTIONS: [&str; 2] = ["forward_layer/", "backward_layer/"];
/// How Keras names recurrent layers in a container, by their class.
const CLASSES: [&str; 5] = ["lstm", "gru", "simple_rnn", "bidirectional", "rnn"];

/// A recurrent layer: `layers/lstm/`, or `layers/bidirectional/` of two directions.
pub(super) struct Layer {
    pub(super) path: String,
    pub(super) bidirectional: bool,
}

impl Layer {
    /// Where the cell of a direction stands.
    pub(super) fn cell(&self, direction: usize) -> String {
        let within = if self.bidirectional { DIRECTIONS[direction] } else { "" };
        format!("{}{within}cell/vars/", self.path)
    }

    /// For messages.
    pub(super) fn name(&self) -> &str {
        self.path.trim_end_matches('/')
    }

    /// Values of a step that it reads.
    fn input(&self, foreign: &Foreign) -> Option<usize> {
        foreign.get(&format!("{}0", self.cell(0)))?.shape.first().copied()
    }

    /// Values of a step that it gives.
    fn width(&self, foreign: &Foreign) -> Option<usize> {
        let hidden = foreign.get(&format!("{}1", self.cell(0)))?.shape.first().copied()?;
        hidden.checked_mul(if self.bidirectional { 2 } else { 1 })
    }

    /// The folder of its container, its class, and its number among the layers of this class there.
    fn place(&self) -> Option<(&str, &str, usize)> {
        let (folder, name) = self.name().rsplit_once('/')?;
        let container = folder.rsplit_once('/').map_or(folder, |(_, container)| container);
        if !["layers", "_layer_checkpoint_dependencies"].contains(&container) {
            return None;
        }
        let (class, number) = match name.rsplit_once('_') {
            Some((class, number)) if number.parse::<usize>().is_ok() => (class, number.parse().ok()?),
            _ => (name, 0),
        };
        CLASSES.contains(&class).then_some((folder, class, number))
    }
}

/// From the one that reads the data to the last.
///
/// # Errors
///
/// Where there is none, or the order cannot be told.
pub(super) fn in_order(foreign: &Foreign) -> Result<Vec<Layer>, ExchangeError> {
    let mut found: BTreeMap<&str, bool> = BTreeMap::new();
    for start in foreign.keys().filter_map(|name| name.strip_suffix(CELL)) {
        match DIRECTIONS.iter().find_map(|direction| start.strip_suffix(direction)) {
            Some(path) => found.insert(path, true),
            None => found.insert(start, false),
        };
    }
    let mut layers: Vec<Layer> =
        found.into_iter().map(|(path, bidirectional)| Layer { path: path.to_string(), bidirectional }).collect();
    if layers.is_empty() {
        let names: Vec<String> = foreign.keys().cloned().collect();
        return Err(ExchangeError::new(
            format!("there is no layer `LSTM`, `GRU` or `SimpleRNN`; there are {}", modules(&names)),
            "only models with one of these can become one of semiseq's",
        ));
    }
    let places: Option<Vec<(&str, &str, usize)>> = layers.iter().map(Layer::place).collect();
    let numbered = places
        .is_some_and(|places| places.iter().all(|(folder, class, _)| (*folder, *class) == (places[0].0, places[0].1)));
    if numbered {
        layers.sort_by_key(|layer| layer.place().map(|(_, _, number)| number));
        return Ok(layers);
    }
    // Of two, one may read what only the other gives.
    let reads = |one: &Layer, other: &Layer| one.input(foreign) == other.width(foreign);
    if let [first, second] = &layers[..] {
        match (reads(second, first), reads(first, second)) {
            (true, false) => return Ok(layers),
            (false, true) => {
                layers.reverse();
                return Ok(layers);
            }
            _ => {}
        }
    }
    match layers.len() {
        1 => Ok(layers),
        _ => {
            let names: Vec<String> = layers.iter().map(|layer| format!("`{}`", layer.name())).collect();
            Err(ExchangeError::new(
                format!("the file does not say in which order {} stand", names.join(", ")),
                "make the model a `keras.Sequential` or `keras.Model(inputs, outputs)` of layers of one class, which \
                 Keras numbers",
            ))
        }
    }
}
