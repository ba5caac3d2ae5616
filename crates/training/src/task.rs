//! What a run is about, and whether config, model and data go together: all that can be said before any training.

use semiseq_datasets::{Prepared, Sequence, Task};
use semiseq_models::{EmbeddingConfig, InputSize, MOST_WEIGHTS, ModelConfig};
use semiseq_objectives::ObjectiveConfig;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::Error;
use crate::learner::evaluate::Kind;

/// What a run predicts, and what tells how good it is. Derived once, from the checked config; a finished run has it in
/// `model.json`, and nothing derives it a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// How the targets of the data are read.
    pub task: Task,
    /// What answers `predict`.
    pub predictor: Predictor,
    /// What the scores are taken from.
    pub scored_by: Judge,
}

/// What answers `predict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predictor {
    /// The model's head, which a stage trained on labels.
    Head,
    /// The last stage's objective, which writes a sequence for a sequence.
    Objective,
    /// Nothing: no stage trained a head.
    Nothing,
}

/// What the scores of a run are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// Predictions against targets.
    Predictions,
    /// What the last stage's objective measures itself.
    Objective,
}

impl Purpose {
    /// Of a checked config.
    pub fn of(config: &RunConfig) -> Self {
        let last = config.last_stage().map(|stage| stage.objective.kind()).unwrap_or_default();
        let trains_head = config.stages.iter().any(|stage| !stage.objective.kind().unsupervised);
        let predictor = match (last.answers, trains_head) {
            (true, _) => Predictor::Objective,
            (false, true) => Predictor::Head,
            (false, false) => Predictor::Nothing,
        };
        let scored_by = if last.unsupervised { Judge::Objective } else { Judge::Predictions };
        Self { task: task(config), predictor, scored_by }
    }

    /// What the numbers of the model's head mean.
    pub(crate) fn kind(&self) -> Kind {
        Kind::of(self.task)
    }

    /// The same for a report, which shows no predictions where they are not what the run is about.
    pub(crate) fn shown_kind(&self) -> Kind {
        if self.scored_by == Judge::Objective { Kind::Nothing } else { self.kind() }
    }
}

/// What the model's head asks of the data; unsupervised where no stage reads labels.
pub fn task(config: &RunConfig) -> Task {
    match &config.model {
        ModelConfig::Forecaster(_) if config.stages.iter().any(|stage| stage.objective.kind().reads_labels) => {
            Task::Forecast
        }
        _ if config.stages.iter().any(|stage| stage.objective.kind().answers) => Task::SequenceToSequence,
        _ if !config.stages.iter().any(|stage| stage.objective.kind().reads_labels) => Task::Unsupervised,
        ModelConfig::Classifier(_) => Task::Classify,
        ModelConfig::Tagger(_) => Task::Tag,
        ModelConfig::Regressor(_) => Task::Regress,
        ModelConfig::Forecaster(_) => Task::Forecast,
        ModelConfig::Autoencoder(_)
        | ModelConfig::Vae(_)
        | ModelConfig::Gan(_)
        | ModelConfig::LanguageModel(_)
        | ModelConfig::EncoderDecoder(_) => Task::Classify,
    }
}

/// Whether config, model and data go together.
///
/// # Errors
///
/// What does not, and what would.
pub(crate) fn check(config: &RunConfig, data: &Prepared) -> Result<(), Error> {
    let classes = data.processor.classes().len();
    if let ModelConfig::Classifier(classifier) = &config.model
        && classifier.sigmoid()
        && task(config) == Task::Classify
        && classes != 2
    {
        return Err(Error::input(
            format!(
                "`model.classifier.output` is `sigmoid`, which needs two classes; {} has {classes}",
                config.data.source
            ),
            "remove the key or write `output = \"softmax\"`",
        ));
    }
    let with_head = config.stages.iter().find(|stage| !stage.objective.kind().unsupervised);
    if let Some(stage) = with_head.filter(|_| config.model.encoder_only()) {
        return Err(Error::input(
            format!(
                "`stage.objective.{}` trains a head on labels, and `[model.{}]` has none",
                stage.objective.name(),
                config.model.name()
            ),
            "use `[model.classifier]`, `[model.tagger]` or `[model.regressor]`",
        ));
    }
    let head = match task(config) {
        Task::Regress => Some("regressor"),
        Task::Forecast => Some("forecaster"),
        _ => None,
    };
    if let Some(head) = head
        && let Some(stage) = config.stages.iter().find(|stage| stage.objective.kind().classes)
    {
        return Err(Error::input(
            format!("`stage.objective.{}` needs classes, and a {head} has none", stage.objective.name()),
            "use `supervised` or `autoencoder`, or a `[model.classifier]`",
        ));
    }
    if task(config) == Task::SequenceToSequence
        && let Some(stage) = with_head
    {
        return Err(Error::input(
            format!(
                "`stage.objective.{}` trains a head on labels, and the targets are sequences here, for `sequence-to-sequence`",
                stage.objective.name()
            ),
            "leave one of the two stages out",
        ));
    }
    if config.baseline.enabled && task(config) == Task::Unsupervised {
        return Err(Error::input(
            "`baseline` trains the model on the labels alone, and no stage of this run reads any: there is nothing to compare",
            "leave `[baseline]` out, or add a stage that learns from labels",
        ));
    }
    if config.baseline.enabled && config.last_stage().is_some_and(|stage| stage.objective.kind().answers) {
        return Err(Error::input(
            "`baseline` trains the model's head on labels, and `sequence-to-sequence` has none",
            "leave `[baseline]` out",
        ));
    }
    check_class_weights(config, data)?;
    check_inputs(config, data)
}

