//! `[data]`: where sequences come from, which labels may be seen, how values are prepared.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::augment::AugmentConfig;
use crate::files::Files;
use crate::formats;
use crate::packed::Packed;
use crate::preparation::labels::LabelsConfig;
use crate::preparation::segment::SegmentConfig;
use crate::preparation::sessions::SessionsConfig;
use crate::preparation::transform::{Normalize, TextUnit, TransformConfig};
use crate::preparation::windows::WindowsConfig;
use crate::sources::synthetic::FORMULAS;

/// `[data]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// A built-in name (`semiseq data list`), the path of a file or folder, or a pattern such as `"part-*.csv"`, whose
    /// files are read as one.
    pub source: String,
    /// The format, where the name does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The training part, in place of `source`: a path, a pattern, or a list of paths that are read as one. So are the
    /// other parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<Files>,
    /// A validation part; otherwise what `validation` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<Files>,
    /// A test part; otherwise the source's own, or what the `test_…` keys say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Files>,
    /// More sequences, whose labels (if any) are not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlabeled: Option<Files>,
    /// Column that holds the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Column that holds the label or number. Default: `label`, `target`, `class`, `y` or `category`; else one of a few
    /// classes, or the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Columns to use; for text, columns to join.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Column that tells which series a row of a long table belongs to; in other tables, what a row is called. Either
    /// travels to what `predict` writes. Default: looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Column of the time of a row, in a long table or a recording. Default: looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Whether the first row of a CSV holds names. Default: looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// The order of the axes of NumPy's arrays: `n` sequences, `t` time, `c` channels. Default: `"ntc"`, `"nt"` or
    /// `"t"` by their number; aeon and sktime write `"nct"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axes: Option<String>,
    /// What is kept of the training part for validation: `"none"`, or a fraction in (0, 1). Labels that choose an epoch
    /// are labels spent, so the default is `"none"`, and 0.2 in a config whose stages stop early. `"cross"` keeps
    /// nothing either: the run also learns from all folds of the labelled part but one, each in turn, and says how it
    /// does on those left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// The older spelling of `validation`, in [0, 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_fraction: Option<f64>,
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
    /// Bytes that are read of a file at most, unpacked. Default: 4 GiB (4294967296) of a packed file, of a pipe and of
    /// standard input; a plain file is read as large as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// More than memory holds: `true` reads the data row by row and keeps what is prepared in packed files in a folder
    /// of your cache (`semiseq/packed` in `$XDG_CACHE_HOME` or `~/.cache`), which the next runs find; a path names
    /// another folder; `false` reads everything into memory. Default: `true` where the sources are of 1 GiB or more.
    /// For CSV, TSV and JSON lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packed: Option<Packed>,
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
    /// Makes sessions of a table of users, items and times, for recommendation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionsConfig>,
    /// Cuts recordings of signals into sequences with what is noted in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<SegmentConfig>,
    /// How sequences are prepared.
    pub transform: TransformConfig,
    /// The weak and the strong view.
    pub augment: AugmentConfig,
}

/// `validation = "none"`, `"cross"`, or a fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Validation {
    /// Nothing is kept for validation.
    None,
    /// This part of the training part, drawn class by class.
    Fraction(f64),
    /// Nothing is kept; runs on folds of the labelled part are scored.
    Cross,
}

impl JsonSchema for Validation {
    fn schema_name() -> Cow<'static, str> {
        "Validation".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "enum": ["none", "cross"] }, { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }]
        })
    }
}

impl Serialize for Validation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Fraction(fraction) => serializer.serialize_f64(*fraction),
            Self::Cross => serializer.serialize_str("cross"),
        }
    }
}

impl<'de> Deserialize<'de> for Validation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Validation;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"none\", \"cross\" or a fraction of the training part")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Validation, E> {
                match text {
                    "none" => Ok(Validation::None),
                    "cross" => Ok(Validation::Cross),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_f64<E: serde::de::Error>(self, fraction: f64) -> Result<Validation, E> {
                Ok(if fraction == 0.0 { Validation::None } else { Validation::Fraction(fraction) })
            }

            fn visit_i64<E: serde::de::Error>(self, fraction: i64) -> Result<Validation, E> {
                self.visit_f64(fraction as f64)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
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
            axes: None,
            validation: None,
            valid_fraction: None,
            test_fraction: 0.2,
            test_last: None,
            test_every: None,
            join: false,
            max_bytes: None,
            packed: None,
            size: None,
            seed: 0,
            labels: LabelsConfig::default(),
            windows: None,
            sessions: None,
            segment: None,
            transform: TransformConfig::default(),
            augment: AugmentConfig::default(),
        }
    }
}

