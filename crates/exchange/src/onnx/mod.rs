//! ONNX: the network as a graph that reads a padded batch and the lengths of its sequences.
//!
//! Inputs are `tokens` (`int64 [batch, time]`) or `values` (`float [batch, time, features]`), and `lengths`
//! (`int64 [batch]`); the output is `logits`, `[batch, outputs]`, or `[batch, time, outputs]` of a tagger.
//! Labels and preprocessing stand in the metadata under `semiseq`, as JSON.

mod graph;
mod protobuf;
mod recurrent;

use semiseq_models::Pooling;

use crate::layers::Linear;
use crate::network::{About, Network};
use crate::onnx::graph::{Attribute, FLOAT, Graph, INT64, Size};
use crate::onnx::protobuf::Message;

/// The version of the operators, and of the format that holds them: what programs of 2022 and later read.
const OPERATORS: i64 = 17;
const FORMAT: i64 = 8;
/// Stands for minus infinity where no step is real.
const VERY_SMALL: f32 = -1e30;

/// The bytes of the file.
pub fn model(network: &Network, about: &About) -> Vec<u8> {
    let metadata = Message::default().bytes(1, "semiseq").bytes(2, about.json(network));
    let operators = Message::default().bytes(1, "").number(2, OPERATORS);
    Message::default()
        .number(1, FORMAT)
        .bytes(2, "semiseq")
        .bytes(3, env!("CARGO_PKG_VERSION"))
        .message(7, &graph(network).finish("semiseq"))
        .message(8, &operators)
        .message(14, &metadata)
        .finish()
}

fn graph(network: &Network) -> Graph {
    let mut graph = Graph::default();
    let batch_and_time = || vec![Size::Named("batch"), Size::Named("time")];
    let (input, vectors) = match &network.embedding {
        Some(table) => {
            graph.input("tokens", INT64, &batch_and_time());
            let table = graph.floats("embedding", &table.shape, table.values.iter().copied());
            ("tokens", graph.node("Gather", &[&table, "tokens"], &[("axis", Attribute::Number(0))]))
        }
        None => {
            let mut shape = batch_and_time();
            shape.push(Size::Fixed(network.input()));
            graph.input("values", FLOAT, &shape);
            ("values", "values".to_string())
        }
    };
    graph.input("lengths", INT64, &[Size::Named("batch")]);
    let (steps, last) = recurrent::layers(&mut graph, network, &vectors);
    let mut shape = vec![Size::Named("batch")];
    let pooled = match network.pooling {
        None => {
            shape.push(Size::Named("time"));
            steps
        }
        Some(Pooling::Last) => last,
        Some(pooling) => {
            let real = real_steps(&mut graph, input);
            pool(&mut graph, network, pooling, &steps, &real)
        }
    };
    shape.push(Size::Fixed(network.outputs()));
    linear(&mut graph, "head", &network.head, &pooled, Some("logits"));
    graph.output("logits", FLOAT, &shape);
    graph
}

/// Which steps are real, `bool [batch, time, 1]`.
fn real_steps(graph: &mut Graph, input: &str) -> String {
    let shape = graph.node("Shape", &[input], &[]);
    let (zero, one) = (graph.integers("zero", &[], &[0]), graph.integers("one", &[], &[1]));
    let time = graph.node("Gather", &[&shape, &one], &[("axis", Attribute::Number(0))]);
    let steps = graph.node("Range", &[&zero, &time, &one], &[]);
    let last_axis = graph.integers("last_axis", &[1], &[-1]);
    let lengths = graph.node("Unsqueeze", &["lengths", &last_axis], &[]);
    let real = graph.node("Less", &[&steps, &lengths], &[]);
    graph.node("Unsqueeze", &[&real, &last_axis], &[])
}

/// One vector per sequence, `[batch, width]`, from `steps [batch, time, width]`.
fn pool(graph: &mut Graph, network: &Network, pooling: Pooling, steps: &str, real: &str) -> String {
    let very_small = |graph: &mut Graph| graph.floats("very_small", &[], [VERY_SMALL]);
    let time_axis = |graph: &mut Graph| graph.integers("time_axis", &[1], &[1]);
    let sum = |graph: &mut Graph, of: &str, axis: &str| {
        graph.node("ReduceSum", &[of, axis], &[("keepdims", Attribute::Number(0))])
    };
    match (pooling, &network.attention) {
        (Pooling::Max, _) => {
            let low = very_small(graph);
            let steps = graph.node("Where", &[real, steps, &low], &[]);
            let attributes = [("axes", Attribute::Numbers(&[1])), ("keepdims", Attribute::Number(0))];
            graph.node("ReduceMax", &[&steps], &attributes)
        }
        (Pooling::Attention, Some((hidden, score))) => {
            let hidden = linear(graph, "attention", hidden, steps, None);
            let hidden = graph.node("Tanh", &[&hidden], &[]);
            let scores = linear(graph, "score", score, &hidden, None);
            let low = very_small(graph);
            let scores = graph.node("Where", &[real, &scores, &low], &[]);
            let weights = graph.node("Softmax", &[&scores], &[("axis", Attribute::Number(1))]);
            let weighted = graph.node("Mul", &[steps, &weights], &[]);
            let axis = time_axis(graph);
            sum(graph, &weighted, &axis)
        }
        _ => {
            let weights = graph.node("Cast", &[real], &[("to", Attribute::Number(FLOAT))]);
            let weighted = graph.node("Mul", &[steps, &weights], &[]);
            let axis = time_axis(graph);
            let (sums, counts) = (sum(graph, &weighted, &axis), sum(graph, &weights, &axis));
            graph.node("Div", &[&sums, &counts], &[])
        }
    }
}

/// `x W + b`, under a name where it is an output.
fn linear(graph: &mut Graph, name: &str, linear: &Linear, input: &str, output: Option<&str>) -> String {
    let weight = graph.floats(&format!("{name}.weight"), &linear.weight.shape, linear.weight.values.iter().copied());
    let last = match &linear.bias {
        Some(bias) => {
            let bias = graph.floats(&format!("{name}.bias"), &bias.shape, bias.values.iter().copied());
            let product = graph.node("MatMul", &[input, &weight], &[]);
            graph.node("Add", &[&product, &bias], &[])
        }
        None => graph.node("MatMul", &[input, &weight], &[]),
    };
    let Some(output) = output else { return last };
    graph.named("Identity", &[&last], &[output], &[]);
    output.to_string()
}
