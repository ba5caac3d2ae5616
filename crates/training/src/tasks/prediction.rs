//! What is predicted of one sequence, as people read it.

/// What is predicted of one sequence, in the words and units of the data.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Prediction {
    /// A class.
    Class(ClassPrediction),
    /// Any number of labels.
    Labels(LabelsPrediction),
    /// A class for each step.
    Steps(Vec<ClassPrediction>),
    /// A number.
    Number(f64),
    /// A number with quantiles.
    Quantiles {
        /// The number.
        number: f64,
        /// Level and quantile, rising.
        quantiles: Vec<(f64, f64)>,
    },
    /// The steps that follow, each with a value for each of the columns.
    Forecast {
        /// Names of the columns.
        columns: Vec<String>,
        /// Values, a row per step.
        steps: Vec<Vec<f64>>,
    },
    /// Another sequence, as a text.
    Answer(String),
    /// Items that follow, the likeliest first.
    Items(Vec<String>),
    /// Nothing.
    Nothing,
}

/// A class with how sure the model is of each.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClassPrediction {
    /// The likeliest class, or that which the threshold of a calibration decides for.
    pub label: String,
    /// Every class with its probability, in the order of the classes.
    pub probabilities: Vec<(String, f64)>,
    /// The classes that are not ruled out, of a run with `calibrate.conformal`.
    pub set: Option<Vec<String>>,
}

/// Labels with how sure the model is of each.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LabelsPrediction {
    /// Those that are at least as likely to hold as not, in the order of the classes.
    pub labels: Vec<String>,
    /// Every label with its probability, in the order of the classes.
    pub probabilities: Vec<(String, f64)>,
}

impl LabelsPrediction {
    /// Of the probability of each label.
    pub(crate) fn of(probabilities: &[f64], classes: &[String]) -> Self {
        let probabilities: Vec<(String, f64)> = classes.iter().cloned().zip(probabilities.iter().copied()).collect();
        let held = probabilities.iter().filter(|(_, probability)| super::measures::holds(*probability));
        Self { labels: held.map(|(name, _)| name.clone()).collect(), probabilities }
    }
}

impl ClassPrediction {
    /// Of a distribution over the classes; a class without a name is called by its number.
    pub(crate) fn of(distribution: &[f64], classes: &[String]) -> Self {
        let name = |class: usize| classes.get(class).cloned().unwrap_or_else(|| class.to_string());
        let probabilities = distribution.iter().enumerate().map(|(class, value)| (name(class), *value)).collect();
        Self { label: name(super::measures::argmax(distribution)), probabilities, set: None }
    }

    /// The probability of the likeliest class.
    pub fn confidence(&self) -> f64 {
        self.probabilities.iter().map(|(_, value)| *value).fold(0.0, f64::max)
    }
}
