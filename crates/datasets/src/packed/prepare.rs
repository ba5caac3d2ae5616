//! Prepares data by way of packed files: reads the sources into files, prepares these into others, and keeps them.

use std::fs;

use crate::config::DataConfig;
use crate::error::DataError;
use crate::formats::{self, by_ending};
use crate::packed::cache::{Cache, PackedPart};
use crate::packed::config::Packed;
use crate::packed::failure::Failure;
use crate::packed::sink::Store;
use crate::packed::spool;
use crate::packed::work::Work;
use crate::prepare_source::prepare_into;
use crate::prepared::Prepared;
use crate::sources::open::{open, source_files};
use crate::target_kind::TargetKind;

/// Bytes of the sources together from which they are packed unasked.
const LARGE: u64 = 1 << 30;
/// Formats that are read row by row.
const STREAMED: [&str; 5] = ["csv", "tsv", "jsonl", "npy", "npz"];

/// Data that were prepared, or what is to be said of their being prepared in memory.
pub(crate) enum Outcome {
    Packed(Box<Prepared>),
    Memory(Option<String>),
    /// They were read already.
    Read(Box<Prepared>),
}

/// Prepares the data of a config into packed files, where `data.packed` says so or the sources are large.
///
/// # Errors
///
/// Whatever is wrong with the data, or with packed files.
pub(crate) fn prepared(config: &DataConfig, task: TargetKind) -> Result<Outcome, DataError> {
    if config.packed == Some(Packed::No) || (config.packed.is_none() && (config.windows.is_some() || small(config))) {
        return Ok(Outcome::Memory(None));
    }
    let found = match obstacle(config, task) {
        Some(why) => Found::Not(why),
        None => find(config, task)?,
    };
    Ok(match found {
        Found::Packed(data, cache) => {
            let mut data = match config.labels.fold {
                Some(fold) => data.holding_out(fold)?,
                None => *data,
            };
            if config.packed.is_none() {
                data.warnings.push(format!(
                    "the data are large and are read from {}, where they stand prepared; `packed = false` in `[data]` \
                     reads them into memory",
                    cache.folder().display()
                ));
            }
            Outcome::Packed(Box::new(data))
        }
        Found::Read(mut data, why) => {
            data.warnings.push(in_memory(&why));
            Outcome::Read(data)
        }
        Found::Not(why) => Outcome::Memory(Some(in_memory(&why))),
    })
}

fn in_memory(why: &str) -> String {
    format!("the data are not packed and stand in memory: {why}")
}

/// Writes the packed files of a config, or finds those that were written before.
///
/// # Errors
///
/// Whatever is wrong with the data; data that cannot be packed.
pub fn pack(config: &DataConfig, task: TargetKind) -> Result<Vec<PackedPart>, DataError> {
    let config = match config.packed {
        None | Some(Packed::No) => DataConfig { packed: Some(Packed::Yes), ..config.clone() },
        _ => config.clone(),
    };
    let found = match obstacle(&config, task) {
        Some(why) => Found::Not(why),
        None => find(&config, task)?,
    };
    match found {
        Found::Packed(data, cache) => Ok(cache.parts(&data)),
        Found::Read(_, why) | Found::Not(why) => {
            Err(DataError::new(format!("the data cannot be packed: {why}"), "train without; they are read into memory"))
        }
    }
}

enum Found {
    Packed(Box<Prepared>, Cache),
    /// Read into memory after all, and why.
    Read(Box<Prepared>, String),
    Not(String),
}

/// Whether the sources are not so large that they are packed unasked.
fn small(config: &DataConfig) -> bool {
    let files = source_files(config).unwrap_or_default();
    let size: u64 = files.iter().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
    size < LARGE
}

