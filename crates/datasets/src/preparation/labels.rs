//! `[data.labels]`: which labels may be seen.

use std::path::PathBuf;

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::label_names;

/// `[data.labels]`: at most one of `per_class`, `total`, `fraction` and `file`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// A label that means unlabelled, such as `"-1"`, beside empty cells, `?`, `NaN`, `NA`, `N/A` and `null`, which
    /// always do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What stands between the labels of a sequence that has several, for `output = "multi-label"`. Default `";"`, as
    /// in `sports;politics`. An empty cell means unlabelled; `[]`, or the separator alone, that none of the labels
    /// holds. JSON lines may hold lists instead: `["sports", "politics"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// The classes in their order, lowest first, such as `["mild", "moderate", "severe"]`, or `"ascending"` where they
    /// are numbers. Scores then include how far a wrong answer is off (`quadratic_kappa`, `level_mae`), and `output` of
    /// `[model.classifier]` may be `cumulative-link` or `corn`. Default: classes have no order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<ClassOrder>,
    /// Long tail: the largest class over the smallest, at least 1; class sizes fall exponentially.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<f64>,
    /// Long tail of the unlabelled rows, by the labels that they hide: the largest class over the smallest, at least 1
    /// (all alike). Rows beyond are left out of the run. Default: all rows that no label is seen of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlabeled_imbalance: Option<f64>,
    /// The unlabelled tail falls the other way: the class with fewest labels has most unlabelled rows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unlabeled_reversed: bool,
    /// Unlabelled rows of the largest class of their tail. Default: as many as all classes together allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlabeled_per_class: Option<usize>,
    /// A column whose values, such as patients, never part: all rows of one lie in training, validation or test part.
    /// Classes are shared out as far as whole groups allow, in folds too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `[2, 5]` holds the second of five folds of these labels out, as validation part; there is no test part then.
    /// What `validation = "cross"` and `tune` do with each fold in turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
}

/// One of several folds of the labelled part, written `[1, 5]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[usize; 2]", into = "[usize; 2]")]
#[schemars(with = "[usize; 2]")]
pub struct Fold {
    /// Which one, counted from 1.
    pub number: usize,
    /// How many there are, at least 2.
    pub of: usize,
}

impl From<[usize; 2]> for Fold {
    fn from([number, of]: [usize; 2]) -> Self {
        Self { number, of }
    }
}

impl From<Fold> for [usize; 2] {
    fn from(fold: Fold) -> Self {
        [fold.number, fold.of]
    }
}

/// The order of classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ClassOrder {
    /// All classes, lowest first.
    Given(Vec<String>),
    /// `"ascending"`: numbers by their size.
    Named(String),
}

/// The word for classes that are numbers.
const ASCENDING: &str = "ascending";

impl ClassOrder {
    /// The classes of some data in this order.
    ///
    /// # Errors
    ///
    /// Classes that are no numbers, or that the list lacks; `name` is what the data are called.
    pub(crate) fn of(&self, classes: &[String], name: &str) -> Result<Vec<String>, DataError> {
        let shown = |classes: &[&String]| {
            classes.iter().take(20).map(|class| format!("`{class}`")).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Named(_) => {
                let words: Vec<&String> = classes.iter().filter(|class| class.parse::<f64>().is_err()).collect();
                match words.is_empty() {
                    // Which is how classes that are numbers stand anyway.
                    true => Ok(classes.to_vec()),
                    false => Err(DataError::new(
                        format!(
                            "`data.labels.order` is \"ascending\", and classes of {name} are no numbers: {}",
                            shown(&words)
                        ),
                        "list all classes, lowest first: `order = [\"mild\", \"severe\"]`",
                    )),
                }
            }
            Self::Given(order) => {
                let lacks = |class: &&String| !order.iter().any(|known| label_names::are_one(known, class));
                let missing: Vec<&String> = classes.iter().filter(lacks).collect();
                match missing.is_empty() {
                    true => Ok(order.clone()),
                    false => Err(DataError::new(
                        format!("`data.labels.order` lacks classes of {name}: {}", shown(&missing)),
                        "list all classes, lowest first",
                    )),
                }
            }
        }
    }
}

/// Between the labels of a sequence, where the config does not say.
const SEPARATOR: &str = ";";

impl LabelsConfig {
    /// What stands between the labels of a sequence that has several.
    pub fn separator(&self) -> &str {
        self.separator.as_deref().unwrap_or(SEPARATOR)
    }

    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
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
        match &self.order {
            Some(ClassOrder::Named(word)) if word != ASCENDING => {
                note(
                    "order",
                    format!("must be a list of classes or \"{ASCENDING}\", got \"{word}\""),
                    "list all classes",
                );
            }
            Some(ClassOrder::Given(order)) => {
                let again = |(place, class): &(usize, &String)| {
                    order[..*place].iter().any(|known| label_names::are_one(known, class))
                };
                if let Some((_, class)) = order.iter().enumerate().find(again) {
                    note("order", format!("holds `{class}` twice"), "list each class once, lowest first");
                } else if order.len() < 2 {
                    note("order", "needs at least two classes".into(), "list all classes, lowest first");
                }
            }
            _ => {}
        }
        if self.separator.as_ref().is_some_and(String::is_empty) {
            note("separator", "is empty, and would part no label from another".into(), "`\"|\"` or `\",\"` are usual");
        }
        if self.fraction.is_some_and(|fraction| !(fraction > 0.0 && fraction <= 1.0)) {
            note(
                "fraction",
                format!("must be in (0, 1], got {}", self.fraction.unwrap_or_default()),
                "0.05 is five in a hundred",
            );
        }
        if let Some(Fold { number, of }) = self.fold
            && !(of >= 2 && (1..=of).contains(&number))
        {
            note(
                "fold",
                format!("must be [k, n] with n from 2 and k from 1 to n, got [{number}, {of}]"),
                "[1, 5] is the first of five",
            );
        }
        for (key, imbalance) in [("imbalance", self.imbalance), ("unlabeled_imbalance", self.unlabeled_imbalance)] {
            if imbalance.is_some_and(|imbalance| imbalance.is_nan() || imbalance < 1.0) {
                note(key, "must be at least 1".into(), "10 makes the largest class ten times the smallest");
            }
        }
        if self.unlabeled_per_class == Some(0) {
            note("unlabeled_per_class", "must be at least 1, got 0".into(), "leave the key out to use all that fit");
        }
        let of_tail = [
            ("unlabeled_reversed", self.unlabeled_reversed),
            ("unlabeled_per_class", self.unlabeled_per_class.is_some()),
        ];
        for (key, _) in of_tail.into_iter().filter(|(_, given)| *given && self.unlabeled_imbalance.is_none()) {
            note(
                key,
                "stands without `unlabeled_imbalance`, the tail that it is about".into(),
                "`unlabeled_imbalance = 1.0` gives all classes as many unlabelled rows",
            );
        }
    }
}
