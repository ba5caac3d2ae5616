//! Which rows are validation, and which labels may be seen: pure functions of data, config and seed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::DataMark;
use crate::error::DataError;
use crate::formats::decode::read_text;
use crate::preparation::labels::LabelsConfig;
use crate::random::{generator, shuffle};
use crate::sequence::{Dataset, Target};

const VALID: u64 = 1;
const LABELS: u64 = 2;
const TAIL: u64 = 3;
const UNLABELED_TAIL: u64 = 4;

/// What `split.json` holds: rows of the source's training part, by their position in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SplitRecord {
    /// The source.
    pub source: String,
    /// The split's seed.
    pub seed: u64,
    /// Rows whose labels are seen.
    pub labeled: Vec<usize>,
    /// Rows whose labels are not seen.
    pub unlabeled: Vec<usize>,
    /// Rows kept for validation.
    pub valid: Vec<usize>,
    /// Rows set apart for calibration; where they are taken from a validation part of its own, their positions in that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<usize>,
    /// What the files held; empty for what a formula makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataMark>,
}

/// Parts `rows` in two, class by class, so that `fraction` of each class (rounded) comes first.
/// Both parts are in ascending order.
pub fn stratified(dataset: &Dataset, rows: &[usize], fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut rng = generator(seed, VALID);
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for mut group in groups(dataset, rows).into_values() {
        shuffle(&mut group, &mut rng);
        let taken = (group.len() as f64 * fraction).round() as usize;
        first.extend_from_slice(&group[..taken]);
        rest.extend_from_slice(&group[taken..]);
    }
    first.sort_unstable();
    rest.sort_unstable();
    (first, rest)
}

/// Parts the labelled ones of `rows` into seen and unseen labels; unlabelled rows are unseen.
///
/// # Errors
///
/// Where more labels are asked for than exist, or the split file does not fit the data.
pub fn choose_labels(
    dataset: &Dataset,
    rows: &[usize],
    config: &LabelsConfig,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let known: Vec<usize> = rows.iter().copied().filter(|row| dataset.targets[*row] != Target::Missing).collect();
    let labeled = match config {
        LabelsConfig { file: Some(path), .. } => from_file(path, &known, dataset)?,
        LabelsConfig { per_class: Some(count), .. } => per_class(dataset, &known, *count, config)?,
        LabelsConfig { total: Some(total), .. } => total_labels(dataset, &known, *total, config)?,
        LabelsConfig { fraction: Some(fraction), .. } => {
            let total = ((known.len() as f64 * fraction).round() as usize).max(1);
            total_labels(dataset, &known, total, config)?
        }
        _ => match config.imbalance {
            Some(_) => {
                let smallest = groups(dataset, &known).values().map(Vec::len).max().unwrap_or(0);
                tail(dataset, &known, smallest, config)
            }
            None => known.clone(),
        },
    };
    let seen: std::collections::HashSet<usize> = labeled.iter().copied().collect();
    let unlabeled: Vec<usize> = rows.iter().copied().filter(|row| !seen.contains(row)).collect();
    let unlabeled = match config.unlabeled_imbalance {
        Some(imbalance) => unlabeled_tail(dataset, &unlabeled, imbalance, config)?,
        None => unlabeled,
    };
    Ok((labeled, unlabeled))
}

/// Rows by class; rows without a class of their own (numbers, steps) form one group.
pub(crate) fn groups(dataset: &Dataset, rows: &[usize]) -> BTreeMap<Option<usize>, Vec<usize>> {
    let mut groups: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for row in rows {
        let class = if let Target::Class(class) = dataset.targets[*row] { Some(class) } else { None };
        groups.entry(class).or_default().push(*row);
    }
    groups
}

fn counts_text(dataset: &Dataset, groups: &BTreeMap<Option<usize>, Vec<usize>>) -> String {
    let name = |class: &Option<usize>| {
        class.and_then(|class| dataset.classes.get(class)).map_or("all", String::as_str).to_string()
    };
    groups.iter().map(|(class, rows)| format!("{} {}", name(class), rows.len())).collect::<Vec<_>>().join(", ")
}