/// Why data of a config are not packed, as far as the config tells.
fn obstacle(config: &DataConfig, task: TargetKind) -> Option<String> {
    let keys = [
        ("windows", config.windows.is_some()),
        ("segment", config.segment.is_some()),
        ("sessions", config.sessions.is_some()),
        ("labels.group", config.labels.group.is_some()),
    ];
    if let Some((key, _)) = keys.into_iter().find(|(_, given)| *given) {
        return Some(format!("`data.{key}` looks at all rows together"));
    }
    if matches!(task, TargetKind::Tag | TargetKind::SequenceToSequence | TargetKind::Transcribe | TargetKind::Forecast)
    {
        return Some("their targets are sequences".into());
    }
    if task == TargetKind::MultiLabel {
        return Some("each sequence has any number of labels".into());
    }
    let files = source_files(config).ok()?;
    let Some(first) = files.first() else { return Some("they are made by formula".into()) };
    let format = config.format.as_deref().or_else(|| by_ending(first)).or_else(|| formats::guess(first));
    match format {
        Some(format) if STREAMED.contains(&format) && first.is_file() => None,
        Some(format) => Some(format!("files of the format `{format}` are read as a whole ({})", STREAMED.join(", "))),
        // What is no format is told by whoever reads it.
        None => None,
    }
}