impl DataConfig {
    /// The fraction of the training part that is kept for validation.
    pub fn validation_fraction(&self) -> f64 {
        match self.validation {
            Some(Validation::Fraction(fraction)) => fraction,
            Some(Validation::None | Validation::Cross) => 0.0,
            None => self.valid_fraction.unwrap_or(0.0),
        }
    }

    /// The same data with nothing kept for validation, neither a file nor a part.
    #[must_use]
    pub fn without_validation(self) -> Self {
        Self { valid: None, validation: Some(Validation::None), valid_fraction: None, ..self }
    }

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
        if let Some(fraction) = self.valid_fraction.filter(|fraction| !(0.0..1.0).contains(fraction)) {
            note("valid_fraction", format!("must be in [0, 1), got {fraction}"), "0.2 is usual");
        }
        if let Some(Validation::Fraction(fraction)) = self.validation
            && !(fraction > 0.0 && fraction < 1.0)
        {
            note("validation", format!("must be \"none\", \"cross\" or in (0, 1), got {fraction}"), "0.2 is usual");
        }
        if self.validation.is_some() && self.valid_fraction.is_some() {
            note("valid_fraction", "is the older spelling of `validation`, which is given too".into(), "remove it");
        }
        let folds = [
            ("validation", self.validation == Some(Validation::Cross), "\"cross\""),
            ("labels.fold", self.labels.fold.is_some(), "a fold"),
        ];
        for (key, _, shown) in folds.into_iter().filter(|(_, given, _)| *given) {
            if self.valid.is_some() {
                note(key, format!("{shown} stands beside a validation part, `{path}.valid`"), "keep one of them");
            }
            if self.windows.is_some() {
                note(key, format!("{shown} cuts labels, and windows have none"), "use `data.windows.split`");
            }
        }
        if self.labels.fold.is_some()
            && (self.validation_fraction() > 0.0 || self.validation == Some(Validation::Cross))
        {
            note("labels.fold", "is a validation part, and `validation` asks for another".into(), "keep one of them");
        }
        if !(self.test_fraction > 0.0 && self.test_fraction < 1.0) {
            note("test_fraction", format!("must be in (0, 1), got {}", self.test_fraction), "0.2 is usual");
        }
        if self.test_every.is_some_and(|every| every < 2) {
            note("test_every", "must be at least 2".into(), "10 makes every tenth row a test row");
        }
        let drawn = [("test_last", self.test_last.is_some()), ("test_every", self.test_every.is_some())];
        for (key, _) in drawn.into_iter().filter(|(_, given)| *given && self.labels.group.is_some()) {
            note(key, "draws single rows, and `labels.group` keeps groups whole".into(), "write `test_fraction`");
        }
        if self.labels.group.is_some() && self.windows.is_some() {
            note("labels.group", "keeps rows together, and windows are cut by time".into(), "remove the key");
        }
        if self.labels.unlabeled_imbalance.is_some() {
            let of_classes = "goes by the classes of the training part's own rows";
            for (key, given) in [
                ("unlabeled", self.unlabeled.is_some()),
                ("windows", self.windows.is_some()),
                ("sessions", self.sessions.is_some()),
            ] {
                if given {
                    note(
                        "labels.unlabeled_imbalance",
                        format!("{of_classes}, beside `{path}.{key}`"),
                        "keep one of them",
                    );
                }
            }
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
            ("id", self.id.is_some()),
            ("time", self.time.is_some()),
            ("axes", self.axes.is_some()),
            ("max_bytes", self.max_bytes.is_some()),
            ("segment", self.segment.is_some()),
            ("labels.missing", self.labels.missing.is_some()),
            ("labels.separator", self.labels.separator.is_some()),
        ] {
            if given && by_formula && self.valid.is_none() && self.unlabeled.is_none() {
                note(key, format!("is for files, and has no effect on `{}`", self.source), "remove the key");
            }
        }
        if let Some(format) = &self.format
            && !formats::FORMATS.iter().any(|known| known.name == format)
        {
            let names: Vec<&str> = formats::FORMATS.iter().map(|known| known.name).collect();
            note("format", format!("`{format}` is not known"), &format!("known formats: {}", names.join(", ")));
        }
        let axes = |axes: &String| {
            let once = |axis| axes.matches(axis).count();
            axes.len() == once('n') + once('t') + once('c') && once('t') == 1 && once('n') < 2 && once('c') < 2
        };
        if let Some(axes) = self.axes.as_ref().filter(|given| !axes(given)) {
            let hint = "\"ntc\" are sequences, time, channels; \"nct\" is how aeon writes them";
            note("axes", format!("names each axis once, `t` always, and got `{axes}`"), hint);
        }
        self.transform.check(&format!("{path}.transform"), problems);
        if let Some(windows) = &self.windows {
            check_windows(windows, &format!("{path}.windows"), self, problems);
        }
        if let Some(sessions) = &self.sessions {
            sessions.check(&format!("{path}.sessions"), problems);
            check_sessions(path, self, problems);
        }
        if let Some(segment) = &self.segment {
            segment.check(&format!("{path}.segment"), problems);
        }
        self.labels.check(&format!("{path}.labels"), problems);
        self.augment.check(&format!("{path}.augment"), problems);
    }
}

