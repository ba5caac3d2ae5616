//! What plain methods give on the labels of a run: the references of `semiseq-analysis` on the data as they were read.

use semiseq_analysis::references::{
    Lookup, NumberReference, Parts, Reference, SeriesView, references_of_numbers, references_of_series,
    references_of_texts,
};
use semiseq_datasets::{Dataset, Prepared, Sequence, Target, WordVectors, written_without_spaces};
use semiseq_objectives::Teacher;
use semiseq_schema::Scores;

use crate::config::ReferencesConfig;
use crate::item_references;
use crate::run_folder::ReferenceSummary;
use crate::tasks::measures::{ClassPredictions, regression_scores};

/// What plain methods give on a run's data.
#[derive(Default)]
pub(crate) struct References {
    /// Their scores on the test part, where they are asked for.
    pub(crate) scored: Vec<ReferenceSummary>,
    /// What they say of the training sequences, where an objective learns from it.
    pub(crate) teachers: Vec<Teacher>,
    /// Why there are none, where they were asked for.
    pub(crate) missing: Option<String>,
}

/// What the objectives of a run ask of references.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// One learns from what they say.
    pub(crate) taught: bool,
    /// The last names what sequences go on to.
    pub(crate) recommends: bool,
}

impl References {
    /// Computes them where the config asks for them, or an objective is `taught` by them.
    pub(crate) fn of(config: &ReferencesConfig, asked: Asked, data: &Prepared, vectors: Option<&WordVectors>) -> Self {
        let taught = asked.taught;
        if asked.recommends && !taught {
            let shown = config.enabled.unwrap_or_else(|| item_references::fits(data));
            return Self { scored: if shown { item_references::scored(data) } else { Vec::new() }, ..Self::default() };
        }
        let shown = config.enabled.unwrap_or_else(|| data.as_read.fits());
        if !shown && !taught {
            return Self::default();
        }
        if !taught && data.labeled.iter().any(|row| matches!(data.train.targets[*row], Target::Number(_))) {
            return match of_numbers(data) {
                Ok(scored) => Self { scored, ..Self::default() },
                Err(why) => Self { missing: (config.enabled == Some(true)).then_some(why), ..Self::default() },
            };
        }
        match computed(data, taught, vectors) {
            Ok(found) => Self {
                scored: found
                    .iter()
                    .filter(|one| shown && one.plain)
                    .filter_map(|reference| scored(reference, data))
                    .collect(),
                teachers: found.iter().filter(|_| taught).map(|reference| teacher(reference, data)).collect(),
                missing: None,
            },
            Err(why) => Self { missing: (taught || config.enabled == Some(true)).then_some(why), ..Self::default() },
        }
    }
}

fn computed(data: &Prepared, teach: bool, vectors: Option<&WordVectors>) -> Result<Vec<Reference>, String> {
    let classes: Vec<usize> = data.labeled.iter().filter_map(|row| class(&data.train.targets[*row])).collect();
    if data.train.is_packed() && data.as_read.train.is_empty() {
        return Err("the data are packed, and more than references hold in memory; `data.packed = false`".into());
    }
    if classes.len() != data.labeled.len() || data.as_read.train.len() != data.train.len() {
        return Err("references are for classes of whole sequences".into());
    }
    let rows: Vec<&Sequence> =
        data.labeled.iter().chain(&data.unlabeled).map(|row| &data.as_read.train[*row]).collect();
    let parts = Parts { labels: &classes, classes: data.processor.classes().len(), training: rows.len(), teach };
    let rows: Vec<&Sequence> = rows.into_iter().chain(&data.as_read.test).collect();
    let texts: Vec<&str> =
        rows.iter().filter_map(|row| if let Sequence::Text(text) = row { Some(&**text) } else { None }).collect();
    let series: Vec<SeriesView<'_>> =
        rows.iter().filter_map(|row| row.values()).map(|(values, channels)| SeriesView { values, channels }).collect();
    let found = match (texts.len() == rows.len(), series.len() == rows.len()) {
        (true, _) => {
            let sample = rows.iter().take(50).map(|row| (*row).clone()).collect();
            let unspaced = written_without_spaces(&Dataset { sequences: sample, ..Dataset::default() });
            let lookup = |word: &str| vectors.and_then(|vectors| vectors.get(word));
            let lookup: Option<Lookup<'_>> = vectors.map(|_| &lookup as Lookup<'_>);
            references_of_texts(&texts, unspaced, lookup, parts)
        }
        (_, true) => references_of_series(&series, parts),
        _ => return Err("references are for texts and for series".into()),
    };
    found.map_err(|error| error.to_string())
}

