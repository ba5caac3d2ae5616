//! Whether config, model and data go together: all that can be said before any training.

use semiseq_datasets::{AugmentConfig, Prepared, TargetKind, Validation};
use semiseq_models::{InputSize, Output};
use semiseq_objectives::Kind;

use crate::config::{RunConfig, StageConfig};
use crate::error::Error;
use crate::recipe::{ModelKind, ModelSettings, ObjectiveSettings};

/// Whether config, model and data go together.
///
/// # Errors
///
/// What does not, and what would.
pub(crate) fn check<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    data: &Prepared,
) -> Result<(), Error> {
    check_head(config, data)?;
    check_folds(config, data)?;
    check_baseline(config)?;
    check_class_weights(config, data)?;
    check_views(config, data)?;
    config.model.check_data(&config.data.source, data)?;
    let values = matches!(data.processor.input(), InputSize::Values(_));
    for (index, stage) in config.stages.iter().enumerate() {
        let key = format!("stage.{index}.objective.{}", stage.objective.name());
        stage.objective.check_data(&key, &config.data.source, values)?;
        check_stage(config, &key, stage.objective.kind(), values)?;
        check_streams(config, index, &key, stage)?;
        check_rebalancing(config, index, stage)?;
    }
    Ok(())
}

/// Whether there are labels to cut into folds, where that is asked for.
fn check_folds<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>, data: &Prepared) -> Result<(), Error> {
    if config.data.validation != Some(Validation::Cross) {
        return Ok(());
    }
    match config.targets() {
        TargetKind::Classify | TargetKind::MultiLabel | TargetKind::Regress | TargetKind::Tag => {
            Ok(data.fold_count().map(|_| ())?)
        }
        _ => Err(Error::input(
            "`data.validation = \"cross\"` cuts labels into folds, and this run learns from none",
            "write `validation = 0.2`, a part of the sequences, or `\"none\"`",
        )),
    }
}

/// Whether the model has a head for what the stages learn, and the data classes for both.
fn check_head<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>, data: &Prepared) -> Result<(), Error> {
    let (task, model) = (config.targets(), &config.model);
    let classes = data.processor.classes().len();
    if model.kind() == (ModelKind::Classifier { output: Output::Sigmoid })
        && task == TargetKind::Classify
        && classes != 2
    {
        return Err(Error::input(
            format!(
                "`model.{}.output` is `sigmoid`, which needs two classes; {} has {classes}",
                model.name(),
                config.data.source
            ),
            "remove the key or write `output = \"softmax\"`",
        ));
    }
    check_order(config, task, data)?;
    if task == TargetKind::Tag && model.kind() == (ModelKind::Tagger { crf: true }) {
        check_crf(config)?;
    }
    if task == TargetKind::MultiLabel {
        check_multi_label(config)?;
    }
    let with_head = config.stages.iter().find(|stage| !stage.objective.kind().unsupervised);
    if let Some(stage) = with_head.filter(|_| model.kind() == ModelKind::Encoder) {
        return Err(Error::input(
            format!(
                "`stage.objective.{}` trains a head on labels, and `[model.{}]` has none",
                stage.objective.name(),
                model.name()
            ),
            "use `[model.classifier]`, `[model.tagger]` or `[model.regressor]`",
        ));
    }
    let head = match task {
        TargetKind::Regress => Some("regressor"),
        TargetKind::Forecast => Some("forecaster"),
        _ => None,
    };
    if let Some(head) = head
        && let Some(stage) = config.stages.iter().find(|stage| stage.objective.kind().classes)
    {
        return Err(Error::input(
            format!("`stage.objective.{}` needs classes, and a {head} has none", stage.objective.name()),
            "use `supervised`, `pi-model`, `mean-teacher` with `consistency = \"mse\"`, `temporal-ensembling`, \
             `ucvme` or `autoencoder`, or a `[model.classifier]`",
        ));
    }
    if let Some(head) = head {
        for (index, stage) in config.stages.iter().enumerate() {
            let weights = stage.objective.class_weights().into_iter().next().map(|(key, _)| key);
            if let Some(key) = weights.or_else(|| stage.objective.label_smoothing()) {
                return Err(Error::input(
                    format!("`stage.{index}.objective.{key}` is for classes, and a {head} has none"),
                    "leave it out",
                ));
            }
        }
    }
    let writer = match task {
        TargetKind::SequenceToSequence => "sequence-to-sequence",
        TargetKind::Transcribe => "ctc",
        _ => return Ok(()),
    };
    match with_head {
        None => Ok(()),
        Some(stage) => Err(Error::input(
            format!(
                "`stage.objective.{}` trains a head on labels, and the targets are sequences here, for `{writer}`",
                stage.objective.name()
            ),
            "leave one of the two stages out",
        )),
    }
}

