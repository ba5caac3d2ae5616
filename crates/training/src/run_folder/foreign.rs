//! A run folder may come from anywhere: thousands of changed files of each kind are opened and used, or refused in
//! words.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use semiseq_datasets::{Dataset, Target, open};
use semiseq_objectives::Setting;
use semiseq_schema::mix;

use crate::config::RunConfig;
use crate::error::Error;
use crate::fixtures::folder;
use crate::learner::checkpoint::Checkpoints;
use crate::options::RunOptions;
use crate::run::run;
use crate::run_folder::checksums;
use crate::run_folder::finished::SavedRun;
use crate::run_folder::generator::Order;
use crate::run_folder::metrics_log;
use crate::run_folder::result::{learned_bytes, load_learned};

/// Changed copies of each file.
const COPIES: u64 = 400;

/// What stands in the place of a number: ends of ranges, other types, and sizes that nothing can be made of.
const STRANGE: [&str; 16] = [
    "-1",
    "0",
    "1",
    "-0.5",
    "1e15",
    "1e308",
    "1e999",
    "2147483648",
    "1000000000000000",
    "9007199254740992",
    "18446744073709551615",
    "null",
    "true",
    "\"x\"",
    "[]",
    "{}",
];

/// A small run of one stage on its own data.
struct Trained {
    folder: PathBuf,
    config: RunConfig,
    /// Some of its data, as they were read.
    raw: Dataset,
}

fn trained(name: &str, data: &str, config: &str) -> Trained {
    let folder = folder(name);
    let ending = if data.starts_with('{') { "jsonl" } else { "csv" };
    let path = folder.join(format!("data.{ending}"));
    fs::write(&path, data).unwrap();
    let text = config.replace("DATA", &path.display().to_string());
    let config = RunConfig::parse("c.toml", &format!("name = \"c\"\n{text}"), &[]).unwrap();
    let out = folder.join("run");
    let mut options = RunOptions::new(Device::flex());
    options.out = Some(out.clone());
    run(&config, &options).unwrap();
    // Every change would be seen by its sum.
    fs::remove_file(out.join(checksums::NAME)).unwrap();
    let mut raw = open(&config.data, config.targets()).unwrap().train.select(&[0, 1]);
    raw.targets.fill(Target::Missing);
    raw.classes.clear();
    Trained { folder: out, config, raw }
}

fn labeled_texts() -> String {
    let words = ["red", "green", "blue", "grey"];
    let row = |row: usize| {
        let text = format!("{} {} {}", words[row % 4], words[row / 4 % 4], words[row / 3 % 4]);
        format!("{{\"text\": \"{text}\", \"label\": \"{}\"}}\n", ["a", "b"][row % 2])
    };
    (0..16).map(row).collect()
}

fn labeled_series() -> String {
    let row = |row: usize| {
        let values: Vec<String> = (0..5).map(|step| (step * (row % 2 * 2) + row).to_string()).collect();
        format!("{{\"values\": [{}], \"label\": \"{}\"}}\n", values.join(", "), ["a", "b"][row % 2])
    };
    (0..16).map(row).collect()
}

fn of_texts() -> Trained {
    trained(
        "texts",
        &labeled_texts(),
        "[data]\nsource = \"DATA\"\n[model.classifier]\npooling = \"attention\"\nembedding = { size = 3 }\n\
         [model.classifier.encoder.lstm]\nhidden = 2\nbidirectional = true\n[[stage]]\nepochs = \
         1\n[stage.objective.supervised]\n",
    )
}

fn of_samples(name: &str) -> Trained {
    trained(
        name,
        &labeled_series(),
        "[data]\nsource = \"DATA\"\n[model.vae.encoder.gru]\nhidden = 2\n[[stage]]\nepochs = 1\n\
         [stage.objective.vae]\nlatent = 2\nhidden = 2\n",
    )
}

fn of_answers() -> Trained {
    trained(
        "answers",
        &labeled_texts(),
        "[data]\nsource = \"DATA\"\n[model.encoder-decoder]\nembedding = { size = 3 \
         }\n[model.encoder-decoder.encoder.gru]\n\
         hidden = 2\n[[stage]]\nepochs = 1\n[stage.objective.sequence-to-sequence]\nhidden = 2\nembedding = 2\nbeam = \
         2\n",
    )
}