/// Whether each list of class weights holds one for each class.
fn check_class_weights(config: &RunConfig, data: &Prepared) -> Result<(), Error> {
    let classes = data.processor.classes();
    for (index, stage) in config.stages.iter().enumerate() {
        let name = stage.objective.name();
        for (key, count) in stage.objective.class_weights() {
            if count != classes.len() {
                return Err(Error::input(
                    format!(
                        "`stage.{index}.objective.{name}.{key}` holds {count} weights; {} has {} classes",
                        data.train.name,
                        classes.len()
                    ),
                    match classes.len() {
                        0 => "leave it out: there are no classes to weigh".into(),
                        1..=20 => format!(
                            "write a weight for each of {}, in this order; or `\"balanced\"`",
                            classes.join(", ")
                        ),
                        _ => "write `\"balanced\"`, which weighs a class by how rare it is".to_string(),
                    },
                ));
            }
        }
    }
    Ok(())
}

/// Whether each stage can work on what the data holds, and with the direction in which the encoder reads.
fn check_inputs(config: &RunConfig, data: &Prepared) -> Result<(), Error> {
    let each = match &config.model {
        ModelConfig::Tagger(_) => Some("a tagger has a label for each"),
        ModelConfig::Forecaster(_) => Some("a forecast begins where a window ends"),
        _ => None,
    };
    if let (Some(each), Some(key)) = (each, config.data.augment.moves_steps()) {
        return Err(Error::input(
            format!("`data.augment.{key}` moves steps, and {each}"),
            "use `jitter`, `scaling`, `magnitude-warp`, `cutout`, `flip`, `rotation` or `token-mask`",
        ));
    }
    let values = matches!(data.processor.input(), InputSize::Values(_));
    let holds = if values { "values" } else { "text" };
    if values && config.model.embedding().is_some_and(|embedding| *embedding != EmbeddingConfig::default()) {
        return Err(Error::input(
            format!("`model.{}.embedding` is for text, and {} holds values", config.model.name(), config.data.source),
            "remove the table: it would have no effect",
        ));
    }
    let width = match (data.processor.input(), config.model.embedding()) {
        (InputSize::Values(channels), _) => channels,
        (InputSize::Tokens(_), embedding) => embedding.map_or(1, |embedding| embedding.size),
    };
    let weights = config.model.encoder().weights(width);
    if weights > MOST_WEIGHTS {
        return Err(Error::input(
            format!(
                "`model.{}.encoder.{}` asks for {weights} weights where a step of {} has {width} values, more than {MOST_WEIGHTS}",
                config.model.name(),
                config.model.encoder().name(),
                config.data.source
            ),
            "128 hidden units in one to three layers are usual",
        ));
    }
    for (index, stage) in config.stages.iter().enumerate() {
        let (objective, name) = (&stage.objective, stage.objective.name());
        if values && objective.kind().tokens {
            let (what, hint) = match objective {
                ObjectiveConfig::Autoencoder(_) => {
                    (".decoder` is `bag-of-words`, which", "write `decoder = \"recurrent\"`")
                }
                _ => ("`", "use `next-step`, which does the same for values"),
            };
            return Err(Error::input(
                format!("`stage.{index}.objective.{name}{what} needs text; {} holds {holds}", config.data.source),
                hint,
            ));
        }
        if !values && objective.kind().values {
            return Err(Error::input(
                format!("`stage.{index}.objective.{name}` needs values; {} holds {holds}", config.data.source),
                "use `language-model`, `autoencoder` or `vae`",
            ));
        }
        if matches!(config.model, ModelConfig::Tagger(_)) && objective.kind().whole {
            return Err(Error::input(
                format!(
                    "`stage.{index}.objective.{name}` works with a label for each sequence, and a tagger has one a step"
                ),
                "use `fixmatch`, `freematch` or `softmatch`",
            ));
        }
        if let Some(steps) = config.model.encoder().steps_at_once() {
            check_at_once(config, index, objective, steps, data)?;
        }
        if let ModelConfig::Forecaster(forecaster) = &config.model
            && objective.kind().answers
            && forecaster.instance_norm
        {
            return Err(Error::input(
                format!(
                    "`stage.{index}.objective.{name}` writes forecasts of its own, which `instance_norm` does not scale"
                ),
                "leave `instance_norm` out of `[model.forecaster]`, or use `supervised`",
            ));
        }
        if matches!(objective, ObjectiveConfig::Joint(_)) && objective.kind().streams {
            return Err(Error::input(
                format!(
                    "`stage.{index}.objective.joint`: `truncated-backpropagation` reads a recording in its order, which other parts do not"
                ),
                "give it a stage of its own",
            ));
        }
        if objective.kind().streams && !follows(config) {
            return Err(Error::input(
                format!("`stage.{index}.objective.{name}` reads a recording on and on, forecasting from each step"),
                "write `every_step = true` in `[model.forecaster]`, and in `[data.windows]` a `stride` as long as `input`",
            ));
        }
        if objective.kind().streams && stage.gradient_accumulation > 1 {
            return Err(Error::input(
                format!(
                    "`stage.{index}.gradient_accumulation` is {}: with `{name}` the batches of a step would be windows that follow each \
                     other, and not one larger batch",
                    stage.gradient_accumulation
                ),
                "leave `gradient_accumulation` out, and write a larger `batch_size`",
            ));
        }
        if config.model.encoder().bidirectional() && objective.kind().causal {
            let encoder = config.model.encoder().name();
            return Err(Error::input(
                format!(
                    "`stage.{index}.objective.{name}` has to foretell what an encoder with `bidirectional = true` has seen"
                ),
                format!("write `bidirectional = false` in the `{encoder}` table, or use `autoencoder`"),
            ));
        }
    }
    Ok(())
}

