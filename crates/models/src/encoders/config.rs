//! `[model.….encoder.rnn]`, `[….lstm]` and `[….gru]`.

use burn::tensor::Device;
use semiseq_kernels::{GruReset, RnnActivation};
use serde::{Deserialize, Serialize};

use super::RecurrentEncoder;
use crate::cells::{GruLayer, Layer, LstmLayer, RnnLayer};
use crate::config::ConfigProblems;

/// The recurrent encoder: one table, named after its cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderConfig {
    /// Simple recurrent network.
    Rnn(RnnConfig),
    /// Long short-term memory.
    Lstm(LstmConfig),
    /// Gated recurrent unit.
    Gru(GruConfig),
}

/// `f` of the simple recurrent network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Hyperbolic tangent.
    #[default]
    Tanh,
    /// `max(0, x)`; wants gradient clipping.
    Relu,
}

/// Where the reset gate of a GRU acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// On the recurrent product, as PyTorch and cuDNN.
    #[default]
    After,
    /// On the state, as Cho et al. 2014.
    Before,
}

macro_rules! cell_config {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { hidden: 128, layers: 1, bidirectional: false, dropout: 0.0, $($field: $default,)* }
            }
        }
    };
}

cell_config! {
    /// Settings of `rnn`.
    RnnConfig {
        /// `tanh` or `relu`. Default `tanh`.
        activation: Activation = Activation::Tanh,
    }
}

cell_config! {
    /// Settings of `lstm`.
    LstmConfig {
        /// Added to the initial bias of the forget gate. Default 0, as PyTorch; 1 helps long sequences
        /// (Jozefowicz et al. 2015).
        forget_bias: f64 = 0.0,
    }
}

cell_config! {
    /// Settings of `gru`.
    GruConfig {
        /// `after` (PyTorch, cuDNN) or `before` (Cho et al. 2014) the recurrent product. Default `after`.
        reset: Reset = Reset::After,
    }
}

/// Hidden units, layers, both directions, dropout.
struct Common {
    hidden: usize,
    layers: usize,
    bidirectional: bool,
    dropout: f64,
}

impl EncoderConfig {
    /// The cell's name in the config.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rnn(_) => "rnn",
            Self::Lstm(_) => "lstm",
            Self::Gru(_) => "gru",
        }
    }

    /// Whether it reads in both directions.
    pub fn bidirectional(&self) -> bool {
        self.common().bidirectional
    }

    fn common(&self) -> Common {
        macro_rules! common {
            ($config:expr) => {
                Common {
                    hidden: $config.hidden,
                    layers: $config.layers,
                    bidirectional: $config.bidirectional,
                    dropout: $config.dropout,
                }
            };
        }
        match self {
            Self::Rnn(config) => common!(config),
            Self::Lstm(config) => common!(config),
            Self::Gru(config) => common!(config),
        }
    }

    /// Notes every value out of range.
    pub fn check(&self, path: &str, problems: &mut ConfigProblems) {
        let common = self.common();
        for (field, value) in [("hidden", common.hidden), ("layers", common.layers)] {
            if value == 0 {
                problems.push((format!("{path}.{}.{field}", self.name()), "must be at least 1, got 0".into(), None));
            }
        }
        crate::config::check_dropout(&format!("{path}.{}.dropout", self.name()), common.dropout, problems);
    }

    /// Builds the encoder for steps of `input` features.
    pub fn init(&self, input: usize, device: &Device) -> RecurrentEncoder {
        let Common { hidden, layers, bidirectional, dropout } = self.common();
        let directions = if bidirectional { 2 } else { 1 };
        let layer = |index: usize| {
            let input = if index == 0 { input } else { hidden * directions };
            (0..directions).map(|_| self.layer(input, hidden, device)).collect()
        };
        RecurrentEncoder::new((0..layers).map(layer).collect(), hidden, dropout)
    }

    fn layer(&self, input: usize, hidden: usize, device: &Device) -> Layer {
        match self {
            Self::Rnn(config) => {
                let activation = match config.activation {
                    Activation::Tanh => RnnActivation::Tanh,
                    Activation::Relu => RnnActivation::Relu,
                };
                Layer::Rnn(RnnLayer::new(input, hidden, activation, device))
            }
            Self::Lstm(config) => Layer::Lstm(LstmLayer::new(input, hidden, config.forget_bias, device)),
            Self::Gru(config) => {
                let reset = match config.reset {
                    Reset::After => GruReset::After,
                    Reset::Before => GruReset::Before,
                };
                Layer::Gru(GruLayer::new(input, hidden, reset, device))
            }
        }
    }
}
