//! semiseq's own models and objectives as the recipe of a run.

use std::path::Path;

use burn::tensor::Device;
use semiseq_datasets::{Prepared, Sequence};
use semiseq_models::{
    AnyModel, EmbeddingConfig, HeadSize, InputSize, MOST_WEIGHTS, ModelConfig, NumberHead, SequenceModel, TaggerOutput,
};
use semiseq_objectives::{AnyObjective, Kind, ObjectiveConfig, RebalancingConfig, Setting, Teacher};
use semiseq_schema::{Problem, Scores};

use crate::error::Error;
use crate::recipe::{ModelKind, ModelSettings, ObjectiveSettings};

impl ModelSettings for ModelConfig {
    type Model = AnyModel;

    fn name(&self) -> &str {
        ModelConfig::name(self)
    }

    fn encoder(&self) -> &str {
        ModelConfig::encoder(self).name()
    }

    fn kind(&self) -> ModelKind {
        match self {
            Self::Classifier(config) => ModelKind::Classifier { output: config.output },
            Self::Tagger(config) => ModelKind::Tagger { crf: config.output == TaggerOutput::Crf },
            Self::Regressor(config) => {
                let numbers = config.numbers();
                ModelKind::Regressor {
                    columns: numbers.columns(),
                    gaussian: matches!(numbers, NumberHead::Gaussian(_)),
                }
            }
            Self::Forecaster(config) => {
                ModelKind::Forecaster { every_step: config.every_step, instance_norm: config.instance_norm }
            }
            Self::Autoencoder(_)
            | Self::Vae(_)
            | Self::Gan(_)
            | Self::LanguageModel(_)
            | Self::EncoderDecoder(_)
            | Self::Transcriber(_) => ModelKind::Encoder,
        }
    }

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        ModelConfig::check(self, path, problems);
    }

    fn init(&self, input: InputSize, head: HeadSize, device: &Device) -> AnyModel {
        ModelConfig::init(self, input, head, device)
    }

    fn check_data(&self, source: &str, data: &Prepared) -> Result<(), Error> {
        check_model(self, source, data)
    }

    fn word_vectors(&self) -> Option<(&Path, usize)> {
        let embedding = self.embedding()?;
        Some((embedding.vectors.as_deref()?, embedding.size))
    }

    fn has_steps(&self) -> bool {
        ModelConfig::encoder(self).steps_at_once().is_none()
    }

    fn looks_ahead(&self) -> bool {
        ModelConfig::encoder(self).looks_ahead()
    }

    fn idle(&self) -> Vec<String> {
        let (name, encoder) = (ModelConfig::name(self), ModelConfig::encoder(self));
        let dropout = encoder.idle_dropout().map(|dropout| {
            format!(
                "`model.{name}.encoder.{}.dropout = {dropout}` does nothing: it acts between layers, and there is one; \
                 write `layers = 2` or more, or use `dropout` of `[model.{name}]`",
                encoder.name(),
            )
        });
        dropout.into_iter().collect()
    }
}

impl ObjectiveSettings for ObjectiveConfig {
    type Objective<M: SequenceModel> = AnyObjective<M>;

    fn name(&self) -> &str {
        ObjectiveConfig::name(self)
    }