fn of_transcripts() -> Trained {
    trained(
        "transcripts",
        &labeled_series(),
        "[data]\nsource = \"DATA\"\n[model.transcriber.encoder.gru]\nhidden = 2\n[[stage]]\nepochs = 1\n\
         [stage.objective.ctc]\nbeam = 2\n",
    )
}

fn of_forecasts() -> Trained {
    let rows: String = (0..40).map(|row| format!("{},{}\n", row % 7, row % 5)).collect();
    trained(
        "forecasts",
        &format!("a,b\n{rows}"),
        "[data]\nsource = \"DATA\"\n[data.windows]\ninput = 4\nhorizon = 2\n[model.forecaster.encoder.rnn]\nhidden = \
         2\n\
         [[stage]]\nepochs = 1\n[stage.objective.supervised]\n",
    )
}

/// The bytes with one change: of a bit, a byte, a range, the end, or a number.
fn changed(bytes: &[u8], seed: u64) -> Vec<u8> {
    let draw = |number: u64, below: usize| (mix(seed, number) % below.max(1) as u64) as usize;
    let (mut bytes, place) = (bytes.to_vec(), draw(1, bytes.len()));
    if bytes.is_empty() {
        return bytes;
    }
    let end = (place + 1 + draw(2, 9)).min(bytes.len());
    match draw(3, 8) {
        0 => bytes[place] ^= 1 << draw(4, 8),
        1 => bytes[place] = draw(4, 256) as u8,
        2 => drop(bytes.drain(place..end)),
        3 => bytes.truncate(place),
        4 => {
            let again = bytes[place..end].to_vec();
            bytes.splice(place..place, again);
        }
        _ => {
            let numbers: Vec<std::ops::Range<usize>> = numbers(&bytes);
            if let Some(range) = numbers.get(draw(4, numbers.len())) {
                bytes.splice(range.clone(), STRANGE[draw(5, STRANGE.len())].bytes());
            }
        }
    }
    bytes
}

/// Where numbers stand in a text.
fn numbers(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut begin) = (Vec::new(), None);
    for (place, byte) in text.iter().enumerate() {
        let of_number = byte.is_ascii_digit() || (begin.is_some() && b".e-+".contains(byte));
        match (of_number, begin) {
            (true, None) => begin = Some(place),
            (false, Some(from)) => {
                found.push(from..place);
                begin = None;
            }
            _ => {}
        }
    }
    found
}

/// Opens a folder, and asks of the run what the commands ask.
fn used(run: &Trained) -> Result<(), Error> {
    metrics_log::read(&run.folder)?;
    let saved = SavedRun::open(&run.folder, &Device::flex())?;
    saved.summary()?.to_string();
    if run.config.data.windows.is_none() {
        let data = saved.processor().apply(run.raw.clone())?;
        let _ = saved.predict(&data);
        saved.embed(&data);
    }
    let order = Order { count: 1, length: Some(3), class: None, temperature: 1.0, seed: 0 };
    let _ = saved.generate(&order);
    Ok(())
}

/// Reads the run's data again, as `eval` and `report` do.
fn data_read(run: &Trained) -> Result<(), Error> {
    SavedRun::open(&run.folder, &Device::flex())?.data().map(|_| ())
}

fn changed_files_are_used_or_refused(run: &Trained, names: &[&str]) {
    changed_files_are_refused_unless(run, names, used);
}

fn changed_files_are_refused_unless(run: &Trained, names: &[&str], used: fn(&Trained) -> Result<(), Error>) {
    used(run).expect("the folder as it is");
    for name in names {
        let path = run.folder.join(name);
        let whole = fs::read(&path).unwrap();
        let mut refused = 0;
        for seed in 0..COPIES {
            fs::write(&path, changed(&whole, seed)).unwrap();
            if let Err(error) = used(run) {
                assert!(error.is_input(), "{name} {seed}: {error}");
                refused += 1;
            }
        }
        fs::write(&path, whole).unwrap();
        assert!(refused > COPIES / 10, "{name}: {refused}");
    }
}