/// Scores on the test part of methods that say numbers, in the units of the data.
fn of_numbers(data: &Prepared) -> Result<Vec<ReferenceSummary>, String> {
    let number = |target: &Target| match target {
        Target::Number(number) => Some(data.processor.number(*number)),
        _ => None,
    };
    let numbers: Vec<f64> = data.labeled.iter().filter_map(|row| number(&data.train.targets[*row])).collect();
    if numbers.len() != data.labeled.len() || data.as_read.train.len() != data.train.len() {
        return Err("references are for a number of each sequence, of data that are not packed".into());
    }
    let training: Vec<&Sequence> =
        data.labeled.iter().chain(&data.unlabeled).map(|row| &data.as_read.train[*row]).collect();
    let rows = training.iter().copied().chain(&data.as_read.test);
    let series: Vec<SeriesView<'_>> =
        rows.filter_map(Sequence::values).map(|(values, channels)| SeriesView { values, channels }).collect();
    if series.len() != training.len() + data.as_read.test.len() {
        return Err("references of numbers are for series".into());
    }
    let (places, truth): (Vec<usize>, Vec<f64>) =
        (0..data.test.len()).filter_map(|row| Some((training.len() + row, number(&data.test.targets[row])?))).unzip();
    if truth.is_empty() {
        return Ok(Vec::new());
    }
    let found = references_of_numbers(&series, &numbers, training.len()).map_err(|error| error.to_string())?;
    let scored = found.into_iter().map(|NumberReference { name, said, .. }| {
        let said: Vec<f64> = places.iter().map(|place| said[*place]).collect();
        let mut test = regression_scores(&said, &truth);
        test.remove("loss");
        ReferenceSummary { name, test }
    });
    Ok(scored.collect())
}

fn class(target: &Target) -> Option<usize> {
    if let Target::Class(class) = target { Some(*class) } else { None }
}

/// Accuracy and macro F1 on the test part.
fn scored(reference: &Reference, data: &Prepared) -> Option<ReferenceSummary> {
    let mut predictions = ClassPredictions::default();
    let known = data.test.targets.iter().any(|target| class(target).is_some());
    let first = reference.said.nrows().checked_sub(data.test.len()).filter(|_| known)?;
    for (row, target) in data.test.targets.iter().enumerate() {
        if let Some(truth) = class(target) {
            predictions.push(reference.said.row(first + row).to_vec(), truth);
        }
    }
    let mut scores: Scores = predictions.scores(data.processor.classes());
    // Nearest neighbour and ridge give no probabilities to judge.
    scores.retain(|name, _| ["accuracy", "macro_f1"].contains(&name.as_str()));
    Some(ReferenceSummary { name: reference.name.clone(), test: scores })
}

/// What a reference says of each training sequence.
fn teacher(reference: &Reference, data: &Prepared) -> Teacher {
    let mut said = vec![Vec::new(); data.train.len()];
    for (place, row) in data.labeled.iter().chain(&data.unlabeled).enumerate() {
        said[*row] = reference.said.row(place).to_vec();
    }
    Teacher { name: reference.name.clone(), said, left_out: reference.left_out }
}
