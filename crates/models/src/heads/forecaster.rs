//! The steps that follow a window.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

use crate::InputSize;
use crate::backbone::check_body;
use crate::backbone::{Backbone, EmbeddingConfig};
use crate::cells::state::State;
use crate::crew::{Crew, share};
use crate::encoder::Encoder;
use crate::encoders::any::AnyEncoder;
use crate::encoders::image::Image;
use crate::encoders::registry::EncoderConfig;
use crate::heads::classifier::Classifier;
use crate::heads::number_head::NumberHead;
use crate::layers::pooling::Pooling;
use crate::model::SequenceModel;
use crate::sequences::{Input, Sequences};

/// `[model.forecaster]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForecasterConfig {
    /// `last`, `mean`, `max` or `attention`: the vector that the whole future is forecast from. Default `last`.
    #[serde(default)]
    pub pooling: Pooling,
    /// Dropout on that vector, in [0, 1). Default 0.
    #[serde(default)]
    pub dropout: f64,
    /// Forecast from every step of the window what follows it (many-to-many), and not only from its end: more to learn
    /// from. The encoder must read forward only. Default false.
    #[serde(default)]
    pub every_step: bool,
    /// Scale each window by its own mean and deviation, and the forecast back (Kim et al. 2022, without the
    /// affine part). Helps where the level drifts. Default false.
    #[serde(default)]
    pub instance_norm: bool,
    /// The recurrent encoder.
    pub encoder: EncoderConfig,
}

/// A forecaster of series: a linear layer from the vector to all steps of the future at once (the direct strategy).
#[derive(Module, Debug)]
pub struct Forecaster<E: Module = AnyEncoder> {
    body: Classifier<E>,
    crew: Crew<Self>,
    #[module(skip)]
    channels: usize,
    #[module(skip)]
    every_step: bool,
    #[module(skip)]
    instance_norm: bool,
}

/// Keeps the deviation of a constant window from being zero.
const EPSILON: f64 = 1e-5;

impl ForecasterConfig {
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        check_body(path, self.dropout, &EmbeddingConfig::default(), &self.encoder, problems);
        if self.every_step && self.instance_norm {
            problems.push(problem(
                format!("{path}.instance_norm"),
                "tells the steps of a window what follows them, by the window's mean",
                Some("with `every_step = true` leave it out"),
            ));
        }
        if self.every_step && self.pooling != Pooling::Last {
            problems.push(problem(
                format!("{path}.pooling"),
                "must be `last` where `every_step = true`: a forecast from a step reads that step's vector",
                Some("leave it out"),
            ));
        }
        if self.every_step && self.encoder.looks_ahead() {
            problems.push(problem(
                format!("{path}.every_step"),
                "has to forecast what an encoder with `bidirectional = true` or a `stem` has seen",
                Some("write `bidirectional = false` in the encoder's table, and no `stem`"),
            ));
        }
    }

    /// Builds the forecaster of the first `channels` channels, `horizon` steps ahead.
    pub fn init(&self, input: InputSize, horizon: usize, channels: usize, device: &Device) -> Forecaster {
        // A forecaster reads values: there is nothing to embed.
        let backbone = Backbone::of(input, &EmbeddingConfig::default(), self.dropout, &self.encoder, device);
        Forecaster {
            body: Classifier::new(backbone, self.pooling, horizon * channels, device),
            crew: Crew::alone(),
            channels,
            every_step: self.every_step,
            instance_norm: self.instance_norm,
        }
    }
}

/// Mean and deviation of each channel of each window, `[batch, 1, channels]`.
fn statistics(values: &Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let mean = values.clone().mean_dim(1);
    let centred = values.clone() - mean.clone();
    let deviation = ((centred.clone() * centred).mean_dim(1) + EPSILON).sqrt();
    (mean, deviation)
}

impl<E: Encoder> Forecaster<E> {
    /// Forecasts in the units of the windows, from those of `embed`.
    ///
    /// # Shapes
    ///
    /// - forecast: `[batch, horizon · channels]`, steps before channels
    fn restored(&self, forecast: Tensor<2>, windows: &Sequences) -> Tensor<2> {
        let Input::Values(values) = &windows.input else { return forecast };
        let (mean, deviation) = statistics(values);
        let [batch, outputs] = forecast.dims();
        let steps = forecast.reshape([batch, outputs / self.channels, self.channels]);
        let (mean, deviation) = (mean.narrow(2, 0, self.channels), deviation.narrow(2, 0, self.channels));
        (steps * deviation + mean).reshape([batch, outputs])
    }
}

impl<E: Encoder> SequenceModel for Forecaster<E> {
    fn embed(&self, sequences: Sequences) -> Tensor<3> {
        let steps = self.body.embed(sequences);
        if !self.instance_norm {
            return steps;
        }
        let (mean, deviation) = statistics(&steps);
        (steps - mean) / deviation
    }

    fn encode(&self, steps: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<3> {
        self.body.encode(steps, mask)
    }

    fn pool(&self, states: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        self.body.pool(states, mask)
    }

    fn head(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.body.head(hidden)
    }

    fn crew(&self) -> Option<&Crew<Self>> {
        Some(&self.crew)
    }

    fn share_with(&mut self, devices: &[Device]) -> bool {
        self.crew = Crew::of(devices.to_vec());
        true
    }

    fn forward(&self, sequences: Sequences) -> Tensor<2> {
        share(self.crew(), self, sequences, |model, sequences| {
            let mask = sequences.mask.clone();
            let forecast = model.head(model.hidden(model.embed(sequences.clone()), mask));
            if model.instance_norm { model.restored(forecast, &sequences) } else { forecast }
        })
    }

    fn forward_from(&self, sequences: Sequences, states: Option<Vec<State>>) -> Option<(Tensor<2>, Vec<State>)> {
        if !self.every_step {
            return None;
        }
        share(self.crew(), self, (sequences, states), |model, (sequences, states)| {
            let (steps, states) = model.body.encode_from(model.embed(sequences), states)?;
            let [batch, time, width] = steps.dims();
            Some((model.head(steps.reshape([batch * time, width])), states))
        })
    }

    fn image(&self) -> Option<Image> {
        self.body.image()
    }

    fn causal(&self) -> bool {
        self.body.causal()
    }

    fn bidirectional(&self) -> bool {
        self.body.bidirectional()
    }

    fn outputs(&self) -> usize {
        self.body.outputs()
    }

    fn numbers(&self) -> Option<&NumberHead> {
        Some(&NumberHead::Means)
    }

    fn per_step(&self) -> bool {
        self.every_step
    }

    fn pooled_size(&self) -> usize {
        self.body.pooled_size()
    }

    fn input_size(&self) -> InputSize {
        self.body.input_size()
    }
}
