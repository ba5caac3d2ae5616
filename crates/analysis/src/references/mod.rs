//! What plain, well-known methods say of the same sequences from the same labels: TF-IDF or MiniRocket features, their
//! components, logistic regression, ridge, self-training, label spreading and the nearest neighbour. None is tuned;
//! each is one line of scikit-learn or aeon, which its module names, and gives what that line gives. Label propagation
//! on the graph of mutual neighbours and naive Bayes by expectation maximisation, which those have not, only teach. For
//! numbers there are the nearest neighbours and their co-training.

mod components;
mod coreg;
mod features;
mod grid;
mod items;
mod label_propagation;
mod label_spreading;
mod logistic;
mod mini_rocket;
mod naive_bayes;
mod neighbours;
mod number_references;
mod numpy_random;
mod ridge;
mod self_training;
mod tf_idf;

pub use grid::SeriesView;
pub use items::ItemReferences;
pub use mini_rocket::MiniRocket;
pub use number_references::{NumberReference, references_of_numbers};
pub(crate) use numpy_random::NumpyRandom;
pub use ridge::Ridge;
pub use tf_idf::words;

use ndarray::{Array2, Axis, s};

use crate::AnalysisError;
use components::Components;
use features::{Features, moments, normalized};
use label_propagation::HarmonicLabels;
use label_spreading::LabelSpreading;
use logistic::Logistic;
use naive_bayes::NaiveBayes;
use neighbours::{Neighbourhood, nearest_label};
use self_training::self_trained;
use tf_idf::{TermKind, TfIdf};

/// Components of sparse text features, and of dense features of series: fewer where rows or values are.
const TEXT_COMPONENTS: usize = 100;
const SERIES_COMPONENTS: usize = 40;
/// MiniRocket's features, about.
const ROCKET_FEATURES: usize = 2000;
/// Training rows of which a graph of neighbours is made, and labels are left out, at most.
const MOST_SPREAD: usize = 20_000;
/// Neighbours of a row in a graph, itself among them.
const NEIGHBOURS: usize = 10;
/// The share that propagated labels lose on an edge: with texts, whose nearest rows often are of other classes, near
/// labels have to count more.
const TEXT_LEAK: f64 = 0.1;
const SERIES_LEAK: f64 = 1e-3;
/// Labels of which folds are made once.
const MANY: usize = 50;
/// What is drawn is drawn from here, so that a reference is a function of its data alone.
const SEED: u32 = 0;

/// One method's predictions.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reference {
    /// Features and method, for example `MiniRocket, 40 components: label spreading`.
    pub name: String,
    /// A distribution over the classes for each row, `[rows, classes]`; those of the nearest neighbour and of the ridge
    /// are one-hot.
    pub said: Array2<f64>,
    /// The share of labelled rows that are right when they are left out, in folds; where that was asked for.
    pub left_out: Option<f64>,
    /// Whether it is a line of scikit-learn or aeon, to stand beside a result; others only teach.
    pub plain: bool,
}

/// The rows of which a reference is made: labelled training rows first, then training rows without a label, then rows
/// that are only predicted.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The class of each labelled row.
    pub labels: &'a [usize],
    /// How many classes there are.
    pub classes: usize,
    /// How many rows are training rows, the labelled ones included.
    pub training: usize,
    /// Whether they shall teach: each method also says how well it does on labelled rows that are left out, for ten
    /// times the time, and label propagation and naive Bayes are among them.
    pub teach: bool,
}

/// The vector of a word, all of one width.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<&'a [f32]>;

/// References of texts, of their words' vectors too where there are some. Of a script without spaces the terms are
/// characters and pairs of them; else words.
///
/// # Errors
///
/// Where no row has a label, or nothing stands in two texts.
pub fn references_of_texts(
    texts: &[&str],
    unspaced: bool,
    vectors: Option<Lookup<'_>>,
    parts: Parts<'_>,
) -> Result<Vec<Reference>, AnalysisError> {
    check(texts.len(), parts)?;
    let terms = if unspaced { TermKind::Characters } else { TermKind::Words };
    let found = TfIdf::fit(&texts[..parts.training], terms);
    if found.width() == 0 {
        return Err(AnalysisError::new("no term stands in two texts"));
    }
    let rows = Features::Sparse(found.transform(texts));
    let training: Vec<usize> = (0..parts.training).collect();
    let components = Components::truncated(&rows.select(&training), TEXT_COMPONENTS, SEED)?;
    let dense = normalized(components.transform(&rows));
    let dense = Features::Dense(dense);
    let mut references = vec![made("tf-idf", &Method::Logistic(&rows), parts)?];
    if parts.teach {
        references.push(made("tf-idf", &Method::NaiveBayes(&rows, rows.select(&training)), parts)?);
    }
    references.extend(of_components(&format!("tf-idf, {TEXT_COMPONENTS} components"), &dense, TEXT_LEAK, parts)?);
    if let Some(vectors) = vectors.filter(|_| !unspaced) {
        let mean = Features::Dense(mean_vectors(texts, &found, vectors, parts.training));
        references.extend(of_components("mean word vector", &mean, TEXT_LEAK, parts)?);
    }
    Ok(references)
}