/// The packed data, written now where they were not before.
fn find(config: &DataConfig, task: TargetKind) -> Result<Found, DataError> {
    // How a fold is cut, and what views are drawn, changes nothing of what is prepared.
    let mut whole = config.clone();
    whole.labels.fold = None;
    let cache = Cache::of(&whole, task)?;
    if cache.exists() {
        return Ok(Found::Packed(Box::new(cache.open()?), cache));
    }
    let work = Work::begin(cache.work_folder())?;
    let failure = Failure::default();
    let (source, told) = spool::within(work.folder(), &failure, || open(&whole, task));
    let source = source?;
    if !source.train.is_packed() && !source.unlabeled.as_ref().is_some_and(crate::Dataset::is_packed) {
        let why = told.first().cloned().unwrap_or_else(|| format!("{} is read as a whole", source.train.name));
        return Ok(Found::Read(Box::new(prepare_into(source, config, task, &Store::Memory)?), why));
    }
    let data = prepare_into(source, &whole, task, &Store::Folder(work.folder().to_path_buf(), failure.clone()))?;
    failure.check()?;
    cache.write(work.folder(), &data)?;
    drop(data);
    cache.take(work.folder())?;
    Ok(Found::Packed(Box::new(cache.open()?), cache))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::augment::Augmenter;
    use crate::fixtures::{file, folder};
    use crate::loading::{Loader, LoaderOptions, Pool, Views, evaluation_batches};
    use crate::preparation::LabelsConfig;
    use crate::{AugmentConfig, Dataset, Sequence, Validation, prepare};

    fn table(rows: usize, classes: usize) -> String {
        let row = |row: usize| {
            let values: Vec<String> = (0..9).map(|step| format!("{:.3}", (row * 7 + step * 5) as f32 % 11.3)).collect();
            format!("{},c{}\n", values.join(","), row % classes)
        };
        let names: Vec<String> = (0..9).map(|step| format!("t{step}")).collect();
        format!("{},label\n{}", names.join(","), (0..rows).map(row).collect::<String>())
    }

    fn texts(rows: usize) -> String {
        let row = |row: usize| {
            format!("\"a {} day, and {row} more{}\",{}\n", ["fine", "bad"][row % 2], " words".repeat(row % 5), row % 2)
        };
        format!("text,label\n{}", (0..rows).map(row).collect::<String>())
    }

    fn lines(rows: usize) -> String {
        let row = |row: usize| {
            let steps: Vec<String> = (0..3 + row % 4).map(|step| format!("[{row}.5, {}]", step * row)).collect();
            format!("{{\"values\": [{}], \"label\": \"{}\"}}\n", steps.join(", "), row % 3)
        };
        (0..rows).map(row).collect()
    }

    fn small(source: PathBuf) -> DataConfig {
        DataConfig {
            source: source.display().to_string(),
            validation: Some(Validation::Fraction(0.2)),
            labels: LabelsConfig { per_class: Some(6), ..Default::default() },
            ..Default::default()
        }
    }

    /// Every batch of two epochs, with views, and of all parts.
    fn batches(data: &Prepared) -> Vec<String> {
        let augmenter = Augmenter::new(&AugmentConfig::default(), &data.processor, &data.train);
        let views = Views::WEAK | Views::SECOND | Views::STRONG | Views::PLAIN;
        let options = LoaderOptions {
            batch_size: 4,
            unlabeled_ratio: 2,
            views,
            pool: Pool::Paired,
            seed: 3,
            workers: 2,
            balanced: None,
            beside: false,
            steps_per_epoch: None,
        };
        let (labeled, unlabeled) = (data.labeled.clone(), data.unlabeled.clone());
        let loader = Loader::new(data.train.clone(), labeled, unlabeled, augmenter, options);
        let trained = [1, 2].into_iter().flat_map(|epoch| loader.epoch(epoch)).map(|step| format!("{step:?}"));
        let parts = [&*data.train, &data.valid, &data.test].into_iter();
        let scored = parts.flat_map(|part| evaluation_batches(part, 8)).map(|batch| format!("{batch:?}"));
        trained.chain(scored).collect()
    }

    fn same(config: &DataConfig, task: TargetKind) -> PathBuf {
        let folder = folder(&format!("packed-{}", config.source.len() + config.seed as usize));
        let packed = DataConfig { packed: Some(Packed::In(folder)), ..config.clone() };
        let memory = prepare(&DataConfig { packed: Some(Packed::No), ..config.clone() }, task).unwrap();
        let mut place = None;
        // Written, and then found.
        for _ in 0..2 {
            let found = prepare(&packed, task).unwrap();
            assert!(found.train.is_packed() && !memory.train.is_packed());
            assert_eq!(batches(&found), batches(&memory));
            assert_eq!((&found.processor, &found.split), (&memory.processor, &memory.split));
            assert_eq!((&found.labeled, &found.unlabeled), (&memory.labeled, &memory.unlabeled));
            assert_eq!((&found.warnings, &found.as_read.train), (&memory.warnings, &memory.as_read.train));
            assert_eq!(found.as_read.test, memory.as_read.test);
            assert_eq!(found.train.select(&[0, 5]).sequences, memory.train.select(&[0, 5]).sequences);
            found.train.sound().unwrap();
            let parts = pack(&packed, task).unwrap();
            assert_eq!(parts[0].sequences, memory.train.len());
            place = Some(parts[0].path.clone());
        }
        place.unwrap()
    }

    #[test]
    fn packed_data_are_those_in_memory_row_by_row() {
        same(&small(file("wide.csv", table(300, 3))), TargetKind::Classify);
        same(&small(file("texts.csv", texts(200))), TargetKind::Classify);
        same(&small(file("lists.jsonl", lines(150))), TargetKind::Classify);
        let numbers = texts(90).replace("text,label", "text,score");
        let whole = DataConfig { labels: LabelsConfig::default(), seed: 1, ..small(file("n.csv", numbers)) };
        same(&whole, TargetKind::Regress);
        same(&DataConfig { seed: 2, labels: LabelsConfig::default(), ..whole }, TargetKind::Unsupervised);
    }

    #[test]
    fn a_pool_of_its_own_a_test_part_and_a_large_number_are_packed_too() {
        let config = DataConfig {
            train: Some(file("train.csv", table(90, 2)).into()),
            test: Some(file("test.csv", table(40, 2)).into()),
            unlabeled: Some(file("pool.csv", table(120, 5)).into()),
            seed: 7,
            ..small(PathBuf::new())
        };
        same(&config, TargetKind::Classify);
        let large =
            |row: usize| format!("16000000{:02}.25,1600000000.5,16000000{:02}.5,{}\n", row % 90, row % 70, row % 2);
        let text = format!("a,b,c,label\n{}", (0..80).map(large).collect::<String>());
        same(&DataConfig { seed: 9, ..small(file("large.csv", text)) }, TargetKind::Classify);
    }

    #[test]
    fn arrays_are_packed_sequence_by_sequence() {
        let values: Vec<u8> = (0..120 * 7).flat_map(|at| ((at * 5 % 83) as f32 / 3.0).to_le_bytes()).collect();
        let labels: Vec<u8> = (0..120i64).flat_map(|row| (row % 3).to_le_bytes()).collect();
        let array = |kind: &str, shape: &str, bytes: &[u8]| {
            let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
            let length = (header.len() as u16).to_le_bytes();
            [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), bytes].concat()
        };
        let folder = folder("arrays");
        let (x, y) = (array("<f4", "(120, 7)", &values), array("<i8", "(120,)", &labels));
        std::fs::write(folder.join("X.npy"), &x).unwrap();
        std::fs::write(folder.join("y.npy"), &y).unwrap();
        same(&DataConfig { seed: 1000, ..small(folder.join("X.npy")) }, TargetKind::Classify);
        for (method, seed) in [(zip::CompressionMethod::Stored, 2000), (zip::CompressionMethod::Deflated, 3000)] {
            let path = folder.join(format!("{method}.npz"));
            let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
            for (name, bytes) in [("X.npy", &x), ("y.npy", &y)] {
                let options = zip::write::SimpleFileOptions::default().compression_method(method);
                archive.start_file(name, options).unwrap();
                std::io::Write::write_all(&mut archive, bytes).unwrap();
            }
            archive.finish().unwrap();
            same(&DataConfig { seed, ..small(path) }, TargetKind::Classify);
        }
    }

    #[test]
    fn folds_of_packed_data_are_those_in_memory() {
        let mut config = small(file("folds.csv", table(120, 3)));
        config.validation = None;
        config.labels.fold = Some([2, 3].into());
        same(&config, TargetKind::Classify);
    }

    #[test]
    fn a_cut_or_changed_byte_is_refused_by_name_and_a_changed_source_is_packed_anew() {
        let source = file("source.csv", texts(120));
        let config = small(source.clone());
        let path = same(&config, TargetKind::Classify);
        let config = DataConfig { packed: Some(Packed::In(path.parent().unwrap().parent().unwrap().into())), ..config };
        let whole = std::fs::read(&path).unwrap();
        let refused = |bytes: &[u8], what: &str| {
            std::fs::write(&path, bytes).unwrap();
            let message = prepare(&config, TargetKind::Classify).unwrap_err().in_full();
            assert!(message.contains("train: ") && message.contains(what), "{message}");
        };
        for place in (0..whole.len()).step_by(whole.len() / 60) {
            let mut changed = whole.clone();
            changed[place] ^= 4;
            refused(&changed, "");
        }
        let mut changed = whole.clone();
        changed[40] ^= 1;
        refused(&changed, "row 1: the packed file is damaged: its checksum differs");
        refused(&whole[..whole.len() - 1], "the packed file is cut short");
        refused(&whole[..20], "the packed file is cut short");
        std::fs::write(&path, &whole).unwrap();
        prepare(&config, TargetKind::Classify).unwrap();
        let record = path.with_file_name("prepared.json");
        let text = std::fs::read_to_string(&record).unwrap();
        std::fs::write(&record, text.replacen("\"labeled\":12", "\"labeled\":11", 1)).unwrap();
        let message = prepare(&config, TargetKind::Classify).unwrap_err().to_string();
        assert!(message.contains("prepared.json: the file is damaged"), "{message}");
        std::fs::write(&source, texts(130)).unwrap();
        assert_eq!(prepare(&config, TargetKind::Classify).unwrap().test.len(), 26);
    }

    #[test]
    fn a_file_that_is_cut_while_it_is_read_is_told() {
        let path = same(&small(file("cut.csv", texts(120))), TargetKind::Classify);
        let (file, targets) = crate::packed::file::PackedFile::open(&path, &Failure::default()).unwrap();
        let data = Dataset { sequences: file.sequences(), targets, ..Dataset::default() };
        let length = data.sequences[70].len();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(200).unwrap();
        assert_eq!(data.sequences[70].loaded().len(), length);
        assert!(data.sound().unwrap_err().to_string().contains("train: "));
        assert!(matches!(*data.sequences[0].loaded(), Sequence::Tokens(_)));
    }

    #[test]
    fn what_is_not_read_row_by_row_goes_to_memory_and_is_told() {
        let told = |config: &DataConfig, task: TargetKind, why: &str| {
            let packed = DataConfig { packed: Some(Packed::In(folder("none"))), ..config.clone() };
            let found = prepare(&packed, task).unwrap();
            assert!(!found.train.is_packed());
            let line = found.warnings.last().unwrap();
            assert!(line.starts_with("the data are not packed and stand in memory: ") && line.contains(why), "{line}");
            assert!(pack(&packed, task).unwrap_err().to_string().contains(why));
        };
        let quoted = texts(60).replace("day, and", "day\nand");
        told(&small(file("quoted.csv", quoted)), TargetKind::Classify, "quoted.csv: a quoted cell of several lines");
        let ucr: String = (0..60).map(|row| format!("{}\t{row}.5\t1.5\n", row % 2)).collect();
        told(&small(file("a_TRAIN.tsv", ucr)), TargetKind::Classify, "files of the format `ucr` are read as a whole");
        told(&DataConfig { source: "cbf".into(), ..small(PathBuf::new()) }, TargetKind::Classify, "made by formula");
    }
}
