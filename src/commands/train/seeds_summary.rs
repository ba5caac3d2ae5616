//! What several seeds come to: mean, standard deviation and 95 % interval of each score.

use std::collections::BTreeMap;
use std::fmt;

use semiseq::analysis::{mean_and_deviation, mean_interval};
use semiseq::schema::METRICS;
use semiseq::schema::Scores;
use semiseq::training::{BaselineSummary, Summary};
use serde::Serialize;

/// `summary.json` of several seeds.
#[derive(Clone, Debug, Serialize)]
pub struct SeedsSummary {
    pub name: String,
    /// The last stage's objective.
    pub objective: String,
    /// All stages' objectives.
    #[serde(skip)]
    pub path: String,
    pub encoder: String,
    pub backend: String,
    pub semiseq: String,
    /// In the order of the values of each score.
    pub seeds: Vec<u64>,
    pub n_labeled: usize,
    pub n_unlabeled: usize,
    pub n_valid: usize,
    pub n_test: usize,
    pub n_labels_used: usize,
    pub valid: Spreads,
    pub test: Spreads,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Other>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Other>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naive: Option<Other>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seasonal_naive: Option<Other>,
    /// The run's scores less the baseline's, seed by seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_baseline: Option<Other>,
    /// Of all seeds together.
    pub wall_seconds: f64,
}

/// Scores, each over the seeds.
pub type Spreads = BTreeMap<String, Spread>;

/// What is held against the run.
#[derive(Clone, Debug, Serialize)]
pub struct Other {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub test: Spreads,
}

/// A score over the seeds.
#[derive(Clone, Debug, Serialize)]
pub struct Spread {
    pub mean: f64,
    /// Of a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
    /// Covers the mean over all seeds that there could be in 95 % of cases, by Student's t.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    pub values: Vec<f64>,
}

impl Spread {
    fn of(values: Vec<f64>) -> Self {
        let (mean, deviation) = mean_and_deviation(&values);
        let interval = mean_interval(&values);
        Self { mean, deviation: interval.map(|_| deviation), interval, values }
    }

    /// `mean ± deviation [low, high]`.
    pub fn text(&self) -> String {
        match (self.deviation, self.interval) {
            (Some(deviation), Some([low, high])) => {
                format!("{:.4} ± {deviation:.4} [{low:.4}, {high:.4}]", self.mean)
            }
            _ => format!("{:.4}", self.mean),
        }
    }
}

/// The scores that all seeds have.
fn spreads(each: &[&Scores]) -> Spreads {
    let names = each.first().into_iter().flat_map(|scores| scores.keys());
    let of = |name: &String| {
        let values: Option<Vec<f64>> = each.iter().map(|scores| scores.get(name).copied()).collect();
        values.map(|values| (name.clone(), Spread::of(values)))
    };
    names.filter_map(of).collect()
}

impl SeedsSummary {
    /// Of the seeds' own summaries, at least one.
    pub fn of(runs: &[(u64, Summary)]) -> Self {
        let all = || runs.iter().map(|(_, summary)| summary);
        let other = |of: fn(&Summary) -> Option<&BaselineSummary>| {
            let scores: Option<Vec<&Scores>> = all().map(|summary| Some(&of(summary)?.test)).collect();
            scores.map(|scores| Other { name: None, test: spreads(&scores) })
        };
        let names = all().next().into_iter().flat_map(|first| first.references.iter().map(|one| &one.name));
        let reference = |name: &String| {
            let of = |summary: &'_ Summary| summary.references.iter().position(|one| one.name == *name);
            let scores: Option<Vec<&Scores>> =
                all().map(|summary| of(summary).map(|place| &summary.references[place].test)).collect();
            scores.map(|scores| Other { name: Some(name.clone()), test: spreads(&scores) })
        };
        let differences: Option<Vec<Scores>> = all()
            .map(|summary| {
                let baseline = &summary.baseline.as_ref()?.test;
                let less = |(name, value): (&String, &f64)| Some((name.clone(), value - baseline.get(name)?));
                Some(summary.test.iter().filter_map(less).collect())
            })
            .collect();
        let over_baseline =
            differences.map(|each| Other { name: None, test: spreads(&each.iter().collect::<Vec<_>>()) });
        let first = &runs[0].1;
        Self {
            name: first.name.clone(),
            objective: first.objective.clone(),
            path: first.stages.iter().map(|stage| stage.objective.as_str()).collect::<Vec<_>>().join(" → "),
            encoder: first.encoder.clone(),
            backend: first.backend.clone(),
            semiseq: first.semiseq.clone(),
            seeds: runs.iter().map(|(seed, _)| *seed).collect(),
            n_labeled: first.n_labeled,
            n_unlabeled: first.n_unlabeled,
            n_valid: first.n_valid,
            n_test: first.n_test,
            n_labels_used: first.n_labels_used,
            valid: spreads(&all().map(|summary| &summary.valid).collect::<Vec<_>>()),
            test: spreads(&all().map(|summary| &summary.test).collect::<Vec<_>>()),
            references: names.filter_map(reference).collect(),
            baseline: other(|summary| summary.baseline.as_ref()),
            naive: other(|summary| summary.naive.as_ref()),
            seasonal_naive: other(|summary| summary.seasonal_naive.as_ref()),
            over_baseline,
            wall_seconds: all().map(|summary| summary.wall_seconds).sum(),
        }
    }