/// The classes that the data set has rows of, and `groups` none, each as it is shown.
fn lost_classes(dataset: &Dataset, groups: &BTreeMap<Option<usize>, Vec<usize>>) -> Vec<String> {
    let mut kept = vec![true; dataset.classes.len()];
    for target in &dataset.targets {
        if let Target::Class(class) = target {
            kept[*class] = groups.contains_key(&Some(*class));
        }
    }
    let names = dataset.classes.iter().zip(kept).filter(|(_, kept)| !kept);
    names.map(|(name, _)| format!("`{name}`")).collect()
}

fn per_class(dataset: &Dataset, known: &[usize], count: usize, config: &LabelsConfig) -> Result<Vec<usize>, DataError> {
    let groups = groups(dataset, known);
    if groups.keys().any(Option::is_none) {
        return Err(DataError::new(
            "`data.labels.per_class` needs classes, and these targets are none",
            "use `data.labels.total` or `data.labels.fraction`",
        ));
    }
    let lost = lost_classes(dataset, &groups);
    if !lost.is_empty() {
        return Err(DataError::new(
            format!(
                "`data.labels.per_class` asks for {count} labels of each class; no row of {} is left for training: all \
                 of them are in the validation or test part of {}",
                lost.join(", "),
                dataset.name
            ),
            "give more rows of the class, lower `data.validation`, or use `data.labels.total`",
        ));
    }
    // On a long tail each class needs what its place asks for.
    let short = match config.imbalance {
        Some(imbalance) => {
            groups.values().zip(tail_counts(count, groups.len(), imbalance)).any(|(rows, count)| rows.len() < count)
        }
        None => groups.values().any(|rows| rows.len() < count),
    };
    if short {
        return Err(DataError::new(
            format!(
                "`data.labels.per_class` asks for {count} labels of {} class; the training part of {} has: {}",
                if config.imbalance.is_some() { "the largest" } else { "each" },
                dataset.name,
                counts_text(dataset, &groups)
            ),
            "ask for fewer, or lower `data.validation`",
        ));
    }
    if config.imbalance.is_some() {
        return Ok(tail(dataset, known, count, config));
    }
    let mut rng = generator(config.seed, LABELS);
    let mut labeled = Vec::new();
    for mut rows in groups.into_values() {
        shuffle(&mut rows, &mut rng);
        labeled.extend_from_slice(&rows[..count]);
    }
    labeled.sort_unstable();
    Ok(labeled)
}

/// `total` labels shared out as the classes are (largest remainders), at least one per class.
fn total_labels(
    dataset: &Dataset,
    known: &[usize],
    total: usize,
    config: &LabelsConfig,
) -> Result<Vec<usize>, DataError> {
    let groups = groups(dataset, known);
    if total > known.len() {
        return Err(DataError::new(
            format!(
                "`data.labels.total` asks for {total} labels; the training part of {} has {}: {}",
                dataset.name,
                known.len(),
                counts_text(dataset, &groups)
            ),
            "ask for fewer, or lower `data.validation`",
        ));
    }
    if total < groups.len() {
        return Err(DataError::new(
            format!("{total} labels are too few for {} classes", groups.len()),
            format!("ask for at least {}, one per class", groups.len()),
        ));
    }
    let share = |rows: &Vec<usize>| rows.len() as f64 * total as f64 / known.len() as f64;
    let mut counts: Vec<usize> = groups.values().map(|rows| (share(rows).floor() as usize).max(1)).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    let rows: Vec<&Vec<usize>> = groups.values().collect();
    order.sort_by(|left, right| {
        share(rows[*right]).fract().total_cmp(&share(rows[*left]).fract()).then(left.cmp(right))
    });
    let mut next = order.iter().cycle();
    while counts.iter().sum::<usize>() < total {
        if let Some(class) = next.next()
            && counts[*class] < rows[*class].len()
        {
            counts[*class] += 1;
        }
    }
    while counts.iter().sum::<usize>() > total {
        if let Some(largest) = (0..counts.len()).max_by_key(|class| counts[*class]) {
            counts[largest] -= 1;
        }
    }
    let mut rng = generator(config.seed, LABELS);
    let mut labeled = Vec::new();
    for (mut rows, count) in groups.into_values().zip(counts) {
        shuffle(&mut rows, &mut rng);
        labeled.extend_from_slice(&rows[..count]);
    }
    if config.imbalance.is_some() {
        return Ok(tail(dataset, &labeled, labeled.len(), config));
    }
    labeled.sort_unstable();
    Ok(labeled)
}

