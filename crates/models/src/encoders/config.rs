//! `[model.….encoder.rnn]`, `[….lstm]` and `[….gru]`.

use burn::tensor::Device;
use semiseq_kernels::{GruReset, RnnActivation};
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use super::{AnyEncoder, ConvolutionalConfig, DenseConfig, RecurrentEncoder};
use crate::cells::{GruLayer, Layer, LstmLayer, RnnLayer};

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
    /// Fully connected layers over the whole sequence.
    Dense(DenseConfig),
    /// Convolutions over the sequence as a picture.
    Convolutional(ConvolutionalConfig),
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

/// Weights of an encoder at most: as many take 2 GiB, and training them four times as much.
pub const MOST_WEIGHTS: u64 = 1 << 29;

/// Hidden units, layers, both directions, dropout.
#[derive(Default)]
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
            Self::Dense(_) => "dense",
            Self::Convolutional(_) => "convolutional",
        }
    }

    /// Whether it reads in both directions.
    pub fn bidirectional(&self) -> bool {
        self.recurrent().is_some_and(|common| common.bidirectional)
    }

    /// Steps that are read at once, where the sequence is read as a whole and not step by step.
    pub fn steps_at_once(&self) -> Option<usize> {
        match self {
            Self::Dense(config) => Some(config.steps),
            Self::Convolutional(config) => Some(config.height),
            Self::Rnn(_) | Self::Lstm(_) | Self::Gru(_) => None,
        }
    }

    /// Weights of the encoder for steps of `input` features, biases left out.
    pub fn weights(&self, input: usize) -> u64 {
        let product = |sizes: &[usize]| sizes.iter().fold(1u64, |product, size| product.saturating_mul(*size as u64));
        match self {
            Self::Dense(config) => {
                let mut width = config.steps.saturating_mul(input);
                let layers =
                    config.layers.iter().map(|units| product(&[std::mem::replace(&mut width, *units), *units]));
                layers.fold(0, u64::saturating_add)
            }
            Self::Convolutional(config) => {
                let [few, many] = config.maps;
                let flat = product(&[many, config.height.div_ceil(4), input.div_ceil(4), config.hidden]);
                flat.saturating_add(product(&[9, few, many]))
            }
            Self::Rnn(_) | Self::Lstm(_) | Self::Gru(_) => {
                let Common { hidden, layers, bidirectional, .. } = self.recurrent().unwrap_or_default();
                let gates = match self {
                    Self::Lstm(_) => 4,
                    Self::Gru(_) => 3,
                    _ => 1,
                };
                let directions = if bidirectional { 2 } else { 1 };
                let first = product(&[directions, gates, hidden, input.saturating_add(hidden)]);
                let width = hidden.saturating_mul(directions).saturating_add(hidden);
                first.saturating_add(product(&[layers.saturating_sub(1), directions, gates, hidden, width]))
            }
        }
    }

    /// The dropout between layers, where there is but one layer and nothing lies between.
    pub fn idle_dropout(&self) -> Option<f64> {
        self.recurrent().filter(|common| common.layers == 1 && common.dropout > 0.0).map(|common| common.dropout)
    }

    fn recurrent(&self) -> Option<Common> {
        macro_rules! common {
            ($config:expr) => {
                Some(Common {
                    hidden: $config.hidden,
                    layers: $config.layers,
                    bidirectional: $config.bidirectional,
                    dropout: $config.dropout,
                })
            };
        }
        match self {
            Self::Rnn(config) => common!(config),
            Self::Lstm(config) => common!(config),
            Self::Gru(config) => common!(config),
            Self::Dense(_) | Self::Convolutional(_) => None,
        }
    }

    /// Notes every value out of range.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        match self {
            Self::Dense(config) => config.check(path, problems),
            Self::Convolutional(config) => config.check(path, problems),
            Self::Rnn(_) | Self::Lstm(_) | Self::Gru(_) => {}
        }
        // Whatever it reads, it is at least this large.
        let weights = self.weights(1);
        if weights > MOST_WEIGHTS {
            problems.push(problem(
                format!("{path}.{}", self.name()),
                format!("asks for {weights} weights, more than {MOST_WEIGHTS}"),
                Some("128 hidden units in one to three layers are usual"),
            ));
        }
        let Some(common) = self.recurrent() else { return };
        for (field, value) in [("hidden", common.hidden), ("layers", common.layers)] {
            if value == 0 {
                problems.push(problem(format!("{path}.{}.{field}", self.name()), "must be at least 1, got 0", None));
            }
        }
        crate::config::check_dropout(&format!("{path}.{}.dropout", self.name()), common.dropout, problems);
    }

    /// Builds the encoder for steps of `input` features.
    pub fn init(&self, input: usize, device: &Device) -> AnyEncoder {
        let layers = |cell: &dyn Fn(usize, usize) -> Layer| AnyEncoder::Recurrent(self.stacked(input, cell));
        match self {
            Self::Rnn(config) => {
                let activation = match config.activation {
                    Activation::Tanh => RnnActivation::Tanh,
                    Activation::Relu => RnnActivation::Relu,
                };
                layers(&|input, hidden| Layer::Rnn(RnnLayer::new(input, hidden, activation, device)))
            }
            Self::Lstm(config) => {
                layers(&|input, hidden| Layer::Lstm(LstmLayer::new(input, hidden, config.forget_bias, device)))
            }
            Self::Gru(config) => {
                let reset = match config.reset {
                    Reset::After => GruReset::After,
                    Reset::Before => GruReset::Before,
                };
                layers(&|input, hidden| Layer::Gru(GruLayer::new(input, hidden, reset, device)))
            }
            Self::Dense(config) => AnyEncoder::Dense(config.init(input, device)),
            Self::Convolutional(config) => AnyEncoder::Convolutional(config.init(input, device)),
        }
    }

    /// Recurrent layers on top of each other, each made by `cell` from widths of input and state.
    fn stacked(&self, input: usize, cell: &dyn Fn(usize, usize) -> Layer) -> RecurrentEncoder {
        let Common { hidden, layers, bidirectional, dropout } = self.recurrent().unwrap_or_default();
        let directions = if bidirectional { 2 } else { 1 };
        let layer = |index: usize| {
            let input = if index == 0 { input } else { hidden * directions };
            (0..directions).map(|_| cell(input, hidden)).collect()
        };
        RecurrentEncoder::new((0..layers).map(layer).collect(), hidden, dropout)
    }
}
