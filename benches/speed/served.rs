//! A served model: sequences in, predictions out, beside PyTorch and ONNX Runtime on the files that `export` writes.
//!
//! Our side is what `SavedRun::predict` does of prepared sequences: a batch, the model, probabilities. Theirs is the
//! logits of an array that is in memory. ONNX Runtime picks its own instruction set, whatever `--isa` says.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use semiseq::exchange::{About, Network, onnx, safetensors, torch as pytorch};
use semiseq::prelude::*;

use crate::PAUSE;
use crate::case::CELLS;
use crate::options::Options;
use crate::torch::Torch;

/// Steps and channels of a sequence, units of the layer, classes.
const SHAPE: [usize; 4] = [100, 64, 128, 6];
const BATCHES: [usize; 2] = [1, 32];
/// Calls of a turn; the first are not counted.
const CALLS: usize = 60;
const UNCOUNTED: usize = 10;
const ROUNDS: usize = 9;

pub struct Row {
    cell: &'static str,
    batch: usize,
    side: &'static str,
    median: f64,
    /// 99 of 100 calls are no slower.
    most: f64,
}

/// A model of each cell with random weights, at each size of batch.
pub fn measure(options: &Options, device: &Device, mut torch: Option<&mut Torch>) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for cell in CELLS {
        let wanted = |batch: &&usize| format!("served {cell} {batch}").contains(&options.filter);
        let batches: Vec<&usize> = BATCHES.iter().filter(wanted).collect();
        if batches.is_empty() {
            continue;
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let served = Served::new(cell, folder.path(), device)?;
        for &batch in batches {
            eprintln!("served {cell} {batch}");
            rows.extend(served.rows(batch, options, torch.as_deref_mut())?);
        }
    }
    Ok(rows)
}

/// A run and its exported files.
struct Served {
    cell: &'static str,
    run: SavedRun,
    data: Prepared,
    onnx: PathBuf,
    /// The module that loads the checkpoint beside it.
    module: PathBuf,
}

