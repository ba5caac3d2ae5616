//! From a table of users, items and times to sessions that can be trained on: read, cut, split by time, leave out what
//! is rare, fit the preprocessing, apply it.

use crate::config::DataConfig;
use crate::digest::DataMark;
use crate::error::DataError;
use crate::events::Events;
use crate::files::Files;
use crate::formats::Rows;
use crate::formats::events::{read, rows, sequences};
use crate::formats::limit::within;
use crate::preparation::processor::Processor;
use crate::preparation::sessions::{self, Session, SessionsConfig};
use crate::preparation::split::SplitRecord;
use crate::preparation::transform::{TextUnit, TransformConfig};
use crate::prepared::{AsRead, Prepared};
use crate::row_keys::RowKeys;
use crate::sequence::{Dataset, Target};
use crate::sources::locate::located;
use crate::target_kind::TargetKind;

/// Reads, splits and prepares the sessions of a config.
///
/// # Errors
///
/// Whatever is wrong with the data, in the user's words.
pub(crate) fn prepare(config: &DataConfig, sessions: &SessionsConfig, task: TargetKind) -> Result<Prepared, DataError> {
    if task != TargetKind::Unsupervised {
        return Err(DataError::new(
            "`data.sessions` makes sessions of items, which have no label",
            "use `[stage.objective.next-item]` alone, or leave `[data.sessions]` out",
        ));
    }
    within(config.max_bytes, || prepared(config, sessions))
}

fn prepared(config: &DataConfig, settings: &SessionsConfig) -> Result<Prepared, DataError> {
    let files = config.train.clone().map_or_else(|| located(config).map(Files::from), Ok)?;
    let mut events = Events::default();
    let mut of = |files: &Files| of_files(&mut events, files, config, settings);
    let mut train = of(&files)?;
    let test = config.test.as_ref().map(&mut of).transpose()?;
    let valid = config.valid.as_ref().map(&mut of).transpose()?;
    let name = files.first().display().to_string();
    let mut warnings = std::mem::take(&mut events.notes);

    let all = train.len();
    sessions::retain(&mut train, settings.min_session, |_| true);
    if train.len() < 2 {
        return Err(DataError::new(
            format!(
                "{name}: {} of {all} sessions hold {} items or more, and two are needed",
                train.len(),
                settings.min_session
            ),
            "a longer `data.sessions.gap` makes longer sessions, and none one of each user",
        ));
    }
    let mut test = test.unwrap_or_else(|| sessions::take_test(&mut train, settings.split, config.test_fraction));
    let fraction = config.validation_fraction();
    let mut valid = valid.unwrap_or_else(|| match fraction > 0.0 {
        true => sessions::take_last(&mut train, fraction),
        false => Vec::new(),
    });
    let counts = sessions::item_counts(&train, events.items.len());
    let kept = |item: u32| counts[item as usize] >= settings.min_item;
    let rare = sessions::retain(&mut train, settings.min_session, kept);
    if train.is_empty() {
        return Err(DataError::new(
            format!(
                "{name}: no session of the training part holds {} items that stand there {} times",
                settings.min_session, settings.min_item
            ),
            "lower `data.sessions.min_item`",
        ));
    }
    // What training does not know can be predicted by nobody.
    let counts = sessions::item_counts(&train, events.items.len());
    let unseen = [&mut test, &mut valid].map(|part| sessions::retain(part, 2, |item| counts[item as usize] > 0));
    for (count, what) in [
        (rare, "of the training part are left out: their items or sessions are too rare or too short"),
        (unseen[0], "of the test part are left out: of items that the training part lacks, or alone in their session"),
        (
            unseen[1],
            "of the validation part are left out: of items that the training part lacks, or alone in their session",
        ),
    ] {
        if count > 0 {
            warnings.push(format!("{name}: {count} events {what}"));
        }
    }
    let dataset = |part: &[Session]| dataset(&name, &events, part);
    let (raw, valid, test) = (dataset(&train), dataset(&valid), dataset(&test));
    let data = [&raw, &valid, &test].map(DataMark::of).to_vec();
    let processor = Processor::fit(&of_items(&config.transform), &raw)?;
    let unlabeled: Vec<usize> = (0..raw.len()).collect();
    Ok(Prepared {
        calibration: Dataset::default(),
        split: SplitRecord {
            calibration: Vec::new(),
            source: config.source.clone(),
            seed: config.labels.seed,
            labeled: Vec::new(),
            unlabeled: unlabeled.clone(),
            valid: (raw.len()..raw.len() + valid.len()).collect(),
            data,
        },
        train: processor.apply(raw)?.into(),
        valid: processor.apply(valid)?,
        test: processor.apply(test)?,
        warnings,
        labeled: Vec::new(),
        unlabeled,
        processor,
        as_read: AsRead::default(),
    })
}

/// The same preparation, with an item a token.
fn of_items(transform: &TransformConfig) -> TransformConfig {
    TransformConfig { tokenize: TextUnit::item(), ..transform.clone() }
}

