//! The settings that all recurrent cells share.

use burn::tensor::Device;
use semiseq_schema::{Problem, problem};

use crate::cells::layer::RecurrentLayer;
use crate::layers::dropout::check_dropout;
use crate::layers::stem::StemConfig;

/// Hidden units, layers, both directions, dropout, and convolutions before them.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub hidden: usize,
    pub layers: usize,
    pub bidirectional: bool,
    pub dropout: f64,
    pub stem: Option<StemConfig>,
}

impl Stack {
    /// One for each direction.
    pub fn directions(&self) -> usize {
        if self.bidirectional { 2 } else { 1 }
    }

    /// Weights of the layers for steps of `input` features, where a layer has `weights` of its input's width in one
    /// direction; biases left out.
    pub fn weights(&self, weights: impl Fn(usize) -> u64, input: usize) -> u64 {
        let directions = self.directions();
        let stem = self.stem.as_ref().map_or(0, |stem| stem.weights(input));
        let input = self.stem.as_ref().map_or(input, |stem| stem.output(input));
        let rest = weights(self.hidden.saturating_mul(directions)).saturating_mul(self.layers.saturating_sub(1) as u64);
        weights(input).saturating_add(rest).saturating_mul(directions as u64).saturating_add(stem)
    }

    /// Notes every value out of range; `path` is the key of the cell's table.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        for (field, value) in [("hidden", self.hidden), ("layers", self.layers)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{field}"), "must be at least 1, got 0", None));
            }
        }
        check_dropout(&format!("{path}.dropout"), self.dropout, problems);
        if let Some(stem) = &self.stem {
            stem.check(&format!("{path}.stem"), problems);
        }
    }
}

/// `[model.….encoder.CELL]`.
pub(crate) trait CellSettings {
    /// The layer.
    type Layer: RecurrentLayer;

    /// How many layers of which size.
    fn stack(&self) -> Stack;

    /// Notes every value of the cell's own settings that is out of range; `path` is the key of the cell's table.
    fn check_own(&self, _path: &str, _problems: &mut Vec<Problem>) {}

    /// Weights of a layer in one direction, from widths of input and state; biases left out.
    fn layer_weights(&self, input: usize, hidden: usize) -> u64;

    /// One layer in one direction, from widths of input and state.
    fn layer(&self, input: usize, hidden: usize, device: &Device) -> Self::Layer;
}

/// Weights of products with input and state for so many gates.
pub(crate) fn gate_weights(gates: usize, input: usize, hidden: usize) -> u64 {
    product(&[gates, hidden, input.saturating_add(hidden)])
}

/// The product of sizes, or the largest number where it is none.
pub(crate) fn product(sizes: &[usize]) -> u64 {
    sizes.iter().fold(1u64, |product, size| product.saturating_mul(*size as u64))
}

/// Settings of a cell: those of all cells, and its own with their defaults.
macro_rules! cell_settings {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Hidden units of each direction. Default 128.
            pub hidden: usize,
            /// Layers on top of each other. Default 1.
            pub layers: usize,
            /// Also read from the end to the start, which doubles the width of the output. Default false.
            pub bidirectional: bool,
            /// Dropout between layers, in [0, 1). Default 0.
            pub dropout: f64,
            /// Convolutions before the layers, centred on each step: `{ widths = [5, 15, 31], filters = 16 }`. Default
            /// none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub stem: Option<$crate::layers::stem::StemConfig>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { hidden: 128, layers: 1, bidirectional: false, dropout: 0.0, stem: None, $($field: $default,)* }
            }
        }

        impl $name {
            fn of_all(&self) -> $crate::cells::settings::Stack {
                let Self { hidden, layers, bidirectional, dropout, .. } = *self;
                let stem = self.stem.clone();
                $crate::cells::settings::Stack { hidden, layers, bidirectional, dropout, stem }
            }
        }
    };
}
pub(crate) use cell_settings;
