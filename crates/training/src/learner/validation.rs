//! How a stage is validated, and what of that chooses the weights that it keeps.

use semiseq_datasets::{Dataset, Target};
use semiseq_models::SequenceModel;
use semiseq_objectives::Objective;
use semiseq_schema::{METRICS, Scores, higher_is_better};

use crate::error::Error;
use crate::learner::options::StageOptions;
use crate::tasks::evaluate::{measured_until, score, voted_outputs_until};
use crate::tasks::further;

/// Validations after which a model that says the same of every sequence is a failure, in the stage's second half.
const LATE: usize = 3;
/// Sequences that are looked at before training, to see what a stage measures.
const PROBED: usize = 16;

/// The metric that chooses the best validation, and whether more of it is better.
pub(super) fn selection<'a>(options: &'a StageOptions<'_>) -> (&'a str, bool) {
    let metric = match &options.config.early_stopping {
        Some(stopping) => stopping.metric.strip_prefix("valid.").unwrap_or(&stopping.metric),
        None if options.objective.unsupervised => "loss",
        None => options.task.selects_by(),
    };
    let own = options.metrics.iter().find(|own| own.name == metric);
    (metric, own.map_or_else(|| higher_is_better(metric), |own| own.higher_is_better))
}

/// Whether early stopping has something to go by.
pub(super) fn check_stopping<M: SequenceModel, O: Objective<M>>(
    objective: &O,
    model: &M,
    options: &StageOptions<'_>,
) -> Result<(), Error> {
    let Some(stopping) = &options.config.early_stopping else { return Ok(()) };
    if options.valid.sequences.is_empty() {
        return Err(Error::input(
            format!("{}: `early_stopping` needs validation data, and there is none", options.label),
            "keep a part for validation with `data.validation`, or leave `early_stopping` out",
        ));
    }
    let (metric, _) = selection(options);
    let measured = |data: &Dataset| {
        let seen = look(objective, model, data, options, &|_| true, &|| false);
        seen.map(|seen| seen.scores).unwrap_or_default()
    };
    if measured(&probe(options.valid)).contains_key(metric) {
        return Ok(());
    }
    // Some need rows of several classes, which the few may lack.
    let scores = measured(options.valid);
    if scores.contains_key(metric) {
        return Ok(());
    }
    let known: Vec<String> = scores.keys().map(|name| format!("`valid.{name}`")).collect();
    let measures =
        if known.is_empty() { "nothing: no validation sequence has a label".into() } else { known.join(", ") };
    Err(Error::input(
        format!(
            "{}: `early_stopping.metric` is `{}`, which this stage never measures; it measures {measures}",
            options.label, stopping.metric
        ),
        "name one of these, or leave `early_stopping` out",
    ))
}

/// The longest sequences with a target, or the longest of all where none has one.
fn probe(valid: &Dataset) -> Dataset {
    let known = |row: &usize| valid.targets[*row] != Target::Missing;
    let mut rows: Vec<usize> = (0..valid.len()).collect();
    rows.sort_by_key(|row| (!known(row), std::cmp::Reverse(valid.sequences[*row].len())));
    rows.truncate(PROBED);
    valid.select(&rows)
}

/// Scores of the validation part; empty where there is none, and `None` where `stop` says to give it up. `step` of
/// `steps` are behind the stage, and so many validations.
pub(super) fn validate<M: SequenceModel, O: Objective<M>>(
    objective: &O,
    model: &M,
    options: &StageOptions<'_>,
    (step, steps): (usize, usize),
    validations: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Scores>, Error> {
    if options.valid.sequences.is_empty() {
        return Ok(Some(Scores::new()));
    }
    // Only what is gone by: a ranking of the whole part takes time.
    let (metric, _) = selection(options);
    let Some(Seen { scores, finite, constant }) =
        look(objective, model, options.valid, options, &|name| name == metric, stop)
    else {
        return Ok(None);
    };
    let infinite = scores.iter().find(|(_, value)| !value.is_finite());
    let what = match infinite {
        _ if !finite => "the model's outputs are".to_string(),
        Some((name, _)) => format!("`{name}` is"),
        None => String::new(),
    };
    if !what.is_empty() {
        return Err(Error::runtime(
            format!("{}: on the validation part {what} not finite any more (by step {step})", options.label),
            "lower the learning rate, or set `grad_clip_norm = 1.0` in the stage's optimiser; where it is so from the \
             first step on, look for values far out of range with `data check`; the last checkpoint is kept, where one \
             was written",
        ));
    }
    if constant && step * 2 >= steps && validations >= LATE {
        return Err(Error::runtime(
            format!("{}: the model gives one and the same output for every sequence", options.label),
            "its units have died or saturated: lower the learning rate, set `grad_clip_norm = 1.0` in the stage's \
             optimiser, or scale the data with `data.transform.normalize`; the last checkpoint is kept, where one was \
             written",
        ));
    }
    Ok(Some(scores))
}

/// What a look at a data set says.
struct Seen {
    scores: Scores,
    /// Whether all outputs are numbers.
    finite: bool,
    /// Whether they are all the same.
    constant: bool,
}

/// What the objective measures itself, or the scores of the model's outputs, with those of the further ones that
/// `wanted` names; `None` where `stop` says to give it up.
fn look<M: SequenceModel, O: Objective<M>>(
    objective: &O,
    model: &M,
    data: &Dataset,
    options: &StageOptions<'_>,
    wanted: &dyn Fn(&str) -> bool,
    stop: &dyn Fn() -> bool,
) -> Option<Seen> {
    let (plain, objective) = (model.valid(), objective.valid());
    let own = measured_until(&objective, &plain, data, stop);
    if stop() {
        return None;
    }
    if !own.is_empty() {
        return Some(Seen { scores: own, finite: true, constant: false });
    }
    let outputs = voted_outputs_until(Some(&objective), &plain, data, options.task, stop);
    if stop() {
        return None;
    }
    let (task, processor) = (options.task, options.processor);
    let mut scores = score(task, &outputs, data, processor).0;
    if METRICS.iter().any(|metric| metric.detailed && wanted(metric.name)) {
        let more = further(task, &outputs, data, processor, &|name| !scores.contains_key(name) && wanted(name));
        scores.extend(more);
    }
    Some(Seen { scores, finite: outputs.finite(), constant: outputs.constant() })
}