/// The mean of a text's word vectors, each weighed by how rare its word is, less the mean of all training texts, and of
/// length 1.
fn mean_vectors(texts: &[&str], found: &TfIdf, vectors: Lookup<'_>, training: usize) -> Array2<f64> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(texts.len());
    for text in texts {
        let (mut sum, mut weight): (Vec<f64>, f64) = (Vec::new(), 0.0);
        for word in words(text) {
            let Some(vector) = vectors(&word) else { continue };
            let rarity = found.rarity(&word);
            sum.resize(vector.len(), 0.0);
            sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += rarity * f64::from(*value));
            weight += rarity;
        }
        sum.iter_mut().for_each(|sum| *sum /= weight);
        rows.push(sum);
    }
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let rows =
        Array2::from_shape_fn((texts.len(), width), |(row, column)| rows[row].get(column).copied().unwrap_or(0.0));
    let (mean, _) = moments(&rows.slice(s![..training, ..]).to_owned());
    normalized(rows - mean)
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
    let mut references = vec![made("raw values", &Method::Nearest(&grid), parts)?];
    let wide = |rows: &Array2<f32>| rows.mapv(f64::from);
    let components =
        Components::principal(&wide(&training.to_owned()), SERIES_COMPONENTS.min(parts.training - 1), SEED)?;
    let values = Features::Dense(components.transform(&Features::Dense(wide(&grid))));
    references.extend(of_components(
        &format!("raw values, {SERIES_COMPONENTS} components"),
        &values,
        SERIES_LEAK,
        parts,
    )?);

    let features = wide(&MiniRocket::fit(&training.to_owned(), channels, ROCKET_FEATURES, SEED).transform(&grid));
    let (mean, deviation) = moments(&features.slice(s![..parts.training, ..]).to_owned());
    let features = (features - mean) / deviation;
    references.push(made("MiniRocket", &Method::Ridge(&features), parts)?);
    let training = features.slice(s![..parts.training, ..]).to_owned();
    let components = Components::principal(&training, SERIES_COMPONENTS.min(parts.training - 1), SEED)?;
    let rows = Features::Dense(components.transform(&Features::Dense(features)));
    references.extend(of_components(
        &format!("MiniRocket, {SERIES_COMPONENTS} components"),
        &rows,
        SERIES_LEAK,
        parts,
    )?);
    Ok(references)
}

fn check(rows: usize, parts: Parts<'_>) -> Result<(), AnalysisError> {
    let Parts { labels, classes, training, .. } = parts;
    if classes < 2 || labels.iter().any(|label| *label >= classes) {
        return Err(AnalysisError::new("at least two classes, numbered from 0, are needed"));
    }
    if labels.is_empty() || labels.len() > training || training > rows || training < 2 {
        return Err(AnalysisError::new("labelled rows are needed, and at least two training rows"));
    }
    Ok(())
}

/// What few features allow: logistic regression, self-training and, where the rows are not too many, the methods on
/// graphs.
fn of_components(name: &str, rows: &Features, leak: f64, parts: Parts<'_>) -> Result<Vec<Reference>, AnalysisError> {
    let training: Vec<usize> = (0..parts.training).collect();
    let mut found = vec![made(name, &Method::Logistic(rows), parts)?];
    found.push(made(name, &Method::SelfTraining(rows, rows.select(&training)), parts)?);
    if let Features::Dense(rows) = rows
        && parts.training <= MOST_SPREAD
    {
        let single = rows.mapv(|value| value as f32);
        let (training, others) = single.view().split_at(Axis(0), parts.training);
        let near = Neighbourhood::new(&training.to_owned(), &others.to_owned(), NEIGHBOURS);
        if parts.teach {
            let graph = HarmonicLabels::new(&near, leak);
            found.push(made(name, &Method::HarmonicLabels(graph), parts)?);
        }
        found.push(made(name, &Method::LabelSpreading(LabelSpreading::new(near)), parts)?);
    }
    Ok(found)
}