/// A long tail: the class at position `k` of `K` gets `largest · imbalance^(-k/(K-1))` labels (Cao et al.
/// 2019), as far as they exist.
fn tail(dataset: &Dataset, known: &[usize], largest: usize, config: &LabelsConfig) -> Vec<usize> {
    let groups = groups(dataset, known);
    let imbalance = config.imbalance.unwrap_or(1.0);
    let mut rng = generator(config.seed, TAIL);
    let mut labeled = Vec::new();
    let largest = largest.min(groups.values().map(Vec::len).max().unwrap_or(0));
    let counts = tail_counts(largest, groups.len(), imbalance);
    for (mut rows, count) in groups.into_values().zip(counts) {
        shuffle(&mut rows, &mut rng);
        labeled.extend_from_slice(&rows[..count.min(rows.len())]);
    }
    labeled.sort_unstable();
    labeled
}

/// A long tail of unlabelled rows, by the classes that they hide: as [`tail`], the other way round where that is asked
/// for, and each class as large as its place says. The largest is as large as all classes allow where no number is
/// given.
fn unlabeled_tail(
    dataset: &Dataset,
    unlabeled: &[usize],
    imbalance: f64,
    config: &LabelsConfig,
) -> Result<Vec<usize>, DataError> {
    let groups = groups(dataset, unlabeled);
    if groups.contains_key(&None) {
        return Err(DataError::new(
            format!(
                "`data.labels.unlabeled_imbalance` needs the class of every row, which the unlabelled ones hide; {} has \
                 rows without one",
                dataset.name
            ),
            "leave the key out: what has no class stands in no tail",
        ));
    }
    let places = |largest: usize| -> Vec<usize> {
        let mut counts: Vec<usize> = tail_counts(largest, groups.len(), imbalance).collect();
        if config.unlabeled_reversed {
            counts.reverse();
        }
        counts
    };
    let fits = |largest: usize| groups.values().zip(places(largest)).all(|(rows, count)| count <= rows.len());
    let lost = lost_classes(dataset, &groups);
    let most = groups.values().map(Vec::len).max().unwrap_or(0);
    let largest = config.unlabeled_per_class.or_else(|| (1..=most).rev().find(|largest| fits(*largest)));
    let largest = largest.filter(|largest| lost.is_empty() && fits(*largest)).ok_or_else(|| {
        let asked = config.unlabeled_per_class.map_or(String::new(), |count| format!(" with {count} of the largest class"));
        DataError::new(
            format!(
                "`data.labels.unlabeled_imbalance` asks for a tail{asked}; the rows of {} that are left unlabelled are: {}",
                dataset.name,
                counts_text(dataset, &groups)
            ),
            "ask for fewer labels or unlabelled rows, or lower `data.validation`",
        )
    })?;
    let mut rng = generator(config.seed, UNLABELED_TAIL);
    let counts = places(largest);
    let mut kept = Vec::new();
    for (mut rows, count) in groups.into_values().zip(counts) {
        shuffle(&mut rows, &mut rng);
        kept.extend_from_slice(&rows[..count]);
    }
    kept.sort_unstable();
    Ok(kept)
}

