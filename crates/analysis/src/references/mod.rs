//! What plain, well-known methods say of the same sequences from the same labels: TF-IDF or MiniRocket features, their
//! components, logistic regression, ridge, self-training, label spreading and the nearest neighbour. None is tuned; each is one
//! line of scikit-learn or aeon, which its module names, and gives what that line gives.

mod components;
mod features;
mod grid;
mod label_spreading;
mod logistic;
mod mini_rocket;
mod neighbours;
mod ridge;
mod self_training;
mod tf_idf;

pub use grid::SeriesView;
pub use mini_rocket::MiniRocket;
pub use ridge::Ridge;

use ndarray::{Array2, Axis, concatenate, s};

use crate::AnalysisError;
use components::Components;
use features::{Features, moments, normalized};
use label_spreading::LabelSpreading;
use logistic::Logistic;
use neighbours::nearest_label;
use self_training::self_trained;
use tf_idf::{Terms, TfIdf};

/// Components of sparse text features, and of dense features of series: fewer where rows or values are.
const TEXT_COMPONENTS: usize = 100;
const SERIES_COMPONENTS: usize = 40;
/// MiniRocket's features, about.
const ROCKET_FEATURES: usize = 2000;
/// Training rows of which a graph of neighbours is made, at most.
const MOST_SPREAD: usize = 20_000;
/// What is drawn is drawn from here, so that a reference is a function of its data alone.
const SEED: u64 = 0;

/// One method's predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Features and method, for example `MiniRocket, 40 components: label spreading`.
    pub name: String,
    /// A distribution over the classes for each row, `[rows, classes]`; the ridge's are one-hot.
    pub said: Array2<f64>,
}

/// The rows of which a reference is made: labelled training rows first, then training rows without a label, then rows that are
/// only predicted.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The class of each labelled row.
    pub labels: &'a [usize],
    /// How many classes there are.
    pub classes: usize,
    /// How many rows are training rows, the labelled ones included.
    pub training: usize,
}

/// References of texts. Of a script without spaces the terms are characters and pairs of them; else words.
///
/// # Errors
///
/// Where no row has a label, or nothing stands in two texts.
pub fn references_of_texts(texts: &[&str], unspaced: bool, parts: Parts<'_>) -> Result<Vec<Reference>, AnalysisError> {
    check(texts.len(), parts)?;
    let terms = if unspaced { Terms::Characters } else { Terms::Words };
    let found = TfIdf::fit(&texts[..parts.training], terms);
    if found.width() == 0 {
        return Err(AnalysisError::new("no term stands in two texts"));
    }
    let rows = Features::Sparse(found.transform(texts));
    let training: Vec<usize> = (0..parts.training).collect();
    let components = Components::truncated(&rows.select(&training), TEXT_COMPONENTS, SEED)?;
    let dense = normalized(components.transform(&rows));
    let mut references = vec![logistic("tf-idf", &rows, parts)];
    references.extend(of_components(&format!("tf-idf, {TEXT_COMPONENTS} components"), dense, parts));
    Ok(references)
}

