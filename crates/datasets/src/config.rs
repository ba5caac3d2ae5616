//! `[data]`: where sequences come from, which labels may be seen, how values are prepared.

use std::path::{Path, PathBuf};

use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::augment::AugmentConfig;
use crate::error::DataError;
use crate::formats;
use crate::formula::FORMULAS;
use crate::sequence::Sequence;
use crate::windows::WindowsConfig;

/// `[data]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// A built-in name (`semiseq data list`), or the path of a file or folder.
    pub source: String,
    /// The format, where the name does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The training part, in place of `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<PathBuf>,
    /// A validation part; otherwise `valid_fraction` of the training part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// A test part; otherwise the source's own, or what the `test_…` keys say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<PathBuf>,
    /// More sequences, whose labels (if any) are not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlabeled: Option<PathBuf>,
    /// Column that holds the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Column that holds the label or number. Default: `label`, `target`, `class`, `y` or `category`; else one of a few classes,
    /// or the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Columns to use; for text, columns to join.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Column that tells which series a row of a long table belongs to. Default: looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Column of the time of a row, in a long table or a recording. Default: looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Whether the first row of a CSV holds names. Default: looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Part of the training part that is kept for validation, in [0, 1). Default 0.2.
    pub valid_fraction: f64,
    /// Part that becomes the test part where the data has none, in (0, 1). Default 0.2.
    pub test_fraction: f64,
    /// The last so many rows are the test part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_last: Option<usize>,
    /// Every so-manieth row of each class is the test part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_every: Option<usize>,
    /// Join the source's training and test part and draw the test part from both.
    pub join: bool,
    /// Bytes that are read of a file at most, unpacked. Default: 4 GiB (4294967296) of a packed file, of a pipe and of standard
    /// input; a plain file is read as large as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// Training sequences of a data set made by formula.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Seeds the validation and test split.
    pub seed: u64,
    /// Which labels may be seen; absent: all.
    pub labels: LabelsConfig,
    /// Cuts long recordings into windows, for forecasting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsConfig>,
    /// How sequences are prepared.
    pub transform: TransformConfig,
    /// The weak and the strong view.
    pub augment: AugmentConfig,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: String::new(),
            format: None,
            train: None,
            valid: None,
            test: None,
            unlabeled: None,
            text: None,
            target: None,
            features: Vec::new(),
            id: None,
            time: None,
            header: None,
            valid_fraction: 0.2,
            test_fraction: 0.2,
            test_last: None,
            test_every: None,
            join: false,
            max_bytes: None,
            size: None,
            seed: 0,
            labels: LabelsConfig::default(),
            windows: None,
            transform: TransformConfig::default(),
            augment: AugmentConfig::default(),
        }
    }
}

/// `[data.labels]`: at most one of `per_class`, `total`, `fraction` and `file`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabelsConfig {
    /// Labels of each class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_class: Option<usize>,
    /// Labels in all, shared out as the classes are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Part of the training labels, in (0, 1].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    /// A `split.json` of an earlier run, or of `semiseq data split`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The split's own seed.
    pub seed: u64,
    /// A label that means unlabelled, such as `"-1"`, beside empty cells, `?`, `NaN`, `NA`, `N/A` and `null`, which always do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Long tail: the largest class over the smallest, at least 1; class sizes fall exponentially.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<f64>,
}

/// `[data.transform]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformConfig {
    /// `none`, `series` (each series and channel to mean 0, deviation 1) or `channel` (each channel by
    /// the training part's mean and deviation). Default `channel`.
    pub normalize: Normalize,
    /// Resample each series to so many steps, by straight lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resample: Option<usize>,
    /// Cut sequences after so many steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<usize>,
    /// Fill series with zeros up to so many steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<usize>,
    /// For text: `word`, `character`, or the path of a Hugging Face `tokenizer.json`. Chinese, Japanese, Thai and other scripts
    /// without spaces are cut into characters in any case.
    pub tokenize: TextUnit,
    /// For text: tokens seen less often in the training part become `<unk>`. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_frequency: Option<usize>,
    /// For text: at most so many tokens in the vocabulary, the commonest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<usize>,
}

/// How values are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalize {
    /// Left as they are.
    None,
    /// Each series and channel by its own mean and deviation.
    Series,
    /// Each channel by the training part's mean and deviation.
    #[default]
    Channel,
}

/// What a token of text is: a word, a character, or an entry of a `tokenizer.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TextUnit(pub String);

impl Default for TextUnit {
    fn default() -> Self {
        Self("word".into())
    }
}