/// Whether there are classes to be in an order, and an order where the head needs one.
fn check_order<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    task: TargetKind,
    data: &Prepared,
) -> Result<(), Error> {
    let without = matches!(task, TargetKind::MultiLabel | TargetKind::Regress | TargetKind::Forecast);
    if without && config.data.labels.order.is_some() {
        return Err(Error::input(
            format!("`data.labels.order` puts classes in an order, and `[model.{}]` learns none", config.model.name()),
            "leave it out",
        ));
    }
    let ModelKind::Classifier { output } = config.model.kind() else { return Ok(()) };
    if !output.ordinal() || task != TargetKind::Classify {
        return Ok(());
    }
    let key = format!("model.{}.output", config.model.name());
    if !data.processor.ordered() {
        return Err(Error::input(
            format!("`{key}` takes classes in their order, and nothing says what it is"),
            "write `order = [\"lowest\", …, \"highest\"]` in `[data.labels]`, or `\"ascending\"` for numbers",
        ));
    }
    match config.stages.iter().find(|stage| stage.objective.kind().unnormalised) {
        Some(stage) => Err(Error::input(
            format!(
                "`stage.objective.{}` reads from the size of all logits whether a sequence is real, and with `{key}` \
                 of ordered classes they say nothing but the class",
                stage.objective.name()
            ),
            "write `output = \"softmax\"`",
        )),
        None => Ok(()),
    }
}

/// Whether each stage works where the tags of a sequence are decided together.
fn check_crf<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>) -> Result<(), Error> {
    let key = format!("model.{}.output", config.model.name());
    for (index, stage) in config.stages.iter().enumerate() {
        let (kind, name) = (stage.objective.kind(), stage.objective.name());
        if kind.reads_labels && !kind.chains {
            return Err(Error::input(
                format!("`stage.{index}.objective.{name}` needs a distribution for each step, and `{key}` is `crf`"),
                "use `supervised`, or an objective that reads no labels, such as `masked-reconstruction`; or write \
                 `output = \"softmax\"`",
            ));
        }
        let weights = stage.objective.class_weights().into_iter().next().map(|(key, _)| key);
        if let Some(given) = weights.or_else(|| stage.objective.label_smoothing()) {
            return Err(Error::input(
                format!("`stage.{index}.objective.{given}` changes what single steps cost, and `{key}` is `crf`"),
                "leave it out",
            ));
        }
        if let Some(method) = &stage.rebalancing {
            return Err(Error::input(
                format!("`stage.{index}.rebalancing.{}` weighs single steps, and `{key}` is `crf`", method.name()),
                "leave it out",
            ));
        }
    }
    if config.calibrate.is_some() {
        return Err(Error::input(
            format!("`[calibrate]` is for the probabilities of single steps, and `{key}` is `crf`"),
            "leave it out",
        ));
    }
    Ok(())
}

/// Whether each stage works where a sequence has any number of labels.
fn check_multi_label<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>) -> Result<(), Error> {
    for (index, stage) in config.stages.iter().enumerate() {
        let (kind, name) = (stage.objective.kind(), stage.objective.name());
        if kind.reads_labels && !kind.multi_label {
            return Err(Error::input(
                format!(
                    "`stage.{index}.objective.{name}` needs one class for each sequence, and `model.{}.output` is \
                     `multi-label`",
                    config.model.name()
                ),
                "use `supervised`, `pi-model`, `mean-teacher` with `consistency = \"mse\"`, `temporal-ensembling`, \
                 `virtual-adversarial`, `entropy-minimisation` or `fixmatch`, or an objective that reads no labels, \
                 such as `autoencoder`",
            ));
        }
        if let Some((key, _)) = stage.objective.class_weights().into_iter().next() {
            return Err(Error::input(
                format!(
                    "`stage.{index}.objective.{key}` weighs the one class of a sequence, and `model.{}.output` is \
                     `multi-label`",
                    config.model.name()
                ),
                "leave it out",
            ));
        }
    }
    Ok(())
}

