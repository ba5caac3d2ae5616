//! Which rows: what each method asks of the run.

use semiseq::analysis::AnalysisError;
use semiseq::analysis::selection::{Chosen, badge, bald, coreset, entropy, highest, margin, random, typiclust};
use semiseq::prelude::*;
use serde_json::Value;

use super::{Arguments, Method};
use crate::commands::{check_finite, tell};

/// Passes with dropout for BALD: more change little (Gal et al. 2017 use as many and more).
const PASSES: usize = 20;

/// The rows of prepared `data`, those worth most first.
pub(super) fn rows(run: &SavedRun, data: &Dataset, arguments: &Arguments) -> Result<Vec<Chosen>, Error> {
    let (n, seed) = (arguments.n, arguments.seed);
    let wrong = |error: AnalysisError| Error::input(error.message, "look at the vectors with `semiseq embed`");
    match arguments.by {
        Method::Random => Ok(random(data.len(), n, seed)),
        Method::Margin => Ok(by_score(&classes(run.predict(data)?, arguments)?, n, margin)),
        Method::Entropy => Ok(by_score(&classes(run.predict(data)?, arguments)?, n, entropy)),
        Method::Bald => {
            check_dropout(run)?;
            // That there are classes is known before the passes.
            classes(run.predict(&data.select(&[0]))?, arguments)?;
            let passes: Vec<Vec<Vec<f64>>> = run
                .sampled_outputs(data, PASSES, seed)
                .into_iter()
                .map(|outputs| classes(outputs, arguments))
                .collect::<Result<_, Error>>()?;
            let score = |row: usize| bald(&passes.iter().map(|pass| pass[row].as_slice()).collect::<Vec<_>>());
            Ok(highest(&(0..data.len()).map(score).collect::<Vec<f64>>(), n))
        }
        Method::Badge => {
            let probabilities = classes(run.predict(data)?, arguments)?;
            badge(&probabilities, &vectors(run, data)?, n, seed).map_err(wrong)
        }
        Method::Coreset => coreset(&vectors(run, data)?, &labeled(run)?, n).map_err(wrong),
        Method::Typiclust => typiclust(&vectors(run, data)?, &labeled(run)?, n, seed).map_err(wrong),
    }
}

fn by_score(rows: &[Vec<f64>], n: usize, score: fn(&[f64]) -> f64) -> Vec<Chosen> {
    highest(&rows.iter().map(|row| score(row)).collect::<Vec<f64>>(), n)
}

/// The probabilities of each row.
fn classes(outputs: Outputs, arguments: &Arguments) -> Result<Vec<Vec<f64>>, Error> {
    match outputs {
        Outputs::Classes(rows) => Ok(rows),
        _ => Err(Error::input(
            format!("`--by {}` needs the probabilities of a classifier", arguments.by.name()),
            "`coreset`, `typiclust` and `random` go without",
        )),
    }
}

fn vectors(run: &SavedRun, data: &Dataset) -> Result<Vec<Vec<f64>>, Error> {
    let vectors = run.embed(data);
    check_finite(vectors.iter().map(Vec::as_slice))?;
    Ok(vectors)
}

/// The vectors of the rows that the run had labels of, where its data can still be read.
fn labeled(run: &SavedRun) -> Result<Vec<Vec<f64>>, Error> {
    match run.data() {
        Ok(data) => vectors(run, &data.train.select(&data.labeled)),
        Err(error) => {
            tell(format!(
                "note: chosen as if nothing had a label yet, since the run's own data cannot be read: {error}"
            ));
            Ok(Vec::new())
        }
    }
}

/// Refuses a model that says the same in each pass; the models of an ensemble differ by themselves.
fn check_dropout(run: &SavedRun) -> Result<(), Error> {
    if run.member_count() > 1 {
        return Ok(());
    }
    let settings = serde_json::to_value(run.settings()).unwrap_or_default();
    let tokens = run.processor().input().vocabulary().is_some();
    if settings.as_object().is_some_and(|tables| tables.values().any(|model| has_dropout(model, tokens))) {
        return Ok(());
    }
    Err(Error::input(
        "`--by bald` compares passes with dropout, and the model has none",
        format!(
            "train with `[model.{}] dropout = 0.5` or `ensemble = 3`, or use `--by margin`, `entropy` or `badge`",
            run.settings().name()
        ),
    ))
}

/// Whether anything in a model's table is random in a pass.
fn has_dropout(model: &Value, tokens: bool) -> bool {
    let above = |table: &Value, key: &str| table[key].as_f64().is_some_and(|value| value > 0.0);
    let embedding = tokens && (above(&model["embedding"], "dropout") || above(&model["embedding"], "noise"));
    // A recurrent encoder drops between its layers.
    let between = |encoder: &Value| above(encoder, "dropout") && encoder["layers"].as_u64() > Some(1);
    let encoder = model["encoder"].as_object().is_some_and(|encoders| encoders.values().any(between));
    above(model, "dropout") || embedding || encoder
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dropout_that_does_nothing_is_none() {
        let model = |dropout: f64, embedding: f64, between: f64, layers: u64| {
            json!({"dropout": dropout, "embedding": {"dropout": embedding},
                   "encoder": {"gru": {"dropout": between, "layers": layers}}})
        };
        assert!(has_dropout(&model(0.1, 0.0, 0.0, 1), false));
        assert!(has_dropout(&model(0.0, 0.0, 0.1, 2), false) && !has_dropout(&model(0.0, 0.0, 0.1, 1), false));
        assert!(has_dropout(&model(0.0, 0.1, 0.0, 1), true) && !has_dropout(&model(0.0, 0.1, 0.0, 1), false));
    }
}
