//! The rows that are held out of training: the test part, where the data bring none, and validation.

use crate::config::DataConfig;
use crate::error::DataError;
use crate::preparation::groups::parted;
use crate::preparation::split::{choose_labels, stratified};
use crate::random::{generator, shuffle};
use crate::sequence::{Dataset, Target};
use crate::sources::parts::Source;
use crate::target_kind::TargetKind;

const TEST: u64 = 11;

/// A test part is asked for where the source has one.
pub(crate) fn unused(source: &Source, config: &DataConfig) -> Option<String> {
    let key = match (config.test_last, config.test_every) {
        (Some(_), _) => "test_last",
        (None, Some(_)) => "test_every",
        (None, None) if config.test_fraction != DataConfig::default().test_fraction => "test_fraction",
        (None, None) => return None,
    };
    let rows = source.test.as_ref()?.len();
    let name = &source.train.name;
    Some(format!(
        "`data.{key}` is not used: {name} has a test part of its own, of {rows} rows; remove the key, or put both \
         parts together first with `data.join = true`"
    ))
}

/// The source with a test part, and the rows of its training part that stay for training.
///
/// # Errors
///
/// Where nothing stays for training.
pub(crate) fn with_test_part(mut source: Source, config: &DataConfig) -> Result<(Source, Vec<usize>), DataError> {
    let all: Vec<usize> = (0..source.train.len()).collect();
    if source.test.is_some() {
        return Ok((source, all));
    }
    let (test, rest): (Vec<usize>, Vec<usize>) = match (config.test_last, config.test_every) {
        (Some(last), _) => {
            let from = all.len().saturating_sub(last);
            (all[from..].to_vec(), all[..from].to_vec())
        }
        (None, Some(every)) => {
            let mut seen = std::collections::HashMap::new();
            all.iter().partition(|row| {
                let place = seen.entry(class_key(&source.train.targets[**row])).or_insert(0usize);
                *place += 1;
                *place % every == 0
            })
        }
        (None, None) => {
            let known: Vec<usize> =
                all.iter().copied().filter(|row| source.train.targets[*row] != Target::Missing).collect();
            let known = if known.is_empty() { all.clone() } else { known };
            drawn(&source.train, &all, &known, config, config.test_fraction, config.seed ^ (TEST << 32))?
        }
    };
    if rest.is_empty() {
        return Err(DataError::new(
            format!(
                "`data.{}` leaves no row of {} for training; it has {}",
                match (config.test_last, config.test_every) {
                    (Some(_), _) => "test_last",
                    (None, Some(_)) => "test_every",
                    (None, None) => "test_fraction",
                },
                source.train.name,
                all.len()
            ),
            "take fewer rows for the test part",
        ));
    }
    // Nobody reads the test rows of the training part any more.
    source.test = Some(source.train.moved_out(&test));
    Ok((source, rest))
}

/// Rows before others were held out: what took labels away is known by them.
pub(crate) struct HeldOut {
    /// With those of the test part.
    pub(crate) all: Vec<usize>,
    /// With those of the validation part.
    pub(crate) without_test: Vec<usize>,
}

impl HeldOut {
    /// An error about the labels of `left`, the rows to train on; where there were enough before, by what took them.
    pub(crate) fn blamed(&self, error: DataError, train: &Dataset, left: &[usize], config: &DataConfig) -> DataError {
        let known = |rows: &[usize]| rows.iter().filter(|row| train.targets[**row] != Target::Missing).count();
        let enough =
            |rows: &[usize]| choose_labels(train, rows, &config.labels).is_ok_and(|(seen, _)| !seen.is_empty());
        let [whole, between, left] = [&self.all[..], &self.without_test, left].map(known);
        let drawn = config.test_last.or(config.test_every).is_none();
        let (key, fraction, part, kept, of) = if left < between && enough(&self.without_test) {
            let key = if config.validation.is_some() { "validation" } else { "valid_fraction" };
            (key, config.validation_fraction(), "validation", between - left, between)
        } else if between < whole && drawn && enough(&self.all) {
            ("test_fraction", config.test_fraction, "the test part", whole - between, whole)
        } else {
            return error;
        };
        let rest = if left == 0 { "none is left to learn from".to_string() } else { error.to_string() };
        DataError::new(
            format!(
                "`data.{key}` is {fraction} and keeps {kept} of the {of} labelled rows of {} for {part}: {rest}",
                train.name
            ),
            format!("write a smaller part, such as `{key} = 0.2`"),
        )
    }
}

