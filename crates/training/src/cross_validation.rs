//! `validation = "cross"`: how a run does on labels that it did not learn from, without a label beyond the budget.

use semiseq_datasets::{Fold, Prepared};
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
            one_of: (!options.quiet).then(|| format!("fold {number} of {of}")),
            observers: Vec::new(),
            ..options.clone()
        };
        let labels = data.valid.len();
        let valid = run(&config.on_fold(fold), data, &options)?.valid;
        if let Some((metric, value)) = semiseq_schema::headline(&valid) {
            tell(&format!("fold {number} of {of}: {} {value:.4} on {labels} labels left out", metric.name));
        }
        scores.push((labels, valid));
    }
    Ok(CrossValidation::of(&scores))
}

impl<M: ModelSettings, O: ObjectiveSettings> RunConfig<M, O> {
    /// The config of a run that leaves one fold of the labels out, with nothing beside the result.
    #[must_use]
    pub fn on_fold(&self, fold: Fold) -> Self {
        let mut config = self.clone();
        config.data = config.data.without_validation();
        config.data.labels.fold = Some(fold);
        config.baseline = BaselineConfig { enabled: false };
        config.calibrate = None;
        config.ensemble = 1;
        config.references = ReferencesConfig { enabled: Some(false) };
        config
    }
}
