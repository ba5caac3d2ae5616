//! Reads a config strictly: files, `extends`, `--set`, then every mistake at once, and ranges after.

use std::path::Path;

use semiseq_schema::Problem;
use toml::{Table, Value};

use crate::config::RunConfig;
use crate::config::files::{Loaded, lift_weights, load, parse, placed};
use crate::config::mistakes::{deserialize_all, lies_in};
use crate::config::overrides::apply_override;
use crate::config::paths::make_whole;
use crate::config::spans::{Places, join};
use crate::error::{ConfigProblem, Error};
use crate::recipe::{ModelSettings, ObjectiveSettings};

impl RunConfig {
    /// Reads the config at `path`. Relative paths in it become whole ones, as seen from its folder.
    ///
    /// # Errors
    ///
    /// Every mistake with file, line and key.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read_as(path.as_ref(), &[])
    }

    /// As [`RunConfig::read`], with `--set` overrides (`key=value`) applied before checking; their relative paths are
    /// as seen from where the program runs.
    ///
    /// # Errors
    ///
    /// As [`RunConfig::read`].
    pub fn read_with(path: impl AsRef<Path>, overrides: &[String]) -> Result<Self, Error> {
        Self::read_as(path.as_ref(), overrides)
    }

    /// As [`RunConfig::read_with`], with overrides whose paths are relative to `folder`: those of a grid file.
    ///
    /// # Errors
    ///
    /// As [`RunConfig::read`].
    pub fn read_from(path: &Path, overrides: &[String], folder: &Path) -> Result<Self, Error> {
        read_file(path, overrides, folder)
    }

    /// Reads a config from text, with overrides; `file` names it in messages, and the run where the text does not.
    /// Paths are relative to where the program runs.
    ///
    /// # Errors
    ///
    /// Every mistake with line and key.
    pub fn parse(file: &str, text: &str, overrides: &[String]) -> Result<Self, Error> {
        Self::parse_as(file, text, overrides)
    }
}

impl<M: ModelSettings, O: ObjectiveSettings> RunConfig<M, O> {
    /// As [`RunConfig::read_with`], for a model or an objective of one's own.
    ///
    /// # Errors
    ///
    /// As [`RunConfig::read`].
    pub fn read_as(path: &Path, overrides: &[String]) -> Result<Self, Error> {
        read_file(path, overrides, Path::new(""))
    }

    /// As [`RunConfig::parse`], for a model or an objective of one's own.
    ///
    /// # Errors
    ///
    /// As [`RunConfig::parse`].
    pub fn parse_as(file: &str, text: &str, overrides: &[String]) -> Result<Self, Error> {
        let mut loaded = Loaded { table: parse(file, text)?, places: Places::of(file, text), misplaced: Vec::new() };
        lift_weights(&mut loaded.table, &mut loaded.places);
        name_by_file(&mut loaded.table, Path::new(file));
        finish(loaded, overrides, Path::new(""))
    }
}

/// An error that begins with a key of the config at `path`, with the line where the key stands, or with `--set`.
pub fn located(error: Error, path: &Path, overrides: &[String]) -> Error {
    let (message, hint) = match &error {
        Error::Data(data) if data.count() == 1 => (data.to_string(), data.hint().to_string()),
        Error::Input { message, hint } => (message.clone(), hint.clone()),
        _ => return error,
    };
    let Some(key) = message.strip_prefix('`').and_then(|rest| rest.split(['`', ' ']).next()) else { return error };
    let Ok(Loaded { mut table, mut places, .. }) = load(path) else { return error };
    for text in overrides {
        if apply_override(&mut table, &mut places, text).is_err() {
            return error;
        }
    }
    match places.own(key).cloned() {
        Some(place) => Error::Config(vec![ConfigProblem { place, message, hint: Some(hint) }]),
        None => error,
    }
}

fn read_file<M: ModelSettings, O: ObjectiveSettings>(
    path: &Path,
    overrides: &[String],
    folder: &Path,
) -> Result<RunConfig<M, O>, Error> {
    let mut loaded = load(path)?;
    name_by_file(&mut loaded.table, path);
    finish(loaded, overrides, folder)
}