/// A method on its features.
enum Method<'a> {
    Logistic(&'a Features),
    /// On all rows, and on those of the training part.
    SelfTraining(&'a Features, Features),
    LabelSpreading(LabelSpreading),
    HarmonicLabels(HarmonicLabels),
    /// On all rows, and on those of the training part.
    NaiveBayes(&'a Features, Features),
    Ridge(&'a Array2<f64>),
    Nearest(&'a Array2<f32>),
}

impl Method<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Logistic(_) => "logistic regression",
            Self::SelfTraining(..) => "self-training",
            Self::LabelSpreading(_) => "label spreading",
            Self::HarmonicLabels(_) => "label propagation",
            Self::NaiveBayes(..) => "naive Bayes",
            Self::Ridge(_) => "ridge",
            Self::Nearest(_) => "nearest neighbour",
        }
    }

    /// Whether it is a line of scikit-learn or aeon.
    fn is_plain(&self) -> bool {
        !matches!(self, Self::HarmonicLabels(_) | Self::NaiveBayes(..))
    }

    /// The share of labelled rows that are right when they are left out, of some of the training rows; `None` of a
    /// graph, which has all rows or none.
    fn left_out_of(&self, chosen: &[usize], parts: Parts<'_>) -> Result<Option<f64>, AnalysisError> {
        let labels = parts.labels.iter().copied().enumerate();
        let known: Vec<(usize, usize)> = labels.take_while(|(row, _)| *row < chosen.len()).collect();
        let judged = |method: &Method<'_>| left_out(method, &known, parts.classes);
        match self {
            Self::Logistic(rows) => judged(&Method::Logistic(&rows.select(chosen))),
            Self::SelfTraining(rows, _) => {
                let rows = rows.select(chosen);
                judged(&Method::SelfTraining(&rows, rows.clone()))
            }
            Self::NaiveBayes(rows, _) => {
                let rows = rows.select(chosen);
                judged(&Method::NaiveBayes(&rows, rows.clone()))
            }
            Self::Ridge(rows) => judged(&Method::Ridge(&rows.select(Axis(0), chosen))),
            Self::Nearest(rows) => judged(&Method::Nearest(&rows.select(Axis(0), chosen))),
            Self::LabelSpreading(_) | Self::HarmonicLabels(_) => Ok(None),
        }
    }

    /// What it says of all rows from some with their labels.
    fn said(&self, known: &[(usize, usize)], classes: usize) -> Result<Array2<f64>, AnalysisError> {
        let (rows_of, labels): (Vec<usize>, Vec<usize>) = known.iter().copied().unzip();
        Ok(match self {
            Self::Logistic(rows) => Logistic::fit(&rows.select(&rows_of), &labels, classes).probabilities(rows),
            Self::SelfTraining(rows, training) => self_trained(training, known, classes).probabilities(rows),
            Self::LabelSpreading(graph) => graph.spread(known, classes),
            Self::HarmonicLabels(graph) => graph.propagate(known, classes),
            Self::NaiveBayes(rows, training) => NaiveBayes::fit(training, known, classes).probabilities(rows),
            Self::Ridge(rows) => {
                let decisions = Ridge::fit(&rows.select(Axis(0), &rows_of), &labels, classes)?.decisions(rows);
                let mut said = Array2::zeros(decisions.dim());
                for (decisions, mut said) in decisions.rows().into_iter().zip(said.rows_mut()) {
                    said[largest(decisions.iter().copied())] = 1.0;
                }
                said
            }
            Self::Nearest(rows) => nearest_label(&rows.select(Axis(0), &rows_of), &labels, rows, classes),
        })
    }
}

fn made(features: &str, method: &Method<'_>, parts: Parts<'_>) -> Result<Reference, AnalysisError> {
    let known: Vec<(usize, usize)> = parts.labels.iter().copied().enumerate().collect();
    let said = method.said(&known, parts.classes)?;
    let name = format!("{features}: {}", method.name());
    let left_out = match parts.teach {
        false => None,
        true if parts.training <= MOST_SPREAD => left_out(method, &known, parts.classes)?,
        // Of large pools it would take minutes: a share of the rows without a label says as much.
        true => method.left_out_of(&share(known.len(), parts.training, MOST_SPREAD), parts)?,
    };
    Ok(Reference { name, said, left_out, plain: method.is_plain() })
}

/// `most` of the training rows at most: labelled ones first, then others at even distances.
fn share(labelled: usize, training: usize, most: usize) -> Vec<usize> {
    let others = most.saturating_sub(labelled).min(training - labelled.min(training));
    let places = (0..others).map(|place| labelled + place * (training - labelled) / others);
    (0..labelled.min(most)).chain(places).collect()
}

/// The share of labelled rows that are right when they are left out; `None` where each fold would leave a class without
/// a row.
fn left_out(method: &Method<'_>, known: &[(usize, usize)], classes: usize) -> Result<Option<f64>, AnalysisError> {
    let folds = folds(known, classes);
    let right = |(kept, held): &Fold| -> Result<usize, AnalysisError> {
        let said = method.said(kept, classes)?;
        Ok(held.iter().filter(|(row, label)| largest(said.row(*row).iter().copied()) == *label).count())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = folds.len().div_ceil(threads).max(1);
    let counts: Result<Vec<usize>, AnalysisError> = std::thread::scope(|scope| {
        let working: Vec<_> = folds
            .chunks(share)
            .map(|folds| scope.spawn(move || folds.iter().map(right).sum::<Result<usize, AnalysisError>>()))
            .collect();
        let failed = || AnalysisError::new("a fold could not be worked on");
        working.into_iter().map(|thread| thread.join().map_err(|_| failed())?).collect()
    });
    let all: usize = folds.iter().map(|(_, held)| held.len()).sum();
    let right: usize = counts?.into_iter().sum();
    Ok((all > 0).then(|| right as f64 / all as f64))
}

/// Rows that are kept, and rows that are left out, each with its label.
type Fold = (Vec<(usize, usize)>, Vec<(usize, usize)>);

/// Three to five folds, twice where labels are few, each with rows of all classes as far as possible: the rows that are
/// kept, and those left out. A fold that would leave a class without a row is left away.
fn folds(known: &[(usize, usize)], classes: usize) -> Vec<Fold> {
    let count = |rows: &[(usize, usize)], class: usize| rows.iter().filter(|(_, label)| *label == class).count();
    let present: Vec<usize> = (0..classes).filter(|class| count(known, *class) > 0).collect();
    let fewest = present.iter().map(|class| count(known, *class)).min().unwrap_or(0).clamp(3, 5);
    let mut random = NumpyRandom::new(SEED);
    let mut folds = Vec::new();
    // With many labels one division says enough.
    let times = if known.len() < MANY { 2 } else { 1 };
    for _ in 0..times {
        let mut order: Vec<(usize, (usize, usize))> =
            random.permutation(known.len()).into_iter().zip(known.iter().copied()).collect();
        order.sort_unstable_by_key(|(drawn, (_, label))| (*label, *drawn));
        for fold in 0..fewest {
            let rows = || order.iter().map(|(_, row)| *row).enumerate();
            let kept: Vec<_> = rows().filter(|(place, _)| place % fewest != fold).map(|(_, row)| row).collect();
            let held: Vec<_> = rows().filter(|(place, _)| place % fewest == fold).map(|(_, row)| row).collect();
            if present.iter().all(|class| count(&kept, *class) > 0) {
                folds.push((kept, held));
            }
        }
    }
    folds
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_leave_each_row_out_twice_and_keep_every_class() {
        let known: Vec<(usize, usize)> = (0..20).map(|row| (row, row % 3)).collect();
        let folds = folds(&known, 3);
        assert_eq!(folds.len(), 10);
        for row in &known {
            assert_eq!(folds.iter().filter(|(_, held)| held.contains(row)).count(), 2);
        }
        for (kept, held) in &folds {
            assert_eq!(kept.len() + held.len(), 20);
            assert!((0..3).all(|class| kept.iter().any(|(_, label)| *label == class)));
        }
        // The class with one row is never learned without it.
        let rare = [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1)];
        assert!(super::folds(&rare, 2).iter().all(|(kept, _)| kept.contains(&(4, 1))));
    }

    #[test]
    fn of_a_large_pool_a_share_is_judged() {
        assert_eq!(share(2, 10, 6), [0, 1, 2, 4, 6, 8]);
        assert_eq!(share(3, 5, 20), [0, 1, 2, 3, 4]);
        assert_eq!(share(4, 8, 3), [0, 1, 2]);
        let rows = Array2::from_shape_fn((40, 2), |(row, column)| f64::from(row % 2 == column));
        let rows = Features::Dense(rows);
        let labels: Vec<usize> = (0..8).map(|row| row % 2).collect();
        let parts = Parts { labels: &labels, classes: 2, training: 40, teach: true };
        for method in [
            Method::Logistic(&rows),
            Method::SelfTraining(&rows, rows.clone()),
            Method::NaiveBayes(&rows, rows.clone()),
        ] {
            assert_eq!(method.left_out_of(&share(8, 40, 12), parts).unwrap(), Some(1.0), "{}", method.name());
        }
    }

    #[test]
    fn what_is_left_out_is_judged() {
        // Texts of two topics: the words of each stand in no text of the other.
        let texts: Vec<String> =
            (0..24).map(|row| format!("{0}a {0}b {0}{1}", if row % 2 == 0 { "x" } else { "y" }, row % 4 / 2)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let labels: Vec<usize> = (0..8).map(|row| row % 2).collect();
        let parts = Parts { labels: &labels, classes: 2, training: 20, teach: true };
        for reference in references_of_texts(&texts, false, None, parts).unwrap() {
            assert_eq!(reference.left_out, Some(1.0), "{}", reference.name);
        }
        let parts = Parts { teach: false, ..parts };
        assert!(references_of_texts(&texts, false, None, parts).unwrap().iter().all(|one| one.left_out.is_none()));
    }
}
