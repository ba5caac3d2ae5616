//! What the trials came to, for people and for programs.

use std::fmt::Write;

use serde::Serialize;
use toml::Value;

/// All trials, the best first.
#[derive(Serialize)]
pub struct Table {
    pub metric: String,
    /// Folds of the labelled part.
    pub folds: usize,
    pub keys: Vec<String>,
    pub trials: Vec<Row>,
}

/// A trial.
#[derive(Clone, Serialize)]
pub struct Row {
    /// 0 is the config as it is.
    pub trial: usize,
    /// One a key; none for the config as it is.
    pub settings: Vec<Option<Value>>,
    /// Of the steps that it learned for, the config's are so many times as many.
    pub divisor: usize,
    /// Mean over the folds.
    pub mean: f64,
    /// Over the folds, of a sample.
    pub deviation: f64,
}

impl Table {
    /// For people.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| trial |");
        self.keys.iter().for_each(|key| {
            let _ = write!(text, " {} |", key.replace('|', "\\|"));
        });
        let _ =
            write!(text, " steps | {} on labels left out |\n|---|{}", self.metric, "---|".repeat(self.keys.len() + 2));
        for row in &self.trials {
            let name = if row.trial == 0 { "as it is".into() } else { row.trial.to_string() };
            let _ = write!(text, "\n| {name} |");
            for value in &row.settings {
                let _ = write!(text, " {} |", value.as_ref().map_or("–".into(), Value::to_string));
            }
            let share = if row.divisor == 1 { "all".into() } else { format!("1/{}", row.divisor) };
            let _ = write!(text, " {share} | {:.4} ± {:.4} |", row.mean, row.deviation);
        }
        let _ = write!(text, "\n\nMean ± standard deviation over {} folds.", self.folds);
        text
    }

    /// For programs: a row a trial.
    pub fn csv(&self) -> String {
        let cell = |text: &str| super::super::cell(text);
        let keys: String = self.keys.iter().map(|key| format!(",{}", cell(key))).collect();
        let mut text = format!("trial{keys},divisor,{0}_mean,{0}_deviation\n", self.metric);
        for row in &self.trials {
            let _ = write!(text, "{}", row.trial);
            for value in &row.settings {
                let _ = write!(text, ",{}", value.as_ref().map_or(String::new(), |value| cell(&value.to_string())));
            }
            let _ = writeln!(text, ",{},{},{}", row.divisor, row.mean, row.deviation);
        }
        text
    }
}
