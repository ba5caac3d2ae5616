//! `semiseq tune`: settings that do better on labels left out. The test part is never looked at.

mod halving;
mod space;
mod table;

use std::path::{Path, PathBuf};

use semiseq::datasets::{Fold, one_line};
use semiseq::prelude::*;
use semiseq::schema::{headline, higher_is_better};
use semiseq::training::files::{make_folder, write_atomic};
use semiseq::training::{CrossValidation, FolderLock};
use toml::Value;

use super::cells::{self, Cell, Work};
use super::{INTERRUPTED, fail, json_text, print, tell};
use halving::{Rung, rungs, survivors};
use space::Space;
use table::{Row, Table};

/// Arguments of `tune`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The config, a TOML file
    config: PathBuf,
    /// How many settings are tried, the config as it is among them
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    trials: u16,
    /// A file of what is varied, a line a key: `"stage.0.optimizer.adam.lr" = { log = [1e-3, 3e-2] }`, `{ uniform = […]
    /// }` or `{ choice = […] }`. By default the rates of the stages, the dropout and the width
    #[arg(long)]
    space: Option<PathBuf>,
    /// The score that is judged by, of labels left out; by default the run's own
    #[arg(long)]
    metric: Option<String>,
    /// Seeds what is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Override a value of the config; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Where runs and tables go, in place of `runs/tune-NAME`
    #[arg(long)]
    out: Option<PathBuf>,
    /// Runs at a time; by default one a core on the CPU and one on a GPU, fewer where memory is short
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Print the table as one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// A setting that is tried.
struct Trial {
    settings: Vec<(String, Value)>,
    config: RunConfig,
}

/// Tunes.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let base = RunConfig::read_with(&arguments.config, &arguments.overrides)?;
    arguments.overrides.iter().for_each(|text| tell(format!("set {}", one_line(text, 1_000))));
    check(&base)?;
    let data = semiseq::datasets::prepare(&base.data.clone().without_validation(), base.targets())?;
    let folds = data.fold_count()?;
    let labels = data.labeled.len();
    drop(data);
    let space = match &arguments.space {
        Some(path) => Space::read(path)?,
        None => Space::of(&base)?,
    };
    let trials = trials(arguments, &base, &space)?;
    let folder = arguments.out.clone().unwrap_or_else(|| Path::new("runs").join(format!("tune-{}", base.name)));
    make_folder(&folder)?;
    let _lock = FolderLock::take(&folder)?;
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    // A second handler cannot be set; the process keeps the first, which does the same.
    let _ = ctrlc::set_handler(move || stop.stop(Some("interrupted by the user")));
    let search = Search { arguments, trials: &trials, folds, folder: &folder, interrupter: &interrupter };
    let (metric, rows) = search.run()?;
    let settings = |trial: usize| {
        let of =
            |key: &str| trials[trial].settings.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        space.keys().map(of).collect()
    };
    let rows = rows.into_iter().map(|row| Row { settings: settings(row.trial), ..row }).collect();
    let table = Table { metric, folds, keys: space.keys().map(String::from).collect(), trials: rows };
    write_atomic(&folder.join("trials.md"), table.markdown().as_bytes())?;
    write_atomic(&folder.join("trials.csv"), table.csv().as_bytes())?;
    write_atomic(&folder.join("trials.json"), json_text(&table)?.as_bytes())?;
    print(if arguments.json { json_text(&table)? } else { table.markdown() })?;
    say(&table, &trials, &folder, labels)
}

/// Whether nothing else would choose among weights by the labels that trials are judged by.
///
/// # Errors
///
/// What would.
fn check(config: &RunConfig) -> Result<(), Error> {
    if let Some(stage) = config.stages.iter().position(|stage| stage.early_stopping.is_some()) {
        return Err(Error::input(
            format!("`stage.{stage}.early_stopping` would choose weights by the labels that `tune` judges by"),
            "leave it out, and give the stage its `steps`",
        ));
    }
    if config.data.valid.is_some() || config.data.validation_fraction() > 0.0 {
        tell("the config's validation part is left out: `tune` judges by folds of the labelled part");
    }
    Ok(())
}

/// The config as it is, and settings that are drawn.
fn trials(arguments: &Arguments, base: &RunConfig, space: &Space) -> Result<Vec<Trial>, Error> {
    let mut trials = vec![Trial { settings: Vec::new(), config: base.clone() }];
    for number in 1..usize::from(arguments.trials) {
        let settings = space.draw(arguments.seed, number);
        let drawn = settings.iter().map(|(key, value)| format!("{key}={value}"));
        let overrides: Vec<String> = arguments.overrides.iter().cloned().chain(drawn).collect();
        let config = RunConfig::read_with(&arguments.config, &overrides)?;
        trials.push(Trial { settings, config });
    }
    Ok(trials)
}

/// A search under way.
struct Search<'a> {
    arguments: &'a Arguments,
    trials: &'a [Trial],
    folds: usize,
    folder: &'a Path,
    interrupter: &'a Interrupter,
}

