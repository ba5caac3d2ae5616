//! `validation = "cross"`: how a run does on labels that it did not learn from, without a label beyond the budget.

use semiseq_datasets::{Fold, Prepared, Validation};
use semiseq_schema::Scores;

use crate::config::{BaselineConfig, ReferencesConfig, RunConfig};
use crate::error::Error;
use crate::options::RunOptions;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::{CrossValidation, Summary};

/// Where the runs on folds stand in a run folder.
pub(crate) const FOLDER: &str = "folds";

/// One run of a config.
pub(crate) type Run<'a, M, O> = &'a dyn Fn(&RunConfig<M, O>, Prepared, &RunOptions) -> Result<Summary, Error>;

/// Runs the config on all labels but one fold, for each fold in turn; in `FOLDER/1` and so on of the run folder, where
/// a resumed run finds those that are through.
///
/// # Errors
///
/// What ends a run, and an interruption.
pub(crate) fn cross_validated<M: ModelSettings, O: ObjectiveSettings>(
    config: &RunConfig<M, O>,
    data: &Prepared,
    options: &RunOptions,
    run: Run<'_, M, O>,
    tell: &mut dyn FnMut(&str),
) -> Result<CrossValidation, Error> {
    let of = data.fold_count()?;
    let folder = options.out.clone().unwrap_or_default().join(FOLDER);
    let mut scores: Vec<(usize, Scores)> = Vec::new();
    for number in 1..=of {
        let fold = Fold { number, of };
        let data = data.holding_out(fold)?;
        let out = folder.join(number.to_string());
        let begun = out.join("config.toml").exists();
        let options = RunOptions {
            out: Some(out),
            resume: begun,
            force: false,
            dashboard: false,
            quiet: true,
            observers: Vec::new(),
            ..options.clone()
        };
        let labels = data.valid.len();
        let valid = run(&on_fold(config, fold), data, &options)?.valid;
        if let Some((metric, value)) = semiseq_schema::headline(&valid) {
            tell(&format!("fold {number} of {of}: {} {value:.4} on {labels} labels left out", metric.name));
        }
        scores.push((labels, valid));
    }
    Ok(CrossValidation { folds: of, mean: mean(&scores), deviation: deviation(&scores) })
}

/// The config of a run that leaves one fold out: what it says of the labels, and nothing beside the result.
fn on_fold<M: ModelSettings, O: ObjectiveSettings>(config: &RunConfig<M, O>, fold: Fold) -> RunConfig<M, O> {
    let mut config = config.clone();
    (config.data.validation, config.data.valid_fraction) = (Some(Validation::None), None);
    config.data.labels.fold = Some(fold);
    config.baseline = BaselineConfig { enabled: false };
    config.references = ReferencesConfig { enabled: Some(false) };
    config
}

fn mean(scores: &[(usize, Scores)]) -> Scores {
    let all: usize = scores.iter().map(|(labels, _)| labels).sum();
    let of = |name: &str| {
        let sum: f64 = scores.iter().filter_map(|(labels, scores)| Some(*labels as f64 * scores.get(name)?)).sum();
        sum / all.max(1) as f64
    };
    names(scores).map(|name| (name.clone(), of(name))).collect()
}

fn deviation(scores: &[(usize, Scores)]) -> Scores {
    let of = |name: &str| {
        let values: Vec<f64> = scores.iter().filter_map(|(_, scores)| scores.get(name).copied()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (squares / (values.len() as f64 - 1.0)).sqrt()
    };
    names(scores).map(|name| (name.clone(), of(name))).collect()
}

/// The metrics that every fold has.
fn names(scores: &[(usize, Scores)]) -> impl Iterator<Item = &String> {
    let everywhere = |name: &&String| scores.iter().all(|(_, scores)| scores.contains_key(*name));
    scores.first().into_iter().flat_map(|(_, scores)| scores.keys()).filter(everywhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_count_by_their_labels() {
        let fold = |labels, accuracy: f64| (labels, Scores::from([("accuracy".into(), accuracy)]));
        let scores = [fold(3, 1.0), fold(1, 0.0)];
        assert_eq!(mean(&scores)["accuracy"], 0.75);
        assert!((deviation(&scores)["accuracy"] - 0.5f64.sqrt()).abs() < 1e-12);
    }
}
