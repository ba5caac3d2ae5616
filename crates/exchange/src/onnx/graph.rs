//! A graph that is being written: nodes in order, and the numbers that they read.

use crate::onnx::protobuf::Message;

/// Types of tensors in `onnx.proto`.
pub(super) const FLOAT: i64 = 1;
pub(super) const INT32: i64 = 6;
pub(super) const INT64: i64 = 7;

/// What a node is told beside its inputs.
pub(super) enum Attribute<'a> {
    Number(i64),
    Numbers(&'a [i64]),
    Text(&'a str),
    Texts(Vec<&'a str>),
}

/// A dimension of an input or output: a number, or a name where it differs between batches.
pub(super) enum Size {
    Named(&'static str),
    Fixed(usize),
}

#[derive(Default)]
pub(super) struct Graph {
    message: Message,
    nodes: usize,
}

impl Graph {
    /// A node with one output, whose name it gives.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let output = format!("{}_{}", operator.to_lowercase(), self.nodes);
        self.named(operator, inputs, &[&output], attributes);
        output
    }

    /// A node whose outputs have names.
    pub(super) fn named(
        &mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) {
        let node = Message::default()
            .texts(1, inputs)
            .texts(2, outputs)
            .bytes(3, format!("{operator}_{}", self.nodes))
            .bytes(4, operator);
        let node = attributes.iter().fold(node, |node, (name, value)| node.message(5, &attribute(name, value)));
        self.add(1, &node);
        self.nodes += 1;
    }

    /// Numbers that a node reads, under a name.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: impl IntoIterator<Item = f32>) -> String {
        let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        self.tensor(name, shape, FLOAT, &bytes)
    }

    /// Whole numbers that a node reads: a list, or one number where `shape` is empty.
    pub(super) fn integers(&mut self, name: &str, shape: &[usize], values: &[i64]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, shape, INT64, &bytes)
    }

    pub(super) fn input(&mut self, name: &str, kind: i64, shape: &[Size]) {
        self.add(11, &value(name, kind, shape));
    }

    pub(super) fn output(&mut self, name: &str, kind: i64, shape: &[Size]) {
        self.add(12, &value(name, kind, shape));
    }

    pub(super) fn finish(self, name: &str) -> Message {
        self.message.bytes(2, name)
    }

    fn tensor(&mut self, name: &str, shape: &[usize], kind: i64, bytes: &[u8]) -> String {
        let sizes = shape.iter().map(|size| *size as i64);
        self.add(5, &Message::default().numbers(1, sizes).number(2, kind).bytes(8, name).bytes(9, bytes));
        name.to_string()
    }

    fn add(&mut self, field: u32, part: &Message) {
        self.message = std::mem::take(&mut self.message).message(field, part);
    }
}

fn attribute(name: &str, value: &Attribute) -> Message {
    let message = Message::default().bytes(1, name);
    match value {
        Attribute::Number(number) => message.number(3, *number).number(20, 2),
        Attribute::Numbers(numbers) => message.numbers(8, numbers.iter().copied()).number(20, 7),
        Attribute::Text(text) => message.bytes(4, text).number(20, 3),
        Attribute::Texts(texts) => message.texts(9, texts).number(20, 8),
    }
}

fn value(name: &str, kind: i64, shape: &[Size]) -> Message {
    let sizes = shape.iter().fold(Message::default(), |sizes, size| {
        let size = match size {
            Size::Named(name) => Message::default().bytes(2, name),
            Size::Fixed(size) => Message::default().number(1, *size as i64),
        };
        sizes.message(1, &size)
    });
    let tensor = Message::default().number(1, kind).message(2, &sizes);
    Message::default().bytes(1, name).message(2, &Message::default().message(1, &tensor))
}
