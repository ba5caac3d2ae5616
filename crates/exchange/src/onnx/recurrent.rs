//! Recurrent layers: ONNX's `RNN`, `LSTM` and `GRU`, which read steps before sequences and have gates in another order.

use semiseq_models::OtherTensor;

use crate::layers::Cell;
use crate::network::Network;
use crate::onnx::graph::{Attribute, Graph, INT32};

/// The layers from `vectors [batch, time, input]`: a vector per step, `[batch, time, width]`, and the last state of
/// each direction side by side, `[batch, width]`.
pub(super) fn layers(graph: &mut Graph, network: &Network, vectors: &str) -> (String, String) {
    let lengths = graph.node("Cast", &["lengths"], &[("to", Attribute::Number(INT32))]);
    // `[time, batch, directions · hidden]` from `[time, batch, directions, hidden]`.
    let together = graph.integers("together", &[3], &[0, 0, -1]);
    let flat = graph.integers("flat", &[2], &[0, -1]);
    let turned = |graph: &mut Graph, input: &str, order: &[i64]| {
        graph.node("Transpose", &[input], &[("perm", Attribute::Numbers(order))])
    };
    let mut steps = turned(graph, vectors, &[1, 0, 2]);
    let mut last = String::new();
    for (level, directions) in network.layers.iter().enumerate() {
        let [input, recurrent, bias] = weights(graph, network, level, directions);
        let (all, end) = (format!("states_{level}"), format!("last_{level}"));
        let hidden = network.hidden() as i64;
        let direction = if directions.len() > 1 { "bidirectional" } else { "forward" };
        let mut attributes =
            vec![("hidden_size", Attribute::Number(hidden)), ("direction", Attribute::Text(direction))];
        let operator = match network.cell {
            Cell::Rnn { relu } => {
                let activation = if relu { "Relu" } else { "Tanh" };
                attributes.push(("activations", Attribute::Texts(vec![activation; directions.len()])));
                "RNN"
            }
            Cell::Lstm => "LSTM",
            Cell::Gru { reset_before } => {
                attributes.push(("linear_before_reset", Attribute::Number(i64::from(!reset_before))));
                "GRU"
            }
        };
        graph.named(operator, &[&steps, &input, &recurrent, &bias, &lengths], &[&all, &end], &attributes);
        let states = turned(graph, &all, &[0, 2, 1, 3]);
        steps = graph.node("Reshape", &[&states, &together], &[]);
        last = end;
    }
    let last = turned(graph, &last, &[1, 0, 2]);
    (turned(graph, &steps, &[1, 0, 2]), graph.node("Reshape", &[&last, &flat], &[]))
}

/// `W [directions, gates · hidden, input]`, `R [directions, gates · hidden, hidden]` and
/// `B [directions, 2 · gates · hidden]` of a level.
fn weights(graph: &mut Graph, network: &Network, level: usize, directions: &[[OtherTensor; 4]]) -> [String; 3] {
    let order = order(network.cell);
    let part = |place: usize| -> Vec<f32> {
        directions.iter().flat_map(|weights| reordered(&weights[place], order)).collect()
    };
    let shape = |place: usize| {
        let shape = &directions[0][place].shape;
        [directions.len(), shape[0], shape[1]]
    };
    let biases: Vec<f32> = directions
        .iter()
        .flat_map(|weights| [reordered(&weights[2], order), reordered(&weights[3], order)].concat())
        .collect();
    let width = biases.len() / directions.len();
    [
        graph.floats(&format!("input_weights_{level}"), &shape(0), part(0)),
        graph.floats(&format!("recurrent_weights_{level}"), &shape(1), part(1)),
        graph.floats(&format!("biases_{level}"), &[directions.len(), width], biases),
    ]
}

/// Where ONNX's gates stand among PyTorch's: of an LSTM `i o f c` among `i f g o`, of a GRU `z r h` among `r z n`.
fn order(cell: Cell) -> &'static [usize] {
    match cell {
        Cell::Rnn { .. } => &[0],
        Cell::Lstm => &[0, 3, 1, 2],
        Cell::Gru { .. } => &[1, 0, 2],
    }
}

fn reordered(tensor: &OtherTensor, order: &[usize]) -> Vec<f32> {
    let gate = tensor.values.len() / order.len();
    order.iter().flat_map(|place| &tensor.values[place * gate..(place + 1) * gate]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_stand_in_onnx_order() {
        let tensor = OtherTensor { shape: vec![4, 2], values: (0u8..8).map(f32::from).collect() };
        assert_eq!(reordered(&tensor, order(Cell::Lstm)), [0.0, 1.0, 6.0, 7.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(reordered(&tensor, order(Cell::Rnn { relu: false })), tensor.values);
    }
}
