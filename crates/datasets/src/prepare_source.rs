//! From data that were read to data that can be trained on: split, fit the preprocessing, apply it.

use crate::config::DataConfig;
use crate::duplicates::{self, Seen};
use crate::error::DataError;
use crate::packed::Store;
use crate::preparation::groups::{UNLABELLED, check_parts};
use crate::preparation::held_out::{HeldOut, check_test_classes, unused, valid_part, with_test_part};
use crate::preparation::processor::Processor;
use crate::preparation::split::{SplitRecord, choose_labels};
use crate::preparation::transcripts;
use crate::preparation::transform::Normalize;
use crate::prepared::{AsRead, Prepared};
use crate::sequence::{Dataset, Target};
use crate::sources::checks::{check_lengths, check_pool, check_sound, check_targets};
use crate::sources::parts::Source;
use crate::target_kind::TargetKind;

/// Splits and prepares data that is in memory already; `config.source` is not looked at.
///
/// # Errors
///
/// As [`crate::prepare`].
pub fn prepare_source(source: Source, config: &DataConfig, task: TargetKind) -> Result<Prepared, DataError> {
    prepare_into(source, config, task, &Store::Memory)
}

/// As [`prepare_source`]; prepared sequences go into `store`.
pub(crate) fn prepare_into(
    source: Source,
    config: &DataConfig,
    task: TargetKind,
    store: &Store,
) -> Result<Prepared, DataError> {
    for part in [Some(&source.train), source.valid.as_ref(), source.test.as_ref(), source.unlabeled.as_ref()]
        .into_iter()
        .flatten()
    {
        check_targets(part, task)?;
        check_lengths(part)?;
    }
    if let Some(pool) = &source.unlabeled {
        check_pool(&source.train, pool)?;
    }
    check_single_class(&source.train, task)?;
    check_sound(&source.train.name, &config.transform, source.layout.as_ref())?;
    if let Some(column) = &config.labels.group {
        let others = [(&source.valid, "validation"), (&source.test, "test"), (&source.unlabeled, UNLABELLED)];
        let others = others.into_iter().filter_map(|(part, kind)| Some((part.as_ref()?, kind)));
        let parts: Vec<_> = [(&source.train, "training")].into_iter().chain(others).collect();
        check_parts(column, &parts)?;
    }
    let marks = source.marks();
    let mut warnings = source.notes();
    if let Some(doubt) = source.doubtful_classes().filter(|_| task == TargetKind::Classify) {
        if source.one_class_a_row() {
            return Err(DataError::new(doubt, "a classifier needs several rows of each class"));
        }
        warnings.push(doubt);
    }
    warnings.extend(unused(&source, config));
    let all = (0..source.train.len()).collect();
    let (Source { mut train, valid, test, unlabeled, layout }, rows) = with_test_part(source, config)?;
    let held_out = HeldOut { all, without_test: rows };
    let rows = &held_out.without_test;
    if let Some(test) = &test {
        check_test_classes(&train, rows, test, task).map_err(|error| held_out.blamed(error, &train, rows, config))?;
    }
    let (valid_rows, train_rows) = if valid.is_some() || config.validation_fraction() == 0.0 {
        (Vec::new(), rows.clone())
    } else {
        valid_part(&train, rows, config)?
    };
    let (labeled, mut hidden) = if task == TargetKind::Unsupervised {
        (Vec::new(), train_rows.clone())
    } else {
        choose_labels(&train, &train_rows, &config.labels)
            .and_then(|chosen| check_labeled(&train, &chosen.0).map(|()| chosen))
            .map_err(|error| held_out.blamed(error, &train, &train_rows, config))?
    };
    hidden.sort_unstable();
    let split = SplitRecord {
        source: config.source.clone(),
        seed: config.labels.seed,
        labeled: labeled.clone(),
        unlabeled: hidden.clone(),
        valid: valid_rows.clone(),
        calibration: Vec::new(),
        data: marks,
    };

    let valid = valid.unwrap_or_else(|| train.part(&valid_rows));
    let test = test.unwrap_or_default();
    let seen = Seen::of(&train, train_rows.iter().copied());
    let twice: Vec<String> =
        [seen.share(&test, "test"), seen.share(&valid, "validation")].into_iter().flatten().collect();
    drop(seen);
    let part: Vec<usize> = labeled.iter().chain(&hidden).copied().collect();
    drop(hidden);
    // Sequences are held once: what is not trained on is gone.
    let mut raw = train.moved_out(&part);
    train.sequences = Vec::new();
    if let Some(more) = unlabeled {
        let of_test = test.keys.groups_of(0..test.len());
        let apart = train.keys.groups_of(valid_rows.iter().copied());
        let apart =
            |row: &usize| more.keys.group(*row).is_some_and(|group| apart.contains(group) || of_test.contains(group));
        let (left_out, kept): (Vec<usize>, Vec<usize>) = (0..more.len()).partition(apart);
        let more = if left_out.is_empty() { more } else { more.part(&kept) };
        if !left_out.is_empty() {
            let count = left_out.len();
            warnings.push(format!("{}: {count} rows are left out: their groups are scored on", more.name));
        }
        let targets = vec![Target::Missing; more.len()];
        raw = raw.join(Dataset { targets, classes: Vec::new(), ..more });
    }
    let count = labeled.len();
    drop(train);
    let as_read = match task {
        TargetKind::Classify | TargetKind::Regress => AsRead::of(&raw, &test, store)?,
        _ => AsRead::default(),
    };
    warnings.extend(lost_digits(&raw, config));
    let transform = match task {
        TargetKind::Transcribe => transcripts::transform(&config.transform)?,
        _ => config.transform.clone(),
    };
    let processor = Processor::fit(&transform, &raw)?.with_labels(&raw.targets[..count]).with_layout(layout);
    let order = config.labels.order.as_ref().filter(|_| matches!(task, TargetKind::Classify | TargetKind::Tag));
    let processor = processor.in_order(order, &raw.name)?;
    warnings.extend(duplicates::told(&twice));
    let unlabeled = (count..raw.len()).collect();
    let apply = |part: &str, raw: Dataset| processor.apply_into(store.sink(part)?, raw);
    let (train, valid, test) = (apply("train", raw)?, apply("valid", valid)?, apply("test", test)?);
    if task == TargetKind::Transcribe {
        warnings.extend(transcripts::too_long(&train, count)?);
    }
    let parts = [(&train, "training"), (&valid, "validation"), (&test, "test")];
    warnings.extend(parts.into_iter().find_map(|(part, kind)| processor.mostly_unknown(part, kind)));
    let (train, calibration, labeled) = (train.into(), Dataset::default(), (0..count).collect());
    let whole = Prepared { train, valid, test, calibration, labeled, unlabeled, processor, split, warnings, as_read };
    match config.labels.fold {
        Some(fold) => whole.holding_out(fold),
        None => Ok(whole),
    }
}

