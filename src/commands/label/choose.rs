//! Which rows: what each method asks of the run.

use semiseq::analysis::AnalysisError;
use semiseq::analysis::selection::{Chosen, badge, bald, coreset, entropy, highest, margin, random, typiclust};
use semiseq::prelude::*;

use super::{Arguments, Method};
use crate::commands::dropout::check_dropout;
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
            check_dropout(run, "`--by bald`", "use `--by margin`, `entropy` or `badge`")?;
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
