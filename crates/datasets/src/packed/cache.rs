//! Where packed files are kept: a folder for each digest of sources and settings.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::config::DataConfig;
use crate::digest::sha256;
use crate::error::DataError;
use crate::packed::config::Packed;
use crate::packed::failure::Failure;
use crate::packed::file::PackedFile;
use crate::packed::layout::VERSION;
use crate::packed::writer::unwritten;
use crate::preparation::Processor;
use crate::preparation::split::SplitRecord;
use crate::prepared::{AsRead, Prepared};
use crate::sequence::{Dataset, Sequence};
use crate::sources::open::source_files;
use crate::target_kind::TargetKind;

/// A packed file of a part.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackedPart {
    /// `train`, `valid` or `test`.
    pub name: &'static str,
    /// Where it stands.
    pub path: PathBuf,
    /// Its sequences.
    pub sequences: usize,
    /// Its bytes.
    pub bytes: u64,
}

/// What is read of a part, in its file's name; and that of the same part as it was read, for references.
const PARTS: [&str; 3] = ["train", "valid", "test"];
const AS_READ: [&str; 2] = ["read-train", "read-test"];
const RECORD: &str = "prepared.json";
const SUM: &str = "prepared.sha256";

/// The folder of packed data.
pub(super) struct Cache {
    root: PathBuf,
    key: String,
}

/// What is kept beside the files of the parts.
#[derive(Serialize, Deserialize)]
struct Record {
    names: [String; 3],
    labeled: usize,
    as_read: bool,
    processor: Processor,
    split: SplitRecord,
    warnings: Vec<String>,
}

/// What the digest of a folder's name is made of.
#[derive(Serialize)]
struct Key<'a> {
    semiseq: &'a str,
    version: u32,
    task: String,
    config: &'a DataConfig,
    /// Each source with its bytes and the nanoseconds of its last change.
    sources: Vec<(PathBuf, u64, u128)>,
}

impl Cache {
    pub(super) fn of(config: &DataConfig, task: TargetKind) -> Result<Self, DataError> {
        let root = match &config.packed {
            Some(Packed::In(folder)) => folder.clone(),
            _ => root()?,
        };
        let tokenizer = PathBuf::from(&config.transform.tokenize.0);
        let beside = config.labels.file.iter().cloned().chain(Some(tokenizer).filter(|path| path.is_file()));
        let sources = source_files(config)?.into_iter().chain(beside);
        let mark = |path: PathBuf| {
            let path = std::path::absolute(&path).unwrap_or(path);
            let file = fs::metadata(&path).ok();
            let changed = file.as_ref().and_then(|file| file.modified().ok()?.duration_since(UNIX_EPOCH).ok());
            let changed = changed.map_or(0, |since| since.as_nanos());
            (path, file.map_or(0, |file| file.len()), changed)
        };
        let plain = DataConfig { packed: None, max_bytes: None, augment: Default::default(), ..config.clone() };
        let key = Key {
            semiseq: env!("CARGO_PKG_VERSION"),
            version: VERSION,
            task: format!("{task:?}"),
            config: &plain,
            sources: sources.map(mark).collect(),
        };
        let text = serde_json::to_vec(&key).map_err(|error| {
            DataError::new(format!("`[data]` cannot be written as JSON: {error}"), "write `packed = false`")
        })?;
        Ok(Self { root, key: sha256(&text)[..24].to_string() })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.root.join(&self.key)
    }

    /// A folder of this process, beside.
    pub(super) fn work_folder(&self) -> PathBuf {
        self.root.join(format!(".{}-{}", self.key, std::process::id()))
    }

    pub(super) fn exists(&self) -> bool {
        self.folder().join(SUM).exists()
    }

