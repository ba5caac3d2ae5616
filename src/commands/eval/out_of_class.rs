//! How well sequences that belong to no class are told from those that do.

use semiseq::analysis::area_under_roc;
use semiseq::prelude::*;
use semiseq::schema::Scores;
use semiseq::training::OutOfClass;

/// The area under the receiver operating characteristic of each score, with `others` as what shall be found among
/// `known`.
pub(super) fn told_apart(run: &SavedRun, known: &Dataset, others: &Dataset) -> Result<Scores, Error> {
    let rows: Vec<[f64; 3]> = [known, others]
        .into_iter()
        .map(|dataset| run.out_of_class(dataset))
        .collect::<Result<Vec<_>, Error>>()?
        .concat()
        .into_iter()
        .map(OutOfClass::values)
        .collect();
    let strange: Vec<bool> = (0..rows.len()).map(|row| row >= known.len()).collect();
    let area = |place: usize| area_under_roc(&rows.iter().map(|row| row[place]).collect::<Vec<f64>>(), &strange);
    let found =
        OutOfClass::NAMES.iter().enumerate().filter_map(|(place, name)| Some((format!("auroc_{name}"), area(place)?)));
    Ok(found.collect())
}