/// A class that only the test part has cannot be learned.
pub(crate) fn check_test_classes(
    train: &Dataset,
    rows: &[usize],
    test: &Dataset,
    task: TargetKind,
) -> Result<(), DataError> {
    if task != TargetKind::Classify || test.classes != train.classes {
        // Names that differ are found, with their row, where the preprocessing is applied.
        return Ok(());
    }
    let seen: std::collections::HashSet<Option<usize>> =
        rows.iter().map(|row| class_key(&train.targets[*row])).collect();
    let unseen = test.targets.iter().filter_map(class_key).find(|class| !seen.contains(&Some(*class)));
    match unseen {
        Some(class) => Err(DataError::new(
            format!(
                "{}: the test part holds the class `{}`, which was never seen in the training part",
                train.name, train.classes[class]
            ),
            "the rows seem to be sorted by class: use `data.test_fraction` or `data.test_every`",
        )),
        None => Ok(()),
    }
}

fn class_key(target: &Target) -> Option<usize> {
    if let Target::Class(class) = target { Some(*class) } else { None }
}

/// Validation rows, drawn class by class among the labelled ones (among all, where nothing is labelled).
pub(crate) fn valid_part(
    train: &Dataset,
    rows: &[usize],
    config: &DataConfig,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let known: Vec<usize> = rows.iter().copied().filter(|row| train.targets[*row] != Target::Missing).collect();
    let fraction = config.validation_fraction();
    if !known.is_empty() || config.labels.group.is_some() {
        let known = if known.is_empty() { rows } else { &known };
        return drawn(train, rows, known, config, fraction, config.seed);
    }
    let mut valid = rows.to_vec();
    shuffle(&mut valid, &mut generator(config.seed, TEST + 1));
    valid.truncate((rows.len() as f64 * fraction).round() as usize);
    valid.sort_unstable();
    let rest = rows.iter().copied().filter(|row| valid.binary_search(row).is_err()).collect();
    Ok((valid, rest))
}

/// Draws `fraction` of the rows that are `known`, class by class, or in whole groups; and what stays of all rows.
fn drawn(
    train: &Dataset,
    rows: &[usize],
    known: &[usize],
    config: &DataConfig,
    fraction: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    if config.labels.group.is_some() {
        return parted(train, rows, known, fraction, seed);
    }
    let (part, _) = stratified(train, known, fraction, seed);
    let rest = rows.iter().copied().filter(|row| part.binary_search(row).is_err()).collect();
    Ok((part, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Validation;
    use crate::fixtures::{cbf, file};
    use crate::prepare::prepare;

    #[test]
    fn the_last_rows_can_be_the_test_part() {
        let rows: String = (0..20).map(|row| format!("{row},{},{}\n", row + 1, ["x", "y"][row % 2])).collect();
        let path = file("last.csv", format!("a,b,label\n{rows}"));
        let validation = Some(Validation::Fraction(0.2));
        let config =
            DataConfig { source: path.display().to_string(), test_last: Some(4), validation, ..Default::default() };
        let data = prepare(&config, TargetKind::Classify).unwrap();
        assert_eq!((data.test.len(), data.valid.len(), data.labeled.len()), (4, 4, 12));
    }

    #[test]
    fn a_test_part_that_is_there_makes_the_choice_of_one_void() {
        let config = DataConfig { test_every: Some(10), ..cbf() };
        let data = prepare(&config, TargetKind::Classify).unwrap();
        assert_eq!(data.test.len(), 900);
        assert!(data.warnings[0].contains("`data.test_every` is not used"), "{:?}", data.warnings);
        assert!(prepare(&cbf(), TargetKind::Classify).unwrap().warnings.is_empty());
        let data = prepare(&DataConfig { join: true, ..config }, TargetKind::Classify).unwrap();
        assert_eq!((data.test.len(), data.warnings.len()), (1650 / 10, 0));
    }

    #[test]
    fn a_file_sorted_by_class_is_refused_where_its_end_is_the_test_part() {
        let rows: String = (0..20).map(|row| format!("{row},{},{}\n", row + 1, ["x", "y", "z"][row / 7])).collect();
        let path = file("sorted.csv", format!("a,b,label\n{rows}"));
        let config =
            |last| DataConfig { source: path.display().to_string(), test_last: Some(last), ..Default::default() };
        let message = prepare(&config(6), TargetKind::Classify).unwrap_err().in_full();
        assert!(message.contains("the class `z`, which was never seen"), "{message}");
        let message = prepare(&config(50), TargetKind::Classify).unwrap_err().in_full();
        assert!(message.contains("`data.test_last` leaves no row"), "{message}");
    }
}