impl Served {
    fn new(cell: &'static str, folder: &Path, device: &Device) -> Result<Self, String> {
        let config = config(cell)?;
        let said = |error: Error| error.to_string();
        let data = config.prepare_from(Source::new(recordings())).map_err(said)?;
        let options = RunOptions { out: Some(folder.join("run")), ..RunOptions::new(device.clone()) };
        let run = semiseq::training::run_on(&config, data.clone(), &options).map_err(said)?;
        let weights = run.weights().map_err(said)?;
        let refused = |error: semiseq::exchange::ExchangeError| error.to_string();
        let tensors = safetensors::read(&folder.join("run/model.safetensors"), &weights).map_err(refused)?;
        let network = Network::new(run.settings(), run.processor().input(), &tensors).map_err(refused)?;
        let about = About { name: cell.into(), labels: data.processor.classes().to_vec(), preprocessing: "".into() };
        let (onnx, module) = (folder.join("model.onnx"), folder.join("model.py"));
        let checkpoint = pytorch::checkpoint(&network, &about).map_err(refused)?;
        for (path, bytes) in [
            (&onnx, &onnx::model(&network, &about)[..]),
            (&module, pytorch::module("model.pt").as_bytes()),
            (&folder.join("model.pt"), &checkpoint),
        ] {
            std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(Self { cell, run, data, onnx, module })
    }

    fn rows(&self, batch: usize, options: &Options, mut torch: Option<&mut Torch>) -> Result<Vec<Row>, String> {
        let sequences = self.data.train.select(&(0..batch).collect::<Vec<_>>());
        let mut sides = [("semiseq", Vec::new()), ("torch", Vec::new()), ("onnxruntime", Vec::new())];
        for _ in 0..if options.quick { 3 } else { ROUNDS } {
            let [ours, theirs, onnx] = &mut sides;
            std::thread::sleep(PAUSE);
            ours.1.extend(self.calls(&sequences)?);
            if let Some(torch) = torch.as_deref_mut() {
                for (side, path) in [(theirs, &self.module), (onnx, &self.onnx)] {
                    let [time, channels, ..] = SHAPE;
                    let request = format!("{} {} {batch} {time} {channels} {CALLS}", side.0, path.display());
                    std::thread::sleep(PAUSE);
                    let seconds = torch.served(&request).map_err(|error| format!("PyTorch: {error}"))?;
                    side.1.extend(seconds.into_iter().skip(UNCOUNTED));
                }
            }
        }
        let sides = sides.into_iter().filter(|(_, seconds)| !seconds.is_empty());
        Ok(sides.map(|(side, seconds)| Row::new(self.cell, batch, side, seconds)).collect())
    }

    /// Seconds of each call that counts.
    fn calls(&self, sequences: &Dataset) -> Result<Vec<f64>, String> {
        let call = |_| {
            let began = Instant::now();
            let predicted = self.run.predict(sequences).map_err(|error| error.to_string())?;
            std::hint::black_box(predicted);
            Ok(began.elapsed().as_secs_f64())
        };
        let seconds: Result<Vec<f64>, String> = (0..CALLS).map(call).collect();
        Ok(seconds?.split_off(UNCOUNTED))
    }
}

impl Row {
    fn new(cell: &'static str, batch: usize, side: &'static str, mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let at = |share: f64| seconds[((seconds.len() - 1) as f64 * share) as usize];
        Self { cell, batch, side, median: at(0.5), most: at(0.99) }
    }
}

fn config(cell: &str) -> Result<RunConfig, String> {
    let text = format!(
        "name = \"served\"\n[data]\nsource = \"recordings\"\n[model.classifier]\npooling = \"last\"\n\
         [model.classifier.encoder.{cell}]\nhidden = {}\n[[stage]]\nsteps = 1\nbatch_size = 8\n\
         [stage.objective.supervised]\n[references]\nenabled = false\n[baseline]\nenabled = false\n",
        SHAPE[2]
    );
    RunConfig::parse("served.toml", &text, &[]).map_err(|error| error.to_string())
}

/// Random recordings.
fn recordings() -> Dataset {
    let [time, channels, _, classes] = SHAPE;
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let sequences = (0..200)
        .map(|_| {
            let values = (0..time * channels).map(|_| random.random_range(-1.0..1.0)).collect();
            Sequence::Series(Series { values, channels })
        })
        .collect();
    Dataset::from_labels("recordings".into(), sequences, (0..200).map(|row| (row % classes).to_string()).collect())
}

/// A line a model and size of batch.
pub fn markdown(rows: &[Row]) -> String {
    let [time, channels, units, _] = SHAPE;
    let mut text = format!(
        "\nA served model, one direction, {time} steps of {channels} values, {units} units; medians and what 99 of 100 \
         calls stay within:\n\n| cell | batch | semiseq ms | 99 % | torch × | 99 % | onnxruntime × | 99 % |\n\
         |---|---|---|---|---|---|---|---|\n"
    );
    for ours in rows.iter().filter(|row| row.side == "semiseq") {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "| {} | {} | {:.3} | {:.3} |", ours.cell, ours.batch, ours.median * 1e3, ours.most * 1e3);
        for side in ["torch", "onnxruntime"] {
            let peer = rows.iter().find(|row| (row.cell, row.batch, row.side) == (ours.cell, ours.batch, side));
            let _ = match peer {
                Some(peer) => write!(text, " {:.2} | {:.2} |", peer.median / ours.median, peer.most / ours.most),
                None => write!(text, " – | – |"),
            };
        }
        text.push('\n');
    }
    text
}

/// A row for programs.
pub fn json(row: &Row) -> String {
    format!(
        "{{\"served\": \"{}\", \"batch\": {}, \"side\": \"{}\", \"threads\": {}, \"median_seconds\": {:e}, \
         \"p99_seconds\": {:e}}}",
        row.cell,
        row.batch,
        row.side,
        rayon::current_num_threads(),
        row.median,
        row.most
    )
}
