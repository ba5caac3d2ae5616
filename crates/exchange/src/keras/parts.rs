//! Keras's recurrent layers, embeddings and dense layers. Its kernels are `[inputs, outputs]`, an LSTM's gates stand as
//! ours do (input, forget, cell, output), a GRU's update gate before its reset gate. A GRU with `reset_after=True` has
//! a row of biases for each product, one with `False` a single one.

use semiseq_models::OtherTensor;

use crate::error::ExchangeError;
use crate::keras::layers::{Layer, in_order};
use crate::parts::{Matrix, Stack, zeros};
use crate::tensors::Foreign;
use crate::torch::transposed;

/// The recurrent layers, from the first to the last.
///
/// # Errors
///
/// Names a weight that is missing, a layer that is none of the three, and layers that do not go on top of each other.
pub(crate) fn stacks(foreign: &Foreign) -> Result<Vec<Stack>, ExchangeError> {
    let layers = in_order(foreign)?;
    let stacks: Vec<Stack> = layers.iter().map(|layer| stack(foreign, layer)).collect::<Result<_, _>>()?;
    for (place, pair) in stacks.windows(2).enumerate() {
        let [below, above] = pair else { continue };
        let width = below.hidden * if below.bidirectional { 2 } else { 1 };
        let kind = |stack: &Stack| (stack.cell, stack.hidden, stack.bidirectional, stack.reset_before);
        let (one, other) = (layers[place].name(), layers[place + 1].name());
        if kind(below) != kind(above) {
            return Err(ExchangeError::new(
                format!("`{one}` and `{other}` are of two kinds or sizes"),
                "an encoder of semiseq has layers of one cell, size and direction; a GRU's of one `reset_after`",
            ));
        }
        if above.input != width {
            return Err(ExchangeError::new(
                format!("`{other}` reads {} values, and `{one}` gives {width}", above.input),
                "layers stand on top of each other, `Bidirectional` ones with `merge_mode=\"concat\"`",
            ));
        }
    }
    Ok(stacks)
}

fn stack(foreign: &Foreign, layer: &Layer) -> Result<Stack, ExchangeError> {
    let shape = |place: usize| foreign.get(&format!("{}{place}", layer.cell(0))).map(|tensor| &tensor.shape[..]);
    let (Some([input, columns]), Some([hidden, same])) = (shape(0), shape(1)) else {
        return Err(no_such(layer));
    };
    let (input, hidden) = (*input, *hidden);
    let gates = columns.checked_div(hidden).unwrap_or_default();
    let cell = match gates {
        1 => "rnn",
        3 => "gru",
        4 => "lstm",
        _ => return Err(no_such(layer)),
    };
    if columns != same || gates * hidden != *columns {
        return Err(no_such(layer));
    }
    let reset_before = match (cell, shape(2)) {
        ("gru", Some([_])) => Some(true),
        ("gru", Some([2, _])) => Some(false),
        _ => None,
    };
    let bidirectional = layer.bidirectional;
    let mut stack =
        Stack { cell, reset_before, input, hidden, layers: 1, bidirectional, tensors: Vec::new(), names: Vec::new() };
    for (place, direction) in ["forward", "backward"].into_iter().enumerate().take(if bidirectional { 2 } else { 1 }) {
        let within = layer.cell(place);
        let biases = if reset_before == Some(false) { vec![2, gates * hidden] } else { vec![gates * hidden] };
        let wanted = [vec![input, gates * hidden], vec![hidden, gates * hidden], biases];
        let has_biases = shape(2).is_some();
        let mut found = Vec::new();
        for (number, wanted) in wanted.into_iter().enumerate() {
            let name = format!("{within}{number}");
            match foreign.get(&name) {
                Some(tensor) if tensor.shape == wanted => found.push(tensor),
                Some(tensor) => {
                    return Err(ExchangeError::new(
                        format!("`{name}` is {:?}, and should be {wanted:?}", tensor.shape),
                        "write the weights of an unchanged `LSTM`, `GRU` or `SimpleRNN`",
                    ));
                }
                None if number == 2 && !has_biases => continue,
                None => return Err(ExchangeError::new(format!("`{name}` is missing"), "write the weights again")),
            }
            stack.names.push(name);
        }
        let size = gates * hidden;
        let rows = |tensor: &OtherTensor| in_our_order(transposed(tensor), gates);
        let row = |values: &[f32]| in_our_order(OtherTensor { shape: vec![size], values: values.to_vec() }, gates);
        let (input_bias, state_bias) = match found.get(2) {
            Some(both) => {
                let (first, second) = both.values.split_at(size);
                (row(first), if second.is_empty() { zeros(size) } else { row(second) })
            }
            None => (zeros(size), zeros(size)),
        };
        for (name, tensor) in [
            ("weight_ih", rows(found[0])),
            ("weight_hh", rows(found[1])),
            ("bias_ih", input_bias),
            ("bias_hh", state_bias),
        ] {
            stack.tensors.push((0, direction, name, tensor));
        }
    }
    Ok(stack)
}

fn no_such(layer: &Layer) -> ExchangeError {
    ExchangeError::new(
        format!("the layer `{}` is of no kind that semiseq has", layer.name()),
        "`LSTM`, `GRU` and `SimpleRNN` are read, alone or in `Bidirectional`",
    )
}

/// A row per unit and gate; of a GRU's three the first two change places.
fn in_our_order(mut tensor: OtherTensor, gates: usize) -> OtherTensor {
    if gates == 3 {
        let third = tensor.values.len() / 3;
        let (update, others) = tensor.values.split_at_mut(third);
        update.swap_with_slice(&mut others[..third]);
    }
    tensor
}

/// Embeddings and dense layers: a matrix, and perhaps a bias, with nothing beside them.
pub(crate) fn matrices(foreign: &Foreign) -> Vec<Matrix> {
    const FIRST: &str = "/vars/0";
    let starts = foreign.iter().filter_map(|(name, tensor)| Some((name.strip_suffix(FIRST)?, tensor)));
    let plain = starts.filter(|(start, tensor)| {
        let is_cell = start.ends_with("/cell");
        let is_matrix = tensor.shape.len() == 2 && !tensor.shape.contains(&0);
        is_matrix && !is_cell && !foreign.contains_key(&format!("{start}/vars/2"))
    });
    plain
        .filter_map(|(start, tensor)| {
            let [weight_name, bias_name] = [format!("{start}{FIRST}"), format!("{start}/vars/1")];
            let bias = foreign.get(&bias_name);
            let mut matrix =
                Matrix { names: vec![weight_name, bias_name], weight: tensor.clone(), bias: bias.cloned() };
            let is_table = bias.is_none() && matrix.is_called(&["emb"]);
            if !is_table {
                matrix.weight = transposed(tensor);
            }
            // A second array of another shape is no bias: a layer of another kind.
            bias.is_none_or(|bias| bias.shape == matrix.weight.shape[..1]).then_some(matrix)
        })
        .collect()
}
