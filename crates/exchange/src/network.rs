//! A trained model as the layers that PyTorch and ONNX know: embedding, recurrent layers, pooling, head.

use semiseq_models::{
    Activation, EncoderConfig, InputSize, ModelConfig, OtherTensor, Pooling, Reset, StemConfig, TaggerOutput,
};
use serde_json::{Value, json};

use crate::error::ExchangeError;
use crate::layers::{Cell, Linear, WEIGHTS};
use crate::tensors::Foreign;

/// A trained model as the layers that other programs know.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub(crate) embedding: Option<OtherTensor>,
    pub(crate) cell: Cell,
    /// For each level the weights of one direction or both, in the order of [`WEIGHTS`].
    pub(crate) layers: Vec<Vec<[OtherTensor; 4]>>,
    /// `None`: the head reads each step.
    pub(crate) pooling: Option<Pooling>,
    /// The layers of the pooling `attention`.
    pub(crate) attention: Option<(Linear, Linear)>,
    pub(crate) head: Linear,
}

/// What goes with a network in an exported file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The run's name.
    pub name: String,
    /// What the outputs stand for; empty for numbers.
    pub labels: Vec<String>,
    /// How sequences were prepared, as `model.json` has it.
    pub preprocessing: Value,
}

const HINT: &str = "`--format safetensors` and `burnpack` hold the weights of any model";

impl Network {
    /// From the settings of a model and its tensors by our names.
    ///
    /// # Errors
    ///
    /// Names what other programs have no layer for, with what can be exported.
    pub fn new(model: &ModelConfig, input: InputSize, tensors: &Foreign) -> Result<Self, ExchangeError> {
        let pooling = match model {
            ModelConfig::Classifier(config) if config.output.ordinal() => {
                return Err(ExchangeError::new(
                    "`model.classifier.output` takes classes in their order, and other programs have no layer for that",
                    HINT,
                ));
            }
            ModelConfig::Classifier(config) => Some(config.pooling),
            ModelConfig::Regressor(config) => Some(config.pooling),
            ModelConfig::Tagger(config) if config.output == TaggerOutput::Crf => {
                return Err(ExchangeError::new(
                    "`model.tagger.output` is `crf`, and other programs have no layer for that",
                    HINT,
                ));
            }
            ModelConfig::Tagger(_) => None,
            other => {
                return Err(ExchangeError::new(
                    format!("`[model.{}]`: only classifiers, taggers and regressors have layers there", other.name()),
                    HINT,
                ));
            }
        };
        let (cell, layers, bidirectional) = recurrent(model.encoder())?;
        let reader = Reader(tensors);
        let level = |level: usize| -> Result<Vec<[OtherTensor; 4]>, ExchangeError> {
            let directions = if bidirectional { &["forward", "backward"][..] } else { &["forward"][..] };
            let weights = |direction: &&str| -> Result<[OtherTensor; 4], ExchangeError> {
                let tensor = |name: &str| reader.tensor(&format!("backbone.encoder.layers.{level}.{direction}.{name}"));
                let [first, second, third, fourth] = WEIGHTS.map(tensor);
                Ok([first?, second?, third?, fourth?])
            };
            directions.iter().map(weights).collect()
        };
        let attention = match pooling {
            Some(Pooling::Attention) => Some((reader.linear("pool.hidden")?, reader.linear("pool.score")?)),
            _ => None,
        };
        Ok(Self {
            embedding: match input {
                InputSize::Tokens(_) => Some(reader.tensor("backbone.embedding.weight")?),
                InputSize::Values(_) => None,
            },
            cell,
            layers: (0..layers).map(level).collect::<Result<_, ExchangeError>>()?,
            pooling,
            attention,
            head: reader.linear("head")?,
        })
    }

    /// Values of a step, after the embedding.
    pub(crate) fn input(&self) -> usize {
        self.layers.first().map_or(0, |level| level[0][0].shape[1])
    }

    /// Units of a layer in one direction.
    pub(crate) fn hidden(&self) -> usize {
        self.layers.first().map_or(0, |level| level[0][1].shape[1])
    }

    pub(crate) fn bidirectional(&self) -> bool {
        self.layers.iter().any(|level| level.len() > 1)
    }

    /// Columns of the head.
    pub(crate) fn outputs(&self) -> usize {
        self.head.weight.shape[1]
    }
}

impl About {
    /// As one text, with the sizes of the network.
    pub(crate) fn json(&self, network: &Network) -> String {
        let activation = if network.cell == (Cell::Rnn { relu: true }) { "relu" } else { "tanh" };
        let sizes = json!({
            "tokens": network.embedding.as_ref().map_or(0, |table| table.shape[0]),
            "input": network.input(),
            "cell": network.cell.name(),
            "activation": activation,
            "hidden": network.hidden(),
            "layers": network.layers.len(),
            "bidirectional": network.bidirectional(),
            "pooling": network.pooling.map_or(Value::Null, |pooling| json!(pooling)),
            "outputs": network.outputs(),
        });
        let mut about = self.value();
        about["network"] = sizes;
        about.to_string()
    }

    /// Without a network.
    pub fn value(&self) -> Value {
        json!({
            "semiseq": env!("CARGO_PKG_VERSION"),
            "name": self.name,
            "labels": self.labels,
            "preprocessing": self.preprocessing,
        })
    }
}

/// Cell, layers, and whether both directions are read.
fn recurrent(encoder: &EncoderConfig) -> Result<(Cell, usize, bool), ExchangeError> {
    let (cell, layers, bidirectional, stem): (Cell, usize, bool, &Option<StemConfig>) = match encoder {
        EncoderConfig::Rnn(config) => {
            let relu = config.activation == Activation::Relu;
            (Cell::Rnn { relu }, config.layers, config.bidirectional, &config.stem)
        }
        EncoderConfig::Lstm(config) => (Cell::Lstm, config.layers, config.bidirectional, &config.stem),
        EncoderConfig::Gru(config) => {
            let reset_before = config.reset == Reset::Before;
            (Cell::Gru { reset_before }, config.layers, config.bidirectional, &config.stem)
        }
        other => {
            return Err(ExchangeError::new(
                format!("`encoder.{}`: only `rnn`, `lstm` and `gru` are layers there", other.name()),
                HINT,
            ));
        }
    };
    match stem {
        Some(_) => Err(ExchangeError::new(
            format!("`encoder.{}.stem`: only the recurrent layers themselves are written", encoder.name()),
            HINT,
        )),
        None => Ok((cell, layers, bidirectional)),
    }
}

struct Reader<'a>(&'a Foreign);

impl Reader<'_> {
    /// A regressor's names stand below `body`.
    fn found(&self, name: &str) -> Option<OtherTensor> {
        self.0.get(name).or_else(|| self.0.get(&format!("body.{name}"))).cloned()
    }

    fn tensor(&self, name: &str) -> Result<OtherTensor, ExchangeError> {
        self.found(name).ok_or_else(|| {
            ExchangeError::new(format!("the model has no tensor `{name}`"), "train the run again, or restore its files")
        })
    }

    fn linear(&self, name: &str) -> Result<Linear, ExchangeError> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        Ok(Linear { weight, bias: self.found(&format!("{name}.bias")) })
    }
}