    /// Writes what is kept beside the files of the parts, and removes what the parts were made of.
    pub(super) fn write(&self, folder: &Path, data: &Prepared) -> Result<(), DataError> {
        let record = Record {
            names: [&data.train, &data.valid, &data.test].map(|part: &Dataset| part.name.clone()),
            labeled: data.labeled.len(),
            as_read: !data.as_read.train.is_empty(),
            processor: data.processor.clone(),
            split: data.split.clone(),
            warnings: data.warnings.clone(),
        };
        let text = serde_json::to_vec(&record).map_err(|error| {
            DataError::new(format!("`{RECORD}` cannot be written: {error}"), "write `packed = false`")
        })?;
        for (name, bytes) in [(RECORD, &text[..]), (SUM, sha256(&text).as_bytes())] {
            let path = folder.join(name);
            let written = File::create(&path).and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            });
            written.map_err(|error| unwritten(&path, &error))?;
        }
        let kept = |name: &str| PARTS.iter().chain(&AS_READ).chain(&[RECORD, SUM]).any(|known| *known == name);
        for file in fs::read_dir(folder).map_err(|error| unwritten(folder, &error))?.flatten() {
            if !kept(&file.file_name().to_string_lossy()) {
                fs::remove_file(file.path()).map_err(|error| unwritten(folder, &error))?;
            }
        }
        Ok(())
    }

    /// Gives a folder that is whole its name; one that another process finished meanwhile stays.
    pub(super) fn take(&self, folder: &Path) -> Result<(), DataError> {
        if !self.exists() {
            // One without its sum was begun to be removed.
            let _ = fs::remove_dir_all(self.folder());
        }
        match fs::rename(folder, self.folder()) {
            Err(error) if !self.exists() => Err(unwritten(&self.folder(), &error)),
            _ => Ok(()),
        }
    }

    /// Reads what was kept, and checks every byte of it.
    ///
    /// # Errors
    ///
    /// A file that is cut or changed, by name.
    pub(super) fn open(&self) -> Result<Prepared, DataError> {
        let folder = self.folder();
        let path = folder.join(RECORD);
        let damaged = |why: &str| {
            DataError::new(
                format!("{}: {why}", path.display()),
                format!("remove {}: the next run writes it anew from the data", folder.display()),
            )
        };
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| DataError::file(&path, &error))
        };
        let text = read(RECORD)?;
        if read(SUM)? != sha256(&text).as_bytes() {
            return Err(damaged("the file is damaged: its checksum differs"));
        }
        let record: Record =
            serde_json::from_slice(&text).map_err(|error| damaged(&format!("the file cannot be read: {error}")))?;
        let failure = Failure::default();
        let mut parts = PARTS.iter().zip(record.names).map(|(part, name)| -> Result<Dataset, DataError> {
            let (file, targets) = PackedFile::open(&folder.join(part), &failure)?;
            let (sequences, classes) = (file.sequences(), record.processor.classes().to_vec());
            Ok(Dataset { name, sequences, targets, classes, ..Dataset::default() })
        });
        let mut next = || parts.next().unwrap_or_else(|| Ok(Dataset::default()));
        let (train, valid, test) = (next()?, next()?, next()?);
        drop(parts);
        let as_read = |part: &str| -> Result<Vec<Sequence>, DataError> {
            let (file, _) = PackedFile::open(&folder.join(part), &failure)?;
            Ok(file.sequences().into_iter().map(|sequence| sequence.loaded().into_owned()).collect())
        };
        let as_read = match record.as_read {
            true => AsRead { train: as_read(AS_READ[0])?, test: as_read(AS_READ[1])? },
            false => AsRead::default(),
        };
        if [&train, &valid, &test].iter().any(|part| part.targets.len() != part.len()) || record.labeled > train.len() {
            return Err(damaged("the file does not go with those beside it"));
        }
        let labeled = record.labeled;
        Ok(Prepared {
            unlabeled: (labeled..train.len()).collect(),
            labeled: (0..labeled).collect(),
            train: Arc::new(train),
            valid,
            test,
            calibration: Dataset::default(),
            processor: record.processor,
            split: record.split,
            warnings: record.warnings,
            as_read,
        })
    }

    /// What stands in the folder.
    pub(super) fn parts(&self, data: &Prepared) -> Vec<PackedPart> {
        let one = |(name, part): (&&'static str, &Dataset)| {
            let path = self.folder().join(name);
            let bytes = fs::metadata(&path).map_or(0, |file| file.len());
            PackedPart { name, path, sequences: part.len(), bytes }
        };
        PARTS.iter().zip([&*data.train, &data.valid, &data.test]).map(one).collect()
    }
}

/// `semiseq/packed` in the folder where this system's users keep what can be made again.
fn root() -> Result<PathBuf, DataError> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME")
        .or_else(|| folder("LOCALAPPDATA").filter(|_| cfg!(windows)))
        .or_else(|| folder("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("semiseq").join("packed")).ok_or_else(|| {
        DataError::new(
            "there is no folder for packed data: neither `XDG_CACHE_HOME` nor `HOME` is set",
            "name one with `data.packed = \"FOLDER\"`, or write `packed = false`",
        )
    })
}