/// Whether a stage can work with an encoder that reads whole sequences of `steps` steps.
fn check_at_once(
    config: &RunConfig,
    index: usize,
    objective: &ObjectiveConfig,
    steps: usize,
    data: &Prepared,
) -> Result<(), Error> {
    let encoder = config.model.encoder().name();
    let recurrent = "use `lstm`, `gru` or `rnn`";
    if !matches!(data.processor.input(), InputSize::Values(_)) {
        return Err(Error::input(
            format!("the encoder `{encoder}` reads values; {} holds text", config.data.source),
            recurrent,
        ));
    }
    let every_step = match &config.model {
        ModelConfig::Tagger(_) => true,
        ModelConfig::Forecaster(forecaster) => forecaster.every_step,
        _ => false,
    };
    if every_step || objective.kind().steps {
        let name = objective.name();
        return Err(Error::input(
            format!(
                "`stage.{index}.objective.{name}` needs a vector for each step, and the encoder `{encoder}` gives one for all"
            ),
            recurrent,
        ));
    }
    let parts = [&data.train, &data.valid, &data.test];
    let longest = parts.into_iter().flat_map(|part| &part.sequences).map(Sequence::len).max();
    if longest.is_some_and(|longest| longest > steps) {
        return Err(Error::input(
            format!(
                "the encoder `{encoder}` reads {steps} steps; {} has sequences of {}",
                config.data.source,
                longest.unwrap_or(0)
            ),
            "write the longest in the encoder's table, or shorten them with `data.transform.resample`",
        ));
    }
    Ok(())
}

/// Whether windows follow each other without a gap, and something is forecast from each of their steps.
fn follows(config: &RunConfig) -> bool {
    let on_and_on = config.data.windows.as_ref().is_some_and(|windows| windows.stride == windows.input);
    on_and_on && matches!(&config.model, ModelConfig::Forecaster(forecaster) if forecaster.every_step)
}