fn of_files(
    events: &mut Events,
    files: &Files,
    config: &DataConfig,
    settings: &SessionsConfig,
) -> Result<Vec<Session>, DataError> {
    let from = events.rows.len();
    for path in files.found()? {
        read(events, &path, config.format.as_deref(), config.header, settings)?;
    }
    Ok(sessions::of(events, from..events.rows.len(), settings))
}

fn dataset(name: &str, events: &Events, part: &[Session]) -> Dataset {
    let (sequences, ids) = sequences(events, part);
    Dataset {
        name: name.to_string(),
        targets: vec![Target::Missing; sequences.len()],
        sequences,
        keys: RowKeys { ids, groups: Vec::new() },
        ..Dataset::default()
    }
}

/// All sessions of some files, cut as a config says, and neither split nor chosen: what is predicted or described.
pub(crate) fn whole(files: &Files, config: &DataConfig, settings: &SessionsConfig) -> Result<Rows, DataError> {
    let mut events = Events::default();
    for path in files.found()? {
        read(&mut events, &path, config.format.as_deref(), config.header, settings)?;
    }
    let all = 0..events.rows.len();
    Ok(rows(files.first().display().to_string(), events, all, settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Validation;
    use crate::fixtures::file;
    use crate::prepare::prepare;
    use crate::sequence::Sequence;
    use crate::sources::read_input;

    /// Ten users, each with one session of three items on a day of its own; the last two also take a new item.
    fn config() -> DataConfig {
        let rows = (0..10).map(|user| {
            let new = if user > 7 { format!("u{user},new,2020-01-{:02} 12:03:00\n", user + 1) } else { String::new() };
            let item = |step: usize| {
                let name = ["red hat", "blue", "green"][(user + step) % 3];
                format!("u{user},{name},2020-01-{:02} 12:0{step}:00\n", user + 1)
            };
            (0..3).map(item).collect::<String>() + &new
        });
        let path = file("events.csv", format!("user,item,time\n{}", rows.collect::<String>()));
        DataConfig {
            source: path.display().to_string(),
            sessions: Some(SessionsConfig { min_item: 2, ..SessionsConfig::default() }),
            ..DataConfig::default()
        }
    }

    #[test]
    fn the_last_sessions_are_tested_without_items_that_training_lacks() {
        let data = prepare(&config(), TargetKind::Unsupervised).unwrap();
        assert_eq!((data.train.len(), data.valid.len(), data.test.len()), (8, 0, 2));
        assert_eq!(data.test.keys.ids, ["u8", "u9"]);
        assert_eq!(data.processor.input().vocabulary(), Some(5), "padding, unknown, three items");
        let names = |sequence: &Sequence| match sequence {
            Sequence::Tokens(tokens) => tokens.iter().map(|token| data.processor.item(*token)).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        assert_eq!(names(&data.test.sequences[0]), ["green", "red hat", "blue"]);
        assert!(data.warnings[0].contains("2 events of the test part are left out"), "{:?}", data.warnings);
        assert_eq!(data.split.data.len(), 3);
        let validated = DataConfig { validation: Some(Validation::Fraction(0.25)), ..config() };
        let data = prepare(&validated, TargetKind::Unsupervised).unwrap();
        assert_eq!((data.train.len(), data.valid.len(), data.test.len()), (6, 2, 2));
    }

    #[test]
    fn sessions_that_are_predicted_lose_unknown_items_and_keep_their_last_ones() {
        let mut config = config();
        config.transform.truncate = Some(2);
        let data = prepare(&config, TargetKind::Unsupervised).unwrap();
        let path =
            file("new.jsonl", "{\"item\": [\"green\", \"blue\", \"strange\", \"red hat\"]}\n{\"item\": [\"x\"]}\n");
        let raw = read_input(&path, &config, TargetKind::Unsupervised).unwrap();
        let found = data.processor.apply(raw).unwrap();
        let Sequence::Tokens(tokens) = &found.sequences[0] else { panic!("tokens") };
        let names: Vec<String> = tokens.iter().map(|token| data.processor.item(*token)).collect();
        assert_eq!(names, ["blue", "red hat"]);
        assert_eq!(found.sequences[1], Sequence::Tokens(vec![1]), "nothing is known");
    }

    #[test]
    fn what_leaves_nothing_is_refused() {
        let told = |settings: SessionsConfig| {
            let config = DataConfig { sessions: Some(settings), ..config() };
            prepare(&config, TargetKind::Unsupervised).unwrap_err().in_full()
        };
        let short = told(SessionsConfig { min_session: 9, ..SessionsConfig::default() });
        assert!(short.contains("0 of 10 sessions hold 9 items or more"), "{short}");
        let rare = told(SessionsConfig { min_item: 50, ..SessionsConfig::default() });
        assert!(rare.contains("lower `data.sessions.min_item`"), "{rare}");
        assert!(prepare(&config(), TargetKind::Classify).unwrap_err().to_string().contains("no label"));
    }
}