    /// What stands beside each other in a table: the references, what is naive, the baseline and the run, each with its
    /// name.
    pub fn rows(&self) -> Vec<(&str, &Spreads)> {
        let references = self.references.iter().filter_map(|one| Some((one.name.as_deref()?, &one.test)));
        let named = [
            ("naive", &self.naive),
            ("seasonal naive", &self.seasonal_naive),
            ("labelled only (baseline)", &self.baseline),
        ];
        let others = named.into_iter().filter_map(|(name, one)| Some((name, &one.as_ref()?.test)));
        references.chain(others).chain([(self.path.as_str(), &self.test)]).collect()
    }

    /// The scores of the test part in the order in which they are told.
    pub fn columns(&self) -> Vec<&'static str> {
        METRICS.iter().map(|metric| metric.name).filter(|name| self.test.contains_key(*name)).collect()
    }

    /// What the run is, in a line.
    pub fn about(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        format!(
            "{} seeds ({}): {} labelled, {} unlabelled, {} validation and {} test sequences; labels used: {}",
            self.seeds.len(),
            seeds.join(", "),
            self.n_labeled,
            self.n_unlabeled,
            self.n_valid,
            self.n_test,
            self.n_labels_used
        )
    }

    /// How the run does against its baseline, in a line.
    pub fn gain(&self) -> Option<String> {
        let (metric, value) = self.columns().into_iter().find_map(|name| {
            let known = METRICS.iter().find(|metric| metric.name == name && metric.headline)?;
            Some((known.name, self.over_baseline.as_ref()?.test.get(name)?))
        })?;
        Some(format!("over the baseline, seed by seed: {metric} {}", value.text()))
    }
}

/// What the columns mean.
pub const LEGEND: &str = "mean ± standard deviation over seeds, and the 95 % interval of the mean (Student's t)";

impl fmt::Display for SeedsSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.name, self.about())?;
        let (columns, rows) = (self.columns(), self.rows());
        let cell = |spreads: &Spreads, name: &str| spreads.get(name).map_or_else(String::new, Spread::text);
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0) + 2;
        let first = width(&mut rows.iter().map(|(name, _)| name.chars().count()).chain([9]));
        let widths: Vec<usize> = columns
            .iter()
            .map(|name| width(&mut rows.iter().map(|row| cell(row.1, name).chars().count()).chain([name.len()])))
            .collect();
        write!(f, "{:<first$}", "test part")?;
        columns.iter().zip(&widths).try_for_each(|(name, width)| write!(f, "{name:<width$}"))?;
        writeln!(f)?;
        for (name, spreads) in &rows {
            write!(f, "{name:<first$}")?;
            let cells = columns.iter().zip(&widths);
            cells.into_iter().try_for_each(|(name, width)| write!(f, "{:<width$}", cell(spreads, name)))?;
            writeln!(f)?;
        }
        writeln!(f, "\n{LEGEND}")?;
        if let Some(gain) = self.gain() {
            writeln!(f, "{gain}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(seed: u64, accuracy: f64, baseline: f64, reference: f64) -> (u64, Summary) {
        let text = serde_json::json!({
            "name": "x", "objective": "vae", "encoder": "gru", "backend": "flex", "seed": seed, "semiseq": "0",
            "n_labeled": 5, "n_unlabeled": 7, "n_valid": 0, "n_test": 4, "stages": [], "valid": {},
            "test": { "accuracy": accuracy }, "baseline": { "test": { "accuracy": baseline } },
            "references": [{ "name": "ridge", "test": { "accuracy": reference } }], "wall_seconds": 1.5,
        });
        (seed, serde_json::from_value(text).unwrap())
    }

    #[test]
    fn scores_of_seeds_become_means_with_intervals_and_differences_are_paired() {
        let found = SeedsSummary::of(&[summary(0, 0.8, 0.5, 0.6), summary(3, 0.9, 0.7, 0.6)]);
        let json = serde_json::to_value(&found).unwrap();
        let near = |value: &serde_json::Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-6;
        let test = &json["test"]["accuracy"];
        assert!(near(&test["mean"], 0.85) && near(&test["deviation"], 0.070_710_678), "{test}");
        // 0.85 - 12.7062 · 0.05
        assert!(near(&test["interval"][0], 0.214_689_8), "{test}");
        assert_eq!(json["seeds"], serde_json::json!([0, 3]));
        assert!(near(&json["over_baseline"]["test"]["accuracy"]["mean"], 0.25), "{json}");
        assert!(near(&json["references"][0]["test"]["accuracy"]["deviation"], 0.0), "{json}");
        assert!(near(&json["wall_seconds"], 3.0));
        let text = found.to_string();
        assert!(
            text.contains("labelled only (baseline)") && text.contains("0.8500 ± 0.0707 [0.2147, 1.4853]"),
            "{text}"
        );
        assert!(text.contains("over the baseline, seed by seed: accuracy 0.2500"), "{text}");
    }

    #[test]
    fn a_single_seed_has_no_deviation() {
        let json = serde_json::to_value(SeedsSummary::of(&[summary(0, 0.8, 0.5, 0.6)])).unwrap();
        assert!(json["test"]["accuracy"]["deviation"].is_null(), "{json}");
    }
}