#[test]
fn a_changed_classifier_of_texts_is_used_or_refused() {
    changed_files_are_used_or_refused(
        &of_texts(),
        &["model.json", "model.safetensors", "metrics.jsonl", "summary.json"],
    );
}

#[test]
fn a_changed_generator_is_used_or_refused() {
    changed_files_are_used_or_refused(
        &of_samples("samples"),
        &["model.json", "generator.json", "generator.safetensors"],
    );
}

#[test]
fn a_changed_encoder_decoder_or_transcriber_is_used_or_refused() {
    for run in [of_answers(), of_transcripts()] {
        changed_files_are_used_or_refused(&run, &["model.json", "generator.json", "generator.safetensors"]);
    }
}

#[test]
fn a_changed_forecaster_is_used_or_refused() {
    changed_files_are_used_or_refused(&of_forecasts(), &["model.json", "model.safetensors"]);
}

#[test]
fn the_data_of_a_changed_config_or_split_are_read_or_refused() {
    changed_files_are_refused_unless(&of_texts(), &["config.toml", "split.json"], data_read);
}

/// With sums of their own, so that what is read behind them is reached.
#[test]
fn a_changed_checkpoint_is_loaded_or_refused() {
    let run = of_samples("checkpoint");
    let device = Device::flex();
    let saved = SavedRun::open(&run.folder, &device).unwrap();
    let model = saved.model().clone();
    let setting = Setting {
        model: &model,
        train_size: 9,
        class_counts: &[4, 5],
        token_counts: &[],
        target: None,
        teachers: &[],
        device: &device,
    };
    let objective = run.config.stages[0].objective.init(&setting);
    let whole = learned_bytes(&model, &objective).unwrap();
    load_learned(model.clone(), objective.clone(), &whole).unwrap();
    let mut refused = 0;
    for seed in 0..COPIES {
        if let Err(error) = load_learned(model.clone(), objective.clone(), &changed(&whole, seed)) {
            assert!(error.is_input(), "{seed}: {error}");
            refused += 1;
        }
    }
    assert!(refused > COPIES / 10, "{refused}");
    // And with the sums that the run wrote, any change at all is found.
    for folder in fs::read_dir(run.folder.join("checkpoint")).unwrap().flatten() {
        let bytes = fs::read(folder.path().join("stage.json")).unwrap();
        fs::write(folder.path().join("stage.json"), changed(&bytes, 1)).unwrap();
    }
    assert!(Checkpoints::new(&run.folder).load().is_err_and(|error| error.is_input()));
}

/// A vocabulary is a row of the embedding for each number up to its largest.
#[test]
fn a_changed_tokenizer_is_fitted_or_refused() {
    let tokenizer = r###"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],"normalizer":{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"Lowercase"}]},"pre_tokenizer":{"type":"Whitespace"},"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{}},"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"red":1,"gr":2,"##een":3,"blue":4}}}"###;
    let folder = folder("tokenizer");
    let (texts, path) = (folder.join("t.jsonl"), folder.join("tokenizer.json"));
    fs::write(&texts, labeled_texts()).unwrap();
    let text = format!(
        "name = \"c\"\n[data]\nsource = {texts:?}\n[data.transform]\ntokenize = \
         {path:?}\n[model.classifier.encoder.gru]\nhidden = 2\n\
         [[stage]]\nepochs = 1\n[stage.objective.supervised]\n"
    );
    let config = RunConfig::parse("c.toml", &text, &[]).unwrap();
    let prepared = |text: &[u8]| {
        fs::write(Path::new(&path), text).unwrap();
        semiseq_datasets::prepare(&config.data, config.targets())
    };
    prepared(tokenizer.as_bytes()).unwrap();
    let refused = (0..5 * COPIES).filter(|seed| prepared(&changed(tokenizer.as_bytes(), *seed)).is_err()).count();
    assert!(refused > 100, "{refused}");
    let told = prepared(tokenizer.replace("\"blue\":4", "\"blue\":4294967294").as_bytes()).unwrap_err().in_full();
    assert!(told.contains("has the number 4294967294"), "{told}");
}