/// Notes what in `data`, whose key is `path`, does nothing beside `[data.sessions]`.
fn check_sessions(path: &str, data: &DataConfig, problems: &mut Vec<Problem>) {
    let columns = "columns are named in `[data.sessions]`";
    let split = "use `data.sessions.split`, `data.test_fraction` and `data.validation`";
    let none = "sessions have no label";
    for (key, given, hint) in [
        ("text", data.text.is_some(), columns),
        ("target", data.target.is_some(), columns),
        ("features", !data.features.is_empty(), columns),
        ("id", data.id.is_some(), columns),
        ("time", data.time.is_some(), columns),
        ("unlabeled", data.unlabeled.is_some(), "name all files in `train`"),
        ("test_last", data.test_last.is_some(), split),
        ("test_every", data.test_every.is_some(), split),
        ("join", data.join, split),
        ("windows", data.windows.is_some(), "leave one of the two tables out"),
        ("labels", data.labels != LabelsConfig::default(), none),
        ("transform.tokenize", data.transform.tokenize != TextUnit::default(), "a token is an item"),
    ] {
        if given {
            let message = "does nothing beside `data.sessions`".to_string();
            problems.push(Problem { key: format!("{path}.{key}"), message, hint: Some(hint.to_string()) });
        }
    }
}

/// Notes every value of `[data.windows]` out of range, and what in `data` goes not with it; `path` is the key of the
/// table.
fn check_windows(windows: &WindowsConfig, path: &str, data: &DataConfig, problems: &mut Vec<Problem>) {
    let mut add = |key: String, message: String, hint: &str| {
        problems.push(Problem { key, message, hint: Some(hint.to_string()) })
    };
    let parts = [
        ("valid", data.valid.is_some()),
        ("test", data.test.is_some()),
        ("unlabeled", data.unlabeled.is_some()),
        ("test_last", data.test_last.is_some()),
        ("test_every", data.test_every.is_some()),
        ("join", data.join),
        ("size", data.size.is_some()),
    ];
    for (key, _) in parts.into_iter().filter(|(_, given)| *given) {
        add(format!("data.{key}"), "does nothing beside `data.windows`".into(), "use `data.windows.split`");
    }
    for (key, given) in [
        ("resample", data.transform.resample.is_some()),
        ("truncate", data.transform.truncate.is_some()),
        ("pad", data.transform.pad.is_some()),
    ] {
        if given {
            let message = "changes the length of windows, which `data.windows` sets".into();
            add(format!("data.transform.{key}"), message, "leave it out");
        }
    }
    if data.transform.normalize == Normalize::Series {
        add(
            "data.transform.normalize".into(),
            "`series` would scale each window by itself, and its future with it".into(),
            "write `normalize = \"channel\"`, and `instance_norm = true` in `[model.forecaster]`",
        );
    }
    let mut note = |key: &str, message: String, hint: &str| add(format!("{path}.{key}"), message, hint);
    for (key, value) in [("input", windows.input), ("horizon", windows.horizon), ("stride", windows.stride)] {
        if value == 0 {
            note(key, "must be at least 1, got 0".into(), "count in steps of the recording");
        }
    }
    let [train, valid, test] = windows.split;
    let sum = train + valid + test;
    let rows = windows.split.iter().all(|part| part.fract() == 0.0);
    let fits = train > 0.0 && valid >= 0.0 && test >= 0.0 && sum.is_finite() && (rows || sum <= 1.0 + 1e-9);
    if !fits {
        note(
            "split",
            format!(
                "must be three fractions with a sum of at most 1, or three numbers of rows, got {:?}",
                windows.split
            ),
            "`[0.6, 0.2, 0.2]` is usual",
        );
    }
    if let Some(season) = windows.season
        && (season == 0 || season > windows.input)
    {
        note(
            "season",
            format!("must be between 1 and `input` ({}), got {season}", windows.input),
            "the seasonal-naive forecast repeats the last season of the window; make `input` longer",
        );
    }
}