/// Whether there is something that the labels alone could be compared with.
fn check_baseline<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>) -> Result<(), Error> {
    if !config.baseline.enabled {
        return Ok(());
    }
    if config.targets() == TargetKind::Unsupervised {
        return Err(Error::input(
            "`baseline` trains the model on the labels alone, and no stage of this run reads any: there is nothing to \
             compare",
            "leave `[baseline]` out, or add a stage that learns from labels",
        ));
    }
    if let Some(stage) = config.last_stage().filter(|stage| stage.objective.kind().answers) {
        return Err(Error::input(
            format!("`baseline` trains the model's head on labels, and `{}` has none", stage.objective.name()),
            "leave `[baseline]` out",
        ));
    }
    Ok(())
}

/// Whether each list of class weights holds one for each class.
fn check_class_weights<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    data: &Prepared,
) -> Result<(), Error> {
    let classes = data.processor.classes();
    for (index, stage) in config.stages.iter().enumerate() {
        let lists = stage.objective.class_weights().into_iter().filter_map(|(key, count)| Some((key, count?)));
        if let Some((key, count)) = lists.into_iter().find(|(_, count)| *count != classes.len()) {
            return Err(Error::input(
                format!(
                    "`stage.{index}.objective.{key}` holds {count} weights; {} has {} classes",
                    data.train.name,
                    classes.len()
                ),
                match classes.len() {
                    0 => "leave it out: there are no classes to weigh".into(),
                    1..=20 => {
                        format!("write a weight for each of {}, in this order; or `\"balanced\"`", classes.join(", "))
                    }
                    _ => "write `\"balanced\"`, which weighs a class by how rare it is".to_string(),
                },
            ));
        }
    }
    Ok(())
}

/// Whether views do something on such data, and leave each step where its label is.
fn check_views<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>, data: &Prepared) -> Result<(), Error> {
    let input = data.processor.input();
    if let Some(key) = config.data.augment.of_other_kind(&input) {
        let (holds, other) = match input {
            InputSize::Values(_) => ("values", "text"),
            InputSize::Tokens(_) => ("text", "values"),
        };
        let names: Vec<String> = AugmentConfig::for_kind(&input).iter().map(|name| format!("`{name}`")).collect();
        return Err(Error::input(
            format!("`data.augment.{key}` is for {other}, and {} holds {holds}", config.data.source),
            format!("remove it: it would have no effect; for {holds} there are {}", names.join(", ")),
        ));
    }
    if let Some(stage) = config.stages.iter().find(|stage| stage.objective.kind().transcribes)
        && let Some(key) = config.data.augment.parts_transcripts()
    {
        return Err(Error::input(
            format!(
                "`data.augment.{key}` leaves steps out or moves them past each other, and the transcript of \
                 `stage.objective.{}` would no longer fit",
                stage.objective.name()
            ),
            "use `jitter`, `scaling`, `time-warp`, `speed`, `frequency-mask` or `cutout`",
        ));
    }
    let each = match config.model.kind() {
        ModelKind::Tagger { .. } => "a tagger has a label for each",
        ModelKind::Forecaster { .. } => "a forecast begins where a window ends",
        _ => return Ok(()),
    };
    match config.data.augment.moves_steps() {
        None => Ok(()),
        Some(key) => Err(Error::input(
            format!("`data.augment.{key}` moves steps, and {each}"),
            "use `jitter`, `scaling`, `magnitude-warp`, `cutout`, `flip`, `rotation` or `token-mask`",
        )),
    }
}

