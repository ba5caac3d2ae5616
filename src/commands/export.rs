//! `semiseq export`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use semiseq::exchange::{About, Network, onnx, safetensors, torch};
use semiseq::prelude::*;
use semiseq::training::Predictor;
use semiseq::training::files::write_atomic;

use super::{check_ending, open_run, refused, tell};

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The run folder
    run: PathBuf,
    /// What to write
    #[arg(long, value_enum)]
    format: Format,
    /// Where to write; default: `model.safetensors`, `.pt`, `.onnx` or `.bpk` here, after the run's name
    #[arg(long)]
    output: Option<PathBuf>,
    /// flex, ndarray, wgpu or cuda, in place of the run's; the file is the same
    #[arg(long)]
    backend: Option<String>,
}

/// The formats by their names on the command line.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Any model, tensors under semiseq's names, which `[model] weights` takes
    Safetensors,
    /// A checkpoint under PyTorch's names, and beside it a Python module that loads it
    Pytorch,
    /// Any model, in Burn's own format
    Burnpack,
    /// A graph that reads a padded batch and lengths
    Onnx,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Pytorch => "pt",
            Self::Burnpack => "bpk",
            Self::Onnx => "onnx",
        }
    }
}

/// Exports.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let format = arguments.format;
    check_ending(arguments.output.as_deref(), &[format.ending()])?;
    let run = open_run(&arguments.run, arguments.backend.as_deref())?;
    let about = about(&run)?;
    let path = arguments.output.clone().unwrap_or_else(|| {
        let name: String =
            about.name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        PathBuf::from(format!("{name}.{}", format.ending()))
    });
    let mut written = vec![path.clone()];
    let bytes = match format {
        Format::Safetensors => {
            let tensors = safetensors::read(&path, &run.weights()?).map_err(refused)?;
            safetensors::write(&tensors, Some(&about.value().to_string())).map_err(refused)?
        }
        Format::Burnpack => run.burnpack(&about.value().to_string())?,
        Format::Onnx => onnx::model(&network(&run)?, &about),
        Format::Pytorch => {
            let bytes = torch::checkpoint(&network(&run)?, &about).map_err(refused)?;
            let module = path.with_extension("py");
            write_atomic(&module, torch::module(&file_name(&path)).as_bytes())?;
            written.push(module);
            bytes
        }
    };
    write_atomic(&path, &bytes)?;
    let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    tell(format!("the model of {} is in {}", arguments.run.display(), written.join(" and ")));
    Ok(())
}

fn about(run: &SavedRun) -> Result<About, Error> {
    let preprocessing = serde_json::to_value(run.processor()).map_err(|error| {
        Error::runtime(format!("the preprocessing: {error}"), "this is a defect of semiseq; please report it")
    })?;
    Ok(About { name: run.config()?.name, labels: run.processor().classes().to_vec(), preprocessing })
}

/// The layers that other programs know.
fn network(run: &SavedRun) -> Result<Network, Error> {
    run.check_predicts()?;
    if matches!(run.purpose().predictor, Predictor::Objective | Predictor::Clusters) {
        return Err(Error::input(
            format!("{}: the last stage's objective answers, and not the model alone", run.folder().display()),
            "`--format safetensors` and `burnpack` hold the encoder's weights",
        ));
    }
    if run.votes() {
        tell(
            "note: `predict` also asks layers of the run's objective, which are not written: what the model says alone \
             may differ",
        );
    }
    if run.member_count() > 1 {
        tell(format!(
            "note: one model is written, the first of the ensemble of {}; the others stand in {}",
            run.member_count(),
            run.folder().join("members").display()
        ));
    }
    if run.calibration().is_some() {
        tell("note: what `[calibrate]` found is not written: the file gives the model's own logits");
    }
    let weights = run.folder().join("model.safetensors");
    let tensors = safetensors::read(&weights, &run.weights()?).map_err(refused)?;
    Network::new(run.settings(), run.processor().input(), &tensors).map_err(refused)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