fn tail_counts(largest: usize, classes: usize, imbalance: f64) -> impl Iterator<Item = usize> {
    let last = classes.saturating_sub(1).max(1) as f64;
    (0..classes)
        .map(move |position| (largest as f64 * imbalance.powf(-(position as f64) / last)).round().max(1.0) as usize)
}

fn from_file(path: &std::path::Path, known: &[usize], dataset: &Dataset) -> Result<Vec<usize>, DataError> {
    let text = read_text(path)?;
    let record: SplitRecord = serde_json::from_str(&text).map_err(|error| {
        DataError::new(
            format!("{}:{}: not a split: {error}", path.display(), error.line()),
            "give a `split.json` as `semiseq data split` writes it",
        )
    })?;
    if let Some(row) = record.labeled.iter().find(|row| known.binary_search(row).is_err()) {
        let reason =
            if *row >= dataset.len() { "does not exist" } else { "has no label, or belongs to the validation part" };
        return Err(DataError::new(
            format!("{}: row {row} {reason} in {}", path.display(), dataset.name),
            "the split belongs to other data, or to another `data.validation` or `data.seed`",
        ));
    }
    let mut labeled = record.labeled;
    labeled.sort_unstable();
    labeled.dedup();
    Ok(labeled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Sequence;

    fn dataset(counts: &[usize]) -> Dataset {
        let targets: Vec<Target> = counts
            .iter()
            .enumerate()
            .flat_map(|(class, count)| std::iter::repeat_n(Target::Class(class), *count))
            .collect();
        Dataset {
            name: "t".into(),
            sequences: vec![Sequence::Tokens(vec![1]); targets.len()],
            targets,
            classes: (0..counts.len()).map(|class| class.to_string()).collect(),
            ..Dataset::default()
        }
    }

    fn count(dataset: &Dataset, rows: &[usize], class: usize) -> usize {
        rows.iter().filter(|row| dataset.targets[**row] == Target::Class(class)).count()
    }

    fn all(dataset: &Dataset) -> Vec<usize> {
        (0..dataset.len()).collect()
    }

    #[test]
    fn per_class_takes_so_many_of_each_and_the_same_for_a_seed() {
        let dataset = dataset(&[20, 10, 5]);
        let config = LabelsConfig { per_class: Some(3), seed: 7, ..Default::default() };
        let (labeled, unlabeled) = choose_labels(&dataset, &all(&dataset), &config).unwrap();
        assert_eq!([0, 1, 2].map(|class| count(&dataset, &labeled, class)), [3, 3, 3]);
        assert_eq!(labeled.len() + unlabeled.len(), 35);
        assert_eq!(choose_labels(&dataset, &all(&dataset), &config).unwrap().0, labeled);
        assert_ne!(choose_labels(&dataset, &all(&dataset), &LabelsConfig { seed: 8, ..config }).unwrap().0, labeled);
    }

    #[test]
    fn a_total_is_shared_out_as_the_classes_are() {
        // 20 : 10 : 5 of 7 labels is 4 : 2 : 1.
        let dataset = dataset(&[20, 10, 5]);
        let (labeled, _) =
            choose_labels(&dataset, &all(&dataset), &LabelsConfig { total: Some(7), ..Default::default() }).unwrap();
        assert_eq!([0, 1, 2].map(|class| count(&dataset, &labeled, class)), [4, 2, 1]);
    }

    #[test]
    fn more_labels_than_exist_is_an_error_that_counts_them() {
        let dataset = dataset(&[20, 2]);
        let message =
            choose_labels(&dataset, &all(&dataset), &LabelsConfig { per_class: Some(3), ..Default::default() })
                .unwrap_err()
                .to_string();
        assert!(message.contains("asks for 3 labels of each class") && message.contains("0 20, 1 2"), "{message}");
    }

    #[test]
    fn a_long_tail_falls_exponentially() {
        // 16 · 16^(-k/2): 16, 4, 1.
        let dataset = dataset(&[20, 20, 20]);
        let config = LabelsConfig { per_class: Some(16), imbalance: Some(16.0), ..Default::default() };
        let (labeled, _) = choose_labels(&dataset, &all(&dataset), &config).unwrap();
        assert_eq!([0, 1, 2].map(|class| count(&dataset, &labeled, class)), [16, 4, 1]);
    }

    /// Unlabelled rows of each class, beside 16, 4 and 1 labels.
    fn tails(counts: &[usize], config: LabelsConfig) -> Result<[usize; 3], String> {
        let dataset = dataset(counts);
        let config = LabelsConfig { per_class: Some(16), imbalance: Some(16.0), ..config };
        let rows = all(&dataset);
        let (labeled, unlabeled) = choose_labels(&dataset, &rows, &config).map_err(|error| error.to_string())?;
        let (again, same) = choose_labels(&dataset, &rows, &config).unwrap();
        assert_eq!((&again, &same), (&labeled, &unlabeled));
        assert!(labeled.iter().all(|row| unlabeled.binary_search(row).is_err()));
        Ok([0, 1, 2].map(|class| count(&dataset, &unlabeled, class)))
    }

    #[test]
    fn an_unlabelled_tail_falls_as_the_labels_or_the_other_way_and_leaves_rows_out() {
        let tail = |imbalance: f64| LabelsConfig { unlabeled_imbalance: Some(imbalance), ..Default::default() };
        // 64, 76 and 79 are left.
        assert_eq!(tails(&[80, 80, 80], LabelsConfig::default()), Ok([64, 76, 79]));
        assert_eq!(tails(&[80, 80, 80], tail(16.0)), Ok([64, 16, 4]));
        assert_eq!(tails(&[80, 80, 80], tail(1.0)), Ok([64, 64, 64]));
        let reversed = LabelsConfig { unlabeled_reversed: true, ..tail(16.0) };
        assert_eq!(tails(&[80, 80, 80], reversed.clone()), Ok([5, 20, 79]));
        // Of the last class 9 are left, which allow 9 of it and so on.
        assert_eq!(tails(&[80, 80, 10], reversed), Ok([1, 2, 9]));
        let given = LabelsConfig { unlabeled_per_class: Some(48), ..tail(16.0) };
        assert_eq!(tails(&[80, 80, 80], given.clone()), Ok([48, 12, 3]));
        let other = LabelsConfig { seed: 5, per_class: Some(16), ..given };
        let dataset = dataset(&[80, 80, 80]);
        let kept = |config: &LabelsConfig| choose_labels(&dataset, &all(&dataset), config).unwrap().1;
        assert_ne!(kept(&other), kept(&LabelsConfig { seed: 6, ..other.clone() }));
    }

    #[test]
    fn an_unlabelled_tail_that_the_rows_do_not_make_is_refused_with_what_there_is() {
        let tail = LabelsConfig { unlabeled_imbalance: Some(4.0), ..Default::default() };
        let many = LabelsConfig { unlabeled_per_class: Some(65), ..tail.clone() };
        let message = tails(&[80, 80, 80], many).unwrap_err();
        assert!(message.contains("65 of the largest class") && message.contains("0 64, 1 76, 2 79"), "{message}");
        // No row of the last class is left.
        let message = tails(&[80, 80, 1], tail.clone()).unwrap_err();
        assert!(message.contains("0 64, 1 76"), "{message}");
        let mut unknown = dataset(&[80, 80, 80]);
        unknown.targets[5] = Target::Missing;
        let message = choose_labels(&unknown, &all(&unknown), &tail).unwrap_err().to_string();
        assert!(message.contains("unlabeled_imbalance"), "{message}");
    }

    #[test]
    fn validation_takes_its_part_of_each_class() {
        let dataset = dataset(&[20, 10]);
        let (valid, rest) = stratified(&dataset, &all(&dataset), 0.2, 0);
        assert_eq!((count(&dataset, &valid, 0), count(&dataset, &valid, 1), rest.len()), (4, 2, 24));
    }
}
