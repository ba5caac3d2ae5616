//! Event files: TFRecord frames around a few protocol buffer fields.

/// `Event { wall_time }`, to which its content is added.
fn event_at(seconds: f64) -> Vec<u8> {
    let mut event = Vec::new();
    double_field(&mut event, 1, seconds);
    event
}

/// The first event of a file.
pub(super) fn version_event(seconds: f64) -> Vec<u8> {
    let mut event = event_at(seconds);
    bytes_field(&mut event, 3, b"brain.Event:2");
    event
}

/// `Event { wall_time, step, summary: Summary { value: [Value { tag, simple_value }] } }`.
pub(super) fn scalar_event(seconds: f64, tag: &str, step: usize, value: f64) -> Vec<u8> {
    let mut entry = Vec::new();
    bytes_field(&mut entry, 1, tag.as_bytes());
    key(&mut entry, 2, 5);
    entry.extend((value as f32).to_le_bytes());
    summary_event(seconds, step, &entry)
}

/// A text, which TensorBoard reads as Markdown: a tensor of one string, for the plugin `text`.
pub(super) fn text_event(seconds: f64, tag: &str, text: &str) -> Vec<u8> {
    let mut size = Vec::new();
    int_field(&mut size, 1, 1);
    let mut shape = Vec::new();
    bytes_field(&mut shape, 2, &size);
    let mut tensor = Vec::new();
    // DT_STRING.
    int_field(&mut tensor, 1, 7);
    bytes_field(&mut tensor, 2, &shape);
    bytes_field(&mut tensor, 8, text.as_bytes());
    let mut entry = of_plugin(tag, "text", &[]);
    bytes_field(&mut entry, 8, &tensor);
    summary_event(seconds, 0, &entry)
}

/// A setting, as the plugin `hparams` shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    Number(f64),
    Text(String),
    Switch(bool),
}

/// The settings that a run begins with, for the plugin `hparams`.
pub(super) fn settings_event(seconds: f64, settings: &[(String, Setting)]) -> Vec<u8> {
    let mut start = Vec::new();
    for (name, setting) in settings {
        let mut value = Vec::new();
        match setting {
            Setting::Number(number) => double_field(&mut value, 2, *number),
            Setting::Text(text) => bytes_field(&mut value, 3, text.as_bytes()),
            Setting::Switch(on) => int_field(&mut value, 4, u64::from(*on)),
        }
        let mut entry = Vec::new();
        bytes_field(&mut entry, 1, name.as_bytes());
        bytes_field(&mut entry, 2, &value);
        bytes_field(&mut start, 1, &entry);
    }
    double_field(&mut start, 5, seconds);
    let mut data = Vec::new();
    bytes_field(&mut data, 3, &start);
    summary_event(seconds, 0, &of_plugin("_hparams_/session_start_info", "hparams", &data))
}

/// `Event { wall_time, step, summary }` with one value.
fn summary_event(seconds: f64, step: usize, entry: &[u8]) -> Vec<u8> {
    let mut summary = Vec::new();
    bytes_field(&mut summary, 1, entry);
    let mut event = event_at(seconds);
    int_field(&mut event, 2, step as u64);
    bytes_field(&mut event, 5, &summary);
    event
}

/// `Value { tag, metadata: { plugin_data: { plugin_name, content } } }`.
fn of_plugin(tag: &str, plugin: &str, content: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    bytes_field(&mut data, 1, plugin.as_bytes());
    bytes_field(&mut data, 2, content);
    let mut metadata = Vec::new();
    bytes_field(&mut metadata, 1, &data);
    let mut entry = Vec::new();
    bytes_field(&mut entry, 1, tag.as_bytes());
    bytes_field(&mut entry, 9, &metadata);
    entry
}

fn int_field(out: &mut Vec<u8>, field: u64, value: u64) {
    key(out, field, 0);
    varint(out, value);
}

fn double_field(out: &mut Vec<u8>, field: u64, value: f64) {
    key(out, field, 1);
    out.extend(value.to_le_bytes());
}

fn key(out: &mut Vec<u8>, field: u64, kind: u64) {
    varint(out, (field << 3) | kind);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    key(out, field, 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Length, its checksum, the bytes, their checksum.
pub(super) fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut out = length.to_vec();
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(bytes);
    out.extend(masked_crc(bytes).to_le_bytes());
    out
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: events are small.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of CRC-32C, as RFC 3720 and the catalogues give it.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_frame_is_length_checksum_bytes_checksum() {
        let frame = frame(b"ab");
        assert_eq!(frame.len(), 8 + 4 + 2 + 4);
        assert_eq!(frame[..8], 2u64.to_le_bytes());
        assert_eq!(&frame[12..14], b"ab");
    }

    #[test]
    fn a_scalar_is_what_tensorboard_writes() {
        // TensorBoard 2's own `RecordWriter` made these bytes from
        // `Event(wall_time=1.5, step=300, summary=[Value(tag="train/loss", simple_value=0.5)])`.
        let expected =
            "2100000000000000017becf609000000000000f83f10ac022a130a110a0a747261696e2f6c6f7373150000003fb56a6431";
        let found: String =
            frame(&scalar_event(1.5, "train/loss", 300, 0.5)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_of_several_bytes_are_little_end_first() {
        let mut out = Vec::new();
        varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }
}
