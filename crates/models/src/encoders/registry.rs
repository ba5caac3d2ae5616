//! The encoders that a config can name: a row each.

use burn::tensor::Device;
use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::encoders::any::AnyEncoder;
use crate::encoders::settings::EncoderSettings;

/// Weights of an encoder at most: as many take 2 GiB, and training them four times as much.
pub const MOST_WEIGHTS: u64 = 1 << 29;

/// A row is the name in configs, the name in the enum, the settings, and what it is.
macro_rules! registry {
    ($($name:literal $variant:ident $config:ty, $summary:literal;)*) => {
        /// The encoder: one table, named after its cell or its layers.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[non_exhaustive]
        pub enum EncoderConfig {
            $(#[doc = $summary] #[serde(rename = $name)] $variant($config),)*
        }

        /// Name and one-line summary of every encoder.
        pub const ENCODERS: &[(&str, &str)] = &[$(($name, $summary),)*];

        impl EncoderConfig {
            /// The name in the config.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Whether it reads in both directions.
            pub fn bidirectional(&self) -> bool {
                match self { $(Self::$variant(config) => config.bidirectional(),)* }
            }

            /// Whether a step's vector knows of later steps: it reads in both directions, or through centred
            /// convolutions.
            pub fn looks_ahead(&self) -> bool {
                match self { $(Self::$variant(config) => config.looks_ahead(),)* }
            }

            /// Steps that are read at once, where the sequence is read as a whole and not step by step.
            pub fn steps_at_once(&self) -> Option<usize> {
                match self { $(Self::$variant(config) => config.steps_at_once(),)* }
            }

            /// Weights of the encoder for steps of `input` features, biases left out.
            pub fn weights(&self, input: usize) -> u64 {
                match self { $(Self::$variant(config) => config.weights(input),)* }
            }

            /// The dropout between layers, where there is but one layer and nothing lies between.
            pub fn idle_dropout(&self) -> Option<f64> {
                match self { $(Self::$variant(config) => config.idle_dropout(),)* }
            }

            /// Builds the encoder for steps of `input` features.
            pub fn init(&self, input: usize, device: &Device) -> AnyEncoder {
                match self { $(Self::$variant(config) => config.init(input, device).into(),)* }
            }

            fn check_settings(&self, path: &str, problems: &mut Vec<Problem>) {
                match self { $(Self::$variant(config) => config.check(path, problems),)* }
            }
        }
    };
}

registry! {
    "rnn" Rnn crate::cells::rnn::RnnConfig, "Simple recurrent network (Elman 1990).";
    "lstm" Lstm crate::cells::lstm::LstmConfig, "Long short-term memory (Hochreiter & Schmidhuber 1997).";
    "gru" Gru crate::cells::gru::GruConfig, "Gated recurrent unit (Cho et al. 2014).";
    "slstm" Slstm crate::cells::slstm::SlstmConfig, "Long short-term memory with exponential gates (Beck et al. 2024).";
    "min-gru" MinGru crate::cells::min_gru::MinGruConfig, "Minimal GRU, parallel in time (Feng et al. 2024).";
    "min-lstm" MinLstm crate::cells::min_lstm::MinLstmConfig, "Minimal LSTM, parallel in time (Feng et al. 2024).";
    "sru" Sru crate::cells::sru::SruConfig, "Simple recurrent unit (Lei et al. 2018).";
    "qrnn" Qrnn crate::cells::qrnn::QrnnConfig, "Quasi-recurrent network (Bradbury et al. 2017).";
    "lru" Lru crate::cells::lru::LruConfig, "Linear recurrent unit, in blocks (Orvieto et al. 2023).";
    "s5" S5 crate::cells::s5::S5Config, "Simplified state space layer, in blocks (Smith et al. 2023).";
    "dense" Dense crate::encoders::dense::DenseConfig, "Fully connected layers over the whole sequence.";
    "convolutional" Convolutional crate::encoders::convolutional::ConvolutionalConfig,
        "Convolutions over the sequence as an image.";
}

impl EncoderConfig {
    /// Notes every value out of range; `path` is the key above the encoder's table.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let path = format!("{path}.{}", self.name());
        self.check_settings(&path, problems);
        // Whatever it reads, it is at least this large.
        let weights = self.weights(1);
        if weights > MOST_WEIGHTS {
            problems.push(problem(
                path,
                format!("asks for {weights} weights, more than {MOST_WEIGHTS}"),
                Some("128 hidden units in one to three layers are usual"),
            ));
        }
    }
}
