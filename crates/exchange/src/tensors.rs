//! Tensors by name, and their numbers as files store them.

use std::collections::BTreeMap;

use semiseq_models::OtherTensor;

/// Another program's tensors by its own names.
pub type Foreign = BTreeMap<String, OtherTensor>;

/// The tensors of each module, for messages: `lstm (8), fc (2)`; of Keras its layers, `layers/dense (2)`.
pub fn modules(names: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        let module = name.rsplit_once(['.', '/']).map_or(name.as_str(), |(module, _)| module);
        *counts.entry(module.strip_suffix("/vars").unwrap_or(module)).or_default() += 1;
    }
    counts.iter().map(|(module, count)| format!("{module} ({count})")).collect::<Vec<_>>().join(", ")
}

/// The numbers of a tensor as `f32`, from their bytes in little endian.
pub(crate) fn floats(bytes: &[u8], kind: Float) -> Vec<f32> {
    match kind {
        Float::F64 => bytes
            .chunks_exact(8)
            .filter_map(|eight| eight.first_chunk::<8>())
            .map(|eight| f64::from_le_bytes(*eight) as f32)
            .collect(),
        Float::F32 => bytes
            .chunks_exact(4)
            .filter_map(|four| four.first_chunk::<4>())
            .map(|four| f32::from_le_bytes(*four))
            .collect(),
        Float::F16 => pairs(bytes).map(half).collect(),
        Float::Bf16 => pairs(bytes).map(|bits| f32::from_bits(u32::from(bits) << 16)).collect(),
    }
}

/// How a real number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Float {
    F64,
    F32,
    F16,
    Bf16,
}

impl Float {
    /// Bytes of a number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]))
}

/// IEEE 754's number of 16 bits: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_16_and_64_bits_are_read() {
        // numpy.array([1.0, -0.5, 65504.0, 5.960464477539063e-08], dtype="<f2").tobytes()
        let halves = [0x00, 0x3c, 0x00, 0xb8, 0xff, 0x7b, 0x01, 0x00];
        assert_eq!(floats(&halves, Float::F16), [1.0, -0.5, 65504.0, 5.960_464_5e-8]);
        assert_eq!(floats(&[0x80, 0x3f, 0x20, 0xc0], Float::Bf16), [1.0, -2.5]);
        assert_eq!(floats(&1.5f64.to_le_bytes(), Float::F64), [1.5]);
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }
}