/// Whether a stage can work on what the data hold, and with what the model gives it; `key` is the objective's.
fn check_stage<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    key: &str,
    objective: Kind,
    values: bool,
) -> Result<(), Error> {
    let (source, model) = (&config.data.source, &config.model);
    if values && objective.tokens {
        return Err(Error::input(
            format!("`{key}` needs text; {source} holds values"),
            "use `next-step`, which does the same for values",
        ));
    }
    if !values && objective.values {
        return Err(Error::input(
            format!("`{key}` needs values; {source} holds text"),
            "use `language-model`, `autoencoder` or `vae`",
        ));
    }
    if matches!(model.kind(), ModelKind::Tagger { .. }) && objective.whole {
        return Err(Error::input(
            format!("`{key}` works with a label for each sequence, and a tagger has one per step"),
            "use `fixmatch`, `freematch` or `softmatch`",
        ));
    }
    if objective.gaussian && !matches!(model.kind(), ModelKind::Regressor { gaussian: true, .. }) {
        return Err(Error::input(
            format!("`{key}` learns numbers with a variance of each sequence's own"),
            "write `output = \"gaussian\"` in `[model.regressor]`",
        ));
    }
    if matches!(model.kind(), ModelKind::Forecaster { every_step: true, .. }) && objective.whole {
        return Err(Error::input(
            format!("`{key}` works with a forecast for each window, and `every_step = true` makes one from each step"),
            "leave `every_step` out of `[model.forecaster]`, or use `pi-model` or `mean-teacher`",
        ));
    }
    let every_step = matches!(model.kind(), ModelKind::Tagger { .. } | ModelKind::Forecaster { every_step: true, .. });
    if !model.has_steps() && (every_step || objective.steps) {
        return Err(Error::input(
            format!("`{key}` needs a vector for each step, and the encoder `{}` gives one for all", model.encoder()),
            "use `lstm`, `gru` or `rnn`",
        ));
    }
    if matches!(model.kind(), ModelKind::Forecaster { .. }) && objective.transcribes {
        return Err(Error::input(
            format!("`{key}` learns transcripts, and a forecaster what follows a window"),
            "use `[model.transcriber]`",
        ));
    }
    if matches!(model.kind(), ModelKind::Forecaster { instance_norm: true, .. }) && objective.answers {
        return Err(Error::input(
            format!("`{key}` writes forecasts of its own, which `instance_norm` does not scale"),
            "leave `instance_norm` out of `[model.forecaster]`, or use `supervised`",
        ));
    }
    if model.looks_ahead() && objective.causal {
        return Err(Error::input(
            format!("`{key}` has to predict what an encoder with `bidirectional = true` or a `stem` has seen"),
            format!(
                "write `bidirectional = false` in the `{}` table and no `stem`, or use `autoencoder`",
                model.encoder()
            ),
        ));
    }
    Ok(())
}

/// Whether a method against imbalance has classes to weigh.
fn check_rebalancing<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    index: usize,
    stage: &StageConfig<O>,
) -> Result<(), Error> {
    let Some(method) = &stage.rebalancing else { return Ok(()) };
    let key = format!("stage.{index}.rebalancing.{}", method.name());
    match config.targets() {
        TargetKind::Classify => Ok(()),
        TargetKind::Tag if !method.kind().whole => Ok(()),
        TargetKind::Tag => Err(Error::input(
            format!("`{key}` works with a label for each sequence, and a tagger has one per step"),
            "use `class-weights`, `logit-adjustment`, `focal` or `debiaspl`",
        )),
        TargetKind::MultiLabel => Err(Error::input(
            format!("`{key}` works with one class for each sequence, and here each has any number of labels"),
            "leave it out",
        )),
        _ => Err(Error::input(
            format!("`{key}` weighs classes, and this run has none"),
            "leave it out, or use a `[model.classifier]`",
        )),
    }
}

/// Whether an objective that reads a recording in its order can do so.
fn check_streams<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    index: usize,
    key: &str,
    stage: &StageConfig<O>,
) -> Result<(), Error> {
    if !stage.objective.kind().streams {
        return Ok(());
    }
    let windows_follow = config.data.windows.as_ref().is_some_and(|windows| windows.stride == windows.input);
    let every_step = matches!(config.model.kind(), ModelKind::Forecaster { every_step: true, .. });
    if !windows_follow || !every_step {
        return Err(Error::input(
            format!("`{key}` reads a recording on and on, forecasting from each step"),
            "write `every_step = true` in `[model.forecaster]`, and in `[data.windows]` a `stride` as long as `input`",
        ));
    }
    if stage.gradient_accumulation > 1 {
        return Err(Error::input(
            format!(
                "`stage.{index}.gradient_accumulation` is {}: with `{}` the batches of a step would be windows that \
                 follow each other, and not one larger batch",
                stage.gradient_accumulation,
                stage.objective.name()
            ),
            "leave `gradient_accumulation` out, and write a larger `batch_size`",
        ));
    }
    Ok(())
}