/// Values are left as they are, and 32 bits do not hold their digits.
fn lost_digits(raw: &Dataset, config: &DataConfig) -> Option<String> {
    (!raw.levels.is_empty() && config.transform.normalize == Normalize::None).then(|| {
        format!(
            "{}: values lie on a large number and lose digits with `data.transform.normalize = \"none\"`; `channel` \
             and `series` take it off in double precision",
            raw.name
        )
    })
}

fn check_single_class(train: &Dataset, task: TargetKind) -> Result<(), DataError> {
    if task == TargetKind::Classify && train.classes.len() == 1 {
        return Err(DataError::new(
            format!(
                "{}: the labels hold a single class, `{}`",
                train.name,
                train.classes.first().map_or("", String::as_str)
            ),
            "a classifier needs at least two; name the right column with `data.target`",
        ));
    }
    Ok(())
}

fn check_labeled(train: &Dataset, labeled: &[usize]) -> Result<(), DataError> {
    if labeled.is_empty() {
        return Err(DataError::new(
            format!("{}: no row of the training part has a label", train.name),
            "name the column with `data.target`, or use an unsupervised objective such as `autoencoder`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{cbf, file};
    use crate::preparation::labels::LabelsConfig;
    use crate::preparation::transform::TransformConfig;
    use crate::prepare::prepare;

    #[test]
    fn cbf_has_the_sizes_of_the_specification() {
        let data = prepare(&cbf(), TargetKind::Classify).unwrap();
        assert_eq!((data.labeled.len(), data.unlabeled.len(), data.valid.len(), data.test.len()), (15, 585, 150, 900));
        assert_eq!(data.processor.classes().len(), 3);
    }

    #[test]
    fn no_label_is_spent_on_validation_unless_asked_for() {
        let data = prepare(&DataConfig { validation: None, ..cbf() }, TargetKind::Classify).unwrap();
        assert_eq!((data.labeled.len(), data.unlabeled.len(), data.valid.len()), (15, 735, 0));
        let older = DataConfig { validation: None, valid_fraction: Some(0.2), ..cbf() };
        assert_eq!(
            prepare(&older, TargetKind::Classify).unwrap().split,
            prepare(&cbf(), TargetKind::Classify).unwrap().split
        );
    }

    #[test]
    fn a_split_is_a_pure_function_and_no_row_is_twice() {
        let split = prepare(&cbf(), TargetKind::Classify).unwrap().split;
        assert_eq!(split, prepare(&cbf(), TargetKind::Classify).unwrap().split);
        let mut rows: Vec<usize> = [&split.labeled[..], &split.unlabeled, &split.valid].concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..750).collect::<Vec<_>>());
    }

    #[test]
    fn test_rows_that_are_trained_on_are_told() {
        let rows: String = (0..40).map(|row| format!("text {},{}\n", row % 8, ["x", "y"][row % 2])).collect();
        let path = file("twice.csv", format!("text,label\n{rows}"));
        let config = DataConfig { source: path.display().to_string(), valid_fraction: Some(0.2), ..Default::default() };
        let warnings = prepare(&config, TargetKind::Classify).unwrap().warnings;
        assert!(
            warnings[0].starts_with("8 of 8 test rows and 6 of 6 validation rows are equal to training rows"),
            "{warnings:?}"
        );
    }

    #[test]
    fn digits_that_are_lost_are_told() {
        let rows: String = (0..20)
            .map(|row| format!("{}.5,{}.25,{}\n", 1_600_000_000 + row, 1_600_000_001 + row, ["x", "y"][row % 2]))
            .collect();
        let path = file("digits.csv", format!("a,b,label\n{rows}"));
        let warnings = |normalize| {
            let transform = TransformConfig { normalize, ..Default::default() };
            let config = DataConfig { source: path.display().to_string(), transform, ..Default::default() };
            prepare(&config, TargetKind::Classify).unwrap().warnings
        };
        assert_eq!(warnings(Normalize::Channel), [""; 0]);
        assert!(warnings(Normalize::None)[0].contains("lose digits with `data.transform.normalize"));
    }

    #[test]
    fn words_that_training_never_saw_are_told() {
        let write = |name: &str, rows: String| file(&format!("{name}.csv"), format!("text,label\n{rows}"));
        let rows = |word: &str| (0..20).map(|row| format!("{word}{row} {word},{}\n", ["x", "y"][row % 2])).collect();
        let config = |word: &str| DataConfig {
            train: Some(write("train", rows("a")).into()),
            test: Some(write("test", rows(word)).into()),
            ..Default::default()
        };
        let warnings = prepare(&config("b"), TargetKind::Classify).unwrap().warnings;
        assert!(warnings[0].starts_with("40 of 40 tokens of the test part are unknown"), "{warnings:?}");
        assert_eq!(prepare(&config("a"), TargetKind::Classify).unwrap().warnings.len(), 1, "equal rows alone");
        let rare = TransformConfig { min_frequency: Some(30), ..Default::default() };
        let warnings = prepare(&DataConfig { transform: rare, ..config("b") }, TargetKind::Classify).unwrap().warnings;
        assert!(warnings[0].starts_with("40 of 40 tokens of the training part are unknown"), "{warnings:?}");
    }

    #[test]
    fn marks_for_no_label_are_none_and_minus_one_is_asked_about() {
        let labels = ["0", "1.0", "-1", "NaN", "0.0", "1", "-1.0", "NA"];
        let rows: String = (0..80).map(|row| format!("{row}.5,{},{}\n", row * row, labels[row % 8])).collect();
        let path = file("marks.csv", format!("a,b,label\n{rows}"));
        let config = DataConfig { source: path.display().to_string(), ..Default::default() };
        let data = prepare(&config, TargetKind::Classify).unwrap();
        assert_eq!(data.processor.classes(), ["-1", "0", "1"]);
        assert!(data.warnings[0].contains("20 rows are unlabelled: the label is `NaN` or `NA`"), "{:?}", data.warnings);
        assert!(data.warnings[1].contains("`-1` is read as a class, of 20 rows"), "{:?}", data.warnings);
        let labels = LabelsConfig { missing: Some("-1".into()), ..Default::default() };
        let data = prepare(&DataConfig { labels, ..config }, TargetKind::Classify).unwrap();
        assert_eq!((data.processor.classes().join(" "), data.warnings.len()), ("0 1".into(), 1));
        assert_eq!(data.labeled.len() + data.valid.len() + data.test.len(), 40);
    }

    #[test]
    fn a_long_tail_asks_for_no_more_labels_than_there_are() {
        let labels = LabelsConfig { per_class: Some(50), imbalance: Some(2.0), ..Default::default() };
        let config = DataConfig { source: "cbf".into(), size: Some(30), labels, ..Default::default() };
        let message = prepare(&config, TargetKind::Classify).unwrap_err().in_full();
        assert!(message.contains("50 labels of the largest class"), "{message}");
    }

    #[test]
    fn what_takes_all_labels_away_is_named() {
        let rows: String = (0..40).map(|row| format!("{row}.5,{},{}\n", row * row, ["x", "y"][row % 2])).collect();
        let unlabelled: String = (0..9).map(|row| format!("{row}.25,{},\n", row * row)).collect();
        let path = file("few.csv", format!("a,b,label\n{rows}{unlabelled}"));
        let base = DataConfig { source: path.display().to_string(), ..Default::default() };
        let message = |config: DataConfig| prepare(&config, TargetKind::Classify).unwrap_err().in_full();
        let validation = Some(crate::Validation::Fraction(0.99));
        let told = message(DataConfig { validation, ..base.clone() });
        assert!(told.starts_with("`data.validation` is 0.99 and keeps 32 of the 32 labelled rows of "), "{told}");
        assert!(told.contains("few.csv for validation: none is left to learn from"), "{told}");
        assert!(told.ends_with("hint: write a smaller part, such as `validation = 0.2`"), "{told}");
        let told = message(DataConfig { test_fraction: 0.99, ..base.clone() });
        assert!(told.starts_with("`data.test_fraction` is 0.99 and keeps 40 of the 40 labelled rows of"), "{told}");
        let labels = LabelsConfig { per_class: Some(12), ..Default::default() };
        let told = message(DataConfig { valid_fraction: Some(0.5), labels, ..base.clone() });
        assert!(told.starts_with("`data.valid_fraction` is 0.5 and keeps 16 of the 32 labelled rows of"), "{told}");
        assert!(told.contains("for validation: `data.labels.per_class` asks for 12 labels of each class"), "{told}");
        let labels = LabelsConfig { per_class: Some(50), ..Default::default() };
        assert!(message(DataConfig { labels, ..base }).starts_with("`data.labels.per_class` asks for 50"));
    }

    #[test]
    fn a_class_a_row_is_refused_and_nearly_one_is_told() {
        let data = |name: &str, classes: usize| {
            let rows: String = (0..40).map(|row| format!("{row}.5,{},c{}\n", row * row, row % classes)).collect();
            let path = file(&format!("{name}.csv"), format!("a,b,label\n{rows}"));
            prepare(&DataConfig { source: path.display().to_string(), ..Default::default() }, TargetKind::Classify)
        };
        let message = data("all", 40).unwrap_err().in_full();
        assert!(message.contains("as many classes as rows with a label (40 of 40), column `label`"), "{message}");
        let warnings = data("most", 21).unwrap().warnings;
        assert!(warnings.iter().any(|line| line.contains("nearly as many classes as rows (21 of 40)")), "{warnings:?}");
        assert_eq!(data("few", 2).unwrap().warnings, [""; 0]);
    }

    #[test]
    fn a_pool_and_a_test_part_are_read_by_the_columns_of_training() {
        let write = |name: &str, text: String| file(&format!("{name}.csv"), text);
        let rows = |labels: bool, turned: bool| -> String {
            let row = |row: usize| match (labels, turned) {
                (true, false) => format!("{row}.25,-{row}.5,{}\n", ["x", "y"][row % 2]),
                (true, true) => format!("{},-{row}.5,{row}.25\n", ["x", "y"][row % 2]),
                _ => format!("{row}.25,-{row}.5\n"),
            };
            (0..20).map(row).collect()
        };
        let config = DataConfig {
            train: Some(write("train", format!("t0,t1,label\n{}", rows(true, false))).into()),
            test: Some(write("test", format!("label,t1,t0\n{}", rows(true, true))).into()),
            unlabeled: Some(write("pool", format!("t0,t1\n{}", rows(false, false))).into()),
            transform: TransformConfig {
                normalize: crate::preparation::transform::Normalize::None,
                ..Default::default()
            },
            ..Default::default()
        };
        let data = prepare(&config, TargetKind::Classify).unwrap();
        assert_eq!((data.labeled.len(), data.unlabeled.len(), data.test.len()), (20, 20, 20));
        assert_eq!(data.train.sequences[..20], data.test.sequences);
        assert_eq!(data.train.sequences[..20], data.train.sequences[20..]);
        assert_eq!(data.processor.layout().unwrap().input_names().collect::<Vec<_>>(), ["t0", "t1"]);
        let strange =
            DataConfig { unlabeled: Some(write("strange", format!("u,v\n{}", rows(false, false))).into()), ..config };
        let message = prepare(&strange, TargetKind::Classify).unwrap_err().in_full();
        assert!(message.contains("columns that the table lacks: `t0`, `t1`"), "{message}");
    }

    #[test]
    fn a_pool_of_another_kind_is_named_by_its_own_file() {
        let rows: String = (0..20).map(|row| format!("{row}.5,{},{}\n", row * row, ["x", "y"][row % 2])).collect();
        let train = file("kind-train.csv", format!("a,b,label\n{rows}"));
        for (text, found) in [
            ("{\"text\": \"a fine day\"}\n", "row 1 holds text"),
            ("{\"values\": [[1, 2], [3, 4]]}\n", "row 1 holds values of 2 channels"),
        ] {
            let config = DataConfig {
                train: Some(train.clone().into()),
                unlabeled: Some(file("kind-pool.jsonl", text).into()),
                ..Default::default()
            };
            let message = prepare(&config, TargetKind::Classify).unwrap_err().in_full();
            assert!(message.contains(&format!("kind-pool.jsonl: {found}, and ")), "{message}");
            assert!(message.contains("kind-train.csv values of one channel"), "{message}");
        }
    }

    #[test]
    fn one_class_and_the_wrong_model_are_errors() {
        let path = file("single.csv", "a,b,label\n1,2,x\n2,3,x\n4,5,x\n");
        let config = DataConfig { source: path.display().to_string(), ..Default::default() };
        assert!(prepare(&config, TargetKind::Classify).unwrap_err().in_full().contains("single class, `x`"));
        let adding = DataConfig { source: "adding".into(), ..Default::default() };
        assert!(prepare(&adding, TargetKind::Classify).unwrap_err().in_full().contains("use `[model.regressor]`"));
    }

    #[test]
    fn an_unknown_name_suggests_the_nearest() {
        let config = DataConfig { source: "two-paterns".into(), ..Default::default() };
        assert!(prepare(&config, TargetKind::Classify).unwrap_err().in_full().contains("did you mean `two-patterns`?"));
    }
}
