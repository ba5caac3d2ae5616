//! The wire format of protocol buffers, as far as ONNX's messages need it: varints, texts and messages within messages.

/// A message that is being written. Fields go by number, as in `onnx.proto`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// A whole number.
    #[must_use]
    pub(super) fn number(mut self, field: u32, value: i64) -> Self {
        self.varint(u64::from(field) << 3);
        // A negative number is its 64 bits.
        self.varint(value as u64);
        self
    }

    /// A number for each element of a repeated field.
    #[must_use]
    pub(super) fn numbers(self, field: u32, values: impl IntoIterator<Item = i64>) -> Self {
        values.into_iter().fold(self, |message, value| message.number(field, value))
    }

    /// Bytes or a text.
    #[must_use]
    pub(super) fn bytes(mut self, field: u32, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A text for each element of a repeated field.
    #[must_use]
    pub(super) fn texts<T: AsRef<[u8]>>(self, field: u32, texts: impl IntoIterator<Item = T>) -> Self {
        texts.into_iter().fold(self, |message, text| message.bytes(field, text))
    }

    /// A message within this one.
    #[must_use]
    pub(super) fn message(self, field: u32, message: &Message) -> Self {
        self.bytes(field, &message.0)
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value > 127 {
            self.0.push(value as u8 & 127 | 128);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_encoding_guide() {
        // https://protobuf.dev/programming-guides/encoding: `a = 150`, `b = "testing"`, and the first within another.
        let first = Message::default().number(1, 150);
        assert_eq!(first.clone().finish(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().message(3, &first).finish(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let text = Message::default().bytes(2, "testing");
        assert_eq!(text.finish(), b"\x12\x07testing");
        assert_eq!(Message::default().number(1, -1).finish()[1..], [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    }
}
