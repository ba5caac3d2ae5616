//! Whole training steps of the example configs: batches and views, forward, loss, backward, clipping, optimiser,
//! monitors. Our side is a run as users start it; PyTorch's is the loop that one would write for the same model, batch
//! and optimiser (`torch_peer.py`), with its batches made beforehand.
//!
//! The data have the shapes of the real sets and are drawn here, so that nothing has to be downloaded.

use std::path::Path;

use rand::distr::{Distribution, weighted::WeightedIndex};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use semiseq::prelude::*;
use semiseq::training::learner::Outcome;
use semiseq_kernels::{cross_entropy_time, recurrence_time};
use serde_json::{Value, json};

use crate::options::Options;
use crate::torch::Torch;

/// Steps of a round: enough that starting and ending a run do not count.
const STEPS: usize = 60;
const ROUNDS: usize = 5;

pub struct Row {
    pub config: &'static str,
    pub stage: usize,
    pub objective: String,
    pub side: &'static str,
    /// Median of a step.
    pub seconds: f64,
    /// Ours alone, on a CPU.
    pub shares: Option<Shares>,
}

/// What a step is made of; the rest is neither.
#[derive(Clone, Copy)]
pub struct Shares {
    pub recurrence: f64,
    /// The output layer over a vocabulary and its cross-entropy.
    pub vocabulary: f64,
}

/// Draws data; none where the config's own are made by formula.
type Draw = fn() -> Option<Dataset>;

/// A config's stage, with the data that stand for its own.
struct Case {
    /// As the tables name it.
    name: &'static str,
    config: &'static str,
    /// What is another than in the file.
    changes: &'static [&'static str],
    stage: usize,
    data: Draw,
}

fn cases() -> Vec<Case> {
    let case = |name: &'static str, changes, stage, data| {
        let config = name.split(',').next().unwrap_or(name);
        Case { name, config, changes, stage, data }
    };
    let texts: Draw = || Some(texts());
    let digits: Draw = || Some(digits());
    vec![
        case("quickstart", &[], 0, || None),
        case("quickstart", &[], 1, || None),
        case("ag-news", &[], 0, texts),
        case("ag-news", &[], 1, texts),
        case("ag-news, next words", &["stage.0.objective={language-model={}}"], 0, texts),
        case("mnist-rows", &[], 0, digits),
        case("mnist-rows", &[], 1, digits),
        case("mnist-rows, 128 units", &["model.classifier.encoder.lstm.hidden=128"], 0, digits),
        case("mnist-rows, 128 units", &["model.classifier.encoder.lstm.hidden=128"], 1, digits),
    ]
}

/// Medians for each stage whose name (`mnist-rows stage 1`) holds the filter.
pub fn measure(options: &Options, device: &Device, mut torch: Option<&mut Torch>) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for case in cases() {
        let name = format!("{} stage {}", case.name, case.stage);
        if !name.contains(&options.filter) {
            continue;
        }
        eprintln!("{name}");
        let (config, data) = prepared(&case)?;
        let spec = specification(&config, &data);
        let (mut ours, mut theirs, mut shares) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
        for _ in 0..if options.quick { 2 } else { ROUNDS } {
            let (seconds, found) = run_steps(&config, data.clone(), device)?;
            ours.push(seconds);
            shares.iter_mut().zip(found).for_each(|(shares, share)| shares.push(share));
            if let Some(torch) = torch.as_deref_mut() {
                theirs.push(torch.steps(&spec).map_err(|error| format!("PyTorch: {error}"))?);
            }
        }
        let objective = config.stages[0].objective.name().to_string();
        let [recurrence, vocabulary] = shares.map(median);
        let shares = recurrence.zip(vocabulary).map(|(recurrence, vocabulary)| Shares { recurrence, vocabulary });
        // The clocks see the CPU's operations alone.
        let shares = shares.filter(|_| !options.on_gpu());
        for (side, seconds, shares) in [("semiseq", ours, shares), ("torch", theirs, None)] {
            if let Some(seconds) = median(seconds) {
                let (config, objective) = (case.name, objective.clone());
                rows.push(Row { config, stage: case.stage, objective, side, seconds, shares });
            }
        }
    }
    Ok(rows)
}