impl Search<'_> {
    /// The metric that is judged by, and a row a trial: those of the last rung first, each the best first.
    fn run(&self) -> Result<(String, Vec<Row>), Error> {
        let mut running: Vec<usize> = (0..self.trials.len()).collect();
        let (mut rows, mut metric): (Vec<Row>, _) = (Vec::new(), self.arguments.metric.clone());
        let rungs = rungs(self.trials.len());
        for (number, rung) in rungs.iter().enumerate() {
            let share = if rung.divisor == 1 { "all".into() } else { format!("1/{}", rung.divisor) };
            let (round, of) = (number + 1, rungs.len());
            tell(format!("round {round} of {of}: {} trials for {share} of the steps", running.len()));
            let scores = self.rung(rung, &running)?;
            let name = match &metric {
                Some(name) => name.clone(),
                None => headline(&scores[0].mean)
                    .map(|(metric, _)| metric.name.to_string())
                    .ok_or_else(|| Error::input("the run has no score", "name one with `--metric`"))?,
            };
            let mut found = Vec::new();
            for (trial, scores) in running.iter().zip(&scores) {
                let (Some(mean), Some(deviation)) = (scores.mean.get(&name), scores.deviation.get(&name)) else {
                    let known: Vec<&str> = scores.mean.keys().map(String::as_str).collect();
                    return Err(Error::input(
                        format!("`--metric {name}` is no score of the run"),
                        format!("there are {}", known.join(", ")),
                    ));
                };
                let (mean, deviation) = (*mean, *deviation);
                found.push(Row { trial: *trial, settings: Vec::new(), divisor: rung.divisor, mean, deviation });
            }
            let sign = if higher_is_better(&name) { 1.0 } else { -1.0 };
            found.sort_by(|left, right| {
                (sign * right.mean).total_cmp(&(sign * left.mean)).then(left.trial.cmp(&right.trial))
            });
            let next = rungs.get(number + 1).map_or(0, |next| next.trials);
            let judged: Vec<(usize, f64)> = found.iter().map(|row| (row.trial, sign * row.mean)).collect();
            running = survivors(&judged, next);
            // What goes on has a row of the next round.
            rows.retain(|row| !judged.iter().any(|(trial, _)| *trial == row.trial));
            rows.splice(0..0, found);
            metric = Some(name);
        }
        Ok((metric.unwrap_or_default(), rows))
    }

    /// The scores of each trial on each fold that it leaves out.
    fn rung(&self, rung: &Rung, running: &[usize]) -> Result<Vec<CrossValidation>, Error> {
        let beside = self.arguments.config.parent().unwrap_or(Path::new(""));
        let mut planned = Vec::new();
        for trial in running {
            for number in 1..=self.folds {
                let mut config = self.trials[*trial].config.on_fold(Fold { number, of: self.folds });
                config.name = "trial".into();
                for stage in &mut config.stages {
                    stage.steps = stage.steps.map(|steps| steps.div_ceil(rung.divisor));
                    stage.epochs = stage.epochs.map(|epochs| epochs.div_ceil(rung.divisor));
                }
                planned.push(Cell::new(config, beside)?);
            }
        }
        let planned: Vec<&Cell> = planned.iter().collect();
        let order: Vec<usize> = (0..planned.len()).collect();
        let work = Work {
            arguments: &[],
            folder: &self.folder.join("cells"),
            jobs: self.arguments.jobs.map_or_else(|| cells::cores_for(planned.iter().copied()), usize::from),
            interrupter: self.interrupter,
            name: &|index| {
                format!("trial {}, fold {} of {}", running[index / self.folds], index % self.folds + 1, self.folds)
            },
            shown: &|summary| match headline(&summary.valid) {
                Some((metric, value)) => format!("{} {value:.4}", metric.name),
                None => "no score".into(),
            },
            force: false,
            claims: None,
        };
        let outcomes = cells::run(&planned, &order, &work)?;
        if self.interrupter.should_stop() {
            fail("stopped; give the same command again to go on");
            std::process::exit(INTERRUPTED);
        }
        let mut scores = Vec::new();
        for outcome in outcomes {
            match outcome {
                Some(Ok(summary)) => scores.push((summary.n_valid, summary.valid)),
                Some(Err(failure)) => {
                    return Err(failure.error(
                        "a trial failed",
                        "narrow the space (`--space`), and give the command again: finished runs are not run twice",
                    ));
                }
                None => return Err(Error::runtime("a trial was not run", "give the command again")),
            }
        }
        Ok(scores.chunks(self.folds).map(CrossValidation::of).collect())
    }
}

/// Writes the best config, and says what its lead is worth.
fn say(table: &Table, trials: &[Trial], folder: &Path, labels: usize) -> Result<(), Error> {
    let (Some(best), Some(own)) = (table.trials.first(), table.trials.iter().find(|row| row.trial == 0)) else {
        return Ok(());
    };
    if best.trial == 0 || best.mean == own.mean {
        tell(format!(
            "nothing did better than the config as it is ({} {:.4}); no config is written",
            table.metric, own.mean
        ));
        return Ok(());
    }
    let path = folder.join("best.toml");
    let config = &trials[best.trial].config;
    let text = toml::to_string(config)
        .map_err(|error| Error::runtime(format!("the config cannot be written: {error}"), "please report this"))?;
    write_atomic(&path, text.as_bytes())?;
    let changed: Vec<String> =
        trials[best.trial].settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    tell(format!(
        "trial {} is best: {} {:.4} against {:.4} as it is, on {labels} labels in {} folds (a deviation of {:.4} from \
         fold to fold): {}",
        best.trial,
        table.metric,
        best.mean,
        own.mean,
        table.folds,
        own.deviation,
        changed.join(", ")
    ));
    tell(format!("wrote {}; train it with `semiseq train {}`", path.display(), path.display()));
    Ok(())
}
