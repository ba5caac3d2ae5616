//! What the fuzz targets share: a file of any bytes is read as its users' commands read it. Whatever comes back is
//! right; a panic, an endless loop or memory without end is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use semiseq::datasets::formats::{ReadOptions, read};
use semiseq::datasets::{TextUnit, TransformConfig, dataset_from_rows, describe};
use semiseq::prelude::*;
use semiseq::training::run_folder::metrics_log;

/// A folder of this process.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("semiseq-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    })
}

/// Reads bytes as a file of a format, and prepares what they hold for each task.
pub fn reader(format: &str, name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("a temporary file");
    prepared(&path, Some(format));
}

/// Reads bytes as a long table: because it is said to be one, and by its looks.
pub fn long_table(bytes: &[u8]) {
    reader("long", "a.csv", bytes);
    prepared(&folder().join("a.csv"), None);
}

/// Reads the halves of bytes as the documents of two classes.
pub fn documents(bytes: &[u8]) {
    let set = folder().join("documents");
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for (class, half) in [("neg", first), ("pos", second)] {
        fs::create_dir_all(set.join(class)).expect("a temporary folder");
        fs::write(set.join(class).join("0.txt"), half).expect("a temporary file");
    }
    prepared(&set, Some("documents"));
}

fn prepared(path: &Path, format: Option<&str>) {
    let Ok(rows) = read(path, format, &ReadOptions::default()) else { return };
    for task in [TargetKind::Unsupervised, TargetKind::Classify, TargetKind::Regress, TargetKind::SequenceToSequence] {
        if let Ok(dataset) = dataset_from_rows(rows.clone(), task) {
            let _ = describe(&dataset).to_string();
            let _ = prepare_source(Source::new(dataset), &DataConfig::default(), task);
        }
    }
}

/// Reads bytes as vectors of words.
pub fn word_vectors(bytes: &[u8]) {
    let path = folder().join("vectors");
    fs::write(&path, bytes).expect("a temporary file");
    let _ = semiseq::datasets::WordVectors::width_of(&path);
    let _ = semiseq::datasets::WordVectors::read(&path, |_| true);
}

/// Reads bytes as another program's weights, and names them as ours.
pub fn weights(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("a temporary file");
    let _ = semiseq::exchange::read(&path).and_then(semiseq::exchange::as_ours);
}

/// Reads bytes as a config.
pub fn config(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = RunConfig::parse("fuzz.toml", text, &[]);
    }
}

/// Reads bytes as a `tokenizer.json`, and cuts a few texts with it.
pub fn tokenizer(bytes: &[u8]) {
    let path = folder().join("tokenizer.json");
    fs::write(&path, bytes).expect("a temporary file");
    let texts = ["the dog's a-h th", "\u{0} ü 犬"].map(|text| Sequence::Text(text.into())).to_vec();
    let data = Dataset { name: "fuzz".into(), targets: vec![Target::Missing; texts.len()], sequences: texts, ..Dataset::default() };
    let transform = TransformConfig { tokenize: TextUnit(path.display().to_string()), ..TransformConfig::default() };
    if let Ok(processor) = semiseq::datasets::Processor::fit(&transform, &data) {
        let _ = processor.apply(data);
    }
}

/// Puts bytes in the place of a file of a finished run, and does with it what `eval`, `predict`, `embed`, `generate`
/// and `report` do. The run is named by `SEMISEQ_FUZZ_RUN`; train a small one first.
pub fn run_file(name: &str, bytes: &[u8]) {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    let run = RUN.get_or_init(|| {
        let source = std::env::var_os("SEMISEQ_FUZZ_RUN").expect("SEMISEQ_FUZZ_RUN names the folder of a finished run");
        let run = folder().join("run");
        fs::create_dir_all(&run).expect("a temporary folder");
        for entry in fs::read_dir(source).expect("a run folder").flatten().filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), run.join(entry.file_name())).expect("a copy");
        }
        // Sums would refuse any other file before it is read.
        if name != "checksums.json" {
            let _ = fs::remove_file(run.join("checksums.json"));
        }
        run
    });
    let path = run.join(name);
    let whole = fs::read(&path).unwrap_or_default();
    fs::write(&path, bytes).expect("a temporary file");
    if let Ok(run) = SavedRun::open(run, &Device::flex()) {
        let _ = run.summary();
        let _ = run.changed_files();
        if let Ok(data) = run.data() {
            let few: Vec<usize> = (0..data.test.len().min(4)).collect();
            let few = data.test.select(&few);
            let _ = run.score(&few);
            let _ = run.predict(&few);
            let _ = run.embed(&few);
            let order = semiseq::training::Order { count: 2, length: Some(4), class: None, temperature: 1.0, seed: 0 };
            let _ = run.generate(&order);
        }
    }
    let _ = metrics_log::read(run);
    fs::write(&path, whole).expect("the file as it was");
}