/// References of series: the values on one grid, MiniRocket's features of them, and the components of both.
///
/// # Errors
///
/// Where no row has a label, or series have unlike channels.
pub fn references_of_series(series: &[SeriesView<'_>], parts: Parts<'_>) -> Result<Vec<Reference>, AnalysisError> {
    check(series.len(), parts)?;
    let channels = series[0].channels;
    if channels == 0 || series.iter().any(|series| series.channels != channels || series.values.is_empty()) {
        return Err(AnalysisError::new("series of at least one step, all with the same channels, are needed"));
    }
    let places = grid::places(series);
    let grid = grid::on_grid(series, places);
    let training = grid.slice(s![..parts.training, ..]);
    let mut references = vec![nearest(&grid, parts)];
    let wide = |rows: &Array2<f32>| rows.mapv(f64::from);
    let components =
        Components::principal(&wide(&training.to_owned()), SERIES_COMPONENTS.min(parts.training - 1), SEED)?;
    let values = components.transform(&Features::Dense(wide(&grid)));
    references.extend(of_components(&format!("raw values, {SERIES_COMPONENTS} components"), values, parts));

    let features = wide(&MiniRocket::fit(&training.to_owned(), channels, ROCKET_FEATURES, SEED).transform(&grid));
    let (mean, deviation) = moments(&features.slice(s![..parts.training, ..]).to_owned());
    let features = (features - mean) / deviation;
    references.push(ridge(&features, parts)?);
    let training = features.slice(s![..parts.training, ..]).to_owned();
    let components = Components::principal(&training, SERIES_COMPONENTS.min(parts.training - 1), SEED)?;
    let rows = components.transform(&Features::Dense(features));
    references.extend(of_components(&format!("MiniRocket, {SERIES_COMPONENTS} components"), rows, parts));
    Ok(references)
}

fn check(rows: usize, parts: Parts<'_>) -> Result<(), AnalysisError> {
    let Parts { labels, classes, training } = parts;
    if classes < 2 || labels.iter().any(|label| *label >= classes) {
        return Err(AnalysisError::new("at least two classes, numbered from 0, are needed"));
    }
    if labels.is_empty() || labels.len() > training || training > rows || training < 2 {
        return Err(AnalysisError::new("labelled rows are needed, and at least two training rows"));
    }
    Ok(())
}

/// What few features allow: logistic regression, self-training and, where the rows are not too many, label spreading.
fn of_components(name: &str, rows: Array2<f64>, parts: Parts<'_>) -> Vec<Reference> {
    let single = rows.mapv(|value| value as f32);
    let rows = Features::Dense(rows);
    let mut found = vec![logistic(name, &rows, parts)];
    let training: Vec<usize> = (0..parts.training).collect();
    let trained = self_trained(&rows.select(&training), parts.labels, parts.classes);
    found.push(Reference { name: format!("{name}: self-training"), said: trained.probabilities(&rows) });
    if parts.training <= MOST_SPREAD {
        let (training, other) = single.view().split_at(Axis(0), parts.training);
        let spread = LabelSpreading::fit(training.to_owned(), parts.labels, parts.classes);
        let other = spread.probabilities(&other.to_owned());
        let said = concatenate(Axis(0), &[spread.training().view(), other.view()]);
        found.extend(said.ok().map(|said| Reference { name: format!("{name}: label spreading"), said }));
    }
    found
}

fn logistic(name: &str, rows: &Features, parts: Parts<'_>) -> Reference {
    let labeled: Vec<usize> = (0..parts.labels.len()).collect();
    let model = Logistic::fit(&rows.select(&labeled), parts.labels, parts.classes);
    Reference { name: format!("{name}: logistic regression"), said: model.probabilities(rows) }
}

fn ridge(rows: &Array2<f64>, parts: Parts<'_>) -> Result<Reference, AnalysisError> {
    let labeled = rows.slice(s![..parts.labels.len(), ..]).to_owned();
    let decisions = Ridge::fit(&labeled, parts.labels, parts.classes)?.decisions(rows);
    let mut said = Array2::zeros(decisions.dim());
    for (decisions, mut said) in decisions.rows().into_iter().zip(said.rows_mut()) {
        said[largest(decisions.iter().copied())] = 1.0;
    }
    Ok(Reference { name: "MiniRocket: ridge".into(), said })
}

fn nearest(rows: &Array2<f32>, parts: Parts<'_>) -> Reference {
    let known = rows.slice(s![..parts.labels.len(), ..]).to_owned();
    let said = nearest_label(&known, parts.labels, rows, parts.classes);
    Reference { name: "raw values: nearest neighbour".into(), said }
}

/// The place of the largest value, of equals the first.
fn largest(values: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    values.enumerate().filter(|(_, value)| !value.is_nan()).for_each(|(place, value)| {
        if value > best.1 {
            best = (place, value);
        }
    });
    best.0
}

impl Reference {
    /// The most probable class of each row, of equals the first.
    pub fn classes(&self) -> Vec<usize> {
        self.said.rows().into_iter().map(|row| largest(row.iter().copied())).collect()
    }
}