/// Calls a run that has no name by its file.
fn name_by_file(table: &mut Table, path: &Path) {
    if !table.contains_key("name") {
        let stem = path.file_stem().map_or("run".into(), |stem| stem.to_string_lossy().into_owned());
        table.insert("name".into(), Value::String(stem));
    }
}

fn finish<M: ModelSettings, O: ObjectiveSettings>(
    loaded: Loaded,
    overrides: &[String],
    folder: &Path,
) -> Result<RunConfig<M, O>, Error> {
    let Loaded { mut table, mut places, mut misplaced } = loaded;
    for text in overrides {
        apply_override(&mut table, &mut places, text)?;
    }
    lift_weights(&mut table, &mut places);
    misplaced.extend(make_whole(&mut table, folder));
    let mut problems: Vec<Problem> = misplaced.iter().filter_map(|misplaced| misplaced.problem(&table)).collect();
    let (config, mistakes, touched) = deserialize_all::<RunConfig<M, O>>(Value::Table(table), &mut places);
    problems.extend(mistakes);
    if let Some(config) = config {
        let noted: Vec<String> = problems.iter().map(|problem| problem.key.clone()).collect();
        // A length that was taken out because of its type is not missing.
        let lacks_length = |key: &str| ["epochs", "steps"].iter().any(|length| noted.contains(&join(key, length)));
        let is_news = |problem: &Problem| {
            let consequence = problem.message.starts_with("needs `epochs`") && lacks_length(&problem.key);
            !consequence && !noted.contains(&problem.key) && !touched.iter().any(|key| lies_in(&problem.key, key))
        };
        problems.extend(config.check().into_iter().filter(is_news));
        if problems.is_empty() {
            return Ok(config.with_something_to_stop_by());
        }
    }
    Err(Error::Config(problems.into_iter().map(|problem| placed(problem, &places)).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::Config;

    use super::*;

    const GOOD: &str = r#"name = "t"
[data]
source = "cbf"
[model.classifier.encoder.gru]
hidden = 8
[[stage]]
epochs = 2
[stage.objective.supervised]
[[stage]]
epochs = 3
[stage.objective.mean-teacher]
weight = 8.0
"#;

    fn problems(text: &str, overrides: &[&str]) -> Vec<ConfigProblem> {
        let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
        match RunConfig::parse("t.toml", text, &overrides) {
            Err(Error::Config(problems)) => problems,
            other => panic!("expected problems, got {other:?}"),
        }
    }

    /// All mistakes as the program prints them.
    fn told(text: &str, overrides: &[&str]) -> String {
        let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
        RunConfig::parse("t.toml", text, &overrides).unwrap_err().in_full()
    }

    #[test]
    fn a_good_config_reads_and_round_trips() {
        let config = RunConfig::parse("t.toml", GOOD, &[]).unwrap();
        assert_eq!(config.stages.len(), 2);
        let text = toml::to_string(&config).unwrap();
        assert_eq!(RunConfig::parse("again.toml", &text, &[]).unwrap(), config);
    }

    #[test]
    fn all_mistakes_are_reported_with_their_lines() {
        let text = GOOD
            .replace("weight = 8.0", "weigth = 8.0")
            .replace("hidden = 8", "hidden = \"eight\"")
            .replace("epochs = 2", "epochs = 0");
        insta::assert_snapshot!(told(&text, &[]).replace("model.classifier.", "… "), @r#"
            t.toml:5: `… encoder.gru.hidden` has the wrong type: string "eight", expected a whole number of at least 0

            error: t.toml:12: `stage.1.objective.mean-teacher.weigth` is not a key that semiseq knows

            hint: did you mean `weight`?

            error: t.toml:7: `stage.0.epochs` must be at least 1, got 0
            "#);
    }

    #[test]
    fn a_name_is_one_folder() {
        let named = |name: &str| GOOD.replace("name = \"t\"", &format!("name = \"{name}\""));
        for name in ["", " ", "a/b", "..", r"a\nb", r"\u001b[31m"] {
            let found = problems(&named(name), &[]);
            assert_eq!((found.len(), &found[0].place[..]), (1, "t.toml:1"), "{name}: {found:?}");
            assert!(found[0].message.contains("must be a plain folder name"), "{found:?}");
            assert!(!found[0].message.contains(char::is_control), "{found:?}");
        }
        assert_eq!(RunConfig::parse("t.toml", &named("été 1"), &[]).unwrap().name, "été 1");
    }

    #[test]
    fn an_unknown_choice_suggests_the_nearest() {
        insta::assert_snapshot!(told(&GOOD.replace("mean-teacher", "mean-techer"), &[]), @r#"
            t.toml:11: `stage.1.objective.mean-techer` is not a key that semiseq knows

            hint: did you mean `mean-teacher`?
            "#);
    }

    #[test]
    fn set_overrides_before_checking() {
        let overrides = ["stage.1.objective.mean-teacher.weight=4".to_string(), "data.source=two-patterns".to_string()];
        let config = RunConfig::parse("t.toml", GOOD, &overrides).unwrap();
        assert_eq!(config.data.source, "two-patterns");
        assert!(toml::to_string(&config).unwrap().contains("weight = 4.0"));
        assert_eq!(problems(GOOD, &["stage.1.epochs=0"])[0].place, "--set stage.1.epochs");
    }

    #[test]
    fn a_length_on_the_command_line_replaces_the_files() {
        let config = RunConfig::parse("t.toml", GOOD, &["stage.1.steps=7".to_string()]).unwrap();
        assert_eq!((config.stages[1].steps, config.stages[1].epochs), (Some(7), None));
        insta::assert_snapshot!(told(GOOD, &["stage.1.steps=7", "stage.1.epochs=2"]), @r#"
            --set stage.1.steps: `stage.1.steps` stands beside `epochs`; only one of them may

            hint: remove one of the two
            "#);
    }

    #[test]
    fn a_choice_of_another_name_is_one_mistake_whatever_it_asks_for() {
        // `convolutional` asks for a height; the file never named it.
        insta::assert_snapshot!(told(&GOOD.replace("encoder.gru", "encoder.cnn"), &[]), @r#"
            t.toml:4: `model.classifier.encoder.cnn` is not a key that semiseq knows

            hint: did you mean `convolutional`?
            "#);
    }

    #[test]
    fn a_value_in_place_of_a_table_is_one_mistake() {
        let text = format!("{GOOD}[stage.optimizer]\nadam = 0.1\n");
        insta::assert_snapshot!(told(&text, &[]), @r#"
            t.toml:14: `stage.1.optimizer.adam` is a table of settings, and no value

            hint: write `[stage.optimizer.adam]` and its keys below that line
            "#);
    }

    #[test]
    fn early_stopping_keeps_a_validation_part_where_the_file_says_nothing_of_one() {
        let stopping = |data: &str| {
            let text = GOOD.replace("source = \"cbf\"", &format!("source = \"cbf\"\n{data}"));
            let set = ["stage.1.early_stopping.metric=valid.loss".to_string()];
            RunConfig::parse("t.toml", &text, &set).unwrap().data.validation_fraction()
        };
        assert_eq!(stopping(""), 0.2);
        for said in ["validation = \"none\"", "valid_fraction = 0.0", "valid = \"v.csv\""] {
            assert_eq!(stopping(said), 0.0, "{said}");
        }
        assert_eq!(stopping("validation = 0.3"), 0.3);
        assert_eq!(
            RunConfig::parse("t.toml", GOOD, &[]).unwrap().data.validation_fraction(),
            0.0,
            "no label is spent unasked"
        );
    }

    #[test]
    fn a_list_in_set_wants_a_number() {
        insta::assert_snapshot!(told(GOOD, &["stage.7.epochs=1"]), @r#"
            --set stage.7.epochs=1: `stage` is a list of 2; name one of them by its number, counted from 0

            hint: write it as `--set stage.0.optimizer.adam.lr=1e-3`
            "#);
    }

    #[test]
    fn a_stage_with_one_bracket_and_a_missing_table_hide_no_other_mistake() {
        let text = "[data]\nsource = \"cbf\"\n[stage]\nepochs = 0\n[stage.objective.supervised]\n";
        insta::assert_snapshot!(told(text, &[]), @r#"
            t.toml:3: `stage` is one table, and a run has a list of stages

            hint: write `[[stage]]`, with two brackets, above each stage; `[stage.objective.…]` keeps one

            error: t.toml: `model` is missing

            hint: add a model, for example `[model.classifier.encoder.lstm]`

            error: t.toml:3: `stage.0.epochs` must be at least 1, got 0
            "#);
    }

    /// A config that holds something of each kind of key.
    const RICH: &str = r#"name = "t"
seed = 3
backend = "flex"
devices = [0]
[data]
source = "cbf"
size = 90
valid_fraction = 0.2
[data.labels]
per_class = 4
[data.transform]
normalize = "series"
resample = 16
[data.augment]
strong = [{ jitter = { deviation = 0.05 } }, { cutout = {} }]
[model.classifier]
pooling = "mean"
dropout = 0.2
[model.classifier.encoder.gru]
hidden = 6
layers = 2
[[stage]]
epochs = 2
[stage.objective.autoencoder]
hidden = 6
[[stage]]
epochs = 4
batch_size = 6
early_stopping = { metric = "valid.accuracy", patience = 3 }
layers = { encoder = { frozen_epochs = 1, lr_factor = 0.5 } }
[stage.objective.mean-teacher]
weight = 8.0
[stage.optimizer.adam]
lr = 1e-2
[stage.schedule.cosine]
warmup = 0.1
[baseline]
enabled = true
"#;

    const VALUES: [&str; 16] = [
        "-1",
        "0",
        "9223372036854775807",
        "-9223372036854775808",
        "1e308",
        "nan",
        "-inf",
        "true",
        "\"\"",
        "\"x\\u0000\"",
        "[]",
        "{}",
        "[[]]",
        "{ a = { b = 1 } }",
        "1979-05-27",
        "\"mean-teacher\"",
    ];

    proptest::proptest! {
        #![proptest_config(Config { cases: 3_000, failure_persistence: None, ..Config::default() })]

        /// Whatever is changed in a config, it is read, or refused with a place; what is read says itself again.
        #[test]
        fn changed_configs_are_read_or_refused(
            changes in proptest::collection::vec((0..6u8, 0..64usize, 0..64usize, 0..VALUES.len()), 1..5)
        ) {
            let mut lines: Vec<String> = RICH.lines().map(str::to_string).collect();
            for (kind, first, second, value) in changes {
                let (first, second) = (first % lines.len().max(1), second % lines.len().max(1));
                match kind {
                    _ if lines.is_empty() => break,
                    0 => drop(lines.remove(first)),
                    1 => lines.swap(first, second),
                    2 => lines.insert(second, lines[first].clone()),
                    3 => {
                        if let Some((key, _)) = lines[first].clone().split_once('=') {
                            lines[first] = format!("{key}= {}", VALUES[value]);
                        }
                    }
                    4 => {
                        let place = second % lines[first].len().max(1);
                        if lines[first].is_ascii() && !lines[first].is_empty() {
                            lines[first].remove(place);
                        }
                    }
                    _ => {
                        let place = second % (lines[first].len() + 1);
                        if lines[first].is_ascii() {
                            lines[first].insert_str(place, VALUES[value]);
                        }
                    }
                }
            }
            match RunConfig::parse("t.toml", &lines.join("\n"), &[]) {
                Ok(config) => {
                    let text = toml::to_string(&config).unwrap();
                    proptest::prop_assert_eq!(RunConfig::parse("again.toml", &text, &[]).unwrap(), config);
                }
                Err(Error::Config(problems)) => {
                    proptest::prop_assert!(!problems.is_empty());
                    for problem in problems {
                        proptest::prop_assert!(problem.place.starts_with("t.toml"), "{:?}", problem);
                        proptest::prop_assert!(!problem.message.is_empty());
                    }
                }
                Err(other) => proptest::prop_assert!(false, "{}", other),
            }
        }
    }
}