impl DataConfig {
    /// Notes every value out of range; `path` is the key of the table.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note = |key: &str, message: String, hint: &str| {
            problems.push(Problem {
                key: format!("{path}.{key}"),
                message,
                hint: (!hint.is_empty()).then(|| hint.to_string()),
            })
        };
        if self.source.is_empty() && self.train.is_none() {
            note(
                "source",
                "is missing".into(),
                "name a built-in set, for example `source = \"cbf\"`, or the path of your data",
            );
        }
        if !(0.0..1.0).contains(&self.valid_fraction) {
            note("valid_fraction", format!("must be in [0, 1), got {}", self.valid_fraction), "0.2 is usual");
        }
        if !(self.test_fraction > 0.0 && self.test_fraction < 1.0) {
            note("test_fraction", format!("must be in (0, 1), got {}", self.test_fraction), "0.2 is usual");
        }
        if self.test_every.is_some_and(|every| every < 2) {
            note("test_every", "must be at least 2".into(), "10 makes every tenth row a test row");
        }
        if self.max_bytes == Some(0) {
            note("max_bytes", "must be at least 1, got 0".into(), "leave the key out for the default, 4 GiB");
        }
        if self.size == Some(0) {
            note("size", "must be at least 1, got 0".into(), "");
        }
        let by_formula = self.train.is_none() && FORMULAS.iter().any(|formula| formula.name == self.source);
        for (key, given) in [
            ("format", self.format.is_some()),
            ("text", self.text.is_some()),
            ("target", self.target.is_some()),
            ("features", !self.features.is_empty()),
            ("header", self.header.is_some()),
        ] {
            if given && by_formula && self.valid.is_none() && self.unlabeled.is_none() {
                note(key, format!("is for files, and has no effect on `{}`", self.source), "remove the key");
            }
        }
        // Other parts may be tables.
        let alone = self.train.is_none() && self.valid.is_none() && self.test.is_none() && self.unlabeled.is_none();
        let columnless =
            alone && (self.format.as_deref().or_else(|| formats::by_ending(Path::new(&self.source)))) == Some("ts");
        for (key, given) in [
            ("text", self.text.is_some()),
            ("target", self.target.is_some()),
            ("features", !self.features.is_empty()),
            ("id", self.id.is_some()),
            ("time", self.time.is_some()),
            ("header", self.header.is_some()),
        ] {
            if given && columnless {
                note(key, "is for tables, and a `.ts` file has no columns".into(), "remove the key");
            }
        }
        if let Some(format) = &self.format
            && !formats::FORMATS.iter().any(|known| known.name == format)
        {
            let names: Vec<&str> = formats::FORMATS.iter().map(|known| known.name).collect();
            note("format", format!("`{format}` is not known"), &format!("known formats: {}", names.join(", ")));
        }
        self.transform.check(&format!("{path}.transform"), problems);
        if let Some(windows) = &self.windows {
            windows.check(&format!("{path}.windows"), self, problems);
        }
        self.labels.check(&format!("{path}.labels"), problems);
        self.augment.check(&format!("{path}.augment"), problems);
    }
}

impl TransformConfig {
    /// Refuses a key that has no effect on data of this kind: whoever wrote it expects one.
    pub(crate) fn check_effect(&self, name: &str, first: &Sequence) -> Result<(), DataError> {
        let tokens = self.tokenize != TextUnit::default();
        let of_text = [
            ("tokenize", tokens),
            ("min_frequency", self.min_frequency.is_some()),
            ("vocabulary", self.vocabulary.is_some()),
        ];
        let scales = !matches!(self.normalize, Normalize::Channel | Normalize::None);
        let of_series = [("normalize", scales), ("resample", self.resample.is_some()), ("pad", self.pad.is_some())];
        let given = |keys: &[(&'static str, bool)]| keys.iter().find(|(_, given)| *given).map(|(key, _)| *key);
        let (holds, void, effect) = match first {
            Sequence::Series(_) | Sequence::Window(_) => ("series", given(&of_text), "text"),
            Sequence::Text(_) => ("text", given(&of_series), "series"),
            Sequence::Tokens(_) => {
                ("tokens with numbers of their own", given(&of_series).or_else(|| given(&of_text)), "other data")
            }
        };
        match void {
            None => Ok(()),
            Some(key) => Err(DataError::new(
                format!("`data.transform.{key}` is for {effect}, and {name} holds {holds}"),
                "remove the key: it would have no effect; or name a column of the other kind with `data.text` or `data.features`",
            )),
        }
    }

    /// Notes every value out of range; `path` is the key of the table.
    pub fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note =
            |key: &str, message: String| problems.push(Problem { key: format!("{path}.{key}"), message, hint: None });
        for (key, value) in [
            ("resample", self.resample),
            ("truncate", self.truncate),
            ("pad", self.pad),
            ("min_frequency", self.min_frequency),
            ("vocabulary", self.vocabulary),
        ] {
            if value == Some(0) {
                note(key, "must be at least 1, got 0".into());
            }
        }
    }
}

impl LabelsConfig {
    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note = |key: &str, message: String, hint: &str| {
            problems.push(Problem { key: format!("{path}.{key}"), message, hint: Some(hint.to_string()) })
        };
        let given = [
            ("per_class", self.per_class.is_some()),
            ("total", self.total.is_some()),
            ("fraction", self.fraction.is_some()),
            ("file", self.file.is_some()),
        ];
        let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect();
        if let [first, second, ..] = given[..] {
            note(
                second,
                format!("stands beside `{first}`; only one of them may"),
                "keep one of `per_class`, `total`, `fraction` and `file`",
            );
        }
        for (key, value) in [("per_class", self.per_class), ("total", self.total)] {
            if value == Some(0) {
                note(key, "must be at least 1, got 0".into(), "leave the key out to use all labels");
            }
        }
        if self.fraction.is_some_and(|fraction| !(fraction > 0.0 && fraction <= 1.0)) {
            note(
                "fraction",
                format!("must be in (0, 1], got {}", self.fraction.unwrap_or_default()),
                "0.05 is five in a hundred",
            );
        }
        if self.imbalance.is_some_and(|imbalance| imbalance.is_nan() || imbalance < 1.0) {
            note("imbalance", "must be at least 1".into(), "10 makes the largest class ten times the smallest");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_columns_are_refused_where_there_are_none() {
        let problems = |source: &str| {
            let config = DataConfig {
                source: source.into(),
                target: Some("x".into()),
                time: Some("t".into()),
                ..DataConfig::default()
            };
            let mut problems = Vec::new();
            config.check("data", &mut problems);
            problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert_eq!(problems("a.ts"), ["data.target", "data.time"]);
        assert_eq!(problems("a.csv"), [""; 0]);
    }
}