/// The middle one; none of none.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The config with this stage alone.
fn prepared(case: &Case) -> Result<(RunConfig, Prepared), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/{}.toml", case.config));
    let changes: Vec<String> = case.changes.iter().map(ToString::to_string).collect();
    let mut config = RunConfig::read_with(&path, &changes).map_err(|error| error.to_string())?;
    let mut stage = config.stages.swap_remove(case.stage);
    (stage.epochs, stage.steps, stage.early_stopping) = (None, Some(STEPS), None);
    config.stages = vec![stage];
    config.baseline.enabled = false;
    let prepared = match (case.data)() {
        Some(data) => {
            config.data.test_last = None;
            config.prepare_from(Source::new(data))
        }
        None => config.prepare(),
    };
    Ok((config, prepared.map_err(|error| error.to_string())?))
}

/// Seconds of a step, and the shares of them that the recurrences and the products with a vocabulary take.
fn run_steps(config: &RunConfig, mut data: Prepared, device: &Device) -> Result<(f64, [f64; 2]), String> {
    // Validation is not part of a step.
    data.valid = data.valid.select(&[]);
    data.test = data.test.select(&[]);
    let folder = std::env::temp_dir().join(format!("semiseq-bench-{}", std::process::id()));
    let options = RunOptions { out: Some(folder.clone()), force: true, ..RunOptions::new(device.clone()) };
    let clocks = || [recurrence_time(), cross_entropy_time()].map(|time| time.as_secs_f64());
    let before = clocks();
    let run = semiseq::training::run_on(config, data, &options).map_err(|error| error.to_string())?;
    let after = clocks();
    // What cannot be removed lies in the folder for such things.
    let _ = std::fs::remove_dir_all(folder);
    let stage = &config.stages[0];
    let ratio = if stage.objective.kind().unsupervised { 0 } else { stage.unlabeled_ratio };
    let seconds = (stage.batch_size * (1 + ratio)) as f64 / stage_of(&run)?.samples_per_second;
    let share = |clock: usize| (after[clock] - before[clock]) / (STEPS as f64 * seconds);
    Ok((seconds, [share(0), share(1)]))
}

/// How the only stage of a run ended.
fn stage_of(run: &SavedRun) -> Result<Outcome, String> {
    let summary = run.summary().map_err(|error| error.to_string())?;
    summary.stages.into_iter().next().map(|stage| stage.outcome).ok_or_else(|| "the run has no stage".into())
}

/// What the PyTorch side needs to build the same step.
fn specification(config: &RunConfig, data: &Prepared) -> Value {
    let time = data.train.sequences.iter().map(Sequence::len).max();
    let input = data.processor.input();
    json!({
        "model": config.model,
        "stage": config.stages[0],
        "time": time,
        "features": input.channels(),
        "vocabulary": input.vocabulary(),
        "classes": data.processor.classes().len(),
    })
}

/// Images of random blots, 28 rows of 28 values, in ten classes.
fn digits() -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let sequences = (0..2000)
        .map(|_| {
            let values = (0..28 * 28).map(|_| if random.random_bool(0.2) { random.random() } else { 0.0 }).collect();
            Sequence::Series(Series { values, channels: 28 })
        })
        .collect();
    Dataset::from_labels("digits".into(), sequences, (0..2000).map(|row| (row % 10).to_string()).collect())
}

/// Texts of 25 to 55 words, drawn by Zipf's law from 8000, in four classes.
fn texts() -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let words = WeightedIndex::new((1..=8000).map(|rank| 1.0 / f64::from(rank))).expect("positive weights");
    let sequences = (0..4000)
        .map(|_| {
            let length = random.random_range(25..=55);
            let words: Vec<String> = (0..length).map(|_| format!("w{}", words.sample(&mut random))).collect();
            Sequence::Text(words.join(" "))
        })
        .collect();
    Dataset::from_labels("texts".into(), sequences, (0..4000).map(|row| (row % 4).to_string()).collect())
}