    fn kind(&self) -> Kind {
        ObjectiveConfig::kind(self)
    }

    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        ObjectiveConfig::check(self, &format!("{path}.{}", ObjectiveConfig::name(self)), problems);
    }

    fn init<M: SequenceModel>(&self, setting: &Setting<'_, M>) -> AnyObjective<M> {
        ObjectiveConfig::init(self, setting)
    }

    fn rebalanced(&self, method: &RebalancingConfig) -> Self {
        ObjectiveConfig::rebalanced(self, method)
    }

    fn rebalancing(&self) -> Option<RebalancingConfig> {
        ObjectiveConfig::rebalancing(self)
    }

    fn check_rebalancing(&self, method: &RebalancingConfig, path: &str, problems: &mut Vec<Problem>) {
        ObjectiveConfig::check_rebalancing(self, method, path, problems);
    }

    fn scores(&self, measured: Scores, values: bool) -> Scores {
        ObjectiveConfig::scores(self, measured, values)
    }

    fn class_weights(&self) -> Vec<(String, Option<usize>)> {
        let named = |(key, count): (String, Option<usize>)| (format!("{}.{key}", ObjectiveConfig::name(self)), count);
        ObjectiveConfig::class_weights(self).into_iter().map(named).collect()
    }

    fn label_smoothing(&self) -> Option<String> {
        ObjectiveConfig::label_smoothing(self).map(|key| format!("{}.{key}", ObjectiveConfig::name(self)))
    }

    fn check_teachers(&self, key: &str, teachers: &[Teacher]) -> Result<(), Error> {
        match self {
            Self::Joint(joint) => joint.parts.iter().try_for_each(|part| part.objective.check_teachers(key, teachers)),
            Self::Distillation(config) if config.chosen(teachers).is_empty() => {
                let names: Vec<&str> = teachers.iter().map(|teacher| teacher.name.as_str()).collect();
                Err(Error::input(
                    format!("`{key}.distillation.teachers`: no reference has such a name"),
                    format!("the references of these data are {}", names.join("; ")),
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_data(&self, key: &str, source: &str, values: bool) -> Result<(), Error> {
        check_objective(self, key, source, values)
    }
}

const RECURRENT: &str = "use `lstm`, `gru` or `rnn`";

/// Whether one of semiseq's own models can read the data; `source` names them in messages.
fn check_model(model: &ModelConfig, source: &str, data: &Prepared) -> Result<(), Error> {
    let (name, encoder) = (model.name(), model.encoder());
    let values = matches!(data.processor.input(), InputSize::Values(_));
    if values && model.embedding().is_some_and(|embedding| *embedding != EmbeddingConfig::default()) {
        return Err(Error::input(
            format!("`model.{name}.embedding` is for text, and {source} holds values"),
            "remove the table: it would have no effect",
        ));
    }
    let width = match (data.processor.input(), model.embedding()) {
        (InputSize::Values(channels), _) => channels,
        (InputSize::Tokens(_), embedding) => embedding.map_or(1, |embedding| embedding.size),
    };
    let weights = encoder.weights(width);
    if weights > MOST_WEIGHTS {
        return Err(Error::input(
            format!(
                "`model.{name}.encoder.{}` asks for {weights} weights where a step of {source} has {width} values, \
                 more than {MOST_WEIGHTS}",
                encoder.name(),
            ),
            "128 hidden units in one to three layers are usual",
        ));
    }
    let Some(steps) = encoder.steps_at_once() else { return Ok(()) };
    if !values {
        return Err(Error::input(
            format!("the encoder `{}` reads values; {source} holds text", encoder.name()),
            RECURRENT,
        ));
    }
    let parts = [&data.train, &data.valid, &data.test];
    let longest = parts.into_iter().flat_map(|part| &part.sequences).map(Sequence::len).max().unwrap_or(0);
    if longest > steps {
        return Err(Error::input(
            format!("the encoder `{}` reads {steps} steps; {source} has sequences of {longest}", encoder.name()),
            "write the longest in the encoder's table, or shorten them with `data.transform.resample`",
        ));
    }
    Ok(())
}

/// What one of semiseq's own objectives asks of data beside its kind; `key` is that of its table.
fn check_objective(objective: &ObjectiveConfig, key: &str, source: &str, values: bool) -> Result<(), Error> {
    match objective {
        ObjectiveConfig::Autoencoder(_) if values && objective.kind().tokens => Err(Error::input(
            format!("`{key}.decoder` is `bag-of-words`, which needs text; {source} holds values"),
            "write `decoder = \"recurrent\"`",
        )),
        ObjectiveConfig::Joint(_) if objective.kind().streams => Err(Error::input(
            format!("`{key}`: `truncated-backpropagation` reads a recording in its order, which other parts do not"),
            "give it a stage of its own",
        )),
        _ => Ok(()),
    }
}
